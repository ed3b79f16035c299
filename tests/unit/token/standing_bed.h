/* A verified token of the shop's application (unit/party/tree.h), and what its worth hangs on. */
#ifndef TEST_TOKEN_STANDING_BED_H
#define TEST_TOKEN_STANDING_BED_H

#include "token/standing.h"
#include "unit/party/tree.h"

struct bed {
    struct tree tree;
    struct quiesce quiesce;
    struct revocation_index *index;
    struct token_facts facts;
    struct verified_token token; /* of the shop's application, epoch 5 */
};

void bed_init(struct bed *b);
void bed_done(struct bed *b);

bool is_active(struct bed *b);

/* An entry of that kind about id, or with kid; the index is complete with it. */
void enter(struct bed *b, uint64_t number, enum entry_kind kind, struct sid id, const char *kid);

/* What the token's row was changed to. */
void narrow(struct bed *b, uint64_t number, const char *scopes, int64_t exp_s);

#endif
