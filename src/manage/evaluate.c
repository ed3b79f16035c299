/* POST /core/v2/accesscontrol/effective_acl/evaluate: what becomes of a call or a message, which
 * list and rules made that, and what was passed over. By the snapshot alone; nothing is changed.
 *
 * Patterns may take long (THREATS-54), so evaluations go through the worker's queue, a portion at a
 * time. What a rule cannot tell is no decision: 503 for the whole request, with the rule's name. */
#include "manage/evaluate.h"

#include "acl/lists.h"
#include "core/limits.h"
#include "exchange/field_errors.h"
#include "exchange/server.h"
#include "manage/endpoints.h"
#include "manage/require.h"

enum {
    BODY_FIRST = 4096,
    PORTION_NS = 200 * 1000,
    SCRATCH_FIRST = 4096,
    SCRATCH_MAX = LIMIT_ARENA_BATCH,
    MESSAGE_MAX = 160,
};

struct evaluate_state {
    struct caller_state caller; /* first */
    struct evaluate_questions questions;
    size_t next; /* the item that is evaluated */
    bool stopped;
    struct result result;
    struct acl_decision undecided; /* when stopped without a fault: what could not be told */
    struct buf body;
    struct json_writer writer;
};

static enum step_result begin(struct exchange *x)
{
    struct evaluate_state *state = x->state;
    const struct caller *caller = &state->caller.caller;

    exchange_hold(x); /* what is found points into these tables until the answer */
    if (manage_require(x, caller, &effective_acl_to_read) == STEP_DONE ||
        evaluate_read(x, caller, &state->questions) == STEP_DONE)
        return STEP_DONE;
    buf_init_arena(&state->body, &x->arena, BODY_FIRST, LIMIT_REPLY);
    json_writer_init(&state->writer, &state->body);
    if (state->questions.is_batch) {
        json_write_object_begin(&state->writer);
        json_write_key(&state->writer, STR("items"));
        json_write_array_begin(&state->writer);
    }
    return STEP_NEXT;
}

/* ---- the answer to one ---- */

static void write_passed(const struct acl_decision *decision, struct json_writer *w)
{
    static const struct str why[] = {
        [ACL_PASSED_DIRECTION] = STR_INIT("direction"),
        [ACL_PASSED_NO_ACTION] = STR_INIT("no_action"),
        [ACL_PASSED_MATCHED] = STR_INIT("matched"),
        [ACL_PASSED_UNMATCHED] = STR_INIT("unmatched"),
    };

    json_write_key(w, STR("passed"));
    json_write_array_begin(w);
    for (size_t i = 0; i < decision->passed_count; i++) {
        const struct acl_passed_list *passed = &decision->passed[i];
        json_write_object_begin(w);
        json_write_member_int(w, STR("layer"), (int64_t)passed->layer + 1);
        json_write_member_int(w, STR("list"), (int64_t)passed->list);
        json_write_member_string(w, STR("why"), why[passed->why]);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

/* Which list decided, as the look-up without a direction shows it. */
static void write_list(const struct exchange *x, const struct acl_chain *chain,
                       const struct acl_decision *decision, struct json_writer *w)
{
    const struct evaluate_state *state = x->state;
    const struct acl_object *object = chain->objects[decision->layer];
    bool is_assigned = decision->list < object->assigned_count;

    json_write_member_int(w, STR("layer"), (int64_t)decision->layer + 1);
    json_write_member_int(w, STR("list"), (int64_t)decision->list);
    json_write_key(w, STR("object"));
    acl_object_write(x->snapshot, &state->caller.caller, object, w);
    json_write_member_string(w, STR("field"),
                             is_assigned ? STR("parent_assigned_acls") : STR("acls"));
    json_write_key(w, STR("acl"));
    acl_list_write(&object->lists[decision->list], w);
    json_write_key(w, STR("matched"));
    json_write_bool(w, decision->matched);
}

static void write_no_list(struct json_writer *w)
{
    static const struct str names[] = {STR_INIT("layer"), STR_INIT("list"), STR_INIT("object"),
                                       STR_INIT("field"), STR_INIT("acl"),  STR_INIT("matched")};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        json_write_key(w, names[i]);
        json_write_null(w);
    }
}

static void write_decision(const struct exchange *x, const struct acl_chain *chain,
                           const struct acl_decision *decision, struct json_writer *w)
{
    bool is_decided = decision->outcome == ACL_DECIDED;

    json_write_object_begin(w);
    json_write_member_string(w, STR("decision"), acl_action_word(decision->action));
    json_write_member_bool(w, STR("decided"), is_decided);
    if (is_decided)
        write_list(x, chain, decision, w);
    else
        write_no_list(w);
    json_write_key(w, STR("rules"));
    json_write_array_begin(w);
    for (size_t i = 0; i < decision->rule_count; i++)
        json_write_sid(w, &decision->rules[i]);
    json_write_array_end(w);
    write_passed(decision, w);
    json_write_object_end(w);
}

/* ---- evaluating ---- */

static const enum metric counted_as[] = {
    [ACL_DECIDED] = METRIC_ACL_DECIDED,
    [ACL_UNDECIDED] = METRIC_ACL_UNDECIDED,
    [ACL_CANNOT_TELL] = METRIC_ACL_CANNOT_TELL,
};

static struct result evaluate_item(struct exchange *x, const struct evaluate_item *item,
                                   struct arena *scratch)
{
    struct evaluate_state *state = x->state;
    const struct acl_rules rules = acl_tables_rules(x->snapshot->acls);
    struct acl_decision decision;
    struct acl_chain chain;

    acl_chain_make(x->snapshot, &item->target, item->subject.kind, &chain);
    TRY(acl_evaluate(scratch, x->worker->matcher, &rules, chain.layers, chain.count, &item->subject,
                     &decision));
    metrics_add(&x->worker->metrics, counted_as[decision.outcome], 1);
    if (decision.outcome == ACL_CANNOT_TELL) {
        state->undecided = decision;
        state->stopped = true;
        return RESULT_OK;
    }
    write_decision(x, &chain, &decision, &state->writer);
    return RESULT_OK;
}

/* Deferred: some of the items, in order. */
static void evaluate_some(struct exchange *x)
{
    struct evaluate_state *state = x->state;
    int64_t until_ns = clock_mono_ns() + PORTION_NS;
    char memory[SCRATCH_FIRST];
    struct arena scratch;

    arena_init(&scratch, memory, sizeof(memory), SCRATCH_MAX);
    do {
        state->result = evaluate_item(x, &state->questions.items[state->next], &scratch);
        arena_reset(&scratch);
        state->stopped |= !result_ok(state->result) || state->body.failed;
        state->next += !state->stopped;
    } while (!state->stopped && state->next < state->questions.count && clock_mono_ns() < until_ns);
}

static enum step_result evaluate(struct exchange *x)
{
    const struct evaluate_state *state = x->state;

    if (!state->stopped && state->next < state->questions.count)
        return exchange_defer_again(x, evaluate_some);
    return STEP_NEXT;
}

/* ---- the reply ---- */

static enum step_result refuse_undecided(struct exchange *x)
{
    static const char *const reasons[] = {
        [ACL_OVER_LIMIT] = " takes too many steps on this value",
        [ACL_OUT_OF_TIME] = " and those before it take too long on this value",
        [ACL_OUT_OF_MEMORY] = " could not be run: memory is short",
        [ACL_NO_RULE] = " does not exist, or what is stored of it does not compile",
    };
    const struct evaluate_state *state = x->state;
    char sid[SID_TEXT];
    struct buf message;

    sid_format(&state->undecided.rule_sid, sid);
    buf_init_arena(&message, &x->arena, MESSAGE_MAX, MESSAGE_MAX);
    buf_cstr(&message, "The rule ");
    buf_put(&message, sid, sizeof(sid));
    buf_cstr(&message, reasons[state->undecided.doubt]);
    return exchange_refuse_field(
        x, ERR_CANNOT_TELL,
        evaluate_field(x, state->questions.is_batch, state->next, STR_NONE, STR_NONE),
        message.failed ? STR_NONE : buf_view(&message));
}

static enum step_result reply(struct exchange *x)
{
    struct evaluate_state *state = x->state;

    if (!result_ok(state->result))
        return exchange_fault(x, state->result);
    if (state->body.full)
        return exchange_refuse_field(x, ERR_INVALID_VALUE, STR("items"),
                                     STR("The answer would be longer than 2 MB: ask for fewer"));
    if (state->body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (state->stopped)
        return refuse_undecided(x);
    if (state->questions.is_batch) {
        json_write_array_end(&state->writer);
        json_write_object_end(&state->writer);
    }
    if (state->body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (exchange_claim(x, 2 * state->body.len) == STEP_DONE) /* it grew */
        return STEP_DONE;
    return exchange_reply_json(x, 200, buf_view(&state->body));
}

const struct endpoint manage_evaluate = {
    .name = "evaluate",
    .state_size = sizeof(struct evaluate_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, begin, evaluate,
              reply},
};
