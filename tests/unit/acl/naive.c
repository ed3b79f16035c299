#include "unit/acl/naive.h"

static bool stands_at(struct str pattern, struct str value, size_t at)
{
    if (at + pattern.len > value.len)
        return false;
    for (size_t i = 0; i < pattern.len; i++)
        if (pattern.ptr[i] != '.' && pattern.ptr[i] != value.ptr[at + i])
            return false;
    return true;
}

static bool is_found(struct str pattern, struct str value)
{
    bool at_begin = pattern.len > 0 && pattern.ptr[0] == '^';
    bool at_end = pattern.len > 0 && pattern.ptr[pattern.len - 1] == '$';

    pattern = str_slice(pattern, at_begin, pattern.len - at_end);
    for (size_t at = 0; at <= value.len; at++)
        if ((!at_begin || at == 0) && (!at_end || at + pattern.len == value.len) &&
            stands_at(pattern, value, at))
            return true;
    return false;
}

static bool holds(enum acl_operation operation, struct str entry, struct str value)
{
    switch (operation) {
    case ACL_EXACT:
        return str_eq(value, entry);
    case ACL_PREFIX:
        return str_starts_with(value, entry);
    case ACL_REGEXP:
        return is_found(entry, value);
    }
    return false;
}

bool naive_match(const struct acl_rule_text *text, struct str value)
{
    size_t held = 0;

    for (size_t i = 0; i < text->entry_count; i++)
        held += holds(text->operation, text->entries[i], value);
    switch (text->quantifier) {
    case ACL_ALL:
        return held == text->entry_count;
    case ACL_ANY:
        return held > 0;
    case ACL_NONE:
        return held == 0;
    }
    return false;
}

enum acl_outcome naive_evaluate(const struct naive_list *lists, size_t count,
                                const struct acl_subject *subject, size_t *out_list,
                                enum acl_action *out_action, struct sid *out_rule)
{
    for (size_t i = 0; i < count; i++) {
        const struct acl_list *list = lists[i].list;
        const struct naive_ref *matching = NULL;
        if (list->direction != ACL_ANY_DIRECTION && list->direction != subject->direction)
            continue;
        for (size_t r = list->rule_count; r-- > 0;) {
            const struct acl_rule_text *text = lists[i].rules[r].text;
            struct str value = subject->values[text->field];
            if (acl_field_kind(text->field) == subject->kind && value.ptr != NULL &&
                naive_match(text, value))
                matching = &lists[i].rules[r];
        }
        enum acl_action action;
        if (subject->kind == ACL_CALL)
            action = matching != NULL ? list->voice_true : list->voice_false;
        else
            action = matching != NULL ? list->sms_true : list->sms_false;
        if (action == ACL_NO_ACTION)
            continue;
        *out_list = i;
        *out_action = action;
        *out_rule = matching != NULL ? matching->rule_sid : (struct sid){{0}};
        return ACL_DECIDED;
    }
    return ACL_UNDECIDED;
}
