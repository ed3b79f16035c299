/* Partners, applications and secrets in SQLite: written one at a time, read all at the start. */
#include "store/sqlite.h"

#include <string.h>

/* By their enums in store/rows.h. */
static const struct str partner_statuses[] = {STR_INIT("unverified"), STR_INIT("active"),
                                              STR_INIT("suspended"), STR_INIT("canceled")};
static const struct str application_types[] = {STR_INIT("confidential"), STR_INIT("public")};
static const struct str application_statuses[] = {STR_INIT("active"), STR_INIT("suspended")};
static const struct str auth_methods[] = {STR_INIT("client_secret_basic"),
                                          STR_INIT("client_secret_post"),
                                          STR_INIT("private_key_jwt"), STR_INIT("none")};

#define COUNT(names) (sizeof(names) / sizeof((names)[0]))

static_assert(COUNT(partner_statuses) == PARTNER_CANCELED + 1, "a name for each");
static_assert(COUNT(application_types) == APPLICATION_PUBLIC + 1, "a name for each");
static_assert(COUNT(application_statuses) == APPLICATION_SUSPENDED + 1, "a name for each");
static_assert(COUNT(auth_methods) == CLIENT_AUTH_NONE + 1, "a name for each");

/* ---- writing ---- */

struct result sqlite_partner_create(struct store_backend *backend, const struct partner_row *row,
                                    enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PARTNER_CREATE,
        "INSERT INTO partners (partner_sid, parent_sid, name, login, status, scopes_all, "
        "available_scopes, created_ms, updated_ms, revision) "
        "VALUES (?1, ?2, ?3, nullif(?4, ''), ?5, ?6, ?7, ?8, ?9, ?10)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->partner_sid);
    sqlite_bind_sid_or_null(st, 2, &row->parent_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite_bind_text_str(st, 4, row->login);
    sqlite_bind_text_str(st, 5, partner_statuses[row->status]);
    sqlite3_bind_int(st, 6, row->scopes_all);
    sqlite_bind_text_str(st, 7, row->available_scopes);
    sqlite3_bind_int64(st, 8, row->created_ms);
    sqlite3_bind_int64(st, 9, row->updated_ms);
    sqlite3_bind_int64(st, 10, (sqlite3_int64)row->revision);
    return sqlite_insert(s, st, out);
}

struct result sqlite_application_create(struct store_backend *backend,
                                        const struct application_row *row, enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_APPLICATION_CREATE,
        "INSERT INTO applications (client_id, partner_sid, name, type, status, auth_method, "
        "grant_types, redirect_uris, scopes_all, scopes, approved_restricted, audiences, "
        "introspection, access_token_ttl_s, created_ms, updated_ms, revision) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->client_id);
    sqlite_bind_sid(st, 2, &row->partner_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite_bind_text_str(st, 4, application_types[row->type]);
    sqlite_bind_text_str(st, 5, application_statuses[row->status]);
    sqlite_bind_text_str(st, 6, auth_methods[row->auth_method]);
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
    return sqlite_insert(s, st, out);
}

struct result sqlite_secret_create(struct store_backend *backend, const struct secret_row *row,
                                   enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_SECRET_CREATE,
        "INSERT INTO application_secrets (secret_id, client_id, digest, created_ms, expires_ms) "
        "VALUES (?1, ?2, ?3, ?4, ?5)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &row->secret_id);
    sqlite_bind_sid(st, 2, &row->client_id);
    sqlite3_bind_blob(st, 3, row->digest, sizeof(row->digest), SQLITE_STATIC);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->expires_ms);
    return sqlite_insert(s, st, out);
}

/* ---- reading ---- */

static RESULT visit_partner(struct sqlite *s, sqlite3_stmt *st,
                            const struct store_party_visitor *visitor)
{
    struct partner_row row = {.scopes_all = sqlite3_column_int(st, 5) != 0};
    unsigned status;

    if (!sqlite_column_sid(st, 0, &row.partner_sid) || !sqlite_column_sid(st, 1, &row.parent_sid) ||
        !sqlite_column_name(st, 4, partner_statuses, COUNT(partner_statuses), &status))
        return sqlite_bad_row(s, "a row of partners that this program has not written");
    row.name = sqlite_column_str(st, 2);
    row.login = sqlite_column_str(st, 3);
    row.status = (enum partner_status)status;
    row.available_scopes = sqlite_column_str(st, 6);
    row.created_ms = sqlite3_column_int64(st, 7);
    row.updated_ms = sqlite3_column_int64(st, 8);
    row.revision = (uint64_t)sqlite3_column_int64(st, 9);
    return visitor->partner(visitor->context, &row);
}

static RESULT visit_application(struct sqlite *s, sqlite3_stmt *st,
                                const struct store_party_visitor *visitor)
{
    struct application_row row = {.scopes_all = sqlite3_column_int(st, 8) != 0};
    unsigned type;
    unsigned status;
    unsigned method;

    if (!sqlite_column_sid(st, 0, &row.client_id) || !sqlite_column_sid(st, 1, &row.partner_sid) ||
        !sqlite_column_name(st, 3, application_types, COUNT(application_types), &type) ||
        !sqlite_column_name(st, 4, application_statuses, COUNT(application_statuses), &status) ||
        !sqlite_column_name(st, 5, auth_methods, COUNT(auth_methods), &method))
        return sqlite_bad_row(s, "a row of applications that this program has not written");
    row.name = sqlite_column_str(st, 2);
    row.type = (enum application_type)type;
    row.status = (enum application_status)status;
    row.auth_method = (enum client_auth_method)method;
    row.grant_types = sqlite_column_str(st, 6);
    row.redirect_uris = sqlite_column_str(st, 7);
    row.scopes = sqlite_column_str(st, 9);
    row.approved_restricted = sqlite_column_str(st, 10);
    row.audiences = sqlite_column_str(st, 11);
    row.introspection = sqlite3_column_int(st, 12) != 0;
    row.access_token_ttl_s = (uint32_t)sqlite3_column_int64(st, 13);
    row.created_ms = sqlite3_column_int64(st, 14);
    row.updated_ms = sqlite3_column_int64(st, 15);
    row.revision = (uint64_t)sqlite3_column_int64(st, 16);
    return visitor->application(visitor->context, &row);
}

static RESULT visit_secret(struct sqlite *s, sqlite3_stmt *st,
                           const struct store_party_visitor *visitor)
{
    struct secret_row row = {.created_ms = sqlite3_column_int64(st, 3)};
    struct str digest = str_make(sqlite3_column_blob(st, 2), (size_t)sqlite3_column_bytes(st, 2));

    if (!sqlite_column_sid(st, 0, &row.secret_id) || !sqlite_column_sid(st, 1, &row.client_id) ||
        digest.len != sizeof(row.digest))
        return sqlite_bad_row(s, "a row of application_secrets that this program has not written");
    memcpy(row.digest, digest.ptr, sizeof(row.digest));
    row.expires_ms = sqlite3_column_int64(st, 4);
    return visitor->secret(visitor->context, &row);
}

static RESULT visit_rows(struct sqlite *s, sqlite3_stmt *st,
                         struct result (*visit)(struct sqlite *s, sqlite3_stmt *st,
                                                const struct store_party_visitor *visitor),
                         const struct store_party_visitor *visitor)
{
    struct result result = RESULT_OK;

    if (st == NULL)
        return sqlite_fault(s);
    int step = sqlite3_step(st);
    while (step == SQLITE_ROW && result_ok(result)) {
        result = visit(s, st, visitor);
        step = sqlite3_step(st);
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    return result;
}

struct result sqlite_read_party(struct store_backend *backend,
                                const struct store_party_visitor *visitor)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *partners = sqlite_statement(
        s, SQLITE_VERB_PARTNERS_READ,
        "WITH RECURSIVE tree (partner_sid, depth) AS (SELECT partner_sid, 0 FROM partners "
        "WHERE parent_sid IS NULL UNION ALL SELECT p.partner_sid, tree.depth + 1 FROM tree "
        "JOIN partners AS p ON p.parent_sid = tree.partner_sid ORDER BY 2) "
        "SELECT p.partner_sid, parent_sid, name, login, status, scopes_all, available_scopes, "
        "created_ms, updated_ms, revision FROM tree CROSS JOIN partners AS p USING (partner_sid)");
    sqlite3_stmt *applications = sqlite_statement(
        s, SQLITE_VERB_APPLICATIONS_READ,
        "SELECT client_id, partner_sid, name, type, status, auth_method, grant_types, "
        "redirect_uris, scopes_all, scopes, approved_restricted, audiences, introspection, "
        "access_token_ttl_s, created_ms, updated_ms, revision FROM applications "
        "ORDER BY client_id");
    sqlite3_stmt *secrets =
        sqlite_statement(s, SQLITE_VERB_SECRETS_READ,
                         "SELECT secret_id, client_id, digest, created_ms, expires_ms "
                         "FROM application_secrets ORDER BY secret_id");

    TRY(visit_rows(s, partners, visit_partner, visitor));
    TRY(visit_rows(s, applications, visit_application, visitor));
    return visit_rows(s, secrets, visit_secret, visitor);
}
