/* The query string of a list, one reading for all of them (SPEC 5): paging, order, filter and
 * fields. What it says becomes numbers and typed values here; an executor (list_rows.h for what
 * lives in memory, the store for what does not) carries it out, and list_page.h renders the answer.
 *
 *   limit=1..1000            default 10
 *   offset=N                 or: after=KEY, before=KEY (cursors, exclusive, stable under inserts)
 *   order=ATTRIBUTE [asc|desc]   default: the key, ascending; ties are always by the key
 *   filter=ATTRIBUTE OP VALUE [and ...]   OP: eq ne gt ge lt le like
 *   include_fields=a,b  exclude_fields=a,b  with_related=true
 *   status=active|revoked|expired|all     where the kind has one
 *
 * A VALUE is one word, or stands in single or double quotes, which then may hold blanks and the
 * other quote; there are no escapes. In like, % stands for any run of characters and is the only
 * wildcard; letters count by case. Null is found by no filter and comes first. A parameter that is
 * empty counts as not sent, an unknown one is passed over. */
#ifndef MANAGE_LIST_H
#define MANAGE_LIST_H

#include "exchange/form.h"
#include "manage/object.h"

enum {
    LIST_LIMIT_DEFAULT = 10,
    LIST_LIMIT_MAX = 1000,
    LIST_TERMS_MAX = 8,
    LIST_VALUE_MAX = 256, /* bytes of a filter's value or a cursor */
};

enum list_operator { LIST_EQ, LIST_NE, LIST_GT, LIST_GE, LIST_LT, LIST_LE, LIST_LIKE };

struct list_term {
    unsigned attribute; /* indexed */
    enum list_operator op;
    struct attribute_value value; /* never absent */
};

enum list_from { LIST_FROM_START, LIST_AFTER, LIST_BEFORE };
enum list_status { LIST_ACTIVE, LIST_REVOKED, LIST_EXPIRED, LIST_ALL };

/* Texts live as long as the exchange. */
struct list_query {
    const struct object_kind *kind;
    unsigned limit;
    uint64_t offset; /* 0 with a cursor; at most INT64_MAX */
    bool by_offset;  /* offset was sent, or the order is another: pages go on by offset */
    enum list_from from;
    struct attribute_value cursor; /* of the key, unless from the start */
    unsigned order;                /* an indexed attribute */
    bool descending;
    size_t term_count; /* all must hold */
    struct list_term terms[LIST_TERMS_MAX];
    enum list_status status;
    struct object_fields fields;
};

/* The whole query string. NEXT, or DONE after refusing everything that is wrong with it: 400 for
 * what cannot be read or is there twice, 422 for what is not on offer. */
enum step_result list_query_read(struct exchange *x, const struct object_kind *kind,
                                 struct list_query *out);

/* Of a single object: fields alone. */
enum step_result list_fields_read(struct exchange *x, const struct object_kind *kind,
                                  struct object_fields *out);

/* What stands behind list_query_read: ERR_NONE or ERR_FAULT_MEMORY. What is wrong goes to errors;
 * *out is good when there are none. */
enum err list_query_parse(struct str query, const struct object_kind *kind, struct arena *arena,
                          struct field_errors *errors, struct list_query *out);

#endif
