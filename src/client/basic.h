/* HTTP Basic as OAuth clients use it: id and secret are form-urlencoded before base64
 * (RFC6749-2.3.1). */
#ifndef CLIENT_BASIC_H
#define CLIENT_BASIC_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

struct basic_credentials {
    struct str id, secret; /* decoded, in the arena */
};

/* The scheme's name before the first blank, compared without case, and what follows it. */
struct auth_header {
    struct str scheme, rest;
};
struct auth_header auth_header_split(struct str authorization);

/* rest: what follows "Basic ". ERR_INVALID_CLIENT when it cannot be read in one way;
 * ERR_FAULT_MEMORY. */
enum err basic_parse(struct str rest, struct arena *arena, struct basic_credentials *out);

#endif
