/* GET /core/v2/scopes and /core/v2/scopes/{value}: the catalogue, for whoever has a token of ours.
 * It is the same for all and no secret; still it stands behind a token, as all of /core/v2 does.
 *
 * A value is addressed by its name. A number serves where just one value carries it: the source
 * prints 74 on five, and then it names none (SPEC 2). */
#include "exchange/caller.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/list_rows.h"
#include "manage/path.h"
#include "manage/scope_names.h"
#include "scope/parse.h"

enum scope_attribute {
    SCOPE_VALUE,
    SCOPE_ID,
    SCOPE_TABLE,
    SCOPE_CATEGORY,
    SCOPE_TITLE,
    SCOPE_DESCRIPTION,
    SCOPE_RESTRICTED,
    SCOPE_DEFAULT,
    SCOPE_IMPLIES,
    SCOPE_IMPLIED_BY,
    SCOPE_ATTRIBUTES
};

static const struct attribute attributes[SCOPE_ATTRIBUTES] = {
    [SCOPE_VALUE] = {STR_INIT("value"), ATTRIBUTE_TEXT, .indexed = true},
    [SCOPE_ID] = {STR_INIT("id"), ATTRIBUTE_INT, .indexed = true},
    [SCOPE_TABLE] = {STR_INIT("table"), ATTRIBUTE_TEXT, .indexed = true},
    [SCOPE_CATEGORY] = {STR_INIT("category"), ATTRIBUTE_TEXT, .indexed = true},
    [SCOPE_TITLE] = {STR_INIT("title"), ATTRIBUTE_TEXT, .indexed = true},
    [SCOPE_DESCRIPTION] = {STR_INIT("description"), ATTRIBUTE_TEXT},
    [SCOPE_RESTRICTED] = {STR_INIT("restricted"), ATTRIBUTE_BOOL, .indexed = true},
    [SCOPE_DEFAULT] = {STR_INIT("default"), ATTRIBUTE_BOOL, .indexed = true},
    [SCOPE_IMPLIES] = {STR_INIT("implies"), ATTRIBUTE_OTHER},
    [SCOPE_IMPLIED_BY] = {STR_INIT("implied_by"), ATTRIBUTE_OTHER},
};

static const struct object_kind scope_kind = {attributes, SCOPE_ATTRIBUTES, .key = SCOPE_VALUE};

/* What one answer looks at. */
struct scopes_view {
    const struct scope_catalogue *catalogue;
    struct scope_set closures[LIMIT_SCOPES]; /* by rank, each without the value itself */
    struct list_selection selection;
};

struct scopes_state {
    struct caller_state caller; /* first */
};

static struct scopes_view *view_new(struct exchange *x)
{
    struct scopes_view *view = arena_alloc(&x->arena, sizeof(*view));

    if (view == NULL)
        return NULL;
    view->catalogue = x->snapshot->catalogue;
    for (size_t rank = 0; rank < catalogue_count(view->catalogue); rank++) {
        const struct scope_value *value = catalogue_at(view->catalogue, rank);
        struct scope_set one = SCOPE_SET_EMPTY;

        scope_set_add(&one, value->bit);
        view->closures[rank] = scope_closure(view->catalogue, &one);
        scope_set_remove(&view->closures[rank], value->bit);
    }
    return view;
}

static struct scope_set implied_by(const struct scopes_view *view, const struct scope_value *value)
{
    struct scope_set out = SCOPE_SET_EMPTY;

    for (size_t rank = 0; rank < catalogue_count(view->catalogue); rank++)
        if (scope_set_has(&view->closures[rank], value->bit))
            scope_set_add(&out, catalogue_at(view->catalogue, rank)->bit);
    return out;
}

static void write_attribute(const struct scopes_view *view, const struct scope_value *value,
                            enum scope_attribute attribute, struct json_writer *w)
{
    struct scope_set implied;

    switch (attribute) {
    case SCOPE_VALUE:
        return json_write_string(w, value->name);
    case SCOPE_ID:
        return value->id < 0 ? json_write_null(w) : json_write_int(w, value->id);
    case SCOPE_TABLE:
        return json_write_string(w, value->table);
    case SCOPE_CATEGORY:
        return json_write_string(w, value->category);
    case SCOPE_TITLE:
        return json_write_string(w, value->title);
    case SCOPE_DESCRIPTION:
        return json_write_string(w, value->description);
    case SCOPE_RESTRICTED:
        return json_write_bool(w, value->restricted);
    case SCOPE_DEFAULT:
        return json_write_bool(w, value->by_default);
    case SCOPE_IMPLIES:
        return manage_scopes_write(view->catalogue, &view->closures[value->rank], w);
    case SCOPE_IMPLIED_BY:
        implied = implied_by(view, value);
        return manage_scopes_write(view->catalogue, &implied, w);
    case SCOPE_ATTRIBUTES:
        break;
    }
}

/* ---- the list ---- */

static void row_value(const void *context, size_t row, unsigned attribute,
                      struct attribute_value *out)
{
    const struct scope_value *value = catalogue_at(context, row);

    switch ((enum scope_attribute)attribute) {
    case SCOPE_VALUE:
        out->text = value->name;
        break;
    case SCOPE_ID:
        out->absent = value->id < 0;
        out->number = value->id;
        break;
    case SCOPE_TABLE:
        out->text = value->table;
        break;
    case SCOPE_CATEGORY:
        out->text = value->category;
        break;
    case SCOPE_TITLE:
        out->text = value->title;
        break;
    case SCOPE_RESTRICTED:
        out->number = value->restricted;
        break;
    case SCOPE_DEFAULT:
        out->number = value->by_default;
        break;
    case SCOPE_DESCRIPTION: /* not indexed, so never asked for */
    case SCOPE_IMPLIES:
    case SCOPE_IMPLIED_BY:
    case SCOPE_ATTRIBUTES:
        break;
    }
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct scopes_view *view = context;
    write_attribute(view, catalogue_at(view->catalogue, view->selection.rows[item]),
                    (enum scope_attribute)attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct scopes_view *view = context;
    row_value(view->catalogue, view->selection.rows[item], SCOPE_VALUE, out);
}

static enum step_result list_scopes(struct exchange *x)
{
    struct scopes_view *view = view_new(x);
    struct list_query query;

    if (view == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (list_query_read(x, &scope_kind, &query) == STEP_DONE)
        return STEP_DONE;
    const struct list_rows rows = {catalogue_count(view->catalogue), view->catalogue, row_value};
    struct result selected = list_rows_select(&query, &rows, &x->arena, &view->selection);
    if (!result_ok(selected))
        return exchange_fault(x, selected);
    const struct list_page page = {
        .count = view->selection.count,
        .has_more = view->selection.has_more,
        .total = (int64_t)view->selection.total,
        .context = view,
        .write = write_item,
        .key = item_key,
    };
    return list_page_reply(x, &query, &page);
}

/* ---- one value ---- */

static enum step_result refuse_ambiguous(struct exchange *x, const struct scope_set *found)
{
    struct buf message;

    buf_init_arena(&message, &x->arena, 256, LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) + 64);
    buf_cstr(&message, "This id names several scopes; ask for one of: ");
    scope_format(x->snapshot->catalogue, found, &message);
    if (message.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_refuse_field(x, ERR_CONFLICT, STR("value"), buf_view(&message));
}

struct one {
    const struct scopes_view *view;
    const struct scope_value *value;
};

static void write_one(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct one *one = object;
    write_attribute(one->view, one->value, (enum scope_attribute)attribute, w);
}

static enum step_result reply_one(struct exchange *x, const struct scope_value *value)
{
    struct one one = {view_new(x), value};
    struct object_fields fields;

    if (one.view == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (list_fields_read(x, &scope_kind, &fields) == STEP_DONE)
        return STEP_DONE;
    return object_reply(x, &scope_kind, &fields, write_one, &one, 0);
}

static enum step_result show_scope(struct exchange *x)
{
    const struct scope_catalogue *catalogue = x->snapshot->catalogue;
    struct scope_set found;
    struct str asked;
    uint64_t id;

    enum path_found read = path_text(x, 0, &asked);
    if (read != PATH_FOUND)
        return path_refuse(x, read);
    const struct scope_value *value = catalogue_find(catalogue, asked);
    if (value == NULL && str_to_u64(asked, INT64_MAX, &id)) {
        unsigned count = catalogue_find_id(catalogue, (int64_t)id, &found);
        if (count > 1)
            return refuse_ambiguous(x, &found);
        value = count == 1 ? catalogue_value(catalogue, scope_set_next(&found, 0)) : NULL;
    }
    if (value == NULL)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return reply_one(x, value);
}

const struct endpoint manage_scopes = {
    .name = "scopes",
    .state_size = sizeof(struct scopes_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, list_scopes},
};
const struct endpoint manage_scope = {
    .name = "scope",
    .state_size = sizeof(struct scopes_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, show_scope},
};
