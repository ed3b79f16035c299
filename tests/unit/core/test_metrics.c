#include <criterion/criterion.h>
#include <string.h>

#include "core/metrics.h"

TestSuite(core_metrics);

static const char *render(const struct metrics_registry *registry)
{
    static char memory[32 * 1024];
    struct buf b;
    buf_init_fixed(&b, memory, sizeof(memory) - 1);
    metrics_render(registry, &b);
    cr_assert(!b.failed);
    memory[b.len] = 0;
    return memory;
}

Test(core_metrics, blocks_of_all_threads_are_summed)
{
    static struct metrics one, two;
    struct metrics_registry registry = {NULL};
    metrics_register(&registry, &one);
    cr_assert_eq(metrics_sum(&registry, METRIC_TOKENS_ISSUED), 0);
    metrics_register(&registry, &two);
    metrics_add(&one, METRIC_TOKENS_ISSUED, 3);
    metrics_add(&two, METRIC_TOKENS_ISSUED, 4);
    metrics_add(&two, METRIC_REVOCATIONS, 1);
    cr_assert_eq(metrics_sum(&registry, METRIC_TOKENS_ISSUED), 7);
    cr_assert_eq(metrics_sum(&registry, METRIC_REVOCATIONS), 1);
    const char *text = render(&registry);
    cr_assert_not_null(strstr(text, "\nscopemint_tokens_issued_total 7\n"));
    cr_assert_not_null(strstr(text, "\nscopemint_introspections_total{result=\"active\"} 0\n"));
}

/* promtool would say so too: HELP and TYPE once per name. */
Test(core_metrics, a_name_is_explained_once)
{
    struct metrics_registry registry = {NULL};
    const char *text = render(&registry), *at;
    const char *type = "# TYPE scopemint_introspections_total counter\n";
    at = strstr(text, type);
    cr_assert_not_null(at);
    cr_assert_null(strstr(at + 1, type));
}

Test(core_metrics, the_histogram_is_cumulative)
{
    static struct metrics block;
    struct metrics_registry registry = {NULL};
    metrics_register(&registry, &block);
    metrics_revoke_visible(&block, 10000);      /* on the bound: inside */
    metrics_revoke_visible(&block, 10001);      /* in the next */
    metrics_revoke_visible(&block, 2000000000); /* past all bounds */
    const char *text = render(&registry);
    cr_assert_not_null(strstr(text, "_seconds_bucket{le=\"1e-05\"} 1\n"));
    cr_assert_not_null(strstr(text, "_seconds_bucket{le=\"2.5e-05\"} 2\n"));
    cr_assert_not_null(strstr(text, "_seconds_bucket{le=\"1.0\"} 2\n"));
    cr_assert_not_null(strstr(text, "_seconds_bucket{le=\"+Inf\"} 3\n"));
    cr_assert_not_null(strstr(text, "_seconds_sum 2.000020001\n"));
    cr_assert_not_null(strstr(text, "_seconds_count 3\n"));
}

Test(core_metrics, a_gauge_is_the_callers)
{
    char memory[256];
    struct buf b;
    buf_init_fixed(&b, memory, sizeof(memory));
    metrics_render_gauge(&b, "scopemint_live", "What lives.", -2);
    cr_assert(str_eq(buf_view(&b), STR("# HELP scopemint_live What lives.\n"
                                       "# TYPE scopemint_live gauge\nscopemint_live -2\n")));
}
