/* Snapshots: whole or not at all, and there as long as somebody looks (P1). */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "support/leaks.h"
#include "unit/exchange/bed.h"
#include "unit/party/tree.h"

static const struct config_jwt_type types[] = {
    {STR_INIT("https://old.example"), true},
    {STR_INIT("https://new.example"), false},
    {STR_INIT("urn:older"), true},
};

static struct config config(struct str issuer)
{
    return (struct config){
        .server.issuer = issuer,
        .tokens = {.access_ttl_default_s = 900,
                   .access_ttl_min_s = 60,
                   .access_ttl_max_s = 3600,
                   .jwt_type = {types, 3}},
        .keys.jwks_max_age_s = 300,
    };
}

static const struct snapshot_tables no_tables;

/* The tree's, with a hold on them. */
static struct snapshot_tables tables_of(struct tree *tree)
{
    struct snapshot_tables tables = {.party = tree->party, .version = 1};

    party_ref(tree->party);
    cr_assert(result_ok(acl_tables_load(tree->store, NULL, &tables.acls)));
    return tables;
}

Test(snapshot, keeps_copies_of_what_it_was_made_of)
{
    char issuer[] = "https://as.example", metadata[] = "{\"issuer\":\"x\"}";
    struct config from = config(str_from(issuer));
    struct snapshot *s;
    cr_assert(result_ok(snapshot_new(&from, NULL, NULL, &no_tables, str_from(metadata), NULL, &s)));
    memset(issuer, '!', sizeof(issuer));
    memset(metadata, '!', sizeof(metadata));
    from.tokens.access_ttl_max_s = 1;

    cr_assert(str_eq(s->issuer, STR("https://as.example")));
    cr_assert(str_eq(s->policy.issuer, STR("https://as.example")));
    cr_assert(str_eq(s->metadata, STR("{\"issuer\":\"x\"}")));
    cr_assert(str_eq(s->cache_control, STR("public, max-age=300")));
    cr_assert_eq(s->policy.ttl_default_s, 900);
    cr_assert_eq(s->policy.ttl_min_s, 60);
    cr_assert_eq(s->policy.ttl_max_s, 3600);
    cr_assert_eq(s->policy.plain_count, (size_t)2);
    cr_assert(str_eq(s->policy.plain[0].audience, STR("https://old.example")));
    cr_assert(str_eq(s->policy.plain[1].audience, STR("urn:older")));
    snapshot_unref(s);
    leaks_check();
}

static struct snapshot *with_metadata(const char *metadata)
{
    const struct config from = config(STR("https://as.example"));
    struct snapshot *s;
    cr_assert(result_ok(snapshot_new(&from, NULL, NULL, &no_tables, str_from(metadata), NULL, &s)));
    return s;
}

Test(snapshot, a_document_has_a_strong_tag_of_its_bytes)
{
    struct snapshot *a = with_metadata("{\"a\":1}"), *same = with_metadata("{\"a\":1}"),
                    *other = with_metadata("{\"a\":2}");
    struct str tag = a->metadata_etag;
    cr_assert(str_eq(tag, same->metadata_etag));
    cr_assert(!str_eq(tag, other->metadata_etag));
    cr_assert_eq(tag.len, (size_t)18);
    cr_assert(tag.ptr[0] == '"' && tag.ptr[tag.len - 1] == '"');
    for (size_t i = 1; i < tag.len - 1; i++) /* RFC9110-8.8.3: etagc, and none of them a comma */
        cr_assert(tag.ptr[i] > 0x20 && tag.ptr[i] < 0x7F && strchr("\",", tag.ptr[i]) == NULL);
    snapshot_unref(a);
    snapshot_unref(same);
    snapshot_unref(other);
}

/* A keyring is known here by its tags alone, one for each key (see bed.c). */
Test(snapshot, tokens_stay_verified_as_long_as_nothing_changes_that_verifies_them)
{
    static const struct config_jwt_type other[] = {{STR_INIT("https://old.example"), true}};
    static const struct {
        const char *issuer, *keys;
        struct config_jwt_types types;
        uint64_t steps;
    } rows[] = {
        {"https://as.example", "keys-one", {types, 3}, 0},
        {"https://as.example", "keys-one keys-two", {types, 3}, 0}, /* a rotation */
        {"https://as.example", "keys-two", {types, 3}, 1},          /* 7662-4-b: a withdrawn key */
        {"https://new.example", "keys-one", {types, 3}, 1},
        {"https://as.example", "keys-one", {other, 1}, 1},
        {"https://as.example", "keys-one", {types, 2}, 1},
        {"https://as.example", "keys-one", {NULL, 0}, 1},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct config from = config(STR("https://as.example"));
        struct snapshot *first, *second;
        cr_assert(result_ok(
            snapshot_new(&from, NULL, bed_keys("keys-one"), &no_tables, STR("{}"), NULL, &first)));
        from.server.issuer = str_from(rows[i].issuer);
        from.tokens.jwt_type = rows[i].types;
        from.tokens.access_ttl_max_s++; /* no matter */
        cr_assert(result_ok(snapshot_new(&from, NULL, bed_keys(rows[i].keys), &no_tables, STR("[]"),
                                         first, &second)));
        cr_assert_eq(second->verify_version - first->verify_version, rows[i].steps, "row %zu", i);
        snapshot_unref(first);
        snapshot_unref(second);
    }
}

/* ---- memory faults ---- */

static int mallocs_left = -1; /* below 0: all succeed */

void *__real_malloc(size_t size);
void *__wrap_malloc(size_t size);
void *__real_calloc(size_t n, size_t size);
void *__wrap_calloc(size_t n, size_t size);

static bool is_short(void)
{
    return mallocs_left >= 0 && mallocs_left-- == 0;
}

void *__wrap_malloc(size_t size)
{
    return is_short() ? NULL : __real_malloc(size);
}

void *__wrap_calloc(size_t n, size_t size)
{
    return is_short() ? NULL : __real_calloc(n, size);
}

Test(snapshot, without_memory_there_is_none_and_nothing_was_taken)
{
    struct tree tree;
    const struct config from = config(STR("https://as.example"));
    struct snapshot *s = NULL;
    struct result made = FAULT(ERR_FAULT_MEMORY);
    char metadata[20000]; /* does not fit what the arena has at hand */
    int fails = 0;

    tree_init(&tree);
    struct snapshot_tables tables = tables_of(&tree);
    memset(metadata, 'm', sizeof(metadata));
    while (!result_ok(made)) {
        mallocs_left = fails++;
        made = snapshot_new(&from, tree.catalogue, NULL, &tables,
                            str_make(metadata, sizeof(metadata)), NULL, &s);
        mallocs_left = -1;
        if (!result_ok(made)) {
            cr_assert_eq(made.code, ERR_FAULT_MEMORY);
            cr_assert_null(s);
            cr_assert_not_null(party_root(tables.party), "still the caller's");
        }
    }
    cr_assert_gt(fails, 2);
    tree.catalogue = NULL; /* now the snapshot's */
    snapshot_unref(s);
    tree_done(&tree);
    leaks_check();
}

/* ---- tables that change ---- */

/* A bed whose snapshot has the tree's tables; the tree keeps a hold on them. */
static void publish_tree(struct bed *bed, struct tree *tree)
{
    const struct config from = config(STR("https://as.example"));
    struct snapshot *s;

    tree_init(tree);
    bed_init(bed);
    struct snapshot_tables tables = tables_of(tree);
    cr_assert(result_ok(
        snapshot_new(&from, tree->catalogue, bed_keys("keys"), &tables, STR("{}"), NULL, &s)));
    tree->catalogue = NULL; /* now the snapshot's */
    snapshot_publish(&bed->server, s);
}

static struct store_change gone(const struct sid *client_id)
{
    return (struct store_change){.kind = STORE_CHANGE_APPLICATION_GONE, .client_id = *client_id};
}

Test(snapshot, a_change_of_tables_changes_nothing_else)
{
    struct tree tree;
    struct bed bed;
    publish_tree(&bed, &tree);
    const struct snapshot *old = snapshot_now(&bed.server);
    const struct store_change change = gone(&tree.shop_app);
    snapshot_change_tables(&bed.server, &change, 1, 2);
    const struct snapshot *now = snapshot_now(&bed.server);

    cr_assert_neq(now, old);
    cr_assert_null(party_find_application(now->party, &tree.shop_app));
    cr_assert_eq(now->tables_version, 2u);
    cr_assert_not_null(party_find_application(old->party, &tree.shop_app), "seen to its end");
    cr_assert_eq(old->tables_version, 1u);
    cr_assert_eq(now->verify_version, old->verify_version, "no token is verified again");
    cr_assert_eq(now->catalogue, old->catalogue);
    cr_assert_eq(now->keyring, old->keyring);
    cr_assert_eq(now->issuer.ptr, old->issuer.ptr);
    cr_assert_eq(now->metadata.ptr, old->metadata.ptr);
    cr_assert_eq(now->metadata_etag.ptr, old->metadata_etag.ptr);
    cr_assert_eq(now->cache_control.ptr, old->cache_control.ptr);
    cr_assert_eq(memcmp(&now->policy, &old->policy, sizeof(now->policy)), 0);
    bed_done(&bed);
    tree_done(&tree);
    leaks_check();
}

Test(snapshot, what_they_share_goes_with_the_last_of_them)
{
    struct tree tree;
    struct bed bed;
    publish_tree(&bed, &tree);
    bed_turn(&bed);
    unsigned before = bed_snapshots_freed();
    const struct store_change changes[] = {gone(&tree.shop_app), gone(&tree.below_app),
                                           gone(&tree.root_app)};
    const struct snapshot *first = snapshot_now(&bed.server);
    snapshot_ref(first);
    for (uint64_t i = 0; i < 3; i++)
        snapshot_change_tables(&bed.server, &changes[i], 1, i + 2);
    bed_turn(&bed);
    snapshot_unref(first);
    cr_assert_eq(bed_snapshots_freed(), before, "catalogue and keys are still looked at");
    cr_assert(str_eq(snapshot_now(&bed.server)->issuer, STR("https://as.example")));
    cr_assert_eq(party_counts(snapshot_now(&bed.server)->party).applications, (size_t)1);
    bed_done(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
    tree_done(&tree);
    leaks_check();
}

/* P1, P4: rather no answer than one by tables that are older than what was acknowledged. */
Test(snapshot, tables_that_could_not_follow_are_outdated_until_others_come)
{
    struct tree tree;
    struct bed bed;
    int fails = 0;
    publish_tree(&bed, &tree);
    log_set_level(LOG_ERROR + 1);
    const struct store_change first = gone(&tree.shop_app), second = gone(&tree.below_app);
    const struct snapshot *now = snapshot_now(&bed.server);
    while (now == snapshot_now(&bed.server)) {
        struct snapshot_tables fresh = {.version = 1};
        struct snapshot *repaired;
        mallocs_left = fails++;
        snapshot_change_tables(&bed.server, &first, 1, 2);
        mallocs_left = -1;
        if (now != snapshot_now(&bed.server))
            break;
        cr_assert(party_is_outdated(now->party));
        snapshot_change_tables(&bed.server, &second, 1, 3);
        cr_assert_eq(now, snapshot_now(&bed.server), "what is missing stays missing");
        cr_assert_eq(now->tables_version, 1u);

        cr_assert(result_ok(party_load(tree.store, now->catalogue, &fresh.party)));
        cr_assert(result_ok(acl_tables_load(tree.store, now->acls, &fresh.acls)));
        cr_assert(result_ok(snapshot_with_tables(now, &fresh, &repaired)));
        snapshot_publish(&bed.server, repaired);
        now = repaired;
        cr_assert(!party_is_outdated(now->party));
    }
    cr_assert_gt(fails, 3);
    cr_assert(!party_is_outdated(snapshot_now(&bed.server)->party));
    bed_done(&bed);
    tree_done(&tree);
    leaks_check();
}

Test(snapshot, a_change_that_does_not_fit_outdates_the_tables)
{
    struct tree tree;
    struct bed bed;
    publish_tree(&bed, &tree);
    log_set_level(LOG_ERROR + 1);
    const struct store_change change = gone(&tree.shop);
    snapshot_change_tables(&bed.server, &change, 1, 2);
    cr_assert(party_is_outdated(snapshot_now(&bed.server)->party));
    bed_done(&bed);
    tree_done(&tree);
}

/* ---- lifetimes ---- */

Test(snapshot, lives_as_long_as_its_last_reference)
{
    unsigned before = bed_snapshots_freed();
    struct snapshot *s = with_metadata("{}");
    snapshot_ref(s);
    snapshot_ref(s);
    snapshot_unref(s);
    snapshot_unref(s);
    cr_assert_eq(bed_snapshots_freed(), before);
    cr_assert(str_eq(s->metadata, STR("{}")));
    snapshot_unref(s);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
}

Test(snapshot, a_reader_sees_either_the_old_or_the_new_one_to_the_end_of_its_turn)
{
    struct bed bed;
    bed_init(&bed);
    unsigned before = bed_snapshots_freed();
    const struct snapshot *old = snapshot_now(&bed.server);
    snapshot_publish(&bed.server, bed_snapshot(&bed, "https://new.example"));

    cr_assert(str_eq(snapshot_now(&bed.server)->issuer, STR("https://new.example")));
    quiesce_collect(&bed.server.quiesce);
    cr_assert_eq(bed_snapshots_freed(), before, "the turn that read it is not over");
    cr_assert(str_eq(old->issuer, STR(BED_ISSUER)));
    bed_turn(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
    bed_done(&bed);
    leaks_check();
}

Test(snapshot, the_slowest_reader_decides)
{
    struct bed bed;
    bed_init(&bed);
    unsigned before = bed_snapshots_freed();
    struct quiesce_reader *other = quiesce_register(&bed.server.quiesce);
    quiesce_pass(&bed.server.quiesce, other);
    snapshot_publish(&bed.server, bed_snapshot(&bed, "https://new.example"));
    bed_turn(&bed);
    cr_assert_eq(bed_snapshots_freed(), before);
    quiesce_pass(&bed.server.quiesce, other);
    bed_turn(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + 1);
    quiesce_offline(other);
    bed_done(&bed);
}

Test(snapshot, many_swaps_leave_one)
{
    enum { SWAPS = 100 };
    struct bed bed;
    bed_init(&bed);
    unsigned before = bed_snapshots_freed();
    for (int i = 0; i < SWAPS; i++)
        snapshot_publish(&bed.server, bed_snapshot(&bed, "https://new.example"));
    cr_assert_eq(bed_snapshots_freed(), before);
    bed_turn(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + SWAPS);
    bed_done(&bed);
    cr_assert_eq(bed_snapshots_freed(), before + SWAPS + 1);
    leaks_check();
}
