/* The states of keys as pure functions: every step, every refusal. */
#include "fixture.h"

TestSuite(manifest, .init = why_clear);

static struct str kid_of(int n)
{
    static char kids[64][JWK_THUMBPRINT + 1];
    snprintf(kids[n], sizeof(kids[n]), "%043d", n);
    return str_make(kids[n], JWK_THUMBPRINT);
}

static void add(struct keyring_manifest *m, enum key_alg alg, int n, int64_t now_s)
{
    cr_assert(manifest_add(m, alg, kid_of(n).ptr, now_s, &why), "%s", why_memory);
}

static const struct keyring_entry *entry(const struct keyring_manifest *m, int n)
{
    const struct keyring_entry *found = manifest_find(m, kid_of(n));
    cr_assert_not_null(found);
    return found;
}

static void expect_state(const struct keyring_manifest *m, int n, enum key_state state)
{
    cr_assert_eq(entry(m, n)->state, state, "key %d is %s", n, key_state_name(entry(m, n)->state));
}

/* One active key and one next, both published at NOW_S. */
static struct keyring_manifest two_keys(void)
{
    struct keyring_manifest m = {0};
    add(&m, KEY_ES256, 1, NOW_S - 100);
    add(&m, KEY_ES256, 2, NOW_S - 100);
    cr_assert(manifest_publish(&m, &policy, NOW_S));
    return m;
}

Test(manifest, the_very_first_key_is_active_at_once_and_no_other)
{
    struct keyring_manifest m = {0};
    add(&m, KEY_ES256, 1, NOW_S);
    add(&m, KEY_ES256, 2, NOW_S + 1);
    add(&m, KEY_EDDSA, 3, NOW_S + 2);
    expect_state(&m, 1, KEY_ACTIVE);
    expect_state(&m, 2, KEY_NEXT);
    expect_state(&m, 3, KEY_NEXT); /* unknown to verifiers, like any new key */
    cr_assert_eq(entry(&m, 1)->created_s, NOW_S);
    cr_assert_eq(entry(&m, 1)->activated_s, NOW_S);
    cr_assert_eq(entry(&m, 2)->activated_s, 0);
}

Test(manifest, add_refuses_a_second_next_and_a_known_kid)
{
    struct keyring_manifest m = {0};
    add(&m, KEY_ES256, 1, NOW_S);
    add(&m, KEY_ES256, 2, NOW_S);
    cr_assert_not(manifest_add(&m, KEY_ES256, kid_of(3).ptr, NOW_S, &why));
    expect_why("is the next ES256 key already; rotate to use it");
    cr_assert_not(manifest_add(&m, KEY_EDDSA, kid_of(2).ptr, NOW_S, &why));
    expect_why("is listed already");
    cr_assert_eq(m.n, 2);
}

Test(manifest, rotate_moves_each_key_one_state_on)
{
    struct keyring_manifest m = two_keys();
    int64_t at = NOW_S + policy.jwks_max_age_s + KEYRING_ROUNDING_S;
    cr_assert(manifest_rotate(&m, KEY_ES256, &policy, false, at, &why), "%s", why_memory);
    expect_state(&m, 1, KEY_RETIRED);
    expect_state(&m, 2, KEY_ACTIVE);
    cr_assert_eq(entry(&m, 1)->retired_s, at);
    cr_assert_eq(entry(&m, 1)->gone_after_s, at + 3600 + KEYRING_MARGIN_S);
    cr_assert_eq(entry(&m, 2)->activated_s, at);
    manifest_sweep(&m, at + 3600 + KEYRING_MARGIN_S - 1);
    expect_state(&m, 1, KEY_RETIRED);
    manifest_sweep(&m, at + 3600 + KEYRING_MARGIN_S);
    expect_state(&m, 1, KEY_GONE);
    cr_assert_not(entry(&m, 1)->withdrawn);
    cr_assert_eq(entry(&m, 1)->gone_s, at + 3600 + KEYRING_MARGIN_S);
}

Test(manifest, rotate_waits_for_a_max_age_of_the_jwks) /* 8414-x-b */
{
    struct keyring_manifest m = two_keys(), before = m;
    int64_t due = NOW_S + policy.jwks_max_age_s + KEYRING_ROUNDING_S;
    cr_assert_not(manifest_rotate(&m, KEY_ES256, &policy, false, due - 1, &why));
    expect_why("verifiers may not know it for another 1 s");
    cr_assert_not(manifest_rotate(&m, KEY_ES256, &policy, false, NOW_S, &why));
    expect_why("another 301 s; --force");
    cr_assert_not(manifest_rotate(&m, KEY_ES256, &policy, false, NOW_S - 1000, &why)); /* clock */
    expect_why("another 1301 s");
    cr_assert_eq(memcmp(&m, &before, sizeof(m)), 0);
    cr_assert(manifest_rotate(&m, KEY_ES256, &policy, true, NOW_S, &why));
    expect_state(&m, 2, KEY_ACTIVE);
}

Test(manifest, rotate_refuses_a_key_that_no_server_has_shown)
{
    struct keyring_manifest m = {0};
    add(&m, KEY_ES256, 1, NOW_S);
    add(&m, KEY_ES256, 2, NOW_S);
    cr_assert_not(manifest_rotate(&m, KEY_ES256, &policy, false, NOW_S + 1000000, &why));
    expect_why("has not been published yet");
    expect_state(&m, 2, KEY_NEXT);
    cr_assert(manifest_rotate(&m, KEY_ES256, &policy, true, NOW_S, &why));
}

Test(manifest, rotate_needs_a_next_key_of_that_algorithm)
{
    struct keyring_manifest m = {0};
    add(&m, KEY_ES256, 1, NOW_S);
    cr_assert_not(manifest_rotate(&m, KEY_ES256, &policy, true, NOW_S, &why));
    expect_why("there is no next ES256 key");
    cr_assert_not(manifest_rotate(&m, KEY_RS256, &policy, true, NOW_S, &why));
    expect_why("there is no next RS256 key");
}

Test(manifest, the_first_rotation_of_another_algorithm_retires_nobody)
{
    struct keyring_manifest m = two_keys();
    add(&m, KEY_EDDSA, 3, NOW_S);
    manifest_publish(&m, &policy, NOW_S);
    cr_assert(manifest_rotate(&m, KEY_EDDSA, &policy, false, NOW_S + 360, &why));
    expect_state(&m, 1, KEY_ACTIVE);
    expect_state(&m, 2, KEY_NEXT);
    expect_state(&m, 3, KEY_ACTIVE);
}

/* THREATS-60: nothing but a withdrawal removes a key before its tokens are over. */
Test(manifest, a_key_waits_for_the_longest_lifetime_it_ever_signed_with)
{
    struct keyring_manifest m = two_keys();
    struct keyring_policy longer = policy, shorter = policy;
    longer.token_ttl_max_s = 86400;
    shorter.token_ttl_max_s = 60;
    cr_assert(manifest_publish(&m, &longer, NOW_S));
    cr_assert_not(manifest_publish(&m, &shorter, NOW_S));
    cr_assert(manifest_rotate(&m, KEY_ES256, &shorter, true, NOW_S, &why));
    cr_assert_eq(entry(&m, 1)->gone_after_s, NOW_S + 86400 + KEYRING_MARGIN_S);
    cr_assert_eq(entry(&m, 2)->token_ttl_s, 60);
}

Test(manifest, retire_takes_an_active_key_out_but_not_the_last)
{
    struct keyring_manifest m = two_keys();
    cr_assert_not(manifest_retire(&m, kid_of(1), &policy, NOW_S, &why));
    expect_why("is the only active key");
    cr_assert_not(manifest_retire(&m, kid_of(2), &policy, NOW_S, &why));
    expect_why("is next; only an active key can be retired");
    cr_assert_not(manifest_retire(&m, kid_of(9), &policy, NOW_S, &why));
    expect_why("no such key");
    add(&m, KEY_EDDSA, 3, NOW_S);
    cr_assert(manifest_rotate(&m, KEY_EDDSA, &policy, true, NOW_S, &why));
    cr_assert(manifest_retire(&m, kid_of(1), &policy, NOW_S, &why));
    expect_state(&m, 1, KEY_RETIRED);
    cr_assert_eq(entry(&m, 1)->gone_after_s, NOW_S + 3600 + KEYRING_MARGIN_S);
}

Test(manifest, withdraw_is_at_once) /* 7662-4-b */
{
    struct keyring_manifest m = two_keys();
    cr_assert(manifest_rotate(&m, KEY_ES256, &policy, true, NOW_S, &why));
    cr_assert(manifest_withdraw(&m, kid_of(1), false, NOW_S + 1, &why));
    expect_state(&m, 1, KEY_GONE);
    cr_assert(entry(&m, 1)->withdrawn);
    cr_assert_eq(entry(&m, 1)->gone_s, NOW_S + 1);
    cr_assert_not(manifest_withdraw(&m, kid_of(1), true, NOW_S, &why));
    expect_why("no such key");
}

/* THREATS-60: and the way back from a bad key is one command. */
Test(manifest, withdraw_of_the_active_key_needs_a_successor)
{
    struct keyring_manifest m = two_keys(), before = m;
    cr_assert_not(manifest_withdraw(&m, kid_of(1), false, NOW_S, &why));
    expect_why("is active; withdraw it with --replace");
    cr_assert_eq(memcmp(&m, &before, sizeof(m)), 0);
    cr_assert(manifest_withdraw(&m, kid_of(1), true, NOW_S, &why)); /* however young */
    expect_state(&m, 1, KEY_GONE);
    expect_state(&m, 2, KEY_ACTIVE);
    cr_assert_eq(entry(&m, 2)->token_ttl_s, 3600);
    cr_assert_not(manifest_withdraw(&m, kid_of(2), true, NOW_S, &why));
    expect_why("there is no next ES256 key to replace it");
}

Test(manifest, a_next_key_can_be_withdrawn)
{
    struct keyring_manifest m = two_keys();
    cr_assert(manifest_withdraw(&m, kid_of(2), false, NOW_S, &why));
    expect_state(&m, 2, KEY_GONE);
    expect_state(&m, 1, KEY_ACTIVE);
}

Test(manifest, live_keys_are_bounded_and_history_forgets_the_oldest)
{
    struct keyring_manifest m = {0};
    int made = 0;
    add(&m, KEY_ES256, made++, NOW_S);
    while (made < KEYRING_LIVE_MAX) {
        add(&m, KEY_ES256, made++, NOW_S);
        if (made < KEYRING_LIVE_MAX)
            cr_assert(manifest_rotate(&m, KEY_ES256, &policy, true, NOW_S, &why));
    }
    cr_assert_not(manifest_add(&m, KEY_EDDSA, kid_of(60).ptr, NOW_S, &why));
    expect_why("32 keys are in use");

    int64_t later = NOW_S + 100000;
    manifest_sweep(&m, later);
    size_t gone = 0;
    for (size_t i = 0; i < m.n; i++)
        gone += m.entries[i].state == KEY_GONE;
    cr_assert_eq(gone, KEYRING_HISTORY_MAX);
    cr_assert_eq(m.n, KEYRING_HISTORY_MAX + 2);
    cr_assert_null(manifest_find(&m, kid_of(0)), "the oldest is forgotten");
    expect_state(&m, KEYRING_LIVE_MAX - 2, KEY_ACTIVE);
    expect_state(&m, KEYRING_LIVE_MAX - 1, KEY_NEXT);
}

Test(manifest, publish_is_news_once)
{
    struct keyring_manifest m = two_keys();
    cr_assert_eq(entry(&m, 2)->published_s, NOW_S);
    cr_assert_not(manifest_publish(&m, &policy, NOW_S + 5));
    cr_assert_eq(entry(&m, 2)->published_s, NOW_S);
}
