/* keyring.json: {"version": 1, "keys": [...]}, oldest first, one key a line so that people can read
 * it. Numbers are seconds since 1970. */
#include "keyring/manifest.h"
#include "keyring/say.h"
#include "json/read.h"
#include "json/write.h"

enum { VERSION = 1 };

static const struct str name_kid = STR_INIT("kid");
static const struct str name_alg = STR_INIT("alg");
static const struct str name_state = STR_INIT("state");
static const struct str name_withdrawn = STR_INIT("withdrawn");

static const struct {
    struct str name;
    size_t offset;
} times[] = {
    {STR_INIT("token_ttl_s"), offsetof(struct keyring_entry, token_ttl_s)},
    {STR_INIT("created_s"), offsetof(struct keyring_entry, created_s)},
    {STR_INIT("published_s"), offsetof(struct keyring_entry, published_s)},
    {STR_INIT("activated_s"), offsetof(struct keyring_entry, activated_s)},
    {STR_INIT("retired_s"), offsetof(struct keyring_entry, retired_s)},
    {STR_INIT("gone_after_s"), offsetof(struct keyring_entry, gone_after_s)},
    {STR_INIT("gone_s"), offsetof(struct keyring_entry, gone_s)},
};

enum { TIMES = sizeof(times) / sizeof(times[0]), MEMBERS = TIMES + 4 };

static const struct json_limits limits = {
    .depth = 4, .keys = MEMBERS, .values = 8 + KEYRING_ENTRIES_MAX * (MEMBERS + 1)};

static int64_t *time_of(struct keyring_entry *entry, size_t i)
{
    return (int64_t *)((char *)entry + times[i].offset);
}

static void write_entry(struct buf *out, const struct keyring_entry *entry)
{
    struct keyring_entry copy = *entry;
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_member_string(&w, name_kid, keyring_entry_kid(entry));
    json_write_member_string(&w, name_alg, str_from(key_alg_name(entry->alg)));
    json_write_member_string(&w, name_state, str_from(key_state_name(entry->state)));
    if (entry->withdrawn)
        json_write_member_bool(&w, name_withdrawn, true);
    for (size_t i = 0; i < TIMES; i++) {
        if (*time_of(&copy, i) != 0)
            json_write_member_int(&w, times[i].name, *time_of(&copy, i));
    }
    json_write_object_end(&w);
}

void manifest_write(const struct keyring_manifest *m, struct buf *out)
{
    buf_cstr(out, "{\"version\":");
    buf_u64(out, VERSION);
    buf_cstr(out, ",\"keys\":[");
    for (size_t i = 0; i < m->n; i++) {
        buf_cstr(out, i == 0 ? "\n" : ",\n");
        write_entry(out, &m->entries[i]);
    }
    buf_cstr(out, "\n]}\n");
}

static bool read_state(struct str name, enum key_state *out)
{
    for (int i = 0; i < KEY_STATE_COUNT; i++) {
        if (str_eq(name, str_from(key_state_name((enum key_state)i)))) {
            *out = (enum key_state)i;
            return true;
        }
    }
    return false;
}

/* A kid names a file, so it is checked to be nothing but a thumbprint. */
static bool read_kid(struct str text, char out[JWK_THUMBPRINT])
{
    if (text.len != JWK_THUMBPRINT)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
              c == '_' || c == '-'))
            return false;
    }
    memcpy(out, text.ptr, JWK_THUMBPRINT);
    return true;
}

/* Returns the name of the first member that is wrong, or NULL. */
static const char *read_entry(const struct json_value *value, struct keyring_entry *out)
{
    struct str known[MEMBERS] = {name_kid, name_alg, name_state, name_withdrawn}, text;

    for (size_t i = 0; i < TIMES; i++)
        known[4 + i] = times[i].name;
    if (!json_is(value, JSON_OBJECT) || json_find_unknown(value, known, MEMBERS) != NULL)
        return "members";
    if (json_find_string(value, name_kid, &text) != JSON_FOUND || !read_kid(text, out->kid))
        return name_kid.ptr;
    if (json_find_string(value, name_alg, &text) != JSON_FOUND || !key_alg_parse(text, &out->alg))
        return name_alg.ptr;
    if (json_find_string(value, name_state, &text) != JSON_FOUND || !read_state(text, &out->state))
        return name_state.ptr;
    if (json_find_bool(value, name_withdrawn, &out->withdrawn) == JSON_WRONG)
        return name_withdrawn.ptr;
    for (size_t i = 0; i < TIMES; i++) {
        int64_t *at = time_of(out, i);
        if (json_find_int(value, times[i].name, at) == JSON_WRONG || *at < 0)
            return times[i].name.ptr;
    }
    return NULL;
}

/* What no change of ours would have written. */
static bool add_checked(struct keyring_manifest *m, const struct keyring_entry *entry,
                        struct buf *why)
{
    if (m->n == KEYRING_ENTRIES_MAX)
        return say(why, "it lists more than %d keys", KEYRING_ENTRIES_MAX);
    if (manifest_find(m, keyring_entry_kid(entry)) != NULL)
        return say(why, "it lists %.*s twice", JWK_THUMBPRINT, entry->kid);
    if ((entry->state == KEY_ACTIVE || entry->state == KEY_NEXT) &&
        manifest_find_state(m, entry->alg, entry->state) != NULL)
        return say(why, "it lists two %s keys that are %s", key_alg_name(entry->alg),
                   key_state_name(entry->state));
    if (entry->state == KEY_RETIRED && entry->gone_after_s == 0)
        return say(why, "%.*s is retired and has no gone_after_s", JWK_THUMBPRINT, entry->kid);
    m->entries[m->n++] = *entry;
    return true;
}

bool manifest_read(struct arena *arena, struct str text, struct keyring_manifest *out,
                   struct buf *why)
{
    static const struct str known[] = {STR_INIT("version"), STR_INIT("keys")};
    struct keyring_manifest m = {0};
    const struct json_value *root;
    struct json_error error;
    int64_t version;

    enum err err = json_parse(arena, text, &limits, &root, &error);
    if (err == ERR_FAULT_MEMORY)
        return say(why, "there is no memory to read it");
    if (err != ERR_NONE)
        return say(why, "line %zu, column %zu: %s", error.line, error.column, error.reason);
    const struct json_value *keys = json_member(root, known[1]);
    if (!json_int(json_member(root, known[0]), &version) || version != VERSION ||
        !json_is(keys, JSON_ARRAY) || json_find_unknown(root, known, 2) != NULL)
        return say(why, "it is not a list of keys of version %d", VERSION);
    for (const struct json_value *v = json_first(keys); v != NULL; v = json_next(v)) {
        struct keyring_entry entry = {.alg = KEY_ES256};
        const char *wrong = read_entry(v, &entry);
        if (wrong != NULL)
            return say(why, "line %zu: a key whose %s cannot be used", json_line(text, v), wrong);
        if (!add_checked(&m, &entry, why))
            return false;
    }
    *out = m;
    return true;
}
