/* DELETE /core/v2/accesscontrol/rules/{rule_sid}. Refused while a list uses the rule (409), of
 * whomever: with force=true it goes out of all of them in the same transaction. A list stays where
 * it is without its last rule, and is then decided by its *_false (acl/evaluate.h).
 *
 * Who uses it is found by going through all lists there are, some thousand objects a turn of the
 * loop, on the tables of one moment: the writer compares their version. */
#include "acl/tables.h"
#include "exchange/snapshot.h"
#include "manage/acl_target.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/flag.h"
#include "manage/rules.h"

enum {
    OBJECTS_A_TURN = 2000,
    NAMED_MAX = 8,      /* users that a refusal names */
    RECORDED_MAX = 200, /* and a record of the audit log */
    DETAIL_FIRST = 1024,
    MESSAGE_MAX = 512,
    DETACH_ROOM = 256 * 1024, /* of the rule's own record */
    USER_ROOM = 4096,         /* of an object's record */
    LIST_ROOM = 384,          /* of a list, and of its text without rules */
    RULE_ROOM = 64,           /* likewise of one of its rules */
};

struct delete_state {
    struct rule_change change; /* first */
    unsigned portion;          /* that is searched next */
    const struct acl_object **users;
    size_t user_count; /* more than STORE_RULE_USERS are counted, and not kept */
};

/* ---- who uses it ---- */

static void visit(void *context, const struct acl_object *object)
{
    struct delete_state *state = context;

    if (!acl_object_uses(object, &state->change.before->rule_sid))
        return;
    if (state->user_count < STORE_RULE_USERS)
        state->users[state->user_count] = object;
    state->user_count++;
}

/* Some portions, so that they have about as many objects as a turn has time for. */
static void search_some(struct exchange *x)
{
    struct delete_state *state = x->state;
    const struct acl_tables *tables = x->snapshot->acls;
    struct acl_counts counts = acl_tables_counts(tables);
    size_t objects = counts.partners + counts.trunk_groups + counts.trunks;
    size_t portions = 1 + (size_t)ACL_PORTIONS * OBJECTS_A_TURN / (objects + 1);

    for (; portions > 0 && state->portion < ACL_PORTIONS; portions--, state->portion++)
        acl_tables_walk(tables, state->portion, visit, state);
}

static enum step_result search(struct exchange *x)
{
    struct delete_state *state = x->state;
    return state->portion < ACL_PORTIONS ? exchange_defer_again(x, search_some) : STEP_NEXT;
}

static void name_user(struct buf *b, const struct acl_object *object)
{
    static const char *const kinds[] = {
        [ACL_OWNER_PARTNER] = "partner ",
        [ACL_OWNER_TRUNK_GROUP] = "trunk group ",
        [ACL_OWNER_TRUNK] = "trunk ",
    };
    char text[SID_TEXT];

    sid_format(&object->sid, text);
    buf_cstr(b, kinds[object->kind]);
    buf_put(b, text, sizeof(text));
}

/* Names those that the caller can look at: of its partner and of those below. All that see a rule
 * are; a partner that was moved elsewhere would be counted only. */
static enum step_result refuse_used(struct exchange *x, const struct delete_state *state)
{
    const struct party_partner *own = state->change.stored.caller.caller.partner;
    size_t named = 0;
    struct buf b;

    buf_init_arena(&b, &x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&b, "Access control lists use this rule: ");
    for (size_t i = 0; i < state->user_count && i < STORE_RULE_USERS && named < NAMED_MAX; i++) {
        const struct party_partner *partner = acl_object_partner(x->snapshot, state->users[i]);
        if (partner == NULL || !party_is_within(partner, own))
            continue;
        buf_cstr(&b, named++ > 0 ? ", " : "");
        name_user(&b, state->users[i]);
    }
    if (state->user_count > named) {
        buf_cstr(&b, named > 0 ? " and " : "");
        buf_u64(&b, state->user_count - named);
        buf_cstr(&b, named > 0 ? " more" : " objects of other partners");
    }
    if (state->change.force)
        buf_cstr(&b, ". It goes out of at most 1000 at once: take it out of some first");
    if (b.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_refuse(x, ERR_CONFLICT, buf_view(&b));
}

/* ---- taking it out ---- */

/* At most, of the exchange's memory: what is too large is so each time, and no fault. */
static size_t room_to_detach(const struct delete_state *state)
{
    size_t room = DETACH_ROOM;

    for (size_t i = 0; i < state->user_count; i++) {
        const struct acl_object *object = state->users[i];
        room += USER_ROOM + object->list_count * LIST_ROOM;
        for (size_t l = 0; l < object->list_count; l++)
            room += object->lists[l].rule_count * RULE_ROOM;
    }
    return room;
}

/* Out of the lists of all of them. */
static RESULT detach_all(struct exchange *x, struct delete_state *state)
{
    struct store_request *request = &state->change.stored.request;
    struct store_detach *all =
        arena_array(&x->arena, state->user_count, sizeof(struct store_detach));
    struct str *records = arena_array(&x->arena, state->user_count, sizeof(struct str));

    if (all == NULL || records == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < state->user_count; i++)
        TRY(rule_detach(x, &state->change.stored.caller.caller, &state->change.before->rule_sid,
                        state->users[i], &all[i], &records[i]));
    request->in.rule_delete.detach = all;
    request->in.rule_delete.detach_count = request->audit_count = state->user_count;
    request->audits = records;
    return RESULT_OK;
}

/* What was deleted, and out of whose lists it went: all by number, some by SID. Those have records
 * of their own. */
static struct str detail_of(struct exchange *x, const struct delete_state *state)
{
    const struct rule_change *change = &state->change;
    struct json_writer w;
    struct buf b;
    bool any;

    struct str deleted = rule_detail(x, change->before, &change->work.was, NULL, NULL, &any);
    if (deleted.ptr == NULL || state->user_count == 0)
        return deleted;
    buf_init_arena(&b, &x->arena, DETAIL_FIRST, STORE_AUDIT_RECORD);
    buf_str(&b, str_slice(deleted, 0, deleted.len - 1)); /* an object, which goes on */
    buf_cstr(&b, ",\"detached\":");
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_int(&w, STR("count"), (int64_t)state->user_count);
    json_write_key(&w, STR("from"));
    json_write_array_begin(&w);
    for (size_t i = 0; i < state->user_count && i < RECORDED_MAX; i++)
        json_write_sid(&w, &state->users[i]->sid);
    json_write_array_end(&w);
    json_write_object_end(&w);
    buf_char(&b, '}');
    return b.failed ? STR_NONE : buf_view(&b);
}

/* ---- the endpoint ---- */

static enum step_result find(struct exchange *x)
{
    struct delete_state *state = x->state;

    if (manage_require(x, &state->change.stored.caller.caller, &rule_to_delete) == STEP_DONE)
        return STEP_DONE;
    rule_change_begin(x, &state->change);
    return rule_read_row(x, &state->change.stored);
}

static enum step_result begin(struct exchange *x)
{
    struct delete_state *state = x->state;
    struct rule_change *change = &state->change;

    if (rule_row_read_own(x, &change->stored, &change->before) == STEP_DONE ||
        flag_read(x, STR("force"), &change->force) == STEP_DONE ||
        etag_judge(x, change->before->revision) == STEP_DONE)
        return STEP_DONE;
    exchange_widen_arena_for_rules(x);
    state->portion = 0;
    state->user_count = 0;
    if (state->users == NULL)
        state->users = arena_array(&x->arena, STORE_RULE_USERS, sizeof(const struct acl_object *));
    if (state->users == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    change->work.before = change->before;
    return rule_work_begin(x, &change->work, true);
}

static enum step_result commit(struct exchange *x)
{
    struct delete_state *state = x->state;
    struct rule_change *change = &state->change;
    struct store_request *request = &change->stored.request;
    const struct acl_rule_row *before = change->before;

    if (state->user_count > (change->force ? (size_t)STORE_RULE_USERS : 0))
        return refuse_used(x, state);
    request->verb = STORE_RULE_DELETE;
    request->if_revision = before->revision;
    request->in.rule_delete.rule_sid = before->rule_sid;
    request->in.rule_delete.at_ms = clock_wall_ms(x->worker->server->clock);
    if (room_to_detach(state) > x->arena.cap - x->arena.used)
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("The lists that use this rule are too large to be changed at "
                                   "once: take it out of some first"));
    struct result detached = detach_all(x, state);
    if (!result_ok(detached))
        return exchange_fault(x, detached);
    const struct audit_event event = {
        .action = STR("rule.delete"),
        .object = before->rule_sid,
        .partner_sid = before->partner_sid,
        .detail = detail_of(x, state),
    };
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return stored_commit(x, &change->stored, &event);
}

const struct endpoint manage_rule_delete = {
    .name = "rule_delete",
    .state_size = sizeof(struct delete_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find,
              stored_step_read, begin, search, commit, stored_step_committed,
              stored_step_reply_deleted},
};
