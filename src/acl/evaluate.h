/* The decision over a call or a message: access control lists from the topmost layer down, of its
 * direction and of any; the first action that is not null decides (SPEC 9).
 *
 * A list's *_true action stands where one of its rules matches, *_false where none does, so a list
 * without rules is decided by *_false. A rule on a field that the subject does not have never
 * matches, "none" included: a list for messages must not reject calls. A list without an action
 * for this kind of subject is passed over and its rules are not looked at.
 *
 * What cannot be told stays so (a pattern over its limit, a rule that is gone), unless another rule
 * of the same list matches: guessing would let through what a rule was to stop. So the order of a
 * list's rules decides nothing, but for which of them is named.
 *
 * Nothing here keeps or changes anything: layers, lists and rules are the caller's and may be read
 * by any number of threads. */
#ifndef ACL_EVALUATE_H
#define ACL_EVALUATE_H

#include "acl/rule.h"
#include "core/arena.h"
#include "core/result.h"
#include "core/sid.h"

/* Where lists find their rules: a list names them, so that it stays as it is when one of them
 * changes. NULL: it is gone, or does not compile. */
struct acl_rules {
    const struct acl_rule *(*find)(const void *context, const struct sid *rule_sid);
    const void *context;
};

struct acl_list {
    const struct sid *rules;
    size_t rule_count;
    enum acl_direction direction;
    enum acl_action voice_true, voice_false; /* accept, reject403, reject503 or none */
    enum acl_action sms_true, sms_false;     /* accept, reject or none */
};

/* The lists of one object. Whose they are is for the caller to know, by the layer's place. */
struct acl_layer {
    const struct acl_list *lists;
    size_t list_count;
};

struct acl_subject {
    enum acl_kind kind;
    enum acl_direction direction;  /* any: only lists for any */
    struct str values[ACL_FIELDS]; /* ptr NULL: it has none. Those of the other kind do not count */
};

enum acl_outcome {
    ACL_DECIDED,     /* by a list */
    ACL_UNDECIDED,   /* no list had anything to say: accept, as where there are no lists */
    ACL_CANNOT_TELL, /* rule_sid is the rule, doubt the reason */
};

/* Why a list did not decide. */
enum acl_passed {
    ACL_PASSED_DIRECTION, /* it is for another */
    ACL_PASSED_NO_ACTION, /* it has none for this kind of subject, whatever matches */
    ACL_PASSED_MATCHED,   /* a rule matches, and its *_true is null */
    ACL_PASSED_UNMATCHED, /* none matches, and its *_false is null */
};

struct acl_passed_list {
    size_t layer, list;
    enum acl_passed why;
};

struct acl_decision {
    enum acl_outcome outcome;
    enum acl_action action;  /* never none; of no meaning when it cannot be told */
    size_t layer, list;      /* which list decided, or could not be told */
    bool matched;            /* by *_true */
    struct sid rule_sid;     /* the first that matches; zero: none does */
    enum acl_verdict doubt;  /* ACL_NO unless it cannot be told */
    const struct sid *rules; /* explained: all that match in that list, in its order */
    size_t rule_count;
    const struct acl_passed_list *passed; /* explained: the lists before, top down */
    size_t passed_count;
};

/* explain: where to put rules and passed; NULL: they are left out, and nothing is allocated. Begins
 * the matcher's time. Faults: ERR_FAULT_MEMORY, of the arena. */
RESULT acl_evaluate(struct arena *explain, struct acl_matcher *matcher,
                    const struct acl_rules *rules, const struct acl_layer *layers,
                    size_t layer_count, const struct acl_subject *subject,
                    struct acl_decision *out);

#endif
