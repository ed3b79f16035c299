/* The framing guard: reads the head of a request a second time, strictly, from the bytes as they
 * came. The HTTP library below is generous (bare line feeds, folded fields, two Hosts, two lengths,
 * any method) and hides what it forgave; a proxy in front may have read such a head differently,
 * and that difference is request smuggling (CVE-2021-40346, THREATS-71 to 73). So whatever could
 * be read in two ways is refused here and the connection closed, and the request that goes on is
 * built from this reading alone.
 *
 * A pure function: no memory, no state. Every str points into the head. */
#ifndef HTTP_GUARD_H
#define HTTP_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "core/err.h"
#include "core/str.h"
#include "exchange/route.h"

enum { GUARD_FORWARDED_MAX = 8 };

struct guard_head {
    size_t size; /* up to and with the empty line */
    enum method method;
    bool is_head; /* the method HEAD: the answer has no body */
    struct str path, query;
    size_t content_length; /* 0 when absent */

    /* Fields of which one may come; ptr is NULL when absent, values have no blanks around them. */
    struct str host, authorization, content_type, if_none_match, if_match, origin, request_id,
        last_event_id;
    bool accepts_events; /* an Accept names text/event-stream */

    struct str forwarded_for[GUARD_FORWARDED_MAX]; /* in the order they came */
    size_t forwarded_count; /* GUARD_FORWARDED_MAX + 1: more came than are kept */
};

/* raw: the connection's input, head first; more may follow. Looks at LIMIT_HEAD bytes at most.
 * Refusals: ERR_AMBIGUOUS, ERR_HEAD_TOO_LARGE, ERR_BODY_TOO_LARGE, ERR_LENGTH_REQUIRED (a chunked
 * body, RFC9112-6.3), ERR_METHOD_NOT_ALLOWED (TRACE, CONNECT, a method not in upper case); after
 * each the connection must be closed. *out_why says in constant words what was wrong. */
enum err guard_check(struct str raw, struct guard_head *out, const char **out_why);

#endif
