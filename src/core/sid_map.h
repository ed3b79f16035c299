/* From SID to record, as a persistent map: versions share all that they have in common, and a
 * change copies the way to one record alone: two branches and a leaf of a few dozen records. What
 * no other version holds is changed in place, so that filling a new map copies nothing.
 *
 * A record is shared memory (core/shared.h) that begins with its struct sid; the map is one of its
 * holders. One thread changes a version, before others see it. */
#ifndef CORE_SID_MAP_H
#define CORE_SID_MAP_H

#include <stdbool.h>
#include <stddef.h>

#include "core/sid.h"

struct sid_map_branch;

struct sid_map {
    struct sid_map_branch *root; /* NULL: empty */
    size_t count;
    void (*unref)(const void *record);
};

/* *out shares all with from from here on; its end is sid_map_done. */
void sid_map_share(const struct sid_map *from, struct sid_map *out);
void sid_map_done(struct sid_map *map);

const void *sid_map_find(const struct sid_map *map, const struct sid *sid); /* NULL: none */

enum { SID_MAP_PORTIONS = 64 };

/* Every record of that portion of the map, in no order; the portions together are all of it. */
void sid_map_walk(const struct sid_map *map, unsigned portion,
                  void (*visit)(void *context, const void *record), void *context);

/* Adds the record, or puts it in the place of the one with its SID. Takes a hold of its own. False
 * when out of memory; the map is then as before. */
bool sid_map_put(struct sid_map *map, const void *record);

/* The SID is in the map. False when out of memory; the map is then as before. */
bool sid_map_remove(struct sid_map *map, const struct sid *sid);

#endif
