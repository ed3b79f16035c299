#include "manage/write.h"

#include "manage/body.h"
#include "manage/list.h"

enum step_result write_read(struct exchange *x, const struct object_kind *kind,
                            const struct json_value **object, struct object_fields *shown)
{
    if (*object != NULL)
        return STEP_NEXT;
    if (list_fields_read(x, kind, shown) == STEP_DONE)
        return STEP_DONE;
    return body_parse(x, object);
}
