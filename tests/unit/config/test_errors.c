/* F-42: every error at once, each with its place, its key and a remedy. */
#include <stdio.h>

#include "config/near.h"
#include "support.h"

struct row {
    const char *text, *expected;
};

static void expect(const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char errors[8192];
        cr_assert_null(load(rows[i].text, errors), "%s", rows[i].text);
        cr_assert_str_eq(errors, rows[i].expected);
    }
}

#define EXPECT(rows) expect(rows, sizeof(rows) / sizeof((rows)[0]))

Test(errors, names)
{
    static const struct row rows[] = {
        {"sevrer:\n  threads: 1\n",
         "etc/s.yaml:1:1: unknown section `sevrer`; did you mean `server`?\n"},
        {"weather: fine\n", "etc/s.yaml:1:1: unknown section `weather`; remove it (the sample file "
                            "names all there are)\n"},
        {"threads: 4\n",
         "etc/s.yaml:1:1: unknown section `threads`; did you mean `server.threads`?\n"},
        {"server:\n  thread: 1\n",
         "etc/s.yaml:2:3: server: unknown key `thread`; did you mean `threads`?\n"},
        {"server:\n  threadss: 1\n  weather: 1\n",
         "etc/s.yaml:2:3: server: unknown key `threadss`; did you mean `threads`?\n"
         "etc/s.yaml:3:3: server: unknown key `weather`; remove it (the sample file names all "
         "there are)\n"},
        {"server:\n  alg: ES256\n",
         "etc/s.yaml:2:3: server: unknown key `alg`; did you mean `tokens.alg`?\n"},
        {"server:\n  idle_timeout: 1\n",
         "etc/s.yaml:2:3: server: unknown key `idle_timeout`; did you mean `idle_timeout_s`?\n"},
        {"server:\n  Threads: 1\n",
         "etc/s.yaml:2:3: server: unknown key `Threads`; did you mean `threads`?\n"},
        {"server:\n  threads: 1\n  threads: 2\n",
         "etc/s.yaml:3:3: key `threads` is repeated; keep one of the two\n"},
        {"log:\n  level: info\nlog:\n  level: info\n",
         "etc/s.yaml:3:1: key `log` is repeated; keep one of the two\n"},
        {"server: 5\n", "etc/s.yaml:1:9: server: is a section; put its keys below it, indented, "
                        "as key: value\n"},
        {"- server\n", "etc/s.yaml:1:1: not sections with keys; start from the sample file\n"},
        {"server\n", "etc/s.yaml:1:1: not sections with keys; start from the sample file\n"},
    };
    EXPECT(rows);
}

Test(errors, types_and_ranges)
{
    static const struct row rows[] = {
        {"server:\n  threads: 70\n",
         "etc/s.yaml:2:12: server.threads: 70 is out of range; choose 0 to 60\n"},
        {"server:\n  threads: -1\n", "etc/s.yaml:2:12: server.threads: `-1` is not a whole number; "
                                     "write one from 0 to 60\n"},
        {"server:\n  threads: 99999999999999999999\n",
         "etc/s.yaml:2:12: server.threads: `99999999999999999999` is not a whole number; write one "
         "from 0 to 60\n"},
        {"server:\n  threads: 010\n", "etc/s.yaml:2:12: server.threads: `010` is not a whole "
                                      "number; write one from 0 to 60\n"},
        {"server:\n  threads: \"4\"\n", "etc/s.yaml:2:12: server.threads: is text in quotes; write "
                                        "the number without them\n"},
        {"server:\n  threads:\n", "etc/s.yaml:2:11: server.threads: has no value; write one, or "
                                  "remove the line for the default 0\n"},
        {"server:\n  threads: [1]\n", "etc/s.yaml:2:12: server.threads: is a list where one value "
                                      "belongs; write 0\n"},
        {"server:\n  threads: {a: 1}\n", "etc/s.yaml:2:12: server.threads: is a mapping where one "
                                         "value belongs; write 0\n"},
        {"tokens:\n  access_ttl_default_s: 15m\n",
         "etc/s.yaml:2:25: tokens.access_ttl_default_s: `15m` has a unit; the key counts seconds, "
         "write 900\n"},
        {"tokens:\n  access_ttl_default_s: 1500ms\n",
         "etc/s.yaml:2:25: tokens.access_ttl_default_s: `1500ms` is not a whole number; write one "
         "from 1 to 86400\n"},
        {"redis:\n  poll_ms: 1s\n", "etc/s.yaml:2:12: redis.poll_ms: `1s` has a unit; the key "
                                    "counts milliseconds, write 1000\n"},
        {"server:\n  access_log: yes\n", "etc/s.yaml:2:15: server.access_log: `yes` is neither "
                                         "true nor false; write one of them without quotes\n"},
        {"server:\n  access_log: \"true\"\n",
         "etc/s.yaml:2:15: server.access_log: `true` is neither true nor false; write one of them "
         "without quotes\n"},
        {"tokens:\n  alg: es256\n", "etc/s.yaml:2:8: tokens.alg: `es256` is not one of ES256, "
                                    "EdDSA, RS256 or PS256; did you mean `ES256`?\n"},
        {"tokens:\n  alg: none\n", "etc/s.yaml:2:8: tokens.alg: `none` is not one of them; choose "
                                   "ES256, EdDSA, RS256 or PS256\n"},
        {"log:\n  level: warning\n", "etc/s.yaml:2:10: log.level: `warning` is not one of debug, "
                                     "info, warn or error; did you mean `warn`?\n"},
        {"keys:\n  dir: \"\"\n", "etc/s.yaml:2:8: keys.dir: is empty; write a path\n"},
        {"store:\n  url: scopemint.db\n", "etc/s.yaml:2:8: store.url: `scopemint.db` names no "
                                          "store; write sqlite:FILE or memory:\n"},
        {"store:\n  url: \"sqlite:\"\n", "etc/s.yaml:2:8: store.url: `sqlite:` names no store; "
                                         "write sqlite:FILE or memory:\n"},
        {"store:\n  url: postgres://h/d\n", "etc/s.yaml:2:8: store.url: PostgreSQL is not in this "
                                            "version; write sqlite:FILE\n"},
        {"server:\n  issuer: https://a/\n", "etc/s.yaml:2:11: server.issuer: `https://a/` ends "
                                            "with a slash; leave it out\n"},
        {"server:\n  trusted_proxies: unix\n",
         "etc/s.yaml:2:20: server.trusted_proxies: is no list; write [10.0.0.0/8, unix], or [] for "
         "none\n"},
        {"tokens:\n  jwt_type:\n    https://a: jwt\n    \"\": JWT\n",
         "etc/s.yaml:3:16: tokens.jwt_type: `https://a` has a type that is not offered; write JWT "
         "or at+jwt\n"
         "etc/s.yaml:4:5: tokens.jwt_type: an audience has 1 to 256 bytes\n"},
    };
    EXPECT(rows);
}

Test(errors, of_the_node)
{
    static const struct row rows[] = {
        {"node:\n  mode: fleet\n", "etc/s.yaml:2:9: node.mode: fleet needs the PostgreSQL store, "
                                   "which is not in this version; write single\n"},
        {"node:\n  name: \"\"\n", "etc/s.yaml:2:9: node.name: `` is no name; write 1 to 64 "
                                  "letters, digits, dots, '-' or '_'\n"},
        {"node:\n  name: a node\n", "etc/s.yaml:2:9: node.name: `a node` is no name; write 1 to 64 "
                                    "letters, digits, dots, '-' or '_'\n"},
        {"node:\n  name: [a]\n", "etc/s.yaml:2:9: node.name: is a list where one value belongs; "
                                 "write node-1\n"},
    };
    EXPECT(rows);
}

Test(errors, listeners)
{
    static const struct row rows[] = {
        {"server:\n  listen: []\n", "etc/s.yaml:2:11: server.listen: is an empty list; write at "
                                    "least one address, such as 127.0.0.1:8420\n"},
        {"server:\n  listen: localhost:8420\n",
         "etc/s.yaml:2:11: server.listen: `localhost:8420` names localhost; write 127.0.0.1 or "
         "[::1]\n"},
        {"server:\n  listen:\n    - tls: {}\n",
         "etc/s.yaml:3:7: server.listen: a listener has no address; write {address: "
         "\"127.0.0.1:8420\"}\n"},
        {"server:\n  listen: {address: \"0.0.0.0:1\", tls: {certificate: c}}\n",
         "etc/s.yaml:2:39: server.listen: tls has no key; write {certificate: FILE, key: FILE}\n"},
        {"server:\n  listen: {address: \"0.0.0.0:1\", tls: {certificate: c, key: \"\"}}\n",
         "etc/s.yaml:2:61: server.listen: the key is empty; write a path\n"},
        {"server:\n  listen: {address: \"0.0.0.0:1\", tls: yes}\n",
         "etc/s.yaml:2:39: server.listen: tls is no mapping; write {certificate: FILE, key: "
         "FILE}\n"},
        {"server:\n  listen: {address: \"127.0.0.1:1\", mode: \"0660\"}\n",
         "etc/s.yaml:2:42: server.listen: a mode is for unix sockets; remove it here\n"},
        {"server:\n  listen: {address: \"unix:/s\", mode: \"0888\"}\n",
         "etc/s.yaml:2:38: server.listen: the mode is no octal number; write \"0660\"\n"},
        {"server:\n  listen: {address: \"unix:/s\", mode: \"660\"}\n",
         "etc/s.yaml:2:38: server.listen: the mode is no octal number; write \"0660\"\n"},
        {"server:\n  listen: {address: \"unix:/s\", port: 1}\n",
         "etc/s.yaml:2:32: server.listen: unknown member `port`; a listener has address, tls and "
         "mode, tls has certificate and key\n"},
        {"server:\n  listen: 0.0.0.0:1\n",
         "etc/s.yaml:2:11: server.listen: `0.0.0.0:1` is not loopback and has no TLS; add tls, or "
         "name the proxies in front in server.trusted_proxies\n"},
        {"admin:\n  listen: [127.0.0.1:9, 192.0.2.1:9]\n",
         "etc/s.yaml:2:25: admin.listen: `192.0.2.1:9` is not loopback and has no TLS; add tls, or "
         "name the proxies in front in server.trusted_proxies\n"},
        {"server:\n  listen: [127.0.0.1:9, 127.0.0.1:9]\n",
         "etc/s.yaml:2:25: server.listen: `127.0.0.1:9` is listened on already; give each listener "
         "its own\n"},
        {"admin:\n  listen: 127.0.0.1:8420\n",
         "etc/s.yaml:2:11: admin.listen: `127.0.0.1:8420` is listened on already; give each "
         "listener its own\n"},
    };
    EXPECT(rows);
}

Test(errors, keys_against_each_other)
{
    static const struct row rows[] = {
        {"tokens:\n  access_ttl_min_s: 901\n",
         "etc/s.yaml:2:21: tokens.access_ttl_min_s: 901 is more than tokens.access_ttl_default_s, "
         "which is 900; lower it or raise the other\n"},
        {"tokens:\n  access_ttl_max_s: 899\n",
         "etc/s.yaml:2:21: tokens.access_ttl_default_s: 900 is more than tokens.access_ttl_max_s, "
         "which is 899; lower it or raise the other\n"},
        {"server:\n  max_connections: 100\n",
         "etc/s.yaml:2:20: server.max_in_flight: 4096 is more than server.max_connections, which "
         "is 100; lower it or raise the other\n"},
    };
    EXPECT(rows);
}

/* One text must have one reading: what YAML offers beyond plain values is refused. */
Test(errors, yaml_beyond_the_subset)
{
    static const struct row rows[] = {
        {"keys:\n  dir: &a k\nscopes:\n  dir: *a\n",
         "etc/s.yaml:2:8: anchors (&name) are not taken here; write the value out\n"
         "etc/s.yaml:4:8: aliases (*name) are not taken here; write the value out\n"},
        {"keys:\n  dir: !!str k\n",
         "etc/s.yaml:2:8: tags (!name) are not taken here; write the value alone\n"},
        {"server: &s\n  threads: 99\n",
         "etc/s.yaml:1:9: anchors (&name) are not taken here; write the value out\n"
         "etc/s.yaml:2:12: server.threads: 99 is out of range; choose 0 to 60\n"},
        {"log:\n  level: info\n---\nlog:\n  level: debug\n",
         "etc/s.yaml:3:1: a second document (---); keep everything in one\n"},
        {"? [a]\n: b\n", "etc/s.yaml:1:3: a key must be a name, not a list or mapping\n"},
        {"keys:\n  dir: \"a\\0b\"\n", "etc/s.yaml:2:8: text with a control character or line "
                                      "break; write it in one line\n"},
        {"keys:\n  dir: |\n    a\n", "etc/s.yaml:2:8: text with a control character or line "
                                     "break; write it in one line\n"},
        {"a: {b: {c: {d: {e: {f: {}}}}}}\n", "etc/s.yaml:1:24: nested deeper than any key is; look "
                                             "at the indentation\n"},
        {"server:\n\tthreads: 1\n",
         "etc/s.yaml:2:1: not YAML from here on: found character that cannot start any token; look "
         "for indentation, a tab or an unclosed quote\n"},
        {"server: {\n", "etc/s.yaml:2:1: not YAML from here on: did not find expected node "
                        "content; look for indentation, a tab or an unclosed quote\n"},
        {"log:\n  level: \xff\n", "etc/s.yaml:2:10: not YAML in UTF-8: invalid leading UTF-8 "
                                  "octet; save the file as plain UTF-8\n"},
    };
    EXPECT(rows);
}

Test(errors, all_at_once_in_the_order_of_the_file)
{
    const char *const envp[] = {"SCOPEMINT_NODE__MOD=x", "SCOPEMINT_LOG__LEVEL=loud", NULL};
    const char *const overrides[] = {"keys.dir="};
    const struct config_source source = {
        .path = "s.yaml", .envp = (char *const *)envp, .overrides = overrides, .overrides_n = 1};
    char errors[8192];
    load_with(&source,
              STR("tokens:\n"
                  "  access_ttl_min_s: 5000\n"
                  "  algo: ES256\n"
                  "sever: {}\n"
                  "server:\n"
                  "  threads: many\n"
                  "  listen: 0.0.0.0:1\n"),
              errors);
    cr_assert_str_eq(errors,
                     "s.yaml:2:21: tokens.access_ttl_min_s: 5000 is more than "
                     "tokens.access_ttl_default_s, which is 900; lower it or raise the other\n"
                     "s.yaml:3:3: tokens: unknown key `algo`; did you mean `alg`?\n"
                     "s.yaml:4:1: unknown section `sever`; did you mean `server`?\n"
                     "s.yaml:6:12: server.threads: `many` is not a whole number; write one from 0 "
                     "to 60\n"
                     "s.yaml:7:11: server.listen: `0.0.0.0:1` is not loopback and has no TLS; add "
                     "tls, or name the proxies in front in server.trusted_proxies\n"
                     "environment: unknown variable `SCOPEMINT_NODE__MOD`; did you mean "
                     "`SCOPEMINT_NODE__MODE`?\n"
                     "--set keys.dir: keys.dir: is empty; write a path\n"
                     "SCOPEMINT_LOG__LEVEL: log.level: `loud` is not one of them; choose debug, "
                     "info, warn or error\n");
}

Test(errors, past_a_hundred_are_counted)
{
    static char text[4096], errors[16384];
    struct config *config = NULL;
    size_t at = 0;
    struct buf out;

    for (int i = 0; i < 130; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "k%dzz: 1\n", i);
    buf_init_fixed(&out, errors, sizeof(errors));
    cr_assert_not(
        config_parse(&(struct config_source){.path = "s"}, str_make(text, at), &config, &out));
    cr_assert(str_ends_with(buf_view(&out), STR("and 30 more\n")));
    cr_assert_not_null(memmem(errors, out.len, "s:100:1: ", 9));
    cr_assert_null(memmem(errors, out.len, "s:101:1: ", 9));
}

Test(errors, quoting_is_short_and_harmless_P5)
{
    char errors[8192];
    cr_assert_null(load("log:\n  level: \xc3\xbc"
                        "aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffffffffgggggggggg\n",
                        errors));
    cr_assert_not_null(strstr(errors, "`??aaaaaaaaaabbbbbbbbbbccccccccccddddddddddeeeeeeeeeeffffff"
                                      "...`"),
                       "%s", errors);
}

Test(errors, too_large)
{
    static char text[1024 * 1024 + 1];
    struct config *config = NULL;
    char errors[8192];
    struct buf out;
    const struct config_source source = {.path = "s"};

    memset(text, '\n', sizeof(text));
    buf_init_fixed(&out, errors, sizeof(errors));
    cr_assert_not(config_parse(&source, str_make(text, sizeof(text)), &config, &out));
    ASSERT_STR(buf_view(&out), "s: larger than 1 MB; this is no configuration of ours\n");
    cr_assert(config_parse(&source, str_make(text, sizeof(text) - 1), &config, &out));
    config_free(&config);

    for (size_t i = 0; i + 1 < sizeof(text); i += 2)
        memcpy(text + i, i == 0 ? "[ " : "a,", 2);
    out.len = 0;
    cr_assert_not(config_parse(&source, str_make(text, sizeof(text) - 1), &config, &out));
    cr_assert_not_null(memmem(errors, out.len, "more than 10000 values", 22));
}

Test(near, distance)
{
    static const struct {
        const char *a, *b;
        size_t distance;
    } rows[] = {
        {"", "", 0},
        {"a", "", 1},
        {"", "ab", 2},
        {"abc", "abc", 0},
        {"abc", "abd", 1},
        {"abc", "bc", 1},
        {"threads", "treads", 1},
        {"ab", "ba", 2},
        {"kitten", "sitting", 3},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        cr_assert_eq(near_distance(str_from(rows[i].a), str_from(rows[i].b)), rows[i].distance,
                     "%s %s", rows[i].a, rows[i].b);
}
