/* THREATS-77: where Redis may be, and that its password shows up nowhere (P5). */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/redis_url.h"
#include "support.h"

static struct config *with_url(const char *url, char errors[8192])
{
    char text[512];
    snprintf(text, sizeof(text), "redis:\n  url: \"%s\"\n", url);
    return load(text, errors);
}

Test(redis, parses)
{
    static const struct {
        const char *url;
        enum config_redis_kind kind;
        const char *where;
        int port, db;
        const char *user, *password;
    } rows[] = {
        {"", CONFIG_REDIS_NONE, "", 0, 0, "", ""},
        {"unix:/run/r.sock", CONFIG_REDIS_UNIX, "/run/r.sock", 0, 0, "", ""},
        {"unix:r.sock", CONFIG_REDIS_UNIX, "etc/r.sock", 0, 0, "", ""},
        {"redis://127.0.0.1", CONFIG_REDIS_TCP, "127.0.0.1", 6379, 0, "", ""},
        {"redis://127.0.0.1:1/", CONFIG_REDIS_TCP, "127.0.0.1", 1, 0, "", ""},
        {"redis://[::1]:6380/15", CONFIG_REDIS_TCP, "::1", 6380, 15, "", ""},
        {"redis://localhost/2", CONFIG_REDIS_TCP, "localhost", 6379, 2, "", ""},
        {"redis://:pw@r.example:7/1", CONFIG_REDIS_TCP, "r.example", 7, 1, "", "pw"},
        {"redis://u:p%40%2f+:x@192.0.2.1", CONFIG_REDIS_TCP, "192.0.2.1", 6379, 0, "u", "p@/+:x"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char errors[8192];
        struct config *config = with_url(rows[i].url, errors);
        cr_assert_not_null(config, "%s", errors);
        const struct config_redis *r = &config->redis;
        cr_assert_eq(r->kind, rows[i].kind, "%s", rows[i].url);
        ASSERT_STR(r->kind == CONFIG_REDIS_UNIX ? r->path : r->host, rows[i].where);
        cr_assert(r->kind != CONFIG_REDIS_TCP || r->port == rows[i].port, "%s", rows[i].url);
        cr_assert(r->kind != CONFIG_REDIS_TCP || r->db == rows[i].db, "%s", rows[i].url);
        ASSERT_STR(r->user, rows[i].user);
        ASSERT_STR(r->password, rows[i].password);
        cr_assert_eq(r->poll_ms, 500);
        config_free(&config);
    }
}

Test(redis, refuses_without_showing_the_password_P5)
{
    static const struct {
        const char *url, *reason;
    } rows[] = {
        {"redis://r.example:6379", "needs a password"},
        {"redis://192.0.2.1", "needs a password"},
        {"redis://[2001:db8::1]:6379/1", "needs a password"},
        {"redis://localhost.example", "needs a password"},
        {"rediss://:sesame@r.example", "TLS"},
        {"http://:sesame@r.example", "not a Redis address"},
        {"unix:", "not a Redis address"},
        {"sesame", "not a Redis address"},
        {"redis://", "no host"},
        {"redis://:sesame@", "no host"},
        {"redis://[r.example]", "no host"},
        {"redis://[::1", "no host"},
        {"redis://@r.example", "no password"},
        {"redis://sesame@r.example", "no password"},
        {"redis://sesame:@r.example", "no password"},
        {"redis://:sesame@sesame@r.example", "more than one @"},
        {"redis://:sesame%4@r.example", "%XX"},
        {"redis://:sesame%zz@r.example", "%XX"},
        {"redis://:sesame%00@r.example", "%XX"},
        {"redis://:sesame@r.example:0", "port"},
        {"redis://:sesame@r.example:99999", "port"},
        {"redis://:sesame@r.example:", "port"},
        {"redis://:sesame@[::1]6", "port"},
        {"redis://:sesame@r.example/x", "database"},
        {"redis://:sesame@r.example/0/1", "database"},
        {"redis://:sesame@r.example?x=1", "query"},
        {"redis://:sesame@r.example#x", "query"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char errors[8192];
        cr_assert_null(with_url(rows[i].url, errors), "%s", rows[i].url);
        cr_assert_not_null(strstr(errors, rows[i].reason), "%s: %s", rows[i].url, errors);
        cr_assert_not_null(strstr(errors, "etc/s.yaml:2:8: redis.url: "), "%s", errors);
        cr_assert_null(strstr(errors, "sesame"), "%s", errors);
    }
}

/* Wherever a password lands by mistake, no message repeats it. */
Test(redis, password_in_the_wrong_place_is_not_shown_P5)
{
    static const char *const texts[] = {
        "redis: redis://:sesame@h\n",
        "redis:\n  - redis://:sesame@h\n",
        "redis:\n  url: [redis://:sesame@h]\n",
        "redis:\n  urll: redis://:sesame@h\n",
        "redis:\n  url: &a redis://:sesame@h\n",
        "redis:\n  url: \"redis://:sesame@h\n",
        "redis:\n  redis://:sesame@h: x\n",
        "redis:\n  url: \"redis://:sesame@h\\n\"\n",
        "store:\n  url: postgres://u:sesame@h\n",
        "store:\n  url: mysql://u:sesame@h\n",
        "server:\n  issuer: https://u:sesame@h\n",
        "server:\n  listen: u:sesame@h\n",
        "server:\n  threads: u:sesame@h\n",
        "log:\n  level: u:sesame@h\n",
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        char errors[8192];
        cr_assert_null(load(texts[i], errors), "%s", texts[i]);
        cr_assert_null(strstr(errors, "sesame"), "%s", errors);
    }
}

Test(redis, local_is_unix_or_loopback_THREATS_77)
{
    struct config_redis r = {.kind = CONFIG_REDIS_UNIX};
    cr_assert(redis_is_local(&r));
    r = (struct config_redis){.kind = CONFIG_REDIS_TCP, .host = STR("127.8.8.8")};
    cr_assert(redis_is_local(&r));
    r.host = STR("0.0.0.0");
    cr_assert_not(redis_is_local(&r));
    r.host = STR("loopback.example");
    cr_assert_not(redis_is_local(&r));
}

static struct config *with_file(const char *content, mode_t mode, const char *url,
                                char errors[8192])
{
    char path[] = "/tmp/test_config_XXXXXX", text[512];
    int file = mkstemp(path);
    struct config *config;

    cr_assert(file >= 0);
    cr_assert_eq(write(file, content, strlen(content)), (ssize_t)strlen(content));
    fchmod(file, mode);
    close(file);
    snprintf(text, sizeof(text), "redis:\n  password_file: %s\n  url: %s\n", path, url);
    config = load(text, errors);
    unlink(path);
    return config;
}

Test(redis, password_file)
{
    char errors[8192], longest[600] = "";
    struct config *config = with_file("sesame\nmore\n", 0640, "redis://r.example", errors);

    cr_assert_not_null(config, "%s", errors);
    ASSERT_STR(config->redis.password, "sesame");
    config_free(&config);
    memset(longest, 'x', 512);
    config = with_file(longest, 0600, "redis://r.example", errors);
    cr_assert(config != NULL && config->redis.password.len == 512, "%s", errors);
    config_free(&config);
    memset(longest, 'x', 513);
    cr_assert_null(with_file(longest, 0600, "redis://r.example", errors));
    cr_assert_not_null(strstr(errors, "longer than 512 bytes"), "%s", errors);
    cr_assert_null(with_file("\nsesame\n", 0600, "redis://r.example", errors));
    cr_assert_not_null(strstr(errors, "no password"), "%s", errors);
    cr_assert_null(with_file("sesame", 0644, "redis://r.example", errors));
    cr_assert_not_null(strstr(errors, "chmod 600"), "%s", errors);
    cr_assert_null(with_file("sesame", 0600, "redis://:x@r.example", errors));
    cr_assert_not_null(strstr(errors, "take it out there"), "%s", errors);
    cr_assert_null(load("redis:\n  url: redis://h\n  password_file: /nonexistent\n", errors));
    cr_assert_str_eq(errors, "etc/s.yaml:3:18: redis.password_file: /nonexistent: No such file or "
                             "directory\n");
    cr_assert_null(load("redis:\n  url: redis://h\n  password_file: /tmp\n", errors));
    cr_assert_not_null(strstr(errors, "not a file"), "%s", errors);
}
