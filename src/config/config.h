/* The configuration as plain typed values: read once at start (and again on SIGHUP), checked whole,
 * then never changed. Every str and list points into memory the configuration owns, until
 * config_free(). A path that is relative in the file, a variable or --set is taken from the
 * directory of the file, so that a service does not depend on where it was started; here it is
 * ready for open(2) from the directory config_load() was called in. Texts have a terminator. */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "config/cidr.h"
#include "config/listen.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"

enum { CONFIG_THREADS_MAX = 60 };

struct config_listener {
    struct str text; /* as written, for logs */
    struct listen_address address;
    bool tls;
    struct str certificate, key; /* PEM files, with tls */
    mode_t mode;                 /* of a unix socket's file */
};

struct config_listeners {
    const struct config_listener *items; /* at least one */
    size_t n;
};

struct config_server {
    struct str issuer; /* 8414-2-a: https, or http on loopback; no path */
    struct config_listeners listen;
    int threads; /* 0: as many as there are cores, at most CONFIG_THREADS_MAX */
    struct cidr_list trusted_proxies;
    int max_in_flight, max_connections;
    int drain_timeout_s, head_timeout_s, body_timeout_s, idle_timeout_s;
    bool access_log;
};

struct config_admin {
    struct config_listeners listen;
};

struct config_jwt_type {
    struct str audience;
    bool plain; /* `typ: JWT` instead of `at+jwt` */
};

struct config_jwt_types {
    const struct config_jwt_type *items;
    size_t n;
};

struct config_tokens {
    struct str alg; /* "ES256", "EdDSA", "RS256" or "PS256" */
    int access_ttl_default_s, access_ttl_min_s, access_ttl_max_s; /* min <= default <= max */
    struct config_jwt_types jwt_type;
    int expired_kept_s;
    int verified_kept; /* tokens; 0: none */
};

struct config_keys {
    struct str dir;
    int jwks_max_age_s;
};

struct config_scopes {
    struct str dir;
    struct str roles; /* file */
};

enum config_store_kind { CONFIG_STORE_SQLITE, CONFIG_STORE_MEMORY };

struct config_store {
    enum config_store_kind kind;
    struct str path; /* SQLite's file */
};

enum config_redis_kind { CONFIG_REDIS_NONE, CONFIG_REDIS_UNIX, CONFIG_REDIS_TCP };

struct config_redis {
    enum config_redis_kind kind;
    struct str path; /* unix */
    struct str host; /* tcp; IPv6 without brackets */
    int port, db;
    struct str user, password; /* "" for none; from the url or from password_file */
    struct str password_file;
    int poll_ms;
};

struct config_node {
    struct str mode; /* "single" */
    struct str name;
};

struct config_audit {
    int kept_s; /* 0: for ever */
};

struct config_throttle {
    int failures_per_client_address_per_minute, failures_per_address_per_minute;
    int unknown_tokens_per_second;
};

struct config_feed {
    int streams_max; /* 0: none */
    int heartbeat_s;
};

struct config_log {
    struct str level; /* a name log_parse_level() takes */
};

struct config {
    struct config_server server;
    struct config_admin admin;
    struct config_tokens tokens;
    struct config_keys keys;
    struct config_scopes scopes;
    struct config_store store;
    struct config_redis redis;
    struct config_node node;
    struct config_audit audit;
    struct config_throttle throttle;
    struct config_feed feed;
    struct config_log log;

    struct arena memory; /* behind all of the above */
};

/* Where values come from; a later kind wins: file, environment, overrides. Borrowed for the call.
 */
struct config_source {
    const char *path;
    char *const *envp;           /* NULL-terminated, or NULL; SCOPEMINT_STORE__URL=... */
    const char *const *not_keys; /* other SCOPEMINT_ variables, such as SCOPEMINT_TOKEN */
    size_t not_keys_n;
    const char *const *overrides; /* "store.url=memory:", as --set takes them */
    size_t overrides_n;
};

/* False: out_errors holds every error there is, a line each (F-42), and *out is left alone. No line
 * holds a password. out_errors is the caller's, any kind of buf. */
bool config_load(const struct config_source *source, struct config **out, struct buf *out_errors);

/* The same for a text already read, source->path being its name in errors and the base of relative
 * paths. */
bool config_parse(const struct config_source *source, struct str text, struct config **out,
                  struct buf *out_errors);

/* Wipes and frees; takes a pointer to NULL too. */
void config_free(struct config **config);

/* What there is to know of a key; texts are static but for those in arrays. */
struct config_key {
    char name[96], variable[96], takes[128]; /* "store.url", SCOPEMINT_STORE__URL, "0 to 60" */
    const char *fallback, *meaning;
};

/* The i-th of all keys; false past the last. */
bool config_key_at(size_t i, struct config_key *out);

/* Reference of all keys for a terminal: name, what it takes, default, meaning, variable. */
void config_describe(struct buf *out);

#endif
