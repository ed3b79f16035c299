/* Lists of access control (SPEC 9) as the API takes and shows them: `acls` of partners, trunk
 * groups and trunks, and parent_assigned_acls of partners. They are values: what is stored is the
 * text that is answered, each list with all of its members in the order of the page.
 *
 * Absent, `direction` is any and an action is null: no decision (SEEDS 1.10). The rules that a list
 * names are those that its object's partner sees, its own and those of the partners above it. */
#ifndef MANAGE_ACL_VALUE_H
#define MANAGE_ACL_VALUE_H

#include "acl/evaluate.h"
#include "exchange/field_errors.h"
#include "party/party.h"
#include "json/read.h"
#include "json/write.h"

enum {
    ACL_LISTS_MAX = 64,        /* of one field of an object */
    ACL_LIST_RULES_MAX = 1000, /* of one list */
    ACL_RULES_MAX = 1200,      /* of all lists of a field, so that GET, edit, PUT stays within the
                                  limits of a body */
    ACL_VALUE_MAX = 64 * 1024, /* bytes of the text */
};

struct acl_value_place {
    struct str field;                 /* of the body, for what is refused */
    const struct party_partner *home; /* whose object it is; its parent, where that partner is being
                                         made: a new one has no rules yet */
    bool voice_alone;                 /* of trunk groups and trunks: actions on messages are null */
};

/* Judges what a body says. What is wrong goes to errors, each with its place in the field
 * ("acls[0].direction"); where nothing is, *out is the text to store, in the exchange's arena. A
 * rule that is not there and one that is not to be seen are refused alike. ERR_FAULT_MEMORY. */
RESULT acl_value_read(struct exchange *x, const struct acl_value_place *place,
                      const struct json_value *value, struct field_errors *errors, struct str *out);

/* The stored text; an empty one has no lists. */
void acl_value_write(struct str text, struct json_writer *w);

/* As the audit log is told: whole, or where that would fill a record, {"lists":N,"sha256":"..."}.
 */
void acl_value_write_record(struct str text, struct json_writer *w);

/* The text of these lists without the rule. A list that loses its last one stays. In the arena.
 * ERR_FAULT_MEMORY. */
RESULT acl_value_without(struct arena *arena, const struct acl_list *lists, size_t count,
                         const struct sid *rule_sid, struct str *out);

#endif
