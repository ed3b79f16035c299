/* Texts that somebody found where none should be: a line of a leak scanner, a piece of a log, a
 * paste. What each looks like is told here by the text alone; whether it opens anything is for who
 * has the tables. */
#ifndef CLIENT_FOUND_H
#define CLIENT_FOUND_H

#include <stdbool.h>

#include "core/str.h"

enum found_kind {
    FOUND_UNKNOWN,
    FOUND_ACCESS_TOKEN, /* a JWT: three parts of base64url, of which the first is a JSON object */
    FOUND_CLIENT_SECRET,
    FOUND_REFRESH_TOKEN,
    FOUND_ACCESS_KEY_ID,
    FOUND_SECRET_ACCESS_KEY,
};

/* The text without what comes with it when it is copied: blanks and line ends, quotes and a comma
 * or semicolon around it, and "Authorization:", "Bearer" or "DPoP" in front of it. Nothing within
 * it is taken out, and it is not looked for within a longer text. */
struct str found_tidy(struct str text);

/* Of a tidy text. *out_checked: its checksum holds, so that somebody may have been given it; always
 * false for a JWT, whose signature is not looked at. */
enum found_kind found_sort(struct str text, bool *out_checked);

/* "client_secret", as the API says it. */
const char *found_kind_name(enum found_kind kind);

/* What may be shown of it to who already has it, to tell one from the other: at most its first
 * eight characters, and never more than a quarter. */
struct str found_prefix(struct str text);

#endif
