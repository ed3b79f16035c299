/* How the link names things in Redis: keys, fields and numbers as text. */
#ifndef REVOCATION_LINK_TEXT_H
#define REVOCATION_LINK_TEXT_H

#include "core/buf.h"
#include "store/rows.h"

#define KEY(name)    STR("scopemint:v1:" name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* Decimal digits of a number, living in the caller's frame. */
struct link_digits {
    char text[24];
};

static inline struct str link_digits_of(int64_t number, struct link_digits *out)
{
    struct buf buf;
    buf_init_fixed(&buf, out->text, sizeof(out->text));
    buf_i64(&buf, number);
    return buf_view(&buf);
}

/* The entry's id as text, of a key the key's. */
void link_put_id(const struct store_entry *entry, struct buf *out);

/* The hash that an entry of this kind has a field in; ptr NULL: none. */
struct str link_hash_of(enum entry_kind kind);

enum { LINK_FIELD_MAX = 16 + LIMIT_KID + 24 };

/* The field. */
void link_put_field(const struct store_entry *entry, struct buf *out);

#endif
