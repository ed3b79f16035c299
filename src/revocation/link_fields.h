/* What stands in the hashes of Redis and when it ends, so that it can be taken away: fields of a
 * hash have no life of their own. A bounded number is remembered; a field beyond it, or of an
 * earlier process, stays until Redis is filled again, and ends nothing more. */
#ifndef REVOCATION_LINK_FIELDS_H
#define REVOCATION_LINK_FIELDS_H

#include <stddef.h>
#include <stdint.h>

#include "revocation/link_text.h"
#include "revocation/wire.h"

enum { LINK_FIELDS_MAX = 8192 };

struct link_field {
    struct str hash; /* constant */
    int64_t end_s;
    uint8_t len;
    char text[LINK_FIELD_MAX];
};

struct link_fields {
    struct link_field *fields;
    size_t count, room;
    int64_t first_end_s; /* before it none has ended */
};

/* After its field was set. An end of a selector is forgotten instead. */
void link_fields_keep(struct link_fields *fields, const struct store_entry *entry);

/* Takes away what ended by now_s, at most max fields. */
void link_fields_drop(struct link_fields *fields, int64_t now_s, size_t max, struct wire *wire);

void link_fields_clear(struct link_fields *fields);

#endif
