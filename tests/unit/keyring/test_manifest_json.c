#include "core/limits.h"
#include "fixture.h"

static struct arena arena;

static void setup(void)
{
    why_clear();
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
}

static void teardown(void)
{
    arena_reset(&arena);
}

TestSuite(manifest_json, .init = setup, .fini = teardown);

#define KID1 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA1"
#define KID2 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA2"

Test(manifest_json, what_is_written_reads_back)
{
    struct keyring_manifest m = {.n = KEYRING_ENTRIES_MAX}, back;
    struct buf text;
    for (size_t i = 0; i < m.n; i++) {
        struct keyring_entry *e = &m.entries[i];
        char kid[JWK_THUMBPRINT + 1];
        snprintf(kid, sizeof(kid), "%043zu", i);
        memcpy(e->kid, kid, JWK_THUMBPRINT);
        e->alg = (enum key_alg)(i % KEY_ALG_COUNT);
        e->state = i < 4 ? KEY_ACTIVE : i < 8 ? KEY_NEXT : i % 2 ? KEY_RETIRED : KEY_GONE;
        e->withdrawn = i % 4 == 0 && e->state == KEY_GONE;
        e->token_ttl_s = 86400;
        e->created_s = e->published_s = e->activated_s = INT64_MAX;
        e->retired_s = e->gone_after_s = e->gone_s = INT64_MAX - (int64_t)i;
    }
    buf_init_heap(&text, KEYRING_MANIFEST_MAX);
    manifest_write(&m, &text);
    cr_assert_not(text.failed, "the fullest list fits");
    cr_assert(manifest_read(&arena, buf_view(&text), &back, &why), "%s", why_memory);
    cr_assert_eq(back.n, m.n);
    for (size_t i = 0; i < m.n; i++)
        cr_assert_eq(memcmp(&m.entries[i], &back.entries[i], sizeof(m.entries[i])), 0, "%zu", i);
    buf_free(&text);
}

Test(manifest_json, an_empty_list_reads_back)
{
    struct keyring_manifest m = {0}, back;
    struct buf text;
    buf_init_heap(&text, KEYRING_MANIFEST_MAX);
    manifest_write(&m, &text);
    cr_assert(manifest_read(&arena, buf_view(&text), &back, &why), "%s", why_memory);
    cr_assert_eq(back.n, 0);
    buf_free(&text);
}

Test(manifest_json, refusals)
{
#define KEYS(list)  "{\"version\":1,\"keys\":[" list "]}"
#define ACTIVE(kid) "{\"kid\":\"" kid "\",\"alg\":\"ES256\",\"state\":\"active\"}"
    static const struct {
        const char *text, *part;
    } table[] = {
        {"", "line 1, column 1"},
        {"{", "line 1"},
        {"{\"version\":1,\"version\":1,\"keys\":[]}", "line 1, column"},
        {"[]", "not a list of keys of version 1"},
        {"{}", "not a list of keys of version 1"},
        {"{\"version\":2,\"keys\":[]}", "version 1"},
        {"{\"version\":\"1\",\"keys\":[]}", "version 1"},
        {"{\"version\":1}", "version 1"},
        {"{\"version\":1,\"keys\":{}}", "version 1"},
        {"{\"version\":1,\"keys\":[],\"more\":1}", "version 1"},
        {KEYS("1"), "line 1: a key whose members"},
        {KEYS("\n{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"next\",\"x\":1}"),
         "line 2: a key whose members"},
        {KEYS("{\"alg\":\"ES256\",\"state\":\"next\"}"), "whose kid"},
        {KEYS("{\"kid\":\"../../etc/passwd\",\"alg\":\"ES256\",\"state\":\"next\"}"), "whose kid"},
        {KEYS("{\"kid\":\"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA/\",\"alg\":\"ES256\","
              "\"state\":\"next\"}"),
         "whose kid"},
        {KEYS("{\"kid\":\"" KID1 "\",\"state\":\"next\"}"), "whose alg"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"HS256\",\"state\":\"next\"}"), "whose alg"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"none\",\"state\":\"next\"}"), "whose alg"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\"}"), "whose state"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"Active\"}"), "whose state"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"gone\",\"withdrawn\":1}"),
         "whose withdrawn"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"next\",\"created_s\":\"1\"}"),
         "whose created_s"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"next\",\"published_s\":-1}"),
         "whose published_s"},
        {KEYS("{\"kid\":\"" KID1 "\",\"alg\":\"ES256\",\"state\":\"retired\"}"),
         "retired and has no gone_after_s"},
        {KEYS(ACTIVE(KID1) "," ACTIVE(KID1)), "twice"},
        {KEYS(ACTIVE(KID1) "," ACTIVE(KID2)), "two ES256 keys that are active"},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        struct keyring_manifest m = {.n = 77};
        cr_assert_not(manifest_read(&arena, str_from(table[i].text), &m, &why), "%s",
                      table[i].text);
        cr_assert_eq(m.n, 77);
        expect_why(table[i].part);
    }
}

Test(manifest_json, too_many_keys)
{
    struct keyring_manifest m;
    struct buf text;
    buf_init_heap(&text, KEYRING_MANIFEST_MAX);
    buf_cstr(&text, "{\"version\":1,\"keys\":[");
    for (int i = 0; i <= KEYRING_ENTRIES_MAX; i++) {
        char line[128];
        snprintf(line, sizeof(line), "%s{\"kid\":\"%043d\",\"alg\":\"ES256\",\"state\":\"gone\"}",
                 i ? "," : "", i);
        buf_cstr(&text, line);
    }
    buf_cstr(&text, "]}");
    cr_assert_not(manifest_read(&arena, buf_view(&text), &m, &why));
    expect_why("more than 52 keys");
    buf_free(&text);
}

Test(manifest_json, no_memory)
{
    struct keyring_manifest m;
    struct arena none;
    arena_init(&none, NULL, 0, 0);
    cr_assert_not(manifest_read(&none, STR("{\"version\":1,\"keys\":[]}"), &m, &why));
    expect_why("no memory");
}
