#include "store/sqlite_row.h"

#include "store/row_texts.h"

static sqlite3_stmt *rule_statement(struct sqlite *s, bool with_entries)
{
    return with_entries ? sqlite_statement(s, SQLITE_VERB_ROW_RULE,
                                           "SELECT " SQLITE_RULE_COLUMNS
                                           ", entries FROM acl_rules WHERE rule_sid = ?1")
                        : sqlite_statement(s, SQLITE_VERB_ROW_RULE_BRIEF,
                                           "SELECT " SQLITE_RULE_COLUMNS
                                           ", '' FROM acl_rules WHERE rule_sid = ?1");
}

static sqlite3_stmt *row_statement(struct sqlite *s, enum store_table table, bool with_entries)
{
    switch (table) {
    case STORE_PARTNERS:
        return sqlite_statement(s, SQLITE_VERB_ROW_PARTNER,
                                "SELECT " SQLITE_PARTNER_COLUMNS
                                " FROM partners WHERE partner_sid = ?1");
    case STORE_APPLICATIONS:
        return sqlite_statement(s, SQLITE_VERB_ROW_APPLICATION,
                                "SELECT " SQLITE_APPLICATION_COLUMNS
                                " FROM applications WHERE client_id = ?1");
    case STORE_RULES:
        return rule_statement(s, with_entries);
    case STORE_TRUNK_GROUPS:
        return sqlite_statement(s, SQLITE_VERB_ROW_TRUNK_GROUP,
                                "SELECT " SQLITE_TRUNK_GROUP_COLUMNS
                                " FROM trunk_groups WHERE trunk_group_sid = ?1");
    case STORE_TRUNKS:
        return sqlite_statement(s, SQLITE_VERB_ROW_TRUNK,
                                "SELECT " SQLITE_TRUNK_COLUMNS " FROM trunks WHERE trunk_sid = ?1");
    case STORE_TOKENS: /* theirs are read a page at a time */
    case STORE_TABLES:
        break;
    }
    return NULL;
}

static RESULT read_columns(struct sqlite *s, sqlite3_stmt *st, enum store_table table, void *out)
{
    switch (table) {
    case STORE_PARTNERS:
        return sqlite_column_partner(s, st, out);
    case STORE_APPLICATIONS:
        return sqlite_column_application(s, st, out);
    case STORE_RULES:
        return sqlite_column_rule(s, st, out);
    case STORE_TRUNK_GROUPS:
        return sqlite_column_trunk_group(s, st, out);
    case STORE_TRUNKS:
        return sqlite_column_trunk(s, st, out);
    case STORE_TOKENS:
    case STORE_TABLES:
        break;
    }
    return FAULT(ERR_FAULT_INTERNAL);
}

struct result sqlite_row_find(struct sqlite *s, enum store_table table, const struct sid *key,
                              bool with_entries, void *out_row, sqlite3_stmt **out_statement)
{
    sqlite3_stmt *st = row_statement(s, table, with_entries);
    bool found;

    if (st != NULL)
        sqlite_bind_sid(st, 1, key);
    TRY(sqlite_find(s, st, &found));
    *out_statement = NULL;
    if (!found)
        return RESULT_OK;
    struct result result = read_columns(s, st, table, out_row);
    if (result_ok(result))
        *out_statement = st;
    else
        sqlite3_reset(st);
    return result;
}

struct result sqlite_group_trunks(struct sqlite *s, struct trunk_group_row *row,
                                  struct sid trunks[STORE_GROUP_TRUNKS])
{
    row->trunks = trunks;
    return sqlite_trunks_of(s, &row->trunk_group_sid, STORE_GROUP_TRUNKS, trunks,
                            &row->trunk_count);
}

struct result sqlite_get_row(struct sqlite_reader *reader, enum store_table table,
                             struct store_read *read)
{
    struct sqlite *s = &reader->s;
    void *row = arena_alloc(read->arena, row_shapes[table].size);
    struct sid trunks[STORE_GROUP_TRUNKS];
    sqlite3_stmt *st;

    if (row == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    TRY(sqlite_row_find(s, table, &read->in.rule_sid, true, row, &st));
    if (st == NULL) {
        read->outcome = STORE_OUTCOME_ABSENT;
        return RESULT_OK;
    }
    struct result result =
        table == STORE_TRUNK_GROUPS ? sqlite_group_trunks(s, row, trunks) : RESULT_OK;
    if (result_ok(result) && !row_text_keep(table, read->arena, row))
        result = FAULT(ERR_FAULT_MEMORY);
    sqlite3_reset(st);
    read->out.tokens = row;
    read->out.count = 1;
    return result;
}
