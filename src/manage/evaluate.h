/* POST /core/v2/accesscontrol/effective_acl/evaluate: what its two files share. One question about
 * a call or a message, or up to EVALUATE_ITEMS of them, each answered by the snapshot alone. */
#ifndef MANAGE_EVALUATE_H
#define MANAGE_EVALUATE_H

#include "manage/acl_target.h"

enum { EVALUATE_ITEMS = 100 };

struct evaluate_item {
    struct acl_subject subject;
    struct acl_target target;
};

struct evaluate_questions {
    struct evaluate_item *items;
    size_t count;
    bool is_batch; /* {"items":[...]}, answered by such */
};

/* ---- evaluate_read.c ---- */

/* The request's body. What is found points into x->snapshot, the texts live as long as the
 * exchange. NEXT, or DONE after refusing: 422 with everything that is wrong, 404 for the first
 * object that the caller does not see. */
enum step_result evaluate_read(struct exchange *x, const struct caller *caller,
                               struct evaluate_questions *out);

/* Where something is wrong, for a refusal: "items[3].call.called". Both names may be empty; a long
 * one is cut. In the arena; empty when that is full. */
struct str evaluate_field(struct exchange *x, bool is_batch, size_t item, struct str of,
                          struct str member);

#endif
