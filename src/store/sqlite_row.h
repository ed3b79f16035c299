/* One row of any table but that of tokens, by its key; for the files sqlite*.c alone. */
#ifndef STORE_SQLITE_ROW_H
#define STORE_SQLITE_ROW_H

#include "store/sqlite_reader.h"

/* SELECT these FROM acl_rules, and the entries behind them; FROM trunk_groups; FROM trunks. */
#define SQLITE_RULE_COLUMNS                                                               \
    "rule_sid, partner_sid, name, field, operation, quantifier, created_ms, updated_ms, " \
    "revision"
#define SQLITE_TRUNK_GROUP_COLUMNS \
    "trunk_group_sid, partner_sid, name, created_ms, updated_ms, revision, acls"
#define SQLITE_TRUNK_COLUMNS \
    "trunk_sid, trunk_group_sid, name, created_ms, updated_ms, revision, acls"

/* Text lives until the statement's next step. A group comes without trunks. */
RESULT sqlite_column_rule(struct sqlite *s, sqlite3_stmt *statement, struct acl_rule_row *out);
RESULT sqlite_column_trunk_group(struct sqlite *s, sqlite3_stmt *statement,
                                 struct trunk_group_row *out);
RESULT sqlite_column_trunk(struct sqlite *s, sqlite3_stmt *statement, struct trunk_row *out);

/* Of one group, rising, at most max. */
RESULT sqlite_trunks_of(struct sqlite *s, const struct sid *trunk_group_sid, size_t max,
                        struct sid *out, size_t *out_count);

/* Fills the table's row. *out_statement: the text lives in it until sqlite3_reset, which is the
 * caller's; NULL: there is no such row. with_entries: a rule's. */
RESULT sqlite_row_find(struct sqlite *s, enum store_table table, const struct sid *key,
                       bool with_entries, void *out_row, sqlite3_stmt **out_statement);

/* Puts the group's trunks into trunks, and the row points there. */
RESULT sqlite_group_trunks(struct sqlite *s, struct trunk_group_row *row,
                           struct sid trunks[STORE_GROUP_TRUNKS]);

#endif
