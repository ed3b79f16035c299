/* Reading JSON that others wrote: request bodies, token claims, key sets, our own table files. The
 * text is checked whole before anything of it is used, and comes out as a read-only tree in the
 * caller's arena.
 *
 * Stricter than RFC 8259 where two readers could disagree (8725-x-a): a repeated key, a NUL, a lone
 * surrogate or bytes that are not UTF-8 are refused, and so is anything past the limits. The text
 * must outlive the tree: strings without escapes point into it. */
#ifndef JSON_READ_H
#define JSON_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/err.h"
#include "core/str.h"

enum json_type { JSON_NULL, JSON_BOOL, JSON_NUMBER, JSON_STRING, JSON_ARRAY, JSON_OBJECT };

struct json_value;

struct json_limits {
    size_t depth;  /* of arrays and objects within each other */
    size_t keys;   /* of one object */
    size_t values; /* altogether, containers included */
};

/* What a request may bring, from core/limits.h. */
extern const struct json_limits json_limits_request;

struct json_error {
    const char *reason;  /* fixed text; never holds a piece of the input */
    size_t offset;       /* bytes from the start */
    size_t line, column; /* from 1; column in bytes */
};

/* One JSON value with nothing but blanks around it. ERR_BAD_JSON is the writer's fault and fills
 * *out_error (may be NULL); ERR_FAULT_MEMORY means that the arena is full. Source: RFC8259-2. */
__attribute__((warn_unused_result)) enum err json_parse(struct arena *arena, struct str text,
                                                        const struct json_limits *limits,
                                                        const struct json_value **out,
                                                        struct json_error *out_error);

/* Of an object; anything else is ERR_BAD_JSON too. */
__attribute__((warn_unused_result)) enum err json_parse_object(struct arena *arena, struct str text,
                                                               const struct json_limits *limits,
                                                               const struct json_value **out,
                                                               struct json_error *out_error);

/* All that follows takes NULL for "no such value", so that look-ups can be chained. */

enum json_type json_type(const struct json_value *value);          /* NULL: JSON_NULL */
bool json_is(const struct json_value *value, enum json_type type); /* NULL: false */

/* The value under key, or NULL when it is absent or object is none. */
const struct json_value *json_member(const struct json_value *object, struct str key);

/* Elements of an array or members of an object, in the order of the text: NULL at the end, and for
 * a value that holds none. */
const struct json_value *json_first(const struct json_value *container);
const struct json_value *json_next(const struct json_value *value);
size_t json_count(const struct json_value *container);

/* The name of an object's member; empty for others. */
struct str json_key(const struct json_value *member);

/* False, and *out untouched, unless the value is just of that type. */
bool json_string(const struct json_value *value, struct str *out);
bool json_bool(const struct json_value *value, bool *out);

/* Whether a string in front of this element of the array has that text. NULL: in all of it. */
bool json_string_before(const struct json_value *array, const struct json_value *element,
                        struct str text);

/* Only a number written as an integer that fits: 1.0, 1e3, "1" and 9223372036854775808 are none. */
bool json_int(const struct json_value *value, int64_t *out);

/* A number as it was written, for those who pass it on. */
bool json_number(const struct json_value *value, struct str *out);

/* A member that may be absent. WRONG: it is there and of another type, null included; *out is
 * written on FOUND only. */
enum json_found { JSON_ABSENT, JSON_FOUND, JSON_WRONG };
enum json_found json_find_string(const struct json_value *object, struct str key, struct str *out);
enum json_found json_find_int(const struct json_value *object, struct str key, int64_t *out);
enum json_found json_find_bool(const struct json_value *object, struct str key, bool *out);

/* The first member whose name is not among the known ones, or NULL. */
const struct json_value *json_find_unknown(const struct json_value *object, const struct str *known,
                                           size_t known_count);

/* The piece of the text it was parsed from that an array or object is, brackets included. */
struct str json_source(struct str text, const struct json_value *container);

/* Where a value stands in the text it was parsed from: from 1, for messages about files. */
size_t json_line(struct str text, const struct json_value *value);

#endif
