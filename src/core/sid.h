/* SIDs: UUIDs of version 7 (RFC 9562), lower case, matched exactly (SPEC 3). Their leading time
 * makes them sort by creation, which keeps SQLite's index writes at the end of the tree. An id is
 * never a secret. */
#ifndef CORE_SID_H
#define CORE_SID_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "core/clock.h"
#include "core/entropy.h"
#include "core/str.h"

enum { SID_TEXT = 36 };

struct sid {
    uint8_t bytes[16];
};

static inline bool sid_eq(const struct sid *a, const struct sid *b)
{
    return memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static inline bool sid_is_none(const struct sid *a)
{
    static const struct sid none;
    return sid_eq(a, &none);
}

/* Source: RFC9562-5.7, 6.2 method 3. 48 bits of milliseconds, 12 of the fraction (to the
 * microsecond, so that what is made one after the other is listed so), 62 random bits. */
RESULT sid_new(const struct clock *clock, struct entropy *entropy, struct sid *out);

/* When it was made, by the clock of then: milliseconds since 1970. */
static inline int64_t sid_time_ms(const struct sid *sid)
{
    uint64_t ms = 0;

    for (size_t i = 0; i < 6; i++)
        ms = ms << 8 | sid->bytes[i];
    return (int64_t)ms;
}

/* Strict: 36 characters, lower case, version 7, variant 10. */
bool sid_parse(struct str text, struct sid *out);

/* Writes SID_TEXT characters, no terminator. */
void sid_format(const struct sid *sid, char *out);

#endif
