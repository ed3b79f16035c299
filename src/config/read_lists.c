#include "config/read.h"
#include "core/limits.h"

static bool read_cidr(struct reader *r, const struct tree_node *node, struct cidr *out)
{
    char quoted[REPORT_QUOTE];
    struct str text;
    const char *wrong;

    if (!read_text(r, node, &text))
        return false;
    wrong = cidr_parse(text, out);
    if (wrong != NULL)
        REFUSE(r, node, "%s %s", report_quote(text, quoted), wrong);
    return wrong == NULL;
}

bool read_networks(struct reader *r, const struct tree_node *node, struct cidr_list *out)
{
    struct cidr *items;
    bool good = true;
    size_t n = 0;

    if (node->kind != TREE_LIST) {
        if (node->kind != TREE_BROKEN)
            REFUSE(r, node, "is no list; write [10.0.0.0/8, unix], or [] for none");
        return false;
    }
    items = report_alloc(r->report, node->n * sizeof(*items));
    if (items == NULL)
        return false;
    for (const struct tree_node *item = node->child; item != NULL; item = item->next)
        good = read_cidr(r, item, &items[n++]) && good;
    if (good)
        *out = (struct cidr_list){.items = items, .n = n};
    return good;
}

static bool read_jwt_type(struct reader *r, const struct tree_node *node,
                          struct config_jwt_type *out)
{
    char quoted[REPORT_QUOTE];

    if (node->kind == TREE_BROKEN)
        return false;
    if (node->key.len == 0 || node->key.len > LIMIT_AUDIENCE) {
        report_add(r->report, node->key_at, r->name, "an audience has 1 to %d bytes",
                   LIMIT_AUDIENCE);
        return false;
    }
    if (node->kind == TREE_TEXT &&
        (str_eq(node->text, STR("JWT")) || str_eq(node->text, STR("at+jwt")))) {
        *out = (struct config_jwt_type){.audience = node->key, .plain = node->text.len == 3};
        return true;
    }
    REFUSE(r, node, "%s has a type that is not offered; write JWT or at+jwt",
           report_quote(node->key, quoted));
    return false;
}

bool read_jwt_types(struct reader *r, const struct tree_node *node, struct config_jwt_types *out)
{
    struct config_jwt_type *items;
    bool good = true;
    size_t n = 0;

    if (node->kind != TREE_MAP) {
        if (node->kind != TREE_BROKEN)
            REFUSE(r, node, "is no mapping; write {\"https://api.example\": JWT}, or {} for none");
        return false;
    }
    items = report_alloc(r->report, node->n * sizeof(*items));
    if (items == NULL)
        return false;
    for (const struct tree_node *item = node->child; item != NULL; item = item->next)
        good = read_jwt_type(r, item, &items[n++]) && good;
    if (good)
        *out = (struct config_jwt_types){.items = items, .n = n};
    return good;
}
