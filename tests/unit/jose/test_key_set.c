/* What an application may register as its keys (SPEC 3, RFC7517, 8725-3.1-a). */
#include "jose/key_set.h"
#include "signing.h"

#define EC_X "\"x\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\""
#define EC_Y "\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0\""
#define EC   "\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X "," EC_Y
#define OKP \
    "\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\""
#define ES "\"alg\":\"ES256\""

static struct arena arena;

static void begin(void)
{
    arena_init(&arena, NULL, 0, LIMIT_ARENA);
}

static void end(void)
{
    arena_reset(&arena);
}

TestSuite(key_set, .init = begin, .fini = end);

static const struct key_set *taken(struct str text)
{
    const struct key_set *set = NULL;
    struct str why = STR("");
    enum err err = key_set_parse(&arena, text, &set, &why);
    cr_assert_eq(err, ERR_NONE, "%.*s: %.*s", STR_ARG(text), STR_ARG(why));
    return set;
}

static struct str written(const struct key_set *set)
{
    struct buf b;
    buf_init_arena(&b, &arena, 1024, KEY_SET_TEXT);
    key_set_write(&b, set);
    cr_assert_not(b.failed);
    return buf_view(&b);
}

/* A set of fresh keys, one for each name. */
static const struct key_set *fresh(const enum key_alg *algs, size_t n)
{
    struct key_set *set = arena_zalloc(&arena, sizeof(*set));
    for (size_t i = 0; i < n; i++) {
        struct signer s;
        char *kid = arena_alloc(&arena, 1);
        kid[0] = (char)('a' + i);
        signer_init(&s, algs[i]);
        set->keys[set->count++] = (struct key_set_key){str_make(kid, 1), s.parts};
        signer_done(&s);
    }
    return set;
}

Test(key_set, takes_what_it_writes)
{
    static const enum key_alg all[] = {KEY_ES256, KEY_EDDSA, KEY_RS256, KEY_PS256,
                                       KEY_ES256, KEY_EDDSA, KEY_ES256, KEY_EDDSA};
    for (size_t n = 1; n <= KEY_SET_MAX; n++) {
        struct str text = written(fresh(all, n));
        const struct key_set *set = taken(text);
        cr_assert_eq(set->count, n);
        for (size_t i = 0; i < n; i++)
            cr_assert_eq(set->keys[i].key.alg, all[i]);
        cr_assert(str_eq(written(set), text));
    }
}

Test(key_set, leaves_out_what_says_nothing) /* RFC7517-4 */
{
    const struct key_set *set = taken(
        STR("{\"keys\":[{\"kid\":\"a\",\"x5c\":[\"MII\"],\"name\":1,\"key_ops\":[\"verify\"]," ES
            "," EC "}],\"more\":true}"));
    cr_assert(str_eq(written(set), STR("{\"keys\":[{\"crv\":\"P-256\",\"kty\":\"EC\"," EC_X "," EC_Y
                                       ",\"use\":\"sig\"," ES ",\"kid\":\"a\"}]}")),
              "%.*s", STR_ARG(written(set)));
}

Test(key_set, ed25519_is_another_name_of_eddsa) /* RFC9864-2.2 */
{
    const struct key_set *set =
        taken(STR("{\"keys\":[{\"kid\":\"a\",\"alg\":\"Ed25519\"," OKP "}]}"));
    cr_assert_eq(set->keys[0].key.alg, KEY_EDDSA);
}

Test(key_set, largest_set_fits_its_limits)
{
    struct key_set *set = arena_zalloc(&arena, sizeof(*set));
    char kids[KEY_SET_MAX][LIMIT_KID];
    for (size_t i = 0; i < KEY_SET_MAX; i++) {
        memset(kids[i], 'A' + (int)i, LIMIT_KID);
        set->keys[i] = (struct key_set_key){str_make(kids[i], LIMIT_KID), {.alg = KEY_PS256}};
        struct key_public *key = &set->keys[i].key;
        memset(key->x_or_n.bytes, 0xFF, KEY_PART_MAX);
        key->x_or_n.len = KEY_PART_MAX;
        memcpy(key->y_or_e.bytes, "\x01\x00\x01", 3);
        key->y_or_e.len = 3;
    }
    set->count = KEY_SET_MAX;
    struct str text = written(set);
    struct arena bounded;
    const struct key_set *read;
    struct str why;
    arena_init(&bounded, NULL, 0, KEY_SET_ARENA);
    cr_assert_eq(key_set_parse(&bounded, text, &read, &why), ERR_NONE);
    arena_reset(&bounded);
}

static const struct {
    const char *text, *why; /* a piece of the sentence */
} refused[] = {
    {"", "is not JSON"},
    {"null", "must be a JWK Set"},
    {"[]", "must be a JWK Set"},
    {"{}", "must be a JWK Set"},
    {"{\"keys\":{}}", "must be a JWK Set"},
    {"{\"keys\":[]}", "must be a JWK Set"},
    {"{\"keys\":[1,2,3,4,5,6,7,8,9]}", "1 to 8 keys"},
    {"{\"keys\":[],\"keys\":[]}", "is not JSON"},
    {"{\"keys\":[null]}", "keys[0] is not an object"},
    {"{\"keys\":[{}]}", "keys[0].kid must be"},
    {"{\"keys\":[{\"kid\":\"\"}]}", "keys[0].kid must be"},
    {"{\"keys\":[{\"kid\":7}]}", "keys[0].kid must be"},
    {"{\"keys\":[{\"kid\":\"../k\"}]}", "keys[0].kid must be"},
    {"{\"keys\":[{\"kid\":\"a\"}]}", "keys[0].alg must be one of"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"none\"}]}", "keys[0].alg must be one of"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"HS256\",\"kty\":\"oct\"}]}", "keys[0].alg must be"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":[\"ES256\"]}]}", "keys[0].alg must be"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"RS256\"," EC "}]}", "keys[0].kty must be \"RSA\""},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"EdDSA\"," EC "}]}", "keys[0].kty must be \"OKP\""},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"ES256\"," OKP "}]}", "keys[0].kty must be \"EC\""},
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"oct\",\"k\":\"AAAA\"}]}", "keys[0].k belongs"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"d\":\"AA\"}]}", "keys[0].d belongs"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"d\":null}]}", "keys[0].d belongs"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"qi\":\"AA\"}]}", "keys[0].qi belongs"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"oth\":[]}]}", "keys[0].oth belongs"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"x5u\":\"https://a\"}]}", "keys[0].x5u is not"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"jku\":\"https://a\"}]}", "keys[0].jku is not"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"use\":\"enc\"}]}", "keys[0].use must be"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"use\":null}]}", "keys[0].use must be"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"key_ops\":[\"sign\"]}]}", "keys[0].key_ops"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC ",\"key_ops\":[]}]}", "keys[0].key_ops"},
    {"{\"keys\":[{\"kid\":\"a\"," ES "," EC "},{\"kid\":\"a\"," ES "," EC "}]}",
     "keys[1].kid is the name of an earlier key"},
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"EC\",\"crv\":\"P-384\"," EC_X "," EC_Y "}]}",
     "keys[0].crv must be \"P-256\""},
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X "}]}",
     "keys[0].y is missing"},
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"EC\",\"crv\":\"P-256\"," EC_Y ",\"x\":\"a+b=\"}]}",
     "keys[0].x is not base64url"},
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X
     ",\"y\":\"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a1\"}]}",
     "keys[0]"}, /* spare bits */
    {"{\"keys\":[{\"kid\":\"a\"," ES ",\"kty\":\"EC\",\"crv\":\"P-256\"," EC_X
     ",\"y\":\"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU\"}]}",
     "keys[0] has public numbers that make no key"}, /* 8725-3.4-a: off the curve */
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"EdDSA\",\"kty\":\"OKP\",\"crv\":\"Ed25519\","
     "\"x\":\"AAAA\"}]}",
     "keys[0] has public numbers"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"EdDSA\",\"kty\":\"OKP\",\"crv\":\"X25519\","
     "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}",
     "keys[0].crv must be \"Ed25519\""},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"RS256\",\"kty\":\"RSA\",\"e\":\"AQAB\"}]}",
     "keys[0].n is missing"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"RS256\",\"kty\":\"RSA\",\"n\":\"-_8\",\"e\":\"AQAB\"}]}",
     "keys[0] is an RSA key under 2048 bits"},
    {"{\"keys\":[{\"kid\":\"a\",\"alg\":\"PS256\",\"kty\":\"RSA\",\"n\":\"-_8\",\"e\":\"AQ\"}]}",
     "keys[0] has public numbers"},
};

/* Secret members: RFC7518-6.2.2, RFC7518-6.3.2, RFC7518-6.4.1; uses: RFC7517-4.2, RFC7517-4.3. */
Test(key_set, refuses_and_names_the_member)
{
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        const struct key_set *set = NULL;
        struct str why = STR("");
        cr_assert_eq(key_set_parse(&arena, str_from(refused[i].text), &set, &why),
                     ERR_INVALID_VALUE, "%s", refused[i].text);
        cr_assert_null(set);
        cr_assert(memmem(why.ptr, why.len, refused[i].why, strlen(refused[i].why)) != NULL,
                  "%s: %.*s", refused[i].text, STR_ARG(why));
    }
}

/* Sizes of RSA: 2048 to 4096 bits (RFC7518-3.3). */
Test(key_set, rsa_sizes)
{
    static const struct {
        size_t bytes;
        uint8_t first;
        enum err err;
    } table[] = {
        {255, 0xFF, ERR_INVALID_VALUE}, {256, 0x7F, ERR_INVALID_VALUE},
        {256, 0x80, ERR_NONE},          {512, 0xFF, ERR_NONE},
        {513, 0x01, ERR_INVALID_VALUE}, {256, 0x00, ERR_INVALID_VALUE},
    };
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        uint8_t n[513];
        struct buf b;
        const struct key_set *set;
        struct str why;
        memset(n, 0xFF, sizeof(n));
        n[0] = table[i].first;
        buf_init_arena(&b, &arena, 1024, KEY_SET_TEXT);
        buf_cstr(&b, "{\"keys\":[{\"kid\":\"a\",\"alg\":\"RS256\",\"kty\":\"RSA\",\"e\":\"AQAB\","
                     "\"n\":\"");
        buf_str(&b, encode(&arena, str_make((char *)n, table[i].bytes)));
        buf_cstr(&b, "\"}]}");
        cr_assert_eq(key_set_parse(&arena, buf_view(&b), &set, &why), table[i].err, "%zu", i);
    }
}

Test(key_set, no_memory_is_a_fault)
{
    struct str text = STR("{\"keys\":[{\"kid\":\"a\"," ES "," EC "}]}");
    struct str bad = STR("{\"keys\":[{\"kid\":\"a\"}]}");
    for (size_t cap = 0; cap < 4096; cap += 512) {
        struct arena small;
        const struct key_set *set = NULL;
        struct str why;
        arena_init(&small, NULL, 0, cap);
        cr_assert_eq(key_set_parse(&small, text, &set, &why), ERR_FAULT_MEMORY, "%zu", cap);
        enum err err = key_set_parse(&small, bad, &set, &why);
        cr_assert(err == ERR_FAULT_MEMORY || err == ERR_INVALID_VALUE);
        arena_reset(&small);
    }
}

Test(key_set, finds_by_name) /* 7523-3-e, RFC7515-4.1.4 */
{
    static const enum key_alg algs[] = {KEY_ES256, KEY_EDDSA};
    const struct key_set *one = fresh(algs, 1), *two = fresh(algs, 2);
    cr_assert_eq(key_set_find(one, STR("a")), &one->keys[0]);
    cr_assert_eq(key_set_find(one, STR_NONE), &one->keys[0]);
    cr_assert_null(key_set_find(one, STR("b")));
    cr_assert_eq(key_set_find(two, STR("b")), &two->keys[1]);
    cr_assert_null(key_set_find(two, STR_NONE), "two keys and no name");
    cr_assert_null(key_set_find(two, STR("")));
}
