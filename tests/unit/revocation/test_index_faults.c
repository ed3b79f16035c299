/* Memory that runs out: the index says that it cannot tell (P4, CHECKLIST 7662-4-g), and can be
 * built again. */
#include <criterion/criterion.h>

#include "revocation/index.h"
#include "short.h"
#include "sids.h"

static struct quiesce quiesce;
static struct revocation_index *index_;

static void setup(void)
{
    quiesce_init(&quiesce);
    cr_assert(result_ok(revocation_index_new(&quiesce, &index_)));
}

static void teardown(void)
{
    atomic_store(&memory_is_short, false);
    revocation_index_free(&index_);
    quiesce_done(&quiesce);
}

TestSuite(index_faults, .init = setup, .fini = teardown);

static struct result apply(struct store_entry entry)
{
    return revocation_index_apply(index_, &entry, 1);
}

/* Applies until one faults, small tables and mapped ones; returns how many went in. */
static uint64_t apply_until_fault(uint64_t first)
{
    for (uint64_t n = first; n < first + 1000000; n++) {
        atomic_store(&memory_is_short, n > first);
        struct result result = apply(entry_revoked(n, sid_number(n), 100));
        atomic_store(&memory_is_short, false);
        if (!result_ok(result)) {
            cr_assert_eq(result.code, ERR_FAULT_MEMORY);
            return n;
        }
    }
    cr_assert_fail("no allocation was made to fail");
    return 0;
}

Test(index_faults, new_faults_without_memory)
{
    struct revocation_index *none = NULL;
    atomic_store(&memory_is_short, true);
    struct result result = revocation_index_new(&quiesce, &none);
    atomic_store(&memory_is_short, false);
    cr_assert_eq(result.code, ERR_FAULT_MEMORY);
    cr_assert_null(none);
}

Test(index_faults, a_lost_revocation_makes_the_index_incomplete_until_rebuilt_P4)
{
    static const uint64_t sizes[] = {1, 100000}; /* tables on the heap; mapped ones */

    for (size_t i = 0; i < 2; i++) {
        for (uint64_t n = 1; n < sizes[i]; n++)
            cr_assert(result_ok(apply(entry_revoked(n, sid_number(n), 100))));
        revocation_index_complete(index_, sizes[i]);
        cr_assert(revocation_index_is_complete(index_));

        uint64_t lost = apply_until_fault(sizes[i]);
        struct sid sid = sid_number(lost);
        cr_assert_not(sids_revoked(index_, &sid));
        cr_assert_not(revocation_index_is_complete(index_));
        revocation_index_complete(index_, lost + 1);
        cr_assert_not(revocation_index_is_complete(index_), "a later commit does not mend it");

        revocation_index_rebuild(index_);
        for (uint64_t n = 1; n <= lost; n++)
            cr_assert(result_ok(apply(entry_revoked(n, sid_number(n), 100))));
        cr_assert_not(revocation_index_is_complete(index_));
        revocation_index_complete(index_, lost);
        cr_assert(revocation_index_is_complete(index_));
        for (uint64_t n = 1; n <= lost; n++) {
            sid = sid_number(n);
            cr_assert(sids_revoked(index_, &sid));
        }
    }
}

/* The old statement stays readable, but nobody may rely on it any more. */
Test(index_faults, a_lost_set_makes_the_index_incomplete_until_rebuilt_P4)
{
    struct store_entry first = entry_narrowed(1, sid_number(1), "calls.manage", 90, 100);
    struct store_entry second = entry_narrowed(2, sid_number(1), "calls.read", 90, 100);
    struct sid sid = sid_number(1);
    struct entry_set set;

    cr_assert(result_ok(apply(first)));
    revocation_index_complete(index_, 1);
    atomic_store(&memory_is_short, true);
    struct result result = apply(second);
    atomic_store(&memory_is_short, false);
    cr_assert_eq(result.code, ERR_FAULT_MEMORY);
    cr_assert_not(revocation_index_is_complete(index_));
    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_SET);

    revocation_index_rebuild(index_);
    cr_assert(result_ok(apply(second)));
    revocation_index_complete(index_, 2);
    cr_assert(revocation_index_is_complete(index_));
    cr_assert_eq(revocation_index_find(index_, &sid, &set), REVOCATION_SET);
    cr_assert(str_eq(set.scopes, STR("calls.read")));
}

/* A revocation needs no memory where the token was narrowed before. */
Test(index_faults, a_narrowed_token_is_revoked_without_memory_P2)
{
    struct sid sid = sid_number(1);

    cr_assert(result_ok(apply(entry_narrowed(1, sid, "calls.read", 90, 100))));
    atomic_store(&memory_is_short, true);
    struct result result = apply(entry_revoked(2, sid, 100));
    atomic_store(&memory_is_short, false);
    cr_assert(result_ok(result));
    cr_assert(sids_revoked(index_, &sid));
}

Test(index_faults, a_lost_epoch_makes_the_index_incomplete_P4)
{
    revocation_index_complete(index_, 1);
    atomic_store(&memory_is_short, true);
    struct result result = apply(entry_epoch(2, ENTRY_EPOCH_APPLICATION, sid_number(1), 100));
    atomic_store(&memory_is_short, false);
    cr_assert_eq(result.code, ERR_FAULT_MEMORY);
    cr_assert_not(revocation_index_is_complete(index_));
}

Test(index_faults, a_sweep_without_memory_keeps_what_it_cannot_copy)
{
    for (uint64_t n = 1; n <= 5000; n++)
        cr_assert(result_ok(apply(entry_revoked(n, sid_number(n), n % 2 == 0 ? 100 : 200))));
    cr_assert(result_ok(apply(entry_epoch(9, ENTRY_EPOCH_USER, sid_number(1), 100))));
    revocation_index_complete(index_, 5000);

    atomic_store(&memory_is_short, true);
    for (int i = 0; i < 16; i++)
        revocation_index_sweep(index_, 150);
    atomic_store(&memory_is_short, false);
    cr_assert(revocation_index_is_complete(index_), "kept too long does no harm");
    cr_assert_eq(revocation_index_stats(index_).epochs, 1);
    for (uint64_t n = 1; n <= 5000; n += 2) {
        struct sid sid = sid_number(n);
        cr_assert(sids_revoked(index_, &sid));
    }

    for (int i = 0; i < 16; i++)
        revocation_index_sweep(index_, 150);
    cr_assert_eq(revocation_index_stats(index_).tokens, 2500);
}
