/* The list of keys and what may become of them: next -> active -> retired -> gone. Values only, no
 * files, no key bytes, no clock: every change is a function of the list and the time handed in.
 *
 * Invariants that the changes keep: at most one next and one active key of each algorithm; a key
 * signs only after verifiers could have seen it for a whole max-age of the JWKS (8414-x-b), the
 * very first excepted; a retired key stays until the last token it signed has expired, unless
 * somebody withdraws it. */
#ifndef KEYRING_MANIFEST_H
#define KEYRING_MANIFEST_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "crypto/key.h"
#include "jose/jwk.h"

enum {
    KEYRING_LIVE_MAX = 32,    /* next, active and retired keys */
    KEYRING_HISTORY_MAX = 20, /* gone ones that are remembered, the newest */
    KEYRING_ENTRIES_MAX = KEYRING_LIVE_MAX + KEYRING_HISTORY_MAX,
    KEYRING_MANIFEST_MAX = 64 * 1024, /* bytes of the file */
};

enum key_state { KEY_NEXT, KEY_ACTIVE, KEY_RETIRED, KEY_GONE, KEY_STATE_COUNT };

const char *key_state_name(enum key_state state);

/* Times are seconds since 1970; 0: has not happened. */
struct keyring_entry {
    char kid[JWK_THUMBPRINT];
    enum key_alg alg;
    enum key_state state;
    bool withdrawn;      /* gone before its time */
    int64_t token_ttl_s; /* the longest lifetime of tokens while it was active */
    int64_t created_s;
    int64_t published_s; /* a server first showed it in the JWKS */
    int64_t activated_s;
    int64_t retired_s;
    int64_t gone_after_s; /* of a retired key: when its last token has expired */
    int64_t gone_s;
};

struct keyring_manifest {
    size_t n;
    struct keyring_entry entries[KEYRING_ENTRIES_MAX]; /* oldest first */
};

/* What a rotation has to wait for. */
struct keyring_policy {
    int64_t jwks_max_age_s;  /* keys.jwks_max_age_s */
    int64_t token_ttl_max_s; /* tokens.access_ttl_max_s */
    int64_t margin_s;        /* a retired key stays longer by: clocks and leeway of verifiers */
};

enum {
    KEYRING_MARGIN_S = 60,
    KEYRING_ROUNDING_S = 1, /* published_s has lost its fraction */
};

static inline struct str keyring_entry_kid(const struct keyring_entry *entry)
{
    return str_make(entry->kid, sizeof(entry->kid));
}

/* NULL when there is none. */
const struct keyring_entry *manifest_find(const struct keyring_manifest *m, struct str kid);
const struct keyring_entry *manifest_find_state(const struct keyring_manifest *m, enum key_alg alg,
                                                enum key_state state);

/* The changes. Each returns false and appends one line for the operator to why (without newline);
 * the list is then as before. */

/* A new key: active if the list has no active key at all, else next. */
bool manifest_add(struct keyring_manifest *m, enum key_alg alg, const char kid[JWK_THUMBPRINT],
                  int64_t now_s, struct buf *why);

/* The next key of alg becomes active, and the active one, if any, is retired. Refused while the
 * next key has not been in the JWKS for long enough, unless force. */
bool manifest_rotate(struct keyring_manifest *m, enum key_alg alg,
                     const struct keyring_policy *policy, bool force, int64_t now_s,
                     struct buf *why);

/* An active key leaves without a successor: for an algorithm that is no longer used. */
bool manifest_retire(struct keyring_manifest *m, struct str kid,
                     const struct keyring_policy *policy, int64_t now_s, struct buf *why);

/* A compromised key goes at once, and every token it signed with it (7662-4-b). With replace an
 * active key may go, and the next one takes its place, however young. */
bool manifest_withdraw(struct keyring_manifest *m, struct str kid, bool replace, int64_t now_s,
                       struct buf *why);

/* Retired keys whose last token has expired are gone. */
void manifest_sweep(struct keyring_manifest *m, int64_t now_s);

/* A server shows these keys, and signs with the active ones under this policy. True if that was
 * news. */
bool manifest_publish(struct keyring_manifest *m, const struct keyring_policy *policy,
                      int64_t now_s);

/* keyring.json. Reading refuses what breaks the invariants, with one line each in why. */
void manifest_write(const struct keyring_manifest *m, struct buf *out);
bool manifest_read(struct arena *arena, struct str text, struct keyring_manifest *out,
                   struct buf *why);

#endif
