#include "token/standing.h"

#include <assert.h>

#include "scope/parse.h"
#include "token/grant.h"

/* Who and what a selector revocation may have ended. */
static bool is_cut(const struct token_facts *facts, struct epoch_subject subject,
                   const struct party_partner *partner)
{
    struct sid chain[LIMIT_PARTNER_DEPTH]; /* party_load takes no deeper tree */

    subject.partners = chain;
    for (; partner != NULL; partner = party_parent(facts->party, partner)) {
        assert(subject.partner_count < LIMIT_PARTNER_DEPTH);
        chain[subject.partner_count++] = partner->partner_sid;
    }
    return revocation_index_is_cut(facts->index, &subject);
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
    struct token_standing standing = {
        .application = party_find_application(facts->party, &claims->client_id),
        .partner = party_find_partner(facts->party, &claims->partner_sid),
        .exp_s = claims->exp_s,
    };
    struct entry_set set;

    if (!revocation_index_is_complete(facts->index))
        return FAULT(ERR_FAULT_INDEX);
    if (party_is_outdated(facts->party))
        return FAULT(ERR_FAULT_TABLES);
    enum revocation_found found = revocation_index_find(facts->index, &claims->token_sid, &set);
    bool is_set = found == REVOCATION_SET;
    if (is_set && set.exp_s < standing.exp_s)
        standing.exp_s = set.exp_s;
    const struct epoch_subject subject = {
        .epoch = claims->epoch,
        .client_id = claims->client_id,
        .user_sid = claims->user_sid,
        .kid = token->kid,
    };
    bool cut = is_cut(facts, subject, standing.partner);
    bool expired = standing.exp_s <= facts->now_s; /* 7662-4-a: no leeway */
    /* Minted while the clock was ahead: it would live that much longer once the clock is right. */
    bool of_the_future = claims->iat_s > facts->now_s + facts->ttl_max_s;
    bool works = false;
    if (standing.application != NULL && standing.partner != NULL) {
        struct scope_set bound =
            grant_bound(facts->party, standing.application, standing.partner, &works);
        if (works)
            standing.scopes = scopes_now(facts, &bound, is_set ? &set : NULL, claims->scope);
    }
    standing.active = works & (found != REVOCATION_REVOKED) & !cut & !expired & !of_the_future;
    *out = standing;
    return RESULT_OK;
}

struct result token_state_of(const struct token_facts *facts, const struct token_row *row,
                             enum token_state *out)
{
    const struct party_partner *partner = party_find_partner(facts->party, &row->partner_sid);
    const struct epoch_subject subject = {
        .epoch = row->newest.epoch,
        .client_id = row->client_id,
        .user_sid = row->user_sid,
        .kid = row->newest.kid,
    };
    struct entry_set set;

    if (!revocation_index_is_complete(facts->index))
        return FAULT(ERR_FAULT_INDEX);
    enum revocation_found found = revocation_index_find(facts->index, &row->token_sid, &set);
    if (row->revoked_number != 0 || found == REVOCATION_REVOKED ||
        party_find_application(facts->party, &row->client_id) == NULL ||
        is_cut(facts, subject, partner))
        *out = TOKEN_REVOKED;
    else
        *out = row->exp_s > facts->now_s ? TOKEN_LIVE : TOKEN_EXPIRED;
    return RESULT_OK;
}
