#include "store/list.h"

static const struct {
    enum store_table table;
    enum store_value_kind kind;
} columns[STORE_COLUMNS] = {
    [STORE_TOKEN_SID] = {STORE_TOKENS, STORE_VALUE_SID},
    [STORE_TOKEN_CLIENT_ID] = {STORE_TOKENS, STORE_VALUE_SID},
    [STORE_TOKEN_NAME] = {STORE_TOKENS, STORE_VALUE_TEXT},
    [STORE_TOKEN_CREATED] = {STORE_TOKENS, STORE_VALUE_NUMBER},
    [STORE_TOKEN_EXP] = {STORE_TOKENS, STORE_VALUE_NUMBER},
    [STORE_TOKEN_ACCESSED] = {STORE_TOKENS, STORE_VALUE_NUMBER},
    [STORE_PARTNER_SID] = {STORE_PARTNERS, STORE_VALUE_SID},
    [STORE_PARTNER_PARENT_SID] = {STORE_PARTNERS, STORE_VALUE_SID},
    [STORE_PARTNER_NAME] = {STORE_PARTNERS, STORE_VALUE_TEXT},
    [STORE_PARTNER_LOGIN] = {STORE_PARTNERS, STORE_VALUE_TEXT},
    [STORE_PARTNER_STATUS] = {STORE_PARTNERS, STORE_VALUE_TEXT},
    [STORE_PARTNER_CREATED] = {STORE_PARTNERS, STORE_VALUE_NUMBER},
    [STORE_PARTNER_UPDATED] = {STORE_PARTNERS, STORE_VALUE_NUMBER},
    [STORE_APPLICATION_CLIENT_ID] = {STORE_APPLICATIONS, STORE_VALUE_SID},
    [STORE_APPLICATION_PARTNER_SID] = {STORE_APPLICATIONS, STORE_VALUE_SID},
    [STORE_APPLICATION_NAME] = {STORE_APPLICATIONS, STORE_VALUE_TEXT},
    [STORE_APPLICATION_STATUS] = {STORE_APPLICATIONS, STORE_VALUE_TEXT},
    [STORE_APPLICATION_CREATED] = {STORE_APPLICATIONS, STORE_VALUE_NUMBER},
    [STORE_APPLICATION_UPDATED] = {STORE_APPLICATIONS, STORE_VALUE_NUMBER},
    [STORE_RULE_SID] = {STORE_RULES, STORE_VALUE_SID},
    [STORE_RULE_PARTNER_SID] = {STORE_RULES, STORE_VALUE_SID},
    [STORE_RULE_NAME] = {STORE_RULES, STORE_VALUE_TEXT},
    [STORE_RULE_FIELD] = {STORE_RULES, STORE_VALUE_TEXT},
    [STORE_RULE_OPERATION] = {STORE_RULES, STORE_VALUE_TEXT},
    [STORE_RULE_QUANTIFIER] = {STORE_RULES, STORE_VALUE_TEXT},
    [STORE_RULE_CREATED] = {STORE_RULES, STORE_VALUE_NUMBER},
    [STORE_RULE_UPDATED] = {STORE_RULES, STORE_VALUE_NUMBER},
    [STORE_TRUNK_GROUP_SID] = {STORE_TRUNK_GROUPS, STORE_VALUE_SID},
    [STORE_TRUNK_GROUP_PARTNER_SID] = {STORE_TRUNK_GROUPS, STORE_VALUE_SID},
    [STORE_TRUNK_GROUP_NAME] = {STORE_TRUNK_GROUPS, STORE_VALUE_TEXT},
    [STORE_TRUNK_GROUP_CREATED] = {STORE_TRUNK_GROUPS, STORE_VALUE_NUMBER},
    [STORE_TRUNK_GROUP_UPDATED] = {STORE_TRUNK_GROUPS, STORE_VALUE_NUMBER},
    [STORE_TRUNK_SID] = {STORE_TRUNKS, STORE_VALUE_SID},
    [STORE_TRUNK_TRUNK_GROUP_SID] = {STORE_TRUNKS, STORE_VALUE_SID},
    [STORE_TRUNK_NAME] = {STORE_TRUNKS, STORE_VALUE_TEXT},
    [STORE_TRUNK_CREATED] = {STORE_TRUNKS, STORE_VALUE_NUMBER},
    [STORE_TRUNK_UPDATED] = {STORE_TRUNKS, STORE_VALUE_NUMBER},
};

enum store_table store_column_table(enum store_column column)
{
    return columns[column].table;
}

enum store_value_kind store_column_kind(enum store_column column)
{
    return columns[column].kind;
}

/* ---- like ---- */

/* Bytes of the character that text begins with; those of no UTF-8 count one each. */
static size_t character_length(struct str text)
{
    size_t length = 1;

    while (length < text.len && ((unsigned char)text.ptr[length] & 0xC0) == 0x80)
        length++;
    return length;
}

/* Bytes of the pattern's literal at at, 1 or 2 with its escape; *out: what it stands for. */
static size_t literal_at(struct str pattern, size_t at, char *out)
{
    bool escapes = pattern.ptr[at] == '\\' && at + 1 < pattern.len;

    *out = pattern.ptr[escapes ? at + 1 : at];
    return escapes ? 2 : 1;
}

/* Goes back to the last '%' alone, which is enough: what an earlier one took is never worse. */
bool store_text_is_like(struct str pattern, struct str text)
{
    size_t p = 0;
    size_t t = 0;
    size_t after_run = SIZE_MAX; /* in the pattern, behind the last '%' */
    size_t run_end = 0;          /* in the text, where what follows it was tried */

    while (t < text.len || p < pattern.len) {
        char literal = 0;
        size_t step = p < pattern.len ? literal_at(pattern, p, &literal) : 0;
        if (step > 0 && pattern.ptr[p] == '%') {
            after_run = ++p;
            run_end = t;
        } else if (step > 0 && pattern.ptr[p] == '_' && t < text.len) {
            t += character_length(str_slice(text, t, text.len));
            p++;
        } else if (step > 0 && pattern.ptr[p] != '_' && t < text.len && text.ptr[t] == literal) {
            t++;
            p += step;
        } else if (after_run != SIZE_MAX && run_end < text.len) {
            run_end += character_length(str_slice(text, run_end, text.len));
            t = run_end;
            p = after_run;
        } else {
            return false;
        }
    }
    return true;
}

size_t store_like_prefix(struct str pattern, char *out, size_t size)
{
    size_t length = 0;

    for (size_t at = 0; at < pattern.len && length < size;) {
        if (pattern.ptr[at] == '%' || pattern.ptr[at] == '_')
            break;
        at += literal_at(pattern, at, &out[length++]);
    }
    return length;
}
