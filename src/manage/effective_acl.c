/* GET /core/v2/accesscontrol/effective_acl/calls and .../sms: which access control lists act on a
 * partner, a trunk group or a trunk, from the topmost object down. One page holds them all, and is
 * made of the snapshot alone. */
#include "acl/lists.h"
#include "manage/acl_target.h"
#include "manage/endpoints.h"
#include "manage/object.h"
#include "manage/require.h"

enum { ENVELOPE_MAX = 256, LAYER_MAX = 64, LIST_MAX = 256, RULE_MAX = SID_TEXT + 3 };

enum { EFFECTIVE_ACLS, EFFECTIVE_LAYER, EFFECTIVE_ATTRIBUTES };

static const struct attribute attributes[EFFECTIVE_ATTRIBUTES] = {
    [EFFECTIVE_ACLS] = {STR_INIT("effective_acls"), ATTRIBUTE_OTHER},
    [EFFECTIVE_LAYER] = {STR_INIT("layer"), ATTRIBUTE_INT},
};

static const struct object_kind kind_of_item = {attributes, EFFECTIVE_ATTRIBUTES,
                                                .key = EFFECTIVE_LAYER};

struct look_up {
    enum acl_kind kind;
    enum acl_direction direction; /* any: all lists */
    struct acl_target_names names;
    struct object_fields fields;
};

/* ---- the query ---- */

static void read_direction(struct str word, struct field_errors *errors, enum acl_direction *out)
{
    *out = ACL_ANY_DIRECTION;
    if (word.ptr != NULL && !acl_direction_parse(word, out))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("direction"),
                         STR("any, inbound, outbound or undirected is taken"));
}

static void read_parameters(const struct form *form, struct field_errors *errors,
                            struct look_up *out)
{
    struct str direction = STR_NONE, include = STR_NONE, exclude = STR_NONE;
    const struct {
        struct str name;
        struct str *out;
    } wanted[] = {
        {STR("direction"), &direction},
        {STR("include_fields"), &include},
        {STR("exclude_fields"), &exclude},
        {STR("partner_sid"), &out->names.partner_sid},
        {STR("trunk_group_sid"), &out->names.trunk_group_sid},
        {STR("trunk_sid"), &out->names.trunk_sid},
    };
    const size_t all = sizeof(wanted) / sizeof(wanted[0]);
    size_t count = out->kind == ACL_CALL ? all : all - 2; /* messages go through no trunks */

    for (size_t i = 0; i < count; i++) {
        enum err err = form_get(form, wanted[i].name, wanted[i].out);
        if (err != ERR_NONE)
            field_errors_add(errors, err, wanted[i].name, STR_NONE);
    }
    for (size_t p = 0; p < form->count; p++) {
        bool known = false;
        for (size_t i = 0; i < count; i++)
            known |= str_eq(form->pairs[p].name, wanted[i].name);
        if (!known)
            field_errors_add(errors, ERR_UNKNOWN_FIELD, form->pairs[p].name,
                             STR("This look-up takes no such argument"));
    }
    read_direction(direction, errors, &out->direction);
    object_fields_read(&kind_of_item, include, exclude, STR_NONE, errors, &out->fields);
}

static enum step_result read_query(struct exchange *x, struct look_up *out)
{
    struct field_errors *errors = arena_zalloc(&x->arena, sizeof(*errors));
    struct form form;

    if (errors == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    enum err err = form_parse(x->request.query, &x->arena, &form);
    if (err == ERR_FAULT_MEMORY)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(
            x, ERR_INVALID_REQUEST,
            STR("The query string is not made of name=value pairs, percent-encoded"));
    read_parameters(&form, errors, out);
    return errors->count > 0 ? exchange_refuse_fields(x, errors) : STEP_NEXT;
}

/* ---- the answer ---- */

static bool is_shown(const struct look_up *look_up, const struct acl_list *list)
{
    return look_up->direction == ACL_ANY_DIRECTION ||
           acl_direction_meets(list->direction, look_up->direction);
}

/* One layer of the answer; of an object that has no list of the direction there is none. */
struct item {
    const struct look_up *look_up;
    const struct acl_layer *lists;
    int64_t layer;
};

static bool has_shown(const struct look_up *look_up, const struct acl_layer *lists)
{
    for (size_t i = 0; i < lists->list_count; i++)
        if (is_shown(look_up, &lists->lists[i]))
            return true;
    return false;
}

static void write_attribute(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct item *item = object;

    if (attribute == EFFECTIVE_LAYER)
        return json_write_int(w, item->layer);
    json_write_array_begin(w);
    for (size_t i = 0; i < item->lists->list_count; i++)
        if (is_shown(item->look_up, &item->lists->lists[i]))
            acl_list_write(&item->lists->lists[i], w);
    json_write_array_end(w);
}

static void write_items(const struct look_up *look_up, const struct acl_chain *chain,
                        struct json_writer *w)
{
    int64_t layer = 0;

    json_write_array_begin(w);
    for (size_t i = 0; i < chain->count; i++) {
        if (!has_shown(look_up, &chain->layers[i]))
            continue;
        struct item item = {look_up, &chain->layers[i], ++layer};
        object_write(w, &kind_of_item, &look_up->fields, write_attribute, &item);
    }
    json_write_array_end(w);
}

static int64_t count_items(const struct look_up *look_up, const struct acl_chain *chain)
{
    int64_t count = 0;

    for (size_t i = 0; i < chain->count; i++)
        count += has_shown(look_up, &chain->layers[i]);
    return count;
}

/* At most: so that the answer is one piece of memory. */
static size_t answer_size(const struct acl_chain *chain)
{
    size_t size = ENVELOPE_MAX;

    for (size_t i = 0; i < chain->count; i++) {
        size += LAYER_MAX + chain->layers[i].list_count * LIST_MAX;
        for (size_t l = 0; l < chain->layers[i].list_count; l++)
            size += chain->layers[i].lists[l].rule_count * RULE_MAX;
    }
    return size;
}

static enum step_result reply(struct exchange *x, const struct look_up *look_up,
                              const struct acl_chain *chain)
{
    size_t size = answer_size(chain);
    int64_t count = count_items(look_up, chain);
    struct json_writer w;
    struct buf body;

    if (exchange_claim(x, size) == STEP_DONE)
        return STEP_DONE;
    exchange_widen_arena(x);
    buf_init_arena(&body, &x->arena, size, size);
    json_writer_init(&w, &body);
    json_write_object_begin(&w);
    json_write_member_int(&w, STR("count"), count);
    json_write_member_bool(&w, STR("has_more"), false);
    json_write_key(&w, STR("items"));
    write_items(look_up, chain, &w);
    json_write_member_int(&w, STR("limit"), count);
    json_write_member_int(&w, STR("offset"), 0);
    json_write_key(&w, STR("pagination"));
    json_write_object_begin(&w);
    json_write_object_end(&w);
    json_write_member_int(&w, STR("total"), count);
    json_write_object_end(&w);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, 200, buf_view(&body));
}

static enum step_result look_up(struct exchange *x, enum acl_kind kind)
{
    const struct caller *caller = &((const struct caller_state *)x->state)->caller;
    struct look_up look_up = {.kind = kind};
    struct acl_target target;
    struct acl_chain chain;

    if (manage_require(x, caller, &effective_acl_to_read) == STEP_DONE ||
        read_query(x, &look_up) == STEP_DONE)
        return STEP_DONE;
    const char *unknown = acl_target_find(x->snapshot, caller, &look_up.names, &target);
    if (unknown != NULL)
        return exchange_refuse_field(x, ERR_NOT_FOUND, str_from(unknown),
                                     STR("There is no such object"));
    acl_chain_make(x->snapshot, &target, kind, &chain);
    return reply(x, &look_up, &chain);
}

static enum step_result look_up_calls(struct exchange *x)
{
    return look_up(x, ACL_CALL);
}

static enum step_result look_up_sms(struct exchange *x)
{
    return look_up(x, ACL_SMS);
}

const struct endpoint manage_effective_acl_calls = {
    .name = "effective_acl_calls",
    .state_size = sizeof(struct caller_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, look_up_calls},
};
const struct endpoint manage_effective_acl_sms = {
    .name = "effective_acl_sms",
    .state_size = sizeof(struct caller_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, look_up_sms},
};
