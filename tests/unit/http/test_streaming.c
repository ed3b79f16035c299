/* Answers without an end: how they are framed (RFC9112-7.1), and what ends them: their endpoint,
 * their client, one that takes nothing (THREATS-74), a drain (F-41), and that their number is
 * bounded beside the requests in flight (F-40). */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "exchange/stream.h"
#include "toy.h"

#define HOST      "Host: a.example\r\n"
#define STREAM    "GET /stream HTTP/1.1\r\n" HOST "\r\n"
#define STREAM_10 "GET /stream HTTP/1.0\r\n\r\n"
#define GET_OK    "GET /ok HTTP/1.1\r\n" HOST "\r\n"

static struct answer a;
static char seen[64 * 1024];

static void up(void)
{
    toy_init();
    toy.config.server.body_timeout_s = 1;
    toy.config.server.idle_timeout_s = 1;
    toy.config.server.max_in_flight = 4;
    toy_start();
}

TestSuite(streaming, .init = up, .timeout = 60);

static void await_count(_Atomic int *counter, int wanted)
{
    for (int i = 0; i < 2000 && atomic_load(counter) < wanted; i++)
        poll(NULL, 0, 5);
    cr_assert_eq(atomic_load(counter), wanted);
}

/* What comes until it holds the text; NULL: until the end of the input. */
static const char *read_until(int fd, const char *text)
{
    size_t len = 0;

    for (;;) {
        seen[len] = '\0';
        if (text != NULL && strstr(seen, text) != NULL)
            return seen;
        ssize_t n = recv(fd, seen + len, sizeof(seen) - 1 - len, 0);
        cr_assert_geq(n, 0);
        if (n == 0) {
            cr_assert_null(text, "the end came before %s", text);
            return seen;
        }
        len += (size_t)n;
    }
}

static int begin(const char *request)
{
    int fd = toy_connect();

    toy_say(fd, request);
    read_until(fd, "hello\n");
    return fd;
}

static int say(const char *body, int times)
{
    char text[256];

    snprintf(text, sizeof(text), "POST /say?%d HTTP/1.1\r\n" HOST "Content-Length: %zu\r\n\r\n%s",
             times, strlen(body), body);
    toy_ask(text, &a);
    cr_assert_eq(a.status, 200);
    return atoi(a.body);
}

Test(streaming, chunks_and_a_last_one_RFC9112_7_1)
{
    int fd = begin(STREAM);

    cr_assert_not_null(strstr(seen, "transfer-encoding: chunked\r\n"));
    cr_assert_not_null(strstr(seen, "Connection: close\r\n"));
    cr_assert_null(strstr(seen, "ontent-"
                                "ength"));
    cr_assert_not_null(strstr(seen, "\r\n\r\n6\r\nhello\n"), "%s", seen);
    cr_assert_eq(say("more", 1), 1);
    read_until(fd, "4\r\nmore\r\n");
    say("end", 1);
    cr_assert_str_eq(read_until(fd, NULL), "0\r\n\r\n");
    await_count(&toy.gone, 1);
    close(fd);
}

Test(streaming, to_http_1_0_it_ends_with_the_connection)
{
    int fd = begin(STREAM_10);

    cr_assert_null(strstr(seen, "chunked"));
    cr_assert_eq(say("more", 1), 1);
    read_until(fd, "more");
    say("end", 1);
    cr_assert_str_eq(read_until(fd, NULL), "");
    await_count(&toy.gone, 1);
    close(fd);
}

Test(streaming, nothing_is_written_behind_its_end)
{
    int fd = begin(STREAM);

    say("end", 3);
    cr_assert_eq(say("more", 1), 0);
    cr_assert_str_eq(read_until(fd, NULL) + strlen(seen) - 5, "0\r\n\r\n");
    cr_assert_null(strstr(seen, "more"));
    close(fd);
}

Test(streaming, no_bytes_are_no_end)
{
    int chunked = begin(STREAM), plain = begin(STREAM_10);

    cr_assert_eq(say("", 1), 2);
    cr_assert_eq(say("more", 1), 2);
    read_until(chunked, "4\r\nmore\r\n");
    read_until(plain, "more");
    close(chunked);
    close(plain);
}

Test(streaming, a_client_that_leaves_is_noticed)
{
    const struct linger now = {.l_onoff = 1, .l_linger = 0};
    int reset = begin(STREAM), closed = begin(STREAM);

    setsockopt(reset, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    close(reset);
    await_count(&toy.gone, 1);
    close(closed); /* looks like one who sends no more, until it is written to */
    for (int i = 0; i < 1000 && atomic_load(&toy.gone) < 2; i++) {
        say("x", 1);
        poll(NULL, 0, 5);
    }
    cr_assert_eq(atomic_load(&toy.gone), 2);
}

Test(streaming, half_closed_it_goes_on_RFC9112_9_6)
{
    int fd = begin(STREAM);

    cr_assert_eq(shutdown(fd, SHUT_WR), 0);
    toy_ask(GET_OK, &a);
    cr_assert_eq(say("more", 1), 1);
    read_until(fd, "more");
    close(fd);
}

Test(streaming, silent_ones_outlive_every_time_limit)
{
    int fd = begin(STREAM);

    poll(NULL, 0, 3500); /* idle and body time-outs are 1 s, sweeps a second apart */
    cr_assert_eq(atomic_load(&toy.gone), 0);
    cr_assert_eq(say("more", 1), 1);
    read_until(fd, "more");
    close(fd);
}

Test(streaming, unsent_bytes_are_bounded_and_who_takes_none_is_cut_THREATS_74)
{
    int fd = begin(STREAM), taken, total = 0;

    do
        total += taken = say("0123456789abcdef0123456789abcdef", 4096);
    while (taken == 4096);
    cr_assert_lt(total, 8 * 1024 * 1024 / 32);
    cr_assert_eq(atomic_load(&toy.gone), 0);
    await_count(&toy.gone, 1); /* after body_timeout_s */
    close(fd);
}

Test(streaming, their_number_is_bounded_and_no_request_in_flight_F40)
{
    int fds[4];

    for (int i = 0; i < 4; i++)
        fds[i] = begin(STREAM);
    toy_ask(STREAM, &a);
    cr_assert_eq(a.status, 503);
    cr_assert(answer_has(&a, "retry-after: 5"), "%s", a.text);
    await_count(&toy.gone, 1); /* of the one that never began */
    cr_assert_eq(atomic_load(&toy.streams), 4);
    toy_ask(GET_OK, &a); /* max_in_flight is 4 too */
    cr_assert_eq(a.status, 200);
    say("end", 1);
    await_count(&toy.gone, 5);
    close(begin(STREAM));
    for (int i = 0; i < 4; i++)
        close(fds[i]);
}

Test(streaming, what_else_comes_is_thrown_away)
{
    static char flood[64 * 1024];
    int fd = begin(STREAM GET_OK);

    memset(flood, 'x', sizeof(flood));
    toy_send(fd, flood, sizeof(flood));
    cr_assert_eq(say("more", 1), 1);
    read_until(fd, "more");
    cr_assert_null(strstr(seen, "HTTP/1.1"));
    close(fd);
}

Test(streaming, a_drain_ends_them_at_once_F41)
{
    int chunked = begin(STREAM), plain = begin(STREAM_10);

    toy_stop();
    cr_assert_str_eq(read_until(chunked, NULL), "0\r\n\r\n");
    cr_assert_str_eq(read_until(plain, NULL), "");
    cr_assert_eq(atomic_load(&toy.gone), 2);
    close(chunked);
    close(plain);
}

/* The library aborted where such a write was done at once and left no room for another: it went on
 * polling for room, and there was no write when it came. A unix socket has room again only when
 * three quarters of its buffer are empty. */
TestSuite(streaming_by_unix, .init = toy_init, .timeout = 60);

Test(streaming_by_unix, written_to_by_timers_and_read_slowly)
{
    char path[64];
    size_t total = 0;
    ssize_t n;

    snprintf(path, sizeof(path), "/tmp/toy-stream-%d.sock", (int)getpid());
    toy_listen_unix(path);
    toy_start();
    int fd = toy_connect_unix(path);
    toy_say(fd, "GET /stream?fed HTTP/1.0\r\n\r\n");
    while ((n = recv(fd, seen, sizeof(seen), 0)) > 0) {
        total += (size_t)n;
        poll(NULL, 0, 1);
    }
    cr_assert_eq(n, 0);
    cr_assert_gt(total, TOY_FED);
    await_count(&toy.gone, 1);
    close(fd);
    toy_stop();
}
