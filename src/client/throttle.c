#include "client/throttle.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

enum { SETS = 16384, WAYS = 4, MINUTE_MS = 60000, SECOND_MS = 1000 };
enum { COUNT_BITS = 20, COUNT_MAX = (1 << COUNT_BITS) - 1 };

struct slot {
    _Atomic uint64_t key;   /* 0: free */
    _Atomic uint64_t count; /* start of the window in ms << 20 | failures, saturating */
};

struct guess_throttle {
    _Atomic uint32_t per_client_address, per_address, unknown_tokens;
    uint64_t seed[2];
    struct slot slots[SETS][WAYS];
};

void guess_throttle_set_limits(struct guess_throttle *t, const struct guess_throttle_limits *limits)
{
    atomic_store(&t->per_client_address, limits->per_client_address_minute);
    atomic_store(&t->per_address, limits->per_address_minute);
    atomic_store(&t->unknown_tokens, limits->unknown_tokens_second);
}

struct result guess_throttle_new(const struct guess_throttle_limits *limits,
                                 struct entropy *entropy, struct guess_throttle **out)
{
    /* calloc: pages nobody fails into are never touched */
    struct guess_throttle *throttle = calloc(1, sizeof(*throttle));
    if (throttle == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    guess_throttle_set_limits(throttle, limits);
    struct result filled = entropy_fill(entropy, throttle->seed, sizeof(throttle->seed));
    if (!result_ok(filled)) {
        free(throttle);
        return filled;
    }
    *out = throttle;
    return RESULT_OK;
}

void guess_throttle_free(struct guess_throttle **throttle)
{
    free(*throttle);
    *throttle = NULL;
}

static uint64_t mix(uint64_t h)
{
    h ^= h >> 33;
    h *= 0xFF51AFD7ED558CCDull;
    h ^= h >> 33;
    h *= 0xC4CEB9FE1A85EC53ull;
    return h ^ h >> 33;
}

static uint64_t hash_bytes(uint64_t h, const void *bytes, size_t n)
{
    const unsigned char *p = bytes;
    for (; n >= 8; n -= 8, p += 8) {
        uint64_t word;
        memcpy(&word, p, 8);
        h = mix(h ^ word);
    }
    uint64_t tail = n;
    for (size_t i = 0; i < n; i++)
        tail = tail << 8 | p[i];
    return mix(h ^ tail);
}

/* kind keeps keys of different meanings apart (THREATS-32). */
static uint64_t key_of(const struct guess_throttle *t, char kind, struct str id,
                       const uint8_t *address)
{
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF};
    uint64_t h = mix(t->seed[0] ^ (uint64_t)kind);

    if (address != NULL)
        h = hash_bytes(h, address, memcmp(address, mapped, sizeof(mapped)) == 0 ? 16 : 8);
    h = hash_bytes(h, id.ptr, id.len) ^ t->seed[1];
    return h == 0 ? 1 : h;
}

/* Failures in the window that runs now; *out_left_ms until it ends. */
static uint64_t count_now(const struct guess_throttle *t, uint64_t key, int64_t now_ms,
                          int64_t window_ms, int64_t *out_left_ms)
{
    const struct slot *set = t->slots[key % SETS];
    for (int i = 0; i < WAYS; i++) {
        if (atomic_load_explicit(&set[i].key, memory_order_acquire) != key)
            continue;
        uint64_t packed = atomic_load_explicit(&set[i].count, memory_order_acquire);
        if (atomic_load_explicit(&set[i].key, memory_order_relaxed) != key)
            continue; /* taken over meanwhile: the count is somebody else's */
        int64_t left_ms = (int64_t)(packed >> COUNT_BITS) + window_ms - now_ms;
        *out_left_ms = left_ms;
        return left_ms > 0 ? packed & COUNT_MAX : 0;
    }
    return 0;
}

static struct slot *slot_for(struct guess_throttle *t, uint64_t key)
{
    struct slot *set = t->slots[key % SETS], *oldest = &set[0];
    uint64_t oldest_count = UINT64_MAX;

    for (int i = 0; i < WAYS; i++) {
        uint64_t held = atomic_load_explicit(&set[i].key, memory_order_relaxed);
        uint64_t count = atomic_load_explicit(&set[i].count, memory_order_relaxed);
        if (held == key)
            return &set[i];
        if (held == 0)
            count = 0;
        if (count < oldest_count) {
            oldest = &set[i];
            oldest_count = count;
        }
    }
    /* In this order, so that nobody reads one caller's count under another's key. */
    atomic_store_explicit(&oldest->key, 0, memory_order_relaxed);
    atomic_store_explicit(&oldest->count, 0, memory_order_release);
    atomic_store_explicit(&oldest->key, key, memory_order_release);
    return oldest;
}

static void count_one(struct guess_throttle *t, uint64_t key, int64_t now_ms, int64_t window_ms)
{
    struct slot *slot = slot_for(t, key);
    uint64_t packed = atomic_load_explicit(&slot->count, memory_order_relaxed), next;
    do {
        int64_t began_ms = (int64_t)(packed >> COUNT_BITS);
        if (packed == 0 || began_ms + window_ms <= now_ms)
            next = (uint64_t)now_ms << COUNT_BITS | 1;
        else
            next = (packed & COUNT_MAX) == COUNT_MAX ? packed : packed + 1;
    } while (!atomic_compare_exchange_weak(&slot->count, &packed, next));
}

static uint32_t seconds_left(int64_t left_ms)
{
    return (uint32_t)((left_ms + 999) / 1000);
}

uint32_t guess_throttle_check(const struct guess_throttle *t, const struct guess_caller *caller,
                              int64_t mono_ms)
{
    int64_t left_ms = 0;
    uint64_t pair = key_of(t, 'c', caller->client_id, caller->address);
    if (count_now(t, pair, mono_ms, MINUTE_MS, &left_ms) >=
        atomic_load_explicit(&t->per_client_address, memory_order_relaxed))
        return seconds_left(left_ms);
    uint64_t address = key_of(t, 'a', STR_NONE, caller->address);
    if (count_now(t, address, mono_ms, MINUTE_MS, &left_ms) >=
        atomic_load_explicit(&t->per_address, memory_order_relaxed))
        return seconds_left(left_ms);
    return 0;
}

void guess_throttle_failed(struct guess_throttle *t, const struct guess_caller *caller,
                           int64_t mono_ms)
{
    count_one(t, key_of(t, 'c', caller->client_id, caller->address), mono_ms, MINUTE_MS);
    count_one(t, key_of(t, 'a', STR_NONE, caller->address), mono_ms, MINUTE_MS);
}

bool guess_throttle_token_allowed(const struct guess_throttle *t, struct str caller_id,
                                  int64_t mono_ms)
{
    int64_t left_ms = 0;
    uint64_t key = key_of(t, 't', caller_id, NULL);
    return count_now(t, key, mono_ms, SECOND_MS, &left_ms) <
           atomic_load_explicit(&t->unknown_tokens, memory_order_relaxed);
}

void guess_throttle_token_failed(struct guess_throttle *t, struct str caller_id, int64_t mono_ms)
{
    count_one(t, key_of(t, 't', caller_id, NULL), mono_ms, SECOND_MS);
}
