/* What changes the key directory: the `scopemint key` commands, `init` and the admin API. Each
 * function is one transaction: it takes the directory's lock, reads the manifest, drops keys whose
 * last token has expired, makes its change and replaces the manifest in one step. New key files are
 * on disk before the manifest names them, and removed only after it stopped to. A running server
 * follows when it reloads.
 *
 * These block (locks, fsync, key generation): not for an event loop. */
#ifndef KEYRING_CHANGE_H
#define KEYRING_CHANGE_H

#include "keyring/manifest.h"

/* REFUSED: not now, or not with this key; FAILED: files. Both leave one line in why, and the keys
 * as they were. */
enum keyring_status { KEYRING_DONE, KEYRING_REFUSED, KEYRING_FAILED };

/* The directory, mode 0700, unless it is there. Makes one level. */
enum keyring_status keyring_create(const char *dir, struct buf *why);

/* A new key: active at once in a keyring without one, else next. */
enum keyring_status keyring_generate(const char *dir, enum key_alg alg, int64_t now_s,
                                     struct keyring_entry *out, struct buf *why);

/* See manifest_rotate(). A new next key is generated in the same step. out: the key now active. */
enum keyring_status keyring_rotate(const char *dir, enum key_alg alg,
                                   const struct keyring_policy *policy, bool force, int64_t now_s,
                                   struct keyring_entry *out, struct buf *why);

/* See manifest_retire(). */
enum keyring_status keyring_retire(const char *dir, struct str kid,
                                   const struct keyring_policy *policy, int64_t now_s,
                                   struct buf *why);

/* See manifest_withdraw(). Whatever successor is missing afterwards is generated. */
enum keyring_status keyring_withdraw(const char *dir, struct str kid, bool replace, int64_t now_s,
                                     struct buf *why);

/* Called by a server once it serves the keyring it loaded: from here the wait before a rotation
 * counts. Writes only if something is new. */
enum keyring_status keyring_publish(const char *dir, const struct keyring_policy *policy,
                                    int64_t now_s, struct buf *why);

/* The manifest as it is, without lock. */
enum keyring_status keyring_list(const char *dir, struct keyring_manifest *out, struct buf *why);

#endif
