/* SQLite's lists against those of memory, over seeded random questions; and the ways they go. */
#include <criterion/criterion.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/log.h"
#include "lists.h"

enum { QUESTIONS = 3000, SQL_BYTES = 4096 };

/* ---- against memory ---- */

static uint64_t state;

static unsigned roll(unsigned below)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % below;
}

static struct store_filter any_filter(enum store_column first, unsigned columns)
{
    static const struct str texts[] = {STR_INIT("alpha"), STR_INIT("alpine"), STR_INIT(""),
                                       STR_INIT("b%ta"),  STR_INIT("al%"),    STR_INIT("%a"),
                                       STR_INIT("_"),     STR_INIT("active"), STR_INIT("c"),
                                       STR_INIT("even"),  STR_INIT("b\\%_%")};
    static const int64_t numbers[] = {
        0, FIXTURE_NOW_MS + 3, FIXTURE_NOW_MS + 8000, FIXTURE_NOW_S + 620, INT64_MAX, INT64_MIN};
    struct store_filter filter = {.column = first + roll(columns)};
    bool is_text = store_column_kind(filter.column) == STORE_VALUE_TEXT;

    filter.operator=(enum store_operator) roll(is_text ? 7 : 6);
    filter.text = texts[roll(sizeof(texts) / sizeof(texts[0]))];
    filter.number = numbers[roll(sizeof(numbers) / sizeof(numbers[0]))];
    filter.sid = fixture_sid(roll(2) == 0 ? 20 + roll(4) : 90 + roll(80));
    return filter;
}

static struct store_read any_read(struct store_filter *filters)
{
    static const struct {
        enum store_column first;
        unsigned columns;
    } tables[] = {{STORE_TOKEN_SID, 6}, {STORE_PARTNER_SID, 7}, {STORE_APPLICATION_CLIENT_ID, 6}};
    unsigned table = roll(3);
    struct store_read read =
        lists_read((enum store_read_verb)(STORE_TOKEN_LIST + table), 2 + roll(3),
                   tables[table].first + roll(tables[table].columns));
    struct store_list *list = &read.in.list;

    list->filters = filters;
    list->filter_count = roll(4);
    for (size_t i = 0; i < list->filter_count; i++)
        filters[i] = any_filter(tables[table].first, tables[table].columns);
    list->descendants = table != 0 && roll(2) == 0;
    list->want_total = table != 0 && roll(2) == 0;
    list->limit = 1 + roll(20);
    if (table == 0 && roll(4) == 0)
        list->client_id = fixture_sid(20 + roll(4));
    if (table == 0 && roll(3) == 0) {
        list->status = roll(4);
        list->now_s = FIXTURE_NOW_S + 880 + roll(60);
    }
    list->descending = roll(2) == 0;
    list->offset = roll(3) == 0 ? roll(50) : 0;
    if (roll(4) == 0) {
        list->order = tables[table].first;
        list->descending = false;
        list->offset = 0;
        *(roll(2) == 0 ? &list->after : &list->before) = fixture_sid(roll(170));
    }
    return read;
}

Test(list_sqlite, agrees_with_memory, .timeout = 60)
{
    struct fixture f, g;
    struct store_filter filters[STORE_FILTERS];
    unsigned seed = 7;
    size_t rows = 0;

    fixture_init(&f, FIXTURE_MEMORY);
    fixture_open(&f);
    lists_fill(&f);
    fixture_init(&g, FIXTURE_SQLITE);
    fixture_open(&g);
    lists_fill(&g);
    state = seed;
    for (int i = 0; i < QUESTIONS; i++) {
        struct arena a, b;
        unsigned expected[STORE_PAGE], got[STORE_PAGE];
        struct store_read read = any_read(filters);
        struct store_read same = read;
        arena_init(&a, NULL, 0, 1 << 20);
        arena_init(&b, NULL, 0, 1 << 20);
        cr_assert_eq(fixture_read_now(&f, &read, &a), ERR_NONE);
        cr_assert_eq(fixture_read_now(&g, &same, &b), ERR_NONE);
        size_t n = lists_ids(&read, expected);
        cr_assert_eq(lists_ids(&same, got), n, "seed %u, question %d", seed, i);
        for (size_t at = 0; at < n; at++)
            cr_assert_eq(expected[at], got[at], "seed %u, question %d", seed, i);
        cr_assert_eq(read.out.more, same.out.more, "seed %u, question %d", seed, i);
        cr_assert_eq(read.out.total, same.out.total, "seed %u, question %d", seed, i);
        rows += n;
        arena_reset(&a);
        arena_reset(&b);
    }
    cr_assert_gt(rows, QUESTIONS, "most questions had an answer");
    fixture_done(&f);
    fixture_done(&g);
}

/* ---- costs ---- */

static void sql(const struct fixture *f, const char *text)
{
    sqlite3 *db;

    cr_assert_eq(sqlite3_open(f->path, &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    sqlite3_close(db);
}

/* A question that would go through everything is given up, and the next is answered. */
Test(list_sqlite, what_costs_too_much_is_given_up, .timeout = 60)
{
    struct store_filter filters[STORE_FILTERS];
    struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);
    struct fixture f;
    struct arena arena;

    log_set_level(LOG_ERROR + 1);
    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    store_close(&f.store);
    sql(&f, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 400000) "
            "INSERT INTO tokens SELECT CAST(printf('%016d', i) AS BLOB), zeroblob(16), "
            "x'018b0000000070008000000000000002', NULL, 'name', '', '', 1, 1, 9999999999, 1, 1, 0, "
            "'', 0, 0, '', 0, 0 FROM n");
    cr_assert(fixture_try_open(&f), "%s", f.error);
    fixture_start(&f);
    for (size_t i = 0; i < STORE_FILTERS; i++)
        filters[i] = (struct store_filter){
            .column = STORE_TOKEN_NAME, .operator= STORE_IS_NE, .text = STR("none")};
    read.in.list.filters = filters;
    read.in.list.filter_count = STORE_FILTERS;
    read.in.list.order = STORE_TOKEN_EXP;
    filters[STORE_FILTERS - 1].operator= STORE_IS_LIKE;
    filters[STORE_FILTERS - 1].text = STR("%none");
    arena_init(&arena, NULL, 0, 1 << 20);
    cr_assert_eq(fixture_read_now(&f, &read, &arena), ERR_NONE);
    cr_assert_eq(read.outcome, STORE_OUTCOME_TOO_COSTLY);
    cr_assert_eq(read.out.count, 0);
    filters[STORE_FILTERS - 1].text = STR("nam%");
    cr_assert_eq(fixture_read_now(&f, &read, &arena), ERR_NONE);
    cr_assert_eq(read.outcome, STORE_OUTCOME_DONE);
    cr_assert_eq(read.out.count, STORE_PAGE);
    arena_reset(&arena);
    fixture_done(&f);
}

/* Live tokens behind more expired ones than are walked through: from wherever a page begins it
 * shows the next live ones, in both directions. Of 16,000 the first 8,000 are over, and of the rest
 * every seventh. */
Test(list_sqlite, expired_tokens_in_front_are_not_in_the_way, .timeout = 60)
{
    enum { ROWS = 16000, FIRST = 8001 };
    struct fixture f;
    struct arena arena;
    char after[17];

    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    store_close(&f.store);
    sql(&f, "WITH RECURSIVE n (i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 16000) "
            "INSERT INTO tokens SELECT CAST(printf('%016d', i) AS BLOB), zeroblob(16), "
            "x'018b0000000070008000000000000002', NULL, 'name', '', '', 1, "
            "iif(i > 8000 AND i % 7 <> 0, 9999999999, 1), 9999999999, 1, 1, 0, '', 0, 0, '', 0, 0 "
            "FROM n");
    cr_assert(fixture_try_open(&f), "%s", f.error);
    fixture_start(&f);
    for (int from = 0; from < ROWS; from += 997) {
        for (int way = 0; way < 3; way++) { /* after, before, descending with an offset */
            struct store_read read = lists_read(STORE_TOKEN_LIST, 2, STORE_TOKEN_SID);
            struct store_list *list = &read.in.list;
            int at = way == 0 ? from + 1 : way == 1 ? from - 1 : ROWS;
            int step = way == 0 ? 1 : -1;
            list->status = STORE_TOKENS_LIVE;
            list->now_s = FIXTURE_NOW_S;
            list->limit = 9;
            list->descending = way == 2;
            snprintf(after, sizeof(after), "%016d", from);
            if (way < 2 && from > 0)
                memcpy((way == 0 ? &list->after : &list->before)->bytes, after, 16);
            else if (way == 1)
                continue;
            arena_init(&arena, NULL, 0, 1 << 20);
            cr_assert_eq(fixture_read_now(&f, &read, &arena), ERR_NONE);
            cr_assert_eq(read.outcome, STORE_OUTCOME_DONE);
            for (size_t i = 0; i < read.out.count; i++, at += step) {
                size_t shown = way == 1 ? read.out.count - 1 - i : i;
                while (at < FIRST || at % 7 == 0)
                    at += step;
                snprintf(after, sizeof(after), "%016d", at);
                cr_assert_arr_eq(read.out.tokens[shown].token_sid.bytes, after, 16, "%d %d", from,
                                 way);
            }
            cr_assert(read.out.count == 9 || (way == 1 && from < FIRST + 12) ||
                      (way == 0 && from > ROWS - 12));
            arena_reset(&arena);
        }
    }
    fixture_done(&f);
}

/* ---- plans ---- */

static char seen[SQL_BYTES]; /* the last page that the reader asked SQLite for */

static int see_statement(unsigned kind, void *context, void *statement, void *sql)
{
    (void)kind;
    (void)context;
    (void)statement;
    if (strstr(sql, "revoked") == NULL && strstr(sql, "CROSS JOIN tokens") != NULL)
        snprintf(seen, sizeof(seen), "%s", (const char *)sql);
    return 0;
}

static int watch(sqlite3 *db, char **error, const sqlite3_api_routines *api)
{
    (void)error;
    (void)api;
    return sqlite3_trace_v2(db, SQLITE_TRACE_STMT, see_statement, NULL);
}

static void nothing(sqlite3_context *context, int n, sqlite3_value **values)
{
    (void)context;
    (void)n;
    (void)values;
}

/* The plan of what was seen, one step a line. */
static void explain(const struct fixture *f, char *out, size_t size)
{
    char sql[SQL_BYTES + 32];
    sqlite3 *db;
    sqlite3_stmt *st;
    size_t length = 0;

    snprintf(sql, sizeof(sql), "EXPLAIN QUERY PLAN %s", seen);
    cr_assert_eq(sqlite3_open(f->path, &db), SQLITE_OK);
    sqlite3_create_function(db, "is_like", 2, SQLITE_UTF8, NULL, nothing, NULL, NULL);
    cr_assert_eq(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK, "%s", sqlite3_errmsg(db));
    while (sqlite3_step(st) == SQLITE_ROW)
        length += (size_t)snprintf(out + length, size - length, "%s\n",
                                   (const char *)sqlite3_column_text(st, 3));
    sqlite3_finalize(st);
    sqlite3_close(db);
}

Test(list_sqlite, every_column_has_its_index, .timeout = 60)
{
    static const struct {
        enum store_column column;
        enum store_operator operator;
        struct str text;
        const char *step;
    } cases[] = {
        {STORE_TOKEN_SID, STORE_IS_GT, STR_INIT(""),
         "tokens_partner (partner_sid=? AND token_sid>?)"},
        {STORE_TOKEN_CLIENT_ID, STORE_IS_EQ, STR_INIT(""),
         "tokens_client (partner_sid=? AND client_id=?)"},
        {STORE_TOKEN_NAME, STORE_IS_EQ, STR_INIT("x"), "tokens_name (partner_sid=? AND name=?)"},
        {STORE_TOKEN_NAME, STORE_IS_LIKE, STR_INIT("x%y"),
         "tokens_name (partner_sid=? AND name>? AND name<?)"},
        {STORE_TOKEN_CREATED, STORE_IS_GE, STR_INIT(""),
         "tokens_created (partner_sid=? AND created_ms>?)"},
        {STORE_TOKEN_EXP, STORE_IS_LT, STR_INIT(""), "tokens_exp (partner_sid=? AND exp_s<?)"},
        {STORE_TOKEN_ACCESSED, STORE_IS_LE, STR_INIT(""),
         "tokens_accessed (partner_sid=? AND last_accessed_ms>? AND last_accessed_ms<?)"},
    };
    struct fixture f;
    char plan[2048];

    sqlite3_auto_extension((void (*)(void))watch);
    fixture_init(&f, FIXTURE_SQLITE);
    fixture_open(&f);
    lists_fill(&f);
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        for (int ordered = 0; ordered < 2; ordered++) { /* by the key, or by the column itself */
            struct store_filter filter = {.column = cases[i].column,
                                          .operator= cases[i].operator,
                                          .text = cases[i].text,
                                          .sid = fixture_sid(20)};
            struct store_read read =
                lists_read(STORE_TOKEN_LIST, 2, ordered == 0 ? STORE_TOKEN_SID : cases[i].column);
            struct arena arena;
            read.in.list.filters = &filter;
            read.in.list.filter_count = 1;
            arena_init(&arena, NULL, 0, 1 << 20);
            cr_assert_eq(fixture_read_now(&f, &read, &arena), ERR_NONE);
            explain(&f, plan, sizeof(plan));
            cr_assert_not_null(strstr(plan, cases[i].step), "case %zu:\n%s", i, plan);
            cr_assert_null(strstr(plan, "SCAN tokens"), "case %zu:\n%s", i, plan);
            arena_reset(&arena);
        }
    }
    fixture_done(&f);
    sqlite3_reset_auto_extension();
}
