/* Patterns written by callers, run so that none of them can hold up a node (THREATS-54).
 *
 * The dialect is PCRE2's, searched for anywhere in the value, in UTF-8: '.' is a character, (?i)
 * knows Greek and Cyrillic. Deviations, each so that a rule for numbers means what it seems to:
 * '$' is the very end only, never before a last newline; \d and \w are ASCII; (*UCP) and \C are
 * refused. A value that is not UTF-8 is no error: its bad bytes match nothing.
 *
 * How much a pattern may do to one value is counted before each of its items (PCRE2's automatic
 * callouts), whatever PCRE2 makes of it, so that the same pattern over the same value is over the
 * limit on every machine. Single items that run over a long value are not seen by that count; what
 * bounds them is processor time, of all patterns between two acl_matcher_begin. PCRE2's own limits
 * stand behind both. There is no JIT: the service runs without writable code
 * (MemoryDenyWriteExecute), and the interpreter takes 20 to 300 ns for a number.
 *
 * A compiled pattern is immutable: any thread. A matcher is one thread's. */
#ifndef ACL_PATTERN_H
#define ACL_PATTERN_H

#include <stddef.h>

#include "acl/verdict.h"
#include "core/clock.h"
#include "core/err.h"
#include "core/str.h"

struct acl_pattern;
struct acl_matcher;

enum { ACL_STEPS_MAX = 50000, ACL_TIME_MAX_MS = 8 };

struct acl_pattern_error {
    size_t offset;  /* bytes into the pattern */
    char text[160]; /* what PCRE2 or we have against it: one line of ASCII */
};

/* ERR_NONE, ERR_INVALID_VALUE (*out_error says why) or ERR_FAULT_MEMORY. */
enum err acl_pattern_new(struct str text, struct acl_pattern **out,
                         struct acl_pattern_error *out_error);
void acl_pattern_free(struct acl_pattern **pattern);

size_t acl_pattern_size(const struct acl_pattern *pattern); /* of memory */

/* clock: clock_thread, or a test's; outlives it. NULL: out of memory. */
struct acl_matcher *acl_matcher_new(const struct clock *clock);
void acl_matcher_free(struct acl_matcher **matcher);

/* From here on ACL_TIME_MAX_MS count. */
void acl_matcher_begin(struct acl_matcher *matcher);

enum acl_verdict acl_pattern_match(const struct acl_pattern *pattern, struct acl_matcher *matcher,
                                   struct str value);

#endif
