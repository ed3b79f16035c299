/* The link to Redis: writes every entry of the sequence there, as a public read-only interface for
 * gateways (and, with several nodes, the feed between them), and fills it again from the store
 * whenever it was away, flushed or replaced. It never answers anything: Redis down, slow or lying
 * changes no introspection (P2).
 *
 * Keys, namespace scopemint:v1: (SPEC 6)
 *   revoked:<token_sid>  "<number>", with the TTL of the token
 *   epochs               hash "<kind>:<id>" -> "<number>"
 *   feed                 stream of every entry: feed id, number, kind, id, end
 * It lives on one event loop; publish and status are thread-safe. */
#ifndef REVOCATION_LINK_H
#define REVOCATION_LINK_H

#include "core/loop.h"
#include "core/metrics.h"
#include "store/store.h"

struct revocation_link;

struct revocation_link_options {
    struct str unix_path; /* or empty, then host and port */
    struct str host;
    uint16_t port;
    struct str username, password; /* may be empty */
    unsigned database;
    uint32_t poll_ms; /* how often Redis is asked whether it still knows us; at most 1000 */
    struct loop *loop;
    struct store *store;
    const struct clock *clock;
    struct metrics *metrics;
};

/* Connects in the background, with backoff, for ever. On the loop's thread. */
RESULT revocation_link_new(const struct revocation_link_options *options,
                           struct revocation_link **out);
/* On the loop's thread, as the loop ends. */
void revocation_link_free(struct revocation_link **link);

/* From the store's writer, after a commit. Never blocks; a full queue turns into a refill from the
 * store. */
void revocation_link_publish(struct revocation_link *link, const struct store_entry *entries,
                             size_t n);

enum revocation_link_state { LINK_CONNECTING, LINK_FILLING, LINK_FOLLOWING };
enum revocation_link_state revocation_link_state(const struct revocation_link *link);

#endif
