/* What PCRE2 compiles slowly. Under (?i) it asks for every character of a class's range what its
 * other cases are: 6 ms for a range over all of Unicode, half a second for a pattern of 1 KB full
 * of them, and one rule may have a thousand patterns (THREATS-54). So under (?i) a range spans at
 * most 256 characters: any alphabet that has cases. */
#ifndef ACL_CLASS_WIDTH_H
#define ACL_CLASS_WIDTH_H

#include <stdbool.h>
#include <stddef.h>

#include "core/str.h"

enum { CLASS_RANGE_MAX = 256 };

/* Whether the pattern, which is UTF-8, may hold a wider range under (?i); *out_offset is where that
 * ends. Looks at text only and errs towards yes: a "-" need not be of a class, nor what looks like
 * (?i) an option. */
bool class_width_is_over(struct str pattern, size_t *out_offset);

#endif
