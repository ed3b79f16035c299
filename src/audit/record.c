#include "audit/record.h"

#include "store/store.h"
#include "json/write.h"

enum { RECORD_FIRST = 512 };

static void member_text(struct json_writer *w, struct str key, struct str text)
{
    if (text.len > 0)
        json_write_member_string(w, key, text);
}

static void write_actor(struct json_writer *w, const struct audit_actor *actor)
{
    json_write_key(w, STR("actor"));
    json_write_object_begin(w);
    json_write_member_sid(w, STR("token_sid"), &actor->token_sid);
    json_write_member_sid(w, STR("client_id"), &actor->client_id);
    json_write_member_sid(w, STR("partner_sid"), &actor->partner_sid);
    json_write_member_sid(w, STR("user_sid"), &actor->user_sid);
    member_text(w, STR("address"), actor->address);
    json_write_object_end(w);
}

static void write_record(struct buf *out, int64_t at_ms, const struct audit_actor *actor,
                         const struct audit_event *event, struct str detail)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_key(&w, STR("at"));
    json_write_time_ms(&w, at_ms);
    json_write_member_string(&w, STR("action"), event->action);
    json_write_member_string(&w, STR("result"), event->rule.len > 0 ? STR("refused") : STR("done"));
    member_text(&w, STR("rule"), event->rule);
    if (sid_is_none(&event->object))
        member_text(&w, STR("object"), event->object_name);
    else
        json_write_member_sid(&w, STR("object"), &event->object);
    json_write_member_sid(&w, STR("partner_sid"), &event->partner_sid);
    write_actor(&w, actor);
    member_text(&w, STR("request_id"), actor->request_id);
    if (detail.len > 0) {
        json_write_key(&w, STR("detail"));
        json_write_raw(&w, detail);
    }
    json_write_object_end(&w);
}

struct str audit_record(struct arena *arena, int64_t at_ms, const struct audit_actor *actor,
                        const struct audit_event *event)
{
    struct buf b;

    buf_init_arena(&b, arena, RECORD_FIRST + event->detail.len, 2 * STORE_AUDIT_RECORD);
    write_record(&b, at_ms, actor, event, event->detail);
    if (b.len > STORE_AUDIT_RECORD || event->detail.len > STORE_AUDIT_RECORD) {
        buf_init_arena(&b, arena, RECORD_FIRST, STORE_AUDIT_RECORD);
        write_record(&b, at_ms, actor, event, STR("{\"cut\":true}"));
    }
    return b.failed ? STR_NONE : buf_view(&b);
}
