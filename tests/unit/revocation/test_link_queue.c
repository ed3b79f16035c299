/* The bounded way from the writer to the loop. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "revocation/link_queue.h"
#include "short.h"
#include "sids.h"
#include "support/leaks.h"

static struct link_queue queue;

static void setup(void)
{
    cr_assert(result_ok(link_queue_init(&queue)));
}

static void teardown(void)
{
    link_queue_done(&queue);
}

TestSuite(link_queue, .init = setup, .fini = teardown);

static bool push(uint64_t first, size_t n)
{
    static struct store_entry entries[LINK_QUEUE_MAX + 1];
    for (size_t i = 0; i < n; i++)
        entries[i] = entry_revoked(first + i, sid_number(first + i), 100);
    return link_queue_push(&queue, entries, n);
}

static uint64_t take(uint64_t after)
{
    struct store_entry entry;
    bool found = link_queue_take(&queue, after, &entry);

    if (found)
        link_queue_drop(&entry);
    return found ? entry.number : 0;
}

Test(link_queue, keeps_order_and_forgets_what_is_behind)
{
    push(1, 10);
    cr_assert_eq(take(0), 1);
    cr_assert_eq(take(1), 2);
    cr_assert_eq(take(7), 8);
    cr_assert_eq(take(100), 0);
    cr_assert_eq(take(0), 0, "all of it is gone");
}

Test(link_queue, wakes_once)
{
    cr_assert_not(push(1, 0));
    cr_assert(push(1, 1));
    cr_assert(link_queue_was_woken(&queue));
    cr_assert_not(push(2, 1));
    link_queue_is_awake(&queue);
    cr_assert_not(link_queue_was_woken(&queue));
    cr_assert(push(3, 1));
}

Test(link_queue, holds_exactly_its_limit)
{
    push(1, LINK_QUEUE_MAX);
    cr_assert_eq(take(0), 1);
    cr_assert_eq(take(LINK_QUEUE_MAX - 1), LINK_QUEUE_MAX);
}

Test(link_queue, an_overflow_leaves_the_newest_and_so_a_hole)
{
    push(1, LINK_QUEUE_MAX);
    push(LINK_QUEUE_MAX + 1, 3);
    cr_assert_eq(take(0), LINK_QUEUE_MAX + 1);
    push(1, LINK_QUEUE_MAX + 1);
    cr_assert_eq(take(0), 2, "one batch larger than the queue keeps its end");
}

Test(link_queue, goes_round)
{
    uint64_t next = 1, pushed = 1;
    for (int i = 0; i < 100; i++) {
        push(pushed, 1000);
        pushed += 1000;
        for (int j = 0; j < 1000; j++, next++)
            cr_assert_eq(take(next - 1), next);
    }
}

/* ---- what a set carries ---- */

static bool push_narrowed(uint64_t number, const char *scopes)
{
    char names[64]; /* gone when the call is over, as the store's */
    snprintf(names, sizeof(names), "%s", scopes);
    struct store_entry entry = entry_narrowed(number, sid_number(number), names, 90, 100);
    return link_queue_push(&queue, &entry, 1);
}

Test(link_queue, keeps_the_names_of_a_set)
{
    static const char *const names[] = {"calls.read sms.read", "", "rating.read"};

    for (uint64_t n = 0; n < 3; n++)
        push_narrowed(n + 1, names[n]);
    for (uint64_t n = 0; n < 3; n++) {
        struct store_entry entry;
        cr_assert(link_queue_take(&queue, n, &entry));
        cr_assert_eq(entry.number, n + 1);
        cr_assert(link_queue_is_whole(&entry));
        cr_assert(str_eq(entry.set.scopes, str_from(names[n])));
        cr_assert_eq(entry.set.exp_s, 90);
        link_queue_drop(&entry);
    }
}

static bool push_selector(uint64_t number, const char *kid, const char *scopes)
{
    char text[64];
    size_t len = (size_t)snprintf(text, sizeof(text), "%s%s", kid, scopes);
    struct revocation_selector selector = {
        .kid = str_make(text, strlen(kid)),
        .scopes = str_make(text + strlen(kid), len - strlen(kid)),
    };
    struct store_entry entry = entry_selector(number, sid_number(number), selector, 100);
    return link_queue_push(&queue, &entry, 1);
}

Test(link_queue, keeps_the_text_of_a_selector)
{
    static const char *const texts[][2] = {{"key", "calls.read"}, {"", "sms.read"}, {"", ""}};

    for (uint64_t n = 0; n < 3; n++)
        push_selector(n + 1, texts[n][0], texts[n][1]);
    for (uint64_t n = 0; n < 3; n++) {
        struct store_entry entry;
        cr_assert(link_queue_take(&queue, n, &entry));
        cr_assert(link_queue_is_whole(&entry));
        cr_assert(str_eq(entry.selector.kid, str_from(texts[n][0])));
        cr_assert(str_eq(entry.selector.scopes, str_from(texts[n][1])));
        link_queue_drop(&entry);
    }
    push_selector(4, "key", "calls.read");
    atomic_store(&memory_is_short, true);
    push_selector(5, "key", "calls.read");
    atomic_store(&memory_is_short, false);
    struct store_entry entry;
    cr_assert(link_queue_take(&queue, 4, &entry));
    cr_assert_not(link_queue_is_whole(&entry));
    link_queue_drop(&entry);
}

Test(link_queue, names_that_are_forgotten_leak_nothing)
{
    for (uint64_t n = 1; n <= LINK_QUEUE_MAX; n++)
        push_narrowed(n, "calls.read");
    push(LINK_QUEUE_MAX + 1, 1); /* an overflow */
    cr_assert_eq(take(0), LINK_QUEUE_MAX + 1);
    push_narrowed(1, "calls.read");
    cr_assert_eq(take(1), 0); /* behind */
    push_narrowed(2, "calls.read");
    link_queue_done(&queue); /* still queued */
    leaks_check();
    setup();
}

/* The entry is there, so that the reader looks into the store for it (P2). */
Test(link_queue, without_memory_for_names_the_entry_says_so)
{
    struct store_entry entry;

    atomic_store(&memory_is_short, true);
    push_narrowed(1, "calls.read");
    atomic_store(&memory_is_short, false);
    cr_assert(link_queue_take(&queue, 0, &entry));
    cr_assert_eq(entry.number, 1);
    cr_assert_not(link_queue_is_whole(&entry));
    link_queue_drop(&entry);
    push(2, 1);
    cr_assert(link_queue_take(&queue, 1, &entry));
    cr_assert(link_queue_is_whole(&entry), "a revocation carries none");
}
