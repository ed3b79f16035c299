/* The words of access control and the values behind them. They are matched exactly, and are written
 * as they are read (SPEC 9). */
#ifndef ACL_WORDS_H
#define ACL_WORDS_H

#include <stdbool.h>

#include "core/str.h"

enum acl_kind { ACL_CALL, ACL_SMS };

/* What a rule looks at. A field belongs to one kind of subject: calling and called to calls, the
 * others to messages. */
enum acl_field { ACL_CALLING, ACL_CALLED, ACL_FROM, ACL_TO, ACL_MESSAGE, ACL_FIELDS };

enum acl_operation { ACL_EXACT, ACL_PREFIX, ACL_REGEXP };

enum acl_quantifier { ACL_ALL, ACL_ANY, ACL_NONE };

enum acl_direction { ACL_ANY_DIRECTION, ACL_INBOUND, ACL_OUTBOUND, ACL_UNDIRECTED };

/* ACL_NO_ACTION is null: the list decides nothing. */
enum acl_action { ACL_NO_ACTION, ACL_ACCEPT, ACL_REJECT, ACL_REJECT_403, ACL_REJECT_503 };

/* False: no such word; *out is untouched. */
bool acl_field_parse(struct str word, enum acl_field *out);
bool acl_operation_parse(struct str word, enum acl_operation *out);
bool acl_quantifier_parse(struct str word, enum acl_quantifier *out);
bool acl_direction_parse(struct str word, enum acl_direction *out);

/* Actions differ with the kind: calls are accepted, reject403 or reject503, messages accepted or
 * rejected. Null is not a word. */
bool acl_action_parse(enum acl_kind kind, struct str word, enum acl_action *out);

struct str acl_field_word(enum acl_field field);
struct str acl_operation_word(enum acl_operation operation);
struct str acl_quantifier_word(enum acl_quantifier quantifier);
struct str acl_direction_word(enum acl_direction direction);
struct str acl_action_word(enum acl_action action); /* ptr is NULL for ACL_NO_ACTION */

enum acl_kind acl_field_kind(enum acl_field field);

/* Whether a look-up or a subject of the asked direction meets a list: their directions are the
 * same, or the list is for any. Undirected is a direction of its own. */
static inline bool acl_direction_meets(enum acl_direction list, enum acl_direction asked)
{
    return list == asked || list == ACL_ANY_DIRECTION;
}

#endif
