#include "support/fake.h"

#include <stddef.h>
#include <string.h>

static int64_t fake_wall_us(const struct clock *clock)
{
    const struct fake_clock *fake = (const struct fake_clock *)clock;
    return (atomic_load(&fake->mono_ms) + atomic_load(&fake->ahead_ms)) * 1000;
}

static int64_t fake_mono_ms(const struct clock *clock)
{
    return atomic_load(&((const struct fake_clock *)clock)->mono_ms);
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms)
{
    enum { MONO_MS = 1000 };

    fake->clock = (struct clock){fake_wall_us, fake_mono_ms};
    atomic_init(&fake->mono_ms, MONO_MS);
    atomic_init(&fake->ahead_ms, wall_ms - MONO_MS);
}

void fake_clock_pass(struct fake_clock *fake, int64_t ms)
{
    atomic_fetch_add(&fake->mono_ms, ms);
}

void fake_clock_leap(struct fake_clock *fake, int64_t ms)
{
    atomic_fetch_add(&fake->ahead_ms, ms);
}

/* splitmix64: well mixed from a plain counter. */
static uint64_t mix(uint64_t x)
{
    x *= 0x9E3779B97F4A7C15u;
    x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9u;
    x = (x ^ (x >> 27)) * 0x94D049BB133111EBu;
    return x ^ (x >> 31);
}

static struct result fake_fill(struct entropy *entropy, void *out, size_t n)
{
    struct fake_entropy *fake = (struct fake_entropy *)entropy;
    char *at = out;

    if (atomic_load(&fake->fail_after) >= 0 && atomic_fetch_sub(&fake->fail_after, 1) <= 0) {
        atomic_store(&fake->fail_after, 0);
        return FAULT(ERR_FAULT_ENTROPY);
    }
    while (n > 0) {
        uint64_t word = mix(atomic_fetch_add(&fake->counter, 1));
        size_t piece = n < sizeof(word) ? n : sizeof(word);
        memcpy(at, &word, piece);
        at += piece;
        n -= piece;
    }
    return RESULT_OK;
}

void fake_entropy_init(struct fake_entropy *fake, uint64_t seed)
{
    fake->entropy = (struct entropy){fake_fill};
    atomic_init(&fake->counter, seed * 1000003 + 1);
    atomic_init(&fake->fail_after, -1);
}
