/* What every request of one moment sees: configuration that can be reloaded, catalogue, keys,
 * partners and applications, as one immutable object. A change builds a new one and swaps the
 * pointer after its commit and before its answer (SPEC P1), so no exchange ever sees half a change.
 *
 * Reading: snapshot_now() costs one load; the pointer holds until the worker's loop passes its next
 * turn. An exchange that waits holds a reference. */
#ifndef EXCHANGE_SNAPSHOT_H
#define EXCHANGE_SNAPSHOT_H

#include <stdatomic.h>

#include "core/str.h"
#include "exchange/server.h"
#include "keyring/keyring.h"
#include "party/party.h"
#include "scope/catalogue.h"
#include "token/policy.h"

struct snapshot {
    _Atomic unsigned references;
    struct str issuer;
    struct token_policy policy;
    const struct scope_catalogue *catalogue;
    struct keyring *keyring;
    const struct party *party;
    int64_t jwks_max_age_s;
    struct str metadata; /* RFC 8414 document, rendered once */
    struct str metadata_etag;
    struct str jwks_cache_control, metadata_cache_control;
    struct arena *memory; /* of the texts above */
};

static inline const struct snapshot *snapshot_now(const struct server *server)
{
    return atomic_load_explicit(&server->snapshot, memory_order_acquire);
}

void snapshot_ref(const struct snapshot *snapshot);
void snapshot_unref(const struct snapshot *snapshot);

#endif
