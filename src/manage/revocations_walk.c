#include <stdlib.h>

#include "audit/record.h"
#include "core/log.h"
#include "exchange/snapshot.h"
#include "manage/revocations.h"
#include "manage/revocations_walk_inside.h"

enum {
    PAUSES = 4,      /* times what a step took: a fifth of the writer, at most */
    PAUSES_EACH = 1, /* half of it where changes of scopes wait for the walk */
    PAUSE_MIN_MS = 1,
    PAUSE_MAX_MS = 2000,
    RETRY_FIRST_MS = 250, /* after a fault, then twice as long each time */
    RETRY_MAX_MS = 30 * 1000,
    PAGES_MAX = 64,            /* without a step: what a restart would look at once more */
    FOLLOWED_MAX = STORE_PAGE, /* looked at for one that is urgent */
    MEMORY_MAX = 16 * 1024 * 1024,
};

/* ---- a page ---- */

bool revocation_walk_takes(const struct revocation_row *revocation, const struct token_facts *facts,
                           const struct token_row *row)
{
    struct revocation_selector selector = revocation->selector;
    bool had_others = row->generation > 1; /* JWTs, of which the row does not tell */
    struct sid chain[LIMIT_PARTNER_DEPTH];

    struct epoch_subject subject = token_subject_of_row(facts, row, selector.over_ceiling, chain);
    if (!selector.over_ceiling) {
        bool may_live = had_others && (selector.kid.len > 0 || selector.scopes.len > 0);
        return !may_live && subject.epoch < revocation->below &&
               revocation_selector_matches(&selector, &subject);
    }
    if (!had_others && subject.epoch >= revocation->below)
        return false;
    subject.iat_s = row->created_ms / 1000;
    if (had_others)
        selector.kid = STR("");
    return revocation_selector_matches(&selector, &subject);
}

/* Of this moment; the thread is no reader in between. */
static void match_page(struct revocation_walk *walk)
{
    struct server *server = walk->server;
    const struct store_read *read = &walk->read;

    quiesce_pass(&server->quiesce, walk->reader);
    const struct snapshot *snapshot = snapshot_now(server);
    const struct token_facts facts = {
        .catalogue = snapshot->catalogue,
        .party = snapshot->party,
        .index = server->index,
        .now_s = clock_wall_s(server->clock),
        .ttl_max_s = snapshot->policy.ttl_max_s,
    };
    for (size_t i = 0; i < read->out.count; i++)
        if (revocation_walk_takes(&walk->revocation, &facts, &read->out.tokens[i]))
            walk->tokens[walk->count++] = read->out.tokens[i].token_sid;
    quiesce_offline(walk->reader);
}

static RESULT read_page(struct revocation_walk *walk, bool *out_more)
{
    const struct revocation_row *revocation = &walk->revocation;
    bool each = revocation->selector.over_ceiling;

    /* A token that only looks over may have its time again, and by then what revoked each is gone
     * (P2). */
    walk->read = (struct store_read){
        .verb = STORE_TOKEN_WALK,
        .in.token_walk = {.after = walk->cursor,
                          .below = each ? revocation->number : revocation->below,
                          .now_s = store_surely_over_s(walk->server->store),
                          .client_id = revocation->selector.client_id,
                          .limit = STORE_REVOCATION_ROWS - walk->count},
    };
    struct result read = revocation_walk_read(walk, &walk->rows);
    if (result_ok(read)) {
        match_page(walk);
        walk->pages++;
        *out_more = walk->read.out.more;
        if (*out_more)
            walk->cursor = walk->read.out.walked;
    }
    arena_reset(&walk->rows);
    return read;
}

/* ---- a step ---- */

static struct str done_record(struct revocation_walk *walk)
{
    const struct revocation_row *revocation = &walk->revocation;
    const struct audit_actor actor = {.client_id = revocation->client_id,
                                      .partner_sid = revocation->partner_sid};
    char detail[64];
    struct audit_event event = {
        .action = STR("revocation.done"),
        .object = revocation->revocation_sid,
    };
    struct buf b;

    quiesce_pass(&walk->server->quiesce, walk->reader);
    event.partner_sid = revocation_partner(snapshot_now(walk->server)->party, &revocation->selector,
                                           &revocation->partner_sid);
    quiesce_offline(walk->reader);
    buf_init_fixed(&b, detail, sizeof(detail));
    buf_cstr(&b, "{\"tokens\":");
    buf_u64(&b, walk->marked + walk->count);
    buf_char(&b, '}');
    event.detail = buf_view(&b);
    return audit_record(&walk->rows, clock_wall_ms(walk->server->clock), &actor, &event);
}

/* Marks what was gathered. *out_over: there is nothing left to follow of this one. */
static RESULT step(struct revocation_walk *walk, bool done, bool *out_over)
{
    walk->request = (struct store_request){
        .verb = STORE_REVOCATION_STEP,
        .in.revocation_step = {.revocation_sid = walk->revocation.revocation_sid,
                               .tokens = walk->tokens,
                               .n = walk->count,
                               .each = walk->revocation.selector.over_ceiling,
                               .cursor = walk->cursor,
                               .done = done},
    };
    if (done) {
        walk->request.audit = done_record(walk);
        if (walk->request.audit.ptr == NULL)
            return FAULT(ERR_FAULT_MEMORY);
    }
    struct result committed = revocation_walk_commit(walk);
    arena_reset(&walk->rows);
    TRY(committed);
    walk->marked += walk->count;
    walk->count = 0;
    walk->pages = 0;
    *out_over = done || walk->request.outcome != STORE_OUTCOME_DONE;
    return RESULT_OK;
}

/* Pages until there is enough for a step, and the step. */
static RESULT advance(struct revocation_walk *walk, bool *out_over)
{
    bool more = true;

    while (more && walk->count <= STORE_REVOCATION_ROWS / 2 && walk->pages < PAGES_MAX) {
        TRY(read_page(walk, &more));
        if (more && !revocation_walk_wait_ms(walk, PAUSE_MIN_MS))
            return RESULT_OK;
    }
    int64_t began_ns = clock_mono_ns();
    TRY(step(walk, !more, out_over));
    int64_t pauses = walk->revocation.selector.over_ceiling ? PAUSES_EACH : PAUSES;
    int64_t pause_ms = (clock_mono_ns() - began_ns) * pauses / 1000000;
    if (!*out_over)
        revocation_walk_wait_ms(walk, pause_ms < PAUSE_MIN_MS   ? PAUSE_MIN_MS
                                      : pause_ms > PAUSE_MAX_MS ? PAUSE_MAX_MS
                                                                : pause_ms);
    return RESULT_OK;
}

/* ---- one revocation after the other ---- */

/* One that holds up changes of scopes, else the oldest. */
static const struct revocation_row *most_urgent(const struct revocation_row *rows, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].selector.over_ceiling)
            return &rows[i];
    return rows;
}

static RESULT take_next(struct revocation_walk *walk, bool *out_found)
{
    arena_reset(&walk->memory);
    walk->read = (struct store_read){
        .verb = STORE_REVOCATION_LIST,
        .in.revocation_list = {.following = true, .limit = FOLLOWED_MAX},
    };
    TRY(revocation_walk_read(walk, &walk->memory));
    *out_found = walk->read.out.count > 0;
    if (!*out_found)
        return RESULT_OK;
    walk->revocation = *most_urgent(walk->read.out.revocations, walk->read.out.count);
    walk->tables_version = store_tables_version(walk->server->store);
    walk->cursor = walk->revocation.cursor;
    walk->marked = walk->revocation.tokens;
    walk->count = 0;
    walk->pages = 0;
    return RESULT_OK;
}

/* The store shows its rows a moment before the tables of the same commit are published, and what
 * those of before allow is no measure of over_ceiling. From here on nobody changes scopes. */
static bool has_tables(struct revocation_walk *walk)
{
    struct server *server = walk->server;

    quiesce_pass(&server->quiesce, walk->reader);
    const struct snapshot *snapshot = snapshot_now(server);
    bool has =
        snapshot->tables_version >= walk->tables_version && !party_is_outdated(snapshot->party);
    quiesce_offline(walk->reader);
    return has;
}

static RESULT follow(struct revocation_walk *walk)
{
    bool over = false;

    while (!has_tables(walk))
        if (!revocation_walk_wait_ms(walk, PAUSE_MIN_MS))
            return RESULT_OK;
    while (!over && !revocation_walk_is_called(walk))
        TRY(advance(walk, &over));
    if (over)
        LOG(LOG_INFO, "revocation_followed", LF_INT("number", walk->revocation.number),
            LF_INT("tokens", walk->marked));
    return RESULT_OK;
}

static RESULT follow_all(struct revocation_walk *walk)
{
    bool found = true;

    while (found && revocation_walk_wait_ms(walk, 0)) {
        TRY(take_next(walk, &found));
        if (found)
            TRY(follow(walk));
    }
    return RESULT_OK;
}

static void *run(void *argument)
{
    struct revocation_walk *walk = argument;
    int64_t retry_ms = RETRY_FIRST_MS;
    bool goes_on = true;

    while (goes_on) {
        struct result followed = follow_all(walk);
        if (result_ok(followed)) {
            retry_ms = RETRY_FIRST_MS;
            goes_on = revocation_walk_wait_wake(walk);
            continue;
        }
        LOG(LOG_WARN, "revocation_walk_waits", LF_ERR(followed.code), LF_INT("ms", retry_ms));
        goes_on = revocation_walk_wait_ms(walk, retry_ms);
        retry_ms = 2 * retry_ms < RETRY_MAX_MS ? 2 * retry_ms : RETRY_MAX_MS;
    }
    return NULL;
}

/* ---- its life ---- */

static void destroy(struct revocation_walk *walk)
{
    arena_reset(&walk->memory);
    arena_reset(&walk->rows);
    pthread_cond_destroy(&walk->changed);
    pthread_mutex_destroy(&walk->lock);
    free(walk);
}

struct result revocation_walk_new(struct server *server, struct revocation_walk **out)
{
    struct revocation_walk *walk = calloc(1, sizeof(*walk));
    pthread_condattr_t attributes;

    if (walk == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    walk->loop.ops = &revocation_walk_loop;
    walk->server = server;
    walk->reader = quiesce_register(&server->quiesce);
    arena_init(&walk->memory, NULL, 0, MEMORY_MAX);
    arena_init(&walk->rows, NULL, 0, MEMORY_MAX);
    pthread_mutex_init(&walk->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&walk->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    if (pthread_create(&walk->thread, NULL, run, walk) != 0) {
        destroy(walk);
        return FAULT(ERR_FAULT_MEMORY);
    }
    *out = walk;
    return RESULT_OK;
}

void revocation_walk_wake(struct revocation_walk *walk)
{
    if (walk == NULL)
        return;
    pthread_mutex_lock(&walk->lock);
    walk->woken = true;
    pthread_cond_signal(&walk->changed);
    pthread_mutex_unlock(&walk->lock);
}

void revocation_walk_free(struct revocation_walk **slot)
{
    struct revocation_walk *walk = *slot;

    if (walk == NULL)
        return;
    *slot = NULL;
    pthread_mutex_lock(&walk->lock);
    walk->stopping = true;
    pthread_cond_signal(&walk->changed);
    pthread_mutex_unlock(&walk->lock);
    pthread_join(walk->thread, NULL);
    destroy(walk);
}
