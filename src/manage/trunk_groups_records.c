/* Trunks that are made with their group, or go with it: each has a record in the audit log like one
 * that is made or deleted by itself, for who asks what became of that trunk. */
#include "exchange/trail.h"
#include "manage/changes.h"
#include "manage/trunk_groups.h"

enum { DETAIL_MAX = 128 };

/* When it was written the record says itself. */
static const uint64_t untold = (uint64_t)1 << TRUNK_DATE_UPDATED;

/* Room for so many in the request. */
static RESULT make_room(struct exchange *x, size_t count, struct store_request *out,
                        struct str **out_records)
{
    *out_records = arena_array(&x->arena, count, sizeof(struct str));
    if (*out_records == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    out->audits = *out_records;
    out->audit_count = count;
    return RESULT_OK;
}

static RESULT record(struct exchange *x, const struct caller *caller,
                     const struct audit_event *event, struct str *out)
{
    *out = event->detail.ptr != NULL ? trail_record(x, caller, event) : STR_NONE;
    return out->ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

struct result trunk_records_made(struct exchange *x, const struct caller *caller,
                                 const struct trunk_group_row *group,
                                 const struct trunk_row *trunks, size_t count,
                                 struct store_request *out)
{
    struct str *records;
    bool any;

    TRY(make_room(x, count, out, &records));
    for (size_t i = 0; i < count; i++) {
        const struct audit_event event = {
            .action = STR("trunk.create"),
            .object = trunks[i].trunk_sid,
            .partner_sid = group->partner_sid,
            .detail = changes_detail(&x->arena, &trunk_kind, trunk_write_record, NULL, &trunks[i],
                                     untold, &any),
        };
        TRY(record(x, caller, &event, &records[i]));
    }
    return RESULT_OK;
}

/* Of what goes with its group that alone is told: it was not read. */
static struct str went_with(struct exchange *x, const struct trunk_group_row *group)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, &x->arena, DETAIL_MAX, DETAIL_MAX);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_key(&w, STR("before"));
    json_write_object_begin(&w);
    json_write_key(&w, STR("trunk_group_sid"));
    json_write_sid(&w, &group->trunk_group_sid);
    json_write_object_end(&w);
    json_write_object_end(&w);
    return b.failed ? STR_NONE : buf_view(&b);
}

struct result trunk_records_gone(struct exchange *x, const struct caller *caller,
                                 const struct trunk_group_row *group, struct store_request *out)
{
    struct audit_event event = {
        .action = STR("trunk.delete"),
        .partner_sid = group->partner_sid,
        .detail = went_with(x, group),
    };
    struct str *records;

    TRY(make_room(x, group->trunk_count, out, &records));
    for (size_t i = 0; i < group->trunk_count; i++) {
        event.object = group->trunks[i];
        TRY(record(x, caller, &event, &records[i]));
    }
    return RESULT_OK;
}
