/* A store in memory with its writer, a loop turned by the test, a link, and somebody who looks into
 * Redis from outside. */
#ifndef TEST_REVOCATION_BED_H
#define TEST_REVOCATION_BED_H

#include <hiredis/hiredis.h>

#include "revocation/link.h"
#include "support/loop_thread.h"
#include "support/redis.h"

struct bed {
    struct redis_server redis;
    struct loop_thread *loop;
    struct store *store;
    struct metrics_registry registry;
    struct metrics metrics;
    struct revocation_link_options options;
    struct revocation_link *_Atomic link;
    redisContext *looker;
    int64_t now_s;
};

enum { BED_PATIENCE_MS = 20000 };

void bed_init(struct bed *bed);                               /* no Redis, no link yet */
void bed_init_by(struct bed *bed, const struct clock *clock); /* which the store goes by */
void bed_done(struct bed *bed);

void bed_start_redis(struct bed *bed);
void bed_link(struct bed *bed);
void bed_unlink(struct bed *bed);
void bed_follow(struct bed *bed); /* both, until it is level */

/* Commits and returns when the writer has answered. Tokens get ids from sid_number(first) on. */
void bed_revoke(struct bed *bed, uint64_t first, size_t n, int64_t end_s);
void bed_issue(struct bed *bed, uint64_t n, int64_t end_s);
void bed_narrow(struct bed *bed, uint64_t n, struct str scopes, int64_t exp_s);
void bed_revoke_issued(struct bed *bed, uint64_t n, int64_t end_s);
void bed_epoch(struct bed *bed, enum entry_kind kind, struct sid id, struct str kid);

/* Turns the loop until then; fails the test after BED_PATIENCE_MS. */
void bed_until_state(struct bed *bed, enum revocation_link_state state);
void bed_until(struct bed *bed, bool (*is_done)(void *bed));

/* Asks Redis from outside; the connection is made anew where it was lost. The caller frees. */
redisReply *bed_ask(struct bed *bed, const char *format, ...);
long long bed_ask_number(struct bed *bed, const char *command); /* an integer reply */
void bed_run(struct bed *bed, const char *command);             /* that is no error */
void bed_expect_text(struct bed *bed, const char *command, const char *expected);
void bed_feed_id(const struct bed *bed, char out[SID_TEXT + 1]);

/* Every revocation from sid_number(first) on is there, and the stream ends with the store. */
bool bed_has_all(struct bed *bed, uint64_t first, size_t n);
void bed_until_all(struct bed *bed, uint64_t first, size_t n);

uint64_t bed_metric(struct bed *bed, enum metric id);

#endif
