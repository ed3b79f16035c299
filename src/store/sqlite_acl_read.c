/* Rows of access control as SQLite gives them, and all of them for the start. */
#include "store/row_texts.h"
#include "store/sqlite_row.h"

struct result sqlite_column_rule(struct sqlite *s, sqlite3_stmt *st, struct acl_rule_row *out)
{
    struct acl_rule_row row = {
        .name = sqlite_column_str(st, 2),
        .field = sqlite_column_str(st, 3),
        .operation = sqlite_column_str(st, 4),
        .quantifier = sqlite_column_str(st, 5),
        .created_ms = sqlite3_column_int64(st, 6),
        .updated_ms = sqlite3_column_int64(st, 7),
        .revision = (uint64_t)sqlite3_column_int64(st, 8),
        .entries = sqlite_column_str(st, 9),
    };

    if (!sqlite_column_sid(st, 0, &row.rule_sid) || !sqlite_column_sid(st, 1, &row.partner_sid))
        return sqlite_bad_row(s, "a row of acl_rules that this program has not written");
    *out = row;
    return RESULT_OK;
}

struct result sqlite_column_trunk_group(struct sqlite *s, sqlite3_stmt *st,
                                        struct trunk_group_row *out)
{
    struct trunk_group_row row = {
        .name = sqlite_column_str(st, 2),
        .created_ms = sqlite3_column_int64(st, 3),
        .updated_ms = sqlite3_column_int64(st, 4),
        .revision = (uint64_t)sqlite3_column_int64(st, 5),
        .acls = sqlite_column_str(st, 6),
    };

    if (!sqlite_column_sid(st, 0, &row.trunk_group_sid) ||
        !sqlite_column_sid(st, 1, &row.partner_sid))
        return sqlite_bad_row(s, "a row of trunk_groups that this program has not written");
    *out = row;
    return RESULT_OK;
}

struct result sqlite_column_trunk(struct sqlite *s, sqlite3_stmt *st, struct trunk_row *out)
{
    struct trunk_row row = {
        .name = sqlite_column_str(st, 2),
        .created_ms = sqlite3_column_int64(st, 3),
        .updated_ms = sqlite3_column_int64(st, 4),
        .revision = (uint64_t)sqlite3_column_int64(st, 5),
        .acls = sqlite_column_str(st, 6),
    };

    if (!sqlite_column_sid(st, 0, &row.trunk_sid) ||
        !sqlite_column_sid(st, 1, &row.trunk_group_sid))
        return sqlite_bad_row(s, "a row of trunks that this program has not written");
    *out = row;
    return RESULT_OK;
}

struct result sqlite_trunks_of(struct sqlite *s, const struct sid *trunk_group_sid, size_t max,
                               struct sid *out, size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNKS_FIND,
        "SELECT trunk_sid FROM trunks WHERE trunk_group_sid = ?1 ORDER BY trunk_sid LIMIT ?2");
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, trunk_group_sid);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)max);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st)) {
        if (!sqlite_column_sid(st, 0, &out[count++]))
            result = sqlite_bad_row(s, "a trunk_sid that this program has not written");
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    *out_count = count;
    return result;
}

struct result sqlite_trunks_read(struct store_backend *backend, const struct sid *trunk_group_sid,
                                 size_t max, struct sid *out, size_t *out_count)
{
    return sqlite_trunks_of(sqlite_of(backend), trunk_group_sid, max, out, out_count);
}

struct result sqlite_acl_owner_find(struct store_backend *backend, enum acl_owner_kind kind,
                                    const struct sid *sid, struct arena *arena,
                                    struct acl_owner_row *out, bool *out_found)
{
    static const enum store_table tables[] = {STORE_PARTNERS, STORE_TRUNK_GROUPS, STORE_TRUNKS};
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st;

    TRY(sqlite_row_find(s, tables[kind], sid, true, &out->partner, &st));
    *out_found = st != NULL;
    if (st == NULL)
        return RESULT_OK;
    out->kind = kind;
    bool kept = row_text_keep(tables[kind], arena, &out->partner);
    sqlite3_reset(st);
    return kept ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

/* ---- all of them ---- */

static RESULT visit_rule(struct sqlite *s, sqlite3_stmt *st,
                         const struct store_party_visitor *visitor)
{
    struct acl_rule_row row;

    TRY(sqlite_column_rule(s, st, &row));
    return visitor->rule(visitor->context, &row);
}

static RESULT visit_trunk_group(struct sqlite *s, sqlite3_stmt *st,
                                const struct store_party_visitor *visitor)
{
    struct trunk_group_row row;

    TRY(sqlite_column_trunk_group(s, st, &row));
    return visitor->trunk_group(visitor->context, &row);
}

static RESULT visit_trunk(struct sqlite *s, sqlite3_stmt *st,
                          const struct store_party_visitor *visitor)
{
    struct trunk_row row;

    TRY(sqlite_column_trunk(s, st, &row));
    return visitor->trunk(visitor->context, &row);
}

struct result sqlite_visit_acl(struct sqlite *s, const struct store_party_visitor *visitor)
{
    if (visitor->rule != NULL)
        TRY(sqlite_visit_rows(s,
                              sqlite_statement(s, SQLITE_VERB_RULES_READ,
                                               "SELECT " SQLITE_RULE_COLUMNS
                                               ", entries FROM acl_rules ORDER BY rule_sid"),
                              visit_rule, visitor));
    if (visitor->trunk_group != NULL)
        TRY(sqlite_visit_rows(s,
                              sqlite_statement(s, SQLITE_VERB_TRUNK_GROUPS_READ,
                                               "SELECT " SQLITE_TRUNK_GROUP_COLUMNS
                                               " FROM trunk_groups ORDER BY trunk_group_sid"),
                              visit_trunk_group, visitor));
    if (visitor->trunk != NULL)
        TRY(sqlite_visit_rows(s,
                              sqlite_statement(s, SQLITE_VERB_TRUNKS_READ,
                                               "SELECT " SQLITE_TRUNK_COLUMNS
                                               " FROM trunks ORDER BY trunk_sid"),
                              visit_trunk, visitor));
    return RESULT_OK;
}
