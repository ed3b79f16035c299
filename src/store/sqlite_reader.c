#include "store/sqlite_reader.h"

#include <stdlib.h>

#include "core/log.h"

enum { STEP_INSTRUCTIONS = 1000, BUSY_MS = 2000 };

/* ---- rows ---- */

static bool keep(sqlite3_stmt *st, int at, struct arena *arena, struct str *out)
{
    *out = arena_str(arena, sqlite_column_str(st, at));
    return out->ptr != NULL;
}

struct result sqlite_column_token(struct sqlite *s, sqlite3_stmt *st, struct arena *arena,
                                  struct token_row *out)
{
    *out = (struct token_row){
        .created_ms = sqlite3_column_int64(st, 7),
        .exp_s = sqlite3_column_int64(st, 8),
        .exp_signed_s = sqlite3_column_int64(st, 9),
        .generation = (uint32_t)sqlite3_column_int64(st, 10),
        .revision = (uint64_t)sqlite3_column_int64(st, 11),
        .last_accessed_ms = sqlite3_column_int64(st, 12),
        .revoked_number = (uint64_t)sqlite3_column_int64(st, 14),
        .revoked_ms = sqlite3_column_int64(st, 15),
        .newest.exp_s = sqlite3_column_int64(st, 16),
        .newest.epoch = (uint64_t)sqlite3_column_int64(st, 17),
    };
    if (!sqlite_column_sid(st, 0, &out->token_sid) || !sqlite_column_sid(st, 1, &out->client_id) ||
        !sqlite_column_sid(st, 2, &out->partner_sid) || !sqlite_column_sid(st, 3, &out->user_sid))
        return sqlite_bad_row(s, "a row of tokens that this program has not written");
    return keep(st, 4, arena, &out->name) && keep(st, 5, arena, &out->scopes) &&
                   keep(st, 6, arena, &out->audiences) &&
                   keep(st, 13, arena, &out->last_accessed_ip) &&
                   keep(st, 18, arena, &out->newest.kid)
               ? RESULT_OK
               : FAULT(ERR_FAULT_MEMORY);
}

struct result sqlite_read_rows(struct sqlite *s, sqlite3_stmt *st,
                               struct result (*add)(struct sqlite *s, sqlite3_stmt *statement,
                                                    struct store_read *read, size_t at),
                               struct store_read *read, size_t *out_count)
{
    struct result result = RESULT_OK;
    size_t count = 0;

    if (st == NULL)
        return sqlite_fault(s);
    int step = sqlite3_step(st);
    for (; step == SQLITE_ROW && result_ok(result); step = sqlite3_step(st))
        result = add(s, st, read, count++);
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    *out_count = count;
    return result;
}

struct result sqlite_read_number(struct sqlite *s, sqlite3_stmt *statement, uint64_t *out)
{
    bool found;

    TRY(sqlite_find(s, statement, &found));
    if (found)
        *out = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_reset(statement);
    return found ? RESULT_OK : sqlite_bad_row(s, "a store without its row");
}

/* ---- one token ---- */

static struct result add_token(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                               size_t at)
{
    struct token_row *row = arena_alloc(read->arena, sizeof(*row));

    (void)at; /* 0 */
    read->out.tokens = row;
    return row != NULL ? sqlite_column_token(s, st, read->arena, row) : FAULT(ERR_FAULT_MEMORY);
}

static RESULT get_token(struct sqlite *s, struct store_read *read)
{
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_READ_TOKEN,
                         "SELECT " SQLITE_TOKEN_COLUMNS " FROM tokens AS t " SQLITE_TOKEN_REVOKED
                         " WHERE t.token_sid = ?1");

    if (st != NULL)
        sqlite_bind_sid(st, 1, &read->in.token_sid);
    TRY(sqlite_read_rows(s, st, add_token, read, &read->out.count));
    if (read->out.count == 0)
        read->outcome = STORE_OUTCOME_ABSENT;
    return RESULT_OK;
}

/* ---- tokens of several partners ---- */

static struct result add_scanned(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                                 size_t at)
{
    struct token_row *rows = (struct token_row *)read->out.tokens;
    return sqlite_column_token(s, st, read->arena, &rows[read->out.count + at]);
}

static RESULT scan_tokens(struct sqlite *s, struct store_read *read)
{
    size_t limit = read->in.token_scan.limit;
    struct sid after = read->in.token_scan.after;

    read->out.tokens = arena_array(read->arena, limit, sizeof(struct token_row));
    if (read->out.tokens == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    while (read->out.scanned < read->in.token_scan.partner_count) {
        sqlite3_stmt *st = sqlite_statement(
            s, SQLITE_VERB_SCAN_TOKENS,
            "SELECT " SQLITE_TOKEN_COLUMNS
            " FROM tokens AS t INDEXED BY tokens_partner " SQLITE_TOKEN_REVOKED
            " WHERE t.partner_sid = ?1 AND t.token_sid > ?2 ORDER BY t.token_sid LIMIT ?3");
        size_t count = 0;
        if (st != NULL) {
            sqlite_bind_sid(st, 1, &read->in.token_scan.partners[read->out.scanned]);
            sqlite_bind_sid(st, 2, &after);
            sqlite3_bind_int64(st, 3, (sqlite3_int64)(limit - read->out.count));
        }
        TRY(sqlite_read_rows(s, st, add_scanned, read, &count));
        read->out.count += count;
        if (read->out.count == limit)
            return RESULT_OK;
        after = (struct sid){{0}};
        read->out.scanned++;
    }
    return RESULT_OK;
}

/* ---- the audit log ---- */

static struct result add_record(struct sqlite *s, sqlite3_stmt *st, struct store_read *read,
                                size_t at)
{
    struct audit_row *rows = (struct audit_row *)read->out.audit;
    struct audit_row *row = &rows[at];

    if (at == read->in.audit_list.limit) {
        read->out.more = true;
        return RESULT_OK;
    }
    *row = (struct audit_row){.seq = (uint64_t)sqlite3_column_int64(st, 0),
                              .at_ms = sqlite3_column_int64(st, 2)};
    if (!sqlite_column_digest(st, 3, row->prev.bytes) ||
        !sqlite_column_digest(st, 4, row->digest.bytes))
        return sqlite_bad_row(s, "a row of audit that this program has not written");
    return keep(st, 1, read->arena, &row->node) && keep(st, 5, read->arena, &row->record)
               ? RESULT_OK
               : FAULT(ERR_FAULT_MEMORY);
}

static RESULT read_checkpoint(struct sqlite *s, struct store_audit_head *out)
{
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_READ_CHECKPOINT,
                                        "SELECT seq, digest FROM audit_checkpoint");
    bool found;
    bool is_good = true;

    *out = (struct store_audit_head){.seq = 0};
    TRY(sqlite_find(s, st, &found));
    if (found) {
        out->seq = (uint64_t)sqlite3_column_int64(st, 0);
        is_good = sqlite_column_digest(st, 1, out->digest.bytes);
    }
    sqlite3_reset(st);
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a checkpoint without a digest");
}

static RESULT list_audit(struct sqlite *s, struct store_read *read)
{
    bool down = read->in.audit_list.descending;
    uint64_t after = read->in.audit_list.after;
    size_t limit = read->in.audit_list.limit;
    sqlite3_stmt *st =
        down ? sqlite_statement(s, SQLITE_VERB_READ_AUDIT_DOWN,
                                "SELECT seq, node, at_ms, prev, digest, record FROM audit "
                                "WHERE seq < ?1 ORDER BY seq DESC LIMIT ?2")
             : sqlite_statement(s, SQLITE_VERB_READ_AUDIT_UP,
                                "SELECT seq, node, at_ms, prev, digest, record FROM audit "
                                "WHERE seq > ?1 ORDER BY seq LIMIT ?2");
    struct audit_row *rows = arena_array(read->arena, limit, sizeof(*rows));
    size_t count = 0;

    read->out.audit = rows;
    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    if (st != NULL) {
        sqlite3_bind_int64(st, 1, down && after == 0 ? INT64_MAX : (sqlite3_int64)after);
        sqlite3_bind_int64(st, 2, (sqlite3_int64)limit + 1);
    }
    TRY(sqlite_read_rows(s, st, add_record, read, &count));
    read->out.count = count < limit ? count : limit;
    return read_checkpoint(s, &read->out.checkpoint);
}

static RESULT list_secrets(struct sqlite *s, struct store_read *read)
{
    struct secret_row *rows = arena_array(read->arena, STORE_SECRETS_LIVE, sizeof(*rows));

    if (rows == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    read->out.secrets = rows;
    return sqlite_secrets_of(s, &read->in.client_id, STORE_SECRETS_LIVE, rows, &read->out.count);
}

/* ---- the reader ---- */

static RESULT read_within(struct sqlite_reader *reader, struct store_read *read)
{
    switch (read->verb) {
    case STORE_TOKEN_GET:
        return get_token(&reader->s, read);
    case STORE_AUDIT_LIST:
        return list_audit(&reader->s, read);
    case STORE_SECRET_LIST:
        return list_secrets(&reader->s, read);
    case STORE_TOKEN_SCAN:
        return scan_tokens(&reader->s, read);
    case STORE_TOKEN_WALK:
        return sqlite_walk_tokens(&reader->s, read);
    case STORE_REVOCATION_GET:
        return sqlite_get_revocation(&reader->s, read);
    case STORE_REVOCATION_LIST:
        return sqlite_list_revocations(&reader->s, read);
    case STORE_FEED:
        return sqlite_read_feed(&reader->s, read);
    case STORE_RULE_GET:
        return sqlite_get_row(reader, STORE_RULES, read);
    case STORE_TRUNK_GROUP_GET:
        return sqlite_get_row(reader, STORE_TRUNK_GROUPS, read);
    case STORE_TRUNK_GET:
        return sqlite_get_row(reader, STORE_TRUNKS, read);
    case STORE_TOKEN_LIST:
    case STORE_PARTNER_LIST:
    case STORE_APPLICATION_LIST:
    case STORE_RULE_LIST:
    case STORE_TRUNK_GROUP_LIST:
    case STORE_TRUNK_LIST:
        break;
    }
    return sqlite_list(reader, read);
}

/* In one transaction, so that all of it is of one moment. */
static struct result read_sqlite(struct store_reader *base, struct store_read *read)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;
    struct sqlite *s = &reader->s;

    reader->steps = 0;
    struct result result = sqlite_run(s, sqlite_statement(s, SQLITE_VERB_BEGIN, "BEGIN"));
    if (result_ok(result))
        result = read_within(reader, read);
    if (!result_ok(result) && reader->steps > SQLITE_READ_STEPS) {
        read->outcome = STORE_OUTCOME_TOO_COSTLY;
        result = RESULT_OK;
    }
    if (!result_ok(result))
        LOG(LOG_ERROR, "store_read_failed", LF_ERR(result.code), LF_CSTR("reason", s->trouble));
    reader->steps = 0;
    if (!sqlite3_get_autocommit(s->db)) {
        struct result ended = sqlite_run(s, sqlite_statement(s, SQLITE_VERB_ROLLBACK, "ROLLBACK"));
        if (result_ok(result))
            result = ended;
    }
    return result;
}

static struct result tellings(struct store_reader *base, uint64_t *out)
{
    struct sqlite *s = &((struct sqlite_reader *)base)->s;

    return sqlite_read_number(
        s, sqlite_statement(s, SQLITE_VERB_READ_TELLINGS, "SELECT tellings FROM store"), out);
}

static void close_reader(struct store_reader *base)
{
    struct sqlite_reader *reader = (struct sqlite_reader *)base;

    for (size_t i = 0; i < SQLITE_VERB_COUNT; i++)
        sqlite3_finalize(reader->s.statements[i]);
    sqlite3_close(reader->s.db);
    free(reader);
}

static const struct store_reader_ops ops = {
    .close = close_reader, .read = read_sqlite, .tellings = tellings};

/* SQLite calls this every STEP_INSTRUCTIONS; other than 0 ends the statement. */
static int count_step(void *context)
{
    struct sqlite_reader *reader = context;
    return ++reader->steps > SQLITE_READ_STEPS;
}

static void is_like(sqlite3_context *context, int n, sqlite3_value **values)
{
    struct str texts[2];

    for (int i = 0; i < 2 && i < n; i++) {
        const char *text = (const char *)sqlite3_value_text(values[i]);
        texts[i] = str_make(text != NULL ? text : "", (size_t)sqlite3_value_bytes(values[i]));
        if (text == NULL) /* what is not set is like nothing */
            return;
    }
    sqlite3_result_int(context, store_text_is_like(texts[0], texts[1]));
}

static bool open_connection(struct sqlite_reader *reader, const char *path)
{
    static const char settings[] = "PRAGMA query_only = ON; PRAGMA trusted_schema = OFF; "
                                   "PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON";
    sqlite3 **db = &reader->s.db;

    if (sqlite3_open_v2(path, db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL) != SQLITE_OK)
        return false;
    sqlite3_extended_result_codes(*db, 1);
    sqlite3_busy_timeout(*db, BUSY_MS);
    sqlite3_progress_handler(*db, STEP_INSTRUCTIONS, count_step, reader);
    return sqlite3_exec(*db, settings, NULL, NULL, NULL) == SQLITE_OK &&
           sqlite3_create_function_v2(*db, "is_like", 2,
                                      SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY, NULL,
                                      is_like, NULL, NULL, NULL) == SQLITE_OK;
}

struct result sqlite_reader_open(struct store_backend *backend, struct store_reader **out)
{
    struct sqlite *writer = sqlite_of(backend);
    struct sqlite_reader *reader = calloc(1, sizeof(*reader));

    if (reader == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    reader->reader.ops = &ops;
    if (!open_connection(reader, sqlite3_db_filename(writer->db, "main"))) {
        LOG(LOG_ERROR, "store_reader_failed",
            LF_CSTR("reason",
                    reader->s.db != NULL ? sqlite3_errmsg(reader->s.db) : "out of memory"));
        close_reader(&reader->reader);
        return FAULT(ERR_FAULT_STORE);
    }
    *out = &reader->reader;
    return RESULT_OK;
}
