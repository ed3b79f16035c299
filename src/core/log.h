/* The log: one JSON object a line on standard error, written by one write(2) so that lines of
 * several threads never mix. It never waits for a reader: what a full pipe does not take is lost,
 * and the next line says how much was. No secret and no token ever goes in: callers log ids (SIDs,
 * kid, jti), not credentials (P5). The level and what guards the output are the program's only
 * mutable globals (DESIGN 3). */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/err.h"
#include "core/sid.h"
#include "core/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

struct log_field {
    const char *key;
    enum { LOG_FIELD_STR, LOG_FIELD_INT, LOG_FIELD_BOOL, LOG_FIELD_SID } type;
    struct str text;
    int64_t number;
    struct sid sid;
};

#define LF_STR(k, s)  ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .text = (s)})
#define LF_CSTR(k, z) ((struct log_field){.key = (k), .type = LOG_FIELD_STR, .text = str_from(z)})
#define LF_INT(k, n)  ((struct log_field){.key = (k), .type = LOG_FIELD_INT, .number = (int64_t)(n)})
#define LF_BOOL(k, v) \
    ((struct log_field){.key = (k), .type = LOG_FIELD_BOOL, .number = (v) ? 1 : 0})
#define LF_SID(k, v) ((struct log_field){.key = (k), .type = LOG_FIELD_SID, .sid = (v)})
#define LF_ERR(code) LF_CSTR("code", err_info(code)->name)

void log_set_level(enum log_level level);
bool log_parse_level(struct str name, enum log_level *out);
bool log_enabled(enum log_level level);

/* event: a constant of ours in lower_case, greppable. A line over 4 KB loses its last fields. */
void log_write(enum log_level level, const char *event, const struct log_field *fields, size_t n);

#define LOG(level, event, ...)                                                                  \
    do {                                                                                        \
        if (log_enabled(level)) {                                                               \
            const struct log_field log_fields_[] = {__VA_ARGS__};                               \
            log_write(level, event, log_fields_, sizeof(log_fields_) / sizeof(log_fields_[0])); \
        }                                                                                       \
    } while (0)

#endif
