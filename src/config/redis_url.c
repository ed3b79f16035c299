#include "config/redis_url.h"

#include "config/issuer.h"

enum { DEFAULT_PORT = 6379, DB_MAX = 65535 };

/* Undoes %XX into a copy; a '+' is itself, unlike in a form. False: a broken escape, a NUL, or no
 * memory. */
static bool decode(struct report *report, struct str s, struct str *out)
{
    char *copy = report_alloc(report, s.len + 1);
    size_t n = 0;

    if (copy == NULL)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        copy[n] = s.ptr[i];
        if (s.ptr[i] == '%') {
            int high = i + 2 < s.len ? str_hex_value(s.ptr[i + 1]) : -1;
            int low = i + 2 < s.len ? str_hex_value(s.ptr[i + 2]) : -1;
            if (high < 0 || low < 0 || high + low == 0)
                return false;
            copy[n] = (char)(high * 16 + low);
            i += 2;
        }
        n++;
    }
    *out = str_make(copy, n);
    return true;
}

static const char *parse_user(struct report *report, struct str info, struct config_redis *out)
{
    size_t colon = str_find(info, ':');
    if (colon >= info.len - 1 || info.len == 0)
        return "has an @ but no password; write redis://:password@host:port";
    if (!decode(report, str_slice(info, 0, colon), &out->user) ||
        !decode(report, str_slice(info, colon + 1, info.len), &out->password))
        return "has a broken %XX in its user or password";
    return NULL;
}

static const char *parse_host(struct report *report, struct str where, struct config_redis *out)
{
    bool bracketed = where.len > 0 && where.ptr[0] == '[';
    size_t end = bracketed ? str_find(where, ']') : str_find(where, ':');
    struct str host = str_slice(where, bracketed ? 1 : 0, end);
    struct str port = str_slice(where, end + (bracketed ? 1 : 0), where.len);
    uint64_t number = DEFAULT_PORT;
    struct ip ip;

    if (host.len == 0 || !str_is_printable_ascii(host) || str_find(host, ' ') < host.len ||
        (bracketed && (end == where.len || !ip_parse(host, &ip))))
        return "has no host; write redis://host:port/db";
    if (port.len > 0 && (port.ptr[0] != ':' || number == 0 ||
                         !str_to_u64(str_slice(port, 1, port.len), 65535, &number) || number == 0))
        return "has a bad port; write :1 to :65535, or none for 6379";
    out->host = report_copy(report, host);
    out->port = (int)number;
    return NULL;
}

static const char *parse_tcp(struct report *report, struct str rest, struct config_redis *out)
{
    size_t slash, at = str_find(rest, '@');
    struct str where = at < rest.len ? str_slice(rest, at + 1, rest.len) : rest;
    const char *wrong = NULL;
    uint64_t db = 0;

    if (str_find(where, '@') < where.len)
        return "has more than one @; in a password it is written %40";
    if (str_find(where, '?') < where.len || str_find(where, '#') < where.len)
        return "has a query or fragment; end it after the database's number";
    slash = str_find(where, '/');
    if (slash + 1 < where.len && !str_to_u64(str_slice(where, slash + 1, where.len), DB_MAX, &db))
        return "has a bad database; write its number behind the slash, or nothing for 0";
    if (at < rest.len)
        wrong = parse_user(report, str_slice(rest, 0, at), out);
    out->db = (int)db;
    return wrong != NULL ? wrong : parse_host(report, str_slice(where, 0, slash), out);
}

const char *redis_url_parse(struct report *report, struct str url, struct config_redis *out)
{
    struct config_redis redis = *out; /* keeps what other keys said */
    const char *wrong = NULL;

    redis.kind = CONFIG_REDIS_NONE;
    redis.path = redis.host = redis.user = redis.password = STR("");
    if (str_starts_with(url, STR("unix:")) && url.len > 5) {
        redis.kind = CONFIG_REDIS_UNIX;
        redis.path = report_copy(report, str_slice(url, 5, url.len));
    } else if (str_starts_with(url, STR("redis://"))) {
        redis.kind = CONFIG_REDIS_TCP;
        wrong = parse_tcp(report, str_slice(url, 8, url.len), &redis);
    } else if (str_starts_with(url, STR("rediss://"))) {
        wrong = "asks for TLS, which is not offered; use a unix socket, or a tunnel on loopback";
    } else if (url.len > 0) {
        wrong = "is not a Redis address; write unix:/path or redis://host:port/db";
    }
    if (wrong == NULL)
        *out = redis;
    return wrong;
}

bool redis_is_local(const struct config_redis *redis)
{
    struct ip ip;
    if (redis->kind != CONFIG_REDIS_TCP || str_eq(redis->host, STR("localhost")))
        return true;
    return ip_parse(redis->host, &ip) && ip_is_loopback(&ip);
}
