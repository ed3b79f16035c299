/* A reload while requests are under way, and starts that fail (SPEC 10, F-40). What the reload was
 * given is overwritten at once: nothing of it may be looked at later. */
#include <criterion/criterion.h>
#include <dirent.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"
#include "support/fake.h"
#include "support/leaks.h"
#include "toy.h"

#define HOST   "Host: a.example\r\n"
#define GET_OK "GET /ok HTTP/1.1\r\n" HOST "\r\n"
#define ECHO   "GET /echo HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n\r\n"
#define HOLD   "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"

static struct answer a;

static void up(void)
{
    toy_init();
}

TestSuite(reload, .init = up, .timeout = 60);

static void await_held(int wanted)
{
    for (int i = 0; i < 2000 && atomic_load(&toy.held) < wanted; i++)
        poll(NULL, 0, 5);
    cr_assert_geq(atomic_load(&toy.held), wanted);
}

static int ask(int fd, const char *text)
{
    toy_say(fd, text);
    toy_read(fd, &a);
    return a.status;
}

/* With trust as the one trusted network, or none when NULL. */
static void reload(struct config_server server, const char *trust)
{
    struct config config = toy.config;
    struct cidr network;

    if (trust != NULL)
        cr_assert_null(cidr_parse(str_from(trust), &network));
    config.server = server;
    config.server.trusted_proxies = (struct cidr_list){&network, trust != NULL};
    toy_reload(&config);
    memset(&network, 0xFF, sizeof(network));
    memset(&config, 0xFF, sizeof(config));
}

Test(reload, requests_in_flight)
{
    struct config_server server = toy.config.server;
    toy_start();
    int one = toy_connect(), two = toy_connect(), three = toy_connect();
    toy_say(one, HOLD);
    toy_say(two, HOLD);
    await_held(2);
    server.max_in_flight = 2;
    reload(server, NULL);
    cr_assert_eq(ask(three, GET_OK), 503);
    server.max_in_flight = 3;
    reload(server, NULL);
    cr_assert_eq(ask(three, GET_OK), 200);
    atomic_store(&toy.hold_open, true);
    toy_read(one, &a); /* what was under way is answered */
    cr_assert_eq(a.status, 200);
    toy_read(two, &a);
    cr_assert_eq(a.status, 200);
    close(one);
    close(two);
    close(three);
    toy_stop();
    leaks_check();
}

Test(reload, connections)
{
    enum { MANY = 40, FEW = 4 };
    int fds[MANY];
    struct config_server server = toy.config.server;
    toy_start();
    for (int i = 0; i < MANY; i++) {
        fds[i] = toy_connect();
        cr_assert_eq(ask(fds[i], GET_OK), 200);
    }
    server.max_connections = FEW;
    reload(server, NULL);
    for (int i = 0; i < MANY / 2; i++) { /* a new one takes the place of the longest idle */
        toy_ask(GET_OK, &a);
        cr_assert_eq(a.status, 200);
        cr_assert(toy_ended(fds[i]));
    }
    cr_assert_eq(ask(fds[MANY - 1], GET_OK), 200);
    server.max_connections = MANY;
    reload(server, NULL);
    for (int i = 0; i < MANY / 2; i++) {
        close(fds[i]);
        fds[i] = toy_connect();
        cr_assert_eq(ask(fds[i], GET_OK), 200);
    }
    for (int i = 0; i < MANY; i++) {
        cr_assert_eq(ask(fds[i], GET_OK), 200, "%d", i);
        close(fds[i]);
    }
    toy_stop();
    leaks_check();
}

Test(reload, timeouts_hold_for_connections_there_are)
{
    struct config_server server = toy.config.server;
    toy.config.server.head_timeout_s = toy.config.server.body_timeout_s = 30;
    toy.config.server.idle_timeout_s = 30;
    toy_start();
    int silent = toy_connect(), head = toy_connect(), body = toy_connect(), idle = toy_connect();
    int64_t begin_ns = clock_mono_ns();
    toy_say(head, "GET /ok HTTP/1.1\r\nHo");
    toy_say(body, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
    cr_assert_eq(ask(idle, GET_OK), 200);
    server.head_timeout_s = server.body_timeout_s = server.idle_timeout_s = 1;
    reload(server, NULL);
    cr_assert(toy_ended(silent));
    cr_assert(toy_ended(head));
    cr_assert(toy_ended(body));
    cr_assert(toy_ended(idle));
    cr_assert_lt(clock_mono_ns() - begin_ns, 9000000000);
    close(silent);
    close(head);
    close(body);
    close(idle);
    toy_stop();
    leaks_check();
}

/* A proxy that is no longer trusted is not believed on the connections it has. */
Test(reload, trusted_proxies_9700_4_13_a)
{
    toy_start();
    int fd = toy_connect();
    for (int i = 0; i < 3; i++) {
        reload(toy.config.server, NULL);
        ask(fd, ECHO);
        cr_assert(answer_has(&a, "address=::ffff:127.0.0.1 tcp untrusted"), "%s", a.text);
        reload(toy.config.server, "127.0.0.0/8");
        ask(fd, ECHO);
        cr_assert(answer_has(&a, "address=::ffff:192.0.2.1 tcp trusted"), "%s", a.text);
    }
    close(fd);
    toy_stop();
    leaks_check();
}

Test(reload, clear_text_from_a_proxy_no_longer_trusted_6749_3_2_a)
{
    toy_listen("0.0.0.0:1");
    toy_trust("127.0.0.1");
    toy_start();
    int fd = toy_connect();
    cr_assert_eq(ask(fd, GET_OK), 200);
    reload(toy.config.server, NULL);
    cr_assert_eq(ask(fd, GET_OK), 403);
    cr_assert(toy_ended(fd));
    close(fd);
    toy_stop();
    leaks_check();
}

Test(reload, the_access_log_goes_on_and_off)
{
    int ends[2];
    static char text[8192];
    struct config_server server = toy.config.server;
    cr_assert_eq(pipe(ends), 0);
    toy.log_fd = ends[1];
    toy_start();
    int fd = toy_connect(), held = toy_connect();
    ask(fd, "GET /ok?1 HTTP/1.1\r\n" HOST "X-Request-Id: 1\r\n\r\n");
    server.access_log = true;
    reload(server, NULL);
    cr_assert_eq(ask(fd, "GET /echo HTTP/1.1\r\n" HOST "\r\n"), 200);
    toy_say(held, HOLD); /* begins with a log, ends without */
    await_held(1);
    reload(toy.config.server, NULL);
    atomic_store(&toy.hold_open, true);
    toy_read(held, &a);
    cr_assert_eq(a.status, 200);
    reload(server, NULL);
    cr_assert_eq(ask(fd, "GET /cors HTTP/1.1\r\n" HOST "\r\n"), 200);
    close(fd);
    close(held);
    toy_stop();
    close(ends[1]);
    for (ssize_t n = 0, got; (got = read(ends[0], text + n, sizeof(text) - 1 - (size_t)n)) > 0;)
        n += got;
    cr_assert_null(strstr(text, "\"path\":\"/ok\""));
    cr_assert_not_null(strstr(text, "\"path\":\"/echo\""));
    cr_assert_null(strstr(text, "\"path\":\"/hold\""));
    cr_assert_not_null(strstr(text, "\"path\":\"/cors\""));
    close(ends[0]);
    leaks_check();
}

Test(reload, many_in_a_row_and_then_the_end)
{
    toy.config.server.threads = 3;
    toy_start();
    int fd = toy_connect();
    for (int i = 0; i < 200; i++) {
        http_reload(toy.http, &toy.config);
        if (i % 10 == 0)
            cr_assert_eq(ask(fd, GET_OK), 200);
    }
    close(fd);
    toy_stop();
    leaks_check();
}

/* ---- starts that fail ---- */

static _Atomic int begun, ended;

static struct result begin_but_the_second(struct worker *worker, void *context)
{
    (void)context;
    atomic_fetch_add(&begun, 1);
    return worker->number == 1 ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}

static void end(struct worker *worker, void *context)
{
    (void)worker, (void)context;
    atomic_fetch_add(&ended, 1);
}

static int open_files(void)
{
    DIR *folder = opendir("/proc/self/fd");
    int count = 0;
    while (readdir(folder) != NULL)
        count++;
    closedir(folder);
    return count;
}

Test(start, what_a_failed_worker_made_is_freed)
{
    enum { THREADS = 3 };
    toy_init();
    toy.config.server.threads = THREADS;
    toy.worker_start = begin_but_the_second;
    toy.worker_stop = end;
    int before = open_files();
    toy_start_fails("a worker thread did not start: ");
    cr_assert_eq(open_files(), before + THREADS); /* the library keeps a loop's epoll set */
    cr_assert_eq(atomic_load(&begun), THREADS);
    cr_assert_eq(atomic_load(&ended), THREADS, "worker_stop follows a start that faulted");
    leaks_check();
}

static struct result no_random(struct entropy *entropy, void *out, size_t n)
{
    (void)entropy, (void)out, (void)n;
    return FAULT(ERR_FAULT_ENTROPY);
}

Test(start, fails_without_random_bytes)
{
    struct entropy dry = {no_random};
    toy_init();
    toy.server.entropy = &dry;
    int before = open_files();
    toy_start_fails("a worker thread did not start: ");
    cr_assert_eq(open_files(), before);
    leaks_check();
}

/* ---- memory that is short ---- */

static _Atomic size_t refused_from; /* mallocs of so many bytes and more fail; 0: none */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);

void *__wrap_malloc(size_t size)
{
    size_t from = atomic_load(&refused_from);
    return from != 0 && size >= from ? NULL : __real_malloc(size);
}

static uint64_t faults(void)
{
    return metrics_sum(&toy.server.metrics, METRIC_HTTP_FAULTS);
}

Test(start, a_request_without_memory_is_a_fault)
{
    static char request[61000];
    int n = snprintf(request, sizeof(request),
                     "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 60000\r\n\r\n");
    memset(request + n, 'x', 60000);
    toy_init();
    toy_start();
    int fd = toy_connect();
    atomic_store(&refused_from, 50000);
    toy_send(fd, request, (size_t)n + 60000);
    toy_read(fd, &a);
    atomic_store(&refused_from, 0);
    cr_assert_eq(a.status, 503, "%s", a.text);
    cr_assert(answer_says_close(&a));
    cr_assert_eq(faults(), 1);
    close(fd);
    toy_stop();
    leaks_check();
}
