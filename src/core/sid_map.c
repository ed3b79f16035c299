/* A tree of two levels of branches by twelve bits of the hash, and below them leaves with open
 * addressing, at most half full. */
#include "core/sid_map.h"

#include <assert.h>
#include <string.h>

#include "core/shared.h"

enum { FANOUT_BITS = 6, FANOUT = 1 << FANOUT_BITS, LEVELS = 2, SLOTS_MIN = 4 };
static_assert((int)FANOUT == (int)SID_MAP_PORTIONS,
              "a portion is what hangs on one child of the root");

struct sid_map_branch {
    void *children[FANOUT]; /* branches, on the lower level leaves; NULL: nothing below */
};

struct leaf {
    size_t mask; /* slots - 1, a power of two */
    size_t count;
    const struct sid *slots[];
};

/* SIDs are made here and end in 62 random bits, so those are hash enough. */
static uint64_t hash_of(const struct sid *sid)
{
    uint64_t random;
    memcpy(&random, sid->bytes + 8, sizeof(random));
    return random ^ random >> 32;
}

static size_t child_of(uint64_t hash, int level)
{
    return hash >> (level * FANOUT_BITS) & (FANOUT - 1);
}

static size_t place_in(const struct leaf *leaf, uint64_t hash)
{
    return hash >> (LEVELS * FANOUT_BITS) & leaf->mask;
}

/* Where the SID's record is, or would be. */
static size_t slot_of(const struct leaf *leaf, const struct sid *sid, uint64_t hash)
{
    size_t at = place_in(leaf, hash);
    while (leaf->slots[at] != NULL && !sid_eq(leaf->slots[at], sid))
        at = (at + 1) & leaf->mask;
    return at;
}

/* ---- letting go ---- */

static void unref_leaf(const struct sid_map *map, struct leaf *leaf)
{
    if (!shared_drop(leaf))
        return;
    for (size_t i = 0; i <= leaf->mask; i++)
        if (leaf->slots[i] != NULL)
            map->unref(leaf->slots[i]);
    shared_free(leaf);
}

static void unref_branch(const struct sid_map *map, struct sid_map_branch *branch, int level)
{
    if (!shared_drop(branch))
        return;
    for (size_t i = 0; i < FANOUT; i++) {
        if (branch->children[i] == NULL)
            continue;
        if (level + 1 < LEVELS)
            unref_branch(map, branch->children[i], level + 1);
        else
            unref_leaf(map, branch->children[i]);
    }
    shared_free(branch);
}

/* ---- making one's own ---- */

static struct sid_map_branch *own_branch(const struct sid_map *map, struct sid_map_branch *branch,
                                         int level)
{
    if (branch != NULL && shared_is_own(branch))
        return branch;
    struct sid_map_branch *copy = shared_new(sizeof(*copy));
    if (copy == NULL || branch == NULL)
        return copy;
    *copy = *branch;
    for (size_t i = 0; i < FANOUT; i++)
        if (copy->children[i] != NULL)
            shared_ref(copy->children[i]);
    unref_branch(map, branch, level);
    return copy;
}

/* Where the leaf of the hash hangs, in branches that no other version has; NULL: out of memory. */
static void **own_way(struct sid_map *map, uint64_t hash)
{
    struct sid_map_branch *root = own_branch(map, map->root, 0);
    if (root == NULL)
        return NULL;
    map->root = root;
    void **at = &root->children[child_of(hash, 0)];
    struct sid_map_branch *branch = own_branch(map, *at, 1);
    if (branch == NULL)
        return NULL;
    *at = branch;
    return &branch->children[child_of(hash, 1)];
}

/* With that many slots and all its records but one (NULL: all). leaf may be NULL. */
static struct leaf *copy_leaf(const struct leaf *leaf, size_t slots, const struct sid *but)
{
    struct leaf *copy = shared_new(sizeof(*copy) + slots * sizeof(copy->slots[0]));

    if (copy == NULL)
        return NULL;
    copy->mask = slots - 1;
    for (size_t i = 0; leaf != NULL && i <= leaf->mask; i++) {
        const struct sid *record = leaf->slots[i];
        if (record == NULL || (but != NULL && sid_eq(record, but)))
            continue;
        shared_ref(record);
        copy->slots[slot_of(copy, record, hash_of(record))] = record;
        copy->count++;
    }
    return copy;
}

static bool replace_leaf(const struct sid_map *map, void **at, struct leaf *leaf)
{
    if (leaf == NULL)
        return false;
    if (*at != NULL)
        unref_leaf(map, *at);
    *at = leaf;
    return true;
}

/* A leaf at *at that no other version has, with room for one more. */
static bool own_leaf(const struct sid_map *map, void **at)
{
    const struct leaf *leaf = *at;
    size_t slots = leaf == NULL ? SLOTS_MIN : leaf->mask + 1;

    if (leaf != NULL && (leaf->count + 1) * 2 > slots)
        slots *= 2;
    if (leaf != NULL && shared_is_own(leaf) && leaf->mask + 1 == slots)
        return true;
    return replace_leaf(map, at, copy_leaf(leaf, slots, NULL));
}

/* ---- the map ---- */

void sid_map_share(const struct sid_map *from, struct sid_map *out)
{
    *out = *from;
    if (out->root != NULL)
        shared_ref(out->root);
}

void sid_map_done(struct sid_map *map)
{
    if (map->root != NULL)
        unref_branch(map, map->root, 0);
    map->root = NULL;
    map->count = 0;
}

const void *sid_map_find(const struct sid_map *map, const struct sid *sid)
{
    uint64_t hash = hash_of(sid);

    if (map->root == NULL)
        return NULL;
    const struct sid_map_branch *branch = map->root->children[child_of(hash, 0)];
    if (branch == NULL)
        return NULL;
    const struct leaf *leaf = branch->children[child_of(hash, 1)];
    return leaf == NULL ? NULL : leaf->slots[slot_of(leaf, sid, hash)];
}

void sid_map_walk(const struct sid_map *map, unsigned portion,
                  void (*visit)(void *context, const void *record), void *context)
{
    assert(portion < FANOUT);
    const struct sid_map_branch *branch = map->root == NULL ? NULL : map->root->children[portion];

    for (size_t i = 0; branch != NULL && i < FANOUT; i++) {
        const struct leaf *leaf = branch->children[i];
        for (size_t slot = 0; leaf != NULL && slot <= leaf->mask; slot++)
            if (leaf->slots[slot] != NULL)
                visit(context, leaf->slots[slot]);
    }
}

bool sid_map_put(struct sid_map *map, const void *record)
{
    const struct sid *sid = record;
    uint64_t hash = hash_of(sid);
    void **at = own_way(map, hash);

    if (at == NULL || !own_leaf(map, at))
        return false;
    struct leaf *leaf = *at;
    const struct sid **slot = &leaf->slots[slot_of(leaf, sid, hash)];
    shared_ref(record);
    if (*slot == NULL) {
        leaf->count++;
        map->count++;
    } else {
        map->unref(*slot);
    }
    *slot = sid;
    return true;
}

bool sid_map_remove(struct sid_map *map, const struct sid *sid)
{
    assert(sid_map_find(map, sid) != NULL);
    void **at = own_way(map, hash_of(sid));

    if (at == NULL)
        return false;
    const struct leaf *leaf = *at;
    if (!replace_leaf(map, at, copy_leaf(leaf, leaf->mask + 1, sid)))
        return false;
    map->count--;
    return true;
}
