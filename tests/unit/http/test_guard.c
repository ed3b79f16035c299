/* The framing guard over raw heads: THREATS-71 (lengths, requests hidden in requests), THREATS-72
 * (chunk sizes: chunked is refused whole), THREATS-73 (folded and doubled fields), THREATS-67
 * (HTTP/2), THREATS-49 (methods). */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "http/guard.h"

#define HOST "Host: a.example\r\n"
#define GET  "GET /x HTTP/1.1\r\n"
#define POST "POST /oauth/token HTTP/1.1\r\n" HOST
#define END  "\r\n"

struct row {
    const char *name;
    struct str raw;
    enum err expected;
};

#define ROW(name, code, literal)            \
    {                                       \
        name, STR_INIT(literal), ERR_##code \
    }

static void check_rows(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        struct guard_head head;
        const char *why = NULL;
        /* A copy of the exact size, so that a sanitizer sees a read past the end. */
        char *copy = malloc(rows[i].raw.len + 1);
        memcpy(copy, rows[i].raw.ptr, rows[i].raw.len);
        enum err got = guard_check(str_make(copy, rows[i].raw.len), &head, &why);
        cr_assert_eq(got, rows[i].expected, "%s: got %s (%s)", rows[i].name, err_info(got)->name,
                     why != NULL ? why : "");
        cr_assert(got == ERR_NONE || (why != NULL && why[0] != '\0'), "%s: no reason",
                  rows[i].name);
        free(copy);
    }
}

Test(guard, takes_what_is_plain)
{
    static const struct row rows[] = {
        ROW("shortest", NONE, "GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
        ROW("http 1.0 without host", NONE, "GET / HTTP/1.0\r\n\r\n"),
        ROW("query", NONE, "GET /x?a=b&c=%00 HTTP/1.1\r\n" HOST END),
        ROW("empty query", NONE, "GET /x? HTTP/1.1\r\n" HOST END),
        ROW("two slashes", NONE, "GET //x HTTP/1.1\r\n" HOST END),
        ROW("dots", NONE, "GET /../x HTTP/1.1\r\n" HOST END),
        ROW("host with port", NONE, GET "Host: a.example:8420\r\n\r\n"),
        ROW("host is an address", NONE, GET "Host: [::1]:8420\r\n\r\n"),
        ROW("no blank behind the colon", NONE, GET "Host:a\r\n\r\n"),
        ROW("blanks around a value", NONE, GET "Host: \t a \t \r\n\r\n"),
        ROW("empty value", NONE, GET HOST "X-Empty:\r\n\r\n"),
        ROW("bytes over 127 in a value", NONE, GET HOST "User-Agent: caf\xc3\xa9\r\n\r\n"),
        ROW("body", NONE, POST "Content-Length: 3\r\n\r\nabc"),
        ROW("body of none", NONE, POST "Content-Length: 0\r\n\r\n"),
        ROW("body at the limit", NONE, POST "Content-Length: 4194304\r\n\r\n"),
        ROW("expect 100-continue", NONE, POST "Content-Length: 1\r\nExpect: 100-Continue\r\n\r\n"),
        ROW("one empty line before (RFC9112-2.2)", NONE, "\r\n" GET HOST END),
        ROW("next request behind", NONE, GET HOST END "GET /y HTTP/1.1\r\nbroken"),
        ROW("unknown field twice", NONE, GET HOST "X-A: 1\r\nX-A: 2\r\n\r\n"),
        ROW("upgrade to what we ignore", NONE, GET HOST "Upgrade: websocket\r\n\r\n"),
        ROW("connection twice", NONE, GET HOST "Connection: close\r\nConnection: x\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, lines_and_controls)
{
    static const struct row rows[] = {
        ROW("bare LF ends the request line", AMBIGUOUS, "GET / HTTP/1.1\nHost: a\r\n\r\n"),
        ROW("bare LF ends a field", AMBIGUOUS, GET "Host: a\nX: y\r\n\r\n"),
        ROW("bare LF ends the head", AMBIGUOUS, GET HOST "\n"),
        ROW("bare CR in a value", AMBIGUOUS, GET HOST "X: a\rb\r\n\r\n"),
        ROW("bare CR ends a field", AMBIGUOUS, GET HOST "X: a\rY: b\r\n\r\n"),
        ROW("CR CR LF", AMBIGUOUS, GET HOST "X: a\r\r\n\r\n"),
        ROW("CR before something else", AMBIGUOUS, GET HOST "\rX"),
        ROW("NUL in a value", AMBIGUOUS, GET HOST "X: a\0b\r\n\r\n"),
        ROW("NUL in a name", AMBIGUOUS, GET HOST "X\0Y: a\r\n\r\n"),
        ROW("NUL in the target", AMBIGUOUS, "GET /\0 HTTP/1.1\r\n" HOST END),
        ROW("escape in a value", AMBIGUOUS, GET HOST "X: \x1b[2J\r\n\r\n"),
        ROW("DEL in a value", AMBIGUOUS, GET HOST "X: \x7f\r\n\r\n"),
        ROW("vertical tab in a value", AMBIGUOUS, GET HOST "X: \x0b\r\n\r\n"),
        ROW("two empty lines before", AMBIGUOUS, "\r\n\r\n" GET HOST END),
        ROW("bare LF before", AMBIGUOUS, "\n" GET HOST END),
        ROW("blank before", AMBIGUOUS, " " GET HOST END),
        ROW("nothing", AMBIGUOUS, ""),
        ROW("no end", AMBIGUOUS, GET HOST),
        ROW("half an end", AMBIGUOUS, GET HOST "\r"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, field_names_and_folding) /* RFC9110-5.5, RFC9110-5.6.2, RFC9112-5.1 */
{
    static const struct row rows[] = {
        ROW("folded with a blank", AMBIGUOUS, GET HOST "X: a\r\n b\r\n\r\n"),
        ROW("folded with a tab", AMBIGUOUS, GET HOST "X: a\r\n\tb\r\n\r\n"),
        ROW("folded Authorization (CVE-2018-25103)", AMBIGUOUS,
            POST "Authorization: Basic\r\n YWxhZGRpbg==\r\n\r\n"),
        ROW("folded first field", AMBIGUOUS, GET " Host: a\r\n\r\n"),
        ROW("folded Content-Length", AMBIGUOUS, POST "Content-Length:\r\n 3\r\n\r\nabc"),
        ROW("blank before the colon", AMBIGUOUS, POST "Content-Length : 3\r\n\r\nabc"),
        ROW("tab before the colon", AMBIGUOUS, GET "Host\t: a\r\n\r\n"),
        ROW("empty name", AMBIGUOUS, GET HOST ": a\r\n\r\n"),
        ROW("no colon", AMBIGUOUS, GET HOST "X\r\n\r\n"),
        ROW("bracket in a name", AMBIGUOUS, GET HOST "X[]: a\r\n\r\n"),
        ROW("byte over 127 in a name", AMBIGUOUS, GET HOST "X\xe9: a\r\n\r\n"),
        ROW("quoted name", AMBIGUOUS, GET HOST "\"X\": a\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, host_RFC9112_3_2) /* RFC3986-3.2.2 */
{
    static const struct row rows[] = {
        ROW("missing", AMBIGUOUS, GET END),
        ROW("empty", AMBIGUOUS, GET "Host:\r\n\r\n"),
        ROW("twice", AMBIGUOUS, GET HOST "Host: b.example\r\n\r\n"),
        ROW("twice the same", AMBIGUOUS, GET HOST HOST END),
        ROW("twice in other letters", AMBIGUOUS, GET HOST "hOST: b\r\n\r\n"),
        ROW("a list", AMBIGUOUS, GET "Host: a, b\r\n\r\n"),
        ROW("with a user", AMBIGUOUS, GET "Host: u@a\r\n\r\n"),
        ROW("with a path", AMBIGUOUS, GET "Host: a/b\r\n\r\n"),
        ROW("twice on 1.0", AMBIGUOUS, "GET / HTTP/1.0\r\n" HOST HOST END),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

/* RFC9110-12.5.1: in any of several fields, among others, whatever its parameters. */
Test(guard, accept_names_events)
{
    static const struct {
        const char *fields;
        bool expected;
    } rows[] = {
        {"", false},
        {"Accept: */*\r\n", false},
        {"Accept: text/*\r\n", false},
        {"Accept: text/event-stream\r\n", true},
        {"accept: application/json , Text/Event-Stream;q=0.5\r\n", true},
        {"Accept: application/json\r\nAccept: text/event-stream\r\n", true},
        {"Accept: text/event-streams\r\n", false},
        {"Accept: ,,;\r\n", false},
        {"Accept:\r\n", false},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char raw[256];
        struct guard_head head;
        const char *why;
        snprintf(raw, sizeof(raw), "GET / HTTP/1.1\r\nHost: a\r\n%s\r\n", rows[i].fields);
        cr_assert_eq(guard_check(str_from(raw), &head, &why), ERR_NONE);
        cr_assert_eq(head.accepts_events, rows[i].expected, "%s", rows[i].fields);
    }
}

Test(guard, doubled_fields_THREATS_73)
{
    static const struct row rows[] = {
        ROW("Authorization", AMBIGUOUS,
            POST "Authorization: Basic a\r\nAuthorization: Basic b\r\n\r\n"),
        ROW("Content-Type", AMBIGUOUS, POST "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n"),
        /* RFC9110-10.1.1 */
        ROW("Expect", AMBIGUOUS, POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n"),
        ROW("If-None-Match", AMBIGUOUS, GET HOST "If-None-Match: a\r\nIf-None-Match: b\r\n\r\n"),
        ROW("If-Match", AMBIGUOUS, GET HOST "If-Match: a\r\nIf-Match: b\r\n\r\n"),
        ROW("Origin", AMBIGUOUS, GET HOST "Origin: a\r\nOrigin: b\r\n\r\n"),
        ROW("X-Request-Id", AMBIGUOUS, GET HOST "X-Request-Id: a\r\nX-Request-ID: b\r\n\r\n"),
        ROW("Last-Event-ID", AMBIGUOUS, GET HOST "Last-Event-ID: 1\r\nLast-Event-ID: 1\r\n\r\n"),
        ROW("an empty one first", AMBIGUOUS,
            POST "Authorization:\r\nAuthorization: Basic b\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, lengths_THREATS_71)
{
    static const struct row rows[] = {
        ROW("two lengths", AMBIGUOUS, POST "Content-Length: 3\r\nContent-Length: 5\r\n\r\nabc"),
        ROW("the same twice", AMBIGUOUS, POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc"),
        ROW("a list", AMBIGUOUS, POST "Content-Length: 3, 3\r\n\r\nabc"),
        ROW("plus", AMBIGUOUS, POST "Content-Length: +3\r\n\r\nabc"),
        ROW("minus", AMBIGUOUS, POST "Content-Length: -3\r\n\r\nabc"),
        ROW("hex", AMBIGUOUS, POST "Content-Length: 0x3\r\n\r\nabc"),
        ROW("blank inside", AMBIGUOUS, POST "Content-Length: 1 0\r\n\r\nabc"),
        ROW("leading zero", AMBIGUOUS, POST "Content-Length: 03\r\n\r\nabc"),
        ROW("two zeros", AMBIGUOUS, POST "Content-Length: 00\r\n\r\n"),
        ROW("empty", AMBIGUOUS, POST "Content-Length:\r\n\r\n"),
        ROW("fraction", AMBIGUOUS, POST "Content-Length: 3.0\r\n\r\nabc"),
        ROW("exponent", AMBIGUOUS, POST "Content-Length: 3e0\r\n\r\nabc"),
        ROW("over the limit", BODY_TOO_LARGE, POST "Content-Length: 4194305\r\n\r\n"),
        ROW("2^63", BODY_TOO_LARGE, POST "Content-Length: 9223372036854775808\r\n\r\n"),
        ROW("2^64", BODY_TOO_LARGE, POST "Content-Length: 18446744073709551616\r\n\r\n"),
        ROW("2^64 + 3", BODY_TOO_LARGE, POST "Content-Length: 18446744073709551619\r\n\r\nabc"),
        ROW("length and chunked", AMBIGUOUS,
            POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ROW("chunked and length", AMBIGUOUS,
            POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, transfer_encoding_THREATS_72) /* RFC9112-6.1, RFC9112-6.3 */
{
    static const struct row rows[] = {
        ROW("chunked", LENGTH_REQUIRED, POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ROW("CHUNKED", LENGTH_REQUIRED, POST "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n"),
        ROW("on GET", LENGTH_REQUIRED, GET HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        ROW("twice", AMBIGUOUS,
            POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"),
        ROW("identity", AMBIGUOUS, POST "Transfer-Encoding: identity\r\n\r\n"),
        ROW("gzip, chunked", AMBIGUOUS, POST "Transfer-Encoding: gzip, chunked\r\n\r\n"),
        ROW("xchunked", AMBIGUOUS, POST "Transfer-Encoding: xchunked\r\n\r\n"),
        ROW("chunked, with a tab and more", AMBIGUOUS,
            POST "Transfer-Encoding: chunked\t,\r\n\r\n"),
        ROW("vertical tab before", AMBIGUOUS,
            POST "Transfer-Encoding:\x0b"
                 "chunked\r\n\r\n"),
        ROW("blank in the name", AMBIGUOUS, POST "Transfer-Encoding : chunked\r\n\r\n"),
        ROW("empty", AMBIGUOUS, POST "Transfer-Encoding:\r\n\r\n"),
        ROW("with HTTP/1.0", AMBIGUOUS,
            "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, request_line) /* RFC9112-3.2.1, RFC9110-15.5.6 */
{
    static const struct row rows[] = {
        ROW("HTTP/1.2", AMBIGUOUS, "GET / HTTP/1.2\r\n" HOST END),
        ROW("HTTP/0.9", AMBIGUOUS, "GET /\r\n" HOST END),
        ROW("HTTP/2.0", AMBIGUOUS, "GET / HTTP/2.0\r\n" HOST END),
        ROW("HTTP/1.10", AMBIGUOUS, "GET / HTTP/1.10\r\n" HOST END),
        ROW("http/1.1", AMBIGUOUS, "GET / http/1.1\r\n" HOST END),
        ROW("HTTP/2 preface (THREATS-67)", AMBIGUOUS, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
        ROW("two blanks before the target", AMBIGUOUS, "GET  / HTTP/1.1\r\n" HOST END),
        ROW("two blanks behind it", AMBIGUOUS, "GET /  HTTP/1.1\r\n" HOST END),
        ROW("blank at the end", AMBIGUOUS, "GET / HTTP/1.1 \r\n" HOST END),
        ROW("tab for a blank", AMBIGUOUS, "GET\t/ HTTP/1.1\r\n" HOST END),
        ROW("absolute form", AMBIGUOUS, "GET http://a.example/x HTTP/1.1\r\n" HOST END),
        ROW("authority form", AMBIGUOUS, "GET a.example:443 HTTP/1.1\r\n" HOST END),
        ROW("asterisk form", AMBIGUOUS, "OPTIONS * HTTP/1.1\r\n" HOST END),
        ROW("no target", AMBIGUOUS, "GET HTTP/1.1\r\n" HOST END),
        ROW("fragment", AMBIGUOUS, "GET /x#y HTTP/1.1\r\n" HOST END),
        ROW("byte over 127 in the target", AMBIGUOUS, "GET /caf\xc3\xa9 HTTP/1.1\r\n" HOST END),
        ROW("no method", AMBIGUOUS, "/ HTTP/1.1\r\n" HOST END),
        ROW("bracket in the method", AMBIGUOUS, "G[T / HTTP/1.1\r\n" HOST END),
        ROW("post", METHOD_NOT_ALLOWED, "post / HTTP/1.1\r\n" HOST END),
        ROW("Post", METHOD_NOT_ALLOWED, "Post / HTTP/1.1\r\n" HOST END),
        ROW("TRACE", METHOD_NOT_ALLOWED, "TRACE / HTTP/1.1\r\n" HOST END),
        ROW("CONNECT", METHOD_NOT_ALLOWED, "CONNECT a.example:443 HTTP/1.1\r\n" HOST END),
        ROW("h2c", AMBIGUOUS,
            GET HOST "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\n\r\n"),
        ROW("h2c in a list", AMBIGUOUS, GET HOST "Upgrade: websocket, H2C\r\n\r\n"),
        ROW("Expect of something else", AMBIGUOUS, POST "Expect: 200-ok\r\n\r\n"),
    };
    check_rows(rows, sizeof(rows) / sizeof(rows[0]));
}

Test(guard, reads_what_it_takes)
{
    static const char raw[] =
        "POST /oauth/token?a=b?c HTTP/1.1\r\nHOST: a.example \r\n"
        "authorization:\tBasic Zm9v\r\nContent-Type: x/y; q=1\r\n"
        "content-LENGTH: 3\r\nIf-None-Match: \"e\"\r\nIf-Match: *\r\n"
        "Origin: https://o\r\nX-Request-ID: r1\r\nX-Forwarded-For: 192.0.2.1\r\n"
        "X-Forwarded-For: 192.0.2.2, 192.0.2.3\r\n\r\nabcGET";
    struct guard_head head;
    const char *why;

    cr_assert_eq(guard_check(str_make(raw, sizeof(raw) - 1), &head, &why), ERR_NONE);
    cr_assert_eq(head.size, sizeof(raw) - 1 - 6);
    cr_assert_eq(head.method, METHOD_POST);
    cr_assert(str_eq(head.path, STR("/oauth/token")));
    cr_assert(str_eq(head.query, STR("a=b?c")));
    cr_assert_eq(head.content_length, 3);
    cr_assert(str_eq(head.host, STR("a.example")));
    cr_assert(str_eq(head.authorization, STR("Basic Zm9v")));
    cr_assert(str_eq(head.content_type, STR("x/y; q=1")));
    cr_assert(str_eq(head.if_none_match, STR("\"e\"")));
    cr_assert(str_eq(head.if_match, STR("*")));
    cr_assert(str_eq(head.origin, STR("https://o")));
    cr_assert(str_eq(head.request_id, STR("r1")));
    cr_assert_eq(head.forwarded_count, 2);
    cr_assert(str_eq(head.forwarded_for[1], STR("192.0.2.2, 192.0.2.3")));
}

Test(guard, absent_and_empty_are_not_the_same)
{
    struct guard_head head;
    const char *why;

    cr_assert_eq(guard_check(STR("GET /x HTTP/1.1\r\nHost: a\r\nOrigin: \r\n\r\n"), &head, &why),
                 ERR_NONE);
    cr_assert_not_null(head.origin.ptr);
    cr_assert_eq(head.origin.len, 0);
    cr_assert_null(head.authorization.ptr);
    cr_assert_null(head.query.ptr);
    cr_assert_eq(head.content_length, 0);
}

Test(guard, HEAD_is_told_apart)
{
    struct guard_head head;
    const char *why;

    cr_assert_eq(guard_check(STR("HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n"), &head, &why), ERR_NONE);
    cr_assert_eq(head.method, METHOD_OTHER);
    cr_assert(head.is_head);
}

/* A head of exactly size bytes. */
static struct str head_of(char *memory, size_t size)
{
    static const char front[] = GET HOST "X: ";
    memset(memory, 'a', size);
    memcpy(memory, front, sizeof(front) - 1);
    memcpy(memory + size - 4, "\r\n\r\n", 4);
    return str_make(memory, size);
}

Test(guard, head_at_and_over_its_limit)
{
    static char memory[2 * LIMIT_HEAD];
    struct guard_head head;
    const char *why;

    cr_assert_eq(guard_check(head_of(memory, LIMIT_HEAD), &head, &why), ERR_NONE);
    cr_assert_eq(head.size, LIMIT_HEAD);
    cr_assert_eq(guard_check(head_of(memory, LIMIT_HEAD + 1), &head, &why), ERR_HEAD_TOO_LARGE);
    cr_assert_eq(guard_check(head_of(memory, 2 * LIMIT_HEAD), &head, &why), ERR_HEAD_TOO_LARGE);
    memset(memory, 'a', sizeof(memory)); /* no blank, no line end anywhere */
    cr_assert_neq(guard_check(str_make(memory, sizeof(memory)), &head, &why), ERR_NONE);
    memcpy(memory, "GET /", 5);
    cr_assert_eq(guard_check(str_make(memory, sizeof(memory)), &head, &why), ERR_HEAD_TOO_LARGE);
}

Test(guard, fields_at_and_over_their_number)
{
    char memory[LIMIT_HEAD];

    for (int fields = LIMIT_HEADERS; fields <= LIMIT_HEADERS + 1; fields++) {
        struct guard_head head;
        const char *why;
        int len = snprintf(memory, sizeof(memory), "%s%s", GET, HOST);
        for (int i = 1; i < fields; i++)
            len += snprintf(memory + len, sizeof(memory) - (size_t)len, "X-%d: y\r\n", i);
        len += snprintf(memory + len, sizeof(memory) - (size_t)len, "\r\n");
        cr_assert_eq(guard_check(str_make(memory, (size_t)len), &head, &why),
                     fields <= LIMIT_HEADERS ? ERR_NONE : ERR_HEAD_TOO_LARGE);
    }
}

Test(guard, forwarded_fields_are_counted_past_their_room)
{
    struct guard_head head;
    const char *why;
    char memory[1024];
    int len = snprintf(memory, sizeof(memory), "%s%s", GET, HOST);

    for (int i = 0; i < 2 * GUARD_FORWARDED_MAX; i++)
        len +=
            snprintf(memory + len, sizeof(memory) - (size_t)len, "X-Forwarded-For: 192.0.2.1\r\n");
    len += snprintf(memory + len, sizeof(memory) - (size_t)len, "\r\n");
    cr_assert_eq(guard_check(str_make(memory, (size_t)len), &head, &why), ERR_NONE);
    cr_assert_eq(head.forwarded_count, GUARD_FORWARDED_MAX + 1);
}

/* Every front part of a good head is refused, and is not read past its end. */
Test(guard, every_truncation)
{
    static const char raw[] =
        "POST /oauth/token HTTP/1.1\r\nHost: a\r\nAuthorization: Basic Zm9v\r\n"
        "Content-Length: 3\r\nX-Forwarded-For: 192.0.2.1\r\n\r\n";
    for (size_t n = 0; n < sizeof(raw) - 1; n++) {
        struct guard_head head;
        const char *why;
        char *copy = malloc(n + 1);
        memcpy(copy, raw, n);
        cr_assert_neq(guard_check(str_make(copy, n), &head, &why), ERR_NONE, "%zu bytes", n);
        free(copy);
    }
}

/* Any byte in any place: an answer, and never a read past the end. */
Test(guard, every_byte_replaced)
{
    static const char raw[] = "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\n";
    static const unsigned char bytes[] = {0, '\t', '\n', '\r', ' ', ',', ':', 0x7f, 0xff};
    for (size_t at = 0; at < sizeof(raw) - 1; at++)
        for (size_t b = 0; b < sizeof(bytes); b++) {
            struct guard_head head;
            const char *why = NULL;
            char *copy = malloc(sizeof(raw) - 1);
            memcpy(copy, raw, sizeof(raw) - 1);
            copy[at] = (char)bytes[b];
            enum err code = guard_check(str_make(copy, sizeof(raw) - 1), &head, &why);
            cr_assert(code == ERR_NONE || why != NULL);
            cr_assert(code != ERR_NONE || head.size == sizeof(raw) - 1, "at %zu: %u", at, bytes[b]);
            free(copy);
        }
}
