/* SHA-256 and HMAC-SHA-256. Every token, secret and audit record passes here, so the digest takes
 * no memory and cannot fail. Thread-safe, stateless. */
#ifndef CRYPTO_DIGEST_H
#define CRYPTO_DIGEST_H

#include <stdint.h>

#include "core/result.h"
#include "core/str.h"

enum { DIGEST256 = 32 };

struct digest256 {
    uint8_t bytes[DIGEST256];
};

struct digest256 digest_sha256(struct str message);

/* Source: RFC2104. key: any length, empty included. ERR_FAULT_CRYPTO. */
RESULT hmac_sha256(struct str key, struct str message, struct digest256 *out);

#endif
