/* Access control in SQLite: making, changing and removing rules, trunk groups and trunks. */
#include "store/sqlite.h"

/* What of a row an update leaves as it is, and what it is decided on. */
struct kept {
    struct sid parent; /* its partner, or its group */
    int64_t created_ms;
    uint64_t revision;
};

/* The statement gives the parent, created_ms and revision of the row ?1. */
static RESULT find_kept(struct sqlite *s, sqlite3_stmt *st, const struct sid *sid,
                        uint64_t if_revision, struct kept *kept, enum store_outcome *out)
{
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

static RESULT run_on(struct sqlite *s, sqlite3_stmt *st, const struct sid *sid)
{
    if (st != NULL)
        sqlite_bind_sid(st, 1, sid);
    return sqlite_run(s, st);
}

/* ---- rules ---- */

static void bind_rule(sqlite3_stmt *st, const struct acl_rule_row *row)
{
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

struct result sqlite_rule_create(struct store_backend *backend, const struct acl_rule_row *row,
                                 enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_RULE_CREATE,
        "INSERT INTO acl_rules (rule_sid, partner_sid, name, field, operation, quantifier, "
        "created_ms, updated_ms, revision, entries) "
        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_rule(st, row);
    return sqlite_insert(s, st, out);
}

static RESULT find_rule(struct sqlite *s, const struct sid *sid, uint64_t if_revision,
                        struct kept *kept, enum store_outcome *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_RULE_FIND,
        "SELECT partner_sid, created_ms, revision FROM acl_rules WHERE rule_sid = ?1");
    return find_kept(s, st, sid, if_revision, kept, out);
}

struct result sqlite_rule_update(struct store_backend *backend, struct acl_rule_row *row,
                                 uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_RULE_UPDATE,
        "UPDATE acl_rules SET name = ?3, field = ?4, operation = ?5, quantifier = ?6, "
        "updated_ms = ?8, revision = ?9, entries = ?10 WHERE rule_sid = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find_rule(s, &row->rule_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->partner_sid = kept.parent;
    row->created_ms = kept.created_ms;
    row->revision = kept.revision + 1;
    bind_rule(st, row);
    return sqlite_run(s, st);
}

struct result sqlite_rule_delete(struct store_backend *backend, const struct sid *rule_sid,
                                 uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;

    TRY(find_rule(s, rule_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    return run_on(
        s,
        sqlite_statement(s, SQLITE_VERB_RULE_DELETE, "DELETE FROM acl_rules WHERE rule_sid = ?1"),
        rule_sid);
}

/* ---- trunk groups ---- */

static void bind_group(sqlite3_stmt *st, const struct trunk_group_row *row)
{
    sqlite_bind_sid(st, 1, &row->trunk_group_sid);
    sqlite_bind_sid(st, 2, &row->partner_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->updated_ms);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 7, row->acls);
}

struct result sqlite_trunk_group_create(struct store_backend *backend,
                                        const struct trunk_group_row *row, enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNK_GROUP_CREATE,
        "INSERT INTO trunk_groups (trunk_group_sid, partner_sid, name, created_ms, updated_ms, "
        "revision, acls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_group(st, row);
    return sqlite_insert(s, st, out);
}

static RESULT find_group(struct sqlite *s, const struct sid *sid, uint64_t if_revision,
                         struct kept *kept, enum store_outcome *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNK_GROUP_FIND,
        "SELECT partner_sid, created_ms, revision FROM trunk_groups WHERE trunk_group_sid = ?1");
    return find_kept(s, st, sid, if_revision, kept, out);
}

struct result sqlite_trunk_group_update(struct store_backend *backend, struct trunk_group_row *row,
                                        uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNK_GROUP_UPDATE,
        "UPDATE trunk_groups SET name = ?3, updated_ms = ?5, revision = ?6, acls = ?7 "
        "WHERE trunk_group_sid = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find_group(s, &row->trunk_group_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->partner_sid = kept.parent;
    row->created_ms = kept.created_ms;
    row->revision = kept.revision + 1;
    bind_group(st, row);
    return sqlite_run(s, st);
}

struct result sqlite_trunk_group_delete(struct store_backend *backend,
                                        const struct sid *trunk_group_sid, uint64_t if_revision,
                                        enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;

    TRY(find_group(s, trunk_group_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    return run_on(s,
                  sqlite_statement(s, SQLITE_VERB_TRUNK_GROUP_DELETE,
                                   "DELETE FROM trunk_groups WHERE trunk_group_sid = ?1"),
                  trunk_group_sid);
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

/* ---- trunks ---- */

static void bind_trunk(sqlite3_stmt *st, const struct trunk_row *row)
{
    sqlite_bind_sid(st, 1, &row->trunk_sid);
    sqlite_bind_sid(st, 2, &row->trunk_group_sid);
    sqlite_bind_text_str(st, 3, row->name);
    sqlite3_bind_int64(st, 4, row->created_ms);
    sqlite3_bind_int64(st, 5, row->updated_ms);
    sqlite3_bind_int64(st, 6, (sqlite3_int64)row->revision);
    sqlite_bind_text_str(st, 7, row->acls);
}

struct result sqlite_trunk_create(struct store_backend *backend, const struct trunk_row *row,
                                  enum store_conflict *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNK_CREATE,
        "INSERT INTO trunks (trunk_sid, trunk_group_sid, name, created_ms, updated_ms, "
        "revision, acls) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)");

    if (st == NULL)
        return sqlite_fault(s);
    bind_trunk(st, row);
    return sqlite_insert(s, st, out);
}

static RESULT find_trunk(struct sqlite *s, const struct sid *sid, uint64_t if_revision,
                         struct kept *kept, enum store_outcome *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_TRUNK_FIND,
        "SELECT trunk_group_sid, created_ms, revision FROM trunks WHERE trunk_sid = ?1");
    return find_kept(s, st, sid, if_revision, kept, out);
}

struct result sqlite_trunk_update(struct store_backend *backend, struct trunk_row *row,
                                  uint64_t if_revision, enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_TRUNK_UPDATE,
                         "UPDATE trunks SET name = ?3, updated_ms = ?5, revision = ?6, acls = ?7 "
                         "WHERE trunk_sid = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    TRY(find_trunk(s, &row->trunk_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    row->trunk_group_sid = kept.parent;
    row->created_ms = kept.created_ms;
    row->revision = kept.revision + 1;
    bind_trunk(st, row);
    return sqlite_run(s, st);
}

struct result sqlite_trunk_delete(struct store_backend *backend, const struct sid *trunk_sid,
                                  uint64_t if_revision, struct sid *out_trunk_group_sid,
                                  enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct kept kept;

    TRY(find_trunk(s, trunk_sid, if_revision, &kept, out));
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    *out_trunk_group_sid = kept.parent;
    return run_on(
        s, sqlite_statement(s, SQLITE_VERB_TRUNK_DELETE, "DELETE FROM trunks WHERE trunk_sid = ?1"),
        trunk_sid);
}
