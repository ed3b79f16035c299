#include "config/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum { TEXT_MAX = 512 };

void report_init(struct report *report, struct arena *arena)
{
    *report = (struct report){.arena = arena};
}

void *report_alloc(struct report *report, size_t size)
{
    void *out = arena_zalloc(report->arena, size);
    if (out == NULL)
        report->overflow = true;
    return out;
}

struct str report_copy(struct report *report, struct str s)
{
    char *copy = report_alloc(report, s.len + 1);
    if (copy == NULL)
        return STR_NONE;
    if (s.len > 0)
        memcpy(copy, s.ptr, s.len);
    return str_make(copy, s.len);
}

void report_add(struct report *report, struct place at, const char *key, const char *format, ...)
{
    char text[TEXT_MAX];
    int at_text = key == NULL ? 0 : snprintf(text, sizeof(text), "%s: ", key);
    va_list arguments;

    report->n++;
    if (report->n > REPORT_LINES)
        return;
    if (at_text >= 0 && (size_t)at_text < sizeof(text)) {
        va_start(arguments, format);
        vsnprintf(text + at_text, sizeof(text) - (size_t)at_text, format, arguments);
        va_end(arguments);
    }
    report->lines[report->n - 1] =
        (struct report_line){.at = at, .text = report_copy(report, str_from(text))};
}

/* A URL with user information carries a password before its '@'. */
static bool may_hold_secret(struct str value)
{
    return str_find(value, '@') != value.len;
}

const char *report_quote(struct str value, char memory[REPORT_QUOTE])
{
    enum { SHOWN = REPORT_QUOTE - 6 };
    size_t shown = value.len < SHOWN ? value.len : SHOWN;

    if (may_hold_secret(value)) {
        memcpy(memory, "this value", sizeof("this value"));
        return memory;
    }
    char *at = memory;
    *at++ = '`';
    for (size_t i = 0; i < shown; i++)
        *at++ = value.ptr[i] >= 0x20 && value.ptr[i] < 0x7F ? value.ptr[i] : '?';
    if (shown < value.len) {
        memcpy(at, "...", 3);
        at += 3;
    }
    *at++ = '`';
    *at = '\0';
    return memory;
}

/* The file from top to bottom, then what has no position as it was added. The address breaks ties,
 * which makes qsort stable: it is compared only between neighbours of one untouched copy. */
static int compare_places(const void *left, const void *right)
{
    const struct report_line *const *a = left, *const *b = right;
    size_t line_a = (*a)->at.line - 1, line_b = (*b)->at.line - 1; /* 0 wraps to last */

    if (line_a != line_b)
        return line_a < line_b ? -1 : 1;
    if ((*a)->at.column != (*b)->at.column)
        return (*a)->at.column < (*b)->at.column ? -1 : 1;
    return *a < *b ? -1 : *a > *b;
}

static void render_line(const struct report_line *line, struct buf *out)
{
    buf_cstr(out, line->at.source);
    if (line->at.line > 0) {
        buf_char(out, ':');
        buf_u64(out, line->at.line);
        buf_char(out, ':');
        buf_u64(out, line->at.column);
    }
    buf_put(out, ": ", 2);
    buf_str(out, line->text);
    buf_char(out, '\n');
}

void report_render(struct report *report, struct buf *out)
{
    const struct report_line *order[REPORT_LINES];
    size_t kept = report->n < REPORT_LINES ? report->n : REPORT_LINES;

    for (size_t i = 0; i < kept; i++)
        order[i] = &report->lines[i];
    qsort(order, kept, sizeof(order[0]), compare_places);
    for (size_t i = 0; i < kept; i++)
        render_line(order[i], out);
    if (report->n > kept) {
        buf_cstr(out, "and ");
        buf_u64(out, report->n - kept);
        buf_cstr(out, " more\n");
    }
    if (report->overflow)
        buf_cstr(out, "the configuration needs more memory than the 16 MB it may have\n");
}
