/* Points in time as the API writes them: 2026-11-21T08:15:30.123Z (SPEC 3). buf_time_ms writes what
 * is read here. */
#ifndef CORE_DATE_H
#define CORE_DATE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"

/* Milliseconds since 1970 of YYYY-MM-DDThh:mm:ss[.m[m[m]]]Z, years 1970 to 9999. Strict: a day the
 * month does not have, a leap second, another zone or letter case is false, and *out untouched.
 * Source: RFC3339-5.6, narrowed. */
bool date_parse_ms(struct str text, int64_t *out);

#endif
