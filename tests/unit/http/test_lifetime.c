/* Who goes first: clients that leave, requests that wait, caps, time-outs, the end (THREATS-70, 74,
 * F-40, F-41). Under AddressSanitizer a step that completes into a dead exchange is seen. */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/clock.h"
#include "toy.h"

#define HOST   "Host: a.example\r\n"
#define GET_OK "GET /ok HTTP/1.1\r\n" HOST "\r\n"
#define HOLD   "POST /hold HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello"

static struct answer a;

static void up(void)
{
    toy_init();
}

TestSuite(lifetime, .init = up, .timeout = 60);

static void pause_ms(int ms)
{
    poll(NULL, 0, ms);
}

static void await_count(_Atomic int *counter, int wanted)
{
    for (int i = 0; i < 2000 && atomic_load(counter) < wanted; i++)
        pause_ms(5);
    cr_assert_geq(atomic_load(counter), wanted);
}

/* Closed by a reset, so that the server's write fails too. */
static void vanish(int fd)
{
    struct linger now = {.l_onoff = 1, .l_linger = 0};
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(fd);
}

Test(lifetime, the_client_leaves_at_every_byte_THREATS_70)
{
    static const char *const requests[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Authorization: Basic x\r\nContent-Length: 5\r\n\r\nhello",
        "POST /defer HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello" GET_OK,
        "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n",
    };
    toy_start();
    for (size_t r = 0; r < sizeof(requests) / sizeof(requests[0]); r++)
        for (size_t n = 0; n <= strlen(requests[r]); n++) {
            int fd = toy_connect();
            toy_send(fd, requests[r], n);
            if (n % 2 == 0)
                vanish(fd);
            else
                close(fd);
        }
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
    toy_stop();
}

Test(lifetime, a_step_completes_after_the_client_left)
{
    toy_start();
    for (int i = 0; i < 10; i++) {
        int fd = toy_connect();
        toy_say(fd, HOLD);
        await_count(&toy.held, i + 1);
        vanish(fd);
    }
    atomic_store(&toy.hold_open, true);
    await_count(&toy.resumed, 10);
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
    toy_stop();
}

Test(lifetime, what_waited_answers_with_its_own_request)
{
    toy_start();
    int one = toy_connect(), two = toy_connect();
    toy_say(one, "POST /hold?one HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n111");
    toy_say(two, "POST /hold?two HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n222");
    await_count(&toy.held, 2);
    atomic_store(&toy.hold_open, true);
    toy_read(one, &a);
    cr_assert(answer_has(&a, "query=one") && answer_has(&a, "body=111"), "%s", a.text);
    toy_read(two, &a);
    cr_assert(answer_has(&a, "query=two") && answer_has(&a, "body=222"), "%s", a.text);
    close(one);
    close(two);
    toy_stop();
}

Test(lifetime, too_many_in_flight_is_503_except_health)
{
    toy.config.server.max_in_flight = 2;
    toy_start();
    int one = toy_connect(), two = toy_connect();
    toy_say(one, HOLD);
    toy_say(two, HOLD);
    await_count(&toy.held, 2);
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 503);
    cr_assert(answer_has(&a, "\r\nretry-after: "));
    toy_ask("GET /always HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 200);
    atomic_store(&toy.hold_open, true);
    toy_read(one, &a);
    cr_assert_eq(a.status, 200);
    toy_read(two, &a);
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
    close(one);
    close(two);
    toy_stop();
}

/* F-40: where others wait for signatures, what costs nothing is still answered. */
Test(lifetime, the_last_quarter_is_for_what_is_answered_at_once)
{
    enum { MAX = 8, WAITING = MAX - MAX / 4 };
    int fds[WAITING];
    toy.config.server.max_in_flight = MAX;
    toy_start();
    for (int i = 0; i < WAITING; i++) {
        toy_ask("POST /defer HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", &a);
        cr_assert_eq(a.status, 200);
        fds[i] = toy_connect();
        toy_say(fds[i], HOLD);
        await_count(&toy.held, i + 1);
    }
    toy_ask("POST /defer HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello", &a);
    cr_assert_eq(a.status, 503);
    cr_assert(answer_has(&a, "\r\nretry-after: "));
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
    atomic_store(&toy.hold_open, true);
    for (int i = 0; i < WAITING; i++) {
        toy_read(fds[i], &a);
        cr_assert_eq(a.status, 200);
        close(fds[i]);
    }
    toy_stop();
}

Test(lifetime, at_the_cap_the_longest_idle_connection_goes_F40)
{
    enum { CAP = 8 };
    int fds[CAP];
    toy.config.server.max_connections = CAP;
    toy_start();
    for (int i = 0; i < CAP; i++) {
        fds[i] = toy_connect();
        toy_say(fds[i], GET_OK);
        toy_read(fds[i], &a);
        cr_assert_eq(a.status, 200);
    }
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200, "a good client found no room");
    cr_assert(toy_ended(fds[0]));
    toy_say(fds[CAP - 1], GET_OK);
    toy_read(fds[CAP - 1], &a);
    cr_assert_eq(a.status, 200);
    for (int i = 0; i < CAP; i++)
        close(fds[i]);
    toy_stop();
}

Test(lifetime, slow_heads_and_bodies_are_cut_THREATS_74)
{
    toy.config.server.head_timeout_s = 1;
    toy.config.server.body_timeout_s = 1;
    toy.config.server.idle_timeout_s = 30;
    toy_start();
    int silent = toy_connect(), head = toy_connect(), body = toy_connect(), idle = toy_connect();
    int64_t start = clock_mono_ns();
    toy_say(head, "GET /ok HTTP/1.1\r\nHo");
    toy_say(body, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 100\r\n\r\nabc");
    toy_say(idle, GET_OK);
    toy_read(idle, &a);
    for (int i = 0; i < 100 && clock_mono_ns() - start < 4000000000LL; i++) {
        toy_say(head, "x"); /* trickling does not help */
        toy_say(body, "x");
        pause_ms(50);
    }
    cr_assert(toy_ended(silent));
    cr_assert(toy_ended(head));
    cr_assert(toy_ended(body));
    toy_say(idle, GET_OK);
    toy_read(idle, &a);
    cr_assert_eq(a.status, 200);
    close(silent);
    close(head);
    close(body);
    close(idle);
    toy_stop();
}

Test(lifetime, a_client_that_does_not_read_is_cut)
{
    char bytes[65536];
    ssize_t n;
    size_t got = 0;
    toy.config.server.body_timeout_s = 1;
    toy_start();
    int fd = toy_connect();
    for (int i = 0; i < 40; i++)
        toy_say(fd, "GET /big HTTP/1.1\r\n" HOST "\r\n");
    pause_ms(3500);
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        got += (size_t)n;
    cr_assert_lt(got, 40u * 1024 * 1024, "was never cut");
    close(fd);
    toy_stop();
}

Test(lifetime, big_answers_arrive_whole)
{
    char bytes[65536];
    ssize_t n;
    size_t got = 0;
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "GET /big HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    while ((n = recv(fd, bytes, sizeof(bytes), 0)) > 0)
        got += (size_t)n;
    cr_assert_gt(got, 1024u * 1024);
    close(fd);
    toy_stop();
}

/* ---- F-41: the end ---- */

Test(lifetime, a_drain_answers_what_is_under_way)
{
    toy_start();
    int held = toy_connect(), idle = toy_connect();
    toy_say(idle, GET_OK);
    toy_read(idle, &a);
    toy_say(held, HOLD);
    await_count(&toy.held, 1);
    http_drain(toy.http, 5000);
    cr_assert(toy_ended(idle), "an idle connection was kept");
    atomic_store(&toy.hold_open, true);
    toy_read(held, &a);
    cr_assert_eq(a.status, 200);
    cr_assert(answer_says_close(&a));
    cr_assert(toy_ended(held));
    http_join(&toy.http);
    close(held);
    close(idle);
}

Test(lifetime, a_drain_takes_what_was_being_sent)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd, GET_OK);
    toy_read(fd, &a);
    toy_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhe");
    pause_ms(50);
    http_drain(toy.http, 5000);
    pause_ms(50);
    toy_say(fd, "llo");
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    cr_assert(answer_says_close(&a));
    http_join(&toy.http);
    close(fd);
}

Test(lifetime, a_drain_ends_in_time_with_503)
{
    toy_start();
    int held = toy_connect(), half = toy_connect();
    toy_say(held, HOLD);
    toy_say(half, "GET /ok HT");
    await_count(&toy.held, 1);
    http_drain(toy.http, 200);
    toy_read(held, &a);
    cr_assert_eq(a.status, 503);
    atomic_store(&toy.hold_open, true); /* the completion comes into the abandoned exchange */
    await_count(&toy.resumed, 1);
    cr_assert(toy_ended(half));
    http_join(&toy.http);
    close(held);
    close(half);
}

Test(lifetime, a_drained_server_takes_no_connection)
{
    toy_start();
    uint16_t port = http_port(toy.http, false, 0);
    toy_stop();
    cr_assert_neq(port, 0);
    toy_start(); /* and another one can start */
    toy_ask(GET_OK, &a);
    cr_assert_eq(a.status, 200);
    toy_stop();
}
