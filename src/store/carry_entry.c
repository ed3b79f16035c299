/* Entries of the sequence: the next number, and what a new one does to those of its subject.
 *
 * Of one subject an entry is kept for what no other says: one that ends no token which another of
 * them does not end (a lower or equal `below`, an earlier or equal before_s) has no say any more.
 * Whichever of the two is the new one, what is kept carries the new number, since whoever follows
 * the sequence has to hear of it, and the later end, since it speaks for both (P2).
 *
 * What is asked for as its end follows from the policy of today, which may allow tokens less life
 * than it did: it is raised to the time that no token there ever was outlives. */
#include <assert.h>

#include "store/front.h"

enum { SUBJECT_ENTRIES = STORE_DATED + 1 /* and one without a date */ };

struct store_entry store_next_entry(const struct store_batch *batch, enum entry_kind kind,
                                    int64_t end_s)
{
    return (struct store_entry){.number = batch->progress.last_number + 1,
                                .kind = kind,
                                .end_s = end_s,
                                .at_ms = batch->wall_ms};
}

void store_append_entry(struct store_batch *batch, const struct store_entry *entry)
{
    assert(batch->progress.entry_count < sizeof(batch->entries) / sizeof(batch->entries[0]));
    batch->entries[batch->progress.entry_count++] = *entry;
    batch->progress.last_number = entry->number;
}

struct result store_note_tokens_end(struct store *store, int64_t exp_s)
{
    struct store_progress *progress = &store->batch.progress;
    int64_t end_s = exp_s + STORE_TOKENS_END_AHEAD_S;

    if (exp_s <= progress->tokens_end_s)
        return RESULT_OK;
    TRY(store->backend->ops->keep_tokens_end(store->backend, end_s));
    progress->tokens_end_s = end_s;
    return RESULT_OK;
}

/* The others have an end of their own. */
static bool speaks_of_any_token(const struct store_entry *entry)
{
    return entry->kind != ENTRY_TOKEN_REVOKED && entry->kind != ENTRY_TOKEN_SET &&
           entry->kind != ENTRY_PLAN;
}

static int64_t before_of(const struct store_entry *entry)
{
    return entry->before_s != 0 ? entry->before_s : INT64_MAX;
}

/* Whether all that b ends is ended by a. */
static bool covers(const struct store_entry *a, const struct store_entry *b)
{
    return a->below >= b->below && before_of(a) >= before_of(b);
}

/* *entry says what both said. */
static void merge(struct store_entry *entry, const struct store_entry *earlier)
{
    if (covers(earlier, entry)) {
        entry->below = earlier->below;
        entry->before_s = earlier->before_s;
    }
    if (earlier->end_s > entry->end_s)
        entry->end_s = earlier->end_s;
}

/* False: the subject has as many dated ones already as it may. */
static bool has_room(const struct store_entry *entry, const struct store_entry *earlier, size_t n)
{
    size_t dated = 0;

    for (size_t i = 0; i < n; i++) {
        if (covers(&earlier[i], entry))
            return true; /* it takes that one's place */
        dated += earlier[i].before_s != 0 && !covers(entry, &earlier[i]);
    }
    return entry->before_s == 0 || dated < STORE_DATED;
}

struct result store_put_entry(struct store *store, struct store_entry *entry,
                              enum store_outcome *out)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct store_entry earlier[SUBJECT_ENTRIES];
    size_t count = 0;

    TRY(ops->subject_read(store->backend, entry, SUBJECT_ENTRIES, earlier, &count));
    *out = has_room(entry, earlier, count) ? STORE_OUTCOME_DONE : STORE_OUTCOME_TOO_MANY;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    if (speaks_of_any_token(entry) && entry->end_s < store->batch.progress.tokens_end_s)
        entry->end_s = store->batch.progress.tokens_end_s;
    for (size_t i = 0; i < count; i++) {
        if (!covers(entry, &earlier[i]) && !covers(&earlier[i], entry))
            continue;
        merge(entry, &earlier[i]);
        TRY(ops->entry_delete(store->backend, &earlier[i]));
    }
    TRY(ops->entry_create(store->backend, entry));
    store_append_entry(&store->batch, entry);
    return RESULT_OK;
}

struct result store_end_entry(struct store *store, struct store_entry *entry)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct store_entry earlier[SUBJECT_ENTRIES];
    size_t count = 0;

    TRY(ops->subject_read(store->backend, entry, SUBJECT_ENTRIES, earlier, &count));
    for (size_t i = 0; i < count; i++)
        TRY(ops->entry_delete(store->backend, &earlier[i]));
    entry->end_s = 0;
    TRY(ops->entry_create(store->backend, entry));
    store_append_entry(&store->batch, entry);
    return RESULT_OK;
}
