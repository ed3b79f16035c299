/* What the files of this folder know of a loaded key; for nobody else. */
#ifndef KEYRING_KEYRING_INSIDE_H
#define KEYRING_KEYRING_INSIDE_H

#include "keyring/keyring.h"

struct keyring_key {
    struct keyring_entry entry;
    struct crypto_key *crypto;
    struct jws_prefix prefixes[JWS_TYPE_COUNT];
};

struct keyring {
    _Atomic unsigned references;
    size_t n;
    const struct keyring_key *active;
    struct keyring_key keys[KEYRING_LIVE_MAX];
    struct buf jwks;
    char etag[24]; /* quotes around base64url of half a digest */
    size_t etag_len;
};

#endif
