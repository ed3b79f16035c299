#include "crypto/wipe.h"

#include <openssl/crypto.h>

void wipe(void *secret, size_t n)
{
    OPENSSL_cleanse(secret, n);
}

bool ct_equal(const void *a, const void *b, size_t n)
{
    return n == 0 || CRYPTO_memcmp(a, b, n) == 0;
}
