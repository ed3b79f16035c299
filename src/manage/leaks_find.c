/* Whose the strings are. Tokens by their signature, which is checked a token at a time between what
 * else the loop does; client secrets by their digests, held against those of all applications
 * whatever is found on the way, so that the time tells nothing. What lies outside the caller's
 * reach stays as unknown as what was never issued. */
#include <string.h>

#include "client/registration.h"
#include "client/secret.h"
#include "crypto/wipe.h"
#include "exchange/snapshot.h"
#include "manage/leaks.h"

enum { APPLICATIONS_AT_ONCE = 1024 }; /* some 0.2 ms */

static bool is_within_reach(const struct leaks *leaks, const struct party_partner *partner)
{
    const struct party_partner *own = leaks->stored.caller.caller.partner;

    if (partner == NULL)
        return false;
    return leaks->is_subtree ? party_is_within(partner, own) : partner == own;
}

/* ---- tokens ---- */

/* The names that a selector looks at: what the token was narrowed to counts for all its JWTs. */
static struct str names_now(const struct token_facts *facts, const struct token_claims *claims)
{
    struct entry_set set;
    bool is_set = revocation_index_find(facts->index, &claims->token_sid, &set) == REVOCATION_SET;
    return is_set ? set.scopes : claims->scope;
}

/* The JWT's own state, whatever younger ones of its token are worth: as a row that had made no
 * other. */
static RESULT token_state(const struct token_facts *facts, const struct verified_token *token,
                          enum leak_state *out)
{
    const struct token_claims *claims = &token->claims;
    struct token_standing standing;
    enum token_state state;

    TRY(token_standing(facts, token, &standing));
    const struct token_row row = {
        .token_sid = claims->token_sid,
        .client_id = claims->client_id,
        .partner_sid = claims->partner_sid,
        .user_sid = claims->user_sid,
        .scopes = names_now(facts, claims),
        .created_ms = claims->iat_s * 1000,
        .exp_s = standing.exp_s,
        .exp_signed_s = claims->exp_s,
        .generation = 1,
        .newest = {claims->exp_s, claims->epoch, token->kid},
    };
    TRY(token_state_of(facts, &row, &state));
    if (standing.active)
        *out = LEAK_LIVE;
    else
        *out = state == TOKEN_REVOKED   ? LEAK_REVOKED
               : state == TOKEN_EXPIRED ? LEAK_EXPIRED
                                        : LEAK_DISABLED;
    return RESULT_OK;
}

/* At once, for what the verification points to may be gone with this turn of the loop. */
static struct result judge_token(struct exchange *x, struct leaks *leaks, struct leak *leak)
{
    const struct verification *v = &leaks->verification;
    const struct token_facts facts = caller_token_facts(x);

    TRY(v->result);
    verification_count(x, v, caller_throttle_key(&leaks->stored.caller.caller));
    if (!v->good)
        return RESULT_OK;
    const struct token_claims *claims = &v->token->claims;
    leak->checked = true;
    if (!is_within_reach(leaks, party_find_partner(facts.party, &claims->partner_sid)))
        return RESULT_OK;
    TRY(token_state(&facts, v->token, &leak->state));
    leak->known = true;
    leak->id = claims->token_sid;
    leak->client_id = claims->client_id;
    leak->partner_sid = claims->partner_sid;
    leak->end_s = claims->exp_s;
    return RESULT_OK;
}

static void verify_now(struct exchange *x)
{
    struct leaks *leaks = x->state;
    verification_run(x, &leaks->verification);
}

enum step_result leaks_step_verify(struct exchange *x)
{
    struct leaks *leaks = x->state;
    const struct caller *caller = &leaks->stored.caller.caller;

    for (; leaks->at < leaks->count; leaks->at++) {
        struct leak *leak = &leaks->items[leaks->at];

        if (leak->kind != FOUND_ACCESS_TOKEN)
            continue;
        if (!leaks->asked && !verification_begin(x, leak->text, &leaks->verification)) {
            if (!verification_is_allowed(x, caller_throttle_key(caller)))
                return exchange_refuse(x, ERR_TOO_MANY_UNKNOWN, STR_NONE);
            leaks->asked = true;
            return exchange_defer_again(x, verify_now);
        }
        leaks->asked = false;
        struct result judged = judge_token(x, leaks, leak);
        if (!result_ok(judged))
            return exchange_fault(x, judged);
    }
    leaks->at = 0;
    return STEP_NEXT;
}

/* ---- client secrets ---- */

struct search {
    const struct exchange *x;
    struct leaks *leaks;
    struct leak *wanted[LEAKS_MAX];
    uint64_t heads[LEAKS_MAX]; /* of their digests */
    size_t count;
    size_t seen; /* applications */
    bool clock_is_trusted;
    int64_t now_ms;
};

static uint64_t head_of(const uint8_t digest[SECRET_DIGEST])
{
    uint64_t head;
    memcpy(&head, digest, sizeof(head));
    return head;
}

/* As the store counts: while the clock is in doubt nothing is over. */
static enum leak_state secret_state(const struct search *search,
                                    const struct party_application *application,
                                    const struct party_secret *secret)
{
    if (search->clock_is_trusted && secret->expires_ms != 0 && secret->expires_ms <= search->now_ms)
        return LEAK_EXPIRED;
    return party_application_works(search->x->snapshot->party, application) &&
                   registration_has_secret(application->auth_method)
               ? LEAK_LIVE
               : LEAK_DISABLED;
}

static void note_secret(const struct search *search, const struct party_application *application,
                        const struct party_secret *secret, struct leak *leak)
{
    const struct party *party = search->x->snapshot->party;

    if (!ct_equal(secret->digest, leak->digest, SECRET_DIGEST) ||
        !is_within_reach(search->leaks, party_partner_of(party, application)))
        return;
    leak->known = true;
    leak->state = secret_state(search, application, secret);
    leak->id = secret->secret_id;
    leak->client_id = application->client_id;
    leak->partner_sid = application->partner_sid;
}

static void look_at(void *context, const struct party_application *application)
{
    struct search *search = context;

    search->seen++;
    for (size_t i = 0; i < application->secret_count; i++) {
        const struct party_secret *secret = &application->secrets[i];
        uint64_t head = head_of(secret->digest);

        for (size_t w = 0; w < search->count; w++)
            if (search->heads[w] == head)
                note_secret(search, application, secret, search->wanted[w]);
    }
}

static void search_begin(struct exchange *x, struct search *search)
{
    struct leaks *leaks = x->state;
    const struct server *server = x->worker->server;

    *search = (struct search){
        .x = x,
        .leaks = leaks,
        .clock_is_trusted = store_clock_is_trusted(server->store),
        .now_ms = clock_wall_ms(server->clock),
    };
    for (size_t i = 0; i < leaks->count; i++) {
        struct leak *leak = &leaks->items[i];
        if (leak->kind != FOUND_CLIENT_SECRET || !leak->checked)
            continue;
        search->heads[search->count] = head_of(leak->digest);
        search->wanted[search->count++] = leak;
    }
}

static void search_now(struct exchange *x)
{
    struct leaks *leaks = x->state;
    struct search search;

    search_begin(x, &search);
    if (search.count == 0)
        leaks->portion = PARTY_PORTIONS;
    while (leaks->portion < PARTY_PORTIONS && search.seen < APPLICATIONS_AT_ONCE)
        party_walk_applications(x->snapshot->party, leaks->portion++, look_at, &search);
}

enum step_result leaks_step_search(struct exchange *x)
{
    const struct leaks *leaks = x->state;

    if (party_is_outdated(x->snapshot->party))
        return exchange_fault(x, FAULT(ERR_FAULT_TABLES));
    return leaks->portion < PARTY_PORTIONS ? exchange_defer_again(x, search_now) : STEP_NEXT;
}

/* ---- when they were used last ---- */

const struct leak *leaks_first_of(const struct leaks *leaks, const struct leak *leak)
{
    const struct leak *first = leaks->items;

    while (first != leak && !(first->known && sid_eq(&first->id, &leak->id)))
        first++;
    return first;
}

enum step_result leaks_step_recall(struct exchange *x)
{
    struct leaks *leaks = x->state;

    for (; leaks->at < leaks->count; leaks->at++) {
        const struct leak *leak = &leaks->items[leaks->at];
        struct store_read *read = &leaks->stored.read;

        if (!leak->known || leaks_first_of(leaks, leak) != leak)
            continue;
        *read = (struct store_read){.verb = STORE_TOKEN_GET};
        if (leak->kind == FOUND_ACCESS_TOKEN) {
            read->in.token_sid = leak->id;
        } else {
            read->verb = STORE_SECRET_LIST;
            read->in.client_id = leak->client_id;
        }
        leaks->asked = true;
        return stored_read(x, &leaks->stored);
    }
    return STEP_NEXT;
}

static void take_use(const struct store_read *read, struct leak *leak)
{
    if (read->verb == STORE_TOKEN_GET && read->outcome == STORE_OUTCOME_DONE) {
        leak->used_ms = read->out.tokens->last_accessed_ms;
        leak->used_ip = read->out.tokens->last_accessed_ip;
        if (read->out.tokens->exp_signed_s > leak->end_s)
            leak->end_s = read->out.tokens->exp_signed_s;
    }
    for (size_t i = 0; read->verb == STORE_SECRET_LIST && i < read->out.count; i++)
        if (sid_eq(&read->out.secrets[i].secret_id, &leak->id))
            leak->used_ms = read->out.secrets[i].last_used_ms;
}

/* A store that cannot be read keeps nobody from ending what leaked. */
enum step_result leaks_step_recalled(struct exchange *x)
{
    struct leaks *leaks = x->state;
    const struct store_read *read = &leaks->stored.read;

    if (!leaks->asked)
        return STEP_NEXT;
    leaks->asked = false;
    struct leak *leak = &leaks->items[leaks->at++];
    if (result_ok(read->result))
        take_use(read, leak);
    else
        leak->reason = "The store could not be read: its last use is not known";
    return exchange_back_to(x, leaks_step_recall);
}
