/* Rows of the memory backend by the columns of lists. */
#include "store/memory_inside.h"
#include "store/row_names.h"

struct value {
    bool is_set;
    struct sid sid;
    struct str text;
    int64_t number;
};

/* Where a column stands in its row. Those that are missing here are no plain members. */
static const size_t places[STORE_COLUMNS] = {
    [STORE_TOKEN_SID] = offsetof(struct token_row, token_sid),
    [STORE_TOKEN_CLIENT_ID] = offsetof(struct token_row, client_id),
    [STORE_TOKEN_NAME] = offsetof(struct token_row, name),
    [STORE_TOKEN_CREATED] = offsetof(struct token_row, created_ms),
    [STORE_TOKEN_EXP] = offsetof(struct token_row, exp_s),
    [STORE_TOKEN_ACCESSED] = offsetof(struct token_row, last_accessed_ms),
    [STORE_PARTNER_SID] = offsetof(struct partner_row, partner_sid),
    [STORE_PARTNER_PARENT_SID] = offsetof(struct partner_row, parent_sid),
    [STORE_PARTNER_NAME] = offsetof(struct partner_row, name),
    [STORE_PARTNER_LOGIN] = offsetof(struct partner_row, login),
    [STORE_PARTNER_CREATED] = offsetof(struct partner_row, created_ms),
    [STORE_PARTNER_UPDATED] = offsetof(struct partner_row, updated_ms),
    [STORE_APPLICATION_CLIENT_ID] = offsetof(struct application_row, client_id),
    [STORE_APPLICATION_PARTNER_SID] = offsetof(struct application_row, partner_sid),
    [STORE_APPLICATION_NAME] = offsetof(struct application_row, name),
    [STORE_APPLICATION_CREATED] = offsetof(struct application_row, created_ms),
    [STORE_APPLICATION_UPDATED] = offsetof(struct application_row, updated_ms),
    [STORE_RULE_SID] = offsetof(struct acl_rule_row, rule_sid),
    [STORE_RULE_PARTNER_SID] = offsetof(struct acl_rule_row, partner_sid),
    [STORE_RULE_NAME] = offsetof(struct acl_rule_row, name),
    [STORE_RULE_FIELD] = offsetof(struct acl_rule_row, field),
    [STORE_RULE_OPERATION] = offsetof(struct acl_rule_row, operation),
    [STORE_RULE_QUANTIFIER] = offsetof(struct acl_rule_row, quantifier),
    [STORE_RULE_CREATED] = offsetof(struct acl_rule_row, created_ms),
    [STORE_RULE_UPDATED] = offsetof(struct acl_rule_row, updated_ms),
    [STORE_TRUNK_GROUP_SID] = offsetof(struct trunk_group_row, trunk_group_sid),
    [STORE_TRUNK_GROUP_PARTNER_SID] = offsetof(struct trunk_group_row, partner_sid),
    [STORE_TRUNK_GROUP_NAME] = offsetof(struct trunk_group_row, name),
    [STORE_TRUNK_GROUP_CREATED] = offsetof(struct trunk_group_row, created_ms),
    [STORE_TRUNK_GROUP_UPDATED] = offsetof(struct trunk_group_row, updated_ms),
    [STORE_TRUNK_SID] = offsetof(struct trunk_row, trunk_sid),
    [STORE_TRUNK_TRUNK_GROUP_SID] = offsetof(struct trunk_row, trunk_group_sid),
    [STORE_TRUNK_NAME] = offsetof(struct trunk_row, name),
    [STORE_TRUNK_CREATED] = offsetof(struct trunk_row, created_ms),
    [STORE_TRUNK_UPDATED] = offsetof(struct trunk_row, updated_ms),
};

static struct value plain_value(const void *row, enum store_column column)
{
    const void *at = (const char *)row + places[column];
    struct value value = {.is_set = true};

    switch (store_column_kind(column)) {
    case STORE_VALUE_SID:
        value.sid = *(const struct sid *)at;
        value.is_set = !sid_is_none(&value.sid);
        break;
    case STORE_VALUE_TEXT:
        value.text = *(const struct str *)at;
        value.is_set = column != STORE_PARTNER_LOGIN || value.text.len > 0;
        break;
    case STORE_VALUE_NUMBER:
        value.number = *(const int64_t *)at;
        value.is_set = column != STORE_TOKEN_ACCESSED || value.number > 0;
        break;
    }
    return value;
}

static struct value value_of(const void *row, enum store_column column)
{
    if (column == STORE_PARTNER_STATUS)
        return (struct value){.is_set = true,
                              .text =
                                  partner_status_names[((const struct partner_row *)row)->status]};
    if (column == STORE_APPLICATION_STATUS)
        return (struct value){
            .is_set = true,
            .text = application_status_names[((const struct application_row *)row)->status]};
    return plain_value(row, column);
}

static int compare_values(const struct value *a, const struct value *b, enum store_column column)
{
    switch (store_column_kind(column)) {
    case STORE_VALUE_SID:
        return memory_compare_sid(&a->sid, &b->sid);
    case STORE_VALUE_TEXT:
        return str_compare(a->text, b->text);
    case STORE_VALUE_NUMBER:
        break;
    }
    return a->number < b->number ? -1 : a->number > b->number;
}

bool memory_column_passes(const void *row, const struct store_filter *filter)
{
    struct value stored = value_of(row, filter->column);
    struct value asked = {.sid = filter->sid, .text = filter->text, .number = filter->number};

    if (!stored.is_set)
        return false;
    if (filter->operator== STORE_IS_LIKE)
        return store_text_is_like(filter->text, stored.text);
    int order = compare_values(&stored, &asked, filter->column);
    switch (filter->operator) {
    case STORE_IS_EQ:
        return order == 0;
    case STORE_IS_NE:
        return order != 0;
    case STORE_IS_GT:
        return order > 0;
    case STORE_IS_GE:
        return order >= 0;
    case STORE_IS_LT:
        return order < 0;
    default:
        return order <= 0;
    }
}

int memory_column_compare(const void *a, const void *b, enum store_column column)
{
    struct value first = value_of(a, column);
    struct value second = value_of(b, column);
    return compare_values(&first, &second, column);
}
