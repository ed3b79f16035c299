/* JSON bodies of writes, against a table of fields (SPEC 5): read once, refused once with
 * everything that is wrong.
 *
 *             unknown field   read-only field   writable field absent   null
 *   CREATE    422             422               422 if required         422 unless it is a value
 *   PATCH     422             422               no change               422, a value, or no change
 *   PUT       422             passed over       422                     422 unless it is a value
 *
 * Here a value has the type and size that its field takes; what it means (does this SID name
 * something, may these scopes be handed out) is the endpoint's to judge. */
#ifndef MANAGE_BODY_H
#define MANAGE_BODY_H

#include "core/sid.h"
#include "exchange/field_errors.h"
#include "json/read.h"

enum body_type {
    BODY_TEXT,  /* a string without control characters, of min to max bytes */
    BODY_INT,   /* an integer from min to max */
    BODY_BOOL,  /* true or false */
    BODY_TIME,  /* a string; see core/date.h */
    BODY_SID,   /* a string */
    BODY_TEXTS, /* an array of min to max strings without control characters */
    BODY_OTHER, /* an array or object that the endpoint reads itself: min to max elements */
};

enum body_flags {
    BODY_AT_CREATE = 1 << 0,  /* may be written by POST */
    BODY_AT_UPDATE = 1 << 1,  /* by PATCH, and must be by PUT */
    BODY_REQUIRED = 1 << 2,   /* POST must carry it */
    BODY_NULL_VALUE = 1 << 3, /* null is a value */
    BODY_NULL_KEEPS = 1 << 4, /* null in a PATCH is no change (M1) */
    BODY_PUT_LEAVES = 1 << 5, /* a PUT without it leaves it as it is */
};

enum { BODY_FIELDS_MAX = 40 };

struct body_field {
    struct str name;
    enum body_type type;
    unsigned flags; /* none: read-only */
    int64_t min, max;
};

enum body_verb { BODY_CREATE, BODY_PATCH, BODY_PUT };

/* Of an endpoint that takes PATCH and PUT. */
enum body_verb body_verb_of(const struct exchange *x);

struct body_value {
    bool present; /* to be written; absent, passed over and "no change" are not */
    bool is_null;
    int64_t number;                /* INT; TIME in milliseconds since 1970; BOOL 0 or 1 */
    struct str text;               /* TEXT */
    struct sid sid;                /* SID */
    const struct json_value *json; /* TEXTS, OTHER */
};

/* Values in the order of the table. Texts live as long as the exchange. */
struct body {
    struct body_value values[BODY_FIELDS_MAX];
};

/* Whether a Content-Type says that the body is JSON. */
bool body_is_json(struct str content_type);

/* The two halves of body_read, for an endpoint that looks at its object between them (412). Each:
 * NEXT, or DONE after refusing. The first: 415 for another media type, 400 for what is no JSON
 * object; *out lives as long as the exchange. The second: 422 for fields. */
enum step_result body_parse(struct exchange *x, const struct json_value **out);
enum step_result body_judge(struct exchange *x, const struct json_value *object,
                            enum body_verb verb, const struct body_field *fields,
                            size_t field_count, struct body *out);

/* The second for who has more to say about the fields: what is wrong goes to errors. Of x it uses
 * the arena alone, so a thread of a pool may call it while x waits for that. */
void body_check(struct exchange *x, const struct json_value *object, enum body_verb verb,
                const struct body_field *fields, size_t field_count, struct field_errors *errors,
                struct body *out);

/* x->request's body, both halves. */
enum step_result body_read(struct exchange *x, enum body_verb verb, const struct body_field *fields,
                           size_t field_count, struct body *out);

#endif
