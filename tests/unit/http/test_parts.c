/* The small parts: routes, forwarded addresses, access log. */
#include <criterion/criterion.h>
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "core/buf.h"
#include "http/access_log.h"
#include "http/forwarded.h"
#include "http/routes.h"

/* ---- routes ---- */

static const struct route table[] = {
    {METHOD_POST, STR_INIT("/oauth/token"), 0, 100, NULL},
    {METHOD_GET, STR_INIT("/jwks"), ROUTE_CORS_ANY, 0, NULL},
    {METHOD_GET, STR_INIT("/a"), 0, 0, NULL},
    {METHOD_DELETE, STR_INIT("/a"), 0, 0, NULL},
    {METHOD_GET, STR_INIT("/livez"), ROUTE_ADMIN, 0, NULL},
    {METHOD_GET, STR_INIT("/errors/"), ROUTE_PREFIX, 0, NULL},
    {METHOD_GET, STR_INIT("/errors/deep/"), ROUTE_PREFIX, 0, NULL},
};
static const struct route_table tables[] = {{table, 3}, {table + 3, 4}};

static struct routes make(bool admin)
{
    struct routes routes;
    cr_assert(routes_init(&routes, tables, 2, admin));
    return routes;
}

Test(routes, finds_the_path_byte_for_byte_F22)
{
    static const char *const unknown[] = {
        "/",
        "/oauth/token/",
        "/oauth/toke",
        "/oauth/tokens",
        "/OAUTH/TOKEN",
        "//oauth/token",
        "/oauth//token",
        "/oauth/../oauth/token",
        "/oauth/%74oken",
        "/./a",
        "/a/",
        "",
        "/errors",
    };
    struct routes routes = make(false);

    cr_assert_eq(routes_find(&routes, STR("/oauth/token"))->by_method[METHOD_POST], &table[0]);
    for (size_t i = 0; i < sizeof(unknown) / sizeof(unknown[0]); i++)
        cr_assert_null(routes_find(&routes, str_from(unknown[i])), "%s", unknown[i]);
    routes_done(&routes);
}

Test(routes, methods_of_several_tables_meet)
{
    struct routes routes = make(false);
    const struct routes_path *a = routes_find(&routes, STR("/a"));

    cr_assert_eq(a->by_method[METHOD_GET], &table[2]);
    cr_assert_eq(a->by_method[METHOD_DELETE], &table[3]);
    cr_assert(str_eq(a->allow, STR("GET, DELETE")));
    cr_assert(str_eq(routes_find(&routes, STR("/jwks"))->allow, STR("GET, OPTIONS")));
    routes_done(&routes);
}

Test(routes, admin_and_public_are_apart)
{
    struct routes routes = make(false), admin = make(true);

    cr_assert_null(routes_find(&routes, STR("/livez")));
    cr_assert_not_null(routes_find(&admin, STR("/livez")));
    cr_assert_null(routes_find(&admin, STR("/oauth/token")));
    cr_assert_null(routes_find(&admin, STR("/errors/x")));
    routes_done(&routes);
    routes_done(&admin);
}

Test(routes, the_longest_prefix_wins)
{
    struct routes routes = make(false);

    cr_assert_eq(routes_find(&routes, STR("/errors/x"))->by_method[METHOD_GET], &table[5]);
    cr_assert_eq(routes_find(&routes, STR("/errors/"))->by_method[METHOD_GET], &table[5]);
    cr_assert_eq(routes_find(&routes, STR("/errors/deep/x"))->by_method[METHOD_GET], &table[6]);
    routes_done(&routes);
}

static const struct route with_segments[] = {
    {METHOD_GET, STR_INIT("/t/{sid}"), ROUTE_PARAMETERS, 0, NULL},
    {METHOD_PATCH, STR_INIT("/t/{sid}"), ROUTE_PARAMETERS, 0, NULL},
    {METHOD_GET, STR_INIT("/t/current"), 0, 0, NULL},
    {METHOD_GET, STR_INIT("/t/{sid}/keys/{key}"), ROUTE_PARAMETERS, 0, NULL},
    {METHOD_GET, STR_INIT("/t/all/keys/{key}"), ROUTE_PARAMETERS, 0, NULL},
    {METHOD_GET, STR_INIT("/t/"), ROUTE_PREFIX, 0, NULL},
    {METHOD_GET, STR_INIT("/c/{x}"), ROUTE_PARAMETERS | ROUTE_CORS_ANY, 0, NULL},
};

static const struct {
    const char *path;
    int route; /* of GET; -1: none */
} segments[] = {
    {"/t/0190", 0},     {"/t/current", 2},    /* written out wins */
    {"/t/Current", 0},  {"/t/%63urrent", 0},  /* F-22: nothing is decoded before */
    {"/t/a/keys/b", 3}, {"/t/all/keys/b", 4}, /* most of it written out */
    {"/t/all", 0},      {"/t/..", 0}, /* one segment like any other; its reader refuses it */
    {"/t/", 5},                       /* a segment is not empty: what is left is the prefix */
    {"/t/a/", 5},       {"/t/a/keys", 5},     {"/t/a/keys/", 5},
    {"/t//keys/b", 5},  {"/t/a/keys/b/c", 5}, {"/t/a/Keys/b", 5},
    {"/c/1", 6},        {"/c/", -1},          {"/c", -1},
    {"/c/1/2", -1},     {"c/1", -1},          {"/t", -1},
    {"", -1},
};

Test(routes, a_named_segment_stands_for_one_F22)
{
    const struct route_table one = {with_segments, 7};
    struct routes routes;
    cr_assert(routes_init(&routes, &one, 1, false));
    for (size_t i = 0; i < sizeof(segments) / sizeof(segments[0]); i++) {
        const struct routes_path *found = routes_find(&routes, str_from(segments[i].path));
        cr_assert_eq(found == NULL ? NULL : found->by_method[METHOD_GET],
                     segments[i].route < 0 ? NULL : &with_segments[segments[i].route], "%s",
                     segments[i].path);
    }
    cr_assert(str_eq(routes_find(&routes, STR("/t/x"))->allow, STR("GET, PATCH")));
    cr_assert(str_eq(routes_find(&routes, STR("/c/x"))->allow, STR("GET, OPTIONS")));
    cr_assert(routes_find(&routes, STR("/c/x"))->cors);
    routes_done(&routes);
}

/* ---- forwarded ---- */

static struct ip ip(const char *text)
{
    struct ip out;
    cr_assert(ip_parse(str_from(text), &out), "%s", text);
    return out;
}

Test(forwarded, picks_the_last_untrusted_hop_9700_4_13_a)
{
    static const struct {
        const char *fields[3];
        const char *client; /* NULL: the peer itself */
    } rows[] = {
        {{"192.0.2.1"}, "192.0.2.1"},
        {{" 192.0.2.1 "}, "192.0.2.1"},
        {{"203.0.113.9, 192.0.2.1"}, "192.0.2.1"}, /* the front one is the client's word */
        {{"192.0.2.1, 10.0.0.1"}, "192.0.2.1"},
        {{"192.0.2.1", "10.0.0.1, 10.0.0.2"}, "192.0.2.1"},
        {{"203.0.113.9", "192.0.2.1", "10.0.0.1"}, "192.0.2.1"},
        {{"10.0.0.3, 10.0.0.1"}, "10.0.0.3"},
        {{"2001:db8::1"}, "2001:db8::1"},
        {{""}, NULL},
        {{"garbage"}, NULL},
        {{"192.0.2.1, garbage"}, NULL},
        {{"garbage, 192.0.2.1"}, "192.0.2.1"}, /* never looked at */
        {{"192.0.2.1:80"}, NULL},
        {{"[2001:db8::1]"}, NULL},
        {{"192.0.2.1,"}, NULL},
        {{"192.0.2.1, , 10.0.0.1"}, NULL},
        {{"192.0.2.01"}, NULL},
        {{"unknown"}, NULL},
    };
    struct cidr ten;
    cr_assert_null(cidr_parse(STR("10.0.0.0/8"), &ten));
    struct cidr_list trusted = {&ten, 1};

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str fields[3];
        size_t n = 0;
        while (n < 3 && rows[i].fields[n] != NULL) {
            fields[n] = str_from(rows[i].fields[n]);
            n++;
        }
        struct ip out, expected = {{0}};
        bool found = forwarded_client(fields, n, &trusted, &out);
        cr_assert_eq(found, rows[i].client != NULL, "row %zu", i);
        if (found) {
            expected = ip(rows[i].client);
            cr_assert_arr_eq(out.bytes, expected.bytes, 16, "row %zu", i);
        }
    }
    struct ip out;
    cr_assert_not(forwarded_client(NULL, 0, &trusted, &out));
}

Test(forwarded, request_ids)
{
    char long_id[66];
    memset(long_id, 'a', sizeof(long_id));

    cr_assert(forwarded_request_id_ok(STR("Az09._-")));
    cr_assert(forwarded_request_id_ok(str_make(long_id, 64)));
    cr_assert_not(forwarded_request_id_ok(str_make(long_id, 65)));
    cr_assert_not(forwarded_request_id_ok(STR_NONE));
    cr_assert_not(forwarded_request_id_ok(STR("a b")));
    cr_assert_not(forwarded_request_id_ok(STR("a\"b")));
    cr_assert_not(forwarded_request_id_ok(STR("a\r\nb")));
}

/* ---- access log ---- */

Test(access_log, long_text_is_cut_THREATS_70)
{
    static char path[64 * 1024];
    struct access_entry entry = {.endpoint = "token", .method = METHOD_GET, .status = 404};
    char memory[4096];
    struct buf b;

    memset(path, '"', sizeof(path)); /* each becomes two */
    access_entry_text(&entry, str_make(path, sizeof(path)), str_make(path, sizeof(path)));
    cr_assert_eq(entry.path_len, ACCESS_PATH_MAX);
    cr_assert_eq(entry.id_len, REQUEST_ID_MAX);
    cr_assert(entry.path_cut);
    buf_init_fixed(&b, memory, sizeof(memory));
    access_entry_render(&entry, &b);
    cr_assert_not(b.failed);
}

Test(access_log, a_line)
{
    struct access_entry entry = {.wall_ms = 1000,
                                 .took_us = 7,
                                 .status = 200,
                                 .method = METHOD_POST,
                                 .endpoint = "token",
                                 .bytes_in = 3,
                                 .bytes_out = 4};
    struct ip address = ip("192.0.2.1");
    char memory[1024];
    struct buf b;

    memcpy(&entry.address, address.bytes, 16);
    access_entry_text(&entry, STR("/oauth/token"), STR("id-1"));
    buf_init_fixed(&b, memory, sizeof(memory));
    access_entry_render(&entry, &b);
    cr_assert(str_eq(buf_view(&b),
                     STR("{\"time\":\"1970-01-01T00:00:01.000Z\",\"event\":\"request\",\"method\":"
                         "\"POST\",\"path\":\"/oauth/token\",\"status\":200,\"took_us\":7,"
                         "\"bytes_in\":3,\"bytes_out\":4,\"address\":\"192.0.2.1\",\"endpoint\":"
                         "\"token\",\"request_id\":\"id-1\"}\n")));
}

struct reader {
    int fd;
    size_t lines;
};

static void *count_lines(void *argument)
{
    struct reader *reader = argument;
    char bytes[8192];
    ssize_t n;

    while ((n = read(reader->fd, bytes, sizeof(bytes))) > 0)
        for (ssize_t i = 0; i < n; i++)
            reader->lines += bytes[i] == '\n';
    return NULL;
}

/* Entries until there is no room; returns how many. */
static size_t fill_ring(struct access_ring *ring)
{
    size_t put = 0;
    for (struct access_entry *entry; (entry = access_ring_reserve(ring)) != NULL; put++) {
        *entry = (struct access_entry){.endpoint = "x", .method = METHOD_GET, .status = 200};
        access_entry_text(entry, STR("/"), STR("id"));
        access_ring_commit(ring);
        cr_assert_lt(put, 100000u, "never full");
    }
    return put;
}

Test(access_log, drops_when_full_and_writes_the_rest)
{
    int ends[2];
    pthread_t thread;

    cr_assert_eq(pipe(ends), 0); /* nobody reads at first: the writer waits, the ring fills */
    struct access_log *log = access_log_start(ends[1], 1);
    cr_assert_not_null(log);
    size_t put = fill_ring(access_log_ring(log, 0));
    cr_assert_geq(put, 4096u);
    struct reader reader = {.fd = ends[0]};
    cr_assert_eq(pthread_create(&thread, NULL, count_lines, &reader), 0);
    access_log_stop(&log);
    cr_assert_null(log);
    close(ends[1]);
    pthread_join(thread, NULL);
    close(ends[0]);
    cr_assert_eq(reader.lines, put);
}

Test(access_log, a_reader_that_hangs_does_not_hold_up_the_stop)
{
    int ends[2];

    cr_assert_eq(pipe(ends), 0);
    struct access_log *log = access_log_start(ends[1], 1);
    fill_ring(access_log_ring(log, 0));
    access_log_stop(&log);
    close(ends[0]);
    close(ends[1]);
}
