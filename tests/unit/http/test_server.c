/* The server over real sockets: framing, routing, what every answer carries. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/limits.h"
#include "toy.h"

#define HOST "Host: a.example\r\n"

static struct answer a;

static void up(void)
{
    signal(SIGPIPE, SIG_DFL); /* the server must not need it ignored */
    toy_init();
}

TestSuite(http, .init = up, .timeout = 60);

Test(http, answers_and_keeps_the_connection)
{
    toy_start();
    int fd = toy_connect();
    for (int i = 0; i < 3; i++) {
        toy_say(fd, "GET /ok HTTP/1.1\r\n" HOST "\r\n");
        toy_read(fd, &a);
        cr_assert_eq(a.status, 200);
        cr_assert_str_eq(a.body, "{\"ok\":true}");
        cr_assert(answer_has(&a, "Connection: keep-alive"));
    }
    close(fd);
    toy_stop();
}

Test(http, every_answer_carries_the_standard_fields_THREATS_50)
{
    static const char *const requests[] = {
        "GET /ok HTTP/1.1\r\n" HOST "\r\n",
        "GET /nowhere HTTP/1.1\r\n" HOST "\r\n",
        "PUT /ok HTTP/1.1\r\n" HOST "\r\n",
        "GET /ok HTTP/1.1\r\n\r\n",
    };
    toy_start();
    for (size_t i = 0; i < sizeof(requests) / sizeof(requests[0]); i++) {
        toy_ask(requests[i], &a);
        cr_assert_neq(a.status, 0);
        cr_assert(answer_has(&a, "\r\nx-request-id: "));
        cr_assert(answer_has(&a, "\r\ncache-control: no-store\r\npragma: no-cache\r\n"));
        cr_assert(answer_has(&a, "\r\nx-content-type-options: nosniff\r\n"));
        cr_assert(answer_has(&a, "\r\nreferrer-policy: no-referrer\r\n"));
        cr_assert(answer_has(&a, "\r\ncontent-security-policy: default-src 'none'; "
                                 "frame-ancestors 'none'\r\n"));
        cr_assert(answer_has(&a, "\r\nDate: "));
        cr_assert_not(answer_has(&a, "Server:"));
        cr_assert_not(answer_has(&a, "strict-transport-security"));
        cr_assert(answer_has(&a, "\r\ncontent-type: application/json\r\n"));
    }
    toy_stop();
}

Test(http, requests_of_one_connection_do_not_mix_F19)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd,
            "POST /echo?one HTTP/1.1\r\n" HOST "Authorization: Basic one\r\nOrigin: https://o\r\n"
            "Content-Length: 5\r\n\r\nfirst"
            "GET /echo HTTP/1.1\r\n" HOST "\r\n"
            "POST /echo HTTP/1.1\r\n" HOST
            "Authorization: Basic two\r\nContent-Length: 6\r\n\r\nsecond");
    toy_read(fd, &a);
    cr_assert(answer_has(&a, "query=one authorization=Basic one origin=https://o"), "%s", a.text);
    cr_assert(answer_has(&a, "body=first"));
    toy_read(fd, &a);
    cr_assert(answer_has(&a, "query= no-authorization no-origin"), "%s", a.text);
    toy_read(fd, &a);
    cr_assert(answer_has(&a, "query= authorization=Basic two no-origin"), "%s", a.text);
    cr_assert(answer_has(&a, "body=second"));
    close(fd);
    toy_stop();
}

/* The guard sees the raw head whatever way the request came in. */
Test(http, request_in_pieces_of_every_size)
{
    static const char request[] = "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\n\r\nhello";
    toy_start();
    for (size_t cut = 1; cut < sizeof(request) - 1; cut++) {
        int fd = toy_connect();
        toy_send(fd, request, cut);
        toy_say(fd, "");
        toy_send(fd, request + cut, sizeof(request) - 1 - cut);
        toy_read(fd, &a);
        cr_assert_eq(a.status, 200, "cut at %zu", cut);
        cr_assert(answer_has(&a, "body=hello"));
        close(fd);
    }
    toy_stop();
}

Test(http, paths_are_not_resolved_or_decoded_F22)
{
    static const char *const paths[] = {"/x/../ok", "/./ok", "//ok",   "/%6fk",
                                        "/ok/",     "/OK",   "/ok;a=b"};
    char request[256];
    toy_start();
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        snprintf(request, sizeof(request), "GET %s HTTP/1.1\r\n%s\r\n", paths[i], HOST);
        toy_ask(request, &a);
        cr_assert_eq(a.status, 404, "%s", paths[i]);
        cr_assert(answer_has(&a, "\"error\":\"not_found\""));
    }
    toy_stop();
}

Test(http, methods_THREATS_49)
{
    static const char *const methods[] = {"DELETE", "PUT",  "PATCH", "OPTIONS",
                                          "TRACE",  "post", "BREW"};
    char request[256];
    toy_start();
    for (size_t i = 0; i < sizeof(methods) / sizeof(methods[0]); i++) {
        snprintf(request, sizeof(request), "%s /echo HTTP/1.1\r\n%s\r\n", methods[i], HOST);
        toy_ask(request, &a);
        cr_assert_eq(a.status, 405, "%s: %d", methods[i], a.status);
        cr_assert(answer_has(&a, "\r\nallow: GET, POST\r\n"), "%s", a.text);
    }
    toy_ask("CONNECT a.example:443 HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 405);
    toy_ask("GET /small HTTP/1.1\r\n" HOST "X-HTTP-Method-Override: POST\r\n\r\n", &a);
    cr_assert_eq(a.status, 405);
    toy_stop();
}

Test(http, HEAD_is_refused_without_a_body)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "HEAD /ok HTTP/1.1\r\n" HOST "\r\nGET /ok HTTP/1.1\r\n" HOST "\r\n");
    toy_read_headless(fd, &a);
    cr_assert_eq(a.status, 405);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    close(fd);
    toy_stop();
}

Test(http, cors_preflight_is_answered)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "OPTIONS /cors HTTP/1.1\r\n" HOST "Origin: https://o\r\n\r\n"
                "GET /cors HTTP/1.1\r\n" HOST "\r\n");
    toy_read_headless(fd, &a);
    cr_assert_eq(a.status, 204);
    cr_assert(answer_has(&a, "access-control-allow-origin: *\r\n"));
    cr_assert(answer_has(&a, "access-control-allow-methods: GET, OPTIONS\r\n"));
    cr_assert_not(answer_has(&a, "Content-Length"));
    toy_read(fd, &a);
    cr_assert(answer_has(&a, "access-control-allow-origin: *\r\n"));
    close(fd);
    toy_stop();
}

Test(http, body_limits)
{
    static char request[LIMIT_BODY_BATCH + 1024];
    toy_start();
    toy_ask("POST /small HTTP/1.1\r\n" HOST "Content-Length: 10\r\n\r\n0123456789", &a);
    cr_assert_eq(a.status, 200);
    toy_ask("POST /small HTTP/1.1\r\n" HOST "Content-Length: 11\r\n\r\n01234567890", &a);
    cr_assert_eq(a.status, 413);
    cr_assert(answer_has(&a, "\"error\":\"invalid_request\""));
    toy_ask("GET /ok HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx", &a);
    cr_assert_eq(a.status, 413);
    int n =
        snprintf(request, sizeof(request), "POST /batch HTTP/1.1\r\n%sContent-Length: %d\r\n\r\n",
                 HOST, LIMIT_BODY_BATCH);
    memset(request + n, 'x', LIMIT_BODY_BATCH);
    int fd = toy_connect();
    toy_send(fd, request, (size_t)n + LIMIT_BODY_BATCH);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    close(fd);
    static_assert(LIMIT_BODY_MAX == 4194304, "what follows is one more");
    toy_ask("POST /batch HTTP/1.1\r\n" HOST "Content-Length: 4194305\r\n\r\n", &a);
    cr_assert_eq(a.status, 413);
    cr_assert(answer_says_close(&a));
    toy_stop();
}

Test(http, ambiguous_requests_end_the_connection_THREATS_71)
{
    static const struct {
        int status;
        const char *request; /* each hides a second one behind */
    } rows[] = {
        {400, "POST /echo HTTP/1.1\r\n" HOST
              "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {400, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 0\r\nContent-Length: 4\r\n\r\n"},
        {400, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 4\r\nContent-Length: 0\r\n\r\nabcd"},
        {400, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: x\r\nContent-Length: 0\r\n\r\n"},
        {400, "GET /ok HTTP/1.1\n" HOST "\r\n"},
        {400, "GET /ok HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n"},
        {400, "GET /ok HTTP/1.1\r\n" HOST HOST "\r\n"},
        {400, "GET /ok HTTP/1.1\r\n\r\n"},
        {400, "GET http://a.example/ok HTTP/1.1\r\n" HOST "\r\n"},
        {400, "GET /ok HTTP/1.1\r\n" HOST "Connection: upgrade\r\nUpgrade: h2c\r\n\r\n"},
        {400, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {411,
         "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"},
        {400, "GARBAGE\r\n\r\n"},
    };
    toy_start();
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int fd = toy_connect();
        toy_say(fd, rows[i].request);
        toy_say(fd, "GET /ok HTTP/1.1\r\n" HOST "\r\n");
        toy_read(fd, &a);
        cr_assert_eq(a.status, rows[i].status, "row %zu: %s", i, a.text);
        cr_assert(answer_says_close(&a), "row %zu", i);
        cr_assert(toy_ended(fd), "row %zu: a second answer", i);
        close(fd);
    }
    toy_stop();
}

Test(http, chunk_sizes_THREATS_72)
{
    static const char *const chunks[] = {
        "7fffffff\r\nabc",
        "80000000\r\nabc",
        "80000001\r\nabc",
        "ffffffff\r\nabc",
        "100000000\r\nabc",
        "100000001\r\nabc",
        "7fffffffffffffff\r\nabc",
        "8000000000000000\r\nabc",
        "8000000000000001\r\nabc",
        "ffffffffffffffff\r\nabc",
        "10000000000000000\r\nabc",
        "10000000000000001\r\nabc",
        "00000000000000003\r\nabc\r\n0\r\n\r\n",
        "3;a=b\r\nabc\r\n0\r\n\r\n",
        "3\nabc\n0\n\n",
        "-3\r\nabc\r\n0\r\n\r\n",
        "0x3\r\nabc\r\n0\r\n\r\n",
        " 3\r\nabc\r\n0\r\n\r\n",
        "3\r\nabc\r\n0\r\nX-Trailer: y\r\n\r\n",
        "\r\nabc",
        "3\r\nabcd\r\n0\r\n\r\n",
    };
    toy_start();
    for (size_t i = 0; i < sizeof(chunks) / sizeof(chunks[0]); i++) {
        int fd = toy_connect();
        toy_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n");
        toy_say(fd, chunks[i]);
        shutdown(fd, SHUT_WR); /* what waits for more bytes ends here */
        toy_read(fd, &a);
        cr_assert(a.status == 0 || a.status == 400 || a.status == 411 || a.status == 413, "%s: %d",
                  chunks[i], a.status);
        cr_assert(a.status == 0 || answer_says_close(&a));
        close(fd);
    }
    toy_ask("GET /ok HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 200);
    toy_stop();
}

Test(http, a_head_over_the_limit_is_431)
{
    static char request[3 * LIMIT_HEAD];
    int n = snprintf(request, sizeof(request), "GET /ok HTTP/1.1\r\n%sX: ", HOST);
    toy_start();
    memset(request + n, 'a', 2 * LIMIT_HEAD);
    memcpy(request + n + 2 * LIMIT_HEAD, "\r\n\r\n", 4);
    int fd = toy_connect();
    toy_send(fd, request, (size_t)n + 2 * LIMIT_HEAD + 4);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 431);
    cr_assert(answer_says_close(&a));
    close(fd);
    toy_stop();
}

Test(http, expect_100_continue)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "POST /echo HTTP/1.1\r\n" HOST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
    toy_read_headless(fd, &a);
    cr_assert_eq(a.status, 100);
    toy_say(fd, "hello");
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    cr_assert(answer_has(&a, "body=hello"));
    close(fd);
    toy_stop();
}

Test(http, HTTP_1_0_and_connection_close)
{
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "GET /ok HTTP/1.0\r\n\r\n");
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    cr_assert(toy_ended(fd));
    close(fd);
    fd = toy_connect();
    toy_say(fd, "GET /ok HTTP/1.1\r\n" HOST "Connection: close\r\n\r\n");
    toy_read(fd, &a);
    cr_assert(answer_says_close(&a));
    cr_assert(toy_ended(fd));
    close(fd);
    toy_stop();
}

Test(http, admin_and_public_routes_are_apart)
{
    toy_start();
    toy_ask("GET /livez HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 404);
    int fd = toy_connect_admin();
    toy_say(fd, "GET /livez HTTP/1.1\r\n" HOST "\r\nGET /ok HTTP/1.1\r\n" HOST "\r\n");
    toy_read(fd, &a);
    cr_assert_eq(a.status, 200);
    toy_read(fd, &a);
    cr_assert_eq(a.status, 404);
    close(fd);
    toy_stop();
}

Test(http, forwarded_fields_of_a_stranger_are_ignored_9700_4_13_a)
{
    toy_start();
    toy_ask("GET /echo HTTP/1.1\r\n" HOST
            "X-Forwarded-For: 192.0.2.1\r\nX-Request-Id: mine\r\n\r\n",
            &a);
    cr_assert(answer_has(&a, "address=::ffff:127.0.0.1 tcp untrusted"), "%s", a.text);
    cr_assert_not(answer_has(&a, "id=mine"));
    toy_stop();
}

Test(http, forwarded_fields_of_a_trusted_proxy_are_used)
{
    toy_trust("127.0.0.0/8");
    toy_start();
    toy_ask("GET /echo HTTP/1.1\r\n" HOST
            "X-Forwarded-For: 203.0.113.9\r\nX-Forwarded-For: 192.0.2.1, "
            "127.0.0.9\r\nX-Request-Id: mine-1\r\n\r\n",
            &a);
    cr_assert(answer_has(&a, "address=::ffff:192.0.2.1 tcp trusted id=mine-1"), "%s", a.text);
    cr_assert(answer_has(&a, "\r\nx-request-id: mine-1\r\n"));
    toy_ask("GET /echo HTTP/1.1\r\n" HOST "X-Forwarded-For: garbage\r\nX-Request-Id: a b\r\n\r\n",
            &a);
    cr_assert(answer_has(&a, "address=::ffff:127.0.0.1 tcp trusted"), "%s", a.text);
    cr_assert_not(answer_has(&a, "id=a b"));
    toy_stop();
}

Test(http, clear_text_from_afar_is_refused_6749_3_2_a_7662_2_a)
{
    toy_listen("0.0.0.0:1");
    toy_start();
    int fd = toy_connect();
    toy_say(fd, "GET /ok HTTP/1.1\r\n" HOST "\r\n");
    toy_read(fd, &a);
    cr_assert_eq(a.status, 403);
    cr_assert(answer_says_close(&a));
    cr_assert(toy_ended(fd));
    close(fd);
    toy_stop();
}

Test(http, clear_text_from_a_trusted_proxy_is_served)
{
    toy_listen("0.0.0.0:1");
    toy_trust("127.0.0.1");
    toy_start();
    toy_ask("GET /ok HTTP/1.1\r\n" HOST "\r\n", &a);
    cr_assert_eq(a.status, 200);
    toy_stop();
}

Test(http, unix_socket)
{
    char path[64];
    struct stat info;
    snprintf(path, sizeof(path), "/tmp/toy-%d.sock", (int)getpid());
    toy_listen_unix(path);
    toy.config.server.threads = 2;
    toy_start();
    cr_assert_eq(stat(path, &info), 0);
    cr_assert_eq(info.st_mode & 0777, 0660);
    for (int i = 0; i < 20; i++) {
        int fd = toy_connect_unix(path);
        toy_say(fd, "GET /echo HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n\r\n");
        toy_read(fd, &a);
        cr_assert(answer_has(&a, "address=:: unix untrusted"), "%s", a.text);
        close(fd);
    }
    toy_stop();
    cr_assert_eq(stat(path, &info), -1, "the file is left behind");
}

Test(http, unix_peers_can_be_trusted)
{
    char path[64];
    snprintf(path, sizeof(path), "/tmp/toy-%d.sock", (int)getpid());
    toy_listen_unix(path);
    toy_trust("unix");
    toy_start();
    int fd = toy_connect_unix(path);
    toy_say(fd, "GET /echo HTTP/1.1\r\n" HOST "X-Forwarded-For: 192.0.2.1\r\n\r\n");
    toy_read(fd, &a);
    cr_assert(answer_has(&a, "address=::ffff:192.0.2.1 unix trusted"), "%s", a.text);
    close(fd);
    toy_stop();
}

Test(http, deferred_work_is_answered_in_order)
{
    toy_start();
    int fd = toy_connect();
    for (int i = 0; i < 100; i++)
        toy_say(fd, "POST /defer HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\nx"
                    "GET /ok HTTP/1.1\r\n" HOST "\r\n");
    for (int i = 0; i < 100; i++) {
        toy_read(fd, &a);
        cr_assert(answer_has(&a, "body=x"));
        toy_read(fd, &a);
        cr_assert_str_eq(a.body, "{\"ok\":true}");
    }
    close(fd);
    toy_stop();
}

Test(http, several_threads_share_a_port)
{
    toy.config.server.threads = 3;
    toy_start();
    cr_assert_eq(http_worker_count(toy.http), 3);
    for (int i = 0; i < 50; i++) {
        toy_ask("GET /ok HTTP/1.1\r\n" HOST "\r\n", &a);
        cr_assert_eq(a.status, 200);
    }
    toy_stop();
}

Test(http, a_port_that_is_taken_is_one_clear_line)
{
    char memory[256] = "", text[64];
    struct buf error;
    toy_start();
    struct config second = toy.config;
    struct config_listener listen = toy.listen[0];
    snprintf(text, sizeof(text), "127.0.0.1:%u", http_port(toy.http, false, 0));
    listen.text = str_from(text);
    cr_assert_null(listen_parse(listen.text, &listen.address));
    second.server.listen = (struct config_listeners){&listen, 1};
    struct server server = {.config = &second, .clock = &clock_system, .entropy = &entropy_system};
    struct http_options options = {.server = &server};
    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert_null(http_start(&options, &error));
    cr_assert(strstr(memory, "cannot listen on 127.0.0.1:") != NULL &&
                  strstr(memory, "in use") != NULL,
              "%s", memory);
    toy_stop();
}

Test(http, access_log_has_no_query_P5)
{
    int ends[2];
    static char text[8192];
    cr_assert_eq(pipe(ends), 0);
    toy.config.server.access_log = true;
    toy.log_fd = ends[1];
    toy_start();
    toy_ask("GET /echo?token=secret HTTP/1.1\r\n" HOST "\r\n", &a);
    toy_ask("GET /nowhere HTTP/1.1\r\n" HOST "\r\n", &a);
    toy_stop();
    close(ends[1]);
    cr_assert_gt(read(ends[0], text, sizeof(text) - 1), 0);
    cr_assert_not_null(strstr(text, "\"path\":\"/echo\",\"status\":200"));
    cr_assert_not_null(strstr(text, "\"path\":\"/nowhere\",\"status\":404"));
    cr_assert_null(strstr(text, "secret"));
    close(ends[0]);
}
