/* The link to Redis: writes every entry of the sequence there, as a public read-only interface for
 * gateways (and, with several nodes, the feed between them), and fills it again from the store
 * whenever it was away, flushed or replaced. It never answers anything: nothing read from Redis
 * reaches the index, so Redis down, slow or lying changes no introspection (P2).
 *
 * Keys, namespace scopemint:v1: (SPEC 6)
 *   revoked:<token_sid>  "<number>", until the token's end
 *   narrowed:<token_sid> "<number> <exp, seconds> <scope> <scope> ...", until the token's end: what
 *                        all its JWTs are bound by since it was changed, also where that is as much
 *                        as before; revoked:<token_sid>, where it is there as well, wins
 *   epochs               hash "<kind>:<id>" -> "<number>"; kinds: application, partner (alone),
 *                        partner_tree (and all below), user, key
 *   feed                 stream of the last 100,000 entries, each at "<number>-1": feed (id),
 *                        number, kind ("revoked", "narrowed" or one of the epochs'), id, end
 *                        (seconds), and of narrowed tokens exp and scope
 *   feed_id              "<feed sid>" of the store, or "filling:<feed sid>" while not all is there
 * What has ended is not written; an epoch that ends stays in its hash, where it kills nothing more.
 *
 * An ACL for our user needs no more than
 *   ~scopemint:v1:* +auth +select +client|setname +get +set +del +hset +xadd +xrevrange
 *
 * It lives on one event loop; publish, state and reason are thread-safe. The process ignores
 * SIGPIPE. */
#ifndef REVOCATION_LINK_H
#define REVOCATION_LINK_H

#include "core/loop.h"
#include "core/metrics.h"
#include "store/store.h"

struct revocation_link;

struct revocation_link_options {
    struct str unix_path; /* or empty, then host and port */
    struct str host;      /* an address: a name would be resolved on the loop */
    uint16_t port;
    struct str username, password; /* may be empty */
    unsigned database;
    uint32_t poll_ms; /* how often Redis is asked whether it still knows us; 0: 500 */
    struct loop *loop;
    struct store *store;
    const struct clock *clock;
    struct metrics *metrics;
};

/* Connects in the background, with backoff, for ever. On the loop's thread. */
RESULT revocation_link_new(const struct revocation_link_options *options,
                           struct revocation_link **out);
/* On the loop's thread. Nobody publishes any more. What it still awaits from the store or the loop
 * frees the rest as it arrives. Accepts NULL. */
void revocation_link_free(struct revocation_link **link);

/* From the store's writer, after a commit. Never blocks; a full queue turns into a refill from the
 * store. */
void revocation_link_publish(struct revocation_link *link, const struct store_entry *entries,
                             size_t n);

enum revocation_link_state { LINK_CONNECTING, LINK_FILLING, LINK_FOLLOWING };
enum revocation_link_state revocation_link_state(const struct revocation_link *link);

/* Why it does not follow: a constant text for /readyz, "" when it does. */
const char *revocation_link_reason(const struct revocation_link *link);

#endif
