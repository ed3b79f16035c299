/* Refusals by the rules of handing out and changing (M1-M3): answered as any other, and told to the
 * audit log. */
#ifndef MANAGE_REFUSAL_H
#define MANAGE_REFUSAL_H

#include "audit/record.h"
#include "exchange/caller.h"

/* DONE: refuses as exchange_refuse_field does, field and message may be empty. The first refusal of
 * a caller (its application), rule and minute becomes a record of the audit log, the others a
 * count. The record is committed behind the answer: the caller does not wait for it, and it is
 * lost when the store is. event->rule says which rule; texts live as long as the exchange. */
enum step_result manage_refuse_rule(struct exchange *x, const struct caller *caller,
                                    const struct audit_event *event, enum err code,
                                    struct str field, struct str message);

/* DONE: 403 by M3. lacking: what is handed out and not held; field: the one by which. event says of
 * what; its rule and detail are set here. */
enum step_result manage_refuse_handout(struct exchange *x, const struct caller *caller,
                                       const struct audit_event *event, struct str field,
                                       const struct scope_set *lacking);

/* The same without an answer: what is passed over in silence. */
void manage_note_refusal(struct exchange *x, const struct caller *caller,
                         const struct audit_event *event);

#endif
