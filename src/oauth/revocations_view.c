#include "oauth/revocations.h"

#include "core/limits.h"
#include "exchange/snapshot.h"
#include "oauth/feed.h"
#include "revocation/selector.h"
#include "json/write.h"

/* ---- positions and versions ---- */

bool revocations_position_parse(struct str text, struct sid *out_feed, uint64_t *out_number)
{
    struct sid feed = {{0}};
    size_t point = str_find(text, '.');

    if (point < text.len) {
        if (!sid_parse(str_slice(text, 0, point), &feed))
            return false;
        text = str_slice(text, point + 1, text.len);
    }
    if (!str_to_u64(text, INT64_MAX, out_number))
        return false;
    *out_feed = feed;
    return true;
}

struct str revocations_version(const struct server *server, const struct snapshot *snapshot,
                               char memory[REVOCATIONS_VERSION])
{
    struct buf b;

    buf_init_fixed(&b, memory, REVOCATIONS_VERSION);
    buf_str(&b, revocation_feed_start(server->feed));
    buf_char(&b, '-');
    buf_u64(&b, snapshot->version);
    return buf_view(&b);
}

void revocations_write_head(const struct server *server, const struct snapshot *snapshot,
                            uint64_t number, struct json_writer *w)
{
    const struct sid feed_id = store_feed_id(server->store);
    char memory[REVOCATIONS_VERSION];

    json_write_key(w, STR("feed_id"));
    json_write_sid(w, &feed_id);
    json_write_member_int(w, STR("number"), (int64_t)number);
    json_write_member_string(w, STR("tables_version"),
                             revocations_version(server, snapshot, memory));
}

uint64_t revocations_through(const struct store_read *read, uint64_t heard)
{
    uint64_t through =
        read->out.more ? read->out.feed[read->out.count - 1].entry.number : read->out.number;
    return through < heard ? through : heard;
}

/* ---- an entry ---- */

static void write_scopes(struct json_writer *w, struct str scopes)
{
    struct str name;

    if (scopes.len == 0)
        return;
    json_write_key(w, STR("scopes"));
    json_write_array_begin(w);
    while (scopes.len > 0 && str_split(&scopes, ' ', &name))
        json_write_string(w, name);
    json_write_array_end(w);
}

static void write_selector(const struct revocation_selector *selector, struct json_writer *w)
{
    revocation_selector_write_whom(selector, w);
    write_scopes(w, selector->scopes);
    if (selector->over_ceiling)
        json_write_member_bool(w, STR("over_ceiling"), true);
}

static void write_subject(const struct store_entry *entry, struct json_writer *w)
{
    switch (entry->kind) {
    case ENTRY_TOKEN_REVOKED:
    case ENTRY_TOKEN_SET:
        return json_write_member_sid(w, STR("token_sid"), &entry->id);
    case ENTRY_EPOCH_APPLICATION:
        return json_write_member_sid(w, STR("client_id"), &entry->id);
    case ENTRY_EPOCH_PARTNER:
    case ENTRY_EPOCH_PARTNER_TREE:
        return json_write_member_sid(w, STR("partner_sid"), &entry->id);
    case ENTRY_EPOCH_USER:
        return json_write_member_sid(w, STR("user_sid"), &entry->id);
    case ENTRY_EPOCH_KEY:
        return json_write_member_string(w, STR("kid"), entry_kid(entry));
    case ENTRY_SELECTOR:
        return write_selector(&entry->selector, w);
    case ENTRY_PLAN:
        break;
    }
}

size_t revocations_entry_room(const struct store_entry *entry)
{
    enum { REST = 512, AROUND_NAME = 3 };
    struct str scopes = entry->kind == ENTRY_SELECTOR ? entry->selector.scopes : STR_NONE;

    return REST + scopes.len + (scopes.len > 0 ? AROUND_NAME * LIMIT_SCOPES : 0);
}

/* Times are those of JWTs, in seconds: they are held against `iat` and `exp`. */
void revocations_write_entry(const struct store_entry *entry, struct json_writer *w)
{
    bool of_token = entry->kind == ENTRY_TOKEN_REVOKED || entry->kind == ENTRY_TOKEN_SET;
    int64_t before_s = entry->kind == ENTRY_SELECTOR ? entry->selector.before_s : entry->before_s;

    json_write_object_begin(w);
    json_write_member_int(w, STR("number"), (int64_t)entry->number);
    json_write_member_string(w, STR("kind"), revocation_entry_name(entry->kind));
    write_subject(entry, w);
    if (!of_token)
        json_write_member_int(w, STR("below"), (int64_t)revocation_entry_below(entry));
    if (!of_token && before_s > 0)
        json_write_member_int(w, STR("issued_before"), before_s);
    json_write_member_int(w, STR("until"), entry->end_s);
    json_write_object_end(w);
}

/* ---- who is shown it ---- */

static bool shares_audience(const struct party_application *application, struct str audiences)
{
    struct str audience;

    while (audiences.len > 0 && str_split(&audiences, ' ', &audience))
        if (party_application_has_audience(application, audience))
            return true;
    return false;
}

static bool shows_token(const struct party *party, const struct introspection_question *q,
                        const struct feed_row *row)
{
    const struct caller *caller = q->caller;
    const struct party_partner *partner = party_find_partner(party, &row->partner_sid);

    if (partner == NULL)
        return true;
    if (q->by_audience && shares_audience(caller->application, row->audiences) &&
        party_is_within(partner, caller->partner))
        return true;
    if (q->all_own && partner == caller->partner)
        return true;
    return (q->own_token || q->all_own) && sid_eq(&row->entry.id, &caller->token_sid);
}

/* Whether tokens of that partner, and with tree of any below it, may be the caller's to see. */
static bool reaches_partner(const struct party *party, const struct introspection_question *q,
                            const struct sid *partner_sid, bool tree)
{
    const struct party_partner *own = q->caller->partner;
    const struct party_partner *partner = party_find_partner(party, partner_sid);

    if (partner == NULL || partner == own || (tree && party_is_within(own, partner)))
        return true;
    return q->by_audience && party_is_within(partner, own);
}

static bool reaches_application(const struct party *party, const struct introspection_question *q,
                                const struct sid *client_id)
{
    const struct party_application *application = party_find_application(party, client_id);

    if (application == NULL || sid_eq(client_id, &q->caller->application->client_id))
        return true;
    return (q->by_audience || q->all_own) &&
           reaches_partner(party, q, &application->partner_sid, false);
}

static bool reaches_user(const struct introspection_question *q, const struct sid *user_sid)
{
    return q->by_audience || q->all_own || sid_eq(user_sid, &q->caller->user_sid);
}

static bool reaches_selected(const struct party *party, const struct introspection_question *q,
                             const struct revocation_selector *selector)
{
    if (!sid_is_none(&selector->client_id) && !reaches_application(party, q, &selector->client_id))
        return false;
    if (!sid_is_none(&selector->user_sid) && !reaches_user(q, &selector->user_sid))
        return false;
    return sid_is_none(&selector->partner_sid) ||
           reaches_partner(party, q, &selector->partner_sid, selector->descendants);
}

bool revocations_shows(const struct party *party, const struct introspection_question *question,
                       const struct feed_row *row)
{
    const struct store_entry *entry = &row->entry;

    switch (entry->kind) {
    case ENTRY_TOKEN_REVOKED:
    case ENTRY_TOKEN_SET:
        return shows_token(party, question, row);
    case ENTRY_EPOCH_APPLICATION:
        return reaches_application(party, question, &entry->id);
    case ENTRY_EPOCH_PARTNER:
        return reaches_partner(party, question, &entry->id, false);
    case ENTRY_EPOCH_PARTNER_TREE:
        return reaches_partner(party, question, &entry->id, true);
    case ENTRY_EPOCH_USER:
        return reaches_user(question, &entry->id);
    case ENTRY_SELECTOR:
        return reaches_selected(party, question, &entry->selector);
    case ENTRY_EPOCH_KEY:
        return true;
    case ENTRY_PLAN:
        break;
    }
    return false;
}
