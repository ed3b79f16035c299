/* POST /core/v2/trunk_groups; PATCH, PUT and DELETE /core/v2/trunk_groups/{trunk_group_sid}. A
 * group and the trunks that it is sent with are made in one transaction, and with force=true it
 * goes with its trunks in one; either needs the scopes of both. */
#include <stdlib.h>
#include <string.h>

#include "exchange/snapshot.h"
#include "manage/changes.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/flag.h"
#include "manage/partners.h"
#include "manage/trunk_groups.h"
#include "manage/write.h"

/* When it was written the record says itself. */
static const uint64_t untold = (uint64_t)1 << TRUNK_GROUP_DATE_UPDATED;

enum {
    TRUNKS_NAMED = 8,
    MESSAGE_MAX = 512,
};

struct write_state {
    struct stored stored;            /* first */
    struct trunk_place place;        /* of this attempt's snapshot */
    const struct json_value *object; /* the body, once it was read */
    struct trunk_group_fields fields;
    struct object_fields shown;
    bool force;
};

static struct audit_event event_of(struct str action, const struct trunk_group_row *row)
{
    return (struct audit_event){
        .action = action, .object = row->trunk_group_sid, .partner_sid = row->partner_sid};
}

/* What changed, as the audit log tells it; before or after may be NULL. ptr NULL: no memory. */
static struct str detail_of(struct exchange *x, const struct trunk_group_row *before,
                            const struct trunk_group_row *after, bool *out_any)
{
    const struct trunk_group_view was = {.row = before, .snapshot = x->snapshot};
    const struct trunk_group_view is = {.row = after, .snapshot = x->snapshot};

    return changes_detail(&x->arena, &trunk_group_kind, trunk_group_write_record,
                          before != NULL ? &was : NULL, after != NULL ? &is : NULL, untold,
                          out_any);
}

/* ---- POST ---- */

static int compare_sids(const void *a, const void *b)
{
    return memcmp(a, b, sizeof(struct sid));
}

/* SIDs of one moment rise by chance: sorted first, they keep the trunks in the body's order. */
static RESULT stamp_trunks(struct exchange *x, struct trunk_group_fields *fields)
{
    const struct server *server = x->worker->server;
    size_t count = fields->trunk_count;
    struct sid *sids = arena_array(&x->arena, count + 1, sizeof(*sids));

    if (sids == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < count; i++)
        TRY(sid_new(server->clock, server->entropy, &sids[i]));
    qsort(sids, count, sizeof(*sids), compare_sids);
    for (size_t i = 0; i < count; i++) {
        struct trunk_row *trunk = &fields->trunks[i];
        trunk->trunk_sid = sids[i];
        trunk->trunk_group_sid = fields->row.trunk_group_sid;
        trunk->created_ms = trunk->updated_ms = fields->row.created_ms;
        TRY(object_name_new(x, &sids[i], &trunk->name));
    }
    fields->row.trunks = sids;
    fields->row.trunk_count = count;
    return RESULT_OK;
}

static RESULT stamp(struct exchange *x, struct trunk_group_fields *fields)
{
    const struct server *server = x->worker->server;
    struct trunk_group_row *row = &fields->row;

    TRY(sid_new(server->clock, server->entropy, &row->trunk_group_sid));
    row->partner_sid = fields->home->partner_sid;
    row->created_ms = row->updated_ms = clock_wall_ms(server->clock);
    TRY(object_name_new(x, &row->trunk_group_sid, &row->name));
    return stamp_trunks(x, fields);
}

static enum step_result commit_new(struct exchange *x, struct write_state *state)
{
    struct store_request *request = &state->stored.request;
    struct trunk_group_fields *fields = &state->fields;
    bool any;

    struct result stamped = stamp(x, fields);
    if (!result_ok(stamped))
        return exchange_fault(x, stamped);
    struct audit_event event = event_of(STR("trunk_group.create"), &fields->row);
    event.detail = detail_of(x, NULL, &fields->row, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    struct result recorded = trunk_records_made(x, &state->stored.caller.caller, &fields->row,
                                                fields->trunks, fields->trunk_count, request);
    if (!result_ok(recorded))
        return exchange_fault(x, recorded);
    request->verb = STORE_TRUNK_GROUP_CREATE;
    request->in.trunk_group.row = fields->row;
    request->in.trunk_group.trunks = fields->trunks;
    request->in.trunk_group.trunk_count = fields->trunk_count;
    return stored_commit(x, &state->stored, &event);
}

/* Asked of the body as it was sent: whether the trunks in it are any good comes later. */
static bool has_trunks(const struct json_value *object)
{
    return json_count(json_member(object, STR("trunks"))) > 0;
}

static enum step_result create(struct exchange *x)
{
    static const struct trunk_group_row nothing = {.name = STR_INIT(""), .acls = STR_INIT("[]")};
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;

    exchange_widen_arena(x); /* for the lists */
    if (manage_require(x, caller, &trunk_group_to_create) == STEP_DONE ||
        write_read(x, &trunk_group_kind, &state->object, &state->shown) == STEP_DONE)
        return STEP_DONE;
    if (has_trunks(state->object) &&
        manage_require(x, caller, &trunk_group_to_create_with_trunks) == STEP_DONE)
        return STEP_DONE;
    if (trunk_group_fields_judge(x, state->object, BODY_CREATE, caller->partner, &nothing,
                                 &state->fields) == STEP_DONE ||
        partner_judge_home(x, state->fields.home, false, STR("partner_sid")) == STEP_DONE)
        return STEP_DONE;
    return commit_new(x, state);
}

static enum step_result reply_created(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome != STORE_OUTCOME_DONE) /* its id is new, its partner there */
        return exchange_fault(x, FAULT(ERR_FAULT_INTERNAL));
    state->fields.row.revision = request->out.revision;
    return trunk_group_reply(x, &state->fields.row, &state->shown);
}

/* ---- what PATCH, PUT and DELETE begin with ---- */

static enum step_result find_target(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    const struct requirement *needed =
        x->request.method == METHOD_DELETE ? &trunk_group_to_delete : &trunk_group_to_update;

    exchange_widen_arena(x); /* for the lists */
    if (manage_require(x, caller, needed) == STEP_DONE ||
        trunk_group_find(x, caller, &state->place) == STEP_DONE)
        return STEP_DONE;
    return trunk_group_read_row(x, &state->stored, &state->place);
}

/* ---- PATCH and PUT ---- */

static enum step_result commit_update(struct exchange *x, const struct trunk_group_row *before)
{
    struct write_state *state = x->state;
    struct store_request *request = &state->stored.request;
    struct trunk_group_row *row = &state->fields.row;
    struct audit_event event = event_of(STR("trunk_group.update"), before);
    bool any;

    row->updated_ms = clock_wall_ms(x->worker->server->clock);
    event.detail = detail_of(x, before, row, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (!any)
        return trunk_group_reply(x, before, &state->shown);
    request->verb = STORE_TRUNK_GROUP_UPDATE;
    request->if_revision = before->revision;
    request->in.trunk_group.row = *row;
    return stored_commit(x, &state->stored, &event);
}

static enum step_result update(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct trunk_group_row *before;

    if (trunk_group_row_read(x, &state->stored, &before) == STEP_DONE ||
        write_read(x, &trunk_group_kind, &state->object, &state->shown) == STEP_DONE ||
        etag_judge(x, before->revision) == STEP_DONE ||
        trunk_group_fields_judge(x, state->object, body_verb_of(x), state->place.partner, before,
                                 &state->fields) == STEP_DONE)
        return STEP_DONE;
    return commit_update(x, before);
}

static enum step_result reply_updated(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct store_request *request = &state->stored.request;

    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    state->fields.row.revision = request->out.revision;
    return trunk_group_reply(x, &state->fields.row, &state->shown);
}

/* ---- DELETE ---- */

/* 409: the first of its trunks by name. */
static enum step_result refuse_trunks(struct exchange *x, const struct trunk_group_row *row)
{
    char text[SID_TEXT];
    struct buf b;

    buf_init_arena(&b, &x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, "The group has trunks, which go with it by force=true alone: ");
    for (size_t i = 0; i < row->trunk_count && i < TRUNKS_NAMED; i++) {
        sid_format(&row->trunks[i], text);
        buf_cstr(&b, i == 0 ? "" : ", ");
        buf_put(&b, text, sizeof(text));
    }
    if (row->trunk_count > TRUNKS_NAMED) {
        buf_cstr(&b, " and ");
        buf_u64(&b, row->trunk_count - TRUNKS_NAMED);
        buf_cstr(&b, " more");
    }
    return b.failed ? exchange_fault(x, FAULT(ERR_FAULT_MEMORY))
                    : exchange_refuse(x, ERR_CONFLICT, buf_view(&b));
}

static enum step_result commit_delete(struct exchange *x)
{
    struct write_state *state = x->state;
    const struct caller *caller = &state->stored.caller.caller;
    struct store_request *request = &state->stored.request;
    const struct trunk_group_row *row;
    bool any;

    if (trunk_group_row_read(x, &state->stored, &row) == STEP_DONE ||
        flag_read(x, STR("force"), &state->force) == STEP_DONE)
        return STEP_DONE;
    if (state->force && manage_require(x, caller, &trunk_group_to_delete_with_trunks) == STEP_DONE)
        return STEP_DONE;
    if (etag_judge(x, row->revision) == STEP_DONE)
        return STEP_DONE;
    if (row->trunk_count > 0 && !state->force)
        return refuse_trunks(x, row);
    struct audit_event event = event_of(STR("trunk_group.delete"), row);
    event.detail = detail_of(x, row, NULL, &any);
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    struct result recorded = trunk_records_gone(x, caller, row, request);
    if (!result_ok(recorded))
        return exchange_fault(x, recorded);
    request->verb = STORE_TRUNK_GROUP_DELETE;
    request->if_revision = row->revision; /* raised by each trunk that comes or goes */
    request->in.trunk_group_delete.trunk_group_sid = row->trunk_group_sid;
    request->in.trunk_group_delete.with_trunks = state->force;
    return stored_commit(x, &state->stored, &event);
}

const struct endpoint manage_trunk_group_create = {
    .name = "trunk_group_create",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, create,
              stored_step_committed, reply_created},
};
const struct endpoint manage_trunk_group_update = {
    .name = "trunk_group_update",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, update, stored_step_committed, reply_updated},
};
const struct endpoint manage_trunk_group_delete = {
    .name = "trunk_group_delete",
    .state_size = sizeof(struct write_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_target,
              stored_step_read, commit_delete, stored_step_committed, stored_step_reply_deleted},
};
