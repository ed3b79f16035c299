/* What a record of the audit log says, byte for byte. */
#include <criterion/criterion.h>

#include "audit/record.h"
#include "store/store.h"
#include "json/read.h"

#define AT_MS INT64_C(1790000000123)
#define AT    "\"at\":\"2026-09-21T14:13:20.123Z\""

static const char some_sid[] = "01932f00-0000-7000-8000-000000000001";
static const char other_sid[] = "01932f00-0000-7000-8000-000000000002";

static struct arena arena;

static struct sid sid(const char *text)
{
    struct sid out;
    cr_assert(sid_parse(str_from(text), &out));
    return out;
}

static void init(void)
{
    arena_init(&arena, NULL, 0, 1 << 20);
}

static void done(void)
{
    arena_reset(&arena);
}

TestSuite(record, .init = init, .fini = done);

static void expect(const struct audit_actor *actor, const struct audit_event *event,
                   const char *expected)
{
    struct str record = audit_record(&arena, AT_MS, actor, event);
    cr_assert(str_eq(record, str_from(expected)), "%.*s", (int)record.len, record.ptr);
}

Test(record, says_who_what_when_and_the_result) /* F-37 */
{
    const struct audit_actor actor = {
        .token_sid = sid(some_sid),
        .client_id = sid(other_sid),
        .partner_sid = sid(some_sid),
        .user_sid = sid(other_sid),
        .address = STR("192.0.2.1"),
        .request_id = STR("r-1"),
    };
    const struct audit_event event = {
        .action = STR("token.update"),
        .object = sid(other_sid),
        .partner_sid = sid(some_sid),
        .detail = STR("{\"scopes\":[\"calls.read\"]}"),
    };

    expect(&actor, &event,
           "{" AT ",\"action\":\"token.update\",\"result\":\"done\","
           "\"object\":\"01932f00-0000-7000-8000-000000000002\","
           "\"partner_sid\":\"01932f00-0000-7000-8000-000000000001\","
           "\"actor\":{\"token_sid\":\"01932f00-0000-7000-8000-000000000001\","
           "\"client_id\":\"01932f00-0000-7000-8000-000000000002\","
           "\"partner_sid\":\"01932f00-0000-7000-8000-000000000001\","
           "\"user_sid\":\"01932f00-0000-7000-8000-000000000002\",\"address\":\"192.0.2.1\"},"
           "\"request_id\":\"r-1\",\"detail\":{\"scopes\":[\"calls.read\"]}}");
}

Test(record, leaves_out_what_is_not_there)
{
    const struct audit_actor nobody = {.address = STR_NONE};
    const struct audit_event event = {.action = STR("key.rotate"), .object_name = STR("kid-1")};

    expect(&nobody, &event,
           "{" AT ",\"action\":\"key.rotate\",\"result\":\"done\",\"object\":\"kid-1\","
           "\"actor\":{}}");
}

Test(record, of_a_refusal_names_the_rule)
{
    const struct audit_actor nobody = {.address = STR_NONE};
    const struct audit_event event = {.action = STR("token.update"), .rule = STR("M1")};

    expect(&nobody, &event,
           "{" AT ",\"action\":\"token.update\",\"result\":\"refused\",\"rule\":\"M1\","
           "\"actor\":{}}");
}

Test(record, text_of_callers_stays_text)
{
    const struct audit_actor actor = {.address = STR("\"},\n\x01")};
    const struct audit_event event = {.action = STR("x"), .object_name = STR("\\\"")};

    expect(&actor, &event,
           "{" AT ",\"action\":\"x\",\"result\":\"done\",\"object\":\"\\\\\\\"\","
           "\"actor\":{\"address\":\"\\\"},\\n\\u0001\"}}");
}

/* A record that the store would not take would undo its change: its detail gives way. */
Test(record, too_long_a_detail_is_cut)
{
    static char detail[2 * STORE_AUDIT_RECORD + 16];
    const struct audit_actor nobody = {.address = STR_NONE};
    static const size_t sizes[] = {STORE_AUDIT_RECORD - 128, STORE_AUDIT_RECORD - 16,
                                   STORE_AUDIT_RECORD, STORE_AUDIT_RECORD + 1,
                                   2 * STORE_AUDIT_RECORD};

    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        const struct json_value *value;
        bool cut = false;

        memset(detail, 'x', sizes[i]);
        memcpy(detail, "{\"a\":\"", 6);
        memcpy(detail + sizes[i] - 2, "\"}", 2);
        const struct audit_event event = {.action = STR("x"), .detail = str_make(detail, sizes[i])};
        struct str record = audit_record(&arena, AT_MS, &nobody, &event);
        cr_assert(record.ptr != NULL && record.len <= STORE_AUDIT_RECORD, "%zu", sizes[i]);
        cr_assert_eq(json_parse(&arena, record, &json_limits_request, &value, NULL), ERR_NONE);
        bool found =
            json_find_bool(json_member(value, STR("detail")), STR("cut"), &cut) == JSON_FOUND;
        cr_assert_eq(found && cut, i > 0, "%zu", sizes[i]);
    }
}

Test(record, without_memory_there_is_none)
{
    const struct audit_actor nobody = {.address = STR_NONE};
    const struct audit_event event = {.action = STR("x")};
    struct arena small;

    arena_init(&small, NULL, 0, 16);
    cr_assert_null(audit_record(&small, AT_MS, &nobody, &event).ptr);
    arena_reset(&small);
}
