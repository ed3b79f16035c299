/* Base64 (RFC 4648) as JOSE and HTTP Basic need it. Decoding is strict: one spelling per value, so
 * no two tokens differ in text and agree in bytes (8725-x-a). */
#ifndef CORE_BASE64_H
#define CORE_BASE64_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

/* Characters without padding. */
static inline size_t base64url_length(size_t n)
{
    return n / 3 * 4 + (n % 3 == 0 ? 0 : n % 3 + 1);
}

/* Writes base64url_length(n) characters, no padding, no terminator. Source: RFC7515-2. */
void base64url_encode(const void *bytes, size_t n, char *out);

/* Refuses padding, blanks, foreign characters, impossible lengths and non-zero spare bits. out
 * holds at least text.len * 3 / 4 bytes. */
bool base64url_decode(struct str text, void *out, size_t *out_len);

/* The alphabet with '+' and '/', padding required (RFC7617); otherwise as strict. */
bool base64_decode(struct str text, void *out, size_t *out_len);

#endif
