/* A small tree for tests of what stands on the tables:
 *   root (all) - reseller (calls.manage sms.manage oauth.manage) - shop (calls.read sms.manage)
 *              \ closed (suspended) - below (active, under a suspended partner)
 * and applications of reseller, shop and below. */
#ifndef PARTY_TREE_H
#define PARTY_TREE_H

#include "party/party.h"
#include "support/fake.h"

struct tree {
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct scope_catalogue *catalogue;
    struct store *store;
    struct party *party;
    struct sid root, reseller, shop, closed, below;
    struct sid reseller_app, shop_app, below_app, root_app;
};

void tree_init(struct tree *tree);
void tree_done(struct tree *tree);

/* The set of space-separated names; unknown ones fail the test. */
struct scope_set tree_set(const struct tree *tree, const char *names);

#endif
