/* What a verified token is worth now (P1, P2): a function of the tables, the revocation index and
 * the time, worked out anew for each question. */
#ifndef TOKEN_STANDING_H
#define TOKEN_STANDING_H

#include "party/party.h"
#include "revocation/index.h"
#include "token/verify.h"

struct token_facts {
    const struct scope_catalogue *catalogue;
    const struct party *party;
    const struct revocation_index *index;
    int64_t now_s;
    int64_t ttl_max_s; /* of tokens, by the policy */
};

struct token_standing {
    bool active;
    const struct party_application *application; /* NULL: gone */
    const struct party_partner *partner;         /* NULL: gone */
    struct scope_set scopes; /* surviving names; closure is the caller's to take */
    int64_t exp_s;           /* the earlier of what was signed and what the token's row says now */
};

/* ERR_FAULT_INDEX while the index cannot tell, ERR_FAULT_TABLES while party is outdated. Works
 * through all checks whatever the first ones say, so that revoked, expired and foreign take the
 * same time. */
RESULT token_standing(const struct token_facts *facts, const struct verified_token *token,
                      struct token_standing *out);

/* What revocations by selector look at (revocation_selector_matches), of the newest JWT of a
 * token's row. chain holds the partners it points to. Its iat_s is the latest that JWT can have:
 * before its end, where the row does not say more (a JWT of a later generation). over_ceiling is
 * worked out where it is asked for: the row's names are not all within what its application and
 * partners have now, whether these work or not; a name the catalogue does not know is not. */
struct epoch_subject token_subject_of_row(const struct token_facts *facts,
                                          const struct token_row *row, bool asks_ceiling,
                                          struct sid chain[LIMIT_PARTNER_DEPTH]);

enum token_state { TOKEN_LIVE, TOKEN_REVOKED, TOKEN_EXPIRED };

/* Of a token's row, whether its application works just now or not: what is revoked stays so when
 * its end comes, and so does what a deleted application was given. A fault as above. */
RESULT token_state_of(const struct token_facts *facts, const struct token_row *row,
                      enum token_state *out);

/* Whether with these scopes in place of the row's a JWT before the newest would come back that a
 * selector ended (P2): it is judged by the names the token has, and the row cannot say which of its
 * JWTs are over. Never of a token that was signed once: its row tells. */
bool token_change_lets_go(const struct token_facts *facts, const struct token_row *row,
                          struct str scopes);

#endif
