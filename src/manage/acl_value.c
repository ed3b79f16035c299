#include "manage/acl_value.h"

#include "acl/lists.h"
#include "core/limits.h"
#include "crypto/digest.h"
#include "exchange/snapshot.h"

enum {
    PLACE_MAX = 64,
    MESSAGE_MAX = 128,
    LIST_TEXT_MAX = 256,          /* of a list, its rules apart */
    RULE_TEXT_MAX = SID_TEXT + 3, /* quotes and comma */
    RECORD_WHOLE_MAX = 2 * 1024,  /* longer texts would crowd a record of the audit log */
    VALUES_OF_LIST = 1 + ACL_LISTS_MAX * 7 + ACL_RULES_MAX,
};

static_assert(ACL_RULES_MAX * RULE_TEXT_MAX + ACL_LISTS_MAX * LIST_TEXT_MAX < ACL_VALUE_MAX,
              "whatever is taken can be stored");
static_assert(2 * ACL_VALUE_MAX + LIMIT_BODY / 2 <= LIMIT_BODY_ACLS &&
                  2 * VALUES_OF_LIST + LIMIT_SCOPES + 64 <= LIMIT_JSON_VALUES,
              "what GET shows of a partner is taken by PUT");

enum member { RULES, DIRECTION, SMS_FALSE, SMS_TRUE, VOICE_FALSE, VOICE_TRUE, MEMBERS };

/* In the order of the page. */
static const struct str names[MEMBERS] = {
    [RULES] = STR_INIT("access_control_rules"),     [DIRECTION] = STR_INIT("direction"),
    [SMS_FALSE] = STR_INIT("sms_action_false"),     [SMS_TRUE] = STR_INIT("sms_action_true"),
    [VOICE_FALSE] = STR_INIT("voice_action_false"), [VOICE_TRUE] = STR_INIT("voice_action_true"),
};

/* One array on its way into its text. */
struct reading {
    struct exchange *x;
    const struct acl_value_place *place;
    struct field_errors *errors;
    size_t list;  /* that is looked at */
    size_t rules; /* so far */
    bool lacks_memory;
};

/* "acls[2].direction" */
static void refuse(struct reading *r, enum err code, struct str member, struct str message)
{
    struct buf b;

    buf_init_arena(&b, &r->x->arena, PLACE_MAX, PLACE_MAX);
    buf_str(&b, r->place->field);
    buf_char(&b, '[');
    buf_u64(&b, r->list);
    buf_char(&b, ']');
    if (member.len > 0)
        buf_char(&b, '.');
    buf_str(&b, str_slice(member, 0, member.len < PLACE_MAX / 2 ? member.len : PLACE_MAX / 2));
    if (b.ptr == NULL)
        r->lacks_memory = true;
    else
        field_errors_add(r->errors, code, buf_view(&b), message);
}

static void refuse_all(struct reading *r, enum err code, struct str message)
{
    field_errors_add(r->errors, code, r->place->field, message);
}

/* ---- the rules of a list ---- */

/* Its own or one of a partner above (SPEC 9). */
static bool is_seen(const struct reading *r, const struct sid *rule_sid)
{
    const struct snapshot *snapshot = r->x->snapshot;
    const struct acl_table_rule *rule = acl_tables_rule(snapshot->acls, rule_sid);
    const struct party_partner *owner =
        rule != NULL ? party_find_partner(snapshot->party, &rule->partner_sid) : NULL;

    return owner != NULL && party_is_within(r->place->home, owner);
}

static struct str number_message(struct reading *r, size_t number, const char *what)
{
    struct buf b;

    buf_init_arena(&b, &r->x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, "The rule at position ");
    buf_u64(&b, number);
    buf_cstr(&b, what);
    return buf_view(&b);
}

static const char *judge_rule(const struct reading *r, const struct json_value *array,
                              const struct json_value *value, struct sid *out)
{
    struct str text;

    if (!json_string(value, &text))
        return " is no string";
    if (!sid_parse(text, out) || !is_seen(r, out))
        return " is neither of this partner nor of one above it";
    return json_string_before(array, value, text) ? " stands here twice" : NULL;
}

static void read_rules(struct reading *r, const struct json_value *array, struct acl_list *out)
{
    struct sid *rules = arena_array(&r->x->arena, json_count(array), sizeof(*rules));

    r->lacks_memory |= rules == NULL;
    out->rules = rules;
    for (const struct json_value *v = json_first(array); v != NULL && rules != NULL;
         v = json_next(v)) {
        const char *wrong = judge_rule(r, array, v, &rules[out->rule_count]);
        if (wrong != NULL)
            return refuse(r, json_is(v, JSON_STRING) ? ERR_INVALID_VALUE : ERR_WRONG_TYPE,
                          names[RULES], number_message(r, out->rule_count, wrong));
        out->rule_count++;
    }
}

static void read_rules_member(struct reading *r, const struct json_value *value,
                              struct acl_list *out)
{
    r->rules += json_count(value);
    if (value == NULL)
        refuse(r, ERR_MISSING_FIELD, names[RULES], STR_NONE);
    else if (!json_is(value, JSON_ARRAY))
        refuse(r, ERR_WRONG_TYPE, names[RULES], STR("An array of SIDs of rules is taken"));
    else if (json_count(value) > ACL_LIST_RULES_MAX)
        refuse(r, ERR_INVALID_VALUE, names[RULES], STR("A list has at most 1000 rules"));
    else if (r->rules <= ACL_RULES_MAX) /* more are refused as a whole */
        read_rules(r, value, out);
}

/* ---- words ---- */

static void read_direction(struct reading *r, const struct json_value *value,
                           enum acl_direction *out)
{
    struct str word;

    if (value != NULL && !json_string(value, &word))
        refuse(r, ERR_WRONG_TYPE, names[DIRECTION], STR("A string is taken"));
    else if (value != NULL && !acl_direction_parse(word, out))
        refuse(r, ERR_INVALID_VALUE, names[DIRECTION],
               STR("any, inbound, outbound or undirected is taken"));
}

static void read_action(struct reading *r, const struct json_value *list, enum member member,
                        enum acl_action *out)
{
    static const struct str messages[] = {
        [ACL_CALL] = STR_INIT("accept, reject403, reject503 or null is taken"),
        [ACL_SMS] = STR_INIT("accept, reject or null is taken"),
    };
    enum acl_kind kind = member == SMS_FALSE || member == SMS_TRUE ? ACL_SMS : ACL_CALL;
    const struct json_value *value = json_member(list, names[member]);
    struct str word;

    if (value == NULL || json_is(value, JSON_NULL))
        return;
    if (kind == ACL_SMS && r->place->voice_alone)
        refuse(r, ERR_INVALID_VALUE, names[member],
               STR("Trunks and their groups carry calls alone, so this is null"));
    else if (!json_string(value, &word))
        refuse(r, ERR_WRONG_TYPE, names[member], messages[kind]);
    else if (!acl_action_parse(kind, word, out))
        refuse(r, ERR_INVALID_VALUE, names[member], messages[kind]);
}

/* ---- the whole ---- */

static void read_list(struct reading *r, const struct json_value *list, struct acl_list *out)
{
    *out = (struct acl_list){.direction = ACL_ANY_DIRECTION};
    if (!json_is(list, JSON_OBJECT))
        return refuse(r, ERR_WRONG_TYPE, STR_NONE, STR("An object is taken"));
    read_rules_member(r, json_member(list, names[RULES]), out);
    read_direction(r, json_member(list, names[DIRECTION]), &out->direction);
    read_action(r, list, SMS_FALSE, &out->sms_false);
    read_action(r, list, SMS_TRUE, &out->sms_true);
    read_action(r, list, VOICE_FALSE, &out->voice_false);
    read_action(r, list, VOICE_TRUE, &out->voice_true);
    const struct json_value *unknown = json_find_unknown(list, names, MEMBERS);
    if (unknown != NULL)
        refuse(r, ERR_UNKNOWN_FIELD, json_key(unknown), STR_NONE);
}

static struct result write_lists(struct arena *arena, const struct acl_list *lists, size_t count,
                                 struct str *out)
{
    size_t bytes = 2;
    struct json_writer w;
    struct buf text;

    for (size_t i = 0; i < count; i++)
        bytes += LIST_TEXT_MAX + lists[i].rule_count * RULE_TEXT_MAX;
    buf_init_arena(&text, arena, bytes, ACL_VALUE_MAX);
    json_writer_init(&w, &text);
    json_write_array_begin(&w);
    for (size_t i = 0; i < count; i++)
        acl_list_write(&lists[i], &w);
    json_write_array_end(&w);
    *out = buf_view(&text);
    return text.failed ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

struct result acl_value_read(struct exchange *x, const struct acl_value_place *place,
                             const struct json_value *value, struct field_errors *errors,
                             struct str *out)
{
    struct reading r = {.x = x, .place = place, .errors = errors};
    size_t before = errors->count;

    if (!json_is(value, JSON_ARRAY))
        refuse_all(&r, ERR_WRONG_TYPE, STR("An array of access control lists is taken"));
    else if (json_count(value) > ACL_LISTS_MAX)
        refuse_all(&r, ERR_INVALID_VALUE, STR("At most 64 lists are taken"));
    if (errors->count > before)
        return RESULT_OK;
    struct acl_list *lists = arena_array(&x->arena, json_count(value), sizeof(*lists));
    if (lists == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (const struct json_value *v = json_first(value); v != NULL; v = json_next(v), r.list++)
        read_list(&r, v, &lists[r.list]);
    if (r.rules > ACL_RULES_MAX)
        refuse_all(&r, ERR_INVALID_VALUE, STR("The lists name at most 1200 rules together"));
    if (r.lacks_memory)
        return FAULT(ERR_FAULT_MEMORY);
    return errors->count > before ? RESULT_OK : write_lists(&x->arena, lists, r.list, out);
}

void acl_value_write(struct str text, struct json_writer *w)
{
    json_write_raw(w, text.len > 0 ? text : STR("[]"));
}

/* Of a text that was stored: how many lists it has. Their strings hold no braces. */
static int64_t count_lists(struct str text)
{
    int64_t count = 0;

    for (size_t i = 0; i < text.len; i++)
        count += text.ptr[i] == '{';
    return count;
}

void acl_value_write_record(struct str text, struct json_writer *w)
{
    char hex[2 * DIGEST256];
    struct buf b;

    if (text.len <= RECORD_WHOLE_MAX)
        return acl_value_write(text, w);
    struct digest256 digest = digest_sha256(text);
    buf_init_fixed(&b, hex, sizeof(hex));
    buf_hex(&b, digest.bytes, sizeof(digest.bytes));
    json_write_object_begin(w);
    json_write_member_int(w, STR("lists"), count_lists(text));
    json_write_member_string(w, STR("sha256"), buf_view(&b));
    json_write_object_end(w);
}

/* ---- a rule that goes ---- */

/* The list with the rest of its rules. */
static RESULT leave_out(struct arena *arena, const struct acl_list *list,
                        const struct sid *rule_sid, struct acl_list *out)
{
    struct sid *rest = arena_array(arena, list->rule_count, sizeof(*rest));

    if (rest == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *out = *list;
    out->rules = rest;
    out->rule_count = 0;
    for (size_t i = 0; i < list->rule_count; i++)
        if (!sid_eq(&list->rules[i], rule_sid))
            rest[out->rule_count++] = list->rules[i];
    return RESULT_OK;
}

struct result acl_value_without(struct arena *arena, const struct acl_list *lists, size_t count,
                                const struct sid *rule_sid, struct str *out)
{
    struct acl_list *left = arena_array(arena, count, sizeof(*left));

    if (left == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < count; i++)
        TRY(leave_out(arena, &lists[i], rule_sid, &left[i]));
    return write_lists(arena, left, count, out);
}
