/* From one table file to drafts; conf/scopes/README.md describes the format. */
#include "scope/table.h"

#include "scope/parse.h"

static bool problem(struct scope_builder *b, const struct scope_source *source,
                    const struct json_value *at, const char *text, struct str about)
{
    source_problem(source, at, text, about, b->errors);
    return false;
}

/* Texts must outlive the file's own. */
static bool keep(struct scope_builder *b, struct str *text)
{
    *text = arena_str(&b->catalogue->arena, *text);
    if (text->ptr == NULL)
        buf_cstr(b->errors, "the scope tables are too large\n");
    return text->ptr != NULL;
}

static bool read_flag(struct scope_builder *b, const struct scope_draft *draft, struct str key,
                      bool *out)
{
    if (json_find_bool(draft->at, key, out) != JSON_WRONG)
        return true;
    return problem(b, draft->source, json_member(draft->at, key), "not true or false:", key);
}

static bool read_id(struct scope_builder *b, struct scope_draft *draft)
{
    enum json_found found = json_find_int(draft->at, STR("id"), &draft->value.id);
    if (found == JSON_ABSENT)
        return true;
    if (found == JSON_FOUND && draft->value.id >= 0)
        return true;
    return problem(b, draft->source, json_member(draft->at, STR("id")),
                   "not a whole number from 0:", STR("id"));
}

static bool read_name(struct scope_builder *b, struct scope_draft *draft)
{
    struct scope_value *value = &draft->value;
    if (!source_text(draft->source, draft->at, STR("name"), &value->name, b->errors))
        return false;
    if (!scope_name_is_valid(value->name))
        return problem(b, draft->source, json_member(draft->at, STR("name")),
                       "not a scope name of 1 to 64 characters:", value->name);
    return true;
}

static bool read_value(struct scope_builder *b, struct scope_draft *draft)
{
    static const struct str known[] = {
        STR_INIT("name"),        STR_INIT("id"),       STR_INIT("title"),      STR_INIT("category"),
        STR_INIT("description"), STR_INIT("includes"), STR_INIT("restricted"), STR_INIT("default"),
    };
    const struct scope_source *source = draft->source;
    struct scope_value *value = &draft->value;

    if (!json_is(draft->at, JSON_OBJECT))
        return problem(b, source, draft->at, "a value is not an object", STR_NONE);
    if (!source_known(source, draft->at, known, sizeof(known) / sizeof(known[0]), b->errors) ||
        !read_name(b, draft) || !read_id(b, draft))
        return false;
    value->title = value->name;
    if (!source_optional_text(source, draft->at, STR("title"), &value->title, b->errors) ||
        !source_text(source, draft->at, STR("category"), &value->category, b->errors) ||
        !source_text(source, draft->at, STR("description"), &value->description, b->errors) ||
        !source_optional_list(source, draft->at, STR("includes"), &draft->includes, b->errors) ||
        !read_flag(b, draft, STR("restricted"), &value->restricted) ||
        !read_flag(b, draft, STR("default"), &value->by_default))
        return false;
    if (value->restricted && value->by_default)
        return problem(b, source, draft->at,
                       "a restricted value cannot be a default:", value->name);
    return keep(b, &value->name) && keep(b, &value->title) && keep(b, &value->category) &&
           keep(b, &value->description);
}

bool table_read(struct scope_builder *b, const struct scope_source *source)
{
    static const struct str known[] = {STR_INIT("table"), STR_INIT("values")};
    const struct json_value *root = source_parse(&b->scratch, source, b->errors);
    const struct json_value *values;
    struct str table;
    bool ok = true;

    if (root == NULL || !source_known(source, root, known, 2, b->errors) ||
        !source_text(source, root, STR("table"), &table, b->errors) ||
        !source_list(source, root, STR("values"), &values, b->errors))
        return false;
    if (!str_eq(table, source->name))
        return problem(b, source, json_member(root, STR("table")),
                       "the file is not named after its table", table);
    if (!keep(b, &table))
        return false;
    for (const struct json_value *at = json_first(values); at != NULL; at = json_next(at)) {
        if (b->draft_count == LIMIT_SCOPES)
            return problem(b, source, at, "more than 512 values", STR_NONE);
        struct scope_draft *draft = &b->drafts[b->draft_count];
        *draft =
            (struct scope_draft){.value = {.table = table, .id = -1}, .source = source, .at = at};
        if (read_value(b, draft))
            b->draft_count++;
        else
            ok = false;
    }
    return ok;
}
