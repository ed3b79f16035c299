/* Rows of partners and applications as SQLite gives them, and all of them for the start. */
#include "store/row_names.h"
#include "store/sqlite.h"

struct result sqlite_column_partner(struct sqlite *s, sqlite3_stmt *st, struct partner_row *out)
{
    struct partner_row row = {.scopes_all = sqlite3_column_int(st, 5) != 0};
    unsigned status;

    if (!sqlite_column_sid(st, 0, &row.partner_sid) || !sqlite_column_sid(st, 1, &row.parent_sid) ||
        !sqlite_column_name(st, 4, partner_status_names, PARTNER_STATUSES, &status))
        return sqlite_bad_row(s, "a row of partners that this program has not written");
    row.name = sqlite_column_str(st, 2);
    row.login = sqlite_column_str(st, 3);
    row.status = (enum partner_status)status;
    row.available_scopes = sqlite_column_str(st, 6);
    row.created_ms = sqlite3_column_int64(st, 7);
    row.updated_ms = sqlite3_column_int64(st, 8);
    row.revision = (uint64_t)sqlite3_column_int64(st, 9);
    row.acls = sqlite_column_str(st, 10);
    row.parent_assigned_acls = sqlite_column_str(st, 11);
    *out = row;
    return RESULT_OK;
}

static bool read_enums(sqlite3_stmt *st, struct application_row *row)
{
    unsigned type;
    unsigned status;
    unsigned method;
    unsigned audience;

    if (!sqlite_column_name(st, 3, application_type_names, APPLICATION_TYPES, &type) ||
        !sqlite_column_name(st, 4, application_status_names, APPLICATION_STATUSES, &status) ||
        !sqlite_column_name(st, 5, auth_method_names, AUTH_METHODS, &method) ||
        !sqlite_column_name(st, 18, auth_audience_names, AUTH_AUDIENCES, &audience))
        return false;
    row->type = (enum application_type)type;
    row->status = (enum application_status)status;
    row->auth_method = (enum client_auth_method)method;
    row->auth_audience = (enum client_auth_audience)audience;
    return true;
}

struct result sqlite_column_application(struct sqlite *s, sqlite3_stmt *st,
                                        struct application_row *out)
{
    struct application_row row = {.scopes_all = sqlite3_column_int(st, 8) != 0};

    if (!sqlite_column_sid(st, 0, &row.client_id) || !sqlite_column_sid(st, 1, &row.partner_sid) ||
        !read_enums(st, &row))
        return sqlite_bad_row(s, "a row of applications that this program has not written");
    row.name = sqlite_column_str(st, 2);
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
    row.jwks = sqlite_column_str(st, 17);
    row.refresh_token_ttl_s = (uint32_t)sqlite3_column_int64(st, 19);
    *out = row;
    return RESULT_OK;
}

/* ---- all of them ---- */

static RESULT visit_partner(struct sqlite *s, sqlite3_stmt *st,
                            const struct store_party_visitor *visitor)
{
    struct partner_row row;

    TRY(sqlite_column_partner(s, st, &row));
    return visitor->partner(visitor->context, &row);
}

static RESULT visit_application(struct sqlite *s, sqlite3_stmt *st,
                                const struct store_party_visitor *visitor)
{
    struct application_row row;

    TRY(sqlite_column_application(s, st, &row));
    return visitor->application(visitor->context, &row);
}

static RESULT visit_secret(struct sqlite *s, sqlite3_stmt *st,
                           const struct store_party_visitor *visitor)
{
    struct secret_row row;

    if (!sqlite_column_secret(st, &row))
        return sqlite_bad_row(s, "a row of application_secrets that this program has not written");
    return visitor->secret(visitor->context, &row);
}

struct result sqlite_visit_rows(struct sqlite *s, sqlite3_stmt *st,
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
        "SELECT " SQLITE_PARTNER_COLUMNS " FROM tree CROSS JOIN partners AS p USING (partner_sid)");
    sqlite3_stmt *applications = sqlite_statement(s, SQLITE_VERB_APPLICATIONS_READ,
                                                  "SELECT " SQLITE_APPLICATION_COLUMNS
                                                  " FROM applications ORDER BY client_id");
    sqlite3_stmt *secrets = sqlite_statement(
        s, SQLITE_VERB_SECRETS_READ,
        "SELECT secret_id, client_id, digest, created_ms, expires_ms, last_used_ms "
        "FROM application_secrets ORDER BY secret_id");

    TRY(sqlite_visit_rows(s, partners, visit_partner, visitor));
    if (visitor->application != NULL)
        TRY(sqlite_visit_rows(s, applications, visit_application, visitor));
    if (visitor->secret != NULL)
        TRY(sqlite_visit_rows(s, secrets, visit_secret, visitor));
    return sqlite_visit_acl(s, visitor);
}
