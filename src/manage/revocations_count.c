/* How many live tokens a plan is about, by application and by partner: page by page, judged as a
 * list judges its rows, with the loop free in between. A million rows take seconds, so few counts
 * run at a time, and one whose client has left stops.
 *
 * What it keeps between pages lives in arenas of its own, which nobody but revocation_count_end and
 * the read that finds the client gone gives back. */
#include <stdlib.h>

#include "exchange/snapshot.h"
#include "manage/revocations.h"

enum {
    COUNTS_AT_ONCE = 4, /* the last of them is the root's */
    TALLY_MAX = 64 * 1024 * 1024,
    SLOTS_FIRST = 256, /* a power of two, as all sizes of a table */
};

/* ---- sums by SID ---- */

struct count_entry {
    struct sid sid; /* none: free */
    uint64_t tokens;
};

struct count_table {
    size_t count, slots;
    struct count_entry *entries;
};

static struct count_table *table_new(struct arena *arena)
{
    struct count_table *table = arena_zalloc(arena, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->slots = SLOTS_FIRST;
    table->entries = arena_zalloc(arena, SLOTS_FIRST * sizeof(*table->entries));
    return table->entries != NULL ? table : NULL;
}

/* The end of a SID is random. */
static size_t slot_of(const struct count_table *table, const struct sid *sid)
{
    uint64_t hash;

    memcpy(&hash, sid->bytes + 8, sizeof(hash));
    size_t slot = (size_t)(hash * 0x9E3779B97F4A7C15u >> 20) & (table->slots - 1);
    while (!sid_is_none(&table->entries[slot].sid) && !sid_eq(&table->entries[slot].sid, sid))
        slot = (slot + 1) & (table->slots - 1);
    return slot;
}

static bool table_grow(struct arena *arena, struct count_table *table)
{
    const struct count_table old = *table;

    struct count_entry *entries = arena_zalloc(arena, 2 * old.slots * sizeof(*entries));
    if (entries == NULL)
        return false;
    table->slots = 2 * old.slots;
    table->entries = entries;
    for (size_t i = 0; i < old.slots; i++)
        if (!sid_is_none(&old.entries[i].sid))
            entries[slot_of(table, &old.entries[i].sid)] = old.entries[i];
    return true;
}

static RESULT table_add(struct arena *arena, struct count_table *table, const struct sid *sid)
{
    struct count_entry *entry = &table->entries[slot_of(table, sid)];

    entry->tokens++;
    if (!sid_is_none(&entry->sid))
        return RESULT_OK;
    entry->sid = *sid;
    if (2 * ++table->count > table->slots && !table_grow(arena, table))
        return FAULT(ERR_FAULT_MEMORY);
    return RESULT_OK;
}

/* Most tokens first. */
static int compare_entries(const void *a, const void *b)
{
    const struct count_entry *one = a, *other = b;

    if (one->tokens != other->tokens)
        return one->tokens < other->tokens ? 1 : -1;
    return memcmp(one->sid.bytes, other->sid.bytes, sizeof(one->sid.bytes));
}

/* From here on the table is a list of count entries. */
static void table_sort(struct count_table *table)
{
    size_t n = 0;

    for (size_t i = 0; i < table->slots; i++)
        if (!sid_is_none(&table->entries[i].sid))
            table->entries[n++] = table->entries[i];
    qsort(table->entries, n, sizeof(*table->entries), compare_entries);
}

/* ---- its life ---- */

static unsigned room_of(bool of_root)
{
    return COUNTS_AT_ONCE - (unsigned)!of_root;
}

bool revocation_count_has_room(const struct exchange *x, bool of_root)
{
    return atomic_load(&x->worker->server->counts) < room_of(of_root);
}

bool revocation_count_begin(struct exchange *x, bool of_root, struct revocation_count *count)
{
    struct server *server = x->worker->server;

    if (atomic_fetch_add(&server->counts, 1) >= room_of(of_root)) {
        atomic_fetch_sub(&server->counts, 1);
        return false;
    }
    *count = (struct revocation_count){.exchange = x};
    arena_init(&count->rows, NULL, 0, LIMIT_ARENA_BATCH);
    arena_init(&count->tally, NULL, 0, TALLY_MAX);
    return true;
}

void revocation_count_end(struct revocation_count *count)
{
    arena_reset(&count->rows);
    arena_reset(&count->tally);
    atomic_fetch_sub(&count->exchange->worker->server->counts, 1);
}

/* ---- pages ---- */

static void read_done(struct store_read *read)
{
    struct revocation_count *count =
        (struct revocation_count *)((char *)read - offsetof(struct revocation_count, read));
    struct exchange *x = count->exchange;

    if (x->gone) /* nobody takes the page */
        revocation_count_end(count);
    exchange_resume(x);
}

/* One partner's alone are gone through by themselves: its count shall cost what it has. */
static bool is_of_one(const struct revocation_selector *selector)
{
    return !sid_is_none(&selector->partner_sid) && !selector->descendants;
}

enum step_result revocation_count_ask(struct exchange *x, struct revocation_count *count,
                                      const struct revocation_row *plan)
{
    struct store_read *read = &count->read;

    exchange_hold(x);
    *read = (struct store_read){.loop = x->worker->loop, .done = read_done, .arena = &count->rows};
    if (is_of_one(&plan->selector)) {
        read->verb = STORE_TOKEN_SCAN;
        read->in.token_scan.partners = &plan->selector.partner_sid;
        read->in.token_scan.partner_count = 1;
        read->in.token_scan.after = count->after;
        read->in.token_scan.limit = STORE_PAGE;
    } else {
        read->verb = STORE_TOKEN_WALK;
        read->in.token_walk.after = count->after;
        read->in.token_walk.below = plan->below;
        read->in.token_walk.now_s = clock_wall_s(x->worker->server->clock);
        read->in.token_walk.client_id = plan->selector.client_id;
        read->in.token_walk.limit = STORE_PAGE;
    }
    store_read_submit(x->worker->server->store, read);
    return STEP_WAIT;
}

/* Where the next page begins, if there is one. */
static bool go_on(struct revocation_count *count)
{
    const struct store_read *read = &count->read;

    if (read->verb == STORE_TOKEN_WALK) {
        count->after = read->out.walked;
        return read->out.more;
    }
    if (read->out.scanned > 0 || read->out.count == 0)
        return false;
    count->after = read->out.tokens[read->out.count - 1].token_sid;
    return true;
}

static RESULT count_row(struct revocation_count *count, const struct token_facts *facts,
                        const struct revocation_row *plan, const struct token_row *row)
{
    const struct revocation_selector *selector = &plan->selector;
    struct sid chain[LIMIT_PARTNER_DEPTH];
    enum token_state state;

    const struct epoch_subject subject =
        token_subject_of_row(facts, row, selector->over_ceiling, chain);
    if (subject.epoch >= plan->below || !revocation_selector_matches(selector, &subject))
        return RESULT_OK;
    TRY(token_state_of(facts, row, &state));
    if (state != TOKEN_LIVE)
        return RESULT_OK;
    count->tokens++;
    TRY(table_add(&count->tally, count->applications, &row->client_id));
    return table_add(&count->tally, count->partners, &row->partner_sid);
}

struct result revocation_count_take(struct exchange *x, struct revocation_count *count,
                                    const struct revocation_row *plan, bool *out_more)
{
    const struct store_read *read = &count->read;
    const struct token_facts facts = caller_token_facts(x);

    TRY(read->result);
    if (count->applications == NULL)
        count->applications = table_new(&count->tally);
    if (count->partners == NULL)
        count->partners = table_new(&count->tally);
    if (count->applications == NULL || count->partners == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    for (size_t i = 0; i < read->out.count; i++)
        TRY(count_row(count, &facts, plan, &read->out.tokens[i]));
    *out_more = go_on(count);
    arena_reset(&count->rows);
    return RESULT_OK;
}

/* ---- the answer ---- */

static void write_application(const struct party *party, const struct count_entry *entry,
                              struct json_writer *w)
{
    const struct party_application *application = party_find_application(party, &entry->sid);

    json_write_key(w, STR("client_id"));
    json_write_sid(w, &entry->sid);
    json_write_key(w, STR("name"));
    application == NULL ? json_write_null(w) : json_write_string(w, application->name);
    json_write_key(w, STR("partner_sid"));
    application == NULL ? json_write_null(w) : json_write_sid(w, &application->partner_sid);
}

static void write_partner(const struct party *party, const struct count_entry *entry,
                          struct json_writer *w)
{
    const struct party_partner *partner = party_find_partner(party, &entry->sid);

    json_write_key(w, STR("partner_sid"));
    json_write_sid(w, &entry->sid);
    json_write_key(w, STR("name"));
    partner == NULL ? json_write_null(w) : json_write_string(w, partner->name);
}

static void write_table(const struct party *party, struct count_table *table,
                        void (*write)(const struct party *party, const struct count_entry *entry,
                                      struct json_writer *w),
                        struct json_writer *w)
{
    table_sort(table);
    json_write_array_begin(w);
    for (size_t i = 0; i < table->count && i < COUNT_LISTED; i++) {
        json_write_object_begin(w);
        write(party, &table->entries[i], w);
        json_write_member_int(w, STR("tokens"), (int64_t)table->entries[i].tokens);
        json_write_object_end(w);
    }
    json_write_array_end(w);
}

void revocation_count_write(const struct exchange *x, const struct revocation_count *count,
                            struct json_writer *w)
{
    const struct party *party = x->snapshot->party;

    json_write_member_int(w, STR("tokens"), (int64_t)count->tokens);
    json_write_key(w, STR("applications"));
    write_table(party, count->applications, write_application, w);
    json_write_member_int(w, STR("applications_total"), (int64_t)count->applications->count);
    json_write_key(w, STR("partners"));
    write_table(party, count->partners, write_partner, w);
    json_write_member_int(w, STR("partners_total"), (int64_t)count->partners->count);
}
