#include "manage/refusal.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

#include "core/log.h"
#include "exchange/field_errors.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "exchange/trail.h"
#include "manage/scope_names.h"
#include "store/store.h"
#include "token/handout.h"

enum { DETAIL_FIRST = 256 };

/* On its way to the store, behind an exchange that is answered and gone. */
struct refusal_record {
    struct store_request request;
    char text[];
};

/* On the writer's thread, or on the caller's when the store did not take it. */
static void record_done(struct store_request *request)
{
    struct refusal_record *record =
        (struct refusal_record *)((char *)request - offsetof(struct refusal_record, request));

    if (!result_ok(request->result))
        LOG(LOG_WARN, "audit_refusal_lost", LF_ERR(request->result.code));
    free(record);
}

static bool submit(struct store *store, struct str text)
{
    struct refusal_record *record = malloc(sizeof(*record) + text.len);

    if (record == NULL)
        return false;
    memcpy(record->text, text.ptr, text.len);
    record->request = (struct store_request){
        .verb = STORE_AUDIT_APPEND,
        .audit = str_make(record->text, text.len),
        .done = record_done,
    };
    store_submit(store, &record->request);
    return true;
}

/* False: it was not the first of its minute, or memory is short. */
static bool record_first(struct exchange *x, const struct caller *caller,
                         const struct audit_event *event)
{
    struct server *server = x->worker->server;

    if (!audit_first_is(&server->refusals, &caller->application->client_id, event->rule,
                        clock_mono_ms(server->clock)))
        return false;
    struct str text = trail_record(x, caller, event);
    return text.ptr != NULL && submit(server->store, text);
}

void manage_note_refusal(struct exchange *x, const struct caller *caller,
                         const struct audit_event *event)
{
    assert(event->rule.len > 0);
    bool recorded = record_first(x, caller, event);
    metrics_add(&x->worker->metrics,
                recorded ? METRIC_RULE_REFUSALS_RECORDED : METRIC_RULE_REFUSALS_COUNTED, 1);
}

enum step_result manage_refuse_rule(struct exchange *x, const struct caller *caller,
                                    const struct audit_event *event, enum err code,
                                    struct str field, struct str message)
{
    manage_note_refusal(x, caller, event);
    if (field.len == 0)
        return exchange_refuse(x, code, message);
    return exchange_refuse_field(x, code, field, message);
}

/* {"field":..., "missing":[...]} */
static RESULT fill_detail(struct exchange *x, struct str field, const struct scope_set *lacking,
                          struct str *out)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, &x->arena, DETAIL_FIRST, STORE_AUDIT_RECORD);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("field"), field);
    json_write_key(&w, STR("missing"));
    manage_scopes_write(x->snapshot->catalogue, lacking, &w);
    json_write_object_end(&w);
    if (b.failed)
        return FAULT(ERR_FAULT_MEMORY);
    *out = buf_view(&b);
    return RESULT_OK;
}

enum step_result manage_refuse_handout(struct exchange *x, const struct caller *caller,
                                       const struct audit_event *event, struct str field,
                                       const struct scope_set *lacking)
{
    struct audit_event refused = *event;
    struct str message =
        handout_message(x->snapshot->catalogue,
                        STR("The token does not hold what it would hand out"), lacking, &x->arena);

    refused.rule = STR("M3");
    struct result filled = fill_detail(x, field, lacking, &refused.detail);
    if (result_ok(filled))
        filled = manage_scopes_text(x, lacking, &x->scope_needed);
    if (!result_ok(filled))
        return exchange_fault(x, filled);
    if (message.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return manage_refuse_rule(x, caller, &refused, ERR_INSUFFICIENT_SCOPE, field, message);
}
