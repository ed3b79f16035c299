/* Partners, applications and secrets in memory. */
#include "store/memory_inside.h"

static int compare_partner(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct partner_row *)a)->partner_sid,
                              &((const struct partner_row *)b)->partner_sid);
}

static int compare_login(const void *a, const void *b)
{
    return str_compare(((const struct partner_row *)a)->login,
                       ((const struct partner_row *)b)->login);
}

static int compare_application(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct application_row *)a)->client_id,
                              &((const struct application_row *)b)->client_id);
}

static int compare_secret(const void *a, const void *b)
{
    return memory_compare_sid(&((const struct secret_row *)a)->secret_id,
                              &((const struct secret_row *)b)->secret_id);
}

void memory_party_init(struct memory *m)
{
    m->partners.compare = compare_partner;
    m->logins.compare = compare_login;
    m->applications.compare = compare_application;
    m->secrets.compare = compare_secret;
}

static bool has_root(const struct memory *m)
{
    for (size_t i = 0; i < m->partners.count; i++) {
        if (sid_is_none(&((const struct partner_row *)m->partners.rows[i])->parent_sid))
            return true;
    }
    return false;
}

bool memory_has_partner(const struct memory *m, const struct sid *partner_sid)
{
    struct partner_row key = {.partner_sid = *partner_sid};
    return memory_table_find(&m->partners, &key) != NULL;
}

struct result memory_partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    bool is_root = sid_is_none(&row->parent_sid);
    bool has_login = row->login.len > 0;

    TRY(memory_falter(m));
    if (memory_has_partner(m, &row->partner_sid) || (is_root && has_root(m)) ||
        (has_login && memory_table_find(&m->logins, row) != NULL)) {
        *out = STORE_CONFLICT_EXISTS;
        return RESULT_OK;
    }
    if (!is_root && !memory_has_partner(m, &row->parent_sid)) {
        *out = STORE_CONFLICT_ORPHAN;
        return RESULT_OK;
    }
    if (has_login)
        TRY(memory_put(m, &m->logins, memory_copy(STORE_PARTNERS, row)));
    TRY(memory_put(m, &m->partners, memory_copy(STORE_PARTNERS, row)));
    *out = STORE_CONFLICT_NONE;
    return RESULT_OK;
}

struct result memory_application_create(struct store_backend *backend,
                                        const struct application_row *row, enum store_conflict *out)
{
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    if (memory_table_find(&m->applications, row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else if (!memory_has_partner(m, &row->partner_sid))
        *out = STORE_CONFLICT_ORPHAN;
    else
        *out = STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return memory_put(m, &m->applications, memory_copy(STORE_APPLICATIONS, row));
}

struct result memory_secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out)
{
    struct memory *m = memory_of(backend);
    struct application_row key = {.client_id = row->client_id};

    TRY(memory_falter(m));
    if (memory_table_find(&m->secrets, row) != NULL)
        *out = STORE_CONFLICT_EXISTS;
    else if (memory_table_find(&m->applications, &key) == NULL)
        *out = STORE_CONFLICT_ORPHAN;
    else
        *out = STORE_CONFLICT_NONE;
    if (*out != STORE_CONFLICT_NONE)
        return RESULT_OK;
    return memory_put(m, &m->secrets, memory_copy_row(row, sizeof(*row), NULL, 0));
}

/* Each level of the tree in its turn: a child's id may well sort before its parent's. */
static RESULT visit_children(struct memory *m, const struct sid *parent_sid,
                             const struct store_party_visitor *visitor)
{
    for (size_t i = 0; i < m->partners.count; i++) {
        const struct partner_row *row = m->partners.rows[i];
        if (!sid_eq(&row->parent_sid, parent_sid))
            continue;
        TRY(visitor->partner(visitor->context, row));
        TRY(visit_children(m, &row->partner_sid, visitor));
    }
    return RESULT_OK;
}

struct result memory_read_party(struct store_backend *backend,
                                const struct store_party_visitor *visitor)
{
    static const struct sid none;
    struct memory *m = memory_of(backend);

    TRY(memory_falter(m));
    TRY(visit_children(m, &none, visitor));
    for (size_t i = 0; visitor->application != NULL && i < m->applications.count; i++)
        TRY(visitor->application(visitor->context, m->applications.rows[i]));
    for (size_t i = 0; visitor->secret != NULL && i < m->secrets.count; i++)
        TRY(visitor->secret(visitor->context, m->secrets.rows[i]));
    for (size_t i = 0; visitor->rule != NULL && i < m->rules.count; i++)
        TRY(visitor->rule(visitor->context, m->rules.rows[i]));
    for (size_t i = 0; visitor->trunk_group != NULL && i < m->trunk_groups.count; i++)
        TRY(visitor->trunk_group(visitor->context, m->trunk_groups.rows[i]));
    for (size_t i = 0; visitor->trunk != NULL && i < m->trunks.count; i++)
        TRY(visitor->trunk(visitor->context, m->trunks.rows[i]));
    return RESULT_OK;
}
