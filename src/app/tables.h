/* From files and store to a snapshot. */
#ifndef APP_TABLES_H
#define APP_TABLES_H

#include "config/config.h"
#include "core/buf.h"
#include "core/clock.h"
#include "exchange/snapshot.h"
#include "store/store.h"

/* previous (NULL: at the start): names of its catalogue keep their bits. False: out_error has a
 * line for each thing wrong; also for other scope tables than those that a revocation is decided
 * by, by which what it ended would be live again (P2). The store is read, and told of the scope
 * tables, on the calling thread: before store_start, or on its writer's. What was built is then
 * published. */
bool tables_build(const struct config *config, struct store *store, const struct snapshot *previous,
                  struct snapshot **out, struct buf *out_error);

/* Publishes the store's partners, applications and access control after a change of them could not
 * be. When that fails too, the ones readers see stay outdated. On the store's writer. */
void tables_read_again(struct server *server, struct store *store);

/* Once the keys are served: from here the wait before a rotation counts (8414-x-b). A directory
 * that cannot be written is worth a warning: rotations will be refused. */
void tables_publish_keys(const struct config *config, const struct clock *clock);

#endif
