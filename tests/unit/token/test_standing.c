/* What a verified token is worth now (P1, P2, P4). */
#include <criterion/criterion.h>

#include "scope/source.h"
#include "standing_bed.h"
#include "support/leaks.h"

static void expect_scopes(struct bed *b, size_t row, const char *scopes, int64_t exp_s)
{
    struct token_standing standing;
    struct scope_set want = tree_set(&b->tree, scopes);

    cr_assert(result_ok(token_standing(&b->facts, &b->token, &standing)));
    cr_assert(standing.active, "row %zu", row);
    cr_assert(scope_set_eq(&standing.scopes, &want), "row %zu", row);
    cr_assert_eq(standing.exp_s, exp_s, "row %zu", row);
}

Test(standing, a_live_token_is_active_with_what_survives)
{
    struct bed b;
    struct token_standing standing;
    bed_init(&b);
    struct scope_set want = tree_set(&b.tree, "calls.read sms.manage");

    cr_assert(result_ok(token_standing(&b.facts, &b.token, &standing)));
    cr_assert(standing.active);
    cr_assert(scope_set_eq(&standing.scopes, &want));
    b.token.claims.scope = STR("rating.manage");
    cr_assert(result_ok(token_standing(&b.facts, &b.token, &standing)));
    cr_assert(standing.active && scope_set_is_empty(&standing.scopes),
              "P1: active with nothing left");
    bed_done(&b);
    leaks_check();
}

Test(standing, expiry_has_no_leeway) /* 7662-4-a */
{
    struct bed b;
    bed_init(&b);
    const struct {
        int64_t now_s;
        bool active;
    } rows[] = {{1000, true}, {1001, false}, {1002, false}};
    for (size_t i = 0; i < 3; i++) {
        b.facts.now_s = rows[i].now_s;
        cr_assert_eq(is_active(&b), rows[i].active);
    }
    bed_done(&b);
}

Test(standing,
     a_token_of_the_future_is_not_active) /* THREATS-65: minted while the clock was ahead */
{
    struct bed b;
    bed_init(&b);
    b.token.claims.exp_s = INT64_MAX;
    const struct {
        int64_t iat_s;
        bool active;
    } rows[] = {{1000, true}, {1002, true}, {4600, true}, {4601, false}, {INT64_MAX - 1, false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        b.token.claims.iat_s = rows[i].iat_s;
        cr_assert_eq(is_active(&b), rows[i].active, "row %zu", i);
    }
    bed_done(&b);
}

Test(standing, a_revoked_token_is_dead) /* P2 */
{
    struct bed b;
    bed_init(&b);
    enter(&b, 6, ENTRY_TOKEN_REVOKED, b.token.claims.token_sid, "");
    cr_assert(!is_active(&b));
    bed_done(&b);
}

/* P1: all intersections are of closures, and a JWT never answers more than it was signed with. The
 * shop may calls.read and sms.manage. */
Test(standing, the_row_s_scopes_bound_the_jwt_s)
{
    static const struct {
        const char *jwt, *row, *left;
    } rows[] = {
        {"calls.read sms.manage", "calls.read sms.manage", "calls.read sms.manage"},
        {"calls.read sms.manage", "sms.manage calls.read", "calls.read sms.manage"},
        {"calls.read sms.manage", "calls.read", "calls.read"},
        {"calls.read sms.manage", "sms.read", "sms.read"}, /* the largest that is left */
        {"calls.read sms.manage", "sms.read sms.create", "sms.create sms.read"},
        {"calls.read sms.manage", "", ""},
        {"calls.read sms.manage", "rating.read", ""},
        {"sms.read", "sms.manage", "sms.read"}, /* widened: the earlier JWT stays */
        {"sms.read", "calls.manage sms.manage", "sms.read"},
        {"calls.manage sms.read", "calls.manage", "calls.read"}, /* row, then partner */
        {"calls.manage", "calls.manage sms.manage", "calls.read"},
        {"sms.manage", "sms.read name.of.tomorrow", "sms.read"}, /* unknown: counts for nothing */
        {"sms.manage", "name.of.tomorrow", ""},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        bed_init(&b);
        b.token.claims.scope = str_from(rows[i].jwt);
        narrow(&b, 6, rows[i].row, 1001);
        expect_scopes(&b, i, rows[i].left, 1001);
        bed_done(&b);
    }
}

/* SPEC 3: an earlier end acts on the next introspection, and may be moved back up to the signed
 * one. */
Test(standing, a_row_follows_its_changes)
{
    static const struct {
        const char *scopes;
        int64_t exp_s;
        const char *left;
        int64_t left_exp_s;
    } rows[] = {
        {"calls.read", 5000, "calls.read", 5000},
        {"calls.read sms.manage", 5000, "calls.read sms.manage", 5000}, /* widened again */
        {"calls.read sms.manage", 2000, "calls.read sms.manage", 2000}, /* shortened */
        {"sms.read", 2500, "sms.read", 2500},
        {"calls.read sms.manage", 5000, "calls.read sms.manage", 5000}, /* moved back up */
        {"calls.read sms.manage", 9000, "calls.read sms.manage", 5000}, /* never past the claim */
    };
    struct bed b;
    bed_init(&b);
    b.token.claims.exp_s = 5000;
    expect_scopes(&b, 99, "calls.read sms.manage", 5000);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        narrow(&b, 6 + i, rows[i].scopes, rows[i].exp_s);
        expect_scopes(&b, i, rows[i].left, rows[i].left_exp_s);
    }
    bed_done(&b);
    leaks_check();
}

Test(standing, a_shortened_token_ends_to_the_second) /* 7662-4-a: no leeway */
{
    struct bed b;
    bed_init(&b);
    b.token.claims.exp_s = 5000;
    narrow(&b, 6, "calls.read", 1001);
    cr_assert(is_active(&b));
    b.facts.now_s = 1001;
    cr_assert(!is_active(&b));
    narrow(&b, 7, "calls.read", 1002);
    cr_assert(is_active(&b), "it lives again when its end is moved back");
    b.facts.now_s = 4999;
    narrow(&b, 8, "calls.read", 6000);
    cr_assert(is_active(&b));
    b.facts.now_s = 5000;
    cr_assert(!is_active(&b), "no JWT outlives its own claim");
    bed_done(&b);
}

Test(standing, a_narrowed_token_is_revoked_for_good) /* P2 */
{
    struct bed b;
    bed_init(&b);
    narrow(&b, 6, "calls.read", 1001);
    cr_assert(is_active(&b));
    enter(&b, 7, ENTRY_TOKEN_REVOKED, b.token.claims.token_sid, "");
    cr_assert(!is_active(&b));
    narrow(&b, 8, "calls.read sms.manage", 1001);
    cr_assert(!is_active(&b));
    bed_done(&b);
}

#define VALUE(name, more) "{\"name\":\"" name "\",\"category\":\"c\",\"description\":\"d\"" more "}"
#define TABLE(values)     "{\"table\":\"carrierx\",\"values\":[" values "]}"

static struct scope_catalogue *catalogue_of(const char *text,
                                            const struct scope_catalogue *previous)
{
    const struct scope_source source = {STR("carrierx"), STR("carrierx.json"), str_from(text)};
    struct scope_catalogue *catalogue = NULL;
    char memory[1024];
    struct buf errors;

    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(catalogue_build(&source, 1, previous, &catalogue, &errors), "%.*s", (int)errors.len,
              errors.ptr);
    return catalogue;
}

/* P1: a name that a row holds counts with the catalogue of the moment: a reload needs to tell the
 * index nothing. */
Test(standing, a_name_that_comes_with_a_reload_counts)
{
    struct bed b;
    struct scope_catalogue *small = catalogue_of(TABLE(VALUE("sms.manage", "")), NULL);
    struct scope_catalogue *grown = catalogue_of(
        TABLE(VALUE("sms.manage", ",\"includes\":[\"sms.read\"]") "," VALUE("sms.read", "")),
        small);
    struct party *early = NULL, *late = NULL;

    bed_init(&b);
    cr_assert(result_ok(party_load(b.tree.store, small, &early)));
    cr_assert(result_ok(party_load(b.tree.store, grown, &late)));
    narrow(&b, 6, "sms.read", 1001);
    for (int round = 0; round < 2; round++) {
        struct token_standing standing;
        b.facts.catalogue = small, b.facts.party = early;
        cr_assert(result_ok(token_standing(&b.facts, &b.token, &standing)));
        cr_assert(standing.active && scope_set_is_empty(&standing.scopes));
        b.facts.catalogue = grown, b.facts.party = late;
        cr_assert(result_ok(token_standing(&b.facts, &b.token, &standing)));
        cr_assert_eq(scope_set_count(&standing.scopes), 1);
    }
    party_unref(&early);
    party_unref(&late);
    catalogue_free(&small);
    catalogue_free(&grown);
    bed_done(&b);
    leaks_check();
}

Test(standing, epochs_cut_what_was_minted_before_them) /* SPEC 6 */
{
    static const struct {
        enum entry_kind kind;
        size_t id; /* offset in struct tree */
        const char *kid;
        bool hits;
    } rows[] = {
        {ENTRY_EPOCH_APPLICATION, offsetof(struct tree, shop_app), "", true},
        {ENTRY_EPOCH_APPLICATION, offsetof(struct tree, reseller_app), "", false},
        {ENTRY_EPOCH_PARTNER, offsetof(struct tree, shop), "", true},
        {ENTRY_EPOCH_PARTNER, offsetof(struct tree, reseller), "", false},
        {ENTRY_EPOCH_PARTNER_TREE, offsetof(struct tree, reseller), "", true},
        {ENTRY_EPOCH_PARTNER_TREE, offsetof(struct tree, root), "", true},
        {ENTRY_EPOCH_PARTNER_TREE, offsetof(struct tree, closed), "", false},
        {ENTRY_EPOCH_KEY, 0, "key-one", true},
        {ENTRY_EPOCH_KEY, 0, "key-two", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct bed b;
        struct sid id = {{0}};
        bed_init(&b);
        if (rows[i].kid[0] == '\0')
            memcpy(&id, (char *)&b.tree + rows[i].id, sizeof(id));
        enter(&b, 6, rows[i].kind, id, rows[i].kid);
        cr_assert_eq(is_active(&b), !rows[i].hits, "row %zu", i);
        b.token.claims.epoch = 6;
        cr_assert(is_active(&b), "row %zu: minted after it", i);
        bed_done(&b);
    }
}

Test(standing, whoever_is_behind_it_must_work) /* 7662-4-c */
{
    struct bed b;
    bed_init(&b);
    struct sid stranger = b.tree.shop;
    stranger.bytes[15] ^= 1;
    const struct {
        struct sid client, partner;
        bool active;
    } rows[] = {
        {b.tree.shop_app, b.tree.shop, true},    {b.tree.below_app, b.tree.below, false},
        {b.tree.shop_app, b.tree.closed, false}, {stranger, b.tree.shop, false},
        {b.tree.shop_app, stranger, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        b.token.claims.client_id = rows[i].client;
        b.token.claims.partner_sid = rows[i].partner;
        cr_assert_eq(is_active(&b), rows[i].active, "row %zu", i);
    }
    bed_done(&b);
}

Test(standing, outdated_tables_cannot_tell) /* P1, P4, 7662-4-g */
{
    struct bed b;
    struct token_standing standing;
    bed_init(&b);
    party_outdate(b.tree.party);
    cr_assert_eq(token_standing(&b.facts, &b.token, &standing).code, ERR_FAULT_TABLES);
    bed_done(&b);
}

Test(standing, an_incomplete_index_cannot_tell) /* P4, 7662-4-g */
{
    struct bed b;
    struct token_standing standing;
    bed_init(&b);
    revocation_index_free(&b.index);
    cr_assert(result_ok(revocation_index_new(&b.quiesce, &b.index)));
    b.facts.index = b.index;
    cr_assert_eq(token_standing(&b.facts, &b.token, &standing).code, ERR_FAULT_INDEX);
    bed_done(&b);
}
