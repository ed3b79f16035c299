#include "scope/catalogue.h"

#include <assert.h>

#include "scope/table.h"

/* FNV-1a; the names are the operator's, so nobody can aim for collisions. */
static uint32_t name_hash(struct str name)
{
    uint32_t hash = 2166136261u;
    for (size_t i = 0; i < name.len; i++)
        hash = (hash ^ (unsigned char)name.ptr[i]) * 16777619u;
    return hash ^ hash >> 15;
}

/* The slot that holds the name, or the free one where it would go. At most a quarter is full. */
static size_t name_slot(const struct scope_catalogue *cat, struct str name)
{
    size_t slot = name_hash(name) % CATALOGUE_SLOTS;
    while (cat->slots[slot] != 0 && !str_eq(cat->names[cat->slots[slot] - 1], name))
        slot = (slot + 1) % CATALOGUE_SLOTS;
    return slot;
}

bool catalogue_index(struct scope_catalogue *cat, struct str name, unsigned bit)
{
    size_t slot = name_slot(cat, name);
    if (cat->slots[slot] != 0)
        return false;
    cat->slots[slot] = (uint16_t)(bit + 1);
    return true;
}

const struct scope_value *catalogue_find(const struct scope_catalogue *cat, struct str name)
{
    if (name.len > LIMIT_SCOPE_NAME)
        return NULL;
    size_t slot = name_slot(cat, name);
    return cat->slots[slot] == 0 ? NULL : cat->values[cat->slots[slot] - 1];
}

const struct scope_value *catalogue_value(const struct scope_catalogue *cat, unsigned bit)
{
    return bit < LIMIT_SCOPES ? cat->values[bit] : NULL;
}

unsigned catalogue_find_id(const struct scope_catalogue *cat, int64_t id, struct scope_set *out)
{
    *out = SCOPE_SET_EMPTY;
    for (size_t rank = 0; id >= 0 && rank < cat->count; rank++) {
        const struct scope_value *value = catalogue_at(cat, rank);
        if (value->id == id)
            scope_set_add(out, value->bit);
    }
    return scope_set_count(out);
}

size_t catalogue_count(const struct scope_catalogue *cat)
{
    return cat->count;
}

const struct scope_value *catalogue_at(const struct scope_catalogue *cat, size_t rank)
{
    assert(rank < cat->count);
    return cat->values[cat->by_rank[rank]];
}

/* Bits sorted by rank without comparing: mark the ranks in a set of their own, walk that. */
size_t catalogue_order(const struct scope_catalogue *cat, const struct scope_set *set,
                       uint16_t out_bits[LIMIT_SCOPES])
{
    struct scope_set known = scope_set_intersection(set, &cat->all), ranks = SCOPE_SET_EMPTY;
    size_t count = 0;

    for (unsigned bit = scope_set_next(&known, 0); bit < LIMIT_SCOPES;
         bit = scope_set_next(&known, bit + 1))
        scope_set_add(&ranks, cat->values[bit]->rank);
    for (unsigned rank = scope_set_next(&ranks, 0); rank < LIMIT_SCOPES;
         rank = scope_set_next(&ranks, rank + 1))
        out_bits[count++] = cat->by_rank[rank];
    return count;
}

const struct scope_set *catalogue_all(const struct scope_catalogue *cat)
{
    return &cat->all;
}

const struct scope_set *catalogue_restricted(const struct scope_catalogue *cat)
{
    return &cat->restricted;
}

const struct scope_set *catalogue_defaults(const struct scope_catalogue *cat)
{
    return &cat->defaults;
}

struct scope_set catalogue_table(const struct scope_catalogue *cat, struct str table)
{
    struct scope_set out = SCOPE_SET_EMPTY;
    for (size_t rank = 0; rank < cat->count; rank++)
        if (str_eq(catalogue_at(cat, rank)->table, table))
            scope_set_add(&out, cat->by_rank[rank]);
    return out;
}

struct scope_set scope_closure(const struct scope_catalogue *cat, const struct scope_set *set)
{
    struct scope_set out = SCOPE_SET_EMPTY;
    for (unsigned i = 0; i < SCOPE_SET_WORDS; i++)
        for (uint64_t word = set->words[i]; word != 0; word &= word - 1) {
            unsigned bit = i * 64 + (unsigned)__builtin_ctzll(word);
            out = scope_set_union(&out, &cat->closures[bit]);
        }
    return out;
}

/* The values of a set that no other value of it implies. */
static struct scope_set maximal(const struct scope_catalogue *cat, const struct scope_set *set)
{
    struct scope_set implied = SCOPE_SET_EMPTY;
    for (unsigned bit = scope_set_next(set, 0); bit < LIMIT_SCOPES;
         bit = scope_set_next(set, bit + 1)) {
        struct scope_set others = cat->closures[bit];
        scope_set_remove(&others, bit);
        implied = scope_set_union(&implied, &others);
    }
    return scope_set_difference(set, &implied);
}

struct scope_set scope_surviving(const struct scope_catalogue *cat, const struct scope_set *names,
                                 const struct scope_set *bound)
{
    if (scope_set_is_subset(names, bound))
        return *names;
    struct scope_set kept = scope_set_intersection(names, bound);
    struct scope_set lost = scope_set_difference(names, bound);
    struct scope_set kept_closure = scope_closure(cat, &kept);
    struct scope_set lost_closure = scope_closure(cat, &lost);
    struct scope_set implied = scope_set_intersection(&lost_closure, bound);
    implied = scope_set_difference(&implied, &kept_closure);
    implied = maximal(cat, &implied);
    return scope_set_union(&kept, &implied);
}
