/* What a call or a message goes through (SPEC 9): the partners from the root down to the one that
 * is asked about, then a trunk group, then a trunk. Those of them that have access control lists
 * are the layers, numbered from 1 at the top; within a partner's, what was assigned to it from
 * above comes before its own.
 *
 * Partners above the caller's count: their lists act on it. Which partner they are of is not said
 * (F-35). */
#ifndef MANAGE_ACL_TARGET_H
#define MANAGE_ACL_TARGET_H

#include "acl/tables.h"
#include "exchange/caller.h"
#include "exchange/snapshot.h"
#include "json/write.h"

/* As a caller names them; ptr NULL: not named. */
struct acl_target_names {
    struct str partner_sid, trunk_group_sid, trunk_sid;
};

struct acl_target {
    const struct party_partner *partner;
    const struct acl_object *trunk_group, *trunk; /* NULL: none */
};

/* Without names the caller's partner. A trunk says its group and a group its partner. NULL, or the
 * name that is none of the caller's subtree, or goes with another: as if it were unknown. */
const char *acl_target_find(const struct snapshot *snapshot, const struct caller *caller,
                            const struct acl_target_names *names, struct acl_target *out);

enum { ACL_CHAIN_MAX = LIMIT_PARTNER_DEPTH + 2 };

/* The layers, top down. Points into the snapshot. */
struct acl_chain {
    size_t count;
    const struct acl_object *objects[ACL_CHAIN_MAX];
    struct acl_layer layers[ACL_CHAIN_MAX]; /* of each, for acl_evaluate */
};

/* Of messages: partners alone, whatever the target. */
void acl_chain_make(const struct snapshot *snapshot, const struct acl_target *target,
                    enum acl_kind kind, struct acl_chain *out);

/* Whose it is: the partner itself, or the trunk group's, which is its trunks' too. NULL: it went
 * meanwhile. */
const struct party_partner *acl_object_partner(const struct snapshot *snapshot,
                                               const struct acl_object *object);

/* {"kind","sid"}; the sid is null for who may not know it. */
void acl_object_write(const struct snapshot *snapshot, const struct caller *caller,
                      const struct acl_object *object, struct json_writer *w);

/* One of accesscontrol.manage and .read. */
extern const struct requirement effective_acl_to_read;

#endif
