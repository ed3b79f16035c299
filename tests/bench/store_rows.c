/* What a token's row costs (t_row of SPEC 11): creates tokens through the store's front with so
 * many in flight, and prints rows a second, CPU time of the process for each, and rows for each
 * commit.
 *
 *   store_rows URL CONCURRENCY ROWS */
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "store/store.h"
#include "support/loop_thread.h"

enum { AT_ONCE_MAX = 1024 };

struct run {
    struct store *store;
    struct loop_thread *loop;
    struct sid client_id, partner_sid;
    size_t submitted, answered, rows;
};

struct slot {
    struct store_request request; /* first: done casts back */
    struct run *run;
};

static void die(const char *what, const struct buf *why)
{
    fprintf(stderr, "store_rows: %s %.*s\n", what, (int)why->len, why->ptr);
    exit(1);
}

static void done(struct store_request *request);

static void submit(struct slot *slot)
{
    struct run *run = slot->run;
    int64_t now_ms = clock_wall_ms(&clock_system);
    struct token_row *row = &slot->request.in.token_create;

    if (run->submitted == run->rows)
        return;
    run->submitted++;
    slot->request = (struct store_request){
        .verb = STORE_TOKEN_CREATE, .loop = loop_thread_loop(run->loop), .done = done};
    *row = (struct token_row){
        .client_id = run->client_id,
        .partner_sid = run->partner_sid,
        .name = STR("nightly export"),
        .scopes = STR("calls.manage calls.read numbers.read sms.create sms.read"),
        .audiences = STR("https://auth.example.com"),
        .created_ms = now_ms,
        .exp_s = now_ms / 1000 + 900,
        .exp_signed_s = now_ms / 1000 + 900,
        .generation = 1,
        .revision = 1,
    };
    if (!result_ok(sid_new(&clock_system, &entropy_system, &row->token_sid)))
        exit(1);
    store_submit(run->store, &slot->request);
}

static void done(struct store_request *request)
{
    struct slot *slot = (struct slot *)request;

    if (!result_ok(request->result))
        exit(1);
    slot->run->answered++;
    submit(slot);
}

static bool all_answered(void *context)
{
    struct run *run = context;
    return run->answered == run->rows;
}

static double cpu_us(void)
{
    struct rusage used;

    getrusage(RUSAGE_SELF, &used);
    return (double)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) * 1e6 +
           (double)(used.ru_utime.tv_usec + used.ru_stime.tv_usec);
}

static void measure(struct run *run, size_t at_once, struct metrics_registry *metrics)
{
    static struct slot slots[AT_ONCE_MAX];
    int64_t before_ns = clock_mono_ns();
    double before_us = cpu_us();

    for (size_t i = 0; i < at_once; i++) {
        slots[i].run = run;
        submit(&slots[i]);
    }
    if (!loop_thread_until(run->loop, all_answered, run, 600000))
        exit(1);
    double took_s = (double)(clock_mono_ns() - before_ns) / 1e9;
    double rows = (double)run->rows;
    printf("in flight %zu: %.0f rows/s, %.2f us CPU a row, %.1f rows a commit\n", at_once,
           rows / took_s, (cpu_us() - before_us) / rows,
           rows / (double)metrics_sum(metrics, METRIC_STORE_COMMITS));
}

int main(int argc, char **argv)
{
    struct metrics_registry metrics = {NULL};
    char text[512];
    struct buf error;

    buf_init_fixed(&error, text, sizeof(text));
    if (argc != 4 || atol(argv[2]) < 1 || atol(argv[2]) > AT_ONCE_MAX || atol(argv[3]) < 1)
        die("usage: store_rows URL CONCURRENCY ROWS", &error);
    struct run run = {.rows = (size_t)atol(argv[3]), .loop = loop_thread_new()};
    struct store_options options = {.url = str_from(argv[1]),
                                    .clock = &clock_system,
                                    .entropy = &entropy_system,
                                    .metrics = &metrics,
                                    .expired_kept_s = 86400};
    struct store_hooks hooks = {.context = NULL};
    if (!result_ok(store_open(&options, &run.store, &error)) ||
        !result_ok(store_start(run.store, &hooks)) ||
        !result_ok(sid_new(&clock_system, &entropy_system, &run.client_id)) ||
        !result_ok(sid_new(&clock_system, &entropy_system, &run.partner_sid)))
        die("cannot start:", &error);
    measure(&run, (size_t)atol(argv[2]), &metrics);
    store_close(&run.store);
    loop_thread_free(&run.loop);
    return 0;
}
