/* application/x-www-form-urlencoded bodies, as RFC 6749 appendix B uses them: strict in form, so
 * that no two readers see two requests. Values are decoded bytes; what may stand in them is for the
 * parameter's reader to say. */
#ifndef EXCHANGE_FORM_H
#define EXCHANGE_FORM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/str.h"

struct form_pair {
    struct str name, value; /* decoded; in the arena or in the body */
};

struct form {
    size_t count;
    struct form_pair *pairs; /* in the arena, in order; at most LIMIT_PARAMETERS */
};

/* True for exactly that media type, parameters such as charset tolerated (6749-4.x-a). */
bool form_is_media_type(struct str content_type);

/* ERR_BAD_FORM: a '%' without two hex digits, a pair without '=', an empty name, a byte that must
 * be encoded, too many pairs, a name that is too long. ERR_FAULT_MEMORY. An empty body is an empty
 * form. */
enum err form_parse(struct str body, struct arena *arena, struct form *out);

/* The value of name. ERR_DUPLICATE_PARAMETER when it is there twice (6749-3.2-e). Absent, or
 * present with an empty value, which counts as absent (6749-3.2-c, RFC6749-3.1): ERR_NONE and ptr
 * NULL. */
enum err form_get(const struct form *form, struct str name, struct str *out);

/* A positive whole number in decimal digits, without sign, blanks or leading zeros. One with more
 * digits than a number holds is the largest that has 18 of them. */
bool form_positive(struct str text, uint64_t *out);

#endif
