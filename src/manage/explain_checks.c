/* What the token's being active rests on, one check each: all of them, also behind the first that
 * does not hold. */
#include "exchange/snapshot.h"
#include "manage/explain.h"
#include "manage/revocations.h"

/* ---- what they look at ---- */

static void add_chain(struct explanation *e, const struct party_partner *partner)
{
    for (; partner != NULL; partner = party_parent(e->facts.party, partner)) {
        for (size_t i = 0; i < e->partner_count; i++)
            if (e->partners[i] == partner)
                return; /* and so are all above it */
        e->partners[e->partner_count++] = partner;
    }
}

/* The row as the claims of its newest JWT: what introspection would answer for that one. */
static struct verified_token newest_jwt(const struct token_row *row)
{
    return (struct verified_token){
        .kid = row->newest.kid,
        .claims =
            {
                .token_sid = row->token_sid,
                .client_id = row->client_id,
                .partner_sid = row->partner_sid,
                .user_sid = row->user_sid,
                .generation = row->generation,
                .iat_s = row->created_ms / 1000,
                .exp_s = row->newest.exp_s,
                .epoch = row->newest.epoch,
                .scope = row->scopes,
            },
    };
}

struct result explain_init(const struct exchange *x, const struct caller *caller,
                           const struct token_row *row, struct explanation *out)
{
    const struct verified_token token = newest_jwt(row);
    struct sid chain[LIMIT_PARTNER_DEPTH];

    *out =
        (struct explanation){.x = x, .caller = caller, .row = row, .facts = caller_token_facts(x)};
    TRY(token_standing(&out->facts, &token, &out->standing));
    bool asks = revocation_index_asks_ceiling(out->facts.index, row->newest.epoch);
    const struct epoch_subject subject = token_subject_of_row(&out->facts, row, asks, chain);
    out->iat_s = subject.iat_s;
    out->is_cut = revocation_index_is_cut(out->facts.index, &subject);
    add_chain(out, out->standing.partner);
    if (out->standing.application != NULL)
        add_chain(out, party_partner_of(out->facts.party, out->standing.application));
    return RESULT_OK;
}

/* ---- writing ---- */

void explain_partner(const struct explanation *e, const struct party_partner *partner,
                     struct json_writer *w)
{
    bool is_seen = party_is_within(partner, e->caller->partner);

    json_write_key(w, STR("partner_sid"));
    if (is_seen)
        json_write_sid(w, &partner->partner_sid);
    else
        json_write_null(w);
    json_write_member_string(w, STR("name"), is_seen ? partner->name : STR("an ancestor"));
}

/* Leaves the object open. */
static void begin_check(struct json_writer *w, struct str check, bool holds, struct str reason)
{
    json_write_object_begin(w);
    json_write_member_string(w, STR("check"), check);
    json_write_member_bool(w, STR("holds"), holds);
    json_write_member_string(w, STR("reason"), reason);
}

static void write_time(struct json_writer *w, struct str name, int64_t at_ms)
{
    json_write_key(w, name);
    json_write_time_ms(w, at_ms);
}

/* ---- the checks ---- */

/* Its row was marked because a selector ended it, and nobody revoked it by itself. */
static bool is_marked(const struct explanation *e)
{
    return e->revocation != NULL && e->revocation->number == e->row->revoked_number;
}

/* Who revoked by selector, as far as the caller may see it. */
static void write_revocation(const struct explanation *e, struct json_writer *w)
{
    const struct revocation_row *revocation = e->revocation;
    const struct party_partner *partner =
        party_find_partner(e->facts.party, &revocation->partner_sid);
    bool is_seen = partner != NULL && party_is_within(partner, e->caller->partner);

    json_write_key(w, STR("revocation_sid"));
    json_write_sid(w, &revocation->revocation_sid);
    write_time(w, STR("at"), revocation->executed_ms);
    json_write_member_int(w, STR("number"), (int64_t)revocation->number);
    json_write_key(w, STR("by"));
    json_write_object_begin(w);
    if (is_seen) {
        json_write_key(w, STR("client_id"));
        json_write_sid(w, &revocation->client_id);
        json_write_key(w, STR("partner_sid"));
        json_write_sid(w, &revocation->partner_sid);
    } else {
        json_write_member_bool(w, STR("hidden"), true);
    }
    json_write_object_end(w);
    if (!is_seen)
        return;
    json_write_key(w, STR("selector"));
    revocation_selector_write(&revocation->selector, w);
}

static void write_revoked(const struct explanation *e, struct json_writer *w)
{
    if (e->revocation != NULL) {
        write_revocation(e, w);
        return;
    }
    write_time(w, STR("at"), e->row->revoked_ms);
    json_write_member_int(w, STR("number"), (int64_t)e->row->revoked_number);
    json_write_key(w, STR("by"));
    if (e->revoked_by.len > 0)
        json_write_raw(w, e->revoked_by);
    else
        json_write_null(w);
}

static bool check_revocation(const struct explanation *e, struct json_writer *w)
{
    const struct token_row *row = e->row;
    bool of_row = row->revoked_number > 0 && !is_marked(e);
    struct entry_set set;
    bool revoked = of_row || revocation_index_find(e->facts.index, &row->token_sid, &set) ==
                                 REVOCATION_REVOKED;

    begin_check(w, STR("revocation"), !revoked,
                revoked ? STR("it was revoked") : STR("it was not revoked"));
    if (of_row)
        write_revoked(e, w);
    json_write_object_end(w);
    return !revoked;
}

/* One dimension at a time: what is left out of the subject matches nothing. */
static bool is_cut(const struct explanation *e, struct epoch_subject subject)
{
    subject.epoch = e->row->newest.epoch;
    subject.iat_s = e->iat_s;
    return revocation_index_is_cut(e->facts.index, &subject);
}

static bool is_cut_by_partner(const struct explanation *e, const struct party_partner *partner)
{
    const struct sid chain[2] = {{{0}}, partner->partner_sid};
    bool own = sid_eq(&partner->partner_sid, &e->row->partner_sid);

    return is_cut(e, (struct epoch_subject){.partners = own ? &chain[1] : chain,
                                            .partner_count = own ? 1 : 2});
}

/* Of what no revocation by selector is known of: an application that was deleted, a key that was
 * withdrawn, or one that is over. */
static struct str cut_reason(const struct explanation *e, const struct party_partner *partner)
{
    const struct token_row *row = e->row;

    if (is_cut(e, (struct epoch_subject){.client_id = row->client_id}))
        return STR("all tokens of its application up to then were revoked");
    if (partner != NULL)
        return STR("all tokens of a partner up to then were revoked");
    if (!sid_is_none(&row->user_sid) &&
        is_cut(e, (struct epoch_subject){.user_sid = row->user_sid}))
        return STR("all tokens of its user up to then were revoked");
    if (is_cut(e, (struct epoch_subject){.kid = row->newest.kid}))
        return STR("all tokens of its key up to then were revoked");
    return STR("a revocation by selector matches it");
}

static bool check_selectors(const struct explanation *e, struct json_writer *w)
{
    const struct party_partner *partner = e->standing.partner;
    bool holds = !e->is_cut && !is_marked(e);

    while (partner != NULL && !is_cut_by_partner(e, partner))
        partner = party_parent(e->facts.party, partner);
    begin_check(w, STR("selector"), holds,
                holds ? STR("no selector revocation matches it") : cut_reason(e, partner));
    json_write_member_int(w, STR("epoch"), (int64_t)e->row->newest.epoch);
    if (partner != NULL && !holds)
        explain_partner(e, partner, w);
    if (e->revocation != NULL && !holds)
        write_revocation(e, w);
    json_write_object_end(w);
    return holds;
}

static bool check_key(const struct explanation *e, struct json_writer *w)
{
    struct str kid = e->row->newest.kid;
    bool is_said = kid.len > 0; /* rows of earlier versions do not say it */
    bool holds = !is_said || keyring_find(e->x->snapshot->keyring, kid) != NULL;

    begin_check(w, STR("key"), holds,
                !is_said ? STR("which key signed it was not kept")
                : holds  ? STR("the key of its newest JWT is published")
                         : STR("the key of its newest JWT is gone"));
    if (is_said)
        json_write_member_string(w, STR("kid"), kid);
    json_write_object_end(w);
    return holds;
}

static bool check_expiry(const struct explanation *e, struct json_writer *w)
{
    bool holds = e->standing.exp_s > e->facts.now_s;
    bool is_early = e->standing.exp_s < e->row->newest.exp_s;

    begin_check(w, STR("expiry"), holds,
                holds      ? STR("it has not expired")
                : is_early ? STR("it has expired, earlier than it was signed for")
                           : STR("it has expired"));
    write_time(w, STR("date_expiration_access_token"), e->standing.exp_s * 1000);
    write_time(w, STR("signed_until"), e->row->newest.exp_s * 1000);
    json_write_object_end(w);
    return holds;
}

static bool check_application(const struct explanation *e, struct json_writer *w)
{
    const struct party_application *application = e->standing.application;
    bool holds = application != NULL && application->status == APPLICATION_ACTIVE;

    begin_check(w, STR("application"), holds,
                application == NULL ? STR("its application was deleted")
                : holds             ? STR("its application is active")
                                    : STR("its application is suspended"));
    json_write_key(w, STR("client_id"));
    json_write_sid(w, &e->row->client_id);
    if (application != NULL)
        json_write_member_string(w, STR("name"), application->name);
    json_write_object_end(w);
    return holds;
}

static bool check_partner(const struct explanation *e, const struct party_partner *partner,
                          struct json_writer *w)
{
    static const struct str reasons[] = {
        [PARTNER_UNVERIFIED] = STR_INIT("this partner is unverified"),
        [PARTNER_ACTIVE] = STR_INIT("this partner is active"),
        [PARTNER_SUSPENDED] = STR_INIT("this partner is suspended"),
        [PARTNER_CANCELED] = STR_INIT("this partner is canceled"),
    };
    bool holds = partner->status == PARTNER_ACTIVE;
    bool is_seen = party_is_within(partner, e->caller->partner);

    begin_check(w, STR("partner"), holds,
                is_seen || holds ? reasons[partner->status] : STR("this partner is not active"));
    explain_partner(e, partner, w);
    json_write_object_end(w);
    return holds;
}

bool explain_checks(const struct explanation *e, struct json_writer *w)
{
    bool holds = true;

    json_write_array_begin(w);
    holds &= check_revocation(e, w);
    holds &= check_selectors(e, w);
    holds &= check_key(e, w);
    holds &= check_expiry(e, w);
    holds &= check_application(e, w);
    for (size_t i = 0; i < e->partner_count; i++)
        holds &= check_partner(e, e->partners[i], w);
    json_write_array_end(w);
    return holds && e->standing.active;
}
