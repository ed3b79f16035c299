/* What good texts become. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <stdio.h>

#include "config/schema.h"
#include "support.h"

static void assert_defaults(const struct config *c)
{
    ASSERT_STR(c->server.issuer, "http://127.0.0.1:8420");
    cr_assert_eq(c->server.listen.n, 1);
    ASSERT_STR(c->server.listen.items[0].text, "127.0.0.1:8420");
    cr_assert_not(c->server.listen.items[0].tls);
    cr_assert_eq(c->server.threads, 0);
    cr_assert_eq(c->server.trusted_proxies.n, 0);
    cr_assert_eq(c->server.max_in_flight, 4096);
    cr_assert_eq(c->server.max_connections, 16384);
    cr_assert_eq(c->server.drain_timeout_s, 10);
    cr_assert_eq(c->server.idle_timeout_s, 60);
    cr_assert_not(c->server.access_log);
    ASSERT_STR(c->admin.listen.items[0].text, "127.0.0.1:8421");
    ASSERT_STR(c->tokens.alg, "ES256");
    cr_assert_eq(c->tokens.access_ttl_default_s, 900);
    cr_assert_eq(c->tokens.access_ttl_min_s, 60);
    cr_assert_eq(c->tokens.access_ttl_max_s, 3600);
    cr_assert_eq(c->tokens.jwt_type.n, 0);
    cr_assert_eq(c->tokens.expired_kept_s, 86400);
    cr_assert_eq(c->tokens.verified_kept, 65536);
    ASSERT_STR(c->keys.dir, "etc/../keys");
    cr_assert_eq(c->keys.jwks_max_age_s, 300);
    ASSERT_STR(c->scopes.dir, "etc/scopes");
    ASSERT_STR(c->scopes.roles, "etc/roles.json");
    cr_assert_eq(c->store.kind, CONFIG_STORE_SQLITE);
    ASSERT_STR(c->store.path, "etc/../var/scopemint.db");
    cr_assert_eq(c->redis.kind, CONFIG_REDIS_NONE);
    ASSERT_STR(c->node.mode, "single");
    ASSERT_STR(c->node.name, "node-1");
    cr_assert_eq(c->audit.kept_s, 31622400);
    cr_assert_eq(c->throttle.failures_per_client_address_per_minute, 10);
    cr_assert_eq(c->throttle.failures_per_address_per_minute, 200);
    cr_assert_eq(c->throttle.unknown_tokens_per_second, 1000);
    ASSERT_STR(c->log.level, "info");
}

Test(values, empty_texts_are_all_defaults)
{
    static const char *const texts[] = {
        "", "# only a comment\n", "---\n", "{}", "server:\n", "server: {}\nlog: ~\n", "---\n...\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct config *config = load_good(texts[i]);
        assert_defaults(config);
        config_free(&config);
        cr_assert_null(config);
        config_free(&config);
    }
}

Test(values, listeners_in_every_form)
{
    struct config *config = load_good("server:\n"
                                      "  trusted_proxies: [10.0.0.0/8, unix]\n"
                                      "  listen:\n"
                                      "    - 127.0.0.1:1\n"
                                      "    - \"[::1]:2\"\n"
                                      "    - address: 0.0.0.0:3\n"
                                      "      tls: {certificate: c.pem, key: /k.pem}\n"
                                      "    - {address: \"unix:s.sock\", mode: 0600}\n"
                                      "    - unix:/t.sock\n"
                                      "admin:\n"
                                      "  listen: {address: \"[::1]:3\"}\n");
    const struct config_listener *l = config->server.listen.items;

    cr_assert_eq(config->server.listen.n, 5);
    cr_assert_eq(l[1].address.socket.ss_family, AF_INET6);
    cr_assert(l[2].tls && !l[2].address.local);
    ASSERT_STR(l[2].certificate, "etc/c.pem");
    ASSERT_STR(l[2].key, "/k.pem");
    ASSERT_STR(l[3].text, "unix:etc/s.sock");
    cr_assert_eq(l[3].mode, 0600);
    cr_assert_eq(l[4].mode, 0660);
    cr_assert_eq(config->server.trusted_proxies.n, 2);
    cr_assert_eq(config->server.trusted_proxies.items[1].kind, CIDR_UNIX);
    cr_assert_eq(config->admin.listen.n, 1);
    config_free(&config);
}

Test(values, the_rest)
{
    struct config *config = load_good("server:\n"
                                      "  issuer: \"https://auth.example.com\"\n"
                                      "  access_log: true\n"
                                      "  threads: 60\n"
                                      "tokens:\n"
                                      "  alg: EdDSA\n"
                                      "  jwt_type:\n"
                                      "    https://a.example: JWT\n"
                                      "    https://b.example: at+jwt\n"
                                      "store:\n"
                                      "  url: 'memory:'\n"
                                      "keys: {dir: /k}\n"
                                      "log: {level: debug}\n");
    ASSERT_STR(config->server.issuer, "https://auth.example.com");
    cr_assert(config->server.access_log);
    cr_assert_eq(config->server.threads, CONFIG_THREADS_MAX);
    ASSERT_STR(config->tokens.alg, "EdDSA");
    cr_assert_eq(config->tokens.jwt_type.n, 2);
    ASSERT_STR(config->tokens.jwt_type.items[0].audience, "https://a.example");
    cr_assert(config->tokens.jwt_type.items[0].plain);
    cr_assert_not(config->tokens.jwt_type.items[1].plain);
    cr_assert_eq(config->store.kind, CONFIG_STORE_MEMORY);
    ASSERT_STR(config->keys.dir, "/k");
    ASSERT_STR(config->log.level, "debug");
    config_free(&config);
}

Test(values, file_in_this_directory_gives_bare_paths)
{
    const struct config_source source = {.path = "s.yaml"};
    char errors[8192];
    struct config *config = load_with(&source, STR("keys: {dir: k}"), errors);
    ASSERT_STR(config->keys.dir, "k");
    config_free(&config);
}

Test(values, boundaries_of_every_number)
{
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        const struct schema_row *row = &schema_rows[i];
        const int values[] = {row->min - 1, row->min, row->max, row->max + 1};
        for (size_t j = 0; row->type == SCHEMA_INT && j < 4; j++) {
            char text[128], errors[8192], in_key[160];
            struct config *config;
            snprintf(text, sizeof(text), "%s:\n  %s: %d\n", row->section, row->key, values[j]);
            snprintf(in_key, sizeof(in_key), "%s.%s: %d is out of range", row->section, row->key,
                     values[j]);
            config = load(text, errors);
            cr_assert_eq(strstr(errors, in_key) != NULL, (j == 0 && values[0] >= 0) || j == 3,
                         "%s%s", text, errors);
            cr_assert(config == NULL || (j != 0 && j != 3), "%s", text);
            config_free(&config);
        }
    }
}

Test(values, load_reads_a_file)
{
    char path[] = "/tmp/test_config_XXXXXX", errors[8192];
    int file = mkstemp(path);
    const struct config_source source = {.path = path};
    struct config *config = NULL;
    struct buf out;

    cr_assert_eq(write(file, "keys: {dir: k}\n", 15), 15);
    close(file);
    buf_init_fixed(&out, errors, sizeof(errors));
    cr_assert(config_load(&source, &config, &out));
    ASSERT_STR(config->keys.dir, "/tmp/k");
    config_free(&config);
    unlink(path);
    cr_assert_not(config_load(&source, &config, &out));
    cr_assert(str_ends_with(buf_view(&out), STR(": No such file or directory; name another with "
                                                "--config, or copy the sample file there\n")));
    out.len = 0;
    cr_assert_not(config_load(&(struct config_source){.path = "/tmp"}, &config, &out));
    cr_assert_not_null(memmem(errors, out.len, "Is a directory", 14));
    cr_assert_null(config);
}

Test(values, load_refuses_what_never_ends)
{
    struct config *config = NULL;
    char errors[8192];
    struct buf out;

    buf_init_fixed(&out, errors, sizeof(errors));
    cr_assert_not(config_load(&(struct config_source){.path = "/dev/zero"}, &config, &out));
    ASSERT_STR(buf_view(&out), "/dev/zero: larger than 1 MB; this is no configuration of ours\n");
}
