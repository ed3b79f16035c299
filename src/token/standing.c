#include "token/standing.h"

#include <assert.h>

#include "scope/parse.h"
#include "token/grant.h"

/* Both NULL: gone. */
struct owner {
    const struct party_application *application;
    const struct party_partner *partner;
};

static struct owner owner_of(const struct token_facts *facts, const struct sid *client_id,
                             const struct sid *partner_sid)
{
    return (struct owner){party_find_application(facts->party, client_id),
                          party_find_partner(facts->party, partner_sid)};
}

/* The partner and its ancestors; returns how many. */
static size_t put_chain(const struct token_facts *facts, const struct party_partner *partner,
                        struct sid chain[LIMIT_PARTNER_DEPTH])
{
    size_t count = 0;

    for (; partner != NULL; partner = party_parent(facts->party, partner)) {
        assert(count < LIMIT_PARTNER_DEPTH); /* party_load takes no deeper tree */
        chain[count++] = partner->partner_sid;
    }
    return count;
}

/* By the tables' scopes alone: who does not work now may work again. */
static bool is_over_ceiling(const struct token_facts *facts, const struct owner *owner,
                            struct str names)
{
    struct scope_set bound = SCOPE_SET_EMPTY;
    struct str name;
    bool works;

    if (owner->application != NULL && owner->partner != NULL)
        bound = grant_bound(facts->party, owner->application, owner->partner, &works);
    while (names.len > 0 && str_split(&names, ' ', &name)) {
        const struct scope_value *value = catalogue_find(facts->catalogue, name);
        if (value == NULL || !scope_set_has(&bound, value->bit))
            return true;
    }
    return false;
}

/* What a JWT's names are worth: within the application, its partners, and what the token's row has
 * now where that was changed after it was signed. All are closed, and so is what they share (P1).
 */
static struct scope_set scopes_now(const struct token_facts *facts, const struct scope_set *bound,
                                   const struct entry_set *set, struct str names)
{
    if (set == NULL)
        return grant_surviving(facts->catalogue, bound, names);
    struct scope_set held = scope_read(facts->catalogue, set->scopes);
    held = scope_closure(facts->catalogue, &held);
    held = scope_set_intersection(bound, &held);
    return grant_surviving(facts->catalogue, &held, names);
}

struct result token_standing(const struct token_facts *facts, const struct verified_token *token,
                             struct token_standing *out)
{
    const struct token_claims *claims = &token->claims;
    const struct owner owner = owner_of(facts, &claims->client_id, &claims->partner_sid);
    struct token_standing standing = {
        .application = owner.application, .partner = owner.partner, .exp_s = claims->exp_s};
    struct sid chain[LIMIT_PARTNER_DEPTH];
    struct entry_set set;

    if (!revocation_index_is_complete(facts->index))
        return FAULT(ERR_FAULT_INDEX);
    if (party_is_outdated(facts->party))
        return FAULT(ERR_FAULT_TABLES);
    enum revocation_found found = revocation_index_find(facts->index, &claims->token_sid, &set);
    bool is_set = found == REVOCATION_SET;
    if (is_set && set.exp_s < standing.exp_s)
        standing.exp_s = set.exp_s;
    struct epoch_subject subject = {
        .epoch = claims->epoch,
        .iat_s = claims->iat_s,
        .client_id = claims->client_id,
        .user_sid = claims->user_sid,
        .kid = token->kid,
        .scopes = is_set ? set.scopes : claims->scope,
        .partners = chain,
        .partner_count = put_chain(facts, owner.partner, chain),
    };
    if (revocation_index_asks_ceiling(facts->index, claims->epoch))
        subject.over_ceiling = is_over_ceiling(facts, &owner, subject.scopes);
    bool cut = revocation_index_is_cut(facts->index, &subject);
    bool expired = standing.exp_s <= facts->now_s; /* 7662-4-a: no leeway */
    /* Minted while the clock was ahead: it would live that much longer once the clock is right. */
    bool of_the_future = claims->iat_s > facts->now_s + facts->ttl_max_s;
    bool works = false;
    if (owner.application != NULL && owner.partner != NULL) {
        struct scope_set bound =
            grant_bound(facts->party, owner.application, owner.partner, &works);
        if (works)
            standing.scopes = scopes_now(facts, &bound, is_set ? &set : NULL, claims->scope);
    }
    standing.active = works & (found != REVOCATION_REVOKED) & !cut & !expired & !of_the_future;
    *out = standing;
    return RESULT_OK;
}

/* When the newest JWT was issued, at the latest: no row says it of another than the first. */
static int64_t latest_iat_of(const struct token_row *row)
{
    return row->generation > 1 ? row->newest.exp_s - 1 : row->created_ms / 1000;
}

struct epoch_subject token_subject_of_row(const struct token_facts *facts,
                                          const struct token_row *row, bool asks_ceiling,
                                          struct sid chain[LIMIT_PARTNER_DEPTH])
{
    const struct owner owner = owner_of(facts, &row->client_id, &row->partner_sid);

    return (struct epoch_subject){
        .epoch = row->newest.epoch,
        .iat_s = latest_iat_of(row),
        .client_id = row->client_id,
        .user_sid = row->user_sid,
        .kid = row->newest.kid,
        .scopes = row->scopes,
        .over_ceiling = asks_ceiling && is_over_ceiling(facts, &owner, row->scopes),
        .partners = chain,
        .partner_count = put_chain(facts, owner.partner, chain),
    };
}

struct result token_state_of(const struct token_facts *facts, const struct token_row *row,
                             enum token_state *out)
{
    bool asks_ceiling = revocation_index_asks_ceiling(facts->index, row->newest.epoch);
    struct sid chain[LIMIT_PARTNER_DEPTH];
    const struct epoch_subject subject = token_subject_of_row(facts, row, asks_ceiling, chain);
    struct entry_set set;

    if (!revocation_index_is_complete(facts->index))
        return FAULT(ERR_FAULT_INDEX);
    enum revocation_found found = revocation_index_find(facts->index, &row->token_sid, &set);
    if (row->revoked_number != 0 || found == REVOCATION_REVOKED ||
        party_find_application(facts->party, &row->client_id) == NULL ||
        revocation_index_is_cut(facts->index, &subject))
        *out = TOKEN_REVOKED;
    else
        *out = row->exp_s > facts->now_s ? TOKEN_LIVE : TOKEN_EXPIRED;
    return RESULT_OK;
}

bool token_change_lets_go(const struct token_facts *facts, const struct token_row *row,
                          struct str scopes)
{
    bool asks_ceiling = revocation_index_asks_ceiling(facts->index, 0);
    struct token_row changed = *row;
    struct sid chain[LIMIT_PARTNER_DEPTH];

    if (row->generation == 1)
        return false;
    changed.scopes = scopes;
    struct epoch_subject before = token_subject_of_row(facts, row, asks_ceiling, chain);
    struct epoch_subject after = token_subject_of_row(facts, &changed, asks_ceiling, chain);
    before.iat_s = after.iat_s = row->created_ms / 1000; /* of the first, the earliest there is */
    return revocation_index_lets_go(facts->index, &before, &after, row->created_ms);
}
