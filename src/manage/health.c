/* Is the process alive, and should it get traffic (F-44)? Each part of the answer has a state and,
 * where it is not well, a reason that says what to look at. What introspection cannot do without
 * makes the node unavailable (503); what it survives makes it degraded (200), since taking the node
 * out would help nobody. */
#include "config/config.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "manage/endpoints.h"
#include "revocation/index.h"
#include "revocation/link.h"
#include "store/store.h"
#include "json/write.h"

enum health { HEALTH_OFF, HEALTH_OK, HEALTH_DEGRADED, HEALTH_UNAVAILABLE }; /* worst last */

static const struct {
    const char *part, *whole;
} health_words[] = {
    [HEALTH_OFF] = {"off", "ready"},
    [HEALTH_OK] = {"ok", "ready"},
    [HEALTH_DEGRADED] = {"degraded", "degraded"},
    [HEALTH_UNAVAILABLE] = {"unavailable", "unavailable"},
};

struct verdict {
    enum health health;
    const char *reason; /* NULL when all is well */
};

static struct verdict judge_process(const struct server *server)
{
    if (atomic_load(&server->draining))
        return (struct verdict){HEALTH_UNAVAILABLE, "the server is shutting down"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_key(const struct server *server)
{
    const struct snapshot *snapshot = snapshot_now(server);
    if (snapshot == NULL || snapshot->keyring == NULL) /* a keyring has an active key */
        return (struct verdict){HEALTH_UNAVAILABLE,
                                "no signing key is active; see `scopemint key list`"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_store(const struct server *server)
{
    if (!store_is_healthy(server->store))
        return (struct verdict){HEALTH_UNAVAILABLE,
                                "the last commit failed; see the log for the cause"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_index(const struct server *server)
{
    if (!revocation_index_is_complete(server->index))
        return (struct verdict){HEALTH_UNAVAILABLE,
                                "the revocation index is being rebuilt from the store"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_tables(const struct server *server)
{
    const struct snapshot *snapshot = snapshot_now(server);
    if (snapshot == NULL || party_is_outdated(snapshot->party))
        return (struct verdict){HEALTH_UNAVAILABLE,
                                "partners and applications are being read again from the store"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_redis(const struct server *server)
{
    if (server->config->redis.kind == CONFIG_REDIS_NONE)
        return (struct verdict){HEALTH_OFF, "no redis.url is configured"};
    const struct revocation_link *link = atomic_load(&server->link);
    if (link == NULL)
        return (struct verdict){HEALTH_DEGRADED, "Redis is not connected yet"};
    const char *reason = revocation_link_reason(link);
    if (reason[0] != '\0') /* revocations hold here all the same; its readers wait */
        return (struct verdict){HEALTH_DEGRADED, reason};
    if (revocation_link_state(link) != LINK_FOLLOWING)
        return (struct verdict){HEALTH_DEGRADED, "Redis is being filled again from the store"};
    if (revocation_link_lag(link).may_evict)
        return (struct verdict){
            HEALTH_DEGRADED,
            "Redis may evict keys, and its readers take that for live tokens; set maxmemory-policy "
            "noeviction"};
    return (struct verdict){HEALTH_OK, NULL};
}

static struct verdict judge_clock(const struct server *server)
{
    if (!store_clock_is_trusted(server->store))
        return (struct verdict){
            HEALTH_DEGRADED, "the wall clock leapt; clean-up waits until it ran true for an hour"};
    return (struct verdict){HEALTH_OK, NULL};
}

static const struct {
    struct str name;
    struct verdict (*judge)(const struct server *server);
} parts[] = {
    {STR_INIT("process"), judge_process}, {STR_INIT("key"), judge_key},
    {STR_INIT("store"), judge_store},     {STR_INIT("index"), judge_index},
    {STR_INIT("tables"), judge_tables},   {STR_INIT("redis"), judge_redis},
    {STR_INIT("clock"), judge_clock},
};

enum { PARTS = sizeof(parts) / sizeof(parts[0]), HEALTH_BODY_MAX = 4096 };

static void write_part(struct json_writer *w, struct str name, struct verdict verdict)
{
    json_write_key(w, name);
    json_write_object_begin(w);
    json_write_member_string(w, STR("state"), str_from(health_words[verdict.health].part));
    if (verdict.reason != NULL)
        json_write_member_string(w, STR("reason"), str_from(verdict.reason));
    json_write_object_end(w);
}

static enum step_result answer_readyz(struct exchange *x)
{
    struct verdict verdicts[PARTS];
    enum health worst = HEALTH_OK;
    for (size_t i = 0; i < PARTS; i++) {
        verdicts[i] = parts[i].judge(x->worker->server);
        worst = verdicts[i].health > worst ? verdicts[i].health : worst;
    }

    struct buf body;
    struct json_writer w;
    buf_init_arena(&body, &x->arena, 1024, HEALTH_BODY_MAX);
    json_writer_init(&w, &body);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("status"), str_from(health_words[worst].whole));
    json_write_key(&w, STR("parts"));
    json_write_object_begin(&w);
    for (size_t i = 0; i < PARTS; i++)
        write_part(&w, parts[i].name, verdicts[i]);
    json_write_object_end(&w);
    json_write_object_end(&w);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, worst == HEALTH_UNAVAILABLE ? 503 : 200, buf_view(&body));
}

static enum step_result answer_livez(struct exchange *x)
{
    return exchange_reply_json(x, 200, STR("{\"status\":\"ok\"}"));
}

const struct endpoint manage_livez = {.name = "livez", .steps = {answer_livez}};
const struct endpoint manage_readyz = {.name = "readyz", .steps = {answer_readyz}};
