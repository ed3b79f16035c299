/* One writer adds, narrows, revokes, grows, sweeps and cuts, by epochs and by selectors that come
 * and go; readers meanwhile must find everything that was applied before they looked, whole (P1,
 * P2), and never anything that was not. */
#include <assert.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>

#include "revocation/index.h"

enum { READERS = 3, TOKENS = 60000, BATCH = 8, ROUNDS = 3, SELECTOR_EVERY = 4096, NAMES_MAX = 32 };
enum { END_S = 1000, SHORT_END_S = 10, NOW_S = 20 };

static struct quiesce quiesce;
static struct revocation_index *revocations;
static _Atomic uint64_t applied; /* tokens below it are in the index, see round_of */
static _Atomic bool done;

static struct sid sid_of(uint64_t n)
{
    struct sid sid = {{0}};
    uint64_t mixed = (n + 1) * 0x9e3779b97f4a7c15u;
    memcpy(sid.bytes, &n, sizeof(n));
    memcpy(sid.bytes + 8, &mixed, sizeof(mixed));
    return sid;
}

/* Every fourth ends early and may be swept at any time. */
static bool is_lasting(uint64_t n)
{
    return n % 4 != 0;
}

/* Every fourth is narrowed, in ROUNDS steps; of every second of those the last is a revocation. */
static bool is_narrowed(uint64_t n, unsigned round)
{
    return n % 4 == 2 && (round + 1 < ROUNDS || n % 8 == 2);
}

/* What has been said of a token at least, when applied is bound. */
static unsigned round_of(uint64_t n, uint64_t bound)
{
    uint64_t rounds = (bound - n - 1) / BATCH;
    return rounds < ROUNDS ? (unsigned)rounds : ROUNDS - 1;
}

static uint64_t number_of(uint64_t n, unsigned round)
{
    return n * ROUNDS + round + 1;
}

/* What a set says twice: by its end, and by its names. */
static struct str names_of(uint64_t number, char memory[NAMES_MAX])
{
    return str_make(memory, (size_t)snprintf(memory, NAMES_MAX, "scope.%" PRIu64, number));
}

static void look_at_narrowed(uint64_t n, uint64_t bound)
{
    char memory[NAMES_MAX];
    struct sid sid = sid_of(n);
    struct entry_set set;
    unsigned least = round_of(n, bound);

    if (revocation_index_find(revocations, &sid, &set) != REVOCATION_SET) {
        assert(!is_narrowed(n, ROUNDS - 1));
        return;
    }
    assert(is_narrowed(n, least));
    assert((uint64_t)set.exp_s >= number_of(n, least));
    assert((uint64_t)set.exp_s <= number_of(n, ROUNDS - 1));
    assert(str_eq(set.scopes, names_of((uint64_t)set.exp_s, memory)));
}

/* Every selector names its number; each comes, and is taken back with the next but one. */
static struct str selected(uint64_t number, char memory[NAMES_MAX])
{
    return str_make(memory, (size_t)snprintf(memory, NAMES_MAX, "held.%" PRIu64, number));
}

static bool is_selected(uint64_t number)
{
    char memory[NAMES_MAX];
    struct epoch_subject subject = {.epoch = 0, .scopes = selected(number, memory)};
    return revocation_index_is_cut(revocations, &subject);
}

/* The last before bound is there until two more have come. */
static void look_at_selectors(uint64_t bound)
{
    uint64_t last = (bound - 1) / SELECTOR_EVERY;
    bool is_cut = is_selected(last);

    assert(is_cut || atomic_load(&applied) >= (last + 2) * SELECTOR_EVERY);
    assert(!is_selected(TOKENS));
    (void)revocation_index_asks_ceiling(revocations, 0);
}

static void look(uint64_t step)
{
    uint64_t bound = atomic_load(&applied);
    uint64_t number = revocation_index_number(revocations);
    uint64_t n = bound == 0 ? 0 : step * 2654435761u % bound;
    struct sid present = sid_of(n), absent = sid_of(n + TOKENS * 10);
    struct entry_set set;
    struct epoch_subject subject = {.epoch = 0, .client_id = sid_of(n - n % BATCH)};

    assert(number <= TOKENS);
    if (bound > 0 && is_narrowed(n, 0))
        look_at_narrowed(n, bound);
    else if (bound > 0 && is_lasting(n))
        assert(revocation_index_find(revocations, &present, &set) == REVOCATION_REVOKED);
    assert(revocation_index_find(revocations, &absent, &set) == REVOCATION_NONE);
    if (bound > 0)
        assert(revocation_index_is_cut(revocations, &subject));
    subject.epoch = UINT64_MAX;
    assert(!revocation_index_is_cut(revocations, &subject));
    if (bound > SELECTOR_EVERY)
        look_at_selectors(bound);
}

static void *read_on(void *arg)
{
    struct quiesce_reader *reader = arg;
    uint64_t step = 0;

    while (!atomic_load(&done)) {
        quiesce_pass(&quiesce, reader);
        for (int i = 0; i < 16; i++)
            look(step++);
    }
    quiesce_offline(reader);
    return NULL;
}

static void apply(const struct store_entry *entries, size_t n)
{
    struct result result = revocation_index_apply(revocations, entries, n);
    assert(result_ok(result));
}

static void say(uint64_t n, unsigned round)
{
    char memory[NAMES_MAX];
    uint64_t number = number_of(n, round);
    struct store_entry entry = {.number = number,
                                .kind = ENTRY_TOKEN_REVOKED,
                                .id = sid_of(n),
                                .end_s = is_lasting(n) ? END_S : SHORT_END_S};

    if (is_narrowed(n, round)) {
        entry.kind = ENTRY_TOKEN_SET;
        entry.set = (struct entry_set){names_of(number, memory), (int64_t)number};
    }
    apply(&entry, 1);
}

static void select_tokens(uint64_t n)
{
    char memory[NAMES_MAX];
    uint64_t place = n / SELECTOR_EVERY;
    struct store_entry entries[] = {
        {.number = n + 1,
         .kind = ENTRY_SELECTOR,
         .id = sid_of(place),
         .selector = {.scopes = selected(place, memory)},
         .end_s = END_S},
        {.number = n + 1, .kind = ENTRY_SELECTOR, .id = sid_of(place - 2)}, /* over: its end */
    };
    apply(entries, place < 2 ? 1 : 2);
}

static void write_all(void)
{
    for (uint64_t n = 0; n < TOKENS; n += BATCH) {
        for (unsigned round = 0; round < ROUNDS && n >= (uint64_t)round * BATCH; round++)
            for (uint64_t i = 0; i < BATCH; i++)
                say(n - (uint64_t)round * BATCH + i, round);
        struct store_entry epoch = {
            .number = n + 1, .kind = ENTRY_EPOCH_APPLICATION, .id = sid_of(n), .end_s = END_S};
        apply(&epoch, 1); /* thousands, one by one: they settle many times */
        if (n % SELECTOR_EVERY == 0)
            select_tokens(n);
        revocation_index_complete(revocations, n + BATCH);
        atomic_store(&applied, n + BATCH);
        if (n % 1000 == 0)
            revocation_index_sweep(revocations, NOW_S);
    }
}

int main(void)
{
    pthread_t threads[READERS];

    quiesce_init(&quiesce);
    struct result result = revocation_index_new(&quiesce, &revocations);
    assert(result_ok(result));
    for (int i = 0; i < READERS; i++) {
        int failed = pthread_create(&threads[i], NULL, read_on, quiesce_register(&quiesce));
        assert(failed == 0);
    }
    write_all();
    atomic_store(&done, true);
    for (int i = 0; i < READERS; i++)
        pthread_join(threads[i], NULL);
    revocation_index_free(&revocations);
    quiesce_done(&quiesce);
    puts("all that was said of a token was seen as soon as it was applied");
    return 0;
}
