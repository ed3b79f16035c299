#include "acl/record.h"

#include <string.h>

#include "core/log.h"
#include "core/shared.h"
#include "json/read.h"

/* What the text of a row comes to while it is read. */
enum { ENTRIES_ARENA = 64 * 1024 * 1024, LISTS_ARENA = 32 * 1024 * 1024 };

static const struct json_limits entry_limits = {
    .depth = 1, .keys = 0, .values = LIMIT_ACL_ENTRIES + 1};

/* ---- rules ---- */

/* A row says what no rule may say. It was taken once, by another version of this program. */
static enum err doubt(const struct acl_rule_row *row, size_t entry, const char *why)
{
    LOG(LOG_ERROR, "rule_not_compiled", LF_SID("rule_sid", row->rule_sid),
        LF_SID("partner_sid", row->partner_sid),
        LF_INT("entry", entry == ACL_ENTRIES ? -1 : (int64_t)entry), LF_CSTR("reason", why));
    return ERR_NONE;
}

static enum err read_entries(struct arena *arena, struct str json, struct acl_rule_text *out)
{
    const struct json_value *array;

    enum err err = json_parse(arena, json, &entry_limits, &array, NULL);
    if (err != ERR_NONE)
        return err;
    if (!json_is(array, JSON_ARRAY))
        return ERR_BAD_JSON;
    struct str *entries = arena_array(arena, json_count(array), sizeof(*entries));
    if (entries == NULL)
        return ERR_FAULT_MEMORY;
    out->entries = entries;
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        if (!json_string(v, &entries[out->entry_count++]))
            return ERR_BAD_JSON;
    return ERR_NONE;
}

static enum err compile(struct arena *arena, const struct acl_rule_row *row,
                        const struct acl_rule **out)
{
    struct acl_rule_text text = {.entry_count = 0};
    struct acl_problem problem;

    if (!acl_field_parse(row->field, &text.field) ||
        !acl_operation_parse(row->operation, &text.operation) ||
        !acl_quantifier_parse(row->quantifier, &text.quantifier))
        return doubt(row, ACL_ENTRIES, "field, operation or quantifier is no word of ours");
    enum err err = read_entries(arena, row->entries, &text);
    if (err == ERR_BAD_JSON)
        return doubt(row, ACL_ENTRIES, "the entries are no array of text");
    if (err == ERR_NONE)
        err = acl_rule_compile(&text, out, &problem);
    return err == ERR_INVALID_VALUE ? doubt(row, problem.entry, problem.text) : err;
}

static enum err compile_row(const struct acl_rule_row *row, const struct acl_rule **out)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, ENTRIES_ARENA);
    enum err err = compile(&arena, row, out);
    arena_reset(&arena);
    return err;
}

struct result rule_record_new(const struct acl_rule_row *row, const struct acl_rule *compiled,
                              const struct acl_table_rule **out)
{
    const struct acl_rule *own = compiled;

    if (compiled != NULL)
        acl_rule_ref(compiled);
    else if (compile_row(row, &own) != ERR_NONE)
        return FAULT(ERR_FAULT_MEMORY);
    struct acl_table_rule *record = shared_new(sizeof(*record));
    if (record == NULL) {
        acl_rule_unref(&own);
        return FAULT(ERR_FAULT_MEMORY);
    }
    *record = (struct acl_table_rule){
        .rule_sid = row->rule_sid,
        .partner_sid = row->partner_sid,
        .revision = row->revision,
        .usage = {.rules = 1,
                  .entries = own == NULL ? 0 : acl_rule_entry_count(own),
                  .bytes = row->entries.len,
                  .memory = own == NULL ? 0 : acl_rule_size(own)},
        .compiled = own,
    };
    *out = record;
    return RESULT_OK;
}

void rule_record_unref(const void *memory)
{
    struct acl_table_rule *record = (struct acl_table_rule *)memory;

    if (!shared_drop(record))
        return;
    acl_rule_unref(&record->compiled);
    shared_free(record);
}

/* ---- objects: the record, its lists and their SIDs are one piece of memory ---- */

static size_t count_rules(const struct acl_lists *lists)
{
    size_t rules = 0;
    for (size_t i = 0; i < lists->count; i++)
        rules += lists->lists[i].rule_count;
    return rules;
}

/* Copies the lists to *list and their SIDs to *sid, which both move behind them. */
static void put_lists(const struct acl_lists *lists, struct acl_list **list, struct sid **sid)
{
    for (size_t i = 0; i < lists->count; i++, ++*list) {
        **list = lists->lists[i];
        (*list)->rules = *sid;
        if ((*list)->rule_count > 0)
            memcpy(*sid, lists->lists[i].rules, (*list)->rule_count * sizeof(**sid));
        *sid += (*list)->rule_count;
    }
}

static struct acl_object *make_object(const struct object_source *source,
                                      const struct acl_lists *assigned, const struct acl_lists *own)
{
    size_t list_count = assigned->count + own->count;
    size_t rule_count = count_rules(assigned) + count_rules(own);
    struct acl_object *object = shared_new(sizeof(*object) + list_count * sizeof(struct acl_list) +
                                           rule_count * sizeof(struct sid));

    if (object == NULL)
        return NULL;
    struct acl_list *lists = (struct acl_list *)(object + 1);
    struct sid *sids = (struct sid *)(lists + list_count);
    *object = (struct acl_object){.sid = source->sid,
                                  .kind = source->kind,
                                  .above = source->above,
                                  .assigned_count = assigned->count,
                                  .list_count = list_count,
                                  .lists = lists};
    put_lists(assigned, &lists, &sids);
    put_lists(own, &lists, &sids);
    return object;
}

struct result object_record_new(const struct object_source *source, const struct acl_object **out)
{
    struct acl_lists assigned, own;
    struct arena arena;

    arena_init(&arena, NULL, 0, LISTS_ARENA);
    struct result result = acl_lists_read(&arena, source->assigned, &assigned);
    if (result_ok(result))
        result = acl_lists_read(&arena, source->own, &own);
    if (result_ok(result)) {
        struct acl_object *object = make_object(source, &assigned, &own);
        if (object == NULL)
            result = FAULT(ERR_FAULT_MEMORY);
        else
            *out = object;
    }
    if (result.code == ERR_FAULT_STORE)
        LOG(LOG_ERROR, "store_row_refused", LF_CSTR("what", "access control lists"),
            LF_SID("sid", source->sid));
    arena_reset(&arena);
    return result;
}

void object_record_unref(const void *record)
{
    if (shared_drop(record))
        shared_free(record);
}

/* ---- what a partner has ---- */

struct usage_record *usage_record_new(const struct sid *partner_sid)
{
    struct usage_record *record = shared_new(sizeof(*record));

    if (record != NULL)
        record->partner_sid = *partner_sid;
    return record;
}

void usage_record_unref(const void *record)
{
    if (shared_drop(record))
        shared_free(record);
}
