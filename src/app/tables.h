/* From files and store to a snapshot. */
#ifndef APP_TABLES_H
#define APP_TABLES_H

#include "config/config.h"
#include "core/buf.h"
#include "core/clock.h"
#include "exchange/snapshot.h"
#include "store/store.h"

/* previous (may be NULL): names of its catalogue keep their bits; is_fixed: nothing of it may
 * change, for a revocation is decided by it and what that ended would be live again (P2). False:
 * out_error has a line for each thing wrong. The store is read on the calling thread: before
 * store_start, or on its writer's. */
bool tables_build(const struct config *config, struct store *store, const struct snapshot *previous,
                  bool is_fixed, struct snapshot **out, struct buf *out_error);

/* Publishes the store's partners, applications and access control after a change of them could not
 * be. When that fails too, the ones readers see stay outdated. On the store's writer. */
void tables_read_again(struct server *server, struct store *store);

/* Once the keys are served: from here the wait before a rotation counts (8414-x-b). A directory
 * that cannot be written is worth a warning: rotations will be refused. */
void tables_publish_keys(const struct config *config, const struct clock *clock);

#endif
