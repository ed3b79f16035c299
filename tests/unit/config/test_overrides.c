/* Values from the environment and from --set. */
#include <stdio.h>

#include "config/schema.h"
#include "support.h"

static struct config *load_env(const char *const *envp, char errors[8192])
{
    static const char *const not_keys[] = {"SCOPEMINT_TOKEN", "SCOPEMINT_CONFIG"};
    const struct config_source source = {
        .path = "etc/s.yaml", .envp = (char *const *)envp, .not_keys = not_keys, .not_keys_n = 2};
    return load_with(&source, STR("server:\n  threads: 1\nstore:\n  url: sqlite:a.db\n"), errors);
}

static struct config *load_set(const char *override, char errors[8192])
{
    const struct config_source source = {
        .path = "etc/s.yaml", .overrides = &override, .overrides_n = 1};
    return load_with(&source, STR(""), errors);
}

Test(overrides, environment_wins_over_the_file)
{
    const char *const envp[] = {
        "PATH=/bin",
        "SCOPEMINT_SERVER__THREADS=7",
        "SCOPEMINT_STORE__URL=sqlite:/x.db",
        "SCOPEMINT_SERVER__TRUSTED_PROXIES=10.0.0.0/8, unix",
        "SCOPEMINT_SERVER__LISTEN=[::1]:1,[::1]:2",
        "SCOPEMINT_ADMIN__LISTEN=[{address: \"0.0.0.0:3\", tls: {certificate: c, "
        "key: k}}]",
        "SCOPEMINT_TOKENS__JWT_TYPE={\"https://a\": JWT}",
        "SCOPEMINT_REDIS__URL=",
        "SCOPEMINT_TOKEN=secret",
        NULL};
    char errors[8192];
    struct config *config = load_env(envp, errors);

    cr_assert_not_null(config, "%s", errors);
    cr_assert_eq(config->server.threads, 7);
    ASSERT_STR(config->store.path, "/x.db");
    cr_assert_eq(config->server.trusted_proxies.n, 2);
    cr_assert_eq(config->server.listen.n, 2);
    cr_assert(config->admin.listen.items[0].tls);
    cr_assert_eq(config->tokens.jwt_type.n, 1);
    cr_assert_eq(config->redis.kind, CONFIG_REDIS_NONE);
    config_free(&config);
}

Test(overrides, set_wins_over_the_environment)
{
    const char *const envp[] = {"SCOPEMINT_SERVER__THREADS=7", NULL};
    const char *const overrides[] = {"server.threads=8", "server.threads=9", "keys.dir=a=b",
                                     "server.trusted_proxies="};
    const struct config_source source = {
        .path = "s.yaml", .envp = (char *const *)envp, .overrides = overrides, .overrides_n = 4};
    char errors[8192];
    struct config *config =
        load_with(&source, STR("server: {threads: 1, trusted_proxies: [unix]}"), errors);

    cr_assert_not_null(config, "%s", errors);
    cr_assert_eq(config->server.threads, 9);
    cr_assert_eq(config->server.trusted_proxies.n, 0);
    ASSERT_STR(config->keys.dir, "a=b");
    config_free(&config);
}

Test(overrides, every_key_has_its_variable)
{
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        char name[SCHEMA_NAME], entry[256], errors[8192];
        const char *plain =
            strcmp(schema_rows[i].fallback, "\"\"") == 0 ? "" : schema_rows[i].fallback;
        cr_assert_not_null(schema_rows[i].section, "row %zu is empty", i);
        cr_assert_not_null(schema_rows[i].help);
        snprintf(entry, sizeof(entry), "%s=%s", schema_variable(&schema_rows[i], name), plain);
        const char *const envp[] = {entry, NULL};
        struct config *config = load_env(envp, errors);
        cr_assert_not_null(config, "%s: %s", entry, errors);
        config_free(&config);
    }
}

Test(overrides, wrong_variables)
{
    static const struct {
        const char *entry;
        const char *expected;
    } rows[] = {
        {"SCOPEMINT_STORE__UR=x",
         "environment: unknown variable `SCOPEMINT_STORE__UR`; did you mean "
         "`SCOPEMINT_STORE__URL`?\n"},
        {"SCOPEMINT_TOKN=sesame",
         "environment: unknown variable `SCOPEMINT_TOKN`; did you mean `SCOPEMINT_TOKEN`?\n"},
        {"SCOPEMINT_WEATHER=fine",
         "environment: unknown variable `SCOPEMINT_WEATHER`; unset it, or write a key as "
         "SCOPEMINT_SECTION__KEY\n"},
        {"SCOPEMINT_store__url=x",
         "environment: unknown variable `SCOPEMINT_store__url`; unset it, or write a key as "
         "SCOPEMINT_SECTION__KEY\n"},
        {"SCOPEMINT_SERVER__THREADS=61",
         "SCOPEMINT_SERVER__THREADS: server.threads: 61 is out of range; choose 0 to 60\n"},
        {"SCOPEMINT_SERVER__THREADS=",
         "SCOPEMINT_SERVER__THREADS: server.threads: `` is not a whole number; write one from 0 "
         "to 60\n"},
        {"SCOPEMINT_SERVER__LISTEN=",
         "SCOPEMINT_SERVER__LISTEN: server.listen: is an empty list; write at least one address, "
         "such as 127.0.0.1:8420\n"},
        {"SCOPEMINT_SERVER__LISTEN=[{adress: \"127.0.0.1:1\", address: \"127.0.0.1:1\"}]",
         "SCOPEMINT_SERVER__LISTEN: server.listen: unknown member `adress`; did you mean "
         "`address`?\n"},
        {"SCOPEMINT_SERVER__TRUSTED_PROXIES=unix,,10.0.0.1/8",
         "SCOPEMINT_SERVER__TRUSTED_PROXIES: server.trusted_proxies: `` is not an address or "
         "network; write 10.0.0.0/8, 2001:db8::/32 or unix\n"
         "SCOPEMINT_SERVER__TRUSTED_PROXIES: server.trusted_proxies: `10.0.0.1/8` has bits set "
         "past its prefix length; write the network's first address\n"},
        {"SCOPEMINT_KEYS__DIR=a\nb",
         "SCOPEMINT_KEYS__DIR: not text in one line of UTF-8; write it again\n"},
        {"SCOPEMINT_KEYS__DIR=\xff",
         "SCOPEMINT_KEYS__DIR: not text in one line of UTF-8; write it again\n"},
        {"SCOPEMINT_TOKENS__JWT_TYPE=JWT",
         "SCOPEMINT_TOKENS__JWT_TYPE: tokens.jwt_type: is no mapping; write "
         "{\"https://api.example\": JWT}, or {} for none\n"},
        {"SCOPEMINT_TOKENS__JWT_TYPE={a: JWT, a: JWT}",
         "SCOPEMINT_TOKENS__JWT_TYPE: key `a` is repeated; keep one of the two\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *const envp[] = {rows[i].entry, NULL};
        char errors[8192];
        cr_assert_null(load_env(envp, errors), "%s", rows[i].entry);
        cr_assert_str_eq(errors, rows[i].expected);
    }
}

Test(overrides, wrong_set)
{
    static const struct {
        const char *entry, *expected;
    } rows[] = {
        {"store.urk=memory:", "--set: unknown key `store.urk`; did you mean `store.url`?\n"},
        {"url=memory:",
         "--set: unknown key `url`; write SECTION.KEY=VALUE, as in store.url=memory:\n"},
        {"=x", "--set: unknown key ``; write SECTION.KEY=VALUE, as in store.url=memory:\n"},
        {"", "--set: an argument without =; write SECTION.KEY=VALUE\n"},
        {"redis://:sesame@h", "--set: an argument without =; write SECTION.KEY=VALUE\n"},
        {"redis.url=rediss://:sesame@h",
         "--set redis.url: redis.url: the url asks for TLS, which is not offered; use a unix "
         "socket, or a tunnel on loopback\n"},
        {"node.mode=fleet",
         "--set node.mode: node.mode: fleet needs the PostgreSQL store, which is not in this "
         "version; write single\n"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char errors[8192];
        cr_assert_null(load_set(rows[i].entry, errors), "%s", rows[i].entry);
        cr_assert_str_eq(errors, rows[i].expected);
    }
}
