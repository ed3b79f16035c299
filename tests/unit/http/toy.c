#include "toy.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <poll.h>
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/limits.h"
#include "exchange/exchange.h"

enum { WAIT_MS = 10000 };

struct toy toy;

/* libh2o keeps spare buffers in thread-local lists and forgets them when a thread ends. */
__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
    return "leak:h2o_mem_alloc_recycle\nleak:libcriterion\n";
}

/* ---- endpoints ---- */

static enum step_result say_ok(struct exchange *x)
{
    return exchange_reply_json(x, 200, STR("{\"ok\":true}"));
}

static enum step_result say_request(struct exchange *x)
{
    const struct request *r = &x->request;
    struct buf b;
    char address[INET6_ADDRSTRLEN];

    atomic_fetch_add(&toy.said, 1);
    buf_init_arena(&b, &x->arena, 1024, 4 * LIMIT_BODY);
    inet_ntop(AF_INET6, &r->peer.address, address, sizeof(address));
    buf_cstr(&b, "path=");
    buf_str(&b, r->path);
    buf_cstr(&b, " query=");
    buf_str(&b, r->query);
    buf_cstr(&b, r->authorization.ptr != NULL ? " authorization=" : " no-authorization");
    buf_str(&b, r->authorization);
    buf_cstr(&b, r->origin.ptr != NULL ? " origin=" : " no-origin");
    buf_str(&b, r->origin);
    buf_cstr(&b, " address=");
    buf_cstr(&b, address);
    buf_cstr(&b, r->peer.is_unix ? " unix" : " tcp");
    buf_cstr(&b, r->peer.trusted ? " trusted" : " untrusted");
    buf_cstr(&b, " id=");
    buf_str(&b, r->request_id);
    buf_cstr(&b, " body=");
    buf_str(&b, r->body);
    return exchange_reply(x, 200, STR("text/plain"), buf_view(&b));
}

static enum step_result say_big(struct exchange *x)
{
    static char big[1024 * 1024];
    memset(big, 'b', sizeof(big));
    return exchange_reply(x, 200, STR("text/plain"), str_make(big, sizeof(big)));
}

struct hold_state {
    struct loop_timer timer;
    struct exchange *x;
};

static void hold_check(struct loop_timer *timer)
{
    struct hold_state *state = (struct hold_state *)timer;
    struct exchange *x = state->x;

    if (atomic_load(&toy.hold_open)) {
        atomic_fetch_add(&toy.resumed, 1);
        exchange_resume(x);
    } else {
        cr_assert(loop_timer_start(x->worker->loop, timer, 5));
    }
}

static enum step_result hold(struct exchange *x)
{
    struct hold_state *state = x->state;

    state->timer.fire = hold_check;
    state->x = x;
    atomic_fetch_add(&toy.held, 1);
    cr_assert(loop_timer_start(x->worker->loop, &state->timer, 5));
    return STEP_WAIT;
}

static void work(struct exchange *x)
{
    (void)x;
    atomic_fetch_add(&toy.worked, 1);
}

static enum step_result defer(struct exchange *x)
{
    return exchange_defer(x, work);
}

static const struct endpoint ok = {.name = "ok", .steps = {say_ok}};
static const struct endpoint echo = {.name = "echo", .steps = {say_request}};
static const struct endpoint big = {.name = "big", .steps = {say_big}};
static const struct endpoint deferred = {.name = "defer", .steps = {defer, say_request}};
static const struct endpoint held = {
    .name = "hold", .state_size = sizeof(struct hold_state), .steps = {hold, say_request}};
static const struct endpoint held_deferred = {.name = "hold-defer",
                                              .state_size = sizeof(struct hold_state),
                                              .steps = {hold, defer, say_request}};

static const struct route routes[] = {
    {METHOD_GET, STR_INIT("/ok"), 0, 0, &ok},
    {METHOD_POST, STR_INIT("/echo"), 0, LIMIT_BODY, &echo},
    {METHOD_GET, STR_INIT("/echo"), 0, 0, &echo},
    {METHOD_POST, STR_INIT("/batch"), 0, LIMIT_BODY_BATCH, &ok},
    {METHOD_POST, STR_INIT("/small"), 0, 10, &echo},
    {METHOD_POST, STR_INIT("/hold"), 0, LIMIT_BODY, &held},
    {METHOD_GET, STR_INIT("/hold"), 0, 0, &held},
    {METHOD_POST, STR_INIT("/hold-defer"), 0, LIMIT_BODY, &held_deferred},
    {METHOD_POST, STR_INIT("/defer"), 0, LIMIT_BODY, &deferred},
    {METHOD_GET, STR_INIT("/always"), ROUTE_ALWAYS, 0, &ok},
    {METHOD_GET, STR_INIT("/stream"), 0, 0, &toy_stream_endpoint},
    {METHOD_POST, STR_INIT("/say"), 0, LIMIT_BODY, &toy_say_endpoint},
    {METHOD_GET, STR_INIT("/cors"), ROUTE_CORS_ANY, 0, &ok},
    {METHOD_GET, STR_INIT("/big"), 0, 0, &big},
    {METHOD_GET, STR_INIT("/livez"), ROUTE_ADMIN | ROUTE_ALWAYS, 0, &ok},
};
static const struct route_table table = {routes, sizeof(routes) / sizeof(routes[0])};

/* ---- server ---- */

static void listener(struct config_listener *l, const char *text)
{
    l->text = str_from(text);
    cr_assert_null(listen_parse(l->text, &l->address), "%s", text);
    l->mode = 0660;
    if (l->address.socket.ss_family ==
        AF_INET) /* the kernel chooses; configurations may not say 0 */
        ((struct sockaddr_in *)&l->address.socket)->sin_port = 0;
}

void toy_listen(const char *text)
{
    listener(&toy.listen[0], text);
}

void toy_init(void)
{
    memset(&toy, 0, sizeof(toy));
    toy.snapshot.issuer = STR("http://127.0.0.1:8420");
    toy.snapshot.references = 1;
    toy.server.config = &toy.config;
    toy.server.clock = &clock_system;
    toy.server.entropy = &entropy_system;
    quiesce_init(&toy.server.quiesce);
    atomic_store(&toy.server.snapshot, &toy.snapshot);
    listener(&toy.listen[0], "127.0.0.1:1");
    listener(&toy.admin, "127.0.0.1:1");
    toy.config.server = (struct config_server){
        .listen = {toy.listen, 1},
        .threads = 1,
        .trusted_proxies = {toy.trusted, 0},
        .max_in_flight = 1000,
        .max_connections = 1000,
        .drain_timeout_s = 5,
        .head_timeout_s = 5,
        .body_timeout_s = 5,
        .idle_timeout_s = 5,
    };
    toy.config.feed.streams_max = 4;
    toy.config.admin.listen = (struct config_listeners){&toy.admin, 1};
    toy.log_fd = -1;
}

void toy_listen_unix(const char *path)
{
    static char text[128];
    snprintf(text, sizeof(text), "unix:%s", path);
    listener(&toy.listen[toy.config.server.listen.n++], text);
}

void toy_trust(const char *network)
{
    size_t n = toy.config.server.trusted_proxies.n++;
    cr_assert_null(cidr_parse(str_from(network), &toy.trusted[n]), "%s", network);
}

static void start(char *memory, size_t size)
{
    struct buf error;
    struct http_options options = {.server = &toy.server,
                                   .tables = &table,
                                   .table_count = 1,
                                   .access_log_fd = toy.log_fd,
                                   .worker_start = toy.worker_start,
                                   .worker_stop = toy.worker_stop};

    memset(memory, 0, size);
    buf_init_fixed(&error, memory, size);
    toy.http = http_start(&options, &error);
}

void toy_start(void)
{
    char why[512];
    start(why, sizeof(why));
    cr_assert_not_null(toy.http, "%s", why);
}

void toy_start_fails(const char *expected)
{
    char why[512];
    start(why, sizeof(why));
    cr_assert_null(toy.http);
    cr_assert_not_null(strstr(why, expected), "%s", why);
}

struct fence {
    struct loop_msg msg; /* first */
    sem_t passed;
};

static void pass(struct loop_msg *msg)
{
    sem_post(&((struct fence *)msg)->passed);
}

void toy_reload(const struct config *config)
{
    struct fence fence = {.msg.run = pass};

    sem_init(&fence.passed, 0, 0);
    http_reload(toy.http, config);
    for (size_t i = 0; i < http_worker_count(toy.http); i++) {
        loop_post(http_worker(toy.http, i)->loop, &fence.msg);
        cr_assert_eq(sem_wait(&fence.passed), 0);
    }
    sem_destroy(&fence.passed);
}

void toy_stop(void)
{
    http_drain(toy.http, 3000);
    http_join(&toy.http);
    quiesce_done(&toy.server.quiesce);
}

/* ---- client ---- */

static int connect_to(const struct sockaddr *name, socklen_t len)
{
    int fd = socket(name->sa_family, SOCK_STREAM, 0);
    cr_assert_neq(fd, -1);
    cr_assert_eq(connect(fd, name, len), 0, "connect");
    return fd;
}

static int connect_port(uint16_t port)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    name.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return connect_to((struct sockaddr *)&name, sizeof(name));
}

int toy_connect(void)
{
    return connect_port(http_port(toy.http, false, 0));
}

int toy_connect_admin(void)
{
    return connect_port(http_port(toy.http, true, 0));
}

int toy_connect_unix(const char *path)
{
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    snprintf(name.sun_path, sizeof(name.sun_path), "%s", path);
    return connect_to((struct sockaddr *)&name, sizeof(name));
}

void toy_send(int fd, const char *bytes, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, bytes, n, MSG_NOSIGNAL);
        if (sent <= 0)
            return; /* the server closed first: its answer tells */
        bytes += sent;
        n -= (size_t)sent;
    }
}

void toy_say(int fd, const char *text)
{
    toy_send(fd, text, strlen(text));
}

/* False at the end of the connection. */
static bool read_some(int fd, char *out, size_t n)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    cr_assert_eq(poll(&ready, 1, WAIT_MS), 1, "no answer in time");
    return recv(fd, out, n, 0) == (ssize_t)n;
}

static void read_answer(int fd, bool has_body, struct answer *out)
{
    size_t n = 0;

    memset(out, 0, sizeof(*out));
    while (n < 4 || memcmp(out->text + n - 4, "\r\n\r\n", 4) != 0) {
        cr_assert_lt(n, sizeof(out->text) - 1);
        if (!read_some(fd, out->text + n, 1))
            return;
        n++;
    }
    cr_assert_eq(sscanf(out->text, "HTTP/1.1 %d", &out->status), 1);
    const char *length = strstr(out->text, "Content-Length: ");
    out->body = out->text + n;
    out->body_len = has_body && length != NULL ? strtoul(length + 16, NULL, 10) : 0;
    cr_assert_lt(n + out->body_len, sizeof(out->text));
    for (size_t i = 0; i < out->body_len; i++)
        if (!read_some(fd, out->text + n + i, 1)) {
            out->status = 0;
            return;
        }
}

void toy_read(int fd, struct answer *out)
{
    read_answer(fd, true, out);
}

void toy_read_headless(int fd, struct answer *out)
{
    read_answer(fd, false, out);
}

bool toy_ended(int fd)
{
    struct pollfd ready = {.fd = fd, .events = POLLIN};
    char byte;
    cr_assert_eq(poll(&ready, 1, WAIT_MS), 1, "neither an answer nor an end in time");
    return recv(fd, &byte, 1, 0) <= 0;
}

void toy_ask(const char *text, struct answer *out)
{
    int fd = toy_connect();
    toy_say(fd, text);
    toy_read(fd, out);
    close(fd);
}

bool answer_has(const struct answer *a, const char *text)
{
    return strstr(a->text, text) != NULL;
}

bool answer_says_close(const struct answer *a)
{
    return answer_has(a, "Connection: close\r\n");
}
