/* All that is wrong with a configuration, collected first and printed in the order of the file:
 *     conf/scopemint.yaml:12:12: server.threads: is 70; choose 0 to 60
 *     SCOPEMINT_STORE__UR: unknown key; did you mean `SCOPEMINT_STORE__URL`?
 * Texts go to terminals and logs, so a value is quoted only through report_quote(), which shows
 * neither control characters nor anything that may hold a password (P5). */
#ifndef CONFIG_REPORT_H
#define CONFIG_REPORT_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"

/* Where a value stands. source: the file's path, a variable's name or "--set KEY"; line 0: the
 * source is the whole place. Both from 1. */
struct place {
    const char *source;
    size_t line, column;
};

enum { REPORT_LINES = 100, REPORT_QUOTE = 64 };

struct report_line {
    struct place at;
    struct str text;
};

struct report {
    struct arena *arena;
    size_t n;      /* all, also those past REPORT_LINES, which are only counted */
    bool overflow; /* the arena ran out: memory, or a file far too large */
    struct report_line lines[REPORT_LINES];
};

void report_init(struct report *report, struct arena *arena);

/* key: the dotted name, or NULL when the error has none. */
void report_add(struct report *report, struct place at, const char *key, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/* What arena_alloc gives, zeroed; NULL is remembered as overflow. */
void *report_alloc(struct report *report, size_t size);

/* A copy with a terminator behind it, in the arena. ptr NULL on overflow. */
struct str report_copy(struct report *report, struct str s);

/* For "%s" beside a value: `value`, shortened, or "this value" when it must not be shown.
 * Returns memory, which holds REPORT_QUOTE bytes. */
const char *report_quote(struct str value, char memory[REPORT_QUOTE]);

static inline bool report_is_clean(const struct report *report)
{
    return report->n == 0 && !report->overflow;
}

/* Sorts, and appends one line each to out. */
void report_render(struct report *report, struct buf *out);

#endif
