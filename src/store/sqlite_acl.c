/* Access control in SQLite: making, changing and removing rules, trunk groups and trunks. The three
 * tables are written alike, each by statements of its own. */
#include "store/row_texts.h"
#include "store/sqlite.h"

static void bind_rule(sqlite3_stmt *st, const void *of)
{
    const struct acl_rule_row *row = of;

    sqlite_bind_sid(st, 1, &row->rule_sid);
    sqlite_bind_sid(st, 2, &row->partner_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite_bind_text_str(st, 4, row->field);
    sqlite_bind_text_str(st, 5, row->operation);
    sqlite_bind_text_str(st, 6, row->quantifier);
    sqlite3_bind_int64(st, 7, row->created_ms);
    sqlite3_bind_int64(st, 8, row->updated_ms);
    sqlite3_bind_int64(st, 9, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 10, row->entries);
}

static void bind_group(sqlite3_stmt *st, const void *of)
{
    const struct trunk_group_row *row = of;

    sqlite_bind_sid(st, 1, &row->trunk_group_sid);
    sqlite_bind_sid(st, 2, &row->partner_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->updated_ms);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 7, row->acls);
}

static void bind_trunk(sqlite3_stmt *st, const void *of)
{
    const struct trunk_row *row = of;

    sqlite_bind_sid(st, 1, &row->trunk_sid);
    sqlite_bind_sid(st, 2, &row->trunk_group_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->updated_ms);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 7, row->acls);
}

struct statement {
    enum sqlite_verb verb;
    const char *sql;
};

static const struct acl_table {
    void (*bind)(sqlite3_stmt *st, const void *row); /* for create and update */
    struct statement create, update;
    struct statement find, remove; /* the row ?1; find: its parent, created_ms and revision */
} tables[STORE_TABLES] = {
    [STORE_RULES] =
        {
            .bind = bind_rule,
            .create = {SQLITE_VERB_RULE_CREATE,
                       "INSERT INTO acl_rules (rule_sid, partner_sid, name, field, operation, "
                       "quantifier, created_ms, updated_ms, revision, entries) "
                       "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
            .update = {SQLITE_VERB_RULE_UPDATE,
                       "UPDATE acl_rules SET name = ?3, field = ?4, operation = ?5, "
                       "quantifier = ?6, updated_ms = ?8, revision = ?9, entries = ?10 "
                       "WHERE rule_sid = ?1"},
            .find = {SQLITE_VERB_RULE_FIND,
                     "SELECT partner_sid, created_ms, revision FROM acl_rules WHERE rule_sid = ?1"},
            .remove = {SQLITE_VERB_RULE_DELETE, "DELETE FROM acl_rules WHERE rule_sid = ?1"},
        },
    [STORE_TRUNK_GROUPS] =
        {
            .bind = bind_group,
            .create = {SQLITE_VERB_TRUNK_GROUP_CREATE,
                       "INSERT INTO trunk_groups (trunk_group_sid, partner_sid, name, created_ms, "
                       "updated_ms, revision, acls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
            .update = {SQLITE_VERB_TRUNK_GROUP_UPDATE,
                       "UPDATE trunk_groups SET name = ?3, updated_ms = ?5, revision = ?6, "
                       "acls = ?7 WHERE trunk_group_sid = ?1"},
            .find = {SQLITE_VERB_TRUNK_GROUP_FIND,
                     "SELECT partner_sid, created_ms, revision FROM trunk_groups "
                     "WHERE trunk_group_sid = ?1"},
            .remove = {SQLITE_VERB_TRUNK_GROUP_DELETE,
                       "DELETE FROM trunk_groups WHERE trunk_group_sid = ?1"},
        },
    [STORE_TRUNKS] =
        {
            .bind = bind_trunk,
            .create = {SQLITE_VERB_TRUNK_CREATE,
                       "INSERT INTO trunks (trunk_sid, trunk_group_sid, name, created_ms, "
                       "updated_ms, revision, acls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
            .update = {SQLITE_VERB_TRUNK_UPDATE,
                       "UPDATE trunks SET name = ?3, updated_ms = ?5, revision = ?6, acls = ?7 "
                       "WHERE trunk_sid = ?1"},
            .find = {SQLITE_VERB_TRUNK_FIND,
                     "SELECT trunk_group_sid, created_ms, revision FROM trunks "
                     "WHERE trunk_sid = ?1"},
            .remove = {SQLITE_VERB_TRUNK_DELETE, "DELETE FROM trunks WHERE trunk_sid = ?1"},
        },
};

static sqlite3_stmt *prepare(struct sqlite *s, const struct statement *statement)
{
    return sqlite_statement(s, statement->verb, statement->sql);
}

static RESULT run_on(struct sqlite *s, sqlite3_stmt *st, const struct sid *sid)
{
    if (st != NULL)
        sqlite_bind_sid(st, 1, sid);
    return sqlite_run(s, st);
}

struct result sqlite_acl_create(struct store_backend *backend, enum store_table table,
                                const void *row, enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = prepare(s, &tables[table].create);

    if (st == NULL)
        return sqlite_fault(s);
    tables[table].bind(st, row);
    return sqlite_insert(s, st, out);
}

/* What an update or a deletion is decided on. */
static RESULT find(struct sqlite *s, enum store_table table, const struct sid *sid,
                   uint64_t if_revision, struct row_kept *kept, enum store_outcome *out)
{
    sqlite3_stmt *st = prepare(s, &tables[table].find);
    bool found;

    if (st != NULL)
        sqlite_bind_sid(st, 1, sid);
    TRY(sqlite_find(s, st, &found));
    *out = STORE_OUTCOME_ABSENT;
    if (!found)
        return RESULT_OK;
    bool is_good = sqlite_column_sid(st, 0, &kept->parent);
    kept->created_ms = sqlite3_column_int64(st, 1);
    kept->revision = (uint64_t)sqlite3_column_int64(st, 2);
    *out = if_revision == 0 || if_revision == kept->revision ? STORE_OUTCOME_DONE
                                                             : STORE_OUTCOME_CONFLICT;
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a row of access control that is nobody's");
}

struct result sqlite_acl_update(struct store_backend *backend, enum store_table table, void *row,
                                uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = prepare(s, &tables[table].update);
    struct row_kept kept;

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find(s, table, row, if_revision, &kept, out)); /* a row begins with its key */
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row_keep(table, &kept, row);
    tables[table].bind(st, row);
    return sqlite_run(s, st);
}

struct result sqlite_acl_delete(struct store_backend *backend, enum store_table table,
                                const struct sid *sid, uint64_t if_revision, struct sid *out_parent,
                                enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct row_kept kept;

    TRY(find(s, table, sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    *out_parent = kept.parent;
    return run_on(s, prepare(s, &tables[table].remove), sid);
}

struct result sqlite_trunk_group_raise(struct store_backend *backend,
                                       const struct sid *trunk_group_sid)
{
    struct sqlite *s = sqlite_of(backend);
    return run_on(s,
                  sqlite_statement(s, SQLITE_VERB_TRUNK_GROUP_RAISE,
                                   "UPDATE trunk_groups SET revision = revision + 1 "
                                   "WHERE trunk_group_sid = ?1"),
                  trunk_group_sid);
}
