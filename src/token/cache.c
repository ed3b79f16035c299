#include "token/cache.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/wipe.h"

enum { WAYS = 4, ENTRIES_MIN = 16, ENTRY_BYTES = 2048, ANSWER_MAX = 2 * LIMIT_TOKEN };

/* Made by whichever reader comes first, and never changed. */
struct kept_answer {
    struct token_answer answer;
    char text[];
};

struct entry {
    struct quiesce_garbage garbage; /* once it was replaced */
    struct digest256 digest;
    uint64_t version;
    size_t bytes;
    _Atomic(struct kept_answer *) answer; /* NULL: nobody asked yet */
    _Atomic bool asked; /* since it was last passed over in a search for a place */
    struct verified_token token;
    char text[]; /* of the token's strings */
};

/* first: of the entry's digest, so that a look-up touches one cache line and then the entry it is
 * for; what it says is a hint, written behind the entry. */
struct place {
    _Atomic uint64_t first;
    _Atomic(struct entry *) entry; /* NULL: free */
};
static_assert(sizeof(struct place[WAYS]) == 64, "a set is a cache line");

struct token_cache {
    struct quiesce *quiesce;
    size_t bytes_max;
    _Atomic size_t bytes; /* of the entries, replaced ones not counted */
    size_t set_mask;
    _Alignas(64) struct place sets[][WAYS];
};

static void entry_free(void *object)
{
    struct entry *entry = object;

    if (entry == NULL)
        return;
    free(atomic_load(&entry->answer));
    free(entry);
}

struct result token_cache_new(size_t entries, struct quiesce *quiesce, struct token_cache **out)
{
    size_t rounded = ENTRIES_MIN;
    while (rounded < entries)
        rounded *= 2;
    size_t size = sizeof(struct token_cache) + rounded / WAYS * sizeof(struct place[WAYS]);
    struct token_cache *cache = aligned_alloc(_Alignof(struct token_cache), size);
    if (cache == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    memset(cache, 0, size);
    cache->quiesce = quiesce;
    cache->bytes_max = entries == 0 ? 0 : rounded * ENTRY_BYTES; /* then no entry fits */
    cache->set_mask = rounded / WAYS - 1;
    *out = cache;
    return RESULT_OK;
}

void token_cache_free(struct token_cache **cache)
{
    if (*cache == NULL)
        return;
    for (size_t i = 0; i <= (*cache)->set_mask; i++)
        for (int way = 0; way < WAYS; way++)
            entry_free(atomic_load(&(*cache)->sets[i][way].entry));
    free(*cache);
    *cache = NULL;
}

static uint64_t first_bits(const struct digest256 *digest)
{
    uint64_t bits;
    memcpy(&bits, digest->bytes, sizeof(bits));
    return bits;
}

static struct place *set_of(struct token_cache *cache, const struct digest256 *digest)
{
    return cache->sets[first_bits(digest) & cache->set_mask];
}

static bool is_for(const struct entry *entry, const struct digest256 *digest)
{
    return entry != NULL && first_bits(&entry->digest) == first_bits(digest) &&
           ct_equal(entry->digest.bytes, digest->bytes, DIGEST256);
}

const struct verified_token *token_cache_find(struct token_cache *cache,
                                              const struct digest256 *digest, uint64_t version)
{
    struct place *set = set_of(cache, digest);

    for (int way = 0; way < WAYS; way++) {
        if (atomic_load_explicit(&set[way].first, memory_order_relaxed) != first_bits(digest))
            continue;
        struct entry *entry = atomic_load(&set[way].entry);
        if (!is_for(entry, digest) || entry->version != version)
            continue;
        if (!atomic_load_explicit(&entry->asked, memory_order_relaxed)) /* keeps the line shared */
            atomic_store_explicit(&entry->asked, true, memory_order_relaxed);
        return &entry->token;
    }
    return NULL;
}

static struct kept_answer *answer_new(const struct token_claims *claims)
{
    char memory[ANSWER_MAX];
    struct token_answer answer;
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    token_answer_write(claims, &b, &answer);
    struct kept_answer *kept = b.failed ? NULL : malloc(sizeof(*kept) + b.len);
    if (kept == NULL)
        return NULL;
    memcpy(kept->text, memory, b.len);
    kept->answer.before_exp =
        str_make(kept->text + (answer.before_exp.ptr - memory), answer.before_exp.len);
    kept->answer.behind_exp =
        str_make(kept->text + (answer.behind_exp.ptr - memory), answer.behind_exp.len);
    return kept;
}

bool token_cache_answer(const struct verified_token *cached, struct token_answer *out)
{
    struct entry *entry = (struct entry *)((char *)cached - offsetof(struct entry, token));
    struct kept_answer *kept = atomic_load_explicit(&entry->answer, memory_order_acquire);

    if (kept == NULL) {
        struct kept_answer *made = answer_new(&cached->claims);
        if (made == NULL)
            return false;
        if (atomic_compare_exchange_strong(&entry->answer, &kept, made))
            kept = made;
        else
            free(made); /* another reader was first */
    }
    *out = kept->answer;
    return true;
}

static struct str move(struct str text, char **at)
{
    struct str moved = str_make(*at, text.len);
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return moved;
}

static struct entry *entry_new(const struct digest256 *digest, uint64_t version,
                               const struct verified_token *token, bool asked)
{
    const struct token_claims *from = &token->claims;
    size_t size = token->kid.len + from->issuer.len + from->subject.len + from->scope.len;

    for (size_t i = 0; i < from->audience_count; i++)
        size += from->audiences[i].len;
    struct entry *entry = malloc(sizeof(*entry) + size);
    if (entry == NULL)
        return NULL;
    struct token_claims *to = &entry->token.claims;
    char *at = entry->text;
    entry->digest = *digest;
    entry->version = version;
    entry->bytes = 2 * (sizeof(*entry) + size); /* and about as much for its answer */
    atomic_init(&entry->answer, NULL);
    atomic_init(&entry->asked, asked);
    entry->token = *token;
    entry->token.kid = move(token->kid, &at);
    to->issuer = move(from->issuer, &at);
    to->subject = move(from->subject, &at);
    to->scope = move(from->scope, &at);
    for (size_t i = 0; i < from->audience_count; i++)
        to->audiences[i] = move(from->audiences[i], &at);
    return entry;
}

/* A free place, one of an older version or of the same token, or one that nobody asked for; with
 * all asked for, the place that the digest picks, unless on probation. Being passed over uses up
 * the claim to stay. */
static struct place *place_for(struct place *set, const struct digest256 *digest, uint64_t version,
                               bool probation)
{
    struct place *unasked = NULL;

    for (int way = 0; way < WAYS; way++) {
        struct entry *entry = atomic_load(&set[way].entry);
        if (entry == NULL || entry->version != version || is_for(entry, digest))
            return &set[way];
        if (!atomic_load_explicit(&entry->asked, memory_order_relaxed))
            unasked = &set[way];
    }
    if (unasked != NULL || probation)
        return unasked;
    for (int way = 0; way < WAYS; way++) {
        struct entry *entry = atomic_load(&set[way].entry);
        if (entry != NULL)
            atomic_store_explicit(&entry->asked, false, memory_order_relaxed);
    }
    return &set[digest->bytes[DIGEST256 - 1] % WAYS];
}

void token_cache_put(struct token_cache *cache, const struct digest256 *digest, uint64_t version,
                     const struct verified_token *token, bool probation)
{
    struct place *place = place_for(set_of(cache, digest), digest, version, probation);
    struct entry *entry = place == NULL ? NULL : entry_new(digest, version, token, !probation);

    if (entry == NULL)
        return;
    if (atomic_load(&cache->bytes) + entry->bytes > cache->bytes_max) {
        free(entry); /* full of long tokens: this one is verified again next time */
        return;
    }
    atomic_fetch_add(&cache->bytes, entry->bytes);
    struct entry *old = atomic_exchange(&place->entry, entry);
    atomic_store_explicit(&place->first, first_bits(digest), memory_order_relaxed);
    if (old == NULL)
        return;
    atomic_fetch_sub(&cache->bytes, old->bytes);
    quiesce_retire_noted(cache->quiesce, &old->garbage, old, entry_free);
}
