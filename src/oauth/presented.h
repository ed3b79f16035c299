/* A token that somebody presents in a form, with proof of who asks: what introspection and
 * revocation have in common. Their states begin with a struct presented, and their steps with
 * these. */
#ifndef OAUTH_PRESENTED_H
#define OAUTH_PRESENTED_H

#include "exchange/caller.h"

struct presented {
    struct caller_state caller; /* first: the caller's steps find it there */
    struct form form;
    struct str token; /* ptr NULL: not sent, which is refused once the caller is known */
    struct verification verification;
};

/* The form, `token` and who says to be asking. token_type_hint is looked at no further: there is
 * one place to look (7009-2.2-d, 7662-2.1-f). Followed by caller_step_identify and
 * caller_step_judge. */
enum step_result presented_step_read(struct exchange *x);

/* Refuses a form without token, or verifies it: at once when it was seen before, else in the
 * deferred queue unless the caller has sent too many that were not ours (7009-5-a, 7662-4-f). */
enum step_result presented_step_verify(struct exchange *x);

#endif
