/* What a server refuses to start with, each with one line that says what to do (F-42, F-43), and
 * what it makes of a good directory. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "core/limits.h"
#include "fixture.h"
#include "json/read.h"

TestSuite(load, .init = fixture_init, .fini = fixture_done);

static void expect_refused(const char *part, const char *part2)
{
    struct keyring *keyring = NULL;
    cr_assert_not(keyring_load(key_path, KEY_ES256, &keyring, &why));
    cr_assert_null(keyring);
    cr_assert_not_null(strstr(why_memory, part2), "\"%s\" is not in: %s", part2, why_memory);
    expect_why(part);
}

static void change_pem(const struct keyring_entry *entry, const char *text, mode_t mode)
{
    char name[64];
    pem_name(keyring_entry_kid(entry), name);
    write_text(name, text, mode);
}

Test(load, a_fresh_directory)
{
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    struct keyring *keyring = load(KEY_ES256);
    const struct keyring_key *key = keyring_active(keyring);
    cr_assert(str_eq(keyring_key_kid(key), keyring_entry_kid(&entry)));
    cr_assert_eq(keyring_key_alg(key), KEY_ES256);
    cr_assert_eq(keyring_find(keyring, keyring_entry_kid(&entry)), key);
    cr_assert_gt(keyring_key_prefix(key, JWS_AT_JWT)->len, keyring_key_prefix(key, JWS_JWT)->len);
    keyring_unref(&keyring);
    cr_assert_null(keyring);
    keyring_unref(&keyring);
}

Test(load, a_missing_directory)
{
    struct keyring *keyring = NULL;
    cr_assert_not(keyring_load("/nonexistent/keys", KEY_ES256, &keyring, &why));
    expect_why("/nonexistent/keys: No such file or directory; `scopemint init` makes it");
}

Test(load, an_empty_directory)
{
    expect_refused("keyring.json: is missing", "scopemint init");
}

Test(load, a_directory_that_others_can_write_to)
{
    generate(KEY_ES256, NOW_S);
    cr_assert_eq(chmod(key_path, 0770), 0);
    expect_refused("group or others can write to it (mode 0770)", "chmod go-w");
}

Test(load, a_key_that_others_can_read) /* F-43 */
{
    static const mode_t modes[] = {0640, 0604, 0644, 0620, 0602, 0610, 0601, 0666};
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    char name[64], path[256];
    pem_name(keyring_entry_kid(&entry), name);
    path_of(name, path);
    for (size_t i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        cr_assert_eq(chmod(path, modes[i]), 0);
        expect_refused("others than its owner can touch it", "run: chmod 600");
    }
    cr_assert_eq(chmod(path, 0400), 0);
    struct keyring *keyring = load(KEY_ES256);
    keyring_unref(&keyring);
}

Test(load, a_manifest_that_others_can_write)
{
    char path[256];
    generate(KEY_ES256, NOW_S);
    path_of("keyring.json", path);
    cr_assert_eq(chmod(path, 0622), 0);
    expect_refused("keyring.json: others than its owner can touch it", "chmod 600");
}

Test(load, an_empty_key) /* THREATS-7 */
{
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    change_pem(&entry, "", 0600);
    expect_refused("the key is empty (ES256 expected)", ".pem");
}

Test(load, a_key_that_is_none)
{
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    change_pem(&entry, "secret\n", 0600);
    expect_refused("the key is not an unencrypted private key in PEM", ".pem");
}

Test(load, an_oversized_file)
{
    static char text[KEY_PEM_MAX + 2];
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    memset(text, 'A', sizeof(text) - 1);
    change_pem(&entry, text, 0600);
    expect_refused("is larger than 8192 bytes", ".pem");
}

Test(load, an_entry_without_its_file)
{
    char name[64], path[256];
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    pem_name(keyring_entry_kid(&entry), name);
    path_of(name, path);
    cr_assert_eq(unlink(path), 0);
    expect_refused(".pem: is missing; restore it from a backup", key_path);
}

Test(load, a_directory_or_a_pipe_for_a_key)
{
    char name[64], path[256];
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    pem_name(keyring_entry_kid(&entry), name);
    path_of(name, path);
    cr_assert_eq(unlink(path), 0);
    cr_assert_eq(mkdir(path, 0700), 0);
    expect_refused(".pem: is not a file", key_path);
    cr_assert_eq(rmdir(path), 0);
    cr_assert_eq(mkfifo(path, 0600), 0);
    expect_refused(".pem: is not a file", key_path); /* and nobody waits for a writer */
}

Test(load, a_file_that_holds_another_key)
{
    char name[64], text[4096];
    struct keyring_entry first = generate(KEY_ES256, NOW_S), second = generate(KEY_ES256, NOW_S);
    pem_name(keyring_entry_kid(&second), name);
    read_text(name, text, sizeof(text));
    change_pem(&first, text, 0600);
    expect_refused("holds another key", ".pem");
}

Test(load, a_key_of_another_type_or_size) /* F-43 */
{
    char name[64], text[4096];
    struct keyring_entry ec = generate(KEY_ES256, NOW_S), ed = generate(KEY_EDDSA, NOW_S);
    pem_name(keyring_entry_kid(&ed), name);
    read_text(name, text, sizeof(text));
    change_pem(&ec, text, 0600);
    expect_refused("is not of the type that its algorithm needs (ES256 expected)", ".pem");
}

static void make_short_rsa(char *out, size_t size)
{
    EVP_PKEY *pkey = EVP_RSA_gen(1024);
    BIO *bio = BIO_new(BIO_s_mem());
    cr_assert(PEM_write_bio_PKCS8PrivateKey(bio, pkey, NULL, NULL, 0, NULL, NULL));
    int len = BIO_read(bio, out, (int)size - 1);
    cr_assert_gt(len, 0);
    out[len] = 0;
    BIO_free(bio);
    EVP_PKEY_free(pkey);
}

Test(load, an_rsa_key_that_is_too_short) /* F-43 */
{
    char text[512], short_rsa[2048];
    make_short_rsa(short_rsa, sizeof(short_rsa));
    snprintf(
        text, sizeof(text),
        "{\"version\":1,\"keys\":[{\"kid\":\"%043d\",\"alg\":\"RS256\",\"state\":\"active\"}]}", 1);
    write_text("keyring.json", text, 0600);
    snprintf(text, sizeof(text), "%043d.pem", 1);
    write_text(text, short_rsa, 0600);
    struct keyring *keyring = NULL;
    cr_assert_not(keyring_load(key_path, KEY_RS256, &keyring, &why));
    expect_why("the key is an RSA key under 2048 bits (RS256 expected)");
}

Test(load, no_active_key_of_the_configured_algorithm)
{
    struct keyring *keyring = NULL;
    generate(KEY_ES256, NOW_S);
    cr_assert_not(keyring_load(key_path, KEY_EDDSA, &keyring, &why));
    expect_why("no EdDSA key is active; run: scopemint key generate --alg EdDSA");
    write_text("keyring.json", "{\"version\":1,\"keys\":[]}", 0600);
    expect_refused("no ES256 key is active", "scopemint key generate");
}

Test(load, a_manifest_that_is_none)
{
    generate(KEY_ES256, NOW_S);
    write_text("keyring.json", "{\"version\":1,\n\"keys\":[}", 0600);
    expect_refused("keyring.json: line 2, column", key_path);
    write_text("keyring.json", "", 0600);
    expect_refused("keyring.json: line 1", key_path);
}

Test(load, two_active_keys)
{
    write_text("keyring.json",
               "{\"version\":1,\"keys\":["
               "{\"kid\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1\",\"alg\":\"ES256\","
               "\"state\":\"active\"},"
               "{\"kid\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA2\",\"alg\":\"ES256\","
               "\"state\":\"active\"}]}",
               0600);
    expect_refused("two ES256 keys that are active", "keyring.json");
}

Test(load, all_that_is_wrong_is_said_at_once)
{
    struct keyring *keyring = NULL;
    struct keyring_entry first = generate(KEY_ES256, NOW_S), second = generate(KEY_ES256, NOW_S);
    change_pem(&first, "", 0600);
    change_pem(&second, "x", 0644);
    cr_assert_not(keyring_load(key_path, KEY_ES256, &keyring, &why));
    const char *newline = strchr(why_memory, '\n');
    cr_assert_not_null(newline);
    cr_assert_null(strchr(newline + 1, '\n'));
    cr_assert_not_null(strstr(why_memory, "is empty"));
    cr_assert_not_null(strstr(newline, "chmod 600"));
}

Test(load, a_stranger_file_is_left_alone)
{
    generate(KEY_ES256, NOW_S);
    write_text("stranger.pem", "anything", 0666);
    struct keyring *keyring = load(KEY_ES256);
    keyring_unref(&keyring);
}

/* 8414-2-f: what the world sees is next, active and retired keys, in public numbers, each once. */
Test(load, the_jwks_shows_every_live_key_and_no_gone_one) /* RFC7517-5 */
{
    struct arena arena;
    const struct json_value *jwks;
    struct keyring_entry active;
    struct keyring_entry gone = generate(KEY_ES256, NOW_S);
    generate(KEY_ES256, NOW_S);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, true, NOW_S, &active, &why),
                 KEYRING_DONE);
    cr_assert_eq(keyring_rotate(key_path, KEY_ES256, &policy, true, NOW_S + 3660, &active, &why),
                 KEYRING_DONE); /* sweeps the first */
    generate(KEY_EDDSA, NOW_S + 3660);

    struct keyring *keyring = load(KEY_ES256);
    struct keyring_manifest m = list();
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
    cr_assert_eq(json_parse(&arena, keyring_jwks(keyring), &json_limits_request, &jwks, NULL),
                 ERR_NONE);
    const struct json_value *keys = json_member(jwks, STR("keys"));
    cr_assert_eq(json_count(jwks), 1);
    cr_assert_eq(json_count(keys), 4); /* retired, active, next, next of EdDSA */
    for (const struct json_value *k = json_first(keys); k != NULL; k = json_next(k)) {
        static const char *const private_members[] = {"d", "p", "q", "dp", "dq", "qi", "k", "oth"};
        struct str kid;
        cr_assert_eq(json_find_string(k, STR("kid"), &kid), JSON_FOUND);
        const struct keyring_entry *entry = manifest_find(&m, kid);
        cr_assert_not_null(entry);
        cr_assert_neq(entry->state, KEY_GONE);
        cr_assert_not_null(keyring_find(keyring, kid));
        for (size_t i = 0; i < sizeof(private_members) / sizeof(private_members[0]); i++)
            cr_assert_null(json_member(k, str_from(private_members[i])));
    }
    cr_assert_null(keyring_find(keyring, keyring_entry_kid(&gone)));
    cr_assert(str_eq(keyring_key_kid(keyring_active(keyring)), keyring_entry_kid(&active)));
    keyring_unref(&keyring);
    arena_reset(&arena);
}

Test(load, the_etag_changes_with_the_keys_alone) /* 8414-x-a, RFC9110-8.8.3 */
{
    generate(KEY_ES256, NOW_S);
    struct keyring *first = load(KEY_ES256), *again = load(KEY_ES256);
    cr_assert(str_eq(keyring_jwks_etag(first), keyring_jwks_etag(again)));
    struct str etag = keyring_jwks_etag(first);
    cr_assert_eq(etag.len, 24);
    cr_assert(etag.ptr[0] == '"' && etag.ptr[etag.len - 1] == '"');
    generate(KEY_ES256, NOW_S);
    struct keyring *more = load(KEY_ES256);
    cr_assert_not(str_eq(keyring_jwks_etag(first), keyring_jwks_etag(more)));
    cr_assert(keyring_holds(first, again) && keyring_holds(more, first));
    cr_assert(!keyring_holds(first, more), "what the new key signs");
    keyring_unref(&first);
    keyring_unref(&again);
    keyring_unref(&more);
}

Test(load, a_kid_that_is_not_ours_is_not_found) /* 8725-3.10-a, F-30 */
{
    struct keyring_entry entry = generate(KEY_ES256, NOW_S);
    struct keyring *keyring = load(KEY_ES256);
    struct str kid = keyring_entry_kid(&entry);
    cr_assert_null(keyring_find(keyring, STR_NONE));
    cr_assert_null(keyring_find(keyring, STR("../../dev/null")));
    cr_assert_null(keyring_find(keyring, str_slice(kid, 0, kid.len - 1)));
    entry.kid[5] ^= 1;
    cr_assert_null(keyring_find(keyring, keyring_entry_kid(&entry)));
    keyring_unref(&keyring);
}

Test(load, a_reference_outlives_the_owner)
{
    generate(KEY_ES256, NOW_S);
    struct keyring *keyring = load(KEY_ES256), *mine = keyring;
    keyring_ref(mine);
    keyring_unref(&keyring);
    cr_assert_gt(keyring_jwks(mine).len, 0);
    keyring_unref(&mine);
}
