/* Access control as the page says it, entry by entry: what the compiled form is held against. Its
 * patterns are texts in which '.' is any byte, with '^' before or '$' behind or both. */
#ifndef ACL_NAIVE_H
#define ACL_NAIVE_H

#include "acl/evaluate.h"

struct naive_ref {
    struct sid rule_sid;
    const struct acl_rule_text *text;
};

struct naive_list {
    struct naive_ref *rules;
    const struct acl_list *list; /* all but its rules */
};

bool naive_match(const struct acl_rule_text *text, struct str value);

/* lists: one after the other, as they stand in the layers. Undecided, or decided by list
 * *out_list. */
enum acl_outcome naive_evaluate(const struct naive_list *lists, size_t count,
                                const struct acl_subject *subject, size_t *out_list,
                                enum acl_action *out_action, struct sid *out_rule);

#endif
