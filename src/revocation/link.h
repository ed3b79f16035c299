/* The link to Redis: writes every entry of the sequence there, as a public read-only interface for
 * gateways (and, with several nodes, the feed between them), and fills it again from the store
 * whenever it was away, flushed or replaced. It never answers anything: nothing read from Redis
 * reaches the index, so Redis down, slow or lying changes no introspection (P2).
 *
 * Keys, namespace scopemint:v1: (SPEC 6)
 *   feed_id              "<feed sid>" of the store: all that is said below is there. Anything else,
 *                        "filling:<feed sid>" or nothing at all: it is not, and absence means
 *                        nothing
 *   revoked:<token_sid>  "<number>", until the token's end
 *   narrowed:<token_sid> "<number> <exp, seconds> <scope> <scope> ...", until the token's end: what
 *                        all its JWTs are bound by since it was changed, also where that is as much
 *                        as before; revoked:<token_sid>, where it is there as well, wins
 *   epochs               hash; "<kind>:<id>" -> "<below>": ends tokens whose `epoch` is lower.
 *                        "<kind>:<id>@<before>" -> "<below>": of these, those whose `iat` is
 *                        earlier. Kinds: application, partner (alone), partner_tree (and all
 *                        below), user, key; no id of ours holds an '@'
 *   selectors            hash; "<revocation_sid>" -> JSON object: ends tokens whose `epoch` is
 *                        lower than "below" where all other members hold: "before" (`iat` is
 *                        earlier), "client_id", "partner_sid" ("descendants": true: or an ancestor
 *                        of the token's), "user_sid", "kid", "scope" (the token holds one of these
 *                        names at least), "over_ceiling": true (it holds more than the tables have
 *                        now). "number" and "end" (seconds) say nothing of a token
 *   feed                 stream of the last 100,000 entries, each at "<number>-1": feed (id),
 *                        number, kind ("revoked", "narrowed", one of the epochs', "selector" or
 *                        "plan"), id, end (seconds); of narrowed tokens exp and scope; of epochs
 *                        and selectors below and before (0: whenever), and of a selector its JSON
 *                        as selector, which is not there where it is taken back (end 0). A plan
 *                        ends nothing
 * Whatever the store holds is written, also what has ended by our clock: that may be ahead, and
 * whoever reads here would take a token for live once it is put right. What has surely ended is not
 * in the store, or soon will not be; Redis keeps a token's key until its end by a clock of its own,
 * and what it dropped while that was ahead is missing until it is filled from nothing. A field of a
 * hash is taken away when it has surely ended: a minute after its end, and not in the first hour of
 * a server, nor while its clock is in doubt; where no server was connected then, or thousands
 * ended, when Redis is filled again from nothing. Until then it ends nothing that is alive.
 *
 * An ACL for our user needs no more than
 *   ~scopemint:v1:* +auth +select +client|setname +info +get +set +del +hset +hdel +xadd +xrevrange
 * and works without +info, which tells whether Redis may evict keys when its memory is full: then
 * absence means nothing either. We warn (may_evict); noeviction refuses our writes instead, which
 * makes us fall behind, visibly.
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

/* What Redis does not hold. Thread-safe. */
struct revocation_link_lag {
    uint64_t entries; /* of the sequence, that it is not known to have */
    int64_t seconds;  /* since it was known to have all there was; 0: it does */
    int64_t filled_s; /* when it was filled from nothing the last time; 0: never by this process */
    bool may_evict;   /* it forgets keys when its memory is full */
};
struct revocation_link_lag revocation_link_lag(const struct revocation_link *link);

/* Why it does not follow: a constant text for /readyz, "" when it does. */
const char *revocation_link_reason(const struct revocation_link *link);

#endif
