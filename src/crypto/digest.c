/* The plain SHA256_* functions are called deprecated in OpenSSL 3 in favour of EVP, which looks its
 * algorithm up on each call and may run out of memory. Measured on one core: 32 bytes 0.05 against
 * 0.26 us, 700 bytes 0.38 against 0.59 us. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "crypto/digest.h"

#include <assert.h>

#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/sha.h>

static_assert(DIGEST256 == SHA256_DIGEST_LENGTH, "one size");

struct digest256 digest_sha256(struct str message)
{
    struct digest256 digest;
    SHA256_CTX ctx;

    SHA256_Init(&ctx);
    SHA256_Update(&ctx, message.ptr, message.len);
    SHA256_Final(digest.bytes, &ctx); /* wipes ctx */
    return digest;
}

struct result hmac_sha256(struct str key, struct str message, struct digest256 *out)
{
    struct digest256 digest;
    unsigned len = sizeof(digest.bytes);

    if (HMAC(EVP_sha256(), key.ptr != NULL ? key.ptr : "", (int)key.len,
             (const unsigned char *)message.ptr, message.len, digest.bytes, &len) == NULL) {
        ERR_clear_error();
        return FAULT(ERR_FAULT_CRYPTO);
    }
    *out = digest;
    return RESULT_OK;
}
