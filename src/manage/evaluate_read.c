/* The body of an evaluation: {"call": {...}} or {"message": {...}} with whom it is about, or
 * {"items": [...]} of such. */
#include "manage/evaluate.h"

#include "core/limits.h"
#include "manage/body.h"

enum { NAME_SHOWN = 32, FIELD_MAX = 96, VALUES_MAX = 4 };

static_assert(EVALUATE_ITEMS * LIMIT_ACL_VALUE < LIMIT_BODY_BATCH, "a full batch of messages");

struct reading {
    struct exchange *x;
    const struct caller *caller;
    struct field_errors *errors;
    bool is_batch;
    size_t item; /* that is looked at */
};

/* What a subject of each kind has, in the order of the page. */
static const struct subject_kind {
    struct str name;
    struct {
        struct str name;
        enum acl_field field;
    } values[VALUES_MAX];
    size_t value_count;
} kinds[] = {
    [ACL_CALL] = {STR_INIT("call"),
                  {{STR_INIT("calling"), ACL_CALLING}, {STR_INIT("called"), ACL_CALLED}},
                  2},
    [ACL_SMS] = {STR_INIT("message"),
                 {{STR_INIT("from"), ACL_FROM},
                  {STR_INIT("to"), ACL_TO},
                  {STR_INIT("message"), ACL_MESSAGE}},
                 3},
};

static void put_name(struct str name, struct buf *out)
{
    if (out->len > 0 && name.len > 0)
        buf_char(out, '.');
    buf_str(out, str_slice(name, 0, name.len < NAME_SHOWN ? name.len : NAME_SHOWN));
}

struct str evaluate_field(struct exchange *x, bool is_batch, size_t item, struct str of,
                          struct str member)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, FIELD_MAX, FIELD_MAX);
    if (is_batch) {
        buf_cstr(&b, "items[");
        buf_u64(&b, item);
        buf_char(&b, ']');
    }
    put_name(of, &b);
    put_name(member, &b);
    return b.failed ? STR_NONE : buf_view(&b);
}

/* of: the subject that the member stands in; empty: the item itself. */
static void refuse(struct reading *r, enum err code, struct str of, struct str member,
                   const char *message)
{
    field_errors_add(r->errors, code, evaluate_field(r->x, r->is_batch, r->item, of, member),
                     str_from(message));
}

/* ---- a call or a message ---- */

static void read_value(struct reading *r, const struct subject_kind *kind,
                       const struct json_value *object, size_t which, struct str *out)
{
    struct str name = kind->values[which].name;
    const struct json_value *value = json_member(object, name);

    *out = STR_NONE;
    if (value == NULL)
        refuse(r, ERR_MISSING_FIELD, kind->name, name, "");
    else if (json_is(value, JSON_NULL))
        return; /* it has none: a caller who withholds the number */
    else if (!json_string(value, out))
        refuse(r, ERR_WRONG_TYPE, kind->name, name, "A string or null is taken");
    else if (out->len > LIMIT_ACL_VALUE)
        refuse(r, ERR_INVALID_VALUE, kind->name, name, "At most 8192 bytes are taken");
}

/* A call has a direction; "any" is for lists. */
static void read_direction(struct reading *r, const struct subject_kind *kind,
                           const struct json_value *object, enum acl_direction *out)
{
    const struct json_value *value = json_member(object, STR("direction"));
    struct str word;

    if (value == NULL)
        refuse(r, ERR_MISSING_FIELD, kind->name, STR("direction"), "");
    else if (!json_string(value, &word))
        refuse(r, ERR_WRONG_TYPE, kind->name, STR("direction"), "A string is taken");
    else if (!acl_direction_parse(word, out) || *out == ACL_ANY_DIRECTION)
        refuse(r, ERR_INVALID_VALUE, kind->name, STR("direction"),
               "inbound, outbound or undirected is taken");
}

static void read_subject(struct reading *r, enum acl_kind which, const struct json_value *object,
                         struct acl_subject *out)
{
    const struct subject_kind *kind = &kinds[which];
    struct str known[VALUES_MAX + 1] = {STR_INIT("direction")};

    *out = (struct acl_subject){.kind = which};
    if (!json_is(object, JSON_OBJECT))
        return refuse(r, ERR_WRONG_TYPE, kind->name, STR_NONE, "An object is taken");
    for (size_t i = 0; i < kind->value_count; i++) {
        known[i + 1] = kind->values[i].name;
        read_value(r, kind, object, i, &out->values[kind->values[i].field]);
    }
    read_direction(r, kind, object, &out->direction);
    const struct json_value *unknown = json_find_unknown(object, known, kind->value_count + 1);
    if (unknown != NULL)
        refuse(r, ERR_UNKNOWN_FIELD, kind->name, json_key(unknown), "");
}

/* ---- whom it is about ---- */

static struct str read_name(struct reading *r, const struct json_value *item, struct str member)
{
    const struct json_value *value = json_member(item, member);
    struct str text = STR_NONE;

    if (value != NULL && !json_is(value, JSON_NULL) && !json_string(value, &text))
        refuse(r, ERR_WRONG_TYPE, STR_NONE, member, "A string is taken");
    return text;
}

static void read_target(struct reading *r, const struct json_value *object, enum acl_kind kind,
                        struct acl_target *out)
{
    struct acl_target_names names = {
        .partner_sid = read_name(r, object, STR("partner_sid")),
        .trunk_group_sid = read_name(r, object, STR("trunk_group_sid")),
        .trunk_sid = read_name(r, object, STR("trunk_sid")),
    };
    bool of_group = names.trunk_sid.ptr == NULL;

    if (kind == ACL_SMS && (!of_group || names.trunk_group_sid.ptr != NULL))
        return refuse(r, ERR_INVALID_VALUE, STR_NONE,
                      of_group ? STR("trunk_group_sid") : STR("trunk_sid"),
                      "Messages go through no trunks");
    const char *wrong = acl_target_find(r->x->snapshot, r->caller, &names, out);
    if (wrong != NULL)
        refuse(r, ERR_NOT_FOUND, STR_NONE, str_from(wrong), "There is no such object");
}

/* ---- the whole ---- */

static void read_item(struct reading *r, const struct json_value *object, struct evaluate_item *out)
{
    static const struct str known[] = {STR_INIT("call"), STR_INIT("message"),
                                       STR_INIT("partner_sid"), STR_INIT("trunk_group_sid"),
                                       STR_INIT("trunk_sid")};
    const struct json_value *call = json_member(object, STR("call"));
    const struct json_value *message = json_member(object, STR("message"));
    enum acl_kind kind = message == NULL ? ACL_CALL : ACL_SMS;

    if (!json_is(object, JSON_OBJECT))
        return refuse(r, ERR_WRONG_TYPE, STR_NONE, STR_NONE, "Each item is an object");
    const struct json_value *unknown =
        json_find_unknown(object, known, sizeof(known) / sizeof(known[0]));
    if (unknown != NULL)
        refuse(r, ERR_UNKNOWN_FIELD, STR_NONE, json_key(unknown), "");
    if (call == NULL && message == NULL)
        return refuse(r, ERR_MISSING_FIELD, STR_NONE, STR("call"), "A call or a message is needed");
    if (call != NULL && message != NULL)
        return refuse(r, ERR_INVALID_VALUE, STR_NONE, STR("message"),
                      "A call and a message do not go together");
    read_subject(r, kind, call != NULL ? call : message, &out->subject);
    read_target(r, object, kind, &out->target);
}

static enum step_result make_room(struct exchange *x, size_t count, struct evaluate_questions *out)
{
    out->items = arena_array(&x->arena, count, sizeof(*out->items));
    return out->items == NULL ? exchange_fault(x, FAULT(ERR_FAULT_MEMORY)) : STEP_NEXT;
}

static enum step_result read_batch(struct reading *r, const struct json_value *body,
                                   struct evaluate_questions *out)
{
    static const struct str known[] = {STR_INIT("items")};
    const struct json_value *items = json_member(body, STR("items"));
    const struct json_value *unknown = json_find_unknown(body, known, 1);
    size_t count = json_count(items);

    if (unknown != NULL)
        return exchange_refuse_field(r->x, ERR_UNKNOWN_FIELD, json_key(unknown),
                                     STR("With items nothing else is taken"));
    if (!json_is(items, JSON_ARRAY))
        return exchange_refuse_field(r->x, ERR_WRONG_TYPE, STR("items"), STR("An array is taken"));
    if (count == 0 || count > EVALUATE_ITEMS)
        return exchange_refuse_field(r->x, ERR_INVALID_VALUE, STR("items"),
                                     STR("1 to 100 items are taken"));
    if (make_room(r->x, count, out) == STEP_DONE)
        return STEP_DONE;
    out->is_batch = r->is_batch = true;
    for (const struct json_value *v = json_first(items); v != NULL; v = json_next(v), r->item++)
        read_item(r, v, &out->items[out->count++]);
    return STEP_NEXT;
}

enum step_result evaluate_read(struct exchange *x, const struct caller *caller,
                               struct evaluate_questions *out)
{
    const struct json_value *body;
    struct reading r = {.x = x, .caller = caller};

    exchange_widen_arena(x);
    r.errors = arena_zalloc(&x->arena, sizeof(*r.errors));
    if (r.errors == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (body_parse(x, &body) == STEP_DONE)
        return STEP_DONE;
    if (json_member(body, STR("items")) != NULL) {
        if (read_batch(&r, body, out) == STEP_DONE)
            return STEP_DONE;
    } else {
        if (make_room(x, 1, out) == STEP_DONE)
            return STEP_DONE;
        out->count = 1;
        read_item(&r, body, &out->items[0]);
    }
    return r.errors->count > 0 ? exchange_refuse_fields(x, r.errors) : STEP_NEXT;
}
