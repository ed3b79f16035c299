/* Ending what leaked: tokens are revoked, client secrets deleted, each by a request of its own with
 * its record of the audit log (F-37), all of them in one batch of the store's. One that cannot be
 * ended says so and keeps no other from it. */
#include "exchange/snapshot.h"
#include "exchange/trail.h"
#include "manage/leaks.h"
#include "revocation/index.h"
#include "json/write.h"

enum { DETAIL_MAX = 128 };

/* What does not work now may work again tomorrow; and where a selector ended the JWT that was
 * found, the token may live on in a later one. Whether a token is over for good is the store's to
 * say (P2). */
static bool is_to_end(const struct leak *leak)
{
    return leak->known && (leak->kind == FOUND_ACCESS_TOKEN || leak->state != LEAK_REVOKED);
}

/* {"leaked":true} and which secret: never its text (P5). */
static struct str detail_of(struct exchange *x, const struct leak *leak)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, &x->arena, DETAIL_MAX, DETAIL_MAX);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    if (leak->kind == FOUND_CLIENT_SECRET) {
        json_write_key(&w, STR("secret_id"));
        json_write_sid(&w, &leak->id);
    }
    json_write_member_bool(&w, STR("leaked"), true);
    json_write_object_end(&w);
    return b.failed ? STR_NONE : buf_view(&b);
}

static struct str record_of(struct exchange *x, const struct leaks *leaks, const struct leak *leak)
{
    bool is_token = leak->kind == FOUND_ACCESS_TOKEN;
    const struct audit_event event = {
        .action = is_token ? STR("token.revoke") : STR("secret.delete"),
        .object = is_token ? leak->id : leak->client_id,
        .partner_sid = leak->partner_sid,
        .detail = detail_of(x, leak),
    };
    return event.detail.ptr == NULL ? STR_NONE
                                    : trail_record(x, &leaks->stored.caller.caller, &event);
}

static void ended(struct store_request *request)
{
    struct leaks *leaks =
        ((struct leak_act *)((char *)request - offsetof(struct leak_act, request)))->leaks;

    if (--leaks->pending == 0)
        exchange_resume(leaks->stored.exchange);
}

/* Ending is right by any tables, so nobody who keeps changing them holds it up (P2). NULL: no
 * memory for it, or for its record. */
static struct leak_act *act_new(struct exchange *x, struct leaks *leaks, const struct leak *leak)
{
    struct leak_act *act = arena_zalloc(&x->arena, sizeof(*act));
    struct str record = record_of(x, leaks, leak);

    if (act == NULL || record.ptr == NULL)
        return NULL;
    act->leaks = leaks;
    act->request = (struct store_request){
        .verb = leak->kind == FOUND_ACCESS_TOKEN ? STORE_TOKEN_REVOKE : STORE_SECRET_DELETE,
        .loop = x->worker->loop,
        .done = ended,
        .audit = record,
    };
    if (leak->kind == FOUND_ACCESS_TOKEN) {
        act->request.in.token_revoke.token_sid = leak->id;
        act->request.in.token_revoke.end_s = leak->end_s;
    } else {
        act->request.in.secret_delete.client_id = leak->client_id;
        act->request.in.secret_delete.secret_id = leak->id;
    }
    return act;
}

/* The first of those of the same token or secret that are to be ended: one request serves all. */
static struct leak *first_to_end(const struct leaks *leaks, const struct leak *leak)
{
    struct leak *first = leaks->items;

    while (first != leak && !(is_to_end(first) && sid_eq(&first->id, &leak->id)))
        first++;
    return first;
}

/* The entry outlives every JWT of the token that is known here. */
static void share_end(const struct leaks *leaks, struct leak *leak)
{
    for (size_t i = 0; i < leaks->count; i++) {
        const struct leak *other = &leaks->items[i];
        if (other->known && sid_eq(&other->id, &leak->id) && other->end_s > leak->end_s)
            leak->end_s = other->end_s;
    }
}

/* All that can be made, chained for the store; NULL: there is nothing to do. */
static struct store_request *make_requests(struct exchange *x, struct leaks *leaks)
{
    struct store_request *first = NULL, **last = &first;

    for (size_t i = 0; i < leaks->count; i++) {
        struct leak *leak = &leaks->items[i];

        if (!is_to_end(leak) || first_to_end(leaks, leak) != leak)
            continue;
        share_end(leaks, leak);
        leak->act = act_new(x, leaks, leak);
        if (leak->act == NULL)
            continue;
        *last = &leak->act->request;
        last = &leak->act->request.next;
        leaks->pending++;
    }
    return first;
}

static void count_live(struct exchange *x, const struct leaks *leaks)
{
    for (size_t i = 0; i < leaks->count; i++)
        if (leaks->items[i].known && leaks->items[i].state == LEAK_LIVE)
            metrics_add(&x->worker->metrics, METRIC_LEAKS_LIVE, 1);
}

enum step_result leaks_step_act(struct exchange *x)
{
    struct leaks *leaks = x->state;
    struct store_request *first = leaks->act ? make_requests(x, leaks) : NULL;

    count_live(x, leaks);
    if (first == NULL)
        return STEP_NEXT;
    exchange_hold(x);
    leaks->stored.exchange = x;
    leaks->before = revocation_index_number(x->worker->server->index);
    store_submit_all(x->worker->server->store, first);
    return STEP_WAIT;
}

static void take_token(struct leaks *leaks, struct leak *leak, uint64_t number)
{
    leak->acted = leak->state == LEAK_REVOKED ? number > leaks->before : number > 0;
    leak->state = number > 0 ? LEAK_REVOKED : LEAK_EXPIRED;
    if (number > leaks->number)
        leaks->number = number;
}

static void take_outcome(struct leaks *leaks, struct leak *leak, const struct leak_act *act)
{
    if (act == NULL || !result_ok(act->request.result)) {
        leak->reason = "It was not ended: the store is not available, or memory is short; try "
                       "again";
    } else if (leak->kind == FOUND_ACCESS_TOKEN) {
        take_token(leaks, leak, act->request.out.number);
    } else {
        leak->acted = act->request.outcome == STORE_OUTCOME_DONE;
        leak->state = LEAK_DISABLED; /* by somebody else, where it was gone */
    }
}

/* The first of them last, for until then it says which are to be ended. */
enum step_result leaks_step_acted(struct exchange *x)
{
    struct leaks *leaks = x->state;

    for (size_t i = leaks->count; leaks->act && i-- > 0;) {
        struct leak *leak = &leaks->items[i];

        if (!is_to_end(leak))
            continue;
        const struct leak *first = first_to_end(leaks, leak);
        take_outcome(leaks, leak, first->act);
        if (first == leak && leak->acted && leak->kind == FOUND_ACCESS_TOKEN)
            metrics_add(&x->worker->metrics, METRIC_REVOCATIONS, 1);
    }
    return STEP_NEXT;
}
