/* Counts what goes wrong, per caller and window of time, to slow down guessing (SPEC 4): failed
 * authentications per (client, address) and per address in a minute, tokens that did not verify per
 * caller in a second. Never per client alone: that would let anyone lock a client out.
 *
 * A fixed table shared by all threads, without locks: where two threads meet in taking over one
 * slot, steps may be lost, which delays a refusal. The table is bounded; when a set
 * of slots is full the one whose window began first is taken over. Keys are hashed under a seed of
 * the process. */
#ifndef CLIENT_THROTTLE_H
#define CLIENT_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/entropy.h"
#include "core/result.h"
#include "core/str.h"

struct guess_throttle;

struct guess_throttle_limits {
    uint32_t per_client_address_minute;
    uint32_t per_address_minute;
    uint32_t unknown_tokens_second;
};

/* address: 16 bytes; of an IPv6 address only its /64 counts, since one host has all of it. */
struct guess_caller {
    struct str client_id; /* as presented; may be empty */
    const uint8_t *address;
};

RESULT guess_throttle_new(const struct guess_throttle_limits *limits, struct entropy *entropy,
                          struct guess_throttle **out);
void guess_throttle_free(struct guess_throttle **throttle);

/* Any thread, any time; what was counted stays counted. */
void guess_throttle_set_limits(struct guess_throttle *throttle,
                               const struct guess_throttle_limits *limits);

/* 0: go on. Otherwise the seconds to wait: over the limit even a right secret is refused. */
uint32_t guess_throttle_check(const struct guess_throttle *throttle,
                              const struct guess_caller *caller, int64_t mono_ms);
void guess_throttle_failed(struct guess_throttle *throttle, const struct guess_caller *caller,
                           int64_t mono_ms);

/* Likewise for tokens presented at introspection and revocation; caller_id names who asks. */
bool guess_throttle_token_allowed(const struct guess_throttle *throttle, struct str caller_id,
                                  int64_t mono_ms);
void guess_throttle_token_failed(struct guess_throttle *throttle, struct str caller_id,
                                 int64_t mono_ms);

#endif
