#include "exchange/trail.h"

#include "exchange/peer.h"
#include "exchange/server.h"

struct str trail_record(struct exchange *x, const struct caller *caller,
                        const struct audit_event *event)
{
    char memory[PEER_TEXT];
    const struct audit_actor actor = {
        .token_sid = caller->token_sid,
        .client_id = caller->application->client_id,
        .partner_sid = caller->partner->partner_sid,
        .address = peer_format(&x->request.peer.address, memory),
        .request_id = x->request.request_id,
    };

    return audit_record(&x->arena, clock_wall_ms(x->worker->server->clock), &actor, event);
}
