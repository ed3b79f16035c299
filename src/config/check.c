#include "config/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/redis_url.h"
#include "core/limits.h"

#define ROW(section, key) schema_find(STR(section), STR(key))

/* The place of the value somebody wrote: a's, unless a stands at its default. */
static struct place written(const struct checked *c, size_t a, size_t b)
{
    bool a_is_default = str_eq(str_from(c->nodes[a]->at.source), STR("default"));
    return c->nodes[a_is_default ? b : a]->at;
}

static int int_at(const struct checked *c, size_t row)
{
    int value;
    memcpy(&value, (const char *)c->config + schema_rows[row].offset, sizeof(value));
    return value;
}

static void check_at_most(struct checked *c, size_t low, size_t high)
{
    char low_name[SCHEMA_NAME], high_name[SCHEMA_NAME];

    if (!c->good[low] || !c->good[high] || int_at(c, low) <= int_at(c, high))
        return;
    schema_name(&schema_rows[low], low_name);
    schema_name(&schema_rows[high], high_name);
    report_add(c->report, written(c, low, high), low_name,
               "%d is more than %s, which is %d; lower it or raise the other", int_at(c, low),
               high_name, int_at(c, high));
}

static const struct tree_node *listener_node(const struct tree_node *node, size_t i)
{
    if (node->kind != TREE_LIST)
        return node;
    node = node->child;
    while (i-- > 0)
        node = node->next;
    return node;
}

/* SPEC 10: clear text from afar is answered to trusted proxies alone, so without any the listener
 * would answer nobody. */
static void check_clear_text(struct checked *c, size_t row, const struct config_listeners *list)
{
    size_t proxies = ROW("server", "trusted_proxies");
    char name[SCHEMA_NAME];

    if (!c->good[row] || !c->good[proxies] || c->config->server.trusted_proxies.n > 0)
        return;
    for (size_t i = 0; i < list->n; i++)
        if (!list->items[i].tls && !list->items[i].address.local)
            report_add(c->report, listener_node(c->nodes[row], i)->at,
                       schema_name(&schema_rows[row], name),
                       "`%s` is not loopback and has no TLS; add tls, or name the proxies in front "
                       "in server.trusted_proxies",
                       list->items[i].text.ptr);
}

static bool same_address(const struct config_listener *a, const struct config_listener *b)
{
    return a->address.socket_len == b->address.socket_len &&
           memcmp(&a->address.socket, &b->address.socket, a->address.socket_len) == 0;
}

static void check_repeats(struct checked *c, size_t row, const struct config_listeners *list,
                          const struct config_listeners *others)
{
    char name[SCHEMA_NAME];
    for (size_t i = 0; i < list->n; i++) {
        bool repeated = false;
        for (size_t j = 0; j < i; j++)
            repeated = repeated || same_address(&list->items[i], &list->items[j]);
        for (size_t j = 0; others != NULL && j < others->n; j++)
            repeated = repeated || same_address(&list->items[i], &others->items[j]);
        if (repeated)
            report_add(c->report, listener_node(c->nodes[row], i)->at,
                       schema_name(&schema_rows[row], name),
                       "`%s` is listened on already; give each listener its own",
                       list->items[i].text.ptr);
    }
}

static void check_listeners(struct checked *c)
{
    size_t server = ROW("server", "listen"), admin = ROW("admin", "listen");
    const struct config_listeners *of_server = &c->config->server.listen;
    const struct config_listeners *of_admin = &c->config->admin.listen;

    check_clear_text(c, server, of_server);
    check_clear_text(c, admin, of_admin);
    if (c->good[server])
        check_repeats(c, server, of_server, NULL);
    if (c->good[admin])
        check_repeats(c, admin, of_admin, c->good[server] ? of_server : NULL);
}

/* The first line of the file into config->redis.password. Returns NULL, or what is wrong. */
static const char *read_password(struct checked *c, const char *path)
{
    char text[LIMIT_SECRET * 4 + 1];
    int file = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    const char *wrong = NULL;
    struct stat about;
    struct str line;
    ssize_t n = -1;

    if (file < 0)
        return strerror(errno);
    if (fstat(file, &about) == 0 && S_ISREG(about.st_mode))
        n = read(file, text, sizeof(text));
    close(file);
    if (n < 0)
        return "not a file that can be read";
    line = str_make(text, (size_t)n);
    line.len = str_find(line, '\n');
    if ((about.st_mode & 0007) != 0)
        wrong = "every user of this machine can open it; chmod 600";
    else if (line.len == 0 || line.len == sizeof(text))
        wrong = "its first line holds no password, or one longer than 512 bytes";
    else
        c->config->redis.password = report_copy(c->report, line);
    explicit_bzero(text, sizeof(text));
    return wrong;
}

/* THREATS-77. */
static void check_redis(struct checked *c)
{
    size_t url = ROW("redis", "url"), file = ROW("redis", "password_file");
    struct config_redis *redis = &c->config->redis;
    const char *wrong;

    if (!c->good[url] || !c->good[file])
        return;
    if (redis->password_file.len > 0 && redis->password.len > 0) {
        report_add(c->report, c->nodes[file]->at, "redis.password_file",
                   "redis.url holds a password too; take it out there");
    } else if (redis->password_file.len > 0 && redis->kind != CONFIG_REDIS_NONE) {
        wrong = read_password(c, redis->password_file.ptr);
        if (wrong != NULL)
            report_add(c->report, c->nodes[file]->at, "redis.password_file", "%s: %s",
                       redis->password_file.ptr, wrong);
    } else if (!redis_is_local(redis) && redis->password.len == 0) {
        report_add(c->report, c->nodes[url]->at, "redis.url",
                   "a Redis on another machine needs a password; set redis.password_file, or use "
                   "a unix socket or loopback");
    }
}

/* Known, so that the message can say what is missing; not offered while there is one kind of
 * durable store. */
static void check_node(struct checked *c)
{
    size_t row = ROW("node", "mode");
    if (c->good[row] && str_eq(c->config->node.mode, STR("fleet")))
        report_add(c->report, c->nodes[row]->at, "node.mode",
                   "fleet needs the PostgreSQL store, which is not in this version; write single");
}

void check_all(struct checked *c)
{
    check_at_most(c, ROW("tokens", "access_ttl_min_s"), ROW("tokens", "access_ttl_default_s"));
    check_at_most(c, ROW("tokens", "access_ttl_default_s"), ROW("tokens", "access_ttl_max_s"));
    check_at_most(c, ROW("server", "max_in_flight"), ROW("server", "max_connections"));
    check_listeners(c);
    check_redis(c);
    check_node(c);
}
