#include <assert.h>

#include "core/log.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"

enum { ERROR_BODY_MAX = 2048, DETAIL_MAX = 512, FAULT_LINE_MS = 1000 };

void exchange_add_header(struct exchange *x, struct str name, struct str value)
{
    assert(x->reply.header_count < REPLY_HEADERS_MAX);
    x->reply.headers[x->reply.header_count].name = name;
    x->reply.headers[x->reply.header_count].value = value;
    x->reply.header_count++;
}

enum step_result exchange_reply(struct exchange *x, int status, struct str content_type,
                                struct str body)
{
    x->reply.status = status;
    x->reply.content_type = content_type;
    x->reply.body = body;
    return STEP_DONE;
}

enum step_result exchange_reply_json(struct exchange *x, int status, struct str body)
{
    return exchange_reply(x, status, STR("application/json"), body);
}

/* RFC6749-5.2: error_description holds %x20-21 / %x23-5B / %x5D-7E alone. */
static void put_description(struct buf *b, struct str text)
{
    for (size_t i = 0; i < text.len && i < DETAIL_MAX; i++) {
        char c = text.ptr[i];
        buf_char(b, c < 0x20 || c > 0x7E || c == '"' || c == '\\' ? '?' : c);
    }
}

/* RFC7235-4.1, RFC6750-3: which schemes to try, and what was wrong with the bearer token. */
static void add_challenge(struct exchange *x, enum err code, struct str description)
{
    static const struct str name = STR_INIT("www-authenticate");
    struct buf b;

    if (code == ERR_INVALID_CLIENT || code == ERR_NO_CREDENTIALS) {
        exchange_add_header(x, name, STR("Basic realm=\"scopemint\", charset=\"UTF-8\""));
        if (code == ERR_NO_CREDENTIALS && x->takes_bearer)
            exchange_add_header(x, name, STR("Bearer realm=\"scopemint\""));
        return;
    }
    if (code == ERR_NO_BEARER) {
        exchange_add_header(x, name, STR("Bearer realm=\"scopemint\"")); /* 6750-3-a: no error */
        return;
    }
    if (code != ERR_INVALID_TOKEN && code != ERR_INSUFFICIENT_SCOPE)
        return;
    buf_init_arena(&b, &x->arena, 256, ERROR_BODY_MAX);
    buf_cstr(&b, "Bearer realm=\"scopemint\", error=\"");
    buf_cstr(&b, err_info(code)->wire);
    buf_cstr(&b, "\", error_description=\"");
    put_description(&b, description);
    buf_char(&b, '"');
    if (code == ERR_INSUFFICIENT_SCOPE && x->scope_needed.len > 0) {
        buf_cstr(&b, ", scope=\"");
        buf_str(&b, x->scope_needed);
        buf_char(&b, '"');
    }
    exchange_add_header(x, name, b.failed ? STR("Bearer realm=\"scopemint\"") : buf_view(&b));
}

static void add_retry_after(struct exchange *x, int status)
{
    struct buf b;

    if (status != 429 && status != 503)
        return;
    buf_init_arena(&b, &x->arena, 16, 16);
    buf_u64(&b, x->retry_after_s > 0 ? x->retry_after_s : 1);
    exchange_add_header(x, STR("retry-after"), b.failed ? STR("1") : buf_view(&b));
}

static void render_error(struct exchange *x, const struct err_info *info, struct str description,
                         struct buf *b)
{
    buf_cstr(b, "{\"error\":\"");
    buf_cstr(b, info->wire);
    buf_cstr(b, "\",\"error_description\":\"");
    put_description(b, description);
    buf_cstr(b, "\",\"error_uri\":\"");
    buf_str(b, x->snapshot->issuer);
    buf_cstr(b, "/errors/");
    buf_cstr(b, info->wire);
    buf_cstr(b, "\",\"request_id\":");
    buf_json(b, x->request.request_id);
    buf_cstr(b, "}");
}

enum step_result exchange_refuse(struct exchange *x, enum err code, struct str detail)
{
    const struct err_info *info = err_info(code);
    struct str description = detail.len > 0 ? detail : str_from(info->text);
    struct buf b;

    assert(info->kind != ERR_KIND_NONE);
    x->reply.header_count = 0;
    x->reply.cacheable = false;
    add_challenge(x, code, description);
    add_retry_after(x, info->status);
    buf_init_arena(&b, &x->arena, 512, ERROR_BODY_MAX);
    render_error(x, info, description, &b);
    if (b.failed)
        return exchange_reply_json(x, info->status, STR("{\"error\":\"server_error\"}"));
    return exchange_reply_json(x, info->status, buf_view(&b));
}

/* A line a second for each code: a store that is away would write one a request, and a slow reader
 * of the log would hold up the loop. */
static void log_fault(struct exchange *x, enum err code)
{
    struct worker *worker = x->worker;
    int64_t now_ms = clock_mono_ms(worker->server->clock);
    int64_t *said_ms = &worker->faults[code].said_ms;

    worker->faults[code].unsaid++;
    if (*said_ms != 0 && now_ms - *said_ms < FAULT_LINE_MS)
        return;
    LOG(LOG_ERROR, "request_fault", LF_ERR(code), LF_INT("requests", worker->faults[code].unsaid),
        LF_STR("request_id", x->request.request_id), LF_CSTR("endpoint", x->route->endpoint->name));
    worker->faults[code].unsaid = 0;
    *said_ms = now_ms;
}

enum step_result exchange_fault(struct exchange *x, struct result fault)
{
    const struct err_info *info = err_info(fault.code);

    assert(!result_ok(fault));
    metrics_add(&x->worker->metrics, METRIC_HTTP_FAULTS, 1);
    log_fault(x, fault.code);
    return exchange_refuse(x, info->kind == ERR_KIND_FAULT ? fault.code : ERR_FAULT_INTERNAL,
                           STR_NONE);
}
