/* What a verified token, and a token's row, is worth to revocations by selector (SPEC 7, P2). */
#include <criterion/criterion.h>

#include "standing_bed.h"

static void select_tokens(struct bed *b, uint64_t number, struct revocation_selector selector)
{
    struct store_entry entry = {.number = number,
                                .kind = ENTRY_SELECTOR,
                                .id = b->tree.below,
                                .below = number,
                                .selector = selector,
                                .end_s = 9999};
    cr_assert(result_ok(revocation_index_apply(b->index, &entry, 1)));
    revocation_index_complete(b->index, number);
}

/* SPEC 7: by what the token holds now: its claim's names, or its row's where that was changed. */
Test(standing_selector, a_selector_looks_at_names_and_time)
{
    static const struct {
        const char *narrowed; /* NULL: not */
        const char *scopes;
        int64_t before_s;
        bool hits;
    } rows[] = {
        {NULL, "sms.manage", 0, true},
        {NULL, "sms.read", 0, false}, /* names as they are: the selector lists all that imply it */
        {NULL, "sms.read sms.manage", 0, true},
        {"calls.read", "sms.manage", 0, false},
        {"calls.read", "calls.read", 0, true},
        {"", "calls.read", 0, false},
        {NULL, "", 501, true},
        {NULL, "", 500, false}, /* its iat is 500 */
        {NULL, "calls.read", 500, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        bed_init(&b);
        if (rows[i].narrowed != NULL)
            narrow(&b, 6, rows[i].narrowed, 1001);
        cr_assert(is_active(&b));
        select_tokens(&b, 7,
                      (struct revocation_selector){.scopes = str_from(rows[i].scopes),
                                                   .before_s = rows[i].before_s});
        cr_assert_eq(is_active(&b), !rows[i].hits, "row %zu", i);
        b.token.claims.epoch = 7;
        cr_assert(is_active(&b), "row %zu: minted after it", i);
        bed_done(&b);
    }
}

/* SPEC 7: what the tables let a token of the shop hold is calls.read and sms.manage with what they
 * imply; of the partner below closed, which does not work: whatever its tables say. */
static const struct {
    const char *names;
    bool over;
} ceiling_rows[] = {
    {"calls.read sms.manage", false},
    {"sms.read", false},
    {"", false},
    {"calls.manage", true},
    {"calls.read rating.read", true},
    {"calls.read name.of.yesterday", true}, /* no table has it today */
};
enum { CEILING_ROWS = sizeof(ceiling_rows) / sizeof(ceiling_rows[0]) };

Test(standing_selector, over_ceiling_ends_what_holds_more_than_its_tables)
{
    for (size_t i = 0; i < CEILING_ROWS; i++) {
        struct bed b;
        bed_init(&b);
        b.token.claims.scope = str_from(ceiling_rows[i].names);
        cr_assert(is_active(&b));
        select_tokens(&b, 7, (struct revocation_selector){.over_ceiling = true});
        cr_assert_eq(is_active(&b), !ceiling_rows[i].over, "row %zu", i);
        narrow(&b, 8, "calls.read", 1001);
        cr_assert(is_active(&b), "row %zu: what is left of it is within them", i);
        bed_done(&b);
    }
}

static struct token_row row_of(const struct bed *b, const char *names)
{
    return (struct token_row){.token_sid = b->token.claims.token_sid,
                              .client_id = b->tree.shop_app,
                              .partner_sid = b->tree.shop,
                              .scopes = str_from(names),
                              .created_ms = 500000,
                              .exp_s = 1001,
                              .generation = 1,
                              .newest = {1001, 5, STR("key-one")}};
}

Test(standing_selector, a_row_is_what_its_newest_jwt_says_to_a_selector)
{
    struct bed b;
    struct sid chain[LIMIT_PARTNER_DEPTH];
    bed_init(&b);
    struct token_row row = row_of(&b, "calls.read");
    row.user_sid = b.tree.root;

    struct epoch_subject subject = token_subject_of_row(&b.facts, &row, true, chain);
    cr_assert_eq(subject.epoch, 5);
    cr_assert_eq(subject.iat_s, 500);
    cr_assert(sid_eq(&subject.client_id, &b.tree.shop_app));
    cr_assert(sid_eq(&subject.user_sid, &b.tree.root));
    cr_assert(str_eq(subject.kid, STR("key-one")));
    cr_assert(str_eq(subject.scopes, STR("calls.read")));
    cr_assert_eq(subject.partner_count, 3);
    cr_assert(subject.partners == chain);
    cr_assert(sid_eq(&chain[0], &b.tree.shop) && sid_eq(&chain[1], &b.tree.reseller) &&
              sid_eq(&chain[2], &b.tree.root));
    row.generation = 2;
    cr_assert_eq(token_subject_of_row(&b.facts, &row, true, chain).iat_s, 1000,
                 "no row says when: before its end, for sure");
    bed_done(&b);
}

Test(standing_selector, a_row_s_ceiling_is_asked_for_alone_and_looks_at_no_status)
{
    struct bed b;
    struct sid chain[LIMIT_PARTNER_DEPTH];
    bed_init(&b);
    for (size_t i = 0; i < CEILING_ROWS; i++) {
        struct token_row row = row_of(&b, ceiling_rows[i].names);
        cr_assert_eq(token_subject_of_row(&b.facts, &row, true, chain).over_ceiling,
                     ceiling_rows[i].over, "row %zu", i);
        cr_assert_not(token_subject_of_row(&b.facts, &row, false, chain).over_ceiling);
    }
    struct token_row row = row_of(&b, "calls.read");
    row.client_id = b.tree.below_app, row.partner_sid = b.tree.below;
    cr_assert_not(token_subject_of_row(&b.facts, &row, true, chain).over_ceiling, "suspended");
    row.partner_sid.bytes[15] ^= 1;
    cr_assert(token_subject_of_row(&b.facts, &row, true, chain).over_ceiling, "no such partner");
    bed_done(&b);
}

static enum token_state state_of(const struct bed *b, const struct token_row *row)
{
    enum token_state state;
    cr_assert(result_ok(token_state_of(&b->facts, row, &state)));
    return state;
}

Test(standing_selector, a_row_is_revoked_by_a_selector_before_it_is_marked)
{
    static const struct {
        struct revocation_selector selector;
        const char *names;
        bool hits;
    } rows[] = {
        {{.scopes = STR_INIT("sms.manage")}, "sms.manage", true},
        {{.scopes = STR_INIT("sms.manage")}, "sms.read", false},
        {{.over_ceiling = true}, "calls.manage", true},
        {{.over_ceiling = true}, "calls.read", false},
        {{.before_s = 501, .kid = STR_INIT("key-one")}, "calls.read", true},
        {{.before_s = 500, .kid = STR_INIT("key-one")}, "calls.read", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        bed_init(&b);
        struct token_row row = row_of(&b, rows[i].names);
        cr_assert_eq(state_of(&b, &row), TOKEN_LIVE);
        select_tokens(&b, 7, rows[i].selector);
        cr_assert_eq(state_of(&b, &row), rows[i].hits ? TOKEN_REVOKED : TOKEN_LIVE, "row %zu", i);
        row.newest.epoch = 7;
        cr_assert_eq(state_of(&b, &row), TOKEN_LIVE, "row %zu: minted after it", i);
        bed_done(&b);
    }
}
