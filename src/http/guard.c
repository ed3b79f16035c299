#include "http/guard.h"

#include <string.h>

#include "core/limits.h"

/* What a byte may be part of. */
enum { TOKEN = 1, VALUE = 2, TARGET = 4, HOST = 8, UPPER = 16 };

#define T (TOKEN | VALUE | TARGET)
#define H (TOKEN | VALUE | TARGET | HOST)
#define U (TOKEN | VALUE | TARGET | HOST | UPPER)
#define V (VALUE | TARGET)
#define W (VALUE | TARGET | HOST)

/* RFC9110-5.6.2 token, RFC9110-5.5 field value, a target in visible ASCII without '#', and what a
 * Host may hold (RFC3986-3.2.2 with a port). */
static const unsigned char classes[256] = {
    ['\t'] = VALUE,    [' '] = VALUE,
    ['"'] = V,         ['#'] = TOKEN | VALUE,
    ['!'] = H,         ['$'] = H,
    ['%'] = H,         ['&'] = H,
    ['\''] = H,        ['*'] = H,
    ['+'] = H,         ['-'] = H,
    ['.'] = H,         ['^'] = T,
    ['_'] = H,         ['`'] = T,
    ['|'] = T,         ['~'] = H,
    ['('] = W,         [')'] = W,
    [','] = V,         ['/'] = V,
    [':'] = W,         [';'] = W,
    ['<'] = V,         ['='] = W,
    ['>'] = V,         ['?'] = V,
    ['@'] = V,         ['['] = W,
    ['\\'] = V,        [']'] = W,
    ['{'] = V,         ['}'] = V,
    ['0' ... '9'] = H, ['a' ... 'z'] = H,
    ['A' ... 'Z'] = U, [0x80 ... 0xFF] = VALUE,
};

#undef T
#undef H
#undef U
#undef V
#undef W

static inline bool is(char c, int class)
{
    return (classes[(unsigned char)c] & class) != 0;
}

static bool all(struct str s, int class)
{
    for (size_t i = 0; i < s.len; i++)
        if (!is(s.ptr[i], class))
            return false;
    return true;
}

/* The fields that are looked at; of each one may come. */
enum field {
    FIELD_HOST,
    FIELD_AUTHORIZATION,
    FIELD_CONTENT_TYPE,
    FIELD_CONTENT_LENGTH,
    FIELD_TRANSFER_ENCODING,
    FIELD_EXPECT,
    FIELD_UPGRADE,
    FIELD_IF_NONE_MATCH,
    FIELD_IF_MATCH,
    FIELD_ORIGIN,
    FIELD_REQUEST_ID,
    FIELD_LAST_EVENT_ID,
    FIELD_SINGLE, /* so many; what follows may come again */
    FIELD_FORWARDED_FOR = FIELD_SINGLE,
    FIELD_ACCEPT,
    FIELD_OTHER,
};

static const struct {
    struct str name;
    const char *twice;
} fields[FIELD_OTHER] = {
    [FIELD_HOST] = {STR_INIT("host"), "Host came twice"},
    [FIELD_AUTHORIZATION] = {STR_INIT("authorization"), "Authorization came twice"},
    [FIELD_CONTENT_TYPE] = {STR_INIT("content-type"), "Content-Type came twice"},
    [FIELD_CONTENT_LENGTH] = {STR_INIT("content-length"), "Content-Length came twice"},
    [FIELD_TRANSFER_ENCODING] = {STR_INIT("transfer-encoding"), "Transfer-Encoding came twice"},
    [FIELD_EXPECT] = {STR_INIT("expect"), "Expect came twice"},
    [FIELD_UPGRADE] = {STR_INIT("upgrade"), "Upgrade came twice"},
    [FIELD_IF_NONE_MATCH] = {STR_INIT("if-none-match"), "If-None-Match came twice"},
    [FIELD_IF_MATCH] = {STR_INIT("if-match"), "If-Match came twice"},
    [FIELD_ORIGIN] = {STR_INIT("origin"), "Origin came twice"},
    [FIELD_REQUEST_ID] = {STR_INIT("x-request-id"), "X-Request-Id came twice"},
    [FIELD_LAST_EVENT_ID] = {STR_INIT("last-event-id"), "Last-Event-ID came twice"},
    [FIELD_ACCEPT] = {STR_INIT("accept"), NULL},
    [FIELD_FORWARDED_FOR] = {STR_INIT("x-forwarded-for"), NULL},
};

struct scan {
    const char *at, *end; /* end: of what came, or of LIMIT_HEAD bytes of it */
    bool cut;             /* more came than may belong to a head */
    const char *why;
    bool http_1_0;
    struct str values[FIELD_SINGLE];
};

static enum err refuse(struct scan *s, enum err code, const char *why)
{
    s->why = why;
    return code;
}

static enum err ambiguous(struct scan *s, const char *why)
{
    return refuse(s, ERR_AMBIGUOUS, why);
}

/* The head ended before its empty line. */
static enum err ran_out(struct scan *s)
{
    if (s->cut)
        return refuse(s, ERR_HEAD_TOO_LARGE, "the head is longer than 16 KB");
    return ambiguous(s, "the head is not complete");
}

static enum err expect_crlf(struct scan *s)
{
    if (s->end - s->at < 2)
        return ran_out(s);
    if (s->at[0] != '\r' || s->at[1] != '\n')
        return ambiguous(s, "a line does not end with CR LF, or holds a control character");
    s->at += 2;
    return ERR_NONE;
}

/* What a field holds and a target is made of is looked at sixteen bytes at a time as far as it is
 * ordinary: '#' and blanks may not stand in a target. */
static struct str take_while(struct scan *s, int class)
{
    const char *start = s->at;
    struct str rest = str_make(s->at, (size_t)(s->end - s->at));

    if (class == VALUE)
        s->at += str_plain_run(rest, '\0', '\0');
    else if (class == TARGET)
        s->at += str_plain_run(rest, '#', ' ');
    while (s->at < s->end && is(*s->at, class))
        s->at++;
    return str_make(start, (size_t)(s->at - start));
}

static enum err read_method(struct scan *s, struct guard_head *out)
{
    static const struct {
        struct str name;
        enum method method;
    } known[] = {
        {STR_INIT("POST"), METHOD_POST},     {STR_INIT("GET"), METHOD_GET},
        {STR_INIT("PUT"), METHOD_PUT},       {STR_INIT("PATCH"), METHOD_PATCH},
        {STR_INIT("DELETE"), METHOD_DELETE}, {STR_INIT("OPTIONS"), METHOD_OPTIONS},
    };
    struct str name = take_while(s, TOKEN);

    if (name.len == 0 || s->at == s->end || *s->at != ' ')
        return ambiguous(s, "the request line does not begin with a method and a blank");
    s->at++;
    out->method = METHOD_OTHER;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
        if (str_eq(name, known[i].name)) {
            out->method = known[i].method;
            return ERR_NONE;
        }
    if (!all(name, UPPER))
        return refuse(s, ERR_METHOD_NOT_ALLOWED, "methods are written in upper case");
    if (str_eq(name, STR("TRACE")) || str_eq(name, STR("CONNECT")))
        return refuse(s, ERR_METHOD_NOT_ALLOWED, "TRACE and CONNECT are not served");
    out->is_head = str_eq(name, STR("HEAD"));
    return ERR_NONE;
}

/* RFC9112-3.2.1: origin-form alone; a proxy might take a host from the other forms. */
static enum err read_target(struct scan *s, struct guard_head *out)
{
    struct str target = take_while(s, TARGET);

    if (target.len == 0 || target.ptr[0] != '/')
        return ambiguous(s, "the request target does not begin with a slash");
    if (s->at == s->end)
        return ran_out(s);
    if (*s->at != ' ')
        return ambiguous(s, "the request target holds a character that may not stand there");
    s->at++;
    size_t mark = str_find(target, '?');
    out->path = str_slice(target, 0, mark);
    out->query = mark < target.len ? str_slice(target, mark + 1, target.len) : STR_NONE;
    return ERR_NONE;
}

static enum err read_request_line(struct scan *s, struct guard_head *out)
{
    static const struct str prefix = STR_INIT("HTTP/1.");
    enum err code;

    if (s->end - s->at >= 2 && s->at[0] == '\r' && s->at[1] == '\n')
        s->at += 2; /* RFC9112-2.2: one empty line before it is forgiven */
    if ((code = read_method(s, out)) != ERR_NONE || (code = read_target(s, out)) != ERR_NONE)
        return code;
    if ((size_t)(s->end - s->at) <= prefix.len)
        return ran_out(s);
    char minor = s->at[prefix.len];
    if (memcmp(s->at, prefix.ptr, prefix.len) != 0 || (minor != '0' && minor != '1'))
        return ambiguous(s, "the version is neither HTTP/1.1 nor HTTP/1.0");
    s->http_1_0 = minor == '0';
    s->at += prefix.len + 1;
    return expect_crlf(s);
}

static enum field field_find(struct str name)
{
    for (enum field f = 0; f < FIELD_OTHER; f++)
        if (fields[f].name.len == name.len && str_eq_nocase(fields[f].name, name))
            return f;
    return FIELD_OTHER;
}

/* RFC9110-12.5.1, as far as anybody here has a choice: whether events are asked for by name. */
static bool names_events(struct str accept)
{
    struct str range;

    while (str_split(&accept, ',', &range))
        if (str_eq_nocase(str_trim_blanks(str_slice(range, 0, str_find(range, ';'))),
                          STR("text/event-stream")))
            return true;
    return false;
}

static enum err read_field(struct scan *s, struct guard_head *out)
{
    struct str name = take_while(s, TOKEN);
    enum err code;

    if (s->at == s->end)
        return ran_out(s);
    if (name.len == 0 || *s->at != ':') /* RFC9112-5.1 blank before the colon, 5.2 folding */
        return ambiguous(s, "a field's name is empty, folded, or holds a wrong character");
    s->at++;
    struct str value = str_trim_blanks(take_while(s, VALUE));
    if ((code = expect_crlf(s)) != ERR_NONE)
        return code;
    enum field field = field_find(name);
    if (field < FIELD_SINGLE) {
        if (s->values[field].ptr != NULL)
            return ambiguous(s, fields[field].twice);
        s->values[field] = value;
    } else if (field == FIELD_FORWARDED_FOR) {
        if (out->forwarded_count < GUARD_FORWARDED_MAX)
            out->forwarded_for[out->forwarded_count] = value;
        out->forwarded_count += out->forwarded_count <= GUARD_FORWARDED_MAX;
    } else if (field == FIELD_ACCEPT) {
        out->accepts_events = out->accepts_events || names_events(value);
    }
    return ERR_NONE;
}

static enum err read_fields(struct scan *s, struct guard_head *out)
{
    for (size_t count = 0;; count++) {
        enum err code;
        if (s->at < s->end && *s->at == '\r')
            return expect_crlf(s);
        if (count == LIMIT_HEADERS)
            return refuse(s, ERR_HEAD_TOO_LARGE, "there are more than 64 fields");
        if ((code = read_field(s, out)) != ERR_NONE)
            return code;
    }
}

static enum err check_host(struct scan *s)
{
    struct str host = s->values[FIELD_HOST];
    if (host.ptr == NULL)
        return s->http_1_0 ? ERR_NONE : ambiguous(s, "Host is missing"); /* RFC9112-3.2 */
    if (host.len == 0 || !all(host, HOST))
        return ambiguous(s, "Host is not a host and port");
    return ERR_NONE;
}

/* RFC9112-6.1, 6.2, 6.3; THREATS-72. Chunked bodies are not taken at all: the library's decoder
 * forgives bare line feeds and loses the framing before we see it. */
static enum err check_length(struct scan *s, struct guard_head *out)
{
    struct str length = s->values[FIELD_CONTENT_LENGTH],
               coding = s->values[FIELD_TRANSFER_ENCODING];
    uint64_t number = 0;

    if (coding.ptr != NULL) {
        if (length.ptr != NULL)
            return ambiguous(s, "Content-Length and Transfer-Encoding came together");
        if (s->http_1_0 || !str_eq_nocase(coding, STR("chunked")))
            return ambiguous(s, "Transfer-Encoding is not chunked, or came with HTTP/1.0");
        return refuse(s, ERR_LENGTH_REQUIRED, "a chunked body is not taken: send Content-Length");
    }
    if (length.ptr == NULL)
        return ERR_NONE;
    if (!str_to_u64(length, UINT64_MAX, &number)) {
        bool digits = length.len > 0;
        for (size_t i = 0; i < length.len; i++)
            digits = digits && length.ptr[i] >= '0' && length.ptr[i] <= '9';
        if (!digits || length.ptr[0] == '0')
            return ambiguous(s, "Content-Length is not a plain number");
        number = UINT64_MAX;
    }
    if (number > LIMIT_BODY_MAX)
        return refuse(s, ERR_BODY_TOO_LARGE, "no endpoint takes a body this large");
    out->content_length = (size_t)number;
    return ERR_NONE;
}

/* HTTP/2 is not spoken here (THREATS-67, 68); an upgrade to it that a proxy let through would turn
 * the rest of the connection into something the proxy no longer sees. */
static enum err check_upgrade(struct scan *s)
{
    struct str rest = s->values[FIELD_UPGRADE], piece;

    while (str_split(&rest, ',', &piece))
        if (str_eq_nocase(str_trim_blanks(piece), STR("h2c")))
            return ambiguous(s, "Upgrade to h2c is not served");
    struct str expect = s->values[FIELD_EXPECT];
    if (expect.ptr != NULL && !str_eq_nocase(expect, STR("100-continue")))
        return ambiguous(s, "Expect is not 100-continue"); /* RFC9110-10.1.1 */
    return ERR_NONE;
}

enum err guard_check(struct str raw, struct guard_head *out, const char **out_why)
{
    struct guard_head head = {.size = 0};
    struct scan s = {.at = raw.ptr, .cut = raw.len > LIMIT_HEAD, .why = ""};
    enum err code;

    s.end = raw.ptr + (s.cut ? (size_t)LIMIT_HEAD : raw.len);
    if ((code = read_request_line(&s, &head)) != ERR_NONE ||
        (code = read_fields(&s, &head)) != ERR_NONE || (code = check_host(&s)) != ERR_NONE ||
        (code = check_length(&s, &head)) != ERR_NONE || (code = check_upgrade(&s)) != ERR_NONE) {
        *out_why = s.why;
        return code;
    }
    head.size = (size_t)(s.at - raw.ptr);
    head.host = s.values[FIELD_HOST];
    head.authorization = s.values[FIELD_AUTHORIZATION];
    head.content_type = s.values[FIELD_CONTENT_TYPE];
    head.if_none_match = s.values[FIELD_IF_NONE_MATCH];
    head.if_match = s.values[FIELD_IF_MATCH];
    head.origin = s.values[FIELD_ORIGIN];
    head.request_id = s.values[FIELD_REQUEST_ID];
    head.last_event_id = s.values[FIELD_LAST_EVENT_ID];
    *out = head;
    return ERR_NONE;
}
