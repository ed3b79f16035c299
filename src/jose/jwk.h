/* Public keys as JSON (RFC 7517) and their names (RFC 7638). Works on public numbers only, so that
 * no private member can slip in (8414-2-f). */
#ifndef JOSE_JWK_H
#define JOSE_JWK_H

#include "core/buf.h"
#include "crypto/key.h"

/* Characters of a thumbprint: base64url of SHA-256. Every kid of ours is one. */
enum { JWK_THUMBPRINT = 43 };

/* Source: RFC7638-3. No terminator. */
void jwk_thumbprint(const struct key_public *key, char out[JWK_THUMBPRINT]);

/* Appends one JWK with kty, the public numbers, use, alg and kid. Source: RFC7517-4, RFC7518-6,
 * RFC8037-2. */
void jwk_write(struct buf *out, const struct key_public *key, struct str kid);

#endif
