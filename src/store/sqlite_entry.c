/* The sequence in SQLite: entries by number, at most one for each subject. */
#include "store/sqlite.h"

#include <string.h>

/* By enum entry_kind. */
static const struct str kind_names[] = {
    STR_INIT(""),        STR_INIT("token"),        STR_INIT("application"),
    STR_INIT("partner"), STR_INIT("partner_tree"), STR_INIT("user"),
    STR_INIT("key"),
};
enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]) };
static_assert(KIND_COUNT == ENTRY_EPOCH_KEY + 1, "a name for each kind");

static void bind_subject(sqlite3_stmt *st, const struct store_entry *entry)
{
    sqlite_bind_text_str(st, 1, kind_names[entry->kind]);
    if (entry->kind == ENTRY_EPOCH_KEY)
        sqlite3_bind_zeroblob(st, 2, 0);
    else
        sqlite_bind_sid(st, 2, &entry->id);
    sqlite_bind_text_str(st, 3, entry_kid(entry));
}

static void bind_entry(sqlite3_stmt *st, const struct store_entry *entry)
{
    bind_subject(st, entry);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)entry->number);
    sqlite3_bind_int64(st, 5, entry->end_s);
    sqlite3_bind_int64(st, 6, entry->at_ms);
}

/* The number of the subject's entry, 0 where there is none. */
static RESULT find(struct sqlite *s, const struct store_entry *subject, uint64_t *out_number)
{
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_ENTRY_FIND,
                         "SELECT number FROM entries WHERE kind = ?1 AND id = ?2 AND kid = ?3");
    struct result result = RESULT_OK;

    if (st == NULL)
        return sqlite_fault(s);
    bind_subject(st, subject);
    switch (sqlite3_step(st)) {
    case SQLITE_ROW:
        *out_number = (uint64_t)sqlite3_column_int64(st, 0);
        break;
    case SQLITE_DONE:
        *out_number = 0;
        break;
    default:
        result = sqlite_fault(s);
    }
    sqlite3_reset(st);
    return result;
}

struct result sqlite_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t *out_number)
{
    struct sqlite *s = sqlite_of(backend);
    uint64_t earlier = 0;
    int64_t row_end_s = 0;

    TRY(find(s, entry, &earlier));
    if (earlier != 0) {
        *out_number = earlier;
        return RESULT_OK;
    }
    TRY(sqlite_token_end(s, &entry->id, &row_end_s));
    if (row_end_s > entry->end_s)
        entry->end_s = row_end_s;
    if (entry->end_s <= now_s) { /* 7009-2.2-c: what is over makes the store no larger */
        *out_number = 0;
        return RESULT_OK;
    }
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_ENTRY_CREATE,
                                        "INSERT INTO entries (kind, id, kid, number, end_s, at_ms) "
                                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    if (st != NULL)
        bind_entry(st, entry);
    TRY(sqlite_run(s, st));
    *out_number = entry->number;
    return RESULT_OK;
}

struct result sqlite_epoch_create(struct store_backend *backend, struct store_entry *entry)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_EPOCH_CREATE,
        "INSERT INTO entries (kind, id, kid, number, end_s, at_ms) VALUES (?1, ?2, ?3, ?4, ?5, ?6) "
        "ON CONFLICT (id, kind, kid) DO UPDATE SET number = excluded.number, "
        "end_s = max(end_s, excluded.end_s), at_ms = excluded.at_ms RETURNING end_s");
    struct result result = RESULT_OK;

    if (st == NULL)
        return sqlite_fault(s);
    bind_entry(st, entry);
    if (sqlite3_step(st) == SQLITE_ROW) {
        int64_t end_s = sqlite3_column_int64(st, 0);
        if (sqlite3_step(st) == SQLITE_DONE)
            entry->end_s = end_s;
        else
            result = sqlite_fault(s);
    } else {
        result = sqlite_fault(s);
    }
    sqlite3_reset(st);
    return result;
}

static bool read_entry(sqlite3_stmt *st, struct store_entry *out)
{
    unsigned kind;

    if (!sqlite_column_name(st, 1, kind_names, KIND_COUNT, &kind) ||
        !sqlite_column_sid(st, 2, &out->id))
        return false;
    struct str kid = sqlite_column_str(st, 3);
    if (kid.len > sizeof(out->kid))
        return false;
    memcpy(out->kid, kid.ptr, kid.len);
    memset(out->kid + kid.len, 0, sizeof(out->kid) - kid.len);
    out->kid_len = (uint8_t)kid.len;
    out->kind = (enum entry_kind)kind;
    out->number = (uint64_t)sqlite3_column_int64(st, 0);
    out->end_s = sqlite3_column_int64(st, 4);
    out->at_ms = sqlite3_column_int64(st, 5);
    return true;
}

struct result sqlite_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct store_entry *out, size_t *out_count)
{
    struct sqlite *s = sqlite_of(backend);
    /* The plus keeps the planner on the range of numbers. */
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_ENTRIES_READ,
                         "SELECT number, kind, id, kid, end_s, at_ms FROM entries "
                         "WHERE number > ?1 AND +end_s > ?2 ORDER BY number LIMIT ?3");
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)after);
    sqlite3_bind_int64(st, 2, now_s);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)limit);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st)) {
        if (!read_entry(st, &out[count++]))
            result = sqlite_bad_row(s, "a row of entries that this program has not written");
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    if (result_ok(result))
        *out_count = count;
    return result;
}

struct result sqlite_entries_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                   size_t *out_count)
{
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_ENTRIES_PRUNE,
                                        "DELETE FROM entries WHERE number IN (SELECT number "
                                        "FROM entries WHERE end_s < ?1 LIMIT ?2)");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, before_s);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)limit);
    TRY(sqlite_run(s, st));
    *out_count = (size_t)sqlite3_changes(s->db);
    return RESULT_OK;
}
