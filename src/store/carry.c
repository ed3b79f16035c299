/* Carrying out one request within the writer's transaction. What a request does beyond its row (an
 * entry of the sequence, a change of the tables, an audit record) goes into batch->progress, which
 * whoever undoes the request puts back.
 *
 * Every step gives the same when it is done again on the same state: a batch may run twice. */
#include <assert.h>
#include <string.h>

#include "store/front.h"

int64_t store_over_ms(const struct store *store)
{
    return wall_watch_is_trusted(&store->watch) ? store->batch.wall_ms : INT64_MIN;
}

/* ---- tokens ---- */

static RESULT create_token(struct store *store, struct store_request *request)
{
    const struct token_row *row = &request->in.token_create;
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    TRY(store->backend->ops->tokens_create(store->backend, &row, 1, &conflict));
    if (conflict == STORE_CONFLICT_NONE)
        return store_note_tokens_end(store, row->exp_signed_s);
    request->result = FAULT(ERR_FAULT_STORE); /* nobody makes an id twice */
    request->outcome = STORE_OUTCOME_EXISTS;
    return RESULT_OK;
}

/* A revocation too many does no harm, one too few would (P2): what only looks over has an entry,
 * which goes with it. */
static RESULT revoke_token(struct store *store, struct store_request *request, bool *changed)
{
    struct store_batch *batch = &store->batch;
    struct store_entry entry =
        store_next_entry(batch, ENTRY_TOKEN_REVOKED, request->in.token_revoke.end_s);

    entry.id = request->in.token_revoke.token_sid;
    TRY(store->backend->ops->token_revoke(store->backend, &entry, store_surely_over_s(store),
                                          request->if_revision, &request->out.number,
                                          &request->outcome));
    *changed = request->outcome == STORE_OUTCOME_DONE && request->out.number == entry.number;
    if (*changed)
        store_append_entry(batch, &entry);
    return RESULT_OK;
}

static RESULT update_token(struct store *store, struct store_request *request)
{
    const struct store_token_update *update = &request->in.token_update;
    struct store_batch *batch = &store->batch;
    struct store_entry entry = store_next_entry(batch, ENTRY_TOKEN_SET, 0);

    TRY(store->backend->ops->token_update(store->backend, update, request->if_revision,
                                          &request->out.revision, &entry.end_s, &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    TRY(store_note_tokens_end(store, entry.end_s));
    if (!update->in_sequence)
        return RESULT_OK;
    entry.id = update->token_sid;
    entry.set = (struct entry_set){.scopes = update->scopes, .exp_s = update->exp_s};
    TRY(store_put_entry(store, &entry, &request->outcome));
    request->out.number = entry.number;
    return RESULT_OK;
}

static RESULT create_epoch(struct store *store, struct store_request *request)
{
    struct store_batch *batch = &store->batch;
    struct store_entry entry =
        store_next_entry(batch, request->in.epoch_create.kind, request->in.epoch_create.end_s);
    struct str kid = request->in.epoch_create.kid;

    assert(entry.kind > ENTRY_TOKEN_REVOKED && entry.kind <= ENTRY_EPOCH_KEY);
    assert(kid.len <= LIMIT_KID);
    if (entry.kind == ENTRY_EPOCH_KEY) {
        memcpy(entry.kid, kid.ptr, kid.len);
        entry.kid_len = (uint8_t)kid.len;
    } else {
        entry.id = request->in.epoch_create.id;
    }
    entry.below = entry.number;
    TRY(store_put_entry(store, &entry, &request->outcome));
    request->out.number = entry.number;
    return RESULT_OK;
}

static RESULT touch(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    bool tokens = request->verb == STORE_TOKENS_TOUCH;

    for (size_t i = 0; i < request->in.touch.n; i++) {
        const struct store_touch *one = &request->in.touch.touches[i];
        assert(one->ip.len <= LIMIT_NAME);
        TRY(tokens ? ops->token_touch(store->backend, one)
                   : ops->secret_touch(store->backend, one));
    }
    return RESULT_OK;
}

/* ---- all ---- */

static RESULT read_entries(struct store *store, struct store_request *request)
{
    return store->backend->ops->read_entries(
        store->backend, request->in.entries_read.after, request->in.entries_read.now_s,
        request->in.entries_read.limit, request->in.entries_read.arena,
        request->in.entries_read.entries, &request->out.count);
}

/* *changed: as it is unless the verb knows better. */
static RESULT carry_out_verb(struct store *store, struct store_request *request, bool *changed)
{
    switch (request->verb) {
    case STORE_TOKEN_CREATE:
        return create_token(store, request);
    case STORE_TOKEN_REVOKE:
        return revoke_token(store, request, changed);
    case STORE_EPOCH_CREATE:
        return create_epoch(store, request);
    case STORE_ENTRIES_READ:
        return read_entries(store, request);
    case STORE_TOKEN_UPDATE:
        return update_token(store, request);
    case STORE_PARTNER_CREATE:
    case STORE_PARTNER_UPDATE:
        return store_carry_partner(store, request);
    case STORE_APPLICATION_CREATE:
    case STORE_APPLICATION_UPDATE:
        return store_carry_application(store, request);
    case STORE_APPLICATION_DELETE:
        return store_carry_application_delete(store, request);
    case STORE_SECRET_CREATE:
        return store_carry_secret_create(store, request);
    case STORE_SECRET_DELETE:
        return store_carry_secret_delete(store, request);
    case STORE_TOKENS_TOUCH:
    case STORE_SECRETS_TOUCH:
        return touch(store, request);
    case STORE_ASSERTION_USE:
        return store->backend->ops->assertion_use(store->backend, &request->in.assertion_use,
                                                  &request->outcome);
    case STORE_AUDIT_APPEND:
        return RESULT_OK;
    case STORE_REVOCATION_PLAN:
        return store_carry_revocation_plan(store, request);
    case STORE_REVOCATION_EXECUTE:
        return store_carry_revocation_execute(store, request);
    case STORE_REVOCATION_STEP:
        return store_carry_revocation_step(store, request);
    case STORE_RULE_CREATE:
    case STORE_RULE_UPDATE:
    case STORE_RULE_DELETE:
    case STORE_TRUNK_GROUP_CREATE:
    case STORE_TRUNK_GROUP_UPDATE:
    case STORE_TRUNK_GROUP_DELETE:
    case STORE_TRUNK_CREATE:
    case STORE_TRUNK_UPDATE:
    case STORE_TRUNK_DELETE:
        return store_carry_acl(store, request);
    }
    return FAULT(ERR_FAULT_INTERNAL);
}

struct store_weight store_weigh(const struct store_request *request)
{
    struct store_weight weight = {.entries = 1, .changes = 2};

    switch ((int)request->verb) {
    case STORE_REVOCATION_STEP:
        if (request->in.revocation_step.each)
            weight.entries += request->in.revocation_step.n;
        break;
    case STORE_RULE_CREATE:
    case STORE_RULE_UPDATE:
        weight.bytes = request->in.rule.row.entries.len;
        break;
    case STORE_RULE_DELETE:
        weight.changes += request->in.rule_delete.detach_count;
        break;
    case STORE_TRUNK_GROUP_CREATE:
        weight.changes += request->in.trunk_group.trunk_count;
        break;
    case STORE_TRUNK_GROUP_DELETE:
        weight.changes += STORE_GROUP_TRUNKS;
        break;
    default:
        break;
    }
    return weight;
}

static void clear_answer(struct store_request *request)
{
    request->result = RESULT_OK;
    request->outcome = STORE_OUTCOME_DONE;
    request->out.number = request->out.revision = 0;
}

static bool tables_are_as_read(const struct store_batch *batch, const struct store_request *request)
{
    return request->if_tables == 0 || request->if_tables == batch->progress.tables_version;
}

struct result store_carry_out(struct store *store, struct store_request *request)
{
    bool changed = true;

    clear_answer(request);
    if (!tables_are_as_read(&store->batch, request)) {
        request->outcome = STORE_OUTCOME_CONFLICT;
        return RESULT_OK;
    }
    TRY(carry_out_verb(store, request, &changed));
    if (request->audit.len == 0 || !changed || request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    for (size_t i = 0; i < request->audit_count; i++)
        TRY(store_audit_append(store, request->audits[i]));
    return store_audit_append(store, request->audit);
}

/* ---- many ---- */

size_t store_count_creations(const struct store_batch *batch, size_t from)
{
    size_t i = from;

    while (i < batch->count && batch->requests[i]->verb == STORE_TOKEN_CREATE &&
           tables_are_as_read(batch, batch->requests[i]))
        i++;
    return i - from;
}

struct result store_carry_out_creations(struct store *store, size_t from, size_t n)
{
    struct store_batch *batch = &store->batch;
    struct store_request *const *requests = batch->requests + from;
    enum store_conflict conflict = STORE_CONFLICT_NONE;
    int64_t exp_s = INT64_MIN; /* the highest */

    for (size_t i = 0; i < n; i++) {
        clear_answer(requests[i]);
        batch->rows[i] = &requests[i]->in.token_create;
        if (batch->rows[i]->exp_signed_s > exp_s)
            exp_s = batch->rows[i]->exp_signed_s;
    }
    TRY(store->backend->ops->tokens_create(store->backend, batch->rows, n, &conflict));
    if (conflict != STORE_CONFLICT_NONE)
        return FAULT(ERR_FAULT_STORE);
    TRY(store_note_tokens_end(store, exp_s));
    for (size_t i = 0; i < n; i++) {
        if (requests[i]->audit.len > 0)
            TRY(store_audit_append(store, requests[i]->audit));
    }
    return RESULT_OK;
}
