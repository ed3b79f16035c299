/* What becomes of the signing keys, for the audit log: the commands change files (keyring/change.h)
 * beside a server that holds the store, so the server that takes the change up records it, with no
 * actor: a command on the machine has none. */
#ifndef APP_KEY_TRAIL_H
#define APP_KEY_TRAIL_H

#include <limits.h>

#include "config/config.h"
#include "exchange/server.h"
#include "keyring/manifest.h"

/* Of the thread that starts, reloads and stops. */
struct key_trail {
    struct keyring_manifest seen;
    struct sid root;    /* the partner whose they are: snapshots are not this thread's to read */
    char dir[PATH_MAX]; /* where they were looked for last */
};

/* As the node starts, once the store has, and before anybody can change its tables: records what
 * was changed since the store was last open. Times are whole seconds, so what was changed in the
 * last one of these may be recorded twice, and so may what was changed in the last minute before a
 * kill: the store keeps the time that often. A log without a record is of a new node, whose first
 * key is no change. */
void key_trail_begin(struct key_trail *trail, const struct config *config, struct server *server);

/* After a reload: records what is not as it was seen. */
void key_trail_follow(struct key_trail *trail, const struct config *config, struct server *server);

/* As the node stops, before the store does: likewise, of what no reload took up. A start would take
 * it for older than the time at which the store was last open. */
void key_trail_end(struct key_trail *trail, struct server *server);

#endif
