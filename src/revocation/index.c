/* The index: 256 shards of the token table, two sets of epochs and one of selectors, each behind an
 * atomic pointer, and the highest epoch that these sets end, so that most tokens need none of them.
 * The writer adds to a shard's table in place; when it is full, or something in it has ended, the
 * writer builds another table and swaps the pointer, so no step costs more than a 256th of the
 * whole. Tables that follow each other share the sets their entries point to: a set is retired when
 * another statement takes its place, or when it has ended and its table goes.
 *
 * Memory: 33 bytes a slot, between 75 and 90 % of the slots used, so 37 to 44 bytes a revocation. A
 * narrowed token takes as much, and its names. Names and not bits: bits would be those of one
 * catalogue, and a name that comes back with a reload counts again (P1).
 */
#include "revocation/index.h"

#include <stdlib.h>

#include "core/entropy.h"
#include "revocation/epochs.h"
#include "revocation/hash.h"
#include "revocation/selector_set.h"
#include "revocation/table.h"

enum {
    SHARDS = 256,
    SWEEP_SHARDS = 16,   /* a call: with a call a second, all in 16 seconds */
    RECENT_MAX = 256,    /* recent epochs, or an eighth of the settled ones */
    SWEEP_EPOCHS = 1024, /* copied for a second of waiting */
};

struct revocation_index {
    /* Read by every introspection, written rarely. */
    uint64_t seed;
    _Atomic bool complete;
    _Atomic uint64_t number;
    /* Raised after the set that it is of has been published. */
    _Atomic uint64_t highest; /* a token with this epoch or a later one is ended by no set */
    _Atomic uint64_t ceiling; /* nor by one that asks for over_ceiling */
    /* A change copies the recent epochs alone; now and then they join the settled ones, which are
     * published before the recent ones go: who loads recent first misses none. */
    _Atomic(struct epochs *) recent, settled;
    _Atomic(struct selector_set *) selectors;
    _Atomic(struct table *) shards[SHARDS]; /* NULL: empty */

    /* The writer's; the counts are read for statistics. */
    _Alignas(64) struct quiesce *quiesce;
    bool faulted;
    bool retired; /* something, since the last collect */
    size_t sweep_at;
    _Atomic size_t tokens, epoch_count, selector_count, bytes;
};

struct result revocation_index_new(struct quiesce *quiesce, struct revocation_index **out)
{
    uint64_t seed;
    TRY(entropy_fill(&entropy_system, &seed, sizeof(seed)));

    struct revocation_index *index = aligned_alloc(64, sizeof(*index));
    if (index == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    memset(index, 0, sizeof(*index));
    index->seed = seed;
    index->quiesce = quiesce;
    atomic_store(&index->bytes, sizeof(*index));
    *out = index;
    return RESULT_OK;
}

static void shard_free(struct table *table)
{
    for (size_t i = 0; table != NULL && i < table_slots(table); i++) {
        struct table_entry *entry = table_slot(table, i);
        if (entry != NULL)
            free(table_set_of(table_detail(entry)));
    }
    table_free(table);
}

void revocation_index_free(struct revocation_index **index)
{
    if (*index == NULL)
        return;
    for (size_t i = 0; i < SHARDS; i++)
        shard_free(atomic_load(&(*index)->shards[i]));
    epochs_free(atomic_load(&(*index)->recent));
    epochs_free(atomic_load(&(*index)->settled));
    selector_set_free(atomic_load(&(*index)->selectors));
    free(*index);
    *index = NULL;
}

static struct table_key key_of(const struct revocation_index *index, const struct sid *sid)
{
    struct table_key key;
    memcpy(&key.high, sid->bytes, sizeof(key.high));
    memcpy(&key.low, sid->bytes + sizeof(key.high), sizeof(key.low));
    key.hash = hash_words(index->seed, key.high, key.low);
    return key;
}

static size_t shard_of(uint64_t hash)
{
    return (size_t)(hash >> 56); /* bits that neither table_home() nor table_tag() lean on */
}

/* ---- the writer ---- */

static void count_bytes(struct revocation_index *index, size_t more, size_t less)
{
    size_t bytes = atomic_load_explicit(&index->bytes, memory_order_relaxed);
    atomic_store_explicit(&index->bytes, bytes + more - less, memory_order_relaxed);
}

static void count_tokens(struct revocation_index *index, size_t more, size_t less)
{
    size_t tokens = atomic_load_explicit(&index->tokens, memory_order_relaxed);
    atomic_store_explicit(&index->tokens, tokens + more - less, memory_order_relaxed);
}

static void retire(struct revocation_index *index, void *object, void (*free_object)(void *object))
{
    quiesce_retire(index->quiesce, object, free_object);
    index->retired = true;
}

/* What detail points to; readers may still look at it. */
static void set_retire(struct revocation_index *index, uint64_t detail)
{
    struct table_set *set = table_set_of(detail);

    if (set == NULL)
        return;
    count_bytes(index, 0, table_set_bytes(set));
    retire(index, set, free);
}

/* new: a copy of what lived at now_s. */
static void shard_swap(struct revocation_index *index, size_t shard, struct table *new,
                       int64_t now_s)
{
    struct table *old = atomic_exchange(&index->shards[shard], new);

    count_bytes(index, new != NULL ? new->bytes : 0, old != NULL ? old->bytes : 0);
    if (old == NULL)
        return;
    for (size_t i = 0; i < table_slots(old); i++) {
        const struct table_entry *entry = table_slot(old, i);
        if (entry != NULL && table_end_s(table_detail(entry)) <= now_s)
            set_retire(index, table_detail(entry));
    }
    retire(index, old, table_free);
}

/* After a swap: what readers compare a token's epoch with. */
static void tell_highest(struct revocation_index *index)
{
    const struct epochs *recent = atomic_load_explicit(&index->recent, memory_order_relaxed);
    const struct epochs *settled = atomic_load_explicit(&index->settled, memory_order_relaxed);
    const struct selector_set *selectors =
        atomic_load_explicit(&index->selectors, memory_order_relaxed);
    uint64_t highest = recent != NULL ? recent->highest : 0;

    if (settled != NULL && settled->highest > highest)
        highest = settled->highest;
    if (selectors != NULL && selectors->highest > highest)
        highest = selectors->highest;
    atomic_store(&index->ceiling, selectors != NULL ? selectors->ceiling : 0);
    atomic_store(&index->highest, highest);
}

/* place: recent or settled */
static void epochs_swap(struct revocation_index *index, _Atomic(struct epochs *) *place,
                        struct epochs *new)
{
    struct epochs *old = atomic_exchange(place, new);
    size_t count = atomic_load_explicit(&index->epoch_count, memory_order_relaxed);

    count_bytes(index, new != NULL ? new->bytes : 0, old != NULL ? old->bytes : 0);
    count += new != NULL ? new->live : 0;
    count -= old != NULL ? old->live : 0;
    atomic_store_explicit(&index->epoch_count, count, memory_order_relaxed);
    tell_highest(index);
    if (old != NULL)
        retire(index, old, epochs_free);
}

static void selectors_swap(struct revocation_index *index, struct selector_set *new)
{
    struct selector_set *old = atomic_exchange(&index->selectors, new);

    count_bytes(index, new != NULL ? new->bytes : 0, old != NULL ? old->bytes : 0);
    atomic_store_explicit(&index->selector_count, new != NULL ? new->live : 0,
                          memory_order_relaxed);
    tell_highest(index);
    if (old != NULL)
        retire(index, old, selector_set_free);
}

/* While an index is built at start nobody else collects, and grown-out tables would pile up. */
static void collect(struct revocation_index *index)
{
    if (index->retired)
        quiesce_collect(index->quiesce);
    index->retired = false;
}

/* Makes room for one more in *table, the shard's. */
static RESULT shard_grow(struct revocation_index *index, size_t shard, struct table **table)
{
    size_t room = *table != NULL ? (*table)->room : 0;
    struct table *grown = table_copy_live(*table, index->seed, INT64_MIN, room + room / 5 + 1);

    if (grown == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    shard_swap(index, shard, grown, INT64_MIN);
    *table = grown;
    return RESULT_OK;
}

/* The entry's statement as a word; 0 when out of memory. before: what is there, whose end stays
 * when it is later. */
static uint64_t detail_new(struct revocation_index *index, const struct store_entry *entry,
                           int64_t before_end_s)
{
    int64_t end_s = entry->end_s > before_end_s ? entry->end_s : before_end_s;

    if (entry->kind == ENTRY_TOKEN_REVOKED)
        return table_revoked(end_s);
    struct table_set *set = table_set_new(&entry->set, end_s);
    if (set != NULL)
        count_bytes(index, table_set_bytes(set), 0);
    return (uint64_t)(uintptr_t)set;
}

/* Revoked stays revoked and takes the place of every set; of two sets the higher number counts.
 * Whatever it is, it stays for as long as anybody said. */
static RESULT replace(struct revocation_index *index, struct table_entry *found,
                      const struct store_entry *entry)
{
    uint64_t before = table_detail(found);
    bool is_set = entry->kind == ENTRY_TOKEN_SET;

    if (is_set && (table_is_revoked(before) || entry->number <= found->number))
        return RESULT_OK;
    uint64_t after = detail_new(index, entry, table_end_s(before));
    if (after == 0)
        return FAULT(ERR_FAULT_MEMORY);
    found->number = entry->number;
    atomic_store(&found->detail, after);
    set_retire(index, before);
    return RESULT_OK;
}

static RESULT apply_token(struct revocation_index *index, const struct store_entry *entry)
{
    struct table_key key = key_of(index, &entry->id);
    size_t shard = shard_of(key.hash);
    struct table *table = atomic_load_explicit(&index->shards[shard], memory_order_relaxed);
    struct table_entry *found = table != NULL ? table_find(table, &key) : NULL;

    if (found != NULL)
        return replace(index, found, entry);
    if (table == NULL || table->used == table->room)
        TRY(shard_grow(index, shard, &table));
    uint64_t detail = detail_new(index, entry, INT64_MIN);
    if (detail == 0)
        return FAULT(ERR_FAULT_MEMORY);
    table_add(table, &key, entry->number, detail);
    count_tokens(index, 1, 0);
    return RESULT_OK;
}

static RESULT apply_epochs(struct revocation_index *index, const struct store_entry *entries,
                           size_t n)
{
    struct epochs *recent = atomic_load_explicit(&index->recent, memory_order_relaxed);
    struct epochs *settled = atomic_load_explicit(&index->settled, memory_order_relaxed);
    size_t settled_count = settled != NULL ? settled->count : 0;
    bool settles =
        recent != NULL && recent->count >= RECENT_MAX && recent->count >= settled_count / 8;
    struct epochs *set =
        epochs_new(recent, settles ? settled : NULL, INT64_MIN, index->seed, entries, n);

    if (set == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    epochs_swap(index, settles ? &index->settled : &index->recent, set);
    if (settles)
        epochs_swap(index, &index->recent, NULL);
    return RESULT_OK;
}

static RESULT apply_selectors(struct revocation_index *index, const struct store_entry *entries,
                              size_t n)
{
    struct selector_set *old = atomic_load_explicit(&index->selectors, memory_order_relaxed);
    struct selector_set *set = selector_set_new(old, INT64_MIN, index->seed, entries, n);

    if (set == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    selectors_swap(index, set);
    return RESULT_OK;
}

static RESULT apply_all(struct revocation_index *index, const struct store_entry *entries, size_t n)
{
    bool epochs = false, selectors = false;

    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind == ENTRY_TOKEN_REVOKED || entries[i].kind == ENTRY_TOKEN_SET)
            TRY(apply_token(index, &entries[i]));
        epochs |= epochs_is_epoch(&entries[i]);
        selectors |= entries[i].kind == ENTRY_SELECTOR;
    }
    if (epochs)
        TRY(apply_epochs(index, entries, n));
    return selectors ? apply_selectors(index, entries, n) : RESULT_OK;
}

struct result revocation_index_apply(struct revocation_index *index,
                                     const struct store_entry *entries, size_t n)
{
    struct result result = apply_all(index, entries, n);

    if (!result_ok(result)) {
        index->faulted = true;
        atomic_store(&index->complete, false); /* P4: from here on nobody can tell */
    }
    collect(index);
    return result;
}

void revocation_index_rebuild(struct revocation_index *index)
{
    index->faulted = false;
    atomic_store(&index->complete, false);
}

void revocation_index_complete(struct revocation_index *index, uint64_t number)
{
    if (index->faulted)
        return;
    if (number > atomic_load(&index->number))
        atomic_store(&index->number, number);
    if (!atomic_load(&index->complete))
        atomic_store(&index->complete, true);
}

static void sweep_shard(struct revocation_index *index, size_t shard, int64_t now_s)
{
    struct table *table = atomic_load_explicit(&index->shards[shard], memory_order_relaxed);
    size_t live = table != NULL ? table_count_live(table, now_s) : 0;
    struct table *new = NULL;

    if (table == NULL || live == table->used)
        return;
    if (live > 0) {
        new = table_copy_live(table, index->seed, now_s, live + live / 8);
        if (new == NULL)
            return; /* what is kept too long does no harm; another time */
    }
    count_tokens(index, 0, table->used - live);
    shard_swap(index, shard, new, now_s);
}

/* The more there are, the longer those that ended may wait for others. */
static void sweep_epochs(struct revocation_index *index, _Atomic(struct epochs *) *place,
                         int64_t now_s)
{
    struct epochs *old = atomic_load_explicit(place, memory_order_relaxed);
    if (old == NULL || old->first_end_s > now_s - (int64_t)(old->count / SWEEP_EPOCHS))
        return;

    struct epochs *new = epochs_new(old, NULL, now_s, index->seed, NULL, 0);
    if (new == NULL)
        return;
    if (new->count == 0) {
        epochs_free(new);
        new = NULL;
    }
    epochs_swap(index, place, new);
}

static void sweep_selectors(struct revocation_index *index, int64_t now_s)
{
    struct selector_set *old = atomic_load_explicit(&index->selectors, memory_order_relaxed);
    if (old == NULL || old->first_end_s > now_s)
        return;

    struct selector_set *new = selector_set_new(old, now_s, index->seed, NULL, 0);
    if (new == NULL)
        return;
    if (new->count == 0) {
        selector_set_free(new);
        new = NULL;
    }
    selectors_swap(index, new);
}

void revocation_index_sweep(struct revocation_index *index, int64_t now_s)
{
    sweep_epochs(index, &index->recent, now_s);
    sweep_epochs(index, &index->settled, now_s);
    sweep_selectors(index, now_s);
    for (size_t i = 0; i < SWEEP_SHARDS; i++) {
        sweep_shard(index, index->sweep_at, now_s);
        index->sweep_at = (index->sweep_at + 1) % SHARDS;
    }
    collect(index);
}

/* ---- readers ---- */

bool revocation_index_is_complete(const struct revocation_index *index)
{
    return atomic_load(&index->complete);
}

uint64_t revocation_index_number(const struct revocation_index *index)
{
    return atomic_load(&index->number);
}

enum revocation_found revocation_index_find(const struct revocation_index *index,
                                            const struct sid *token_sid, struct entry_set *out)
{
    struct table_key key = key_of(index, token_sid);
    const struct table *table = atomic_load(&index->shards[shard_of(key.hash)]);
    const struct table_entry *entry = table != NULL ? table_find(table, &key) : NULL;

    if (entry == NULL)
        return REVOCATION_NONE;
    uint64_t detail = atomic_load(&entry->detail);
    const struct table_set *set = table_set_of(detail);
    if (set == NULL)
        return REVOCATION_REVOKED;
    *out = (struct entry_set){str_make(set->scopes, set->scopes_len), set->exp_s};
    return REVOCATION_SET;
}

bool revocation_index_is_cut(const struct revocation_index *index,
                             const struct epoch_subject *subject)
{
    if (subject->epoch >= atomic_load(&index->highest))
        return false;
    const struct epochs *recent = atomic_load(&index->recent);
    if (recent != NULL && subject->epoch < recent->highest && epochs_cut(recent, subject))
        return true;
    const struct epochs *settled = atomic_load(&index->settled);
    if (settled != NULL && subject->epoch < settled->highest && epochs_cut(settled, subject))
        return true;
    const struct selector_set *selectors = atomic_load(&index->selectors);
    return selectors != NULL && subject->epoch < selectors->highest &&
           selector_set_cut(selectors, subject);
}

bool revocation_index_lets_go(const struct revocation_index *index,
                              const struct epoch_subject *before, const struct epoch_subject *after,
                              int64_t created_ms)
{
    const struct selector_set *selectors = atomic_load(&index->selectors);
    return selectors != NULL && selector_set_lets_go(selectors, before, after, created_ms);
}

bool revocation_index_asks_ceiling(const struct revocation_index *index, uint64_t epoch)
{
    return epoch < atomic_load(&index->ceiling);
}

struct revocation_index_stats revocation_index_stats(const struct revocation_index *index)
{
    return (struct revocation_index_stats){
        .tokens = atomic_load_explicit(&index->tokens, memory_order_relaxed),
        .epochs = atomic_load_explicit(&index->epoch_count, memory_order_relaxed),
        .selectors = atomic_load_explicit(&index->selector_count, memory_order_relaxed),
        .bytes = atomic_load_explicit(&index->bytes, memory_order_relaxed),
    };
}
