#include "app/audit_log.h"

#include "audit/head.h"
#include "core/log.h"
#include "exchange/snapshot.h"

enum { HOUR_MS = 60 * 60 * 1000 };

/* Whatever the level of the log: it is evidence, not a message. */
static void write_line(const struct audit_head *head, struct str jws)
{
    const struct log_field fields[] = {
        LF_STR("node", head->node),
        LF_INT("seq", head->at.seq),
        LF_STR("head", jws),
    };
    log_write(LOG_INFO, "audit_head", fields, sizeof(fields) / sizeof(fields[0]));
}

static void log_head(struct server *server, struct keyring_thread *keys)
{
    const struct snapshot *snapshot = snapshot_now(server);
    const struct audit_head head = {
        .at = store_audit_head(server->store),
        .node = server->config->node.name,
        .iat_s = clock_wall_s(server->clock),
    };
    char text[LIMIT_TOKEN];
    struct buf jws;

    buf_init_fixed(&jws, text, sizeof(text));
    struct result made = audit_head_sign(&head, snapshot->issuer, snapshot->keyring, keys, &jws);
    if (result_ok(made))
        write_line(&head, buf_view(&jws));
    else
        LOG(LOG_ERROR, "audit_head_not_signed", LF_ERR(made.code), LF_INT("seq", head.at.seq));
}

static void on_hour(struct loop_timer *timer)
{
    struct audit_log *log = (struct audit_log *)timer;

    log_head(log->worker->server, log->worker->keys);
    if (!loop_timer_start(log->worker->loop, timer, HOUR_MS))
        LOG(LOG_ERROR, "audit_head_timer_lost", LF_ERR(ERR_FAULT_MEMORY));
}

struct result audit_log_start(struct audit_log *log, struct worker *worker)
{
    log->worker = worker;
    log->timer.fire = on_hour;
    return loop_timer_start(worker->loop, &log->timer, HOUR_MS) ? RESULT_OK
                                                                : FAULT(ERR_FAULT_MEMORY);
}

void audit_log_stop(struct audit_log *log)
{
    if (log->worker != NULL)
        loop_timer_stop(log->worker->loop, &log->timer);
}

static void nothing(struct store *store, void *context)
{
    (void)store;
    (void)context;
}

void audit_log_finish(struct server *server)
{
    struct keyring_thread *keys = NULL;

    store_run_on_writer(server->store, nothing, NULL); /* refusals that nobody waits for */
    if (result_ok(keyring_thread_new(&keys)))
        log_head(server, keys);
    keyring_thread_free(&keys);
}
