#include "config/overrides.h"

#include <stdio.h>

#include "config/near.h"

static bool enclosed(struct str s, char open, char close)
{
    return s.len >= 2 && s.ptr[0] == open && s.ptr[s.len - 1] == close;
}

static struct tree_node *node_new(struct report *report, const char *source, enum tree_kind kind)
{
    struct tree_node *node = report_alloc(report, sizeof(*node));
    if (node != NULL) {
        node->kind = kind;
        node->at.source = source;
    }
    return node;
}

static struct tree_node *text_node(struct report *report, const char *source, struct str text)
{
    struct tree_node *node = node_new(report, source, TREE_TEXT);
    struct str copy = report_copy(report, text);
    if (node == NULL || copy.ptr == NULL)
        return NULL;
    node->text = copy;
    return node;
}

static struct tree_node *comma_list(struct report *report, const char *source, struct str text)
{
    struct tree_node *list = node_new(report, source, TREE_LIST);
    struct tree_node **tail = list == NULL ? NULL : &list->child;
    struct str piece;

    while (list != NULL && text.len > 0 && str_split(&text, ',', &piece)) {
        struct tree_node *item = text_node(report, source, str_trim(piece, ' '));
        if (item == NULL)
            return NULL;
        *tail = item;
        tail = &item->next;
        list->n++;
    }
    return list;
}

static struct tree_node *value_node(struct report *report, const char *source,
                                    const struct schema_row *row, struct str value)
{
    bool is_list = row->type == SCHEMA_LISTEN || row->type == SCHEMA_CIDRS;

    if (!tree_text_is_line(value)) {
        report_add(report, (struct place){.source = source}, NULL,
                   "not text in one line of UTF-8; write it again");
        return node_new(report, source, TREE_BROKEN);
    }
    if ((is_list && enclosed(value, '[', ']')) ||
        (row->type == SCHEMA_JWT_TYPES && enclosed(value, '{', '}'))) {
        struct tree_node *root = tree_parse(report, source, false, value);
        return root != NULL ? root : node_new(report, source, TREE_BROKEN);
    }
    return is_list ? comma_list(report, source, value) : text_node(report, source, value);
}

static void put(struct report *report, const char *source, size_t row, struct str value,
                const struct tree_node *nodes[SCHEMA_ROWS])
{
    struct tree_node *node = value_node(report, source, &schema_rows[row], value);
    if (node != NULL)
        nodes[row] = node;
}

static size_t row_of_variable(struct str name)
{
    char memory[SCHEMA_NAME];
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        if (str_eq(name, str_from(schema_variable(&schema_rows[i], memory))))
            return i;
    return SCHEMA_ROWS;
}

static void refuse_variable(struct report *report, const struct config_source *source,
                            struct str name)
{
    char names[SCHEMA_ROWS][SCHEMA_NAME];
    struct near near;

    near_init(&near, name);
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        near_offer(&near, schema_variable(&schema_rows[i], names[i]));
    for (size_t i = 0; i < source->not_keys_n; i++)
        near_offer(&near, source->not_keys[i]);
    near_report(&near, report, (struct place){.source = "environment"}, NULL, "variable",
                "unset it, or write a key as SCOPEMINT_SECTION__KEY");
}

static void apply_variable(struct report *report, const struct config_source *source,
                           struct str entry, const struct tree_node *nodes[SCHEMA_ROWS])
{
    size_t equals = str_find(entry, '=');
    struct str name = str_slice(entry, 0, equals), copy;
    size_t row = row_of_variable(name);

    for (size_t i = 0; i < source->not_keys_n; i++)
        if (str_eq(name, str_from(source->not_keys[i])))
            return;
    if (row == SCHEMA_ROWS) {
        refuse_variable(report, source, name);
        return;
    }
    copy = report_copy(report, name);
    if (copy.ptr != NULL)
        put(report, copy.ptr, row, str_slice(entry, equals + 1, entry.len), nodes);
}

static void refuse_set(struct report *report, struct str name)
{
    char names[SCHEMA_ROWS][SCHEMA_NAME];
    struct near near;

    near_init(&near, name);
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        near_offer(&near, schema_name(&schema_rows[i], names[i]));
    near_report(&near, report, (struct place){.source = "--set"}, NULL, "key",
                "write SECTION.KEY=VALUE, as in store.url=memory:");
}

static void apply_set(struct report *report, struct str entry,
                      const struct tree_node *nodes[SCHEMA_ROWS])
{
    size_t equals = str_find(entry, '='), dot = str_find(entry, '.'), row;
    struct str name = str_slice(entry, 0, equals);
    char *label;

    if (equals == entry.len) { /* not quoted: this may be a value whose name was forgotten */
        report_add(report, (struct place){.source = "--set"}, NULL,
                   "an argument without =; write SECTION.KEY=VALUE");
        return;
    }
    row = schema_find(str_slice(name, 0, dot), str_slice(name, dot + 1, name.len));
    if (row == SCHEMA_ROWS) {
        refuse_set(report, name);
        return;
    }
    label = report_alloc(report, sizeof("--set ") + name.len);
    if (label == NULL)
        return;
    snprintf(label, sizeof("--set ") + name.len, "--set %.*s", STR_ARG(name));
    put(report, label, row, str_slice(entry, equals + 1, entry.len), nodes);
}

void overrides_apply(struct report *report, const struct config_source *source,
                     const struct tree_node *nodes[SCHEMA_ROWS])
{
    for (char *const *at = source->envp; at != NULL && *at != NULL; at++)
        if (str_starts_with(str_from(*at), STR("SCOPEMINT_")))
            apply_variable(report, source, str_from(*at), nodes);
    for (size_t i = 0; i < source->overrides_n; i++)
        apply_set(report, str_from(source->overrides[i]), nodes);
}
