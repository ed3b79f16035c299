/* Requests that change partners, applications and secrets: each raises the tables' version and
 * tells the hook the rows as they are now. */
#include <assert.h>

#include "store/front.h"
#include "store/row_texts.h"

struct store_change *store_next_change(struct store *store, enum store_change_kind kind)
{
    struct store_progress *progress = &store->batch.progress;
    struct store_change *change = &store->batch.changes[progress->change_count++];

    assert(progress->change_count <= sizeof(store->batch.changes) / sizeof(*change));
    progress->tables_version++;
    *change = (struct store_change){.kind = kind};
    return change;
}

enum store_outcome store_outcome_of(enum store_conflict conflict)
{
    switch (conflict) {
    case STORE_CONFLICT_NONE:
        break;
    case STORE_CONFLICT_EXISTS:
        return STORE_OUTCOME_EXISTS;
    case STORE_CONFLICT_ORPHAN:
        return STORE_OUTCOME_ABSENT;
    }
    return STORE_OUTCOME_DONE;
}

/* While one asks what a token may hold, that stays. Also until the transaction in which it ceases
 * to ask is committed: the index hears of both at once. */
static RESULT ceilings_are_fixed(struct store *store, bool *out)
{
    TRY(store->backend->ops->ceilings_are_asked(store->backend, NULL, out));
    *out |= store->batch.progress.ceilings_were_asked;
    return RESULT_OK;
}

struct result store_carry_partner(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct partner_row *row = &request->in.partner;
    enum store_conflict conflict = STORE_CONFLICT_NONE;
    bool is_fixed = false;

    row_fill_lists(&row->acls);
    row_fill_lists(&row->parent_assigned_acls);
    if (request->verb == STORE_PARTNER_CREATE) {
        row->revision = 1;
        TRY(ops->partner_create(store->backend, row, &conflict));
        request->outcome = store_outcome_of(conflict);
    } else {
        TRY(ceilings_are_fixed(store, &is_fixed));
        TRY(ops->partner_update(store->backend, row, request->if_revision, is_fixed,
                                &request->outcome));
    }
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    request->out.revision = row->revision;
    store_next_change(store, STORE_CHANGE_PARTNER)->partner = row;
    return RESULT_OK;
}

/* ---- secrets ---- */

static bool is_live(const struct secret_row *row, int64_t over_ms)
{
    return row->expires_ms == 0 || row->expires_ms > over_ms;
}

static RESULT note_secrets(struct store *store, const struct sid *client_id)
{
    struct store_change *change = store_next_change(store, STORE_CHANGE_SECRETS);

    change->secrets.client_id = *client_id;
    return store->backend->ops->secrets_read(store->backend, client_id, STORE_SECRETS_LIVE,
                                             change->secrets.rows, &change->secrets.count);
}

/* Makes room: what is over goes, what stays ends at earlier_end_ms at last (0: as it would). */
static RESULT settle_earlier(struct store *store, const struct secret_row *rows, size_t n,
                             int64_t earlier_end_ms)
{
    const struct store_backend_ops *ops = store->backend->ops;
    int64_t over_ms = store_over_ms(store);
    enum store_outcome gone;

    for (size_t i = 0; i < n; i++) {
        const struct secret_row *row = &rows[i];
        if (!is_live(row, over_ms))
            TRY(ops->secret_delete(store->backend, &row->client_id, &row->secret_id, &gone));
        else if (earlier_end_ms > 0 && (row->expires_ms == 0 || row->expires_ms > earlier_end_ms))
            TRY(ops->secret_expire(store->backend, &row->secret_id, earlier_end_ms));
    }
    return RESULT_OK;
}

struct result store_carry_secret_create(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    const struct secret_row *row = &request->in.secret_create.row;
    struct secret_row earlier[STORE_SECRETS_LIVE];
    enum store_conflict conflict = STORE_CONFLICT_NONE;
    size_t count = 0;
    size_t live = 0;

    TRY(ops->secrets_read(store->backend, &row->client_id, STORE_SECRETS_LIVE, earlier, &count));
    for (size_t i = 0; i < count; i++)
        live += is_live(&earlier[i], store_over_ms(store));
    if (live == STORE_SECRETS_LIVE) {
        request->outcome = STORE_OUTCOME_CONFLICT;
        return RESULT_OK;
    }
    TRY(ops->secret_create(store->backend, row, &conflict));
    request->outcome = store_outcome_of(conflict);
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    TRY(settle_earlier(store, earlier, count, request->in.secret_create.earlier_end_ms));
    return note_secrets(store, &row->client_id);
}

struct result store_carry_secret_delete(struct store *store, struct store_request *request)
{
    const struct sid *client_id = &request->in.secret_delete.client_id;

    TRY(store->backend->ops->secret_delete(
        store->backend, client_id, &request->in.secret_delete.secret_id, &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    return note_secrets(store, client_id);
}

/* ---- applications ---- */

/* The row went in just now, so a conflict can only be the secret's id: then a fault undoes both. */
static RESULT create_first_secret(struct store *store, const struct secret_row *row)
{
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    TRY(store->backend->ops->secret_create(store->backend, row, &conflict));
    if (conflict != STORE_CONFLICT_NONE)
        return FAULT(ERR_FAULT_STORE);
    return note_secrets(store, &row->client_id);
}

static RESULT create_application(struct store *store, struct store_request *request)
{
    struct application_row *row = &request->in.application.row;
    enum store_conflict conflict = STORE_CONFLICT_NONE;

    row->revision = 1;
    TRY(store->backend->ops->application_create(store->backend, row, &conflict));
    request->outcome = store_outcome_of(conflict);
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    store_next_change(store, STORE_CHANGE_APPLICATION)->application = row;
    if (!request->in.application.has_secret)
        return RESULT_OK;
    request->in.application.secret.client_id = row->client_id;
    return create_first_secret(store, &request->in.application.secret);
}

static RESULT update_application(struct store *store, struct store_request *request)
{
    struct application_row *row = &request->in.application.row;
    bool is_fixed = false;

    TRY(ceilings_are_fixed(store, &is_fixed));
    TRY(store->backend->ops->application_update(store->backend, row, request->if_revision, is_fixed,
                                                &request->outcome));
    if (request->outcome == STORE_OUTCOME_DONE)
        store_next_change(store, STORE_CHANGE_APPLICATION)->application = row;
    return RESULT_OK;
}

struct result store_carry_application(struct store *store, struct store_request *request)
{
    TRY(request->verb == STORE_APPLICATION_CREATE ? create_application(store, request)
                                                  : update_application(store, request));
    if (request->outcome == STORE_OUTCOME_DONE)
        request->out.revision = request->in.application.row.revision;
    return RESULT_OK;
}

struct result store_carry_application_delete(struct store *store, struct store_request *request)
{
    const struct store_backend_ops *ops = store->backend->ops;
    struct store_batch *batch = &store->batch;
    const struct sid *client_id = &request->in.application_delete.client_id;
    struct store_entry entry =
        store_next_entry(batch, ENTRY_EPOCH_APPLICATION, request->in.application_delete.end_s);

    TRY(ops->application_delete(store->backend, client_id, request->if_revision,
                                &request->outcome));
    if (request->outcome != STORE_OUTCOME_DONE)
        return RESULT_OK;
    store_next_change(store, STORE_CHANGE_APPLICATION_GONE)->client_id = *client_id;
    if (entry.end_s <= 0)
        return RESULT_OK;
    entry.id = *client_id;
    entry.below = entry.number;
    TRY(store_put_entry(store, &entry, &request->outcome));
    request->out.number = entry.number;
    return RESULT_OK;
}
