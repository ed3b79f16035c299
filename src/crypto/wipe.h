/* The two things done to secrets in memory besides using them: comparing without telling where they
 * differ, and forgetting (P5, THREATS-12). */
#ifndef CRYPTO_WIPE_H
#define CRYPTO_WIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrites n bytes; the compiler may not drop it. */
void wipe(void *secret, size_t n);

/* Takes the same time wherever a and b differ. Lengths are public: compare them first. */
bool ct_equal(const void *a, const void *b, size_t n);

#endif
