/* A desk and its followers, on streams that only note what is written: who is told what and when
 * (P2, F-14), that nobody waits for one who does not read, and that one may leave at any time. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "exchange/stream.h"
#include "oauth/endpoints.h"
#include "oauth/feed.h"
#include "oauth/revocations.h"
#include "revocation/index.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"

#define SECRET "correct+horse+battery+staple"
#define API    "https://api.example"

enum { WAIT_MS = 10000, NUMBERS_MAX = 512 };

struct reader {
    struct answer answer;
    struct stream *stream;
    char text[64 * 1024];
    size_t len;
    bool reads, ended; /* reads: else it is full */
};

static struct bed bed;
static char body[BED_TEXT];

/* ---- the stream's other side ---- */

static bool take(struct stream *stream, struct str bytes)
{
    struct reader *r = stream->impl;

    cr_assert(!r->ended, "written to behind its end");
    if (!r->reads)
        return false;
    cr_assert_leq(r->len + bytes.len, sizeof(r->text));
    memcpy(r->text + r->len, bytes.ptr, bytes.len);
    r->len += bytes.len;
    return true;
}

static size_t unsent(const struct stream *stream)
{
    return ((const struct reader *)stream->impl)->reads ? 0 : STREAM_UNSENT_MAX;
}

static bool is_half_closed(const struct stream *stream)
{
    (void)stream;
    return false;
}

static void end(struct stream *stream)
{
    ((struct reader *)stream->impl)->ended = true;
}

static const struct stream_ops ops = {
    .write = take, .unsent = unsent, .is_half_closed = is_half_closed, .end = end};

static struct reader *ask(const char *query)
{
    static struct minted token;
    static char header[BED_TEXT];
    const struct tree *tree = &bed.clients.tree;
    struct reader *r = calloc(1, sizeof(*r));

    cr_assert_not_null(r);
    bed_mint(&bed, &tree->root_app, &tree->root, "scopemint.introspect", BED_ISSUER, &token);
    snprintf(header, sizeof(header), "Bearer %s", token.text);
    bed_answer(&bed,
               &(struct question){.endpoint = &revocations_endpoint,
                                  .authorization = header,
                                  .query = query,
                                  .accepts_events = true},
               &r->answer);
    cr_assert_eq(answer_status(&r->answer), 200);
    r->stream = r->answer.exchange.reply.stream;
    cr_assert_not_null(r->stream);
    return r;
}

static struct reader *follow(const char *query)
{
    struct reader *r = ask(query);

    exchange_let_go(&r->answer.exchange);
    r->reads = true;
    r->stream->ops = &ops;
    r->stream->impl = r;
    r->stream->begun(r->stream);
    return r;
}

static void leave(struct reader *r)
{
    r->stream->gone(r->stream);
    answer_done(&r->answer);
    free(r);
}

/* ---- what it was told ---- */

static size_t numbers_of(const struct reader *r, uint64_t out[NUMBERS_MAX])
{
    static const char begin[] = "event: revoked\nid: ";
    const char *at = r->text, *limit = r->text + r->len;
    size_t count = 0;

    while ((at = memmem(at, (size_t)(limit - at), begin, sizeof(begin) - 1)) != NULL) {
        at += sizeof(begin) - 1 + SID_TEXT + 1;
        cr_assert_lt(count, NUMBERS_MAX);
        out[count++] = strtoull(at, NULL, 10);
    }
    return count;
}

static bool has_heard_all(void *reader)
{
    uint64_t numbers[NUMBERS_MAX], last = revocation_index_number(bed.server.index);
    size_t count = numbers_of(reader, numbers);

    return count > 0 && numbers[count - 1] == last;
}

static void expect(struct reader *r, uint64_t first, uint64_t last)
{
    uint64_t numbers[NUMBERS_MAX];

    cr_assert(loop_thread_until(bed.loop, has_heard_all, r, WAIT_MS));
    cr_assert_eq(numbers_of(r, numbers), last - first + 1);
    for (uint64_t n = first; n <= last; n++)
        cr_assert_eq(numbers[n - first], n);
}

static bool is_idle(void *context)
{
    (void)context;
    return bed.worker.awaited == 0;
}

/* So many more entries in store and index, and the feed is told. */
static void revoke(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        static struct minted token;
        static char rest[BED_TEXT - 512];
        struct answer answer;
        bed_mint(&bed, &bed.clients.post, &bed.clients.tree.shop, "calls.read", API, &token);
        snprintf(rest, sizeof(rest), "token=%s", token.text);
        bed_answer(&bed,
                   &(struct question){.endpoint = &revoke_endpoint,
                                      .body = bed_form(&bed.clients.post, SECRET, rest, body)},
                   &answer);
        cr_assert_eq(answer_status(&answer), 200);
        answer_done(&answer);
    }
    revocation_feed_wake(bed.server.feed);
}

static void up(void)
{
    bed_init(&bed);
    bed.config.feed.heartbeat_s = 60;
    cr_assert(result_ok(revocation_feed_new(&bed.server, &bed.server.feed)));
    revocation_feed_open(bed.server.feed, &bed.worker);
}

static void down(void)
{
    cr_assert(loop_thread_until(bed.loop, is_idle, NULL, WAIT_MS));
    revocation_feed_close(bed.server.feed, &bed.worker);
    struct revocation_feed *feed = bed.server.feed;
    bed_done(&bed);
    revocation_feed_free(&feed);
    leaks_check();
}

TestSuite(feed, .init = up, .fini = down, .timeout = 60);

/* ---- the tests ---- */

Test(feed, all_are_told_each_entry_once_and_in_order_P2_F14)
{
    revoke(3);
    struct reader *from_start = follow("after=0"), *between = follow("after=2"), *new = follow("");
    expect(from_start, 1, 3);
    expect(between, 3, 3);
    cr_assert_not_null(memmem(new->text, new->len, "event: current\n", 15));
    revoke(4);
    expect(from_start, 1, 7);
    expect(between, 3, 7);
    expect(new, 4, 7);
    leave(between);
    revoke(1);
    expect(from_start, 1, 8);
    expect(new, 4, 8);
    leave(new);
    leave(from_start);
}

Test(feed, more_than_a_page)
{
    revoke(REVOCATIONS_PAGE + 3);
    struct reader *r = follow("after=0");
    expect(r, 1, REVOCATIONS_PAGE + 3);
    leave(r);
}

Test(feed, who_does_not_read_holds_nobody_up_and_misses_nothing_F14)
{
    struct reader *slow = follow("after=0"), *good = follow("after=0");

    slow->reads = false;
    revoke(5);
    expect(good, 1, 5);
    cr_assert(loop_thread_until(bed.loop, is_idle, NULL, WAIT_MS));
    slow->reads = true;
    slow->stream->drained(slow->stream);
    expect(slow, 1, 5);
    cr_assert(!slow->ended);
    leave(slow);
    leave(good);
}

Test(feed, one_that_cannot_hear_of_the_tables_is_ended_P1)
{
    struct reader *deaf = ask("");

    exchange_let_go(&deaf->answer.exchange);
    deaf->stream->ops = &ops;
    deaf->stream->impl = deaf;
    deaf->stream->begun(deaf->stream);
    cr_assert(deaf->ended);
    revoke(1); /* and it is not written to any more */
    cr_assert(loop_thread_until(bed.loop, is_idle, NULL, WAIT_MS));
    leave(deaf);
}

Test(feed, leaving_while_a_read_is_under_way)
{
    revoke(3);
    struct reader *first = follow("after=0");
    cr_assert_eq(bed.worker.awaited, 1u);
    leave(first);
    struct reader *second = follow("after=1"); /* stands behind where that read began */
    expect(second, 2, 3);
    leave(second);
    leave(ask("after=0")); /* one that never began */
    cr_assert(loop_thread_until(bed.loop, is_idle, NULL, WAIT_MS));
}

Test(feed, nothing_is_posted_to_a_desk_without_followers_or_closed)
{
    leave(follow(""));
    revoke(1);
    cr_assert(is_idle(NULL));
    revocation_feed_close(bed.server.feed, &bed.worker);
    revocation_feed_wake(bed.server.feed);
    revocation_feed_wake(NULL);
    cr_assert(is_idle(NULL));
}
