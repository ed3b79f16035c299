/* What a change did to an object, as the audit log tells it. */
#ifndef MANAGE_CHANGES_H
#define MANAGE_CHANGES_H

#include "manage/object.h"

/* {"before":{...},"after":{...}} with the attributes that differ; before or after NULL: it was not
 * there, or is gone, and the other is shown whole. skip: attributes that say nothing (times of the
 * change itself), bit by bit. *out_any: whether anything differs. In the arena; ptr NULL when that
 * is full. Shows what a reader of the object sees, so it holds no secret (P5). */
struct str changes_detail(struct arena *arena, const struct object_kind *kind,
                          object_write_fn *write, const void *before, const void *after,
                          uint64_t skip, bool *out_any);

#endif
