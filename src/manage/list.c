#include "manage/list.h"

#include "manage/list_filter.h"

/* The parameters of lists, as they stand in the query string. */
struct parameters {
    struct str limit, offset, after, before, order, filter, include_fields, exclude_fields,
        with_related, status;
};

static void find_parameters(const struct form *form, bool with_status, struct field_errors *errors,
                            struct parameters *out)
{
    const struct {
        struct str name;
        struct str *out;
    } wanted[] = {
        {STR("limit"), &out->limit},
        {STR("offset"), &out->offset},
        {STR("after"), &out->after},
        {STR("before"), &out->before},
        {STR("order"), &out->order},
        {STR("filter"), &out->filter},
        {STR("include_fields"), &out->include_fields},
        {STR("exclude_fields"), &out->exclude_fields},
        {STR("with_related"), &out->with_related},
        {STR("status"), &out->status},
    };
    size_t count = sizeof(wanted) / sizeof(wanted[0]) - !with_status; /* status is the last */

    for (size_t i = 0; i < count; i++) {
        enum err err = form_get(form, wanted[i].name, wanted[i].out);
        if (err != ERR_NONE)
            field_errors_add(errors, err, wanted[i].name, STR_NONE);
    }
}

static enum err parse(struct str query, bool with_status, struct arena *arena,
                      struct field_errors *errors, struct parameters *out)
{
    struct form form;
    enum err err = form_parse(query, arena, &form);

    *out = (struct parameters){.limit = STR_NONE};
    if (err == ERR_FAULT_MEMORY)
        return err;
    if (err == ERR_NONE)
        find_parameters(&form, with_status, errors, out);
    else
        field_errors_add(errors, ERR_INVALID_REQUEST, STR_NONE,
                         STR("The query string is not made of name=value pairs, percent-encoded"));
    return ERR_NONE;
}

static void read_limit(struct str text, struct field_errors *errors, struct list_query *out)
{
    uint64_t limit = LIST_LIMIT_DEFAULT;

    if (text.ptr != NULL && (!str_to_u64(text, LIST_LIMIT_MAX, &limit) || limit == 0))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("limit"),
                         STR("A whole number from 1 to 1000 is taken"));
    out->limit = (unsigned)limit;
}

static void read_offset(struct str text, struct field_errors *errors, struct list_query *out)
{
    if (text.ptr != NULL && !str_to_u64(text, INT64_MAX, &out->offset))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("offset"),
                         STR("A whole number from 0 is taken"));
    out->by_offset = text.ptr != NULL;
}

/* SPEC 5: a cursor goes with the default order alone, and one with no other way of paging. */
static void read_cursor(const struct parameters *p, struct field_errors *errors,
                        struct list_query *out)
{
    bool is_after = p->after.ptr != NULL;
    struct str name = is_after ? STR("after") : STR("before");
    struct str text = is_after ? p->after : p->before;

    if (text.ptr == NULL)
        return;
    out->from = is_after ? LIST_AFTER : LIST_BEFORE;
    if (!list_value_is_clean(text) ||
        !attribute_parse(out->kind->attributes[out->kind->key].type, text, &out->cursor))
        field_errors_add(errors, ERR_INVALID_VALUE, name,
                         STR("The key of an item of this list is taken"));
    if (is_after && p->before.ptr != NULL)
        field_errors_add(errors, ERR_INVALID_VALUE, STR("before"),
                         STR("after and before do not go together"));
    if (p->offset.ptr != NULL)
        field_errors_add(errors, ERR_INVALID_VALUE, STR("offset"),
                         STR("offset does not go together with after or before"));
    if (out->order != out->kind->key || (out->descending && !out->kind->cursor_descends))
        field_errors_add(errors, ERR_INVALID_VALUE, STR("order"),
                         STR("after and before go with the default order alone"));
}

static void read_status(struct str text, struct field_errors *errors, struct list_query *out)
{
    static const struct str names[] = {
        [LIST_ACTIVE] = STR_INIT("active"),
        [LIST_REVOKED] = STR_INIT("revoked"),
        [LIST_EXPIRED] = STR_INIT("expired"),
        [LIST_ALL] = STR_INIT("all"),
    };

    out->status = LIST_ACTIVE;
    if (text.ptr == NULL)
        return;
    for (unsigned i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (str_eq(names[i], text)) {
            out->status = (enum list_status)i;
            return;
        }
    field_errors_add(errors, ERR_INVALID_VALUE, STR("status"),
                     STR("active, revoked, expired or all is taken"));
}

enum err list_query_parse(struct str query, const struct object_kind *kind, struct arena *arena,
                          struct field_errors *errors, struct list_query *out)
{
    struct parameters p;
    enum err err = parse(query, kind->has_status, arena, errors, &p);

    *out = (struct list_query){.kind = kind, .order = kind->key};
    if (err == ERR_NONE && p.order.ptr != NULL)
        err = list_order_read(p.order, arena, errors, out);
    if (err == ERR_NONE && p.filter.ptr != NULL)
        err = list_filter_read(p.filter, arena, errors, out);
    if (err != ERR_NONE)
        return err;
    read_limit(p.limit, errors, out);
    read_offset(p.offset, errors, out);
    read_cursor(&p, errors, out);
    read_status(p.status, errors, out);
    object_fields_read(kind, p.include_fields, p.exclude_fields, p.with_related, errors,
                       &out->fields);
    out->by_offset =
        out->by_offset || out->order != kind->key || (out->descending && !kind->cursor_descends);
    return ERR_NONE;
}

static enum step_result finish(struct exchange *x, enum err err, const struct field_errors *errors)
{
    if (err != ERR_NONE)
        return exchange_fault(x, FAULT(err));
    return errors->count == 0 ? STEP_NEXT : exchange_refuse_fields(x, errors);
}

enum step_result list_query_read(struct exchange *x, const struct object_kind *kind,
                                 struct list_query *out)
{
    struct field_errors errors = {.count = 0};
    enum err err = list_query_parse(x->request.query, kind, &x->arena, &errors, out);

    return finish(x, err, &errors);
}

enum step_result list_fields_read(struct exchange *x, const struct object_kind *kind,
                                  struct object_fields *out)
{
    struct field_errors errors = {.count = 0};
    struct parameters p;
    enum err err = parse(x->request.query, false, &x->arena, &errors, &p);

    if (err == ERR_NONE)
        object_fields_read(kind, p.include_fields, p.exclude_fields, p.with_related, &errors, out);
    return finish(x, err, &errors);
}
