/* Partners and applications in SQLite: making and changing them. */
#include "store/row_names.h"
#include "store/sqlite.h"

/* ---- partners ---- */

static void bind_partner(sqlite3_stmt *st, const struct partner_row *row)
{
    sqlite_bind_sid(st, 1, &row->partner_sid);
    sqlite_bind_sid_or_null(st, 2, &row->parent_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite_bind_text_str(st, 4, row->login);
    sqlite_bind_text_str(st, 5, partner_status_names[row->status]);
    sqlite3_bind_int(st, 6, row->scopes_all);
    sqlite_bind_text_str(st, 7, row->available_scopes);
    sqlite3_bind_int64(st, 8, row->created_ms);
    sqlite3_bind_int64(st, 9, row->updated_ms);
    sqlite3_bind_int64(st, 10, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 11, row->acls);
    sqlite_bind_text_str(st, 12, row->parent_assigned_acls);
}

struct result sqlite_partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PARTNER_CREATE,
        "INSERT INTO partners (partner_sid, parent_sid, name, login, status, scopes_all, "
        "available_scopes, created_ms, updated_ms, revision, acls, parent_assigned_acls) "
        "VALUES (?1, ?2, ?3, nullif(?4, ''), ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_partner(st, row);
    return sqlite_insert(s, st, out);
}

static enum store_outcome judge_update(uint64_t revision, uint64_t if_revision, bool is_busy)
{
    if (if_revision != 0 && if_revision != revision)
        return STORE_OUTCOME_CONFLICT;
    return is_busy ? STORE_OUTCOME_BUSY : STORE_OUTCOME_DONE;
}

/* What an update leaves as it is, into *row, and the next revision. */
static RESULT find_partner(struct sqlite *s, struct partner_row *row, uint64_t if_revision,
                           bool is_fixed, enum store_outcome *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PARTNER_FIND,
        "SELECT parent_sid, created_ms, revision, scopes_all, available_scopes FROM partners "
        "WHERE partner_sid = ?1");
    bool found;

    if (st != NULL)
        sqlite_bind_sid(st, 1, &row->partner_sid);
    TRY(sqlite_find(s, st, &found));
    *out = STORE_OUTCOME_ABSENT;
    if (!found)
        return RESULT_OK;
    uint64_t revision = (uint64_t)sqlite3_column_int64(st, 2);
    bool is_good = sqlite_column_sid(st, 0, &row->parent_sid);
    bool same = (sqlite3_column_int(st, 3) != 0) == row->scopes_all &&
                str_eq(sqlite_column_str(st, 4), row->available_scopes);
    *out = judge_update(revision, if_revision, is_fixed && !same);
    row->created_ms = sqlite3_column_int64(st, 1);
    row->revision = revision + 1;
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a partner whose parent is no id");
}

struct result sqlite_partner_update(struct store_backend *backend, struct partner_row *row,
                                    uint64_t if_revision, bool is_fixed, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PARTNER_UPDATE,
        "UPDATE partners SET name = ?3, login = nullif(?4, ''), status = ?5, scopes_all = ?6, "
        "available_scopes = ?7, updated_ms = ?9, revision = ?10, acls = ?11, "
        "parent_assigned_acls = ?12 WHERE partner_sid = ?1");
    enum store_conflict conflict;

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find_partner(s, row, if_revision, is_fixed, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    bind_partner(st, row);
    TRY(sqlite_insert(s, st, &conflict));
    if (conflict == STORE_CONFLICT_EXISTS)
        *out = STORE_OUTCOME_EXISTS;
    return RESULT_OK;
}

/* ---- applications ---- */

static void bind_application(sqlite3_stmt *st, const struct application_row *row)
{
    sqlite_bind_sid(st, 1, &row->client_id);
    sqlite_bind_sid(st, 2, &row->partner_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite_bind_text_str(st, 4, application_type_names[row->type]);
    sqlite_bind_text_str(st, 5, application_status_names[row->status]);
    sqlite_bind_text_str(st, 6, auth_method_names[row->auth_method]);
    sqlite_bind_text_str(st, 7, row->grant_types);
    sqlite_bind_text_str(st, 8, row->redirect_uris);
    sqlite3_bind_int(st, 9, row->scopes_all);
    sqlite_bind_text_str(st, 10, row->scopes);
    sqlite_bind_text_str(st, 11, row->approved_restricted);
    sqlite_bind_text_str(st, 12, row->audiences);
    sqlite3_bind_int(st, 13, row->introspection);
    sqlite3_bind_int64(st, 14, row->access_token_ttl_s);
    sqlite3_bind_int64(st, 15, row->created_ms);
    sqlite3_bind_int64(st, 16, row->updated_ms);
    sqlite3_bind_int64(st, 17, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 18, row->jwks);
    sqlite_bind_text_str(st, 19, auth_audience_names[row->auth_audience]);
    sqlite3_bind_int64(st, 20, row->refresh_token_ttl_s);
}

struct result sqlite_application_create(struct store_backend *backend,
                                        const struct application_row *row, enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_APPLICATION_CREATE,
        "INSERT INTO applications (client_id, partner_sid, name, type, status, auth_method, "
        "grant_types, redirect_uris, scopes_all, scopes, approved_restricted, audiences, "
        "introspection, access_token_ttl_s, created_ms, updated_ms, revision, jwks, "
        "auth_audience, refresh_token_ttl_s) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, "
        "?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_application(st, row);
    return sqlite_insert(s, st, out);
}

static RESULT find_application(struct sqlite *s, struct application_row *row, uint64_t if_revision,
                               bool is_fixed, enum store_outcome *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_APPLICATION_FIND,
        "SELECT partner_sid, created_ms, revision, scopes_all, scopes, approved_restricted "
        "FROM applications WHERE client_id = ?1");
    bool found;

    if (st != NULL)
        sqlite_bind_sid(st, 1, &row->client_id);
    TRY(sqlite_find(s, st, &found));
    *out = STORE_OUTCOME_ABSENT;
    if (!found)
        return RESULT_OK;
    uint64_t revision = (uint64_t)sqlite3_column_int64(st, 2);
    bool is_good = sqlite_column_sid(st, 0, &row->partner_sid);
    bool same = (sqlite3_column_int(st, 3) != 0) == row->scopes_all &&
                str_eq(sqlite_column_str(st, 4), row->scopes) &&
                str_eq(sqlite_column_str(st, 5), row->approved_restricted);
    *out = judge_update(revision, if_revision, is_fixed && !same);
    row->created_ms = sqlite3_column_int64(st, 1);
    row->revision = revision + 1;
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "an application whose partner is no id");
}

struct result sqlite_application_update(struct store_backend *backend, struct application_row *row,
                                        uint64_t if_revision, bool is_fixed,
                                        enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_APPLICATION_UPDATE,
        "UPDATE applications SET name = ?3, type = ?4, status = ?5, auth_method = ?6, "
        "grant_types = ?7, redirect_uris = ?8, scopes_all = ?9, scopes = ?10, "
        "approved_restricted = ?11, audiences = ?12, introspection = ?13, "
        "access_token_ttl_s = ?14, updated_ms = ?16, revision = ?17, jwks = ?18, "
        "auth_audience = ?19, refresh_token_ttl_s = ?20 WHERE client_id = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find_application(s, row, if_revision, is_fixed, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    bind_application(st, row);
    return sqlite_run(s, st);
}

struct result sqlite_application_delete(struct store_backend *backend, const struct sid *client_id,
                                        uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct application_row row = {.client_id = *client_id};
    sqlite3_stmt *secrets = sqlite_statement(
        s, SQLITE_VERB_SECRETS_DELETE, "DELETE FROM application_secrets WHERE client_id = ?1");
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_APPLICATION_DELETE,
                                        "DELETE FROM applications WHERE client_id = ?1");

    if (st == NULL || secrets == NULL)
        return sqlite_fault(s);
    TRY(find_application(s, &row, if_revision, false, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    sqlite_bind_sid(secrets, 1, client_id);
    TRY(sqlite_run(s, secrets));
    sqlite_bind_sid(st, 1, client_id);
    return sqlite_run(s, st);
}
