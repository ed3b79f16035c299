#include "revocation/link_text.h"
#include "revocation/selector.h"

void link_put_id(const struct store_entry *entry, struct buf *out)
{
    if (entry->kind == ENTRY_EPOCH_KEY) {
        buf_str(out, entry_kid(entry));
        return;
    }
    char *at = buf_reserve(out, SID_TEXT);
    if (at == NULL)
        return;
    sid_format(&entry->id, at);
    out->len += SID_TEXT;
}

struct str link_hash_of(enum entry_kind kind)
{
    if (kind == ENTRY_SELECTOR)
        return KEY("selectors");
    return kind >= ENTRY_EPOCH_APPLICATION && kind <= ENTRY_EPOCH_KEY ? KEY("epochs") : STR_NONE;
}

void link_put_field(const struct store_entry *entry, struct buf *out)
{
    if (entry->kind == ENTRY_SELECTOR) {
        link_put_id(entry, out);
        return;
    }
    buf_str(out, revocation_entry_name(entry->kind));
    buf_char(out, ':');
    link_put_id(entry, out);
    if (entry->before_s != 0) {
        buf_char(out, '@');
        buf_i64(out, entry->before_s);
    }
}
