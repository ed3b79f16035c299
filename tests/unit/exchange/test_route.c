/* Paths with named segments. */
#include <criterion/criterion.h>

#include "unit/exchange/bed.h"

static const struct {
    const char *pattern, *path;
    bool matches;
    const char *first, *second;
} rows[] = {
    {"/a/{x}", "/a/b", true, "b", ""},
    {"/a/{x}", "/a/b.c-d_e~%41+", true, "b.c-d_e~%41+", ""}, /* as it was sent */
    {"/a/{x}", "/a/{x}", true, "{x}", ""},
    {"/a/{x}/c", "/a/b/c", true, "b", ""},
    {"/a/{x}/c/{y}", "/a/b/c/d", true, "b", "d"},
    {"/{x}/{y}", "/a/b", true, "a", "b"},
    {"/a", "/a", true, "", ""},
    {"/a/{x}", "/a/", false, "", ""},
    {"/a/{x}", "/a", false, "", ""},
    {"/a/{x}", "/a/b/", false, "", ""},
    {"/a/{x}", "/a/b/c", false, "", ""},
    {"/a/{x}", "/A/b", false, "", ""},
    {"/a/{x}", "a/b", false, "", ""},
    {"/a/{x}/c", "/a/b/d", false, "", ""},
    {"/a/{}", "/a/b", false, "", ""}, /* no name, no parameter */
    {"/{x}/{y}/{z}", "/a/b/c", false, "", ""},
    {"/a/{x}", "", false, "", ""},
};

Test(route, a_named_segment_is_taken_as_it_was_sent) /* F-22 */
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str out[ROUTE_PARAMETERS_MAX] = {STR_NONE, STR_NONE};
        cr_assert_eq(route_match(str_from(rows[i].pattern), str_from(rows[i].path), out),
                     rows[i].matches, "row %zu", i);
        cr_assert(str_eq(out[0], str_from(rows[i].first)), "row %zu", i);
        cr_assert(str_eq(out[1], str_from(rows[i].second)), "row %zu", i);
    }
}

static enum step_result look(struct exchange *x)
{
    return exchange_reply(x, 200, STR("text/plain"), x->request.path_parameters[0]);
}

static const struct endpoint looking = {.name = "looking", .steps = {look}};

Test(route, an_exchange_has_its_segments)
{
    struct bed bed;
    struct rider rider;

    bed_init(&bed);
    rider_init(&rider, &bed, &looking);
    rider.route.path = STR("/a/{x}");
    rider.route.flags = ROUTE_PARAMETERS;
    rider.exchange.request.path = STR("/a/b");
    exchange_start(&rider.exchange);
    cr_assert(str_eq(rider.exchange.reply.body, STR("b")));
    rider_done(&rider);
    bed_done(&bed);
}
