/* What the files of this folder know of a key; for nobody else. */
#ifndef CRYPTO_KEY_INSIDE_H
#define CRYPTO_KEY_INSIDE_H

#include <openssl/evp.h>
#include <stdatomic.h>

#include "crypto/key.h"

struct crypto_key {
    EVP_PKEY *pkey;
    enum key_alg alg;
    size_t signature_size;
    _Atomic unsigned references;
};

/* Checks type, curve and size, and takes pkey over: on refusal it is freed. */
enum key_refusal crypto_key_adopt(enum key_alg alg, EVP_PKEY *pkey, struct crypto_key **out);

#endif
