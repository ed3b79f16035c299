/* GET /oauth/revocations: who asks, from where on, and then one document or a stream of events. */
#include "oauth/revocations.h"

#include "core/limits.h"
#include "exchange/document.h"
#include "exchange/snapshot.h"
#include "oauth/desk.h"
#include "oauth/endpoints.h"

enum { ANSWER_FIRST = 4096, ETAG_MAX = 128 };

struct revocations_state {
    struct caller_state caller; /* first */
    struct introspection_question question;
    struct revocations_position from;
    struct sid feed_id;        /* that `from` was given of; none: it said nothing */
    struct exchange *exchange; /* that waits for read */
    struct store_read read;
    struct follower follower;
};

/* What a browser's EventSource sends when it connects again goes before the URL it began with, and
 * one that nobody can read is no reason to try again for ever: it begins anew. */
static enum step_result read_position(struct exchange *x)
{
    struct revocations_state *state = x->state;
    struct str last = x->request.last_event_id, after;
    struct form query;

    enum err err = form_parse(x->request.query, &x->arena, &query);
    if (err == ERR_NONE)
        err = form_get(&query, STR("after"), &after);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    if (after.ptr != NULL &&
        !revocations_position_parse(after, &state->feed_id, &state->from.number))
        return exchange_refuse(x, ERR_BAD_PARAMETER,
                               STR("after must be a number of the feed, or an event's id"));
    state->from.given = after.ptr != NULL;
    if (last.len > 0) {
        state->from.given = true;
        state->from.reset = !revocations_position_parse(last, &state->feed_id, &state->from.number);
    }
    return caller_read(x, &state->caller, NULL);
}

static uint64_t heard_of(const struct exchange *x)
{
    return revocation_index_number(x->worker->server->index);
}

static enum step_result check_rights(struct exchange *x)
{
    struct revocations_state *state = x->state;
    const struct server *server = x->worker->server;
    const struct sid feed_id = store_feed_id(server->store);
    struct revocations_position *from = &state->from;

    if (introspection_ask(x, &state->caller.caller, &state->question) == STEP_DONE)
        return STEP_DONE;
    if (!revocation_index_is_complete(server->index))
        return exchange_fault(x, FAULT(ERR_FAULT_INDEX));
    if (from->given && (from->number > heard_of(x) ||
                        (!sid_is_none(&state->feed_id) && !sid_eq(&state->feed_id, &feed_id))))
        from->reset = true;
    if (from->reset)
        from->number = 0;
    return STEP_NEXT;
}

static enum step_result open_stream(struct exchange *x)
{
    struct revocations_state *state = x->state;
    struct follower *f = &state->follower;

    if (!x->request.accepts_events)
        return STEP_NEXT;
    f->stream = (struct stream){.begun = desk_join, .drained = desk_serve, .gone = desk_leave};
    f->caller = &state->caller.caller;
    f->question = &state->question;
    f->from = state->from;
    follower_init(f, x, &state->caller);
    return exchange_stream(x, STR("text/event-stream"), &f->stream);
}

/* ---- the document ---- */

static struct str make_etag(struct exchange *x, uint64_t number)
{
    const struct server *server = x->worker->server;
    const struct sid feed_id = store_feed_id(server->store);
    char memory[REVOCATIONS_VERSION], text[SID_TEXT];
    struct buf b;

    sid_format(&feed_id, text);
    buf_init_arena(&b, &x->arena, ETAG_MAX, ETAG_MAX);
    buf_char(&b, '"');
    buf_put(&b, text, sizeof(text));
    buf_char(&b, '.');
    buf_u64(&b, number);
    buf_char(&b, '.');
    buf_str(&b, revocations_version(server, x->snapshot, memory));
    buf_char(&b, '"');
    return b.failed ? STR_NONE : buf_view(&b);
}

static void on_read(struct store_read *read)
{
    struct revocations_state *state =
        (struct revocations_state *)((char *)read - offsetof(struct revocations_state, read));
    exchange_resume(state->exchange);
}

/* "Nothing since" is true of who stands at this number, or asks for it alone: a tag that was taken
 * from another of these documents must not stand for entries that were never told (P2). */
static bool is_nothing_since(const struct exchange *x, uint64_t heard, struct str etag)
{
    const struct revocations_state *state = x->state;

    return etag.ptr != NULL && (!state->from.given || state->from.number == heard) &&
           document_is_known(x->request.if_none_match, etag);
}

static enum step_result read_entries(struct exchange *x)
{
    struct revocations_state *state = x->state;
    struct server *server = x->worker->server;
    uint64_t heard = heard_of(x);

    struct str etag = make_etag(x, heard);
    if (is_nothing_since(x, heard, etag)) {
        exchange_add_header(x, STR("etag"), etag);
        return exchange_reply(x, 304, STR_NONE, STR_NONE);
    }
    if (!state->from.given)
        return STEP_NEXT;
    exchange_widen_arena(x);
    exchange_hold(x);
    state->read = (struct store_read){
        .verb = STORE_FEED,
        .loop = x->worker->loop,
        .done = on_read,
        .arena = &x->arena,
        .in.feed = {.after = state->from.number,
                    .now_s = store_surely_over_s(server->store),
                    .limit = REVOCATIONS_PAGE},
    };
    state->exchange = x;
    store_read_submit(server->store, &state->read);
    return STEP_WAIT;
}

static void write_entries(const struct exchange *x, uint64_t heard, uint64_t through,
                          struct json_writer *w)
{
    const struct revocations_state *state = x->state;
    const struct store_read *read = &state->read;

    json_write_member_bool(w, STR("reset"), state->from.reset);
    json_write_key(w, STR("entries"));
    json_write_array_begin(w);
    for (size_t i = 0; i < read->out.count; i++)
        if (read->out.feed[i].entry.number <= through &&
            revocations_shows(x->snapshot->party, &state->question, &read->out.feed[i]))
            revocations_write_entry(&read->out.feed[i].entry, w);
    json_write_array_end(w);
    json_write_member_int(w, STR("after"), (int64_t)through);
    json_write_member_bool(w, STR("has_more"), through < heard);
}

static size_t room_for(const struct store_read *read)
{
    size_t room = ANSWER_FIRST;

    for (size_t i = 0; i < read->out.count; i++)
        room += revocations_entry_room(&read->out.feed[i].entry);
    return room;
}

static enum step_result show(struct exchange *x)
{
    struct revocations_state *state = x->state;
    uint64_t heard = heard_of(x), through = heard;
    struct json_writer w;
    struct buf b;

    if (state->from.given && !result_ok(state->read.result))
        return exchange_fault(x, state->read.result);
    if (state->from.given)
        through = revocations_through(&state->read, heard);
    buf_init_arena(&b, &x->arena, state->from.given ? room_for(&state->read) : ANSWER_FIRST,
                   LIMIT_ARENA_BATCH);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    revocations_write_head(x->worker->server, x->snapshot, heard, &w);
    if (state->from.given)
        write_entries(x, heard, through, &w);
    json_write_object_end(&w);
    struct str etag = make_etag(x, heard);
    if (b.failed || etag.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (through == heard) /* with more to come it would say that all was told */
        exchange_add_header(x, STR("etag"), etag);
    return exchange_reply_json(x, 200, buf_view(&b));
}

const struct endpoint revocations_endpoint = {
    .name = "revocations",
    .state_size = sizeof(struct revocations_state),
    .steps = {read_position, caller_step_identify, caller_step_judge, check_rights, open_stream,
              read_entries, show},
};
