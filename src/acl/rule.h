/* An access control rule, compiled: one look-up whatever the number of its entries, but for
 * patterns (SPEC 9).
 *
 * exact: the value is the entry; prefix: it begins with it; regexp: the pattern is found in it
 * (acl/pattern.h says in what dialect). all, any, none: of the entries that holds. Without entries
 * "all" and "none" hold and "any" does not. Bytes are compared as they are, without case.
 *
 * Immutable and counted: any thread may match and hold it. */
#ifndef ACL_RULE_H
#define ACL_RULE_H

#include <stdint.h>

#include "acl/pattern.h"
#include "acl/words.h"

struct acl_rule;

struct acl_rule_text {
    enum acl_field field;
    enum acl_operation operation;
    enum acl_quantifier quantifier;
    const struct str *entries;
    size_t entry_count;
};

/* What is wrong with the entries. */
struct acl_problem {
    size_t entry; /* which; ACL_ENTRIES: all of them together */
    size_t offset;
    char text[160]; /* ASCII, one line; of a pattern in PCRE2's words */
};

#define ACL_ENTRIES SIZE_MAX

/* ERR_NONE, ERR_INVALID_VALUE (*out_problem says why) or ERR_FAULT_MEMORY. Copies what it needs.
 * The caller is the first holder. Limits: LIMIT_ACL_* in core/limits.h. 100,000 entries take some
 * 10 ms, 1,000 patterns between 1 and 110 ms: not on an event loop. */
enum err acl_rule_compile(const struct acl_rule_text *text, const struct acl_rule **out,
                          struct acl_problem *out_problem);

void acl_rule_ref(const struct acl_rule *rule);
void acl_rule_unref(const struct acl_rule **rule); /* NULL is accepted */

enum acl_field acl_rule_field(const struct acl_rule *rule);
size_t acl_rule_entry_count(const struct acl_rule *rule); /* as they were written */
size_t acl_rule_size(const struct acl_rule *rule);        /* of memory */

/* ACL_YES: the rule matches. The matcher is the caller's thread's own. */
enum acl_verdict acl_rule_match(const struct acl_rule *rule, struct acl_matcher *matcher,
                                struct str value);

#endif
