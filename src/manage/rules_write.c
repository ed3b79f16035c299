/* POST /core/v2/accesscontrol/rules; PATCH and PUT /core/v2/accesscontrol/rules/{rule_sid}.
 *
 * Order of refusals (SPEC 5): 401; 403 verb; 404; 403 of a partner above; 422 query; 415, 400; 412;
 * 422 field; 409 too many. */
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/list.h"
#include "manage/rules.h"

static void end(struct exchange *x)
{
    struct rule_change *change = x->state;

    rule_work_end(&change->work);
    arena_reset(&change->rows);
}

void rule_change_begin(struct exchange *x, struct rule_change *change)
{
    if (x->end != NULL) /* another attempt */
        arena_reset(&change->rows);
    else
        arena_init(&change->rows, NULL, 0, LIMIT_ARENA_RULE);
    x->end = end;
    change->stored.read.arena = &change->rows;
}

/* The query and the body's media type; the body itself is the compiler's to read. */
static enum step_result read_request(struct exchange *x, struct rule_change *change)
{
    if (list_fields_read(x, &rule_kind, &change->shown) == STEP_DONE)
        return STEP_DONE;
    if (!body_is_json(x->request.content_type))
        return exchange_refuse(x, ERR_UNSUPPORTED_MEDIA_TYPE, STR_NONE);
    return STEP_NEXT;
}

/* What the compiler says of the body as such, then If-Match, then of its fields. */
static enum step_result judge_work(struct exchange *x, const struct rule_change *change)
{
    const struct rule_work *work = &change->work;

    if (work->err == ERR_BAD_JSON)
        return exchange_refuse_json(x, &work->json_error);
    if (work->err != ERR_NONE)
        return exchange_fault(x, FAULT(work->err));
    if (change->before != NULL && etag_judge(x, change->before->revision) == STEP_DONE)
        return STEP_DONE;
    return work->errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &work->errors);
}

/* What rules may come to: they are all in every node's memory. What is there is told by the tables
 * alone: a row may be read that they do not show yet, and the writer then refuses these tables. */
static enum step_result judge_room(struct exchange *x, const struct rule_change *change)
{
    const struct acl_tables *tables = x->snapshot->acls;
    const struct rule_work *work = &change->work;
    const struct acl_table_rule *before =
        work->before != NULL ? acl_tables_rule(tables, &work->before->rule_sid) : NULL;
    struct acl_usage own =
        acl_tables_usage(tables, &change->stored.caller.caller.partner->partner_sid);
    struct acl_usage all = acl_tables_total(tables);
    size_t memory = acl_rule_size(work->compiled);
    bool grows = before == NULL || memory > before->usage.memory;

    if (before != NULL) {
        acl_usage_take(&own, &before->usage);
        acl_usage_take(&all, &before->usage);
    }
    if (own.rules + 1 > LIMIT_ACL_PARTNER_RULES)
        return exchange_refuse(x, ERR_CONFLICT, STR("A partner has at most 10000 rules"));
    struct str wrong = STR_NONE;
    if (own.entries + (size_t)work->is.count > LIMIT_ACL_PARTNER_ENTRIES)
        wrong = STR("A partner's rules have at most 1000000 entries together");
    else if (own.bytes + work->after.entries.len > LIMIT_ACL_PARTNER_BYTES)
        wrong = STR("The entries of a partner's rules are together at most 64 MiB");
    else if (grows && own.memory + memory > LIMIT_ACL_PARTNER_MEMORY)
        wrong = STR("A partner's rules take at most 96 MiB of memory, compiled");
    else if (grows && all.memory + memory > LIMIT_ACL_MEMORY)
        wrong = STR("The rules of all partners together take at most 1 GiB of memory, compiled");
    if (wrong.ptr == NULL)
        return STEP_NEXT;
    return exchange_refuse_field(x, ERR_CONFLICT, STR("entries"), wrong);
}

static enum step_result commit(struct exchange *x, enum store_verb verb, struct str action)
{
    struct rule_change *change = x->state;
    const struct rule_work *work = &change->work;
    struct store_request *request = &change->stored.request;
    struct acl_rule_row *row = &request->in.rule.row;
    bool any;

    *row = work->after;
    if (work->before == NULL) {
        struct result made =
            sid_new(x->worker->server->clock, x->worker->server->entropy, &row->rule_sid);
        if (!result_ok(made))
            return exchange_fault(x, made);
        row->partner_sid = change->stored.caller.caller.partner->partner_sid;
    }
    row->updated_ms = clock_wall_ms(x->worker->server->clock);
    if (work->before == NULL)
        row->created_ms = row->updated_ms;
    request->verb = verb;
    request->in.rule.compiled = work->compiled;
    request->if_revision = work->before != NULL ? work->before->revision : 0;
    const struct audit_event event = {
        .action = action,
        .object = row->rule_sid,
        .partner_sid = row->partner_sid,
        .detail = rule_detail(x, work->before, &work->was, row, &work->is, &any),
    };
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return stored_commit(x, &change->stored, &event);
}

static enum step_result reply(struct exchange *x)
{
    const struct rule_change *change = x->state;
    const struct store_request *request = &change->stored.request;
    const struct rule_view view = {.row = &request->in.rule.row};

    if (request->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return rule_reply(x, &view, &change->shown);
}

/* ---- POST ---- */

static enum step_result begin_create(struct exchange *x)
{
    struct rule_change *change = x->state;

    if (manage_require(x, &change->stored.caller.caller, &rule_to_create) == STEP_DONE ||
        read_request(x, change) == STEP_DONE)
        return STEP_DONE;
    if (x->end != NULL) /* another attempt: nothing of this one's body has changed */
        return STEP_NEXT;
    if (exchange_claim(x, 2 * x->request.body.len) == STEP_DONE) /* kept, and answered */
        return STEP_DONE;
    rule_change_begin(x, change);
    change->work.verb = BODY_CREATE;
    return rule_work_begin(x, &change->work, false);
}

static enum step_result create(struct exchange *x)
{
    struct rule_change *change = x->state;

    if (judge_work(x, change) == STEP_DONE || judge_room(x, change) == STEP_DONE)
        return STEP_DONE;
    return commit(x, STORE_RULE_CREATE, STR("rule.create"));
}

/* ---- PATCH and PUT ---- */

static enum step_result find_to_update(struct exchange *x)
{
    struct rule_change *change = x->state;

    if (manage_require(x, &change->stored.caller.caller, &rule_to_update) == STEP_DONE)
        return STEP_DONE;
    rule_change_begin(x, change);
    return rule_read_row(x, &change->stored);
}

/* Of exactly that row. */
static const struct acl_rule *find_compiled(const struct exchange *x,
                                            const struct acl_rule_row *row)
{
    const struct acl_table_rule *rule = acl_tables_rule(x->snapshot->acls, &row->rule_sid);
    return rule != NULL && rule->revision == row->revision ? rule->compiled : NULL;
}

static enum step_result begin_update(struct exchange *x)
{
    struct rule_change *change = x->state;

    if (rule_row_read_own(x, &change->stored, &change->before) == STEP_DONE ||
        read_request(x, change) == STEP_DONE)
        return STEP_DONE;
    if (exchange_claim(x, 2 * (change->before->entries.len + x->request.body.len)) == STEP_DONE)
        return STEP_DONE;
    change->work.verb = body_verb_of(x);
    change->work.before = change->before;
    change->work.standing = find_compiled(x, change->before);
    return rule_work_begin(x, &change->work, false);
}

static enum step_result update(struct exchange *x)
{
    struct rule_change *change = x->state;
    const struct rule_view now = {.row = change->before};

    if (judge_work(x, change) == STEP_DONE)
        return STEP_DONE;
    if (change->work.compiled == NULL) /* nothing differs, and the revision stays */
        return rule_reply(x, &now, &change->shown);
    if (judge_room(x, change) == STEP_DONE)
        return STEP_DONE;
    return commit(x, STORE_RULE_UPDATE, STR("rule.update"));
}

const struct endpoint manage_rule_create = {
    .name = "rule_create",
    .state_size = sizeof(struct rule_change),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin_create,
              create, stored_step_committed, reply},
};
const struct endpoint manage_rule_update = {
    .name = "rule_update",
    .state_size = sizeof(struct rule_change),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find_to_update,
              stored_step_read, begin_update, update, stored_step_committed, reply},
};
