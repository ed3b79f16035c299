/* Partners and applications in memory: the tables every grant and every introspection is held
 * against. Built whole from the store, immutable from then on; a change builds a new one.
 *
 * Ceilings are worked out when the tables are built, so a check costs one AND: a partner's is the
 * intersection of the closures up its chain, an application's that of its own closure with its
 * partner's ceiling (SPEC 2, P1). Stored names that the catalogue does not know (any more) count as
 * absent. */
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
    const struct party_partner *parent; /* NULL: the root */
    struct str name;
    enum partner_status status;
    bool working;              /* it and every ancestor are active */
    unsigned depth;            /* 0: the root; below LIMIT_PARTNER_DEPTH */
    uint32_t order, order_end; /* preorder; the subtree is [order, order_end) */
    struct scope_set ceiling;  /* closed */
};

struct party_secret {
    struct sid secret_id;
    uint8_t digest[32];
    int64_t expires_ms; /* 0: never */
};

struct party_application {
    struct sid client_id;
    const struct party_partner *partner;
    struct str name;
    enum application_type type;
    enum application_status status;
    enum client_auth_method auth_method;
    bool client_credentials; /* registered for that grant */
    bool introspection;
    uint32_t access_token_ttl_s; /* 0: the default */
    struct scope_set declared;   /* literally, without restricted values that nobody approved */
    struct scope_set own;        /* closure of declared */
    struct scope_set allowed; /* own and the partner's ceiling: what a token of it can hold now */
    const struct str *audiences;
    size_t audience_count;
    struct party_secret secrets[PARTY_SECRETS_MAX];
    size_t secret_count;
};

struct party;

/* The catalogue's bits are used, the catalogue itself is not kept. A row that points nowhere, or a
 * tree that is too deep, is a fault. */
RESULT party_load(struct store *store, const struct scope_catalogue *catalogue, struct party **out);
void party_free(struct party **party);

/* NULL when there is none. */
const struct party_partner *party_find_partner(const struct party *party,
                                               const struct sid *partner_sid);
const struct party_application *party_find_application(const struct party *party,
                                                       const struct sid *client_id);

/* The root; NULL in an empty store. */
const struct party_partner *party_root(const struct party *party);

struct party_counts {
    size_t partners, applications;
};
struct party_counts party_counts(const struct party *party);

/* partner is ancestor itself or lies below it. */
static inline bool party_is_within(const struct party_partner *partner,
                                   const struct party_partner *ancestor)
{
    return partner->order >= ancestor->order && partner->order < ancestor->order_end;
}

/* It and its partner chain work, so that it may authenticate and its tokens may be active. */
static inline bool party_application_works(const struct party_application *application)
{
    return application->status == APPLICATION_ACTIVE && application->partner->working;
}

bool party_application_has_audience(const struct party_application *application,
                                    struct str audience);

#endif
