#include "store/row_texts.h"

#include <string.h>

static const size_t token_texts[] = {
    offsetof(struct token_row, name),       offsetof(struct token_row, scopes),
    offsetof(struct token_row, audiences),  offsetof(struct token_row, last_accessed_ip),
    offsetof(struct token_row, newest.kid),
};

static const size_t partner_texts[] = {
    offsetof(struct partner_row, name),
    offsetof(struct partner_row, login),
    offsetof(struct partner_row, available_scopes),
    offsetof(struct partner_row, acls),
    offsetof(struct partner_row, parent_assigned_acls),
};

static const size_t application_texts[] = {
    offsetof(struct application_row, name),
    offsetof(struct application_row, grant_types),
    offsetof(struct application_row, redirect_uris),
    offsetof(struct application_row, scopes),
    offsetof(struct application_row, approved_restricted),
    offsetof(struct application_row, audiences),
    offsetof(struct application_row, jwks),
};

static const size_t rule_texts[] = {
    offsetof(struct acl_rule_row, name),      offsetof(struct acl_rule_row, field),
    offsetof(struct acl_rule_row, operation), offsetof(struct acl_rule_row, quantifier),
    offsetof(struct acl_rule_row, entries),
};

static const size_t trunk_group_texts[] = {
    offsetof(struct trunk_group_row, name),
    offsetof(struct trunk_group_row, acls),
};

static const size_t trunk_texts[] = {
    offsetof(struct trunk_row, name),
    offsetof(struct trunk_row, acls),
};

static_assert(offsetof(struct token_row, token_sid) == 0, "a row begins with its key");
static_assert(offsetof(struct partner_row, partner_sid) == 0, "a row begins with its key");
static_assert(offsetof(struct application_row, client_id) == 0, "a row begins with its key");
static_assert(offsetof(struct acl_rule_row, rule_sid) == 0, "a row begins with its key");
static_assert(offsetof(struct trunk_group_row, trunk_group_sid) == 0, "a row begins with its key");
static_assert(offsetof(struct trunk_row, trunk_sid) == 0, "a row begins with its key");

#define SHAPE(type, texts, parent)                                                                 \
    {                                                                                              \
        sizeof(struct type), texts, sizeof(texts) / sizeof(*texts), offsetof(struct type, parent), \
            offsetof(struct type, created_ms), offsetof(struct type, revision)                     \
    }

const struct row_shape row_shapes[STORE_TABLES] = {
    [STORE_TOKENS] = SHAPE(token_row, token_texts, partner_sid),
    [STORE_PARTNERS] = SHAPE(partner_row, partner_texts, parent_sid),
    [STORE_APPLICATIONS] = SHAPE(application_row, application_texts, partner_sid),
    [STORE_RULES] = SHAPE(acl_rule_row, rule_texts, partner_sid),
    [STORE_TRUNK_GROUPS] = SHAPE(trunk_group_row, trunk_group_texts, partner_sid),
    [STORE_TRUNKS] = SHAPE(trunk_row, trunk_texts, trunk_group_sid),
};

struct row_kept row_kept_of(enum store_table table, const void *row)
{
    const struct row_shape *shape = &row_shapes[table];
    const char *at = row;

    return (struct row_kept){
        .parent = *(const struct sid *)(at + shape->parent),
        .created_ms = *(const int64_t *)(at + shape->created_ms),
        .revision = *(const uint64_t *)(at + shape->revision),
    };
}

void row_keep(enum store_table table, const struct row_kept *kept, void *row)
{
    const struct row_shape *shape = &row_shapes[table];
    char *at = row;

    *(struct sid *)(at + shape->parent) = kept->parent;
    *(int64_t *)(at + shape->created_ms) = kept->created_ms;
    *(uint64_t *)(at + shape->revision) = kept->revision + 1;
}

size_t row_text_size(enum store_table table, const void *row)
{
    const struct row_shape *shape = &row_shapes[table];
    size_t size = 0;

    for (size_t i = 0; i < shape->text_count; i++)
        size += ((const struct str *)((const char *)row + shape->texts[i]))->len;
    if (table == STORE_TRUNK_GROUPS)
        size += ((const struct trunk_group_row *)row)->trunk_count * sizeof(struct sid);
    return size;
}

static bool keep_trunks(struct arena *arena, struct trunk_group_row *row)
{
    size_t size = row->trunk_count * sizeof(*row->trunks);
    struct sid *kept = arena_alloc(arena, size + 1);

    if (kept == NULL)
        return false;
    if (size > 0)
        memcpy(kept, row->trunks, size);
    row->trunks = kept;
    return true;
}

bool row_text_keep(enum store_table table, struct arena *arena, void *row)
{
    const struct row_shape *shape = &row_shapes[table];

    for (size_t i = 0; i < shape->text_count; i++) {
        struct str *text = (struct str *)((char *)row + shape->texts[i]);
        *text = arena_str(arena, *text);
        if (text->ptr == NULL)
            return false;
    }
    return table != STORE_TRUNK_GROUPS || keep_trunks(arena, row);
}

bool row_page_is_full(const struct store_list *list, size_t bytes, size_t rows_before)
{
    return list->max_bytes != 0 && bytes > list->max_bytes && rows_before > 0;
}

void row_fill_lists(struct str *lists)
{
    if (lists->len == 0)
        *lists = STR("[]");
}
