#include "core/limits.h"
#include "fixture.h"

TestSuite(thread, .init = fixture_init, .fini = fixture_done);

static struct crypto_ctx *ctx_of(struct keyring_thread *thread, const struct keyring_key *key)
{
    struct crypto_ctx *ctx = NULL;
    cr_assert(result_ok(keyring_thread_ctx(thread, key, &ctx)));
    cr_assert_not_null(ctx);
    return ctx;
}

Test(thread, mints_and_verifies_with_the_active_key) /* 9068-2.1-a */
{
    struct keyring_thread *thread;
    struct arena arena;
    struct buf token;
    struct jws jws;
    bool holds = false;
    generate(KEY_ES256, NOW_S);
    struct keyring *keyring = load(KEY_ES256);
    cr_assert(result_ok(keyring_thread_new(&thread)));
    cr_assert(result_ok(keyring_thread_prepare(thread, keyring)));
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    buf_init_arena(&token, &arena, 256, LIMIT_TOKEN);

    const struct keyring_key *key = keyring_active(keyring);
    cr_assert(result_ok(jws_write(&token, keyring_key_prefix(key, JWS_AT_JWT),
                                  STR("{\"sub\":\"a\"}"), ctx_of(thread, key))));
    cr_assert_eq(jws_parse(&arena, buf_view(&token), &jws), ERR_NONE);
    cr_assert(str_eq(jws.typ, STR("at+jwt")));
    key = keyring_find(keyring, jws.kid);
    cr_assert_not_null(key);
    cr_assert(result_ok(jws_verify(&jws, ctx_of(thread, key), &holds)));
    cr_assert(holds);

    arena_reset(&arena);
    keyring_unref(&keyring);
    keyring_thread_free(&thread);
    keyring_thread_free(&thread);
}

Test(thread, contexts_outlive_a_reload)
{
    struct keyring_thread *thread;
    generate(KEY_ES256, NOW_S);
    cr_assert(result_ok(keyring_thread_new(&thread)));
    struct keyring *keyring = load(KEY_ES256);
    cr_assert(result_ok(keyring_thread_prepare(thread, keyring)));
    struct crypto_ctx *before = ctx_of(thread, keyring_active(keyring));
    generate(KEY_ES256, NOW_S);
    struct keyring *reloaded = load(KEY_ES256);
    cr_assert(result_ok(keyring_thread_prepare(thread, reloaded)));
    cr_assert_eq(ctx_of(thread, keyring_active(reloaded)), before);
    keyring_unref(&keyring);
    cr_assert_eq(ctx_of(thread, keyring_active(reloaded)), before);
    keyring_unref(&reloaded);
    keyring_thread_free(&thread);
}

/* A request that pins the keyring before a withdrawal finishes with it; the thread just sets up
 * again. */
Test(thread, a_key_of_an_older_keyring_still_works)
{
    struct keyring_thread *thread;
    struct keyring_entry first = generate(KEY_ES256, NOW_S);
    cr_assert(result_ok(keyring_thread_new(&thread)));
    struct keyring *old = load(KEY_ES256);
    cr_assert_eq(keyring_withdraw(key_path, keyring_entry_kid(&first), true, NOW_S, &why),
                 KEYRING_DONE);
    struct keyring *new = load(KEY_ES256);
    cr_assert(result_ok(keyring_thread_prepare(thread, old)));
    cr_assert(result_ok(keyring_thread_prepare(thread, new)));
    ctx_of(thread, keyring_active(old));
    ctx_of(thread, keyring_active(new));
    keyring_unref(&old);
    keyring_unref(&new);
    keyring_thread_free(&thread);
}

Test(thread, more_keys_than_slots_take_turns)
{
    struct keyring_thread *thread;
    cr_assert(result_ok(keyring_thread_new(&thread)));
    for (int i = 0; i < 3 * KEYRING_LIVE_MAX; i++) {
        struct keyring_entry entry = generate(KEY_ES256, NOW_S);
        struct keyring *keyring = load(KEY_ES256);
        ctx_of(thread, keyring_active(keyring));
        ctx_of(thread, keyring_active(keyring));
        keyring_unref(&keyring);
        cr_assert_eq(keyring_withdraw(key_path, keyring_entry_kid(&entry), true, NOW_S, &why),
                     KEYRING_DONE);
        fixture_done();
        fixture_init();
    }
    keyring_thread_free(&thread);
}
