#include "core/log.h"

#include <stdatomic.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"

enum { LINE_MAX_BYTES = 4096 };

static const char *const names[] = {"debug", "info", "warn", "error"};
static _Atomic int threshold = LOG_INFO;

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&threshold, (int)level, memory_order_relaxed);
}

bool log_parse_level(struct str name, enum log_level *out)
{
    for (int i = LOG_DEBUG; i <= LOG_ERROR; i++) {
        if (str_eq(name, str_from(names[i]))) {
            *out = (enum log_level)i;
            return true;
        }
    }
    return false;
}

bool log_enabled(enum log_level level)
{
    return (int)level >= atomic_load_explicit(&threshold, memory_order_relaxed);
}

static void put_value(struct buf *b, const struct log_field *f)
{
    char text[SID_TEXT];
    switch (f->type) {
    case LOG_FIELD_STR:
        buf_json(b, f->text);
        break;
    case LOG_FIELD_INT:
        buf_i64(b, f->number);
        break;
    case LOG_FIELD_BOOL:
        buf_cstr(b, f->number ? "true" : "false");
        break;
    case LOG_FIELD_SID:
        sid_format(&f->sid, text);
        buf_json(b, str_make(text, sizeof(text)));
        break;
    }
}

void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n)
{
    char line[LINE_MAX_BYTES];
    struct buf b;

    buf_init_fixed(&b, line, sizeof(line) - 2); /* room for the closing brace and the newline */
    buf_cstr(&b, "{\"time\":\"");
    buf_time_ms(&b, clock_wall_ms(&clock_system));
    buf_cstr(&b, "\",\"level\":\"");
    buf_cstr(&b, names[level]);
    buf_cstr(&b, "\",\"event\":");
    buf_json(&b, str_from(event));
    for (size_t i = 0; i < n; i++) {
        size_t before = b.len;
        buf_char(&b, ',');
        buf_json(&b, str_from(fields[i].key));
        buf_char(&b, ':');
        put_value(&b, &fields[i]);
        if (b.failed) {
            b.len = before;
            break;
        }
    }
    line[b.len] = '}';
    line[b.len + 1] = '\n';
    ssize_t written = write(STDERR_FILENO, line, b.len + 2);
    (void)written; /* nowhere to report a log that cannot be written */
}
