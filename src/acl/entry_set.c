#include "acl/entry_set.h"

#include <assert.h>
#include <endian.h>
#include <stdlib.h>
#include <string.h>

static uint64_t key_of(struct str rest)
{
    uint64_t key = 0;
    if (rest.len >= sizeof(key))
        memcpy(&key, rest.ptr, sizeof(key));
    else if (rest.len > 0)
        memcpy(&key, rest.ptr, rest.len);
    return be64toh(key);
}

/* ---- making ---- */

static int in_order(const void *a, const void *b)
{
    return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* Leaves the first of equal texts, or of texts that begin with it. */
static size_t keep_first(struct str *texts, size_t count, bool (*covers)(struct str, struct str))
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++)
        if (kept == 0 || !covers(texts[i], texts[kept - 1]))
            texts[kept++] = texts[i];
    return kept;
}

/* Leaves the longest of texts of which each begins with the one before, or none. */
static size_t keep_longest(struct str *texts, size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (!str_starts_with(texts[i], texts[i - 1]))
            return 0;
    if (count > 0)
        texts[0] = texts[count - 1];
    return count > 0;
}

static size_t reduce(struct str *texts, size_t count, enum entry_set_kind kind)
{
    switch (kind) {
    case ENTRY_EQUAL:
        return keep_first(texts, count, str_eq);
    case ENTRY_BEGIN:
        return keep_first(texts, count, str_starts_with);
    case ENTRY_ALL_EQUAL:
        count = keep_first(texts, count, str_eq);
        return count == 1;
    case ENTRY_ALL_BEGIN:
        return keep_longest(texts, count);
    }
    return 0;
}

/* Of texts in order: what the first and the last begin with, all begin with. */
static size_t common_of(const struct str *texts, size_t count)
{
    struct str first = texts[0], last = texts[count - 1];
    size_t n = 0;
    while (n < first.len && n < last.len && first.ptr[n] == last.ptr[n])
        n++;
    return n;
}

static RESULT fill(const struct str *texts, size_t count, struct entry_set *out)
{
    size_t common = common_of(texts, count), bytes = common;
    for (size_t i = 0; i < count; i++)
        bytes += texts[i].len - common;
    assert(bytes < UINT32_MAX);
    char *memory = malloc(count * (sizeof(uint64_t) + sizeof(uint32_t)) + bytes);
    if (memory == NULL)
        return FAULT(ERR_FAULT_MEMORY);

    uint64_t *key = (uint64_t *)(void *)memory;
    uint32_t *end = (uint32_t *)(void *)(key + count);
    char *head = (char *)(end + count), *rest = head + common;
    size_t at = 0;
    if (common > 0)
        memcpy(head, texts[0].ptr, common);
    for (size_t i = 0; i < count; i++) {
        struct str own = str_slice(texts[i], common, texts[i].len);
        if (own.len > 0)
            memcpy(rest + at, own.ptr, own.len);
        at += own.len;
        key[i] = key_of(own);
        end[i] = (uint32_t)at;
    }
    *out = (struct entry_set){count, str_make(head, common), key, end, rest, memory};
    return RESULT_OK;
}

RESULT entry_set_init(const struct str *texts, size_t count, enum entry_set_kind kind,
                      struct entry_set *out)
{
    struct entry_set set = {0};
    struct result result = RESULT_OK;

    if (count > 0) {
        struct str *sorted = malloc(count * sizeof(*sorted));
        if (sorted == NULL)
            return FAULT(ERR_FAULT_MEMORY);
        memcpy(sorted, texts, count * sizeof(*sorted));
        qsort(sorted, count, sizeof(*sorted), in_order);
        size_t kept = reduce(sorted, count, kind);
        if (kept > 0)
            result = fill(sorted, kept, &set);
        free(sorted);
    }
    if (result_ok(result))
        *out = set;
    return result;
}

void entry_set_done(struct entry_set *set)
{
    free(set->memory);
    *set = (struct entry_set){0};
}

size_t entry_set_size(const struct entry_set *set)
{
    if (set->count == 0)
        return 0;
    return set->count * (sizeof(*set->key) + sizeof(*set->end)) + set->common.len +
           set->end[set->count - 1];
}

/* ---- looking up ---- */

static struct str rest_at(const struct entry_set *set, size_t i)
{
    size_t from = i == 0 ? 0 : set->end[i - 1];
    return str_make(set->rest + from, set->end[i] - from);
}

/* The last text not after the value, both without what is common. False: there is none, and none
 * can be equal to the value or begin it. */
static bool find(const struct entry_set *set, struct str value, struct str *out_found,
                 struct str *out_rest)
{
    if (set->count == 0 || !str_starts_with(value, set->common))
        return false;
    struct str rest = str_slice(value, set->common.len, value.len);
    uint64_t key = key_of(rest);
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint64_t here = set->key[middle];
        bool is_after = here > key || (here == key && str_compare(rest_at(set, middle), rest) > 0);
        if (is_after)
            high = middle;
        else
            low = middle + 1;
    }
    if (low == 0)
        return false;
    *out_found = rest_at(set, low - 1);
    *out_rest = rest;
    return true;
}

bool entry_set_has(const struct entry_set *set, struct str value)
{
    struct str found, rest;
    return find(set, value, &found, &rest) && str_eq(found, rest);
}

bool entry_set_begins(const struct entry_set *set, struct str value)
{
    struct str found, rest;
    return find(set, value, &found, &rest) && str_starts_with(rest, found);
}
