/* What a connection does while its request waits: it is still read, so that a client that leaves by
 * a reset is known at once, and what comes behind the request finds its turn (F-40, THREATS-70). */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "toy.h"

#define HOST       "Host: a.example\r\n"
#define GET_OK     "GET /ok HTTP/1.1\r\n" HOST "\r\n"
#define HOLD       "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"
#define HOLD_DEFER "POST /hold-defer HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"

static struct answer a;

static void up(void)
{
    toy_init();
    toy_start();
}

TestSuite(waiting, .init = up, .timeout = 60);

static void await_count(_Atomic int *counter, int wanted)
{
    for (int i = 0; i < 2000 && atomic_load(counter) < wanted; i++)
        poll(NULL, 0, 5);
    cr_assert_eq(atomic_load(counter), wanted);
}

static int hold(const char *request)
{
    int before = atomic_load(&toy.held), fd = toy_connect();

    toy_say(fd, request);
    await_count(&toy.held, before + 1);
    return fd;
}

static void vanish(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

/* The loop takes events in the order they came: what was before this is known after it. */
static void settle(void)
{
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
}

static void open_and_read(int fd)
{
    atomic_store(&toy.hold_open, true);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    cr_assert(answer_has(&a, "body=hello"), "%s", a.text);
}

static uint64_t forsaken(void)
{
    return atomic_load(&http_worker(toy.http, 0)->metrics.counters[METRIC_HTTP_FORSAKEN]);
}

Test(waiting, a_reset_drops_what_is_deferred_F40)
{
    vanish(hold(HOLD_DEFER));
    settle();
    int stays = hold(HOLD_DEFER);
    open_and_read(stays);
    await_count(&toy.resumed, 2);
    settle();
    cr_assert_eq(atomic_load(&toy.worked), 1);
    cr_assert_eq(atomic_load(&toy.said), 1);
    cr_assert_eq(forsaken(), 1u);
    close(stays);
    toy_stop();
}

Test(waiting, a_reset_leaves_what_is_under_way_to_its_end)
{
    vanish(hold(HOLD));
    settle();
    atomic_store(&toy.hold_open, true);
    await_count(&toy.said, 1);
    settle();
    cr_assert_eq(forsaken(), 0u);
    toy_stop();
}

Test(waiting, a_flood_that_leaves_costs_no_work_and_no_connection)
{
    enum { FLOOD = 200 };
    for (int i = 0; i < FLOOD; i++)
        vanish(hold(HOLD_DEFER));
    settle();
    atomic_store(&toy.hold_open, true);
    await_count(&toy.resumed, FLOOD);
    for (int i = 0; i < 2000 && forsaken() < FLOOD; i++)
        poll(NULL, 0, 5);
    cr_assert_eq(forsaken(), (uint64_t)FLOOD);
    cr_assert_eq(atomic_load(&toy.worked), 0);
    toy_stop();
}

Test(waiting, whoever_closes_one_direction_alone_is_answered) /* RFC9112-9.6 */
{
    for (int i = 0; i < 2; i++) {
        atomic_store(&toy.hold_open, false);
        int fd = hold(i == 0 ? HOLD : HOLD_DEFER);
        shutdown(fd, SHUT_WR);
        settle();
        open_and_read(fd);
        cr_assert(toy_ended(fd));
        close(fd);
    }
    cr_assert_eq(forsaken(), 0u);
    toy_stop();
}

Test(waiting, a_request_of_http_1_0_is_answered_and_closed)
{
    int fd = hold("POST /hold HTTP/1.0\r\n" HOST "Content-Length: 5\r\n\r\nhello");
    shutdown(fd, SHUT_WR);
    settle();
    open_and_read(fd);
    cr_assert(toy_ended(fd));
    close(fd);
    toy_stop();
}

Test(waiting, requests_behind_it_are_read_meanwhile_and_answered_in_turn)
{
    static const char behind[] =
        "POST /echo?two HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n222" GET_OK;

    for (size_t cut = 0; cut <= strlen(behind); cut += 7) {
        atomic_store(&toy.hold_open, false);
        int fd = hold(HOLD);
        toy_send(fd, behind,
                 cut); /* some of it while the first waits, the rest behind its answer */
        settle();
        open_and_read(fd);
        toy_say(fd, behind + cut);
        toy_read(fd, &a);
        cr_assert(a.status == 200 && answer_has(&a, "query=two") && answer_has(&a, "body=222"));
        toy_read(fd, &a);
        cr_assert_eq(a.status, 200);
        close(fd);
    }
    toy_stop();
}

Test(waiting, a_body_in_pieces_and_one_that_was_asked_for)
{
    static const char *const heads[] = {
        "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\n",
        "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n",
    };
    for (int i = 0; i < 2; i++) {
        int fd = toy_connect(), before = atomic_load(&toy.held);
        atomic_store(&toy.hold_open, false);
        toy_say(fd, heads[i]);
        if (i == 1) {
            toy_read_headless(fd, &a);
            cr_assert_eq(a.status, 100);
        }
        for (const char *c = "hello"; *c != 0; c++) {
            toy_send(fd, c, 1);
            settle();
        }
        await_count(&toy.held, before + 1);
        toy_say(fd, GET_OK);
        settle();
        open_and_read(fd);
        toy_read(fd, &a);
        cr_assert_eq(a.status, 200);
        vanish(fd);
    }
    toy_stop();
}

/* The library's request points into the input here. */
Test(waiting, without_a_body_what_comes_behind_waits_in_the_kernel)
{
    static char many[64 * 1024];
    int fd = hold("GET /hold HTTP/1.1\r\n" HOST "\r\n"), n = 0;

    for (size_t at = 0; at + strlen(GET_OK) < sizeof(many); at += strlen(GET_OK), n++)
        memcpy(many + at, GET_OK, strlen(GET_OK));
    toy_send(fd, many, (size_t)n * strlen(GET_OK));
    settle();
    atomic_store(&toy.hold_open, true);
    toy_read(fd, &a);
    cr_assert(a.status == 200 && answer_has(&a, "path=/hold"));
    for (int i = 0; i < n; i++) {
        toy_read(fd, &a);
        cr_assert_eq(a.status, 200);
    }
    close(fd);
    toy_stop();
}

/* THREATS-74: beyond LIMIT_HEAD, what comes waits in the kernel, and so with its sender. */
Test(waiting, what_comes_behind_is_bounded)
{
    enum { ENDLESS = 64 * 1024 * 1024 };
    static const char some[64 * 1024];
    int fd = hold(HOLD);
    struct pollfd room = {.fd = fd, .events = POLLOUT};
    size_t sent = 0;

    while (sent < ENDLESS && poll(&room, 1, 300) == 1) {
        ssize_t n = send(fd, some, sizeof(some), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0)
            sent += (size_t)n;
    }
    cr_assert_gt(sent, (size_t)LIMIT_HEAD);
    cr_assert_lt(sent, (size_t)ENDLESS);
    open_and_read(fd);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 400);
    close(fd);
    settle();
    toy_stop();
}

Test(waiting, the_end_of_a_drain_answers_what_waits_while_more_has_come)
{
    static char more[LIMIT_HEAD];
    int fd = hold(HOLD);

    memset(more, 'x', sizeof(more));
    toy_send(fd, more, sizeof(more)); /* moves the library's input */
    settle();
    http_drain(toy.http, 0);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 503);
    atomic_store(&toy.hold_open, true);
    close(fd);
    http_join(&toy.http);
    quiesce_done(&toy.server.quiesce);
}
