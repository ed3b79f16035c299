/* /core/v2/applications/{client_id}/secrets: which secrets an application has, another one, one
 * less (SPEC 3). A secret is shown once, in the answer that makes it; what is kept is a digest
 * (P5). Two may be live at a time, so that a client changes from one to the next without a gap:
 *
 *   POST {"overlap_s": N}   those before end in N seconds, 0 at once; absent, they stay
 *
 * A third live one is 409; the store's writer counts, so parallel requests make no third. */
#include "client/registration.h"
#include "exchange/snapshot.h"
#include "manage/applications.h"
#include "manage/endpoints.h"
#include "manage/list_page.h"
#include "manage/list_rows.h"
#include "manage/path.h"
#include "manage/write.h"

enum { OVERLAP_MAX_S = 366 * 24 * 3600, DETAIL_MAX = 256 };

enum secret_attribute {
    SECRET_ID,
    SECRET_DATE_CREATED,
    SECRET_DATE_EXPIRATION,
    SECRET_DATE_LAST_USED,
    SECRET_ATTRIBUTES,
    SECRET_TEXT_ONCE = SECRET_ATTRIBUTES, /* in the answer that makes it */
    SECRET_ATTRIBUTES_CREATED
};

static const struct attribute attributes[SECRET_ATTRIBUTES_CREATED] = {
    [SECRET_ID] = {STR_INIT("secret_id"), ATTRIBUTE_SID, .indexed = true},
    [SECRET_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [SECRET_DATE_EXPIRATION] = {STR_INIT("date_expiration"), ATTRIBUTE_TIME, .indexed = true},
    [SECRET_DATE_LAST_USED] = {STR_INIT("date_last_used"), ATTRIBUTE_TIME, .indexed = true},
    [SECRET_TEXT_ONCE] = {STR_INIT("client_secret"), ATTRIBUTE_TEXT},
};

static const struct object_kind secret_kind = {attributes, SECRET_ATTRIBUTES, .key = SECRET_ID};
static const struct object_kind secret_kind_created = {attributes, SECRET_ATTRIBUTES_CREATED,
                                                       .key = SECRET_ID};

struct secrets_state {
    struct stored stored;                        /* first */
    const struct party_application *application; /* of this attempt's snapshot */
    struct list_query query;
    struct list_selection selection;
    const struct json_value *object; /* the body, once it was read */
    char secret[SECRET_TEXT];
};

/* The application that the path names, for who may do this to its secrets. */
static enum step_result find(struct exchange *x, const struct requirement *requirement)
{
    struct secrets_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    if (manage_require(x, caller, requirement) == STEP_DONE)
        return STEP_DONE;
    return application_find(x, caller, &state->application);
}

/* ---- GET ---- */

static int64_t time_of(const struct secret_row *row, enum secret_attribute attribute)
{
    return attribute == SECRET_DATE_CREATED      ? row->created_ms
           : attribute == SECRET_DATE_EXPIRATION ? row->expires_ms
                                                 : row->last_used_ms;
}

static void row_value(const void *context, size_t row, unsigned attribute,
                      struct attribute_value *out)
{
    const struct secret_row *secret = (const struct secret_row *)context + row;

    if (attribute == SECRET_ID) {
        out->sid = secret->secret_id;
        return;
    }
    out->number = time_of(secret, (enum secret_attribute)attribute);
    out->absent = out->number == 0;
}

static void write_row(const struct secret_row *row, unsigned attribute, struct json_writer *w)
{
    int64_t time_ms;

    if (attribute == SECRET_ID)
        return json_write_sid(w, &row->secret_id);
    time_ms = time_of(row, (enum secret_attribute)attribute);
    if (time_ms == 0)
        json_write_null(w);
    else
        json_write_time_ms(w, time_ms);
}

static void write_item(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct secrets_state *state = context;
    write_row(&state->stored.read.out.secrets[state->selection.rows[item]], attribute, w);
}

static void item_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct secrets_state *state = context;
    row_value(state->stored.read.out.secrets, state->selection.rows[item], SECRET_ID, out);
}

static enum step_result read_list(struct exchange *x)
{
    struct secrets_state *state = x->state;

    if (find(x, &application_to_read) == STEP_DONE ||
        list_query_read(x, &secret_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    state->stored.read.verb = STORE_SECRET_LIST;
    state->stored.read.in.client_id = state->application->client_id;
    return stored_read(x, &state->stored);
}

static enum step_result reply_list(struct exchange *x)
{
    struct secrets_state *state = x->state;
    const struct list_rows rows = {state->stored.read.out.count, state->stored.read.out.secrets,
                                   row_value};

    struct result selected = list_rows_select(&state->query, &rows, &x->arena, &state->selection);
    if (!result_ok(selected))
        return exchange_fault(x, selected);
    const struct list_page page = {
        .count = state->selection.count,
        .has_more = state->selection.has_more,
        .total = (int64_t)state->selection.total,
        .context = state,
        .write = write_item,
        .key = item_key,
    };
    return list_page_reply(x, &state->query, &page);
}

/* ---- POST ---- */

/* As the store's writer counts: while the clock is in doubt nothing is over. */
static size_t count_live(const struct exchange *x, const struct party_application *application)
{
    const struct server *server = x->worker->server;
    bool trusted = store_clock_is_trusted(server->store);
    int64_t now_ms = clock_wall_ms(server->clock);
    size_t live = 0;

    for (size_t i = 0; i < application->secret_count; i++) {
        int64_t expires_ms = application->secrets[i].expires_ms;
        live += !trusted || expires_ms == 0 || expires_ms > now_ms;
    }
    return live;
}

/* How long those before stay, in *out_end_ms: 0, as they would. */
static enum step_result read_overlap(struct exchange *x, struct secrets_state *state,
                                     int64_t *out_end_ms)
{
    static const struct body_field fields[] = {
        {STR_INIT("overlap_s"), BODY_INT, BODY_AT_CREATE | BODY_NULL_VALUE, 0, OVERLAP_MAX_S}};
    struct body body;

    if (body_judge(x, state->object, BODY_CREATE, fields, 1, &body) == STEP_DONE)
        return STEP_DONE;
    const struct body_value *overlap = &body.values[0];
    *out_end_ms = overlap->present && !overlap->is_null
                      ? clock_wall_ms(x->worker->server->clock) + overlap->number * 1000
                      : 0;
    return STEP_NEXT;
}

static struct audit_event event_of(const struct secrets_state *state, struct str action)
{
    return (struct audit_event){
        .action = action,
        .object = state->application->client_id,
        .partner_sid = state->application->partner_sid,
    };
}

/* {"secret_id":..., "earlier_end":...}: which one; its text is nobody's but the caller's (P5). */
static RESULT fill_detail(struct exchange *x, const struct sid *secret_id, int64_t earlier_end_ms,
                          struct str *out)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, &x->arena, DETAIL_MAX, DETAIL_MAX);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_key(&w, STR("secret_id"));
    json_write_sid(&w, secret_id);
    if (earlier_end_ms > 0) {
        json_write_key(&w, STR("earlier_end"));
        json_write_time_ms(&w, earlier_end_ms);
    }
    json_write_object_end(&w);
    *out = buf_view(&b);
    return b.failed ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

struct result application_secret_new(const struct server *server, const struct sid *client_id,
                                     int64_t created_ms, struct secret_row *out,
                                     char out_text[SECRET_TEXT])
{
    struct secret_row row = {.client_id = *client_id, .created_ms = created_ms};

    TRY(sid_new(server->clock, server->entropy, &row.secret_id));
    TRY(secret_new(SECRET_CLIENT, server->entropy, out_text));
    secret_digest(str_make(out_text, SECRET_TEXT), row.digest);
    *out = row;
    return RESULT_OK;
}

static RESULT stamp(struct exchange *x, struct secrets_state *state, int64_t earlier_end_ms)
{
    const struct server *server = x->worker->server;
    struct store_request *request = &state->stored.request;

    request->verb = STORE_SECRET_CREATE;
    request->in.secret_create.earlier_end_ms = earlier_end_ms;
    return application_secret_new(server, &state->application->client_id,
                                  clock_wall_ms(server->clock), &request->in.secret_create.row,
                                  state->secret);
}

static enum step_result check_method(struct exchange *x, const struct secrets_state *state)
{
    if (!registration_has_secret(state->application->auth_method))
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("The application proves itself by no secret; see its "
                                   "token_endpoint_auth_method"));
    if (count_live(x, state->application) >= STORE_SECRETS_LIVE)
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("Two secrets are live already; delete one, or wait for one to "
                                   "end"));
    return STEP_NEXT;
}

static enum step_result create(struct exchange *x)
{
    struct secrets_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    int64_t earlier_end_ms;

    if (find(x, &application_to_create) == STEP_DONE ||
        write_read(x, &secret_kind_created, &state->object, &state->query.fields) == STEP_DONE ||
        read_overlap(x, state, &earlier_end_ms) == STEP_DONE)
        return STEP_DONE;
    struct audit_event event = event_of(state, STR("secret.create"));
    if (application_may_equip(x, caller, &state->application->declared, &event, STR_NONE) ==
            STEP_DONE ||
        check_method(x, state) == STEP_DONE)
        return STEP_DONE;
    struct result stamped = stamp(x, state, earlier_end_ms);
    if (result_ok(stamped))
        stamped = fill_detail(x, &state->stored.request.in.secret_create.row.secret_id,
                              earlier_end_ms, &event.detail);
    return result_ok(stamped) ? stored_commit(x, &state->stored, &event)
                              : exchange_fault(x, stamped);
}

static void write_created(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct secrets_state *state = object;

    if (attribute == SECRET_TEXT_ONCE)
        return json_write_string(w, str_make(state->secret, SECRET_TEXT));
    write_row(&state->stored.request.in.secret_create.row, attribute, w);
}

static enum step_result reply_created(struct exchange *x)
{
    struct secrets_state *state = x->state;

    if (state->stored.request.outcome != STORE_OUTCOME_DONE) /* the application went */
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return object_reply(x, &secret_kind_created, &state->query.fields, write_created, state, 0);
}

/* ---- DELETE ---- */

static bool has_secret(const struct party_application *application, const struct sid *secret_id)
{
    for (size_t i = 0; i < application->secret_count; i++)
        if (sid_eq(&application->secrets[i].secret_id, secret_id))
            return true;
    return false;
}

static enum step_result commit_delete(struct exchange *x)
{
    struct secrets_state *state = x->state;
    struct store_request *request = &state->stored.request;
    struct sid secret_id;

    if (find(x, &application_to_delete) == STEP_DONE ||
        path_find_sid(x, 1, &secret_id) == STEP_DONE)
        return STEP_DONE;
    if (!has_secret(state->application, &secret_id))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    struct audit_event event = event_of(state, STR("secret.delete"));
    struct result filled = fill_detail(x, &secret_id, 0, &event.detail);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    request->verb = STORE_SECRET_DELETE;
    request->in.secret_delete.client_id = state->application->client_id;
    request->in.secret_delete.secret_id = secret_id;
    return stored_commit(x, &state->stored, &event);
}

const struct endpoint manage_secrets = {
    .name = "secrets",
    .state_size = sizeof(struct secrets_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_list,
              stored_step_read, reply_list},
};
const struct endpoint manage_secret_create = {
    .name = "secret_create",
    .state_size = sizeof(struct secrets_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, create,
              stored_step_committed, reply_created},
};
const struct endpoint manage_secret_delete = {
    .name = "secret_delete",
    .state_size = sizeof(struct secrets_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, commit_delete,
              stored_step_committed, stored_step_reply_deleted},
};
