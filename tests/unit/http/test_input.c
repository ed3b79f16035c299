/* What requests on their way may hold of memory, all connections of a worker together: beyond it
 * the ones that would be refused anyway are cut, then the largest (THREATS-74). */
#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/limits.h"
#include "exchange/server.h"
#include "toy.h"

#define HOST  "Host: a.example\r\n"
#define BATCH "POST /batch HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n"

/* The library's buffer for a body of SENT bytes is EACH long. */
enum { SENT = 599999, EACH = 1024 * 1024, FIT = LIMIT_INPUT / EACH, MANY = FIT + 32 };

static_assert(FIT < 1000, "as many connections as the toy takes");

static struct answer a;
static int fds[MANY];

static void up(void)
{
    toy_init();
    toy_start();
}

TestSuite(input, .init = up, .timeout = 60);

/* Opens count connections from the first, each with a head and nearly a body. */
static void fill(int first, int count, const char *head)
{
    static char body[SENT];

    for (int i = first; i < first + count; i++) {
        fds[i] = toy_connect();
        toy_say(fds[i], head);
        toy_send(fds[i], body, sizeof(body));
    }
}

static int count_cut(int first, int count)
{
    int n = 0;

    for (int i = first; i < first + count; i++) {
        struct pollfd ended = {.fd = fds[i], .events = POLLIN | POLLRDHUP};
        n += poll(&ended, 1, 0) == 1;
    }
    return n;
}

static void await_cut(int first, int count, int wanted)
{
    for (int i = 0; i < 2000 && count_cut(first, count) < wanted; i++)
        poll(NULL, 0, 5);
    cr_assert_geq(count_cut(first, count), wanted);
}

static void down(int count)
{
    for (int i = 0; i < count; i++)
        close(fds[i]);
    toy_stop();
}

static uint64_t cuts_counted(void)
{
    return atomic_load(&http_worker(toy.http, 0)->metrics.counters[METRIC_HTTP_INPUT_CUT]);
}

static int first_alive(void)
{
    int i = 0;
    while (count_cut(i, 1) == 1)
        i++;
    return i;
}

Test(input, the_largest_beyond_the_budget_are_cut)
{
    int small = toy_connect(), cut = MANY - FIT + 1; /* the small one takes up a little too */
    toy_say(small, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhell");
    fill(0, MANY, BATCH);
    await_cut(0, MANY, cut);
    toy_ask("GET /ok HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 200);
    toy_say(small, "o");
    toy_read(small, &a);
    cr_assert(answer_has(&a, "body=hello"));
    cr_assert_eq(count_cut(0, MANY), cut, "more than need be");
    cr_assert_eq(cuts_counted(), (uint64_t)cut);
    int alive = fds[first_alive()];
    toy_say(alive, "x");
    toy_read(alive, &a);
    cr_assert_eq(a.status, 200);
    close(small);
    down(MANY);
}

Test(input, what_fits_is_left_alone)
{
    fill(0, FIT, BATCH);
    toy_ask("GET /ok HTTP/1.1\r\n" HOST "\r\n", &a);
    poll(NULL, 0, 250); /* several looks */
    cr_assert_eq(count_cut(0, FIT), 0);
    cr_assert_eq(cuts_counted(), 0);
    down(FIT);
}

/* A flood of bodies nobody reads does not push out those that are wanted. */
Test(input, what_would_be_refused_anyway_goes_first)
{
    static const char *const doomed[] = {
        "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n",    /* too long for it */
        "POST /nowhere HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n", /* 404 */
        "GET /batch HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n",    /* 405 */
        "BREW /batch HTTP/1.1\r\n" HOST "Content-Length: 600000\r\n\r\n",
        "POST /batch HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nfffff\r\n", /* 411 */
        "POST /batch HTTP/1.1\r\n" HOST HOST "Content-Length: 600000\r\n\r\n",         /* 400 */
    };
    enum { WANTED = FIT - 1, ROUNDS = 3 };
    int total = WANTED;

    fill(0, WANTED, BATCH);
    for (size_t i = 0; i < sizeof(doomed) / sizeof(doomed[0]); i++)
        for (int round = 0; round < ROUNDS; round++)
            fill(total++, 1, doomed[i]);
    await_cut(WANTED, total - WANTED, total - FIT);
    for (int i = 0; i < 6 * ROUNDS; i += ROUNDS) /* of each kind some, since one alone fits */
        cr_assert_geq(count_cut(WANTED + i, ROUNDS), ROUNDS - 1, "%s", doomed[i / ROUNDS]);
    cr_assert_eq(count_cut(0, WANTED), 0);
    down(total);
}
