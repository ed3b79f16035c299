/* What a write is sent besides its path: in its query which fields the answer shows, and a JSON
 * body. Each endpoint reads them at the same moment, once its target is known and before anything
 * is asked of the target's row: the query first (400, 422), then the body's media type and syntax
 * (415, 400). What the body says is judged later, behind If-Match. */
#ifndef MANAGE_WRITE_H
#define MANAGE_WRITE_H

#include "manage/object.h"
#include "json/read.h"

/* NEXT, or DONE after refusing. *object, *shown live as long as the exchange; object not NULL: both
 * were read by an earlier attempt (manage/stored.h), and stay. */
enum step_result write_read(struct exchange *x, const struct object_kind *kind,
                            const struct json_value **object, struct object_fields *shown);

#endif
