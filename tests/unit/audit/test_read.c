/* Records, read back: what was written is found again, and what was not is refused. */
#include <criterion/criterion.h>

#include "audit/read.h"
#include "audit/record.h"

#define SOME  "01932f00-0000-7000-8000-000000000001"
#define OTHER "01932f00-0000-7000-8000-000000000002"

static struct arena arena;

static void init(void)
{
    arena_init(&arena, NULL, 0, 1 << 20);
}

static void done(void)
{
    arena_reset(&arena);
}

TestSuite(read, .init = init, .fini = done);

static struct sid sid(const char *text)
{
    struct sid out;
    cr_assert(sid_parse(str_from(text), &out));
    return out;
}

Test(read, what_was_written)
{
    const struct audit_actor actor = {.client_id = sid(SOME),
                                      .partner_sid = sid(OTHER),
                                      .address = STR("192.0.2.1"),
                                      .request_id = STR("r-1")};
    const struct audit_event event = {.action = STR("token.update"),
                                      .object = sid(OTHER),
                                      .partner_sid = sid(SOME),
                                      .rule = STR("M1"),
                                      .detail = STR("{\"a\":[\"}\"]}")};
    struct str record = audit_record(&arena, INT64_C(1790000000123), &actor, &event);
    struct audit_view view;

    cr_assert_eq(audit_record_read(record, &arena, &view), ERR_NONE);
    cr_assert_eq(view.at_ms, INT64_C(1790000000123));
    cr_assert(str_eq(view.action, STR("token.update")));
    cr_assert(str_eq(view.result, STR("refused")));
    cr_assert(str_eq(view.rule, STR("M1")));
    cr_assert(str_eq(view.object, STR(OTHER)));
    cr_assert(str_eq(view.request_id, STR("r-1")));
    cr_assert(sid_eq(&view.partner_sid, &event.partner_sid));
    cr_assert(sid_eq(&view.actor_partner_sid, &actor.partner_sid));
    cr_assert(str_eq(view.actor, STR("{\"client_id\":\"" SOME "\",\"partner_sid\":\"" OTHER
                                     "\",\"address\":\"192.0.2.1\"}")));
    cr_assert(str_eq(view.detail, event.detail));
}

Test(read, what_is_not_there)
{
    const struct audit_actor nobody = {.address = STR_NONE};
    const struct audit_event event = {.action = STR("key.rotate")};
    struct str record = audit_record(&arena, 0, &nobody, &event);
    struct audit_view view;

    cr_assert_eq(audit_record_read(record, &arena, &view), ERR_NONE);
    cr_assert(view.rule.ptr == NULL && view.object.ptr == NULL && view.detail.ptr == NULL);
    cr_assert(sid_is_none(&view.partner_sid) && sid_is_none(&view.actor_partner_sid));
}

#define BEGIN "{\"at\":\"2026-09-21T14:13:20.123Z\",\"action\":\"a\",\"result\":\"done\""

Test(read, what_is_no_record)
{
    static const char *const texts[] = {
        "",
        "{",
        "[]",
        "{}",
        "{\"at\":\"2026-09-21T14:13:20.123Z\",\"action\":\"a\"}",
        "{\"at\":\"2026-09-21T14:13:20.123Z\",\"result\":\"done\"}",
        "{\"action\":\"a\",\"result\":\"done\"}",
        "{\"at\":\"yesterday\",\"action\":\"a\",\"result\":\"done\"}",
        BEGIN ",\"rule\":1}",
        BEGIN ",\"object\":[]}",
        BEGIN ",\"partner_sid\":\"x\"}",
        BEGIN ",\"actor\":\"x\"}",
        BEGIN ",\"actor\":{\"partner_sid\":\"x\"}}",
        BEGIN ",\"actor\":{\"partner_sid\":1}}",
        BEGIN ",\"detail\":[]}",
    };
    struct audit_view view;
    struct arena small;

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        cr_assert_eq(audit_record_read(str_from(texts[i]), &arena, &view), ERR_BAD_JSON, "%s",
                     texts[i]);
    cr_assert_eq(audit_record_read(STR(BEGIN "}"), &arena, &view), ERR_NONE);
    arena_init(&small, NULL, 0, 16);
    cr_assert_eq(audit_record_read(STR(BEGIN "}"), &small, &view), ERR_FAULT_MEMORY);
    arena_reset(&small);
}
