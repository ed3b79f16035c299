/* Requests that change access control rules, trunk groups and trunks: each raises the tables'
 * version and tells the hook the rows as they are now. */
#include <assert.h>

#include "store/front.h"
#include "store/row_texts.h"

/* ---- rules ---- */

static RESULT carry_rule(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct acl_rule_row *row = &request->in.rule.row;
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    if (request->verb == STORE_RULE_CREATE) {
        row->revision = 1;
        TRY(ops->acl_create(store->backend, STORE_RULES, row, &conflict));
        request->outcome = store_outcome_of(conflict);
    } else {
        TRY(ops->acl_update(store->backend, STORE_RULES, row, request->if_revision,
                            &request->outcome));
    }
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    request->out.revision = row->revision;
    struct store_change *change = store_next_change(store, STORE_CHANGE_RULE);
    change->rule.row = row;
    change->rule.compiled = request->in.rule.compiled;
    return RESULT_OK;
}

/* The rows of those that a rule is detached from, as they will be. */
static RESULT find_users(struct store *store, struct store_request *request,
                         struct acl_owner_row *out)
{
    const struct store_backend_ops *ops = store->backend->ops;

    for (size_t i = 0; i < request->in.rule_delete.detach_count; i++) {
        const struct store_detach *detach = &request->in.rule_delete.detach[i];
        bool found = false;
        TRY(ops->acl_owner_find(store->backend, detach->kind, &detach->sid, &store->batch.arena,
                                &out[i], &found));
        if (!found) {
            request->outcome = STORE_OUTCOME_ABSENT;
            return RESULT_OK;
        }
    }
    return RESULT_OK;
}

/* It was found a moment ago, and all of its row but the lists is as it was. */
static RESULT detach(struct store *store, const struct store_detach *detach, int64_t at_ms,
                     struct acl_owner_row *row)
{
    const struct store_backend_ops *ops = store->backend->ops;
    enum store_outcome outcome = STORE_OUTCOME_DONE;
    struct str acls = detach->acls;

    row_fill_lists(&acls);
    switch (row->kind) {
    case ACL_OWNER_PARTNER:
        row->partner.acls = acls;
        row->partner.parent_assigned_acls = detach->parent_assigned_acls;
        row_fill_lists(&row->partner.parent_assigned_acls);
        row->partner.updated_ms = at_ms;
        TRY(ops->partner_update(store->backend, &row->partner, 0, false, &outcome));
        store_next_change(store, STORE_CHANGE_PARTNER)->partner = &row->partner;
        break;
    case ACL_OWNER_TRUNK_GROUP:
        row->trunk_group.acls = acls;
        row->trunk_group.updated_ms = at_ms;
        TRY(ops->acl_update(store->backend, STORE_TRUNK_GROUPS, &row->trunk_group, 0, &outcome));
        store_next_change(store, STORE_CHANGE_TRUNK_GROUP)->trunk_group = &row->trunk_group;
        break;
    case ACL_OWNER_TRUNK:
        row->trunk.acls = acls;
        row->trunk.updated_ms = at_ms;
        TRY(ops->acl_update(store->backend, STORE_TRUNKS, &row->trunk, 0, &outcome));
        store_next_change(store, STORE_CHANGE_TRUNK)->trunk = &row->trunk;
        break;
    }
    return outcome == STORE_OUTCOME_DONE ? RESULT_OK : FAULT(ERR_FAULT_STORE);
}

static RESULT delete_rule(struct store *store, struct store_request *request)
{
    const struct sid *rule_sid = &request->in.rule_delete.rule_sid;
    size_t count = request->in.rule_delete.detach_count;
    struct acl_owner_row *users = arena_array(&store->batch.arena, count + 1, sizeof(*users));
    struct sid was_of;

    assert(count <= STORE_RULE_USERS && (count == 0 || request->if_tables != 0));
    if (users == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(find_users(store, request, users));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    TRY(store->backend->ops->acl_delete(store->backend, STORE_RULES, rule_sid, request->if_revision,
                                        &was_of, &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    for (size_t i = 0; i < count; i++)
        TRY(detach(store, &request->in.rule_delete.detach[i], request->in.rule_delete.at_ms,
                   &users[i]));
    store_next_change(store, STORE_CHANGE_RULE_GONE)->gone = *rule_sid;
    return RESULT_OK;
}

/* ---- trunk groups ---- */

/* The group went in just now, so a conflict can only be the trunk's id: a fault undoes all. */
static RESULT create_first_trunk(struct store *store, const struct trunk_row *row)
{
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    TRY(store->backend->ops->acl_create(store->backend, STORE_TRUNKS, row, &conflict));
    if (conflict != STORE_CONFLICT_NONE)
        return FAULT(ERR_FAULT_STORE);
    store_next_change(store, STORE_CHANGE_TRUNK)->trunk = row;
    return RESULT_OK;
}

static RESULT create_group(struct store *store, struct store_request *request)
{
    struct trunk_group_row *row = &request->in.trunk_group.row;
    size_t count = request->in.trunk_group.trunk_count;
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    assert(count <= STORE_GROUP_TRUNKS);
    row->revision = 1;
    TRY(store->backend->ops->acl_create(store->backend, STORE_TRUNK_GROUPS, row, &conflict));
    request->outcome = store_outcome_of(conflict);
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    store_next_change(store, STORE_CHANGE_TRUNK_GROUP)->trunk_group = row;
    for (size_t i = 0; i < count; i++) {
        struct trunk_row *trunk = &request->in.trunk_group.trunks[i];
        trunk->trunk_group_sid = row->trunk_group_sid;
        trunk->revision = 1;
        row_fill_lists(&trunk->acls);
        TRY(create_first_trunk(store, trunk));
    }
    return RESULT_OK;
}

static RESULT carry_group(struct store *store, struct store_request *request)
{
    struct trunk_group_row *row = &request->in.trunk_group.row;

    row_fill_lists(&row->acls);
    row->trunks = NULL;
    row->trunk_count = 0;
    if (request->verb == STORE_TRUNK_GROUP_CREATE) {
        TRY(create_group(store, request));
    } else {
        TRY(store->backend->ops->acl_update(store->backend, STORE_TRUNK_GROUPS, row,
                                            request->if_revision, &request->outcome));
        if (request->outcome == STORE_OUTCOME_DONE)
            store_next_change(store, STORE_CHANGE_TRUNK_GROUP)->trunk_group = row;
    }
    if (request->outcome == STORE_OUTCOME_DONE)
        request->out.revision = row->revision;
    return RESULT_OK;
}

/* Before anything goes: whether the group may. */
static RESULT judge_group(struct store *store, struct store_request *request, size_t trunk_count)
{
    struct acl_owner_row row;
    bool found = false;

    TRY(store->backend->ops->acl_owner_find(store->backend, ACL_OWNER_TRUNK_GROUP,
                                            &request->in.trunk_group_delete.trunk_group_sid,
                                            &store->batch.arena, &row, &found));
    if (!found)
        request->outcome = STORE_OUTCOME_ABSENT;
    else if (request->if_revision != 0 && request->if_revision != row.trunk_group.revision)
        request->outcome = STORE_OUTCOME_CONFLICT;
    else if (trunk_count > 0 && !request->in.trunk_group_delete.with_trunks)
        request->outcome = STORE_OUTCOME_BUSY;
    return RESULT_OK;
}

static RESULT delete_group(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    const struct sid *group = &request->in.trunk_group_delete.trunk_group_sid;
    struct sid trunks[STORE_GROUP_TRUNKS];
    struct sid was_of;
    enum store_outcome gone;
    size_t count = 0;

    TRY(ops->trunks_read(store->backend, group, STORE_GROUP_TRUNKS, trunks, &count));
    TRY(judge_group(store, request, count));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    for (size_t i = 0; i < count; i++) {
        TRY(ops->acl_delete(store->backend, STORE_TRUNKS, &trunks[i], 0, &was_of, &gone));
        store_next_change(store, STORE_CHANGE_TRUNK_GONE)->gone = trunks[i];
    }
    TRY(ops->acl_delete(store->backend, STORE_TRUNK_GROUPS, group, 0, &was_of, &request->outcome));
    store_next_change(store, STORE_CHANGE_TRUNK_GROUP_GONE)->gone = *group;
    return RESULT_OK;
}

/* ---- trunks ---- */

static RESULT create_trunk(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct trunk_row *row = &request->in.trunk;
    enum store_conflict conflict = STORE_CONFLICT_NONE;
    struct sid others[STORE_GROUP_TRUNKS];
    size_t count = 0;

    row->revision = 1;
    TRY(ops->trunks_read(store->backend, &row->trunk_group_sid, STORE_GROUP_TRUNKS, others,
                         &count));
    if (count == STORE_GROUP_TRUNKS) {
        request->outcome = STORE_OUTCOME_TOO_MANY;
        return RESULT_OK;
    }
    TRY(ops->acl_create(store->backend, STORE_TRUNKS, row, &conflict));
    request->outcome = store_outcome_of(conflict);
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    return ops->trunk_group_raise(store->backend, &row->trunk_group_sid);
}

static RESULT carry_trunk(struct store *store, struct store_request *request)
{
    struct trunk_row *row = &request->in.trunk;

    row_fill_lists(&row->acls);
    if (request->verb == STORE_TRUNK_CREATE)
        TRY(create_trunk(store, request));
    else
        TRY(store->backend->ops->acl_update(store->backend, STORE_TRUNKS, row, request->if_revision,
                                            &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    request->out.revision = row->revision;
    store_next_change(store, STORE_CHANGE_TRUNK)->trunk = row;
    return RESULT_OK;
}

static RESULT delete_trunk(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct sid group;

    TRY(ops->acl_delete(store->backend, STORE_TRUNKS, &request->in.trunk_delete,
                        request->if_revision, &group, &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    store_next_change(store, STORE_CHANGE_TRUNK_GONE)->gone = request->in.trunk_delete;
    return ops->trunk_group_raise(store->backend, &group);
}

struct result store_carry_acl(struct store *store, struct store_request *request)
{
    switch ((int)request->verb) {
    case STORE_RULE_CREATE:
    case STORE_RULE_UPDATE:
        return carry_rule(store, request);
    case STORE_RULE_DELETE:
        return delete_rule(store, request);
    case STORE_TRUNK_GROUP_CREATE:
    case STORE_TRUNK_GROUP_UPDATE:
        return carry_group(store, request);
    case STORE_TRUNK_GROUP_DELETE:
        return delete_group(store, request);
    case STORE_TRUNK_CREATE:
    case STORE_TRUNK_UPDATE:
        return carry_trunk(store, request);
    default:
        return delete_trunk(store, request);
    }
}
