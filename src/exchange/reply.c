#include <assert.h>

#include "core/log.h"
#include "exchange/exchange.h"
#include "exchange/field_errors.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "exchange/stream.h"

enum {
    ERROR_BODY_MAX = 2048,
    DETAIL_MAX = 512,
    FIELD_MAX = 64, /* of a field's name, which is the caller's */
    ERROR_LIST_MAX = FIELD_ERRORS_MAX * (6 * (DETAIL_MAX + FIELD_MAX) + 64),
    FAULT_LINE_MS = 1000
};

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

enum step_result exchange_stream(struct exchange *x, struct str content_type, struct stream *stream)
{
    x->reply.stream = stream;
    return exchange_reply(x, 200, content_type, STR_NONE);
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

static struct str message_of(const struct field_error *error)
{
    struct str text =
        error->message.len > 0 ? error->message : str_from(err_info(error->code)->text);
    return str_slice(text, 0, text.len < DETAIL_MAX ? text.len : DETAIL_MAX);
}

static void render_list(const struct field_errors *errors, struct buf *b)
{
    for (size_t i = 0; i < errors->count; i++) {
        const struct field_error *error = &errors->items[i];
        struct str field = error->field;

        buf_cstr(b, i == 0 ? "{\"errors\":[{\"code\":\"" : ",{\"code\":\"");
        buf_cstr(b, err_info(error->code)->wire);
        buf_cstr(b, "\",\"field\":");
        if (field.len > 0)
            buf_json(b, str_slice(field, 0, field.len < FIELD_MAX ? field.len : FIELD_MAX));
        else
            buf_cstr(b, "null");
        buf_cstr(b, ",\"message\":");
        buf_json(b, message_of(error));
        buf_char(b, '}');
    }
    buf_cstr(b, "]}");
}

static void begin_error(struct exchange *x, enum err code, struct str description)
{
    assert(err_info(code)->kind != ERR_KIND_NONE);
    x->reply.header_count = 0;
    x->reply.cacheable = false;
    add_challenge(x, code, description);
    add_retry_after(x, err_info(code)->status);
}

static bool is_management(const struct exchange *x)
{
    return str_starts_with(x->request.path, STR(MANAGEMENT_PATH));
}

static enum step_result reply_error(struct exchange *x, int status, const struct buf *b)
{
    if (!b->failed)
        return exchange_reply_json(x, status, buf_view(b));
    return exchange_reply_json(
        x, status,
        is_management(x)
            ? STR("{\"errors\":[{\"code\":\"server_error\",\"field\":null,\"message\":\"\"}]}")
            : STR("{\"error\":\"server_error\"}"));
}

void field_errors_add(struct field_errors *errors, enum err code, struct str field,
                      struct str message)
{
    if (errors->count < FIELD_ERRORS_MAX)
        errors->items[errors->count++] = (struct field_error){code, field, message};
}

enum step_result exchange_refuse_fields(struct exchange *x, const struct field_errors *errors)
{
    const struct field_error *first = &errors->items[0];
    struct buf b;

    assert(errors->count > 0);
    for (size_t i = 1; i < errors->count; i++)
        if (err_info(errors->items[i].code)->status < err_info(first->code)->status)
            first = &errors->items[i];
    begin_error(x, first->code, message_of(first));
    buf_init_arena(&b, &x->arena, 512, ERROR_LIST_MAX);
    render_list(errors, &b);
    return reply_error(x, err_info(first->code)->status, &b);
}

enum step_result exchange_refuse_field(struct exchange *x, enum err code, struct str field,
                                       struct str message)
{
    struct field_errors one = {.count = 0};

    field_errors_add(&one, code, field, message);
    return exchange_refuse_fields(x, &one);
}

enum step_result exchange_refuse(struct exchange *x, enum err code, struct str detail)
{
    const struct err_info *info = err_info(code);
    struct str description = detail.len > 0 ? detail : str_from(info->text);
    struct buf b;

    if (is_management(x))
        return exchange_refuse_field(x, code, STR_NONE, detail);
    begin_error(x, code, description);
    buf_init_arena(&b, &x->arena, 512, ERROR_BODY_MAX);
    render_error(x, info, description, &b);
    return reply_error(x, info->status, &b);
}

enum step_result exchange_refuse_json(struct exchange *x, const struct json_error *error)
{
    struct buf b;

    buf_init_arena(&b, &x->arena, 128, ERROR_BODY_MAX);
    buf_cstr(&b, "The body is not the JSON this endpoint takes: line ");
    buf_u64(&b, error->line);
    buf_cstr(&b, ", column ");
    buf_u64(&b, error->column);
    buf_cstr(&b, ": ");
    buf_cstr(&b, error->reason);
    return exchange_refuse(x, ERR_BAD_JSON, b.failed ? STR_NONE : buf_view(&b));
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
