#include "manage/audit_scan.h"

#include <stddef.h>

#include "core/limits.h"
#include "exchange/caller.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"

enum {
    ROWS_AT_ONCE = 100,            /* some milliseconds of the loop, at their longest */
    MEMORY_MAX = 3 * 1024 * 1024,  /* of the exchange's arena: rows stay there */
    SCRATCH_MAX = 2 * 1024 * 1024, /* to read one record in */
};

static void submit(struct audit_scan *scan)
{
    scan->read.in.audit_list.limit = ROWS_AT_ONCE;
    store_read_submit(scan->exchange->worker->server->store, &scan->read);
}

static bool look_at(struct audit_scan *scan, const struct audit_row *row)
{
    struct audit_view view = {.at_ms = 0};
    struct arena scratch;

    arena_init(&scratch, NULL, 0, SCRATCH_MAX);
    enum err err = audit_record_read(row->record, &scratch, &view);
    if (err == ERR_FAULT_MEMORY)
        scan->result = FAULT(err);
    bool more = err != ERR_FAULT_MEMORY && scan->take(scan, row, &view);
    arena_reset(&scratch);
    scan->last = row->seq;
    scan->looked_at++;
    return more && result_ok(scan->result);
}

/* True when there is more to read. */
static bool take_rows(struct audit_scan *scan)
{
    const struct store_read *read = &scan->read;
    bool more = true;
    size_t i = 0;

    scan->result = read->result;
    if (!result_ok(scan->result))
        return false;
    while (more && i < read->out.count)
        more = look_at(scan, &read->out.audit[i++]);
    scan->has_more = i < read->out.count || read->out.more;
    return more && read->out.more && scan->looked_at < AUDIT_SCAN_ROWS &&
           scan->exchange->arena.used < MEMORY_MAX;
}

/* Goes on by itself: the exchange is resumed when all is done. Nobody reads on for a client that
 * has left. */
static void read_done(struct store_read *read)
{
    struct audit_scan *scan =
        (struct audit_scan *)((char *)read - offsetof(struct audit_scan, read));

    if (!take_rows(scan) || scan->exchange->gone) {
        exchange_resume(scan->exchange);
        return;
    }
    read->in.audit_list.after = scan->last;
    submit(scan);
}

enum step_result audit_scan_start(struct exchange *x, uint64_t after, bool descending,
                                  struct audit_scan *scan)
{
    exchange_widen_arena(x);
    scan->exchange = x;
    scan->read = (struct store_read){
        .verb = STORE_AUDIT_LIST,
        .loop = x->worker->loop,
        .done = read_done,
        .arena = &x->arena,
        .in.audit_list = {.after = after, .descending = descending},
    };
    exchange_hold(x);
    submit(scan);
    return STEP_WAIT;
}

struct str audit_actor_seen(const struct exchange *x, const struct caller *caller,
                            const struct audit_view *view)
{
    const struct party_partner *partner =
        party_find_partner(x->snapshot->party, &view->actor_partner_sid);

    if (caller->partner->depth == 0 || view->actor.ptr == NULL ||
        (partner != NULL && party_is_within(partner, caller->partner)))
        return view->actor;
    return STR("{\"hidden\":true}");
}
