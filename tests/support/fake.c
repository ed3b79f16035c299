#include "support/fake.h"

#include <stddef.h>
#include <string.h>

static int64_t fake_wall_ms(const struct clock *clock)
{
    return atomic_load(&((const struct fake_clock *)clock)->wall_ms);
}

static int64_t fake_mono_ms(const struct clock *clock)
{
    return atomic_load(&((const struct fake_clock *)clock)->mono_ms);
}

void fake_clock_init(struct fake_clock *fake, int64_t wall_ms)
{
    fake->clock = (struct clock){fake_wall_ms, fake_mono_ms};
    atomic_init(&fake->wall_ms, wall_ms);
    atomic_init(&fake->mono_ms, 1000);
}

void fake_clock_pass(struct fake_clock *fake, int64_t ms)
{
    atomic_fetch_add(&fake->mono_ms, ms);
    atomic_fetch_add(&fake->wall_ms, ms);
}

void fake_clock_leap(struct fake_clock *fake, int64_t ms)
{
    atomic_fetch_add(&fake->wall_ms, ms);
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
