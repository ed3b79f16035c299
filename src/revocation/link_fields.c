#include "revocation/link_fields.h"

#include <stdlib.h>

#include "revocation/link_commands.h"
#include "revocation/selector.h"

static_assert(LINK_FIELD_MAX <= UINT8_MAX, "link_field.len");

static struct str text_of(const struct link_field *field)
{
    return str_make(field->text, field->len);
}

static void remove_at(struct link_fields *fields, size_t i)
{
    fields->fields[i] = fields->fields[--fields->count];
}

static struct link_field *find(struct link_fields *fields, struct str hash, struct str text)
{
    for (size_t i = 0; i < fields->count; i++)
        if (str_eq(text_of(&fields->fields[i]), text) && str_eq(fields->fields[i].hash, hash))
            return &fields->fields[i];
    return NULL;
}

/* NULL: as many as may be, or no memory. */
static struct link_field *add(struct link_fields *fields)
{
    if (fields->count == fields->room) {
        size_t room = fields->room == 0 ? 16 : fields->room * 2;
        struct link_field *grown =
            room <= LINK_FIELDS_MAX ? realloc(fields->fields, room * sizeof(*grown)) : NULL;
        if (grown == NULL)
            return NULL;
        fields->fields = grown;
        fields->room = room;
    }
    if (fields->count == 0)
        fields->first_end_s = INT64_MAX;
    return &fields->fields[fields->count++];
}

void link_fields_keep(struct link_fields *fields, const struct store_entry *entry)
{
    char memory[LINK_FIELD_MAX];
    struct str hash = link_hash_of(entry->kind);
    struct buf text;

    if (hash.ptr == NULL)
        return;
    buf_init_fixed(&text, memory, sizeof(memory));
    link_put_field(entry, &text);
    struct link_field *field = find(fields, hash, buf_view(&text));
    if (entry->kind == ENTRY_SELECTOR && revocation_entry_is_end(entry)) {
        if (field != NULL)
            remove_at(fields, (size_t)(field - fields->fields));
        return;
    }
    if (field == NULL)
        field = add(fields);
    if (field == NULL)
        return;
    field->hash = hash;
    field->end_s = entry->end_s;
    field->len = (uint8_t)text.len;
    memcpy(field->text, memory, text.len);
    if (field->end_s < fields->first_end_s)
        fields->first_end_s = field->end_s;
}

void link_fields_drop(struct link_fields *fields, int64_t now_s, size_t max, struct wire *wire)
{
    int64_t first_end_s = INT64_MAX;

    if (fields->count == 0 || fields->first_end_s > now_s)
        return;
    for (size_t i = 0; i < fields->count;) {
        struct link_field *field = &fields->fields[i];
        if (field->end_s <= now_s && max > 0) {
            link_send_field_drop(wire, field->hash, text_of(field));
            remove_at(fields, i);
            max--;
            continue;
        }
        if (field->end_s < first_end_s)
            first_end_s = field->end_s;
        i++;
    }
    fields->first_end_s = first_end_s;
}

void link_fields_clear(struct link_fields *fields)
{
    free(fields->fields);
    *fields = (struct link_fields){.fields = NULL};
}
