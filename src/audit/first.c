#include "audit/first.h"

#include <string.h>

#include "crypto/digest.h"

enum { MINUTE_MS = 60 * 1000, TAG_BITS = 40, RULE_MAX = 16 };

#define TAG_MASK ((UINT64_C(1) << TAG_BITS) - 1)

/* 64 bits of the key's digest: its set and its tag are different ones of them. */
static uint64_t hash(const struct sid *caller, struct str rule)
{
    char key[sizeof(caller->bytes) + RULE_MAX];
    size_t rule_len = rule.len < RULE_MAX ? rule.len : RULE_MAX;
    uint64_t out;

    memcpy(key, caller->bytes, sizeof(caller->bytes));
    memcpy(key + sizeof(caller->bytes), rule.ptr, rule_len);
    struct digest256 digest = digest_sha256(str_make(key, sizeof(caller->bytes) + rule_len));
    memcpy(&out, digest.bytes, sizeof(out));
    return out;
}

/* Slots of this minute are never taken away, and all threads fill a set from the front, so two that
 * hold the same key meet at the same slot: one of them takes it, the other looks again. */
bool audit_first_is(struct audit_first *seen, const struct sid *caller, struct str rule,
                    int64_t mono_ms)
{
    uint64_t key = hash(caller, rule);
    uint64_t minute = ((uint64_t)mono_ms / MINUTE_MS + 1) << TAG_BITS;
    uint64_t mine = minute | (key & TAG_MASK);
    _Atomic uint64_t *set = seen->slots[(key >> TAG_BITS) % AUDIT_FIRST_SETS];

    for (unsigned way = 0; way < AUDIT_FIRST_WAYS; way++) {
        uint64_t found = atomic_load(&set[way]);
        while (found < minute)
            if (atomic_compare_exchange_weak(&set[way], &found, mine))
                return true;
        if (found == mine)
            return false;
    }
    return false;
}
