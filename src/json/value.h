/* The tree behind json/read.h; shared by the parser that builds it and the functions that read it,
 * by nobody else. */
#ifndef JSON_VALUE_H
#define JSON_VALUE_H

#include <assert.h>

#include "core/limits.h"
#include "json/read.h"

struct json_value {
    struct json_value *next; /* sibling */
    struct str key;          /* in an object; ptr is NULL elsewhere */
    union {
        struct str text; /* string: decoded; number: as written */
        bool truth;
        struct {
            struct json_value *first;
            size_t count;
        };
    };
    enum json_type type;
    uint32_t offset; /* just behind its first token */
};

static_assert(LIMIT_JSON_VALUES * sizeof(struct json_value) <= LIMIT_ARENA / 2,
              "a body of the smallest values leaves room for the reply");

/* Refuses what yajl would let pass or silently change. On failure sets reason and offset. */
bool json_text_check(struct str text, struct json_error *out_error);

#endif
