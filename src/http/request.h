/* A request between the library and the exchange: the memory of one exchange (a slot), filled from
 * the guard's reading, routed, and handed to the driver. Slots are kept in a list of the worker's,
 * so that the steady state allocates nothing.
 *
 * Two owners look at a slot: the library's request, until its dispose hook cuts the link, and the
 * exchange, until the driver has delivered. The later one frees it. */
#ifndef HTTP_REQUEST_H
#define HTTP_REQUEST_H

#include "http/connection.h"
#include "http/forwarded.h"
#include "http/guard.h"

enum { SLOT_MEMORY = 8192, SLOTS_KEPT = 256 };

struct streaming;

struct slot {
    struct exchange x; /* first: the driver's callbacks cast */
    struct slot *next; /* in the worker's list of free ones */
    struct http_worker *worker;
    struct connection *connection; /* both NULL once the library's request is gone */
    h2o_req_t *req;
    bool answered;

    /* a refusal before any endpoint */
    enum err refusal;
    const char *detail;             /* may be NULL */
    const struct routes_path *path; /* NULL: nothing there */
    bool close;
    bool is_head;

    struct streaming *streaming; /* an answer without an end; NULL: another */

    int64_t started_ns;                    /* 0: no access log */
    char id[REQUEST_ID_MAX];               /* of the request */
    _Alignas(16) char memory[SLOT_MEMORY]; /* the arena's first piece */
};

/* The library's handler. */
int request_on_req(h2o_handler_t *self, h2o_req_t *req);

static inline bool request_is_answered(const struct slot *slot)
{
    return slot->answered;
}

/* Answers 503 in place of the exchange, which is abandoned, and closes the connection. */
void request_cut(struct slot *slot, const char *why);

/* Frees the list. */
void request_slots_free(struct http_worker *worker);

/* reply.c: x->deliver. */
void reply_deliver(struct exchange *x);

/* When neither side needs it. */
void slot_release(struct slot *slot);

#endif
