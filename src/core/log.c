#include "core/log.h"

#include <assert.h>
#include <linux/limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/buf.h"
#include "core/clock.h"

enum { LINE_MAX_BYTES = 4096 };
static_assert(LINE_MAX_BYTES <= PIPE_BUF, "a line goes into a pipe whole or not at all");

static const char *const names[] = {"debug", "info", "warn", "error"};
static _Atomic int threshold = LOG_INFO;

static struct {
    pthread_mutex_t lock;
    int64_t lost; /* lines, since the last that was written */
} output = {.lock = PTHREAD_MUTEX_INITIALIZER};

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

static void put_field(struct buf *b, const struct log_field *f)
{
    size_t before = b->len;

    buf_char(b, ',');
    buf_json(b, str_from(f->key));
    buf_char(b, ':');
    put_value(b, f);
    if (b->failed)
        b->len = before;
}

/* Whether a line can be written without waiting: a reader that stopped reading a pipe must not stop
 * the event loops. A pipe that says so takes PIPE_BUF bytes, no line is longer, and the lock keeps
 * our other threads from filling it in between. */
static bool has_room(void)
{
    struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&out, 1, 0) == 1 && (out.revents & POLLOUT) != 0;
}

static void write_line(struct buf *b, char *line)
{
    struct log_field lost = LF_INT("lines_lost_before", output.lost);

    if (output.lost > 0)
        put_field(b, &lost);
    line[b->len] = '}';
    line[b->len + 1] = '\n';
    if (!has_room() || write(STDERR_FILENO, line, b->len + 2) < 0)
        output.lost++;
    else if (!b->failed) /* else it did not fit; the next line says it */
        output.lost = 0;
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
    for (size_t i = 0; i < n && !b.failed; i++)
        put_field(&b, &fields[i]);
    pthread_mutex_lock(&output.lock);
    write_line(&b, line);
    pthread_mutex_unlock(&output.lock);
}
