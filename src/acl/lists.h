/* The access control lists of one object as they are stored and answered: a JSON array, each list
 * with the members of the reference in its order. Who takes them from callers has checked them;
 * what is read here and is not like that was written by no version of this program. */
#ifndef ACL_LISTS_H
#define ACL_LISTS_H

#include "acl/evaluate.h"
#include "json/write.h"

struct acl_lists {
    const struct acl_list *lists;
    size_t count;
};

/* Lists and their rules' SIDs go into the arena. Empty text is no list. ERR_FAULT_STORE: this is
 * not what is stored; ERR_FAULT_MEMORY. */
RESULT acl_lists_read(struct arena *arena, struct str json, struct acl_lists *out);

bool acl_list_names(const struct acl_list *list, const struct sid *rule_sid);

void acl_list_write(const struct acl_list *list, struct json_writer *w);

#endif
