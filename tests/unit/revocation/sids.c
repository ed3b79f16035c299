#include "sids.h"

uint64_t random_next(struct random *random)
{
    uint64_t z = random->state += 0x9e3779b97f4a7c15u; /* splitmix64 */
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

uint64_t random_below(struct random *random, uint64_t bound)
{
    return random_next(random) % bound;
}

struct sid sid_number(uint64_t n)
{
    struct random random = {n};
    uint64_t ms = 0x0190a0000000u + n / 100;
    uint64_t a = random_next(&random), b = random_next(&random);
    struct sid sid;

    memcpy(sid.bytes, &a, 8);
    memcpy(sid.bytes + 8, &b, 8);
    for (int i = 0; i < 6; i++)
        sid.bytes[i] = (uint8_t)(ms >> (40 - 8 * i));
    sid.bytes[6] = (uint8_t)(0x70 | (sid.bytes[6] & 0x0f));
    sid.bytes[8] = (uint8_t)(0x80 | (sid.bytes[8] & 0x3f));
    return sid;
}

struct store_entry entry_revoked(uint64_t number, struct sid token_sid, int64_t end_s)
{
    return (struct store_entry){
        .number = number, .kind = ENTRY_TOKEN_REVOKED, .id = token_sid, .end_s = end_s};
}

struct store_entry entry_narrowed(uint64_t number, struct sid token_sid, const char *scopes,
                                  int64_t exp_s, int64_t end_s)
{
    return (struct store_entry){.number = number,
                                .kind = ENTRY_TOKEN_SET,
                                .id = token_sid,
                                .set = {str_from(scopes), exp_s},
                                .end_s = end_s};
}

struct store_entry entry_epoch(uint64_t number, enum entry_kind kind, struct sid id, int64_t end_s)
{
    return (struct store_entry){.number = number, .kind = kind, .id = id, .end_s = end_s};
}

struct store_entry entry_dated(uint64_t number, enum entry_kind kind, struct sid id, uint64_t below,
                               int64_t before_s, int64_t end_s)
{
    return (struct store_entry){.number = number,
                                .kind = kind,
                                .id = id,
                                .below = below,
                                .before_s = before_s,
                                .end_s = end_s};
}

struct store_entry entry_selector(uint64_t number, struct sid id,
                                  struct revocation_selector selector, int64_t end_s)
{
    return (struct store_entry){.number = number,
                                .kind = ENTRY_SELECTOR,
                                .id = id,
                                .below = number,
                                .selector = selector,
                                .end_s = end_s};
}

struct store_entry entry_key(uint64_t number, struct str kid, int64_t end_s)
{
    struct store_entry entry = {.number = number, .kind = ENTRY_EPOCH_KEY, .end_s = end_s};
    entry.kid_len = (uint8_t)kid.len;
    memcpy(entry.kid, kid.ptr, kid.len);
    return entry;
}

bool sids_revoked(const struct revocation_index *index, const struct sid *token_sid)
{
    struct entry_set set;
    return revocation_index_find(index, token_sid, &set) == REVOCATION_REVOKED;
}
