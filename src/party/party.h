/* Partners and applications in memory: the tables every grant and every introspection is held
 * against. A version of them is immutable and counted; the next one shares with it all that did not
 * change, so that a change costs microseconds however large the tables are, and whoever looks at
 * the one before goes on seeing it whole.
 *
 * Each record says what it has itself; what its place in the tree leaves of that is worked out when
 * it is asked for, by going up the chain (SPEC 2, P1): so a change of one partner is a change of
 * one record, however many stand below it. Stored names that the catalogue does not know (any more)
 * count as absent. What a look-up gives lives as long as the version it was asked of. */
#ifndef PARTY_PARTY_H
#define PARTY_PARTY_H

#include <stdbool.h>
#include <stddef.h>

#include "core/result.h"
#include "scope/catalogue.h"
#include "scope/set.h"
#include "store/store.h"

enum { PARTY_SECRETS_MAX = 2 };

struct party_partner {
    struct sid partner_sid;
    struct str name;
    enum partner_status status;
    unsigned depth;       /* 0: the root; below LIMIT_PARTNER_DEPTH */
    uint32_t number;      /* its place in these tables, and in every later version of them */
    const uint32_t *path; /* the numbers from the root to itself, depth + 1 of them */
    bool scopes_all;
    struct scope_set available; /* literally */
    struct scope_set own;       /* closure of available, whatever its ancestors have */
    uint64_t revision;
};

/* What a partner's place in the tree comes to, now. */
struct party_reach {
    bool works;               /* it and every ancestor are active */
    struct scope_set ceiling; /* closed: its own, within all its ancestors' */
};

struct party_secret {
    struct sid secret_id;
    uint8_t digest[32];
    int64_t expires_ms; /* 0: never */
};

struct party_application {
    struct sid client_id;
    struct sid partner_sid;
    uint32_t partner_number;
    struct str name;
    enum application_type type;
    enum application_status status;
    enum client_auth_method auth_method;
    enum client_auth_audience auth_audience;
    bool client_credentials; /* registered for that grant */
    bool introspection;
    uint32_t access_token_ttl_s; /* 0: the default */
    uint64_t revision;
    bool scopes_all;
    struct scope_set declared; /* literally, without restricted values that nobody approved */
    struct scope_set own;      /* closure of declared, whatever its partner has */
    const struct str *audiences;
    size_t audience_count;
    struct str jwks;          /* a JWK Set as JSON; empty: none */
    struct str redirect_uris; /* with single spaces between */
    struct party_secret secrets[PARTY_SECRETS_MAX];
    size_t secret_count;
};

struct party;

/* All of the store's. The catalogue's bits are used, the catalogue itself is not kept. A row that
 * points nowhere, or a tree that is too deep, is a fault. Held once. */
RESULT party_load(struct store *store, const struct scope_catalogue *catalogue, struct party **out);

/* What the tables are after these changes, in order. catalogue: the one old was made with. A change
 * that does not fit old (of an unknown partner's application, say) is a fault, logged; old stays
 * whole in any case. Held once. */
RESULT party_apply(const struct party *old, const struct scope_catalogue *catalogue,
                   const struct store_change *changes, size_t n, struct party **out);

void party_ref(const struct party *party);
void party_unref(struct party **party); /* any thread; accepts NULL */

/* From here on it is known that the store has changed and that this version, which readers still
 * see, does not show it: they answer 503 rather than by it (P1, P4). Any thread. */
void party_outdate(struct party *party);
bool party_is_outdated(const struct party *party);

/* NULL when there is none. */
const struct party_partner *party_find_partner(const struct party *party,
                                               const struct sid *partner_sid);
const struct party_application *party_find_application(const struct party *party,
                                                       const struct sid *client_id);

/* The root; NULL in an empty store. */
const struct party_partner *party_root(const struct party *party);

enum { PARTY_PORTIONS = 64 };

/* Goes through the applications of one of the portions that all of them fall into, in no order: for
 * what has to look at each, a portion at a time. */
void party_walk_applications(const struct party *party, unsigned portion,
                             void (*visit)(void *context,
                                           const struct party_application *application),
                             void *context);

struct party_counts {
    size_t partners, applications;
};
struct party_counts party_counts(const struct party *party);

/* The partner with that number, which a child has higher than its parent; NULL from
 * party_counts().partners on. */
const struct party_partner *party_partner_at(const struct party *party, size_t number);

/* NULL: the root has none. */
const struct party_partner *party_parent(const struct party *party,
                                         const struct party_partner *partner);

/* The application's. */
const struct party_partner *party_partner_of(const struct party *party,
                                             const struct party_application *application);

/* Worked out at each call by going up the chain: one AND for each level. */
struct party_reach party_reach(const struct party *party, const struct party_partner *partner);

/* What a token of the application at its own partner can hold now: its own within the ceiling. */
struct scope_set party_allowed(const struct party *party,
                               const struct party_application *application);

/* It and its partner chain work, so that it may authenticate and its tokens may be active. */
bool party_application_works(const struct party *party,
                             const struct party_application *application);

/* partner is ancestor itself or lies below it. */
static inline bool party_is_within(const struct party_partner *partner,
                                   const struct party_partner *ancestor)
{
    return partner->depth >= ancestor->depth && partner->path[ancestor->depth] == ancestor->number;
}

bool party_application_has_audience(const struct party_application *application,
                                    struct str audience);

#endif
