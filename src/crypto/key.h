/* Signing keys: an OpenSSL key parsed once (380 us each time otherwise), together with the one
 * algorithm it may be used for. The algorithm is given by whoever stored the key and is never
 * guessed from its bytes or taken from a token (RFC8725-3.1, THREATS-5).
 *
 * A key is immutable and counted: a rotation may drop its reference while a thread still signs.
 * Thread-safe. OpenSSL wipes private parts when the last reference goes. */
#ifndef CRYPTO_KEY_H
#define CRYPTO_KEY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/result.h"
#include "core/str.h"

enum key_alg { KEY_ES256, KEY_EDDSA, KEY_RS256, KEY_PS256, KEY_ALG_COUNT };

enum {
    KEY_RSA_BITS_MIN = 2048, /* RFC7518-3.3 */
    KEY_RSA_BITS_MAX = 4096, /* bounds the time and the signature of keys that others choose */
    KEY_RSA_BITS_NEW = 2048, /* what is generated: 3072 triples the time of a signature */
    KEY_PART_MAX = KEY_RSA_BITS_MAX / 8,
    KEY_PEM_MAX = 8 * 1024,
    SIGNATURE_MAX = KEY_RSA_BITS_MAX / 8,
};

/* "ES256", "EdDSA", "RS256", "PS256": RFC7518-3.1, RFC8037-3.1. Matching is exact. */
const char *key_alg_name(enum key_alg alg);
bool key_alg_parse(struct str name, enum key_alg *out);

/* Why a key is not taken; key_refusal_text() completes "the key ...". */
enum key_refusal {
    KEY_TAKEN,
    KEY_EMPTY,
    KEY_NOT_PEM,
    KEY_WRONG_TYPE,
    KEY_RSA_TOO_SHORT,
    KEY_RSA_TOO_LONG,
    KEY_BAD_PUBLIC, /* a point off the curve, a number of the wrong size, an even exponent */
    KEY_BAD_PAIR,   /* what the private part signs does not verify with the public part */
    KEY_NO_MEMORY,
    KEY_REFUSAL_COUNT
};
const char *key_refusal_text(enum key_refusal refusal);

struct crypto_key;

/* ERR_FAULT_CRYPTO. */
RESULT crypto_key_generate(enum key_alg alg, struct crypto_key **out);

/* pem: one unencrypted private key; wiping the text is the caller's. A key that loads has signed
 * something that verified, so a damaged file is found here and not by the first token. */
enum key_refusal crypto_key_load(enum key_alg alg, struct str pem, struct crypto_key **out);

void crypto_key_ref(struct crypto_key *key);
void crypto_key_unref(struct crypto_key **key); /* accepts NULL */

enum key_alg crypto_key_alg(const struct crypto_key *key);

/* Bytes of every JOSE signature by this key, at most SIGNATURE_MAX. */
size_t crypto_key_signature_size(const struct crypto_key *key);

/* PKCS#8, unencrypted; the buffer must wipe itself (heap). ERR_FAULT_CRYPTO. */
RESULT crypto_key_write_pem(const struct crypto_key *key, struct buf *out);

/* SubjectPublicKeyInfo. ERR_FAULT_CRYPTO. */
RESULT crypto_key_write_public_pem(const struct crypto_key *key, struct buf *out);

/* The public numbers as a JWK carries them, big-endian: a point's coordinates at full width
 * (RFC7518-6.2.1.2), RSA's without leading zeros (RFC7518-6.3.1). */
struct key_part {
    size_t len;
    uint8_t bytes[KEY_PART_MAX];
};

struct key_public {
    enum key_alg alg;
    struct key_part x_or_n; /* x of EC and OKP, n of RSA */
    struct key_part y_or_e; /* y of EC, e of RSA, empty for OKP */
};

/* ERR_FAULT_CRYPTO. */
RESULT crypto_key_public(const struct crypto_key *key, struct key_public *out);

/* A key that verifies and cannot sign. */
enum key_refusal crypto_key_from_public(const struct key_public *parts, struct crypto_key **out);

#endif
