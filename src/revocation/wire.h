/* One connection to Redis: hiredis on core/loop.h. The only file that calls hiredis; others look at
 * replies.
 *
 * What Redis sends is not trusted to be what Redis sends: a reply nobody asked for, an array longer
 * than any of ours and a reply larger than any of ours end the connection before hiredis acts on
 * them (it would abort, allocate and buffer; THREATS-76). User data travels as arguments with a
 * length, never in a format.
 *
 * hiredis writes with write(2): the process ignores SIGPIPE. A host that is a name is resolved in
 * place, so the configuration gives an address. All calls are for the loop's thread. */
#ifndef REVOCATION_WIRE_H
#define REVOCATION_WIRE_H

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/loop.h"
#include "core/str.h"

struct redisAsyncContext;

struct wire_address {
    const char *unix_path; /* or NULL, then: */
    const char *host;
    uint16_t port;
};

struct wire_events {
    void (*opened)(void *context);
    /* The connection could not be opened or has ended, other than by wire_drop; why is for the log.
     */
    void (*closed)(void *context, const char *why);
    /* tag is that of the wire_send it answers. May call wire_drop. */
    void (*answered)(void *context, unsigned tag, const redisReply *reply);
    void *context;
};

struct wire {
    struct loop *loop;
    struct wire_events events;
    struct redisAsyncContext *redis; /* NULL: closed */
    struct loop_fd watch;
    bool reading, writing;
    bool is_broken;                           /* the connection ends as soon as the loop turns */
    redisReplyObjectFunctions plain, guarded; /* hiredis' makers of replies, and ours before them */
    uint64_t sent, begun, answered;           /* commands; replies begun; replies handed on */
};

void wire_init(struct wire *wire, struct loop *loop, const struct wire_events *events);

/* False when it fails at once. The wire must be closed. */
bool wire_open(struct wire *wire, const struct wire_address *address);

/* No event comes from the dropped connection any more. Harmless when closed. */
void wire_drop(struct wire *wire);

/* The wire must be open. */
void wire_send(struct wire *wire, const struct str *args, size_t n, unsigned tag);

static inline bool wire_is_open(const struct wire *wire)
{
    return wire->redis != NULL;
}

/* Commands without an answer yet. */
static inline uint64_t wire_waiting(const struct wire *wire)
{
    return wire->sent - wire->answered;
}

#endif
