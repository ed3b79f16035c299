/* SPEC 3: UUIDs of version 7, matched exactly. RFC9562-5.7. */
#include <criterion/criterion.h>

#include "core/err.h"
#include "core/sid.h"
#include "support/fake.h"

TestSuite(core_sid);

Test(core_sid, a_new_one_carries_time_version_and_variant)
{
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct sid sid, later, back;
    char text[SID_TEXT];

    fake_clock_init(&clock, 0x0123456789AB);
    fake_entropy_init(&entropy, 1);
    cr_assert(result_ok(sid_new(&clock.clock, &entropy.entropy, &sid)));
    sid_format(&sid, text);
    cr_assert(str_starts_with(str_make(text, SID_TEXT), STR("01234567-89ab-7")));
    cr_assert(text[19] == '8' || text[19] == '9' || text[19] == 'a' || text[19] == 'b');
    cr_assert(sid_parse(str_make(text, SID_TEXT), &back));
    cr_assert(sid_eq(&sid, &back));

    fake_clock_pass(&clock, 1);
    cr_assert(result_ok(sid_new(&clock.clock, &entropy.entropy, &later)));
    cr_assert_lt(memcmp(&sid, &later, sizeof(sid)), 0, "later ones sort behind");
    cr_assert(!sid_eq(&sid, &later));
}

Test(core_sid, without_entropy_there_is_none)
{
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct sid sid = {{7}};
    fake_clock_init(&clock, 1);
    fake_entropy_init(&entropy, 1);
    entropy.fail_after = 0;
    cr_assert_eq(sid_new(&clock.clock, &entropy.entropy, &sid).code, ERR_FAULT_ENTROPY);
    cr_assert_eq(sid.bytes[0], 7, "nothing was written");
}

Test(core_sid, only_the_one_spelling_is_read)
{
    static const struct str rows[] = {
        STR_INIT(""),
        STR_INIT("018f0000-0000-7000-8000-00000000002"),
        STR_INIT("018f0000-0000-7000-8000-00000000002aa"),
        STR_INIT("018F0000-0000-7000-8000-00000000002a"),
        STR_INIT("018f0000-0000-4000-8000-00000000002a"), /* version 4 */
        STR_INIT("018f0000-0000-7000-0000-00000000002a"), /* variant */
        STR_INIT("018f0000-0000-7000-c000-00000000002a"),
        STR_INIT("018f00000000-7000-8000-00000000002a0"),
        STR_INIT("018f0000-0000-7000-8000_00000000002a"),
        STR_INIT("018f0000-0000-7000-8000-00000000002g"),
        STR_INIT("018f0000-0000-7000-8000-00000000002\0"),
        STR_INIT("{18f0000-0000-7000-8000-00000000002}"),
        STR_INIT("018f0000000070008000 00000000002a   "),
    };
    struct sid sid = {{9}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cr_assert(!sid_parse(rows[i], &sid), "row %zu", i);
        cr_assert_eq(sid.bytes[0], 9);
    }
    cr_assert(sid_parse(STR("018f0000-0000-7000-bfff-00000000002a"), &sid));
}

Test(core_sid, none_is_all_zero)
{
    struct sid none = {{0}}, some = {{0, 1}};
    cr_assert(sid_is_none(&none));
    cr_assert(!sid_is_none(&some));
}

Test(core_sid, the_system_gives_time_and_entropy)
{
    struct sid one, two;
    cr_assert(result_ok(sid_new(&clock_system, &entropy_system, &one)));
    cr_assert(result_ok(sid_new(&clock_system, &entropy_system, &two)));
    cr_assert(!sid_eq(&one, &two));
    cr_assert(result_ok(entropy_fill(&entropy_system, &one, 0)));
    cr_assert_gt(clock_wall_ms(&clock_system), 1700000000000);
    cr_assert_leq(clock_wall_s(&clock_system) * 1000, clock_wall_ms(&clock_system));
    int64_t before = clock_mono_ns(), then = clock_mono_ms(&clock_system);
    cr_assert_leq(before, clock_mono_ns());
    cr_assert_leq(before / 1000000 - 1, then);
}

Test(core_sid, those_of_one_millisecond_sort_as_they_were_made)
{
    struct sid one, two;

    for (int i = 0; i < 1000; i++) {
        cr_assert(result_ok(sid_new(&clock_system, &entropy_system, &one)));
        int64_t then_us = clock_wall_us(&clock_system);
        while (clock_wall_us(&clock_system) <= then_us)
            continue;
        cr_assert(result_ok(sid_new(&clock_system, &entropy_system, &two)));
        cr_assert_lt(memcmp(&one, &two, sizeof(one)), 0);
    }
}

/* DESIGN 4: the table is whole, and what callers are told may stand in an error_description
 * (RFC6749-5.2). */
Test(core_err, every_row_is_fit_to_be_sent)
{
    for (int code = ERR_NONE + 1; code < ERR_COUNT; code++) {
        const struct err_info *info = err_info((enum err)code);
        struct str text = str_from(info->text);
        cr_assert_neq(info->kind, ERR_KIND_NONE, "%s", info->name);
        cr_assert(info->status >= 400 && info->status < 600, "%s", info->name);
        cr_assert_gt(strlen(info->wire), 0, "%s", info->name);
        cr_assert(str_is_printable_ascii(text) && text.len > 0, "%s", info->name);
        cr_assert_eq(str_find(text, '"'), text.len, "%s", info->name);
        cr_assert_eq(str_find(text, '\\'), text.len, "%s", info->name);
        cr_assert_eq(info->kind == ERR_KIND_FAULT, strncmp(info->name, "FAULT_", 6) == 0, "%s",
                     info->name);
        if (info->kind == ERR_KIND_FAULT)
            cr_assert(info->status >= 500, "%s", info->name);
    }
    cr_assert_eq(err_info(ERR_NONE)->kind, ERR_KIND_NONE);
    cr_assert_str_eq(err_info(ERR_INVALID_CLIENT)->wire, "invalid_client");
    cr_assert_eq(err_info(ERR_INVALID_CLIENT)->status, 401);
}

static struct result pass_on(struct result inner, bool *out_reached)
{
    TRY(inner);
    *out_reached = true;
    return RESULT_OK;
}

Test(core_err, try_passes_faults_on)
{
    bool reached = false;
    cr_assert_eq(pass_on(FAULT(ERR_FAULT_STORE), &reached).code, ERR_FAULT_STORE);
    cr_assert(!reached);
    cr_assert(result_ok(pass_on(RESULT_OK, &reached)));
    cr_assert(reached);
}
