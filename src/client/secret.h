/* Secrets we hand out: a type prefix, 256 random bits in base62 and a checksum,
 *     sm_cs_ + 43 characters + 6 characters
 * so that leak scanners know them by sight and a typo is refused without a look-up (SPEC 3). Only
 * letters, digits and '_': form-urlencoding changes none of them, and a double click takes all.
 *
 * The text exists in the answer that creates it and in what a caller presents; what is kept is its
 * SHA-256 (P5). A slow hash would buy nothing: nobody guesses 256 random bits. */
#ifndef CLIENT_SECRET_H
#define CLIENT_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/entropy.h"
#include "core/limits.h"
#include "core/result.h"
#include "core/str.h"

enum secret_kind {
    SECRET_CLIENT,        /* sm_cs_ */
    SECRET_REFRESH_TOKEN, /* sm_rt_ */
    SECRET_ACCESS_KEY_ID, /* sm_ak_: names a key, is none */
    SECRET_ACCESS_KEY,    /* sm_sk_ */
};

enum {
    SECRET_PREFIX = 6,
    SECRET_BODY = 43, /* 62^43 > 2^256 */
    SECRET_CHECK = 6, /* 62^6 > 2^32 */
    SECRET_TEXT = SECRET_PREFIX + SECRET_BODY + SECRET_CHECK,
    SECRET_DIGEST = 32,
};

static_assert((int)SECRET_TEXT <= (int)LIMIT_SECRET, "our own secrets can be presented");

/* Writes SECRET_TEXT characters, no terminator; wiping them is the caller's. ERR_FAULT_ENTROPY. */
RESULT secret_new(enum secret_kind kind, struct entropy *entropy, char out[SECRET_TEXT]);

/* By the prefix alone; false when it is none of ours. */
bool secret_kind_of(struct str text, enum secret_kind *out);

/* The prefix is one of ours, the length fits and the checksum holds: somebody may have been given
 * it. Says nothing about whether anybody was; takes no longer for one than for another. */
bool secret_check(struct str text, enum secret_kind *out);

/* What is stored and looked up: SHA-256 of the whole text. */
void secret_digest(struct str text, uint8_t out[SECRET_DIGEST]);

/* "client secret", for people. */
const char *secret_kind_name(enum secret_kind kind);

#endif
