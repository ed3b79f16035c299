/* Ids and entries for the tests of this folder, all from a seed. */
#ifndef TEST_REVOCATION_SIDS_H
#define TEST_REVOCATION_SIDS_H

#include "revocation/index.h"

struct random {
    uint64_t state;
};

uint64_t random_next(struct random *random);
uint64_t random_below(struct random *random, uint64_t bound);

/* The n-th id of a fixed sequence; as in version 7, the front bytes count up. */
struct sid sid_number(uint64_t n);

struct store_entry entry_revoked(uint64_t number, struct sid token_sid, int64_t end_s);
struct store_entry entry_narrowed(uint64_t number, struct sid token_sid, const char *scopes,
                                  int64_t exp_s, int64_t end_s);
struct store_entry entry_epoch(uint64_t number, enum entry_kind kind, struct sid id, int64_t end_s);
/* Of that kind and id, below and issued before (0: whenever). */
struct store_entry entry_dated(uint64_t number, enum entry_kind kind, struct sid id, uint64_t below,
                               int64_t before_s, int64_t end_s);
struct store_entry entry_selector(uint64_t number, struct sid id,
                                  struct revocation_selector selector, int64_t end_s);
struct store_entry entry_key(uint64_t number, struct str kid, int64_t end_s);

bool sids_revoked(const struct revocation_index *index, const struct sid *token_sid);

#endif
