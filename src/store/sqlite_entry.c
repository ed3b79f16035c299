/* The sequence in SQLite: entries by number, at most one for each subject. */
#include "store/sqlite.h"

#include <string.h>

/* By enum entry_kind. */
static const struct str kind_names[] = {
    STR_INIT(""),        STR_INIT("token"),        STR_INIT("application"),
    STR_INIT("partner"), STR_INIT("partner_tree"), STR_INIT("user"),
    STR_INIT("key"),     STR_INIT("set"),          STR_INIT("selector"),
    STR_INIT("plan"),
};
enum { KIND_COUNT = sizeof(kind_names) / sizeof(kind_names[0]) };
static_assert(KIND_COUNT == ENTRY_PLAN + 1, "a name for each kind");

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
    bool is_set = entry->kind == ENTRY_TOKEN_SET;

    bind_subject(st, entry);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)entry->number);
    sqlite3_bind_int64(st, 5, entry->end_s);
    sqlite3_bind_int64(st, 6, entry->at_ms);
    sqlite_bind_text_str(st, 7, is_set ? entry->set.scopes : STR_NONE);
    sqlite3_bind_int64(st, 8, is_set ? entry->set.exp_s : 0);
    sqlite3_bind_int64(st, 9, (sqlite3_int64)entry->below);
    sqlite3_bind_int64(st, 10, entry->before_s);
}

/* Number, end and time of the subject's entry; number 0 where there is none. */
static RESULT find(struct sqlite *s, const struct store_entry *subject, struct store_entry *out)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_ENTRY_FIND,
        "SELECT number, end_s, at_ms FROM entries WHERE kind = ?1 AND id = ?2 AND kid = ?3");
    bool found;

    if (st != NULL)
        bind_subject(st, subject);
    TRY(sqlite_find(s, st, &found));
    out->number = found ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    out->end_s = found ? sqlite3_column_int64(st, 1) : 0;
    out->at_ms = found ? sqlite3_column_int64(st, 2) : 0;
    sqlite3_reset(st);
    return RESULT_OK;
}

struct result sqlite_token_is_revoked(struct sqlite *s, const struct sid *token_sid, bool *out)
{
    struct store_entry subject = {.kind = ENTRY_TOKEN_REVOKED, .id = *token_sid};
    struct store_entry found;

    TRY(find(s, &subject, &found));
    *out = found.number != 0;
    return RESULT_OK;
}

/* The token's row was signed for longer since. */
static RESULT move_entry(struct sqlite *s, uint64_t from, const struct store_entry *entry)
{
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_ENTRY_MOVE, "UPDATE entries SET number = ?2, end_s = ?3 WHERE number = ?1");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)from);
    sqlite3_bind_int64(st, 2, (sqlite3_int64)entry->number);
    sqlite3_bind_int64(st, 3, entry->end_s);
    return sqlite_run(s, st);
}

struct result sqlite_entry_create(struct store_backend *backend, const struct store_entry *entry)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_ENTRY_CREATE,
                                        "INSERT INTO entries (kind, id, kid, number, end_s, at_ms, "
                                        "scopes, exp_s, below, before_s) "
                                        "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)");

    if (st != NULL)
        bind_entry(st, entry);
    return sqlite_run(s, st);
}

static RESULT delete_set(struct sqlite *s, const struct sid *token_sid)
{
    struct store_entry subject = {.kind = ENTRY_TOKEN_SET, .id = *token_sid};
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_SET_DELETE, "DELETE FROM entries WHERE kind = ?1 AND id = ?2 AND kid = ?3");

    if (st != NULL)
        bind_subject(st, &subject);
    return sqlite_run(s, st);
}

struct result sqlite_token_revoke(struct store_backend *backend, struct store_entry *entry,
                                  int64_t now_s, uint64_t if_revision, uint64_t *out_number,
                                  enum store_outcome *out)
{
    struct sqlite *s = sqlite_of(backend);
    struct store_entry earlier;
    struct sqlite_token_found row;

    TRY(find(s, entry, &earlier));
    TRY(sqlite_token_find(s, &entry->id, &row));
    *out = if_revision == 0 || if_revision == row.revision ? STORE_OUTCOME_DONE
                                                           : STORE_OUTCOME_CONFLICT;
    if (*out != STORE_OUTCOME_DONE)
        return RESULT_OK;
    if (earlier.number != 0 && row.end_s <= earlier.end_s) {
        *out_number = earlier.number;
        return RESULT_OK;
    }
    if (row.end_s > entry->end_s)
        entry->end_s = row.end_s;
    *out_number = entry->end_s > now_s ? entry->number : 0;
    if (*out_number == 0) /* 7009-2.2-c: what is over makes the store no larger */
        return RESULT_OK;
    if (earlier.number != 0) {
        entry->at_ms = earlier.at_ms;
        return move_entry(s, earlier.number, entry);
    }
    TRY(delete_set(s, &entry->id));
    return sqlite_entry_create(backend, entry);
}

struct result sqlite_entry_delete(struct store_backend *backend, const struct store_entry *entry)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_ENTRY_DELETE, "DELETE FROM entries WHERE number = ?1");

    if (st != NULL)
        sqlite3_bind_int64(st, 1, (sqlite3_int64)entry->number);
    return sqlite_run(s, st);
}

struct result sqlite_subject_read(struct store_backend *backend, const struct store_entry *subject,
                                  size_t max, struct store_entry *out, size_t *out_count)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_SUBJECT_READ,
                                        "SELECT number, below, before_s, end_s FROM entries "
                                        "WHERE kind = ?1 AND id = ?2 AND kid = ?3 LIMIT ?4");
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    bind_subject(st, subject);
    sqlite3_bind_int64(st, 4, (sqlite3_int64)max);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW; step = sqlite3_step(st)) {
        out[count] = *subject;
        out[count].number = (uint64_t)sqlite3_column_int64(st, 0);
        out[count].below = (uint64_t)sqlite3_column_int64(st, 1);
        out[count].before_s = sqlite3_column_int64(st, 2);
        out[count++].end_s = sqlite3_column_int64(st, 3);
    }
    if (step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    *out_count = count;
    return result;
}

struct result sqlite_selectors_count(struct store_backend *backend, size_t *out)
{
    struct sqlite *s = sqlite_of(backend);
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_SELECTORS_COUNT,
        "SELECT count(*) FROM entries INDEXED BY entries_selectors WHERE kind = 'selector' "
        "AND end_s > 0");
    bool found;

    TRY(sqlite_find(s, st, &found));
    *out = (size_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    return RESULT_OK;
}

static bool read_kid(sqlite3_stmt *st, struct store_entry *out)
{
    struct str kid = sqlite_column_str(st, 3);

    if (kid.len > sizeof(out->kid))
        return false;
    memcpy(out->kid, kid.ptr, kid.len);
    out->kid_len = (uint8_t)kid.len;
    return true;
}

static RESULT read_set(sqlite3_stmt *st, struct arena *arena, struct entry_set *out)
{
    out->scopes = arena_str(arena, sqlite_column_str(st, 6));
    out->exp_s = sqlite3_column_int64(st, 7);
    return out->scopes.ptr != NULL ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

struct result sqlite_column_entry(struct sqlite *s, sqlite3_stmt *st, struct arena *arena,
                                  struct store_entry *out)
{
    unsigned kind;

    *out = (struct store_entry){.number = (uint64_t)sqlite3_column_int64(st, 0),
                                .end_s = sqlite3_column_int64(st, 4),
                                .at_ms = sqlite3_column_int64(st, 5),
                                .below = (uint64_t)sqlite3_column_int64(st, 8),
                                .before_s = sqlite3_column_int64(st, 9)};
    if (!sqlite_column_name(st, 1, kind_names, KIND_COUNT, &kind) ||
        !sqlite_column_sid(st, 2, &out->id) || !read_kid(st, out))
        return sqlite_bad_row(s, "a row of entries that this program has not written");
    out->kind = (enum entry_kind)kind;
    if (out->kind == ENTRY_TOKEN_SET)
        return read_set(st, arena, &out->set);
    if (out->kind != ENTRY_SELECTOR)
        return RESULT_OK;
    if (sqlite3_column_type(st, SQLITE_ENTRY_SELECTOR_AT + 3) == SQLITE_NULL)
        return sqlite_bad_row(s, "an entry of a selector without its revocation");
    return sqlite_column_selector(s, st, SQLITE_ENTRY_SELECTOR_AT, arena, &out->selector);
}

struct result sqlite_read_entries(struct store_backend *backend, uint64_t after, int64_t now_s,
                                  size_t limit, struct arena *arena, struct store_entry *out,
                                  size_t *out_count)
{
    struct sqlite *s = sqlite_of(backend);
    /* The plus keeps the planner on the range of numbers. */
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_ENTRIES_READ,
                         "SELECT " SQLITE_ENTRY_COLUMNS " FROM entries AS e " SQLITE_ENTRY_SELECTOR
                         " WHERE e.number > ?1 AND +e.end_s > ?2 ORDER BY e.number LIMIT ?3");
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    sqlite3_bind_int64(st, 1, (sqlite3_int64)after);
    sqlite3_bind_int64(st, 2, now_s);
    sqlite3_bind_int64(st, 3, (sqlite3_int64)limit);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st))
        result = sqlite_column_entry(s, st, arena, &out[count++]);
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

    return sqlite_prune(s, st, before_s, limit, out_count);
}
