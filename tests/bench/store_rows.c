/* What a token's row costs (t_row of SPEC 11): creates tokens through the store's front with so
 * many in flight, and prints rows a second, CPU time of the process for each, and rows for each
 * commit. With "pages" it then reads pages of them, alone and while as many again are created, and
 * prints how long the median and the slowest took, and each kind's answer.
 *
 *   store_rows URL CONCURRENCY ROWS [pages] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "store/list.h"
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

static struct sid middle; /* some token in the midst of them */

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
    if (run->submitted == run->rows / 2)
        middle = row->token_sid;
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

/* ---- pages ---- */

enum { READS = 101 };

static struct store_filter by_name = {
    .column = STORE_TOKEN_NAME, .operator= STORE_IS_EQ, .text = STR_INIT("nothing has this name")};
static struct store_filter by_prefix = {
    .column = STORE_TOKEN_NAME, .operator= STORE_IS_LIKE, .text = STR_INIT("nightly%")};
static struct store_filter by_end = {.column = STORE_TOKEN_EXP, .operator= STORE_IS_GT };

static const struct {
    const char *what;
    struct store_list list;
    bool from_middle;
} pages[] = {
    {"10 by key, from the middle", {.limit = 10}, true},
    {"1000 by key, from the middle", {.limit = 1000}, true},
    {"10 by end, latest first", {.limit = 10, .order = STORE_TOKEN_EXP, .descending = true}, false},
    {"10 by time, offset 1000", {.limit = 10, .order = STORE_TOKEN_CREATED, .offset = 1000}, false},
    {"10 of a name that none has", {.limit = 10, .filters = &by_name, .filter_count = 1}, false},
    {"10 of a prefix that all have",
     {.limit = 10, .filters = &by_prefix, .filter_count = 1},
     false},
    {"10 that end after all do", {.limit = 10, .filters = &by_end, .filter_count = 1}, false},
};

static void read_done(struct store_read *read)
{
    read->done = NULL;
}

static bool was_read(void *context)
{
    return ((struct store_read *)context)->done == NULL;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double read_page(struct run *run, size_t kind, struct store_read *read)
{
    struct arena arena;
    int64_t before_ns = clock_mono_ns();

    arena_init(&arena, NULL, 0, 16 * 1024 * 1024);
    *read = (struct store_read){.verb = STORE_TOKEN_LIST,
                                .loop = loop_thread_loop(run->loop),
                                .done = read_done,
                                .arena = &arena,
                                .in.list = pages[kind].list};
    read->in.list.partner_sid = run->partner_sid;
    if (pages[kind].from_middle)
        read->in.list.after = middle;
    store_read_submit(run->store, read);
    if (!loop_thread_until(run->loop, was_read, read, 60000) || !result_ok(read->result))
        exit(1);
    arena_reset(&arena);
    return (double)(clock_mono_ns() - before_ns) / 1e6;
}

static void read_pages(struct run *run, const char *meanwhile)
{
    double took_ms[READS];
    struct store_read read;

    for (size_t kind = 0; kind < sizeof(pages) / sizeof(pages[0]); kind++) {
        for (size_t i = 0; i < READS; i++)
            took_ms[i] = read_page(run, kind, &read);
        qsort(took_ms, READS, sizeof(*took_ms), by_size);
        printf("%s, %s: median %.2f ms, slowest %.2f ms, %zu rows%s\n", pages[kind].what, meanwhile,
               took_ms[READS / 2], took_ms[READS - 1], read.out.count,
               read.outcome == STORE_OUTCOME_TOO_COSTLY ? ", given up" : "");
    }
}

static void measure_pages(struct run *run, size_t at_once)
{
    static struct slot slots[AT_ONCE_MAX];

    by_end.number = clock_wall_s(&clock_system) + 1000000;
    read_pages(run, "idle");
    run->rows *= 100; /* more than there is time for */
    for (size_t i = 0; i < at_once; i++) {
        slots[i].run = run;
        submit(&slots[i]);
    }
    read_pages(run, "writing");
    run->rows = run->submitted;
    if (!loop_thread_until(run->loop, all_answered, run, 60000))
        exit(1);
}

int main(int argc, char **argv)
{
    struct metrics_registry metrics = {NULL};
    char text[512];
    struct buf error;

    buf_init_fixed(&error, text, sizeof(text));
    bool with_pages = argc == 5 && strcmp(argv[4], "pages") == 0;
    if ((argc != 4 && !with_pages) || atol(argv[2]) < 1 || atol(argv[2]) > AT_ONCE_MAX ||
        atol(argv[3]) < 1)
        die("usage: store_rows URL CONCURRENCY ROWS [pages]", &error);
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
    if (with_pages)
        measure_pages(&run, (size_t)atol(argv[2]));
    store_close(&run.store);
    loop_thread_free(&run.loop);
    return 0;
}
