/* POST /core/v2/trunk_groups/{trunk_group_sid}/trunks; PATCH, PUT and DELETE of one of them. */
#include "exchange/snapshot.h"
#include "manage/changes.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/partners.h"
#include "manage/trunk_groups.h"
#include "manage/write.h"

/* When it was written the record says itself. */
static const uint64_t untold = (uint64_t)1 << TRUNK_DATE_UPDATED;

struct write_state {
    struct stored stored;            /* first */
    struct trunk_place place;        /* of this attempt's snapshot */
    const struct json_value *object; /* the body, once it was read */
    struct trunk_row row;            /* as it is to become */
    struct object_fields shown;
};

/* Hands the request to the store, with its record; nothing where nothing differs (*out_any). */
static enum step_result commit(struct exchange *x, struct write_state *state, struct str action,
                               const struct trunk_row *before, const struct trunk_row *after,
                               bool *out_any)
{
    struct audit_event event = {.action = action,
                                .object = (before != NULL ? before : after)->trunk_sid,
                                .partner_sid = state->place.partner->partner_sid};

    event.detail =
        changes_detail(&x->arena, &trunk_kind, trunk_write_record, before, after, untold, out_any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return *out_any ? stored_commit(x, &state->stored, &event) : STEP_NEXT;
}

/* ---- POST ---- */

static RESULT stamp(struct exchange *x, struct trunk_row *row)
{
    const struct server *server = x->worker->server;

    TRY(sid_new(server->clock, server->entropy, &row->trunk_sid));
    row->created_ms = row->updated_ms = clock_wall_ms(server->clock);
    return object_name_new(x, &row->trunk_sid, &row->name);
}

static enum step_result create(struct exchange *x)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    const struct caller *caller = &state->stored.caller.caller;
    bool any;

    exchange_widen_arena(x); /* for the lists */
    if (manage_require(x, caller, &trunk_to_create) == STEP_DONE ||
        trunk_group_find(x, caller, &state->place) == STEP_DONE ||
        write_read(x, &trunk_kind, &state->object, &state->shown) == STEP_DONE)
        return STEP_DONE;
    const struct trunk_row nothing = {
        .trunk_group_sid = state->place.trunk_group_sid, .name = STR(""), .acls = STR("[]")};
    if (trunk_fields_judge(x, state->object, BODY_CREATE, state->place.partner, &nothing,
                           &state->row) == STEP_DONE ||
        partner_judge_home(x, state->place.partner, false, STR_NONE) == STEP_DONE)
        return STEP_DONE;
    struct result stamped = stamp(x, &state->row);
    if (!result_ok(stamped))
        return exchange_fault(x, stamped);
    request->verb = STORE_TRUNK_CREATE;
    request->in.trunk = state->row;
    return commit(x, state, STR("trunk.create"), NULL, &state->row, &any);
}

static enum step_result reply_created(struct exchange *x)
{
    const struct write_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome == STORE_OUTCOME_TOO_MANY)
        return exchange_refuse(x, ERR_CONFLICT, STR("A group has 256 trunks at most"));
    if (request->outcome != STORE_OUTCOME_DONE) /* the group went */
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return trunk_reply(x, &request->in.trunk, &state->shown);
}

static_assert(STORE_GROUP_TRUNKS == 256, "as the refusal says");

/* ---- what PATCH, PUT and DELETE begin with ---- */

static enum step_result find_target(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct requirement *needed =
        x->request.method == METHOD_DELETE ? &trunk_to_delete : &trunk_to_update;

    exchange_widen_arena(x); /* for the lists */
    if (manage_require(x, caller, needed) == STEP_DONE ||
        trunk_find(x, caller, &state->place) == STEP_DONE)
        return STEP_DONE;
    return trunk_read_row(x, &state->stored, &state->place);
}

/* ---- PATCH and PUT ---- */

static enum step_result update(struct exchange *x)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    const struct trunk_row *before;
    bool any;

    if (trunk_row_read(x, &state->stored, &before) == STEP_DONE ||
        write_read(x, &trunk_kind, &state->object, &state->shown) == STEP_DONE ||
        etag_judge(x, before->revision) == STEP_DONE ||
        trunk_fields_judge(x, state->object, body_verb_of(x), state->place.partner, before,
                           &state->row) == STEP_DONE)
        return STEP_DONE;
    state->row.updated_ms = clock_wall_ms(x->worker->server->clock);
    request->verb = STORE_TRUNK_UPDATE;
    request->if_revision = before->revision;
    request->in.trunk = state->row;
    enum step_result committed = commit(x, state, STR("trunk.update"), before, &state->row, &any);
    return committed == STEP_NEXT ? trunk_reply(x, before, &state->shown) : committed;
}

static enum step_result reply_updated(struct exchange *x)
{
    const struct write_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return trunk_reply(x, &request->in.trunk, &state->shown);
}

/* ---- DELETE ---- */

static enum step_result commit_delete(struct exchange *x)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    const struct trunk_row *row;
    bool any;

    if (trunk_row_read(x, &state->stored, &row) == STEP_DONE ||
        etag_judge(x, row->revision) == STEP_DONE)
        return STEP_DONE;
    request->verb = STORE_TRUNK_DELETE;
    request->if_revision = row->revision;
    request->in.trunk_delete = row->trunk_sid;
    return commit(x, state, STR("trunk.delete"), row, NULL, &any);
}

const struct endpoint manage_trunk_create = {
    .name = "trunk_create",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, create,
              stored_step_committed, reply_created},
};
const struct endpoint manage_trunk_update = {
    .name = "trunk_update",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, update, stored_step_committed, reply_updated},
};
const struct endpoint manage_trunk_delete = {
    .name = "trunk_delete",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, commit_delete, stored_step_committed, stored_step_reply_deleted},
};
