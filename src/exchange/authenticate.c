#include "exchange/authenticate.h"

#include "exchange/snapshot.h"

static void count(struct exchange *x, enum err err)
{
    if (err == ERR_INVALID_CLIENT)
        metrics_add(&x->worker->metrics, METRIC_CLIENT_AUTH_FAILED, 1);
    if (err == ERR_TOO_MANY_GUESSES)
        metrics_add(&x->worker->metrics, METRIC_GUESSES_THROTTLED, 1);
}

enum step_result exchange_authenticate(struct exchange *x, const struct client_presented *presented,
                                       const struct party_application **out)
{
    const struct server *server = x->worker->server;
    struct client_credentials credentials;
    struct client_context context = {
        .party = x->snapshot->party,
        .throttle = server->throttle,
        .address = x->request.peer.address.s6_addr,
        .wall_ms = clock_wall_ms(server->clock),
        .mono_ms = clock_mono_ms(server->clock),
    };

    if (party_is_outdated(x->snapshot->party))
        return exchange_fault(x, FAULT(ERR_FAULT_TABLES)); /* it may be suspended by now (P1) */
    enum err err = client_credentials_read(presented, &x->arena, &credentials);
    if (err == ERR_NONE)
        err = client_authenticate(&context, &credentials, out, &x->retry_after_s);
    if (err == ERR_NONE)
        return STEP_NEXT;
    count(x, err);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    return exchange_refuse(x, err, STR_NONE);
}
