#include "acl/lists.h"

#include "json/read.h"

enum { MEMBERS = 6, VALUES = 128 * 1024 /* more than is ever taken */ };

static const struct json_limits limits = {
    .depth = 3,
    .keys = MEMBERS,
    .values = VALUES,
};

/* ---- reading ---- */

static enum err read_rules(struct arena *arena, const struct json_value *array,
                           struct acl_list *out)
{
    struct str text;

    if (!json_is(array, JSON_ARRAY))
        return ERR_FAULT_STORE;
    struct sid *rules = arena_array(arena, json_count(array), sizeof(*rules));
    if (rules == NULL)
        return ERR_FAULT_MEMORY;
    out->rules = rules;
    for (const struct json_value *v = json_first(array); v != NULL; v = json_next(v))
        if (!json_string(v, &text) || !sid_parse(text, &rules[out->rule_count++]))
            return ERR_FAULT_STORE;
    return ERR_NONE;
}

static bool read_action(const struct json_value *list, enum acl_kind kind, struct str name,
                        enum acl_action *out)
{
    const struct json_value *value = json_member(list, name);
    struct str word;

    return value != NULL && (json_is(value, JSON_NULL) ||
                             (json_string(value, &word) && acl_action_parse(kind, word, out)));
}

static enum err read_list(struct arena *arena, const struct json_value *list, struct acl_list *out)
{
    struct str word;

    *out = (struct acl_list){.rule_count = 0};
    bool good = json_count(list) == MEMBERS &&
                json_find_string(list, STR("direction"), &word) == JSON_FOUND &&
                acl_direction_parse(word, &out->direction) &&
                read_action(list, ACL_SMS, STR("sms_action_false"), &out->sms_false) &&
                read_action(list, ACL_SMS, STR("sms_action_true"), &out->sms_true) &&
                read_action(list, ACL_CALL, STR("voice_action_false"), &out->voice_false) &&
                read_action(list, ACL_CALL, STR("voice_action_true"), &out->voice_true);
    return good ? read_rules(arena, json_member(list, STR("access_control_rules")), out)
                : ERR_FAULT_STORE;
}

static enum err read_lists(struct arena *arena, const struct json_value *array,
                           struct acl_lists *out)
{
    struct acl_list *lists = arena_array(arena, json_count(array), sizeof(*lists));
    enum err err = lists == NULL ? ERR_FAULT_MEMORY : ERR_NONE;

    out->lists = lists;
    for (const struct json_value *v = json_first(array); v != NULL && err == ERR_NONE;
         v = json_next(v))
        err = read_list(arena, v, &lists[out->count++]);
    return err;
}

struct result acl_lists_read(struct arena *arena, struct str json, struct acl_lists *out)
{
    struct acl_lists read = {.count = 0};
    const struct json_value *array = NULL;
    enum err err = ERR_NONE;

    if (json.len > 0 && !str_eq(json, STR("[]"))) /* as nearly all of them are */
        err = json_parse(arena, json, &limits, &array, NULL);
    if (err == ERR_NONE && array != NULL)
        err = json_is(array, JSON_ARRAY) ? read_lists(arena, array, &read) : ERR_FAULT_STORE;
    if (err != ERR_NONE)
        return FAULT(err == ERR_FAULT_MEMORY ? err : ERR_FAULT_STORE);
    *out = read;
    return RESULT_OK;
}

bool acl_list_names(const struct acl_list *list, const struct sid *rule_sid)
{
    for (size_t i = 0; i < list->rule_count; i++)
        if (sid_eq(&list->rules[i], rule_sid))
            return true;
    return false;
}

/* ---- writing ---- */

static void write_action(struct str name, enum acl_action action, struct json_writer *w)
{
    struct str word = acl_action_word(action);

    json_write_key(w, name);
    if (word.ptr == NULL)
        json_write_null(w);
    else
        json_write_string(w, word);
}

void acl_list_write(const struct acl_list *list, struct json_writer *w)
{
    json_write_object_begin(w);
    json_write_key(w, STR("access_control_rules"));
    json_write_array_begin(w);
    for (size_t i = 0; i < list->rule_count; i++)
        json_write_sid(w, &list->rules[i]);
    json_write_array_end(w);
    json_write_member_string(w, STR("direction"), acl_direction_word(list->direction));
    write_action(STR("sms_action_false"), list->sms_false, w);
    write_action(STR("sms_action_true"), list->sms_true, w);
    write_action(STR("voice_action_false"), list->voice_false, w);
    write_action(STR("voice_action_true"), list->voice_true, w);
    json_write_object_end(w);
}
