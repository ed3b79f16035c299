/* Last uses: once a minute for each id, whoever asks; addresses as they are noted. */
#include <criterion/criterion.h>
#include <stdlib.h>

#include "exchange/peer.h"
#include "exchange/touch.h"

enum { NOW_S = 1790000000 };

/* Two ids of the same slot and different parts, and one of another slot. */
static struct sid id_of(uint8_t slot, uint8_t part)
{
    return (struct sid){{[9] = slot, [15] = part}};
}

Test(touch, an_id_is_due_once_a_minute)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid id = id_of(1, 1), other = id_of(2, 1);

    cr_assert(touch_is_due(seen, &id, NOW_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S));
    cr_assert(touch_is_due(seen, &other, NOW_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S - 1));
    cr_assert(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S));
    cr_assert_not(touch_is_due(seen, &id, NOW_S + TOUCH_AGAIN_S));
    free(seen);
}

/* "Dropped first": who comes later to a place that is held is passed over for the minute. */
Test(touch, a_place_is_held_for_its_minute)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid first = id_of(1, 1), second = id_of(1, 2);

    cr_assert(touch_is_due(seen, &first, NOW_S));
    cr_assert_not(touch_is_due(seen, &second, NOW_S + 1));
    cr_assert(touch_is_due(seen, &second, NOW_S + TOUCH_AGAIN_S));
    cr_assert_not(touch_is_due(seen, &first, NOW_S + TOUCH_AGAIN_S + 1));
    free(seen);
}

/* A clock that was set back holds nobody up for longer than that; nor does a long uptime. */
Test(touch, a_clock_that_leaps_holds_nobody_up)
{
    struct touch_seen *seen = calloc(1, sizeof(*seen));
    struct sid id = id_of(1, 1);

    cr_assert(touch_is_due(seen, &id, NOW_S));
    cr_assert(touch_is_due(seen, &id, NOW_S - 3600));
    cr_assert(touch_is_due(seen, &id, NOW_S + 3600));
    cr_assert(touch_is_due(seen, &id, NOW_S + 7200));
    free(seen);
}

static const struct {
    struct str text;
    const char *formatted; /* NULL: refused */
} addresses[] = {
    {STR_INIT("192.0.2.7"), "192.0.2.7"},
    {STR_INIT("2001:DB8::0:1"), "2001:db8::1"},
    {STR_INIT("::ffff:192.0.2.7"), "192.0.2.7"},
    {STR_INIT("::1"), "::1"},
    {STR_INIT(""), NULL},
    {STR_INIT("::"), NULL},
    {STR_INIT("192.0.2.256"), NULL},
    {STR_INIT("192.0.2.7:80"), NULL},
    {STR_INIT("192.0.2"), NULL},
    {STR_INIT("0x7f000001"), NULL},
    {STR_INIT("[::1]"), NULL},
    {STR_INIT("fe80::1%eth0"), NULL},
    {STR_INIT("192.0.2.7\0"), NULL},
    {STR_INIT(" 192.0.2.7"), NULL},
    {STR_INIT("localhost"), NULL},
    {STR_INIT("0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001"), NULL},
};

Test(peer, addresses_are_read_as_they_are_written)
{
    char memory[PEER_TEXT];
    struct in6_addr address;

    for (size_t i = 0; i < sizeof(addresses) / sizeof(addresses[0]); i++) {
        bool taken = peer_parse(addresses[i].text, &address);
        cr_assert_eq(taken, addresses[i].formatted != NULL, "%.*s", STR_ARG(addresses[i].text));
        if (taken)
            cr_assert(str_eq(peer_format(&address, memory), str_from(addresses[i].formatted)),
                      "%.*s", STR_ARG(addresses[i].text));
    }
}
