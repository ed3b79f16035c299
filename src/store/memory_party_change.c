/* Changing and removing partners, applications and secrets in memory. */
#include "store/memory_inside.h"

/* Both tables of partners hold a copy; only rows with a login stand in the second. */
static RESULT move_login(struct memory *m, const struct partner_row *from,
                         const struct partner_row *to)
{
    if (from->login.len > 0 &&
        !memory_table_remove(&m->logins, &m->journal, memory_table_place(&m->logins, from)))
        return FAULT(ERR_FAULT_MEMORY);
    return to->login.len > 0 ? memory_put(m, &m->logins, memory_copy(STORE_PARTNERS, to))
                             : RESULT_OK;
}

static bool has_anothers_login(const struct memory *m, const struct partner_row *row)
{
    const struct partner_row *holder =
        row->login.len > 0 ? memory_table_find(&m->logins, row) : NULL;
    return holder != NULL && !sid_eq(&holder->partner_sid, &row->partner_sid);
}

struct result memory_partner_update(struct store_backend *backend, struct partner_row *row,
                                    uint64_t if_revision, bool is_fixed, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct partner_row *stored = memory_table_find(&m->partners, row);
    if (stored == NULL)
        *out = STORE_OUTCOME_ABSENT;
    else if (!memory_is_revision(if_revision, stored->revision))
        *out = STORE_OUTCOME_CONFLICT;
    else if (is_fixed && (stored->scopes_all != row->scopes_all ||
                          !str_eq(stored->available_scopes, row->available_scopes)))
        *out = STORE_OUTCOME_BUSY;
    else if (has_anothers_login(m, row))
        *out = STORE_OUTCOME_EXISTS;
    else
        *out = STORE_OUTCOME_DONE;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->parent_sid = stored->parent_sid;
    row->created_ms = stored->created_ms;
    row->revision = stored->revision + 1;
    TRY(move_login(m, stored, row));
    return memory_put(m, &m->partners, memory_copy(STORE_PARTNERS, row));
}

static bool has_same_scopes(const struct application_row *a, const struct application_row *b)
{
    return a->scopes_all == b->scopes_all && str_eq(a->scopes, b->scopes) &&
           str_eq(a->approved_restricted, b->approved_restricted);
}

struct result memory_application_update(struct store_backend *backend, struct application_row *row,
                                        uint64_t if_revision, bool is_fixed,
                                        enum store_outcome *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct application_row *stored = memory_table_find(&m->applications, row);
    if (stored == NULL)
        *out = STORE_OUTCOME_ABSENT;
    else if (!memory_is_revision(if_revision, stored->revision))
        *out = STORE_OUTCOME_CONFLICT;
    else
        *out = is_fixed && !has_same_scopes(stored, row) ? STORE_OUTCOME_BUSY : STORE_OUTCOME_DONE;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->partner_sid = stored->partner_sid;
    row->created_ms = stored->created_ms;
    row->revision = stored->revision + 1;
    return memory_put(m, &m->applications, memory_copy(STORE_APPLICATIONS, row));
}

struct result memory_application_delete(struct store_backend *backend, const struct sid *client_id,
                                        uint64_t if_revision, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);
    struct application_row key = {.client_id = *client_id};

    TRY(memory_falter(m));
    const struct application_row *stored = memory_table_find(&m->applications, &key);
    if (stored == NULL)
        *out = STORE_OUTCOME_ABSENT;
    else
        *out = memory_is_revision(if_revision, stored->revision) ? STORE_OUTCOME_DONE
                                                                 : STORE_OUTCOME_CONFLICT;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    for (size_t i = m->secrets.count; i-- > 0;) {
        const struct secret_row *secret = m->secrets.rows[i];
        if (sid_eq(&secret->client_id, client_id) &&
            !memory_table_remove(&m->secrets, &m->journal, i))
            return FAULT(ERR_FAULT_MEMORY);
    }
    size_t place = memory_table_place(&m->applications, &key);
    return memory_table_remove(&m->applications, &m->journal, place) ? RESULT_OK
                                                                     : FAULT(ERR_FAULT_MEMORY);
}

/* ---- secrets ---- */

size_t memory_secrets_of(const struct memory *m, const struct sid *client_id, size_t max,
                         struct secret_row *out)
{
    size_t count = 0;

    for (size_t i = 0; i < m->secrets.count && count < max; i++) {
        const struct secret_row *row = m->secrets.rows[i];
        if (sid_eq(&row->client_id, client_id))
            out[count++] = *row;
    }
    return count;
}

struct result memory_secrets_read(struct store_backend *backend, const struct sid *client_id,
                                  size_t max, struct secret_row *out, size_t *out_count)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    *out_count = memory_secrets_of(m, client_id, max, out);
    return RESULT_OK;
}

static const struct secret_row *find_secret(const struct memory *m, const struct sid *secret_id)
{
    struct secret_row key = {.secret_id = *secret_id};
    return memory_table_find(&m->secrets, &key);
}

struct result memory_secret_expire(struct store_backend *backend, const struct sid *secret_id,
                                   int64_t expires_ms)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct secret_row *stored = find_secret(m, secret_id);
    if (stored == NULL)
        return RESULT_OK;
    struct secret_row row = *stored;
    row.expires_ms = expires_ms;
    return memory_put(m, &m->secrets, memory_copy_row(&row, sizeof(row), NULL, 0));
}

struct result memory_secret_delete(struct store_backend *backend, const struct sid *client_id,
                                   const struct sid *secret_id, enum store_outcome *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct secret_row *stored = find_secret(m, secret_id);
    if (stored == NULL || !sid_eq(&stored->client_id, client_id)) {
        *out = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    *out = STORE_OUTCOME_DONE;
    size_t place = memory_table_place(&m->secrets, stored);
    return memory_table_remove(&m->secrets, &m->journal, place) ? RESULT_OK
                                                                : FAULT(ERR_FAULT_MEMORY);
}

struct result memory_secret_touch(struct store_backend *backend, const struct store_touch *touch)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    const struct secret_row *stored = find_secret(m, &touch->id);
    if (stored == NULL || stored->last_used_ms >= touch->at_ms)
        return RESULT_OK;
    struct secret_row row = *stored;
    row.last_used_ms = touch->at_ms;
    return memory_put(m, &m->secrets, memory_copy_row(&row, sizeof(row), NULL, 0));
}
