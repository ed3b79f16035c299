/* Last uses of tokens, from the note to the row (SPEC 3). */
#include <criterion/criterion.h>

#include "exchange/peer.h"
#include "exchange/touch.h"
#include "store/list.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

static struct sid create_token(struct bed *bed)
{
    const struct token_row row = {.client_id = bed->clients.basic,
                                  .partner_sid = bed->clients.tree.shop,
                                  .exp_s = clock_wall_s(bed->server.clock) + 900};
    return bed_create_token(bed, &row).token_sid;
}

static bool is_sent(void *bed)
{
    return ((const struct bed *)bed)->worker.touched.tokens.count == 0;
}

struct reading {
    struct store_read read; /* first */
    bool done;
};

static void reading_done(struct store_read *read)
{
    ((struct reading *)read)->done = true;
}

static bool is_read(void *reading)
{
    return ((const struct reading *)reading)->done;
}

static void assert_used(struct bed *bed, const struct sid *token_sid)
{
    struct reading reading = {.done = false};
    struct arena arena;

    arena_init(&arena, NULL, 0, 65536);
    reading.read = (struct store_read){.verb = STORE_TOKEN_GET,
                                       .loop = bed->worker.loop,
                                       .done = reading_done,
                                       .arena = &arena,
                                       .in.token_sid = *token_sid};
    store_read_submit(bed->server.store, &reading.read);
    cr_assert(loop_thread_until(bed->loop, is_read, &reading, 20000));
    const struct token_row *row = reading.read.out.tokens;
    cr_assert_eq(row->last_accessed_ms, clock_wall_ms(bed->server.clock));
    cr_assert(str_eq(row->last_accessed_ip, STR("192.0.2.7")));
    arena_reset(&arena);
}

/* A crowd goes a portion after the other; nobody's use is lost. */
Test(last_use, a_crowd_is_sent)
{
    enum { CROWD = 2 * TOUCH_PORTION };
    struct in6_addr address;
    struct bed bed;

    bed_init(&bed);
    cr_assert(peer_parse(STR("192.0.2.7"), &address));
    int64_t now_s = clock_wall_s(bed.server.clock);
    struct sid first = create_token(&bed);
    struct sid last = create_token(&bed);
    touch_token(&bed.worker, &first, &address, now_s);
    for (uint32_t i = 1; i < CROWD - 1; i++) {
        struct sid other = {{[9] = (uint8_t)i, [11] = (uint8_t)i, [15] = 1}};
        touch_token(&bed.worker, &other, &address, now_s);
    }
    touch_token(&bed.worker, &last, &address, now_s);
    cr_assert_eq(bed.worker.touched.tokens.count, CROWD);
    cr_assert(loop_thread_until(bed.loop, is_sent, &bed, 20000));
    create_token(&bed); /* the store answers requests in order, and reads see what was answered */
    assert_used(&bed, &first);
    assert_used(&bed, &last);
    bed_done(&bed);
    leaks_check();
}
