#include "oauth/follower.h"

#include "exchange/snapshot.h"
#include "revocation/selector.h"

enum {
    FULL = STREAM_UNSENT_MAX / 2,
    LIFE_MS = 3600 * 1000, /* then it has to prove itself anew */
    CHUNK_MAX = 1024,
};

static int64_t now_ms(const struct follower *f)
{
    return clock_mono_ms(f->worker->server->clock);
}

/* ---- who ---- */

static void prove(struct follower *f, const struct party_application *application)
{
    int64_t now = clock_wall_ms(f->worker->server->clock);
    struct follower_proof *proof = &f->proof;

    *proof = (struct follower_proof){.revision = application->revision};
    for (size_t i = 0; i < application->secret_count; i++) {
        const struct party_secret *secret = &application->secrets[i];
        if (secret->expires_ms > 0 && secret->expires_ms <= now)
            continue; /* it opened nothing any more */
        proof->secrets[proof->secret_count++] = secret->secret_id;
        if (secret->expires_ms > 0 &&
            (proof->expires_ms == 0 || secret->expires_ms < proof->expires_ms))
            proof->expires_ms = secret->expires_ms;
    }
}

void follower_init(struct follower *f, struct exchange *x, const struct caller_state *state)
{
    f->worker = x->worker;
    f->bearer = state->bearer;
    f->client_id = f->caller->application->client_id;
    f->partner_sid = f->caller->partner->partner_sid;
    prove(f, f->caller->application);
}

/* A secret more is no reason to come again; one less, or another end of one, is. */
static bool still_proved(const struct follower *f, const struct party_application *application)
{
    const struct follower_proof *proof = &f->proof;
    size_t there = 0;

    for (size_t i = 0; i < proof->secret_count; i++)
        for (size_t j = 0; j < application->secret_count; j++)
            there += sid_eq(&proof->secrets[i], &application->secrets[j].secret_id) &&
                     (proof->expires_ms > 0 || application->secrets[j].expires_ms == 0);
    return application->revision == proof->revision && there == proof->secret_count &&
           (proof->expires_ms == 0 || clock_wall_ms(f->worker->server->clock) < proof->expires_ms);
}

static bool judge_application(struct follower *f, struct exchange *probe)
{
    const struct party *party = probe->snapshot->party;
    const struct party_application *application = party_find_application(party, &f->client_id);

    if (application == NULL || !party_application_works(party, application) ||
        !still_proved(f, application))
        return false;
    f->caller->application = application;
    f->caller->partner = party_partner_of(party, application);
    return true;
}

/* What it met a fault of stays as it was: a fault is no verdict, and nothing is told meanwhile. */
static bool judge_bearer(struct follower *f, struct exchange *probe)
{
    struct token_facts facts = caller_token_facts(probe);
    struct token_standing standing;
    struct verification v;

    if (!verification_begin(probe, f->bearer, &v))
        verification_run(probe, &v);
    if (!result_ok(v.result))
        return true;
    if (!v.good)
        return false;
    if (!result_ok(token_standing(&facts, v.token, &standing)))
        return true;
    if (!standing.active || !token_claims_has_audience(&v.token->claims, probe->snapshot->issuer))
        return false;
    f->caller->application = standing.application;
    f->caller->partner = standing.partner;
    f->caller->scopes = standing.scopes;
    f->caller->rights = scope_closure(facts.catalogue, &standing.scopes);
    return true;
}

/* Whether it could ask now as it did when it came; its exchange's memory is not used up by it. */
static bool may_follow(struct follower *f)
{
    struct exchange probe = {.worker = f->worker, .snapshot = snapshot_now(f->worker->server)};

    arena_init(&probe.arena, NULL, 0, LIMIT_ARENA);
    bool may = f->bearer.ptr != NULL ? judge_bearer(f, &probe) : judge_application(f, &probe);
    may = may && introspection_find_rights(&probe, f->question);
    arena_reset(&probe.arena);
    return may;
}

/* The tables may be others since it was judged. */
static bool find_again(struct follower *f, const struct party *party)
{
    f->caller->application = party_find_application(party, &f->client_id);
    f->caller->partner = party_find_partner(party, &f->partner_sid);
    return f->caller->application != NULL && f->caller->partner != NULL;
}

static void finish(struct follower *f)
{
    f->ending = true;
    stream_end(&f->stream);
}

/* ---- what is written ---- */

static bool write_text(struct follower *f, const struct buf *b)
{
    if (b->failed || !stream_write(&f->stream, buf_view(b)))
        return false;
    f->told_ms = now_ms(f);
    return true;
}

static void write_id(const struct sid *feed_id, uint64_t number, struct buf *out)
{
    char text[SID_TEXT];

    sid_format(feed_id, text);
    buf_cstr(out, "id: ");
    buf_put(out, text, sizeof(text));
    buf_char(out, '.');
    buf_u64(out, number);
    buf_char(out, '\n');
}

static void write_position(const struct follower *f, struct buf *out)
{
    const struct sid feed_id = store_feed_id(f->worker->server->store);
    write_id(&feed_id, f->position, out);
}

/* An event about the feed itself. */
static void write_state(const struct follower *f, const char *event, struct buf *out)
{
    const struct server *server = f->worker->server;
    struct json_writer w;

    buf_cstr(out, "event: ");
    buf_cstr(out, event);
    buf_char(out, '\n');
    write_position(f, out);
    buf_cstr(out, "data: ");
    json_writer_init(&w, out);
    json_write_object_begin(&w);
    revocations_write_head(server, snapshot_now(server), revocation_index_number(server->index),
                           &w);
    json_write_object_end(&w);
    buf_cstr(out, "\n\n");
}

void follower_write_event(const struct sid *feed_id, const struct store_entry *entry,
                          struct buf *out)
{
    struct json_writer w;

    buf_cstr(out, "event: ");
    buf_str(out, revocation_entry_name(entry->kind));
    buf_char(out, '\n');
    write_id(feed_id, entry->number, out);
    buf_cstr(out, "data: ");
    json_writer_init(&w, out);
    revocations_write_entry(entry, &w);
    buf_cstr(out, "\n\n");
}

static void tell_state(struct follower *f, const char *event)
{
    char memory[CHUNK_MAX];
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    write_state(f, event, &b);
    if (!write_text(f, &b))
        finish(f); /* what it does not hear of must not be missed */
}

static void tell_current(struct follower *f)
{
    if (f->is_current || f->ending || f->position < f->goal)
        return;
    f->is_current = true;
    tell_state(f, "current");
}

void follower_greet(struct follower *f)
{
    const struct server *server = f->worker->server;
    char memory[CHUNK_MAX];
    struct buf b;

    f->begun_ms = now_ms(f);
    f->goal = revocation_index_number(server->index);
    f->version = snapshot_now(server)->version;
    f->position = f->from.reset ? 0 : f->from.given ? f->from.number : f->goal;
    buf_init_fixed(&b, memory, sizeof(memory));
    buf_cstr(&b, "retry: 1000\n\n");
    if (f->from.reset)
        write_state(f, "reset", &b);
    write_state(f, "tables", &b);
    if (!write_text(f, &b))
        finish(f);
    tell_current(f);
}

bool follower_is_full(const struct follower *f)
{
    return f->ending || stream_unsent(&f->stream) >= FULL;
}

void follower_take(struct follower *f, const struct follower_page *page)
{
    const struct party *party = snapshot_now(f->worker->server)->party;

    if (f->ending || f->position < page->after || f->position >= page->through)
        return;
    if (!find_again(f, party)) {
        finish(f);
        return;
    }
    for (size_t i = 0; i < page->count; i++) {
        const struct store_entry *entry = &page->rows[i].entry;
        if (entry->number <= f->position || entry->number > page->through)
            continue;
        if (revocations_shows(party, f->question, &page->rows[i])) {
            if (follower_is_full(f) || !stream_write(&f->stream, page->events[i]))
                return; /* and reads on from here when it has room */
            f->told_ms = now_ms(f);
        }
        f->position = entry->number;
    }
    f->position = page->through;
    tell_current(f);
}

void follower_tell_tables(struct follower *f)
{
    uint64_t version = snapshot_now(f->worker->server)->version;

    if (f->ending || f->version == version)
        return;
    f->version = version;
    tell_state(f, "tables");
}

/* ---- time ---- */

/* Nothing the store has is missing, in the index, in the tables, or on this stream. */
static bool is_exact(const struct follower *f)
{
    const struct server *server = f->worker->server;

    return revocation_index_is_complete(server->index) &&
           !party_is_outdated(snapshot_now(server)->party) &&
           f->position >= store_last_number(server->store);
}

static void beat(struct follower *f)
{
    char memory[CHUNK_MAX];
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    buf_cstr(&b, ": heartbeat\n");
    write_position(f, &b);
    buf_char(&b, '\n');
    (void)write_text(f, &b); /* or it is full, which is no silence */
}

void follower_tick(struct follower *f, int64_t heartbeat_ms)
{
    int64_t now = now_ms(f);

    if (f->ending)
        return;
    if (now - f->begun_ms >= LIFE_MS || !may_follow(f)) {
        finish(f);
        return;
    }
    follower_tell_tables(f);
    if (now - f->told_ms >= heartbeat_ms && is_exact(f))
        beat(f);
    if (stream_is_half_closed(&f->stream)) /* where nobody reads any more, the next one fails */
        (void)stream_write(&f->stream, STR(":\n\n"));
}
