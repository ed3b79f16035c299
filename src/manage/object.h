/* What an object of the API is made of: one table of attributes for each kind (tokens, partners,
 * scopes...), read by filters, orders and field selection, and by the renderer. An endpoint names
 * its attributes by an enum in the order of the table, so a name from a request becomes a number
 * here and nothing behind sees the text (THREATS-78).
 *
 * What holds a secret is never indexed: a filter on it would answer questions about it (P5). */
#ifndef MANAGE_OBJECT_H
#define MANAGE_OBJECT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/sid.h"
#include "core/str.h"
#include "exchange/field_errors.h"
#include "json/write.h"

enum attribute_type {
    ATTRIBUTE_TEXT,
    ATTRIBUTE_INT,
    ATTRIBUTE_BOOL,
    ATTRIBUTE_TIME, /* milliseconds since 1970 */
    ATTRIBUTE_SID,
    ATTRIBUTE_OTHER, /* lists and objects: shown, never indexed */
};

enum { ATTRIBUTES_MAX = 64 };

struct attribute {
    struct str name;
    enum attribute_type type;
    bool indexed; /* lists may be filtered and ordered by it */
    bool related; /* another object, shown with with_related=true only */
};

struct object_kind {
    const struct attribute *attributes; /* in the order they are shown in */
    unsigned count;
    unsigned key;         /* the indexed attribute that is unique: order and cursor of every list */
    bool has_status;      /* lists take status= and show the active ones without it */
    bool cursor_descends; /* after and before go with the key in descending order too */
};

/* A value of an indexed attribute. */
struct attribute_value {
    bool absent;     /* null */
    int64_t number;  /* INT, TIME, BOOL (0, 1) */
    struct str text; /* TEXT */
    struct sid sid;  /* SID */
};

/* Which attributes an answer shows: bit i stands for attribute i. */
struct object_fields {
    uint64_t shown;
};

/* The attribute of that name, or ATTRIBUTES_MAX. */
unsigned object_attribute(const struct object_kind *kind, struct str name);

/* From include_fields, exclude_fields (names with ',' between) and with_related (true, false); a
 * text with ptr NULL was not sent. What is wrong goes to errors. */
void object_fields_read(const struct object_kind *kind, struct str include, struct str exclude,
                        struct str with_related, struct field_errors *errors,
                        struct object_fields *out);

/* Writes the value of one attribute. */
typedef void object_write_fn(const void *object, unsigned attribute, struct json_writer *w);

/* One object with the attributes that are shown. */
void object_write(struct json_writer *w, const struct object_kind *kind,
                  const struct object_fields *fields, object_write_fn *write, const void *object);

/* DONE: 200 with the object and its ETag, or the fault. revision 0: it has none. */
enum step_result object_reply(struct exchange *x, const struct object_kind *kind,
                              const struct object_fields *fields, object_write_fn *write,
                              const void *object, uint64_t revision);

/* The same for one that may be longer than LIMIT_REPLY: bytes is about how long, apart from what is
 * small about it. Whoever calls has widened the arena for that. */
enum step_result object_reply_large(struct exchange *x, const struct object_kind *kind,
                                    const struct object_fields *fields, object_write_fn *write,
                                    const void *object, uint64_t revision, size_t bytes);

/* A new object that was given no name is named by its SID. *name: "", or what it was given.
 * ERR_FAULT_MEMORY. */
RESULT object_name_new(struct exchange *x, const struct sid *sid, struct str *name);

/* A value from a request's text; false when it is none of this attribute's type. */
bool attribute_parse(enum attribute_type type, struct str text, struct attribute_value *out);

/* Less than, equal to or greater than 0. Null comes first. */
int attribute_compare(enum attribute_type type, const struct attribute_value *a,
                      const struct attribute_value *b);

#endif
