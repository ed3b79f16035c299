#include "config/schema.h"

#include <stdio.h>

static const char *const algs[] = {"ES256", "EdDSA", "RS256", "PS256", NULL};
static const char *const modes[] = {"single", "fleet", NULL};
static const char *const levels[] = {"debug", "info", "warn", "error", NULL};

#define DAY  86400
#define YEAR (366 * DAY)

#define AT(section_, key_) \
    .section = #section_, .key = #key_, .offset = offsetof(struct config, section_.key_)
/* A key whose value becomes several members of the section's struct. */
#define SPREAD(section_, key_) \
    .section = #section_, .key = #key_, .offset = offsetof(struct config, section_)
#define INT(low, high, default_) \
    .type = SCHEMA_INT, .min = (low), .max = (high), .fallback = (default_)
#define CHOICE(names, default_) .type = SCHEMA_CHOICE, .choices = (names), .fallback = (default_)

/* clang-format off */
const struct schema_row schema_rows[SCHEMA_ROWS] = {
    {AT(server, issuer), .type = SCHEMA_ISSUER, .fallback = "http://127.0.0.1:8420",
     .help = "Name of this server in every token: https://host[:port]; http on loopback only"},
    {AT(server, listen), .type = SCHEMA_LISTEN, .fallback = "127.0.0.1:8420",
     .help = "Where clients connect: an address, or a list of addresses with their TLS files"},
    {AT(server, threads), INT(0, CONFIG_THREADS_MAX, "0"),
     .help = "Event loops; 0 is one a core"},
    {AT(server, trusted_proxies), .type = SCHEMA_CIDRS, .fallback = "[]",
     .help = "Networks, or unix, that may speak clear text and whose X-Forwarded-For counts"},
    {AT(server, max_in_flight), INT(1, 1000000, "4096"),
     .help = "Requests in work at once; more are answered 503"},
    {AT(server, max_connections), INT(1, 1000000, "16384"),
     .help = "Open connections; more wait to be accepted"},
    {AT(server, drain_timeout_s), INT(0, 600, "10"),
     .help = "Seconds a stopping server lets running requests finish"},
    {AT(server, head_timeout_s), INT(1, 600, "10"),
     .help = "Seconds a client has to send a request's head"},
    {AT(server, body_timeout_s), INT(1, 600, "10"),
     .help = "Seconds a client has to send a request's body"},
    {AT(server, idle_timeout_s), INT(1, 3600, "60"),
     .help = "Seconds a kept connection may stay silent"},
    {AT(server, access_log), .type = SCHEMA_BOOL, .fallback = "false",
     .help = "One log line a request"},

    {AT(admin, listen), .type = SCHEMA_LISTEN, .fallback = "127.0.0.1:8421",
     .help = "Where /livez, /readyz and /metrics are served"},

    {AT(tokens, alg), CHOICE(algs, "ES256"),
     .help = "Signature algorithm of new access tokens"},
    {AT(tokens, access_ttl_default_s), INT(1, DAY, "900"),
     .help = "Seconds an access token lives when nobody asks for another time"},
    {AT(tokens, access_ttl_min_s), INT(1, DAY, "60"),
     .help = "Shortest life in seconds; a shorter wish gets this"},
    {AT(tokens, access_ttl_max_s), INT(1, DAY, "3600"),
     .help = "Longest life in seconds; a longer wish gets this"},
    {AT(tokens, jwt_type), .type = SCHEMA_JWT_TYPES, .fallback = "{}",
     .help = "Audience to JWT, for resource servers that do not know at+jwt"},
    {AT(tokens, expired_kept_s), INT(0, YEAR, "86400"),
     .help = "Seconds an expired token stays in the store and in lists"},
    {AT(tokens, verified_kept), INT(0, 4 * 1024 * 1024, "65536"),
     .help = "Verified tokens kept in memory, so that none is verified twice; 0: none"},

    {AT(keys, dir), .type = SCHEMA_PATH, .fallback = "../keys",
     .help = "Directory of the signing keys, PEM files of mode 0600"},
    {AT(keys, jwks_max_age_s), INT(1, DAY, "300"),
     .help = "Seconds clients may cache the JWKS; a new key waits that long before it signs"},

    {AT(scopes, dir), .type = SCHEMA_PATH, .fallback = "scopes",
     .help = "Directory of the scope tables, *.json"},
    {AT(scopes, roles), .type = SCHEMA_PATH, .fallback = "roles.json",
     .help = "File of the roles and the scopes they carry"},

    {SPREAD(store, url), .type = SCHEMA_STORE, .fallback = "sqlite:../var/scopemint.db",
     .help = "The durable truth: sqlite:FILE, or memory:, for tests alone"},

    {SPREAD(redis, url), .type = SCHEMA_REDIS, .fallback = "\"\"",
     .help = "unix:/path or redis://host:port/db; empty: none"},
    {AT(redis, password_file), .type = SCHEMA_PATH_NONE, .fallback = "\"\"",
     .help = "File whose first line is the password of Redis; not readable by others"},
    {AT(redis, poll_ms), INT(50, 1000, "500"),
     .help = "Milliseconds between two looks at whether Redis still holds what was put there"},

    {AT(node, mode), CHOICE(modes, "single"),
     .help = "single: this is the only node on its store"},
    {AT(node, name), .type = SCHEMA_LABEL, .fallback = "node-1",
     .help = "What this node is called in the audit log"},

    {AT(audit, kept_s), INT(0, 10 * YEAR, "31622400"),
     .help = "Seconds a record of the audit log is kept; 0 is for ever"},

    {AT(feed, streams_max), INT(0, 100000, "256"),
     .help = "Open event streams of GET /oauth/revocations; more are answered 503"},
    {AT(feed, heartbeat_s), INT(1, 60, "15"),
     .help = "Seconds of silence after which a stream says that it is alive"},

    {AT(throttle, failures_per_client_address_per_minute), INT(1, 1000000, "10"),
     .help = "Failed authentications of one client from one address before 429"},
    {AT(throttle, failures_per_address_per_minute), INT(1, 1000000, "200"),
     .help = "Failed authentications from one address, whatever the client, before 429"},
    {AT(throttle, unknown_tokens_per_second), INT(1, 1000000, "1000"),
     .help = "Tokens that do not verify one introspecting caller may send before 429"},

    {AT(log, level), CHOICE(levels, "info"),
     .help = "Least weight of what is logged"},
};
/* clang-format on */

size_t schema_find_section(struct str section)
{
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        if (str_eq(section, str_from(schema_rows[i].section)))
            return i;
    return SCHEMA_ROWS;
}

size_t schema_find(struct str section, struct str key)
{
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        if (str_eq(section, str_from(schema_rows[i].section)) &&
            str_eq(key, str_from(schema_rows[i].key)))
            return i;
    return SCHEMA_ROWS;
}

const char *schema_name(const struct schema_row *row, char memory[SCHEMA_NAME])
{
    snprintf(memory, SCHEMA_NAME, "%s.%s", row->section, row->key);
    return memory;
}

const char *schema_variable(const struct schema_row *row, char memory[SCHEMA_NAME])
{
    snprintf(memory, SCHEMA_NAME, "SCOPEMINT_%s__%s", row->section, row->key);
    for (char *c = memory; *c != '\0'; c++)
        if (*c >= 'a' && *c <= 'z')
            *c = (char)(*c - 'a' + 'A');
    return memory;
}
