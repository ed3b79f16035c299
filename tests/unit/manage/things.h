/* A kind of object with an attribute of each type, for the tests of lists. */
#ifndef MANAGE_THINGS_H
#define MANAGE_THINGS_H

#include "manage/list_page.h"
#include "manage/list_rows.h"

enum thing_attribute {
    THING_NAME,
    THING_SIZE,
    THING_GOOD,
    THING_MADE,
    THING_SID,
    THING_NOTE,   /* not indexed */
    THING_SECRET, /* neither */
    THING_OWNER,  /* related */
    THING_ATTRIBUTES
};

extern const struct object_kind thing_kind, thing_kind_with_status;

struct thing {
    const char *name;
    int64_t size; /* -1: null */
    bool good;
};

/* Names in the order they have as keys, then others. */
extern const struct thing things[];
extern const size_t thing_count;

/* context is unused: the rows are the things. */
void thing_value(const void *context, size_t row, unsigned attribute, struct attribute_value *out);

#endif
