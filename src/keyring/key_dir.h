/* The key directory: keyring.json and <kid>.pem. Files only; what they mean is the manifest's and
 * the keyring's. Names are taken relative to the open directory, so that it cannot be swapped under
 * a change. Every failure leaves a line that names the file and what to do. */
#ifndef KEYRING_KEY_DIR_H
#define KEYRING_KEY_DIR_H

#include "keyring/manifest.h"

struct key_dir {
    const char *path; /* the caller's, for messages */
    int fd;
    int lock_fd; /* -1: not locked */
};

/* Refuses a directory that others may write to. */
bool key_dir_open(const char *path, struct key_dir *out, struct buf *why);
void key_dir_close(struct key_dir *dir); /* unlocks */

/* Waits for other changes to end. The kernel drops the lock of a process that dies. */
bool key_dir_lock(struct key_dir *dir, struct buf *why);

/* A directory without keyring.json holds no keys: *out_exists false, *out empty. */
bool key_dir_read_manifest(const struct key_dir *dir, struct keyring_manifest *out,
                           bool *out_exists, struct buf *why);

/* In one step: after a crash the old one or the new one is there. Needs the lock. */
bool key_dir_write_manifest(const struct key_dir *dir, const struct keyring_manifest *m,
                            struct buf *why);

/* pem: a heap buffer, which wipes itself. Reading refuses files that group or others can touch
 * (F-43). Writing refuses to overwrite. */
bool key_dir_read_key(const struct key_dir *dir, struct str kid, struct buf *pem, struct buf *why);
bool key_dir_write_key(const struct key_dir *dir, struct str kid, const struct buf *pem,
                       struct buf *why);
bool key_dir_remove_key(const struct key_dir *dir, struct str kid, struct buf *why);

#endif
