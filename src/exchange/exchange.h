/* One request and its answer, from the framing guard to the last byte sent. http makes it, fills
 * request and calls exchange_start; the driver runs the endpoint's steps; when they end it calls
 * deliver.
 *
 * Lifetime: the memory belongs to http. A client may leave while a step waits: http then calls
 * exchange_forsake, and when its own side is gone exchange_abandon, and the memory stays until the
 * completion came (deliver is called then, with gone set, and only frees). Nothing ever completes
 * into a dead exchange. All calls are on the worker's thread. */
#ifndef EXCHANGE_EXCHANGE_H
#define EXCHANGE_EXCHANGE_H

#include <netinet/in.h>
#include <stdbool.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/result.h"
#include "exchange/route.h"
#include "json/read.h"

struct store_request;
struct stream;
struct worker;
struct snapshot;

struct peer {
    bool is_unix;
    struct in6_addr address; /* IPv4 as ::ffff:a.b.c.d; all zero for a unix socket */
    bool tls;
    bool trusted; /* the direct peer is one of trusted_proxies; address is then the last untrusted
                     X-Forwarded-For hop */
};

/* All text lives as long as the exchange. A field that was absent has ptr NULL; one that came twice
 * never gets here (the guard answers 400). */
struct request {
    enum method method;
    struct str path;                                  /* as sent, up to '?' */
    struct str query;                                 /* behind '?', without it */
    struct str path_parameters[ROUTE_PARAMETERS_MAX]; /* of a ROUTE_PARAMETERS route, as sent */
    struct str body;
    struct str authorization, content_type, if_none_match, if_match, origin, last_event_id;
    bool accepts_events; /* Accept names text/event-stream */
    struct peer peer;
    struct str request_id; /* of ours, printable ASCII without quotes */
    bool admin;            /* came by the admin listener */
};

enum { REPLY_HEADERS_MAX = 8 };

struct reply {
    int status;
    struct str content_type; /* empty: no body */
    struct str body;
    struct {
        struct str name; /* lower case */
        struct str value;
    } headers[REPLY_HEADERS_MAX];
    size_t header_count;
    bool cacheable;        /* else Cache-Control: no-store and Pragma: no-cache are added */
    bool close;            /* the connection after it */
    struct stream *stream; /* NULL, or what follows the head; see exchange/stream.h */
};

struct exchange {
    struct arena arena;
    struct worker *worker;
    /* Stable during one turn of the loop; a step that waits holds its own reference
     * (exchange_hold). */
    const struct snapshot *snapshot;
    struct request request;
    struct reply reply;
    const struct route *route;
    void *state; /* route->endpoint->state_size bytes in the arena */

    bool takes_bearer; /* the endpoint: then the challenge of ERR_NO_CREDENTIALS names it too */
    uint32_t retry_after_s;  /* of ERR_TOO_MANY_GUESSES; 0: the usual */
    struct str scope_needed; /* named in the challenge of ERR_INSUFFICIENT_SCOPE; may be empty */

    /* NULL, or what lets go of what x->state holds and is not the arena's: set by the step that
     * takes hold of it. Called once, on the worker's thread, before the arena goes, however the
     * request ended. */
    void (*end)(struct exchange *x);

    /* http's; set before exchange_start */
    void (*deliver)(struct exchange *x);
    bool crowded; /* so many are under way that no more may wait for deferred work */

    /* the driver's */
    unsigned next_step;
    bool waiting, gone, held;
    size_t claimed;              /* of the worker's room */
    bool forsaken;               /* nobody is there to read the answer */
    struct exchange *queue_next; /* in the worker's queue of deferred work */
    void (*queue_work)(struct exchange *x);
};

/* Runs steps until one waits or the end is reached. */
void exchange_start(struct exchange *x);

/* A completion came: runs the steps behind the one that waited. */
void exchange_resume(struct exchange *x);

/* The client has left, and http's side of the request is still there. Deferred work, now or later,
 * is dropped: deliver is called in its place, with gone set and no reply. All else is carried out
 * to the end, what was handed to the store above all. */
void exchange_forsake(struct exchange *x);

/* http's side is gone. True: nobody waits, free at once. False: deliver will be called later, to
 * free. */
bool exchange_abandon(struct exchange *x);

/* http's last call, once the reply was sent or the client is gone: lets the snapshot go, wipes the
 * arena. */
void exchange_done(struct exchange *x);

/* Keeps x->snapshot alive across WAIT, and for a reply that points into it; exchange_done lets go.
 */
void exchange_hold(struct exchange *x);

/* The end of that before the exchange's: there is no snapshot from here on. */
void exchange_let_go(struct exchange *x);

/* The endpoint's steps from this one on, on the same tables: what waits in a loop. The step returns
 * what this returns. */
enum step_result exchange_back_to(struct exchange *x, enum step_result (*step)(struct exchange *x));

/* The endpoint's steps from this one on, once more, on the tables and keys of now: what was decided
 * no longer fits them. The step returns what this returns. Nothing of x->state may be used behind
 * it that points into the snapshot of before. */
enum step_result exchange_again_from(struct exchange *x,
                                     enum step_result (*step)(struct exchange *x));

/* Expensive work (signing, a first verification) goes through the worker's bounded queue, a few
 * dozen a turn, so that a flood cannot starve what is cheap; it is dropped when the client leaves.
 * The step returns what this returns: WAIT, or DONE with 503 when the queue is full
 * or x crowded. */
enum step_result exchange_defer(struct exchange *x, void (*work)(struct exchange *x));

/* Likewise, and then the calling step runs again instead of the following one: work in portions. */
enum step_result exchange_defer_again(struct exchange *x, void (*work)(struct exchange *x));

/* store_submit to the worker's store. What deferred work leads to goes there at the end of the
 * turn, all of it together: one batch of the writer's, and one commit, rather than several. */
void exchange_submit(struct exchange *x, struct store_request *request);

/* ---- replies; each returns STEP_DONE ---- */

/* body must live as long as the exchange (arena, snapshot held, or static). */
enum step_result exchange_reply(struct exchange *x, int status, struct str content_type,
                                struct str body);
enum step_result exchange_reply_json(struct exchange *x, int status, struct str body);

/* The error of RFC6749-5.2 / RFC6750-3 in JSON: error, error_description, error_uri, and the
 * request id; below MANAGEMENT_PATH that of exchange/field_errors.h, with no field. detail (may be
 * empty) replaces the fixed text; characters that may not stand there become a question mark.
 * Status, WWW-Authenticate, Retry-After come from the code. A fault is logged here, once, and shown
 * as its wire name. */
enum step_result exchange_refuse(struct exchange *x, enum err code, struct str detail);

/* ERR_BAD_JSON, with what is wrong with the body and the place just behind it. */
enum step_result exchange_refuse_json(struct exchange *x, const struct json_error *error);
enum step_result exchange_fault(struct exchange *x, struct result fault);

/* Up to LIMIT_ARENA_BATCH from here on, for what is larger than an ordinary request: a page of
 * rows, a decision that is taken again, the answer to what is committed already. */
void exchange_widen_arena(struct exchange *x);

/* Likewise up to LIMIT_ARENA_RULE: access control rules are the largest objects there are. */
void exchange_widen_arena_for_rules(struct exchange *x);

/* What a request comes to keep until its answer is sent, megabytes at that, and whoever asks for it
 * a thousand times and does not read would fill the memory (F-40). NEXT, or DONE with 503 where the
 * worker's other requests keep LIMIT_LARGE_WORKER by now. What is below LIMIT_BODY is not counted;
 * of several claims the largest is. */
enum step_result exchange_claim(struct exchange *x, size_t bytes);

/* name: lower case constant; value lives as long as the exchange. More than REPLY_HEADERS_MAX is a
 * bug. */
void exchange_add_header(struct exchange *x, struct str name, struct str value);

#endif
