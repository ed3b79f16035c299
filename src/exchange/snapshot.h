/* What every request of one moment sees: the configuration that can be reloaded, catalogue, keys,
 * partners, applications and access control, as one immutable object. A change builds a new one and
 * swaps the pointer after its commit and before its answer (P1), so no exchange ever sees half a
 * change.
 *
 * Those three change with every write to them, the rest with a reload: so the rest is
 * a base that snapshots share, and a change of the tables costs microseconds.
 *
 * Reading: snapshot_now() costs one load; the pointer holds until the worker's loop passes its next
 * turn. An exchange that needs it longer takes a reference (exchange_hold). */
#ifndef EXCHANGE_SNAPSHOT_H
#define EXCHANGE_SNAPSHOT_H

#include <stdatomic.h>

#include "acl/tables.h"
#include "config/config.h"
#include "core/arena.h"
#include "core/str.h"
#include "exchange/server.h"
#include "keyring/keyring.h"
#include "party/party.h"
#include "scope/catalogue.h"
#include "token/policy.h"

struct snapshot_base; /* what texts, catalogue and keyring live in */

struct snapshot {
    _Atomic unsigned references;
    struct snapshot_base *base;
    struct str issuer;
    struct token_policy policy;
    struct scope_catalogue *catalogue;
    struct keyring *keyring;
    uint64_t verify_version; /* the same as long as what was verified once still is */
    struct party *party;
    struct acl_tables *acls;
    uint64_t version; /* the same as long as every token is worth what it was, entries apart */
    uint64_t tables_version; /* the store's, of what party and acls show: a writer compares it */
    struct str metadata;     /* the RFC 8414 document */
    struct str metadata_etag;
    struct str cache_control;    /* of metadata and key set */
    struct quiesce_garbage note; /* of its retirement */
};

/* All that changes with what the store holds, of one version of it. */
struct snapshot_tables {
    struct party *party;
    struct acl_tables *acls;
    uint64_t version;
};

/* Lets go of both; NULLs are accepted. */
void snapshot_tables_done(struct snapshot_tables *tables);

/* The snapshot owns catalogue, keyring and tables from a successful call on. config and metadata
 * are copied. previous (may be NULL): the one it will follow. */
RESULT snapshot_new(const struct config *config, struct scope_catalogue *catalogue,
                    struct keyring *keyring, const struct snapshot_tables *tables,
                    struct str metadata, const struct snapshot *previous, struct snapshot **out);

/* The same with other tables, which are the snapshot's from a successful call on. */
RESULT snapshot_with_tables(const struct snapshot *old, const struct snapshot_tables *tables,
                            struct snapshot **out);

/* Takes over the caller's reference; readers see the new one from here on, the old one goes when
 * the last of them is past it. One caller at a time. */
void snapshot_publish(struct server *server, struct snapshot *snapshot);

/* Publishes the tables as these changes leave them: hooks.changed of the store. When that fails the
 * tables that readers see are outdated (party_outdate) until others are published. On the thread
 * that publishes. */
void snapshot_change_tables(struct server *server, const struct store_change *changes, size_t n,
                            uint64_t tables_version);

static inline const struct snapshot *snapshot_now(const struct server *server)
{
    return atomic_load(&server->snapshot);
}

void snapshot_ref(const struct snapshot *snapshot);
void snapshot_unref(const struct snapshot *snapshot);

#endif
