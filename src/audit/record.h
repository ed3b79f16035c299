/* What the audit log says about one change, revocation or refusal (SPEC 7): who, what, of what,
 * when, with what result. A record is one JSON object; the store's writer links it to the one
 * before (store/audit.h) in the same transaction as the change it speaks of.
 *
 * No secret ever goes in (P5): detail is made of attributes that a reader of the object sees. */
#ifndef AUDIT_RECORD_H
#define AUDIT_RECORD_H

#include "core/arena.h"
#include "core/sid.h"
#include "core/str.h"

/* Who did it. SIDs that are none were not there: a command on the machine has neither token nor
 * address. */
struct audit_actor {
    struct sid token_sid, client_id, partner_sid, user_sid;
    struct str address;    /* as text */
    struct str request_id; /* what the server's own log names the request by */
};

struct audit_event {
    struct str action;      /* "token.update": the object's kind, '.', what was done */
    struct sid object;      /* its SID; none: it has no SID (object_name then) */
    struct str object_name; /* of a key: its kid; empty otherwise */
    struct sid partner_sid; /* whose object it is: who may read the record */
    struct str rule;        /* of a refusal, the rule that refused: "M1"; empty: it was done */
    struct str detail; /* a JSON object: what was asked and what changed; empty: nothing more */
};

/* Rendered into the arena; ptr NULL when that is full. A record that would exceed
 * STORE_AUDIT_RECORD carries "detail":{"cut":true} instead of its detail. Members, in this order:
 * at, action, result ("done", "refused"), rule, object, partner_sid, actor{token_sid, client_id,
 * partner_sid, user_sid, address}, request_id, detail; what is not there is left out. */
struct str audit_record(struct arena *arena, int64_t at_ms, const struct audit_actor *actor,
                        const struct audit_event *event);

#endif
