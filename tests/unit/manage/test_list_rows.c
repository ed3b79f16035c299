/* Filter, order and paging of rows in memory. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "support/leaks.h"
#include "unit/manage/things.h"

static const struct list_rows *rows(void)
{
    static struct list_rows all;
    all = (struct list_rows){thing_count, NULL, thing_value};
    return &all;
}

static void select_page(struct arena *arena, const char *query, struct list_selection *out)
{
    struct field_errors errors = {.count = 0};
    struct list_query parsed;

    cr_assert_eq(list_query_parse(str_from(query), &thing_kind, arena, &errors, &parsed), ERR_NONE);
    cr_assert_eq(errors.count, (size_t)0, "%s", query);
    cr_assert(result_ok(list_rows_select(&parsed, rows(), arena, out)));
}

/* Keys in order: "" 100% a%b alpha bravo charlie delta echo foxtrot golf */
static const struct {
    const char *query, *names;
    size_t total;
    bool has_more;
} pages[] = {
    {"", "|100%|a%b|alpha|bravo|charlie|delta|echo|foxtrot|golf|", 10, false},
    {"limit=3", "|100%|a%b|", 10, true},
    {"limit=3&offset=3", "alpha|bravo|charlie|", 10, true},
    {"limit=3&offset=7", "echo|foxtrot|golf|", 10, false},
    {"limit=3&offset=9", "golf|", 10, false},
    {"offset=10", "", 10, false},
    {"offset=9223372036854775807&limit=1000", "", 10, false},
    {"order=name+desc&limit=2", "golf|foxtrot|", 10, true},
    {"order=size&limit=4", "charlie|echo|100%|a%b|", 10, true}, /* null first, ties by key */
    {"order=size+desc&limit=5", "golf|delta|alpha|bravo|foxtrot|", 10, true},
    {"order=good&limit=5", "100%|a%b|bravo|echo||", 10, true},
    {"filter=size+eq+3", "alpha|bravo|foxtrot|", 3, false},
    {"filter=size+ne+3&limit=3", "|100%|a%b|", 5, true}, /* null is not said to be another */
    {"filter=size+gt+3", "delta|golf|", 2, false},
    {"filter=size+ge+3", "alpha|bravo|delta|foxtrot|golf|", 5, false},
    {"filter=size+lt+3", "|100%|a%b|", 3, false}, /* null is less than nothing */
    {"filter=size+le+0", "100%|a%b|", 2, false},
    {"filter=size+eq+3+and+good+eq+true", "alpha|foxtrot|", 2, false},
    {"filter=size+eq+3+and+size+eq+4", "", 0, false},
    {"filter=good+ne+true", "100%|a%b|bravo|echo|", 4, false},
    {"filter=name+eq+''", "|", 1, false},
    {"filter=name+gt+echo", "foxtrot|golf|", 2, false},
    {"filter=name+like+%25o", "bravo|echo|", 2, false},
    {"filter=name+like+%25l%25a", "alpha|delta|", 2, false},
    {"filter=name+like+ALPHA", "", 0, false},
    {"filter=name+like+_lpha", "", 0, false},
    {"filter=name+like+%25&limit=1", "|", 10, true},
    {"filter=made+ne+2026-11-21T00:00:00Z&limit=1", "", 0, false}, /* nobody says when */
    {"filter=made+lt+2026-11-21T00:00:00Z", "", 0, false},
    {"after=charlie", "delta|echo|foxtrot|golf|", 10, false},
    {"after=charlie&limit=2", "delta|echo|", 10, true},
    {"after=charlie&limit=4", "delta|echo|foxtrot|golf|", 10, false},
    {"after=cz", "delta|echo|foxtrot|golf|", 10, false}, /* a key that went */
    {"after=golf", "", 10, false},
    {"after=zzz", "", 10, false},
    {"before=charlie", "|100%|a%b|alpha|bravo|", 10, false},
    {"before=charlie&limit=2", "alpha|bravo|", 10, true},
    {"before=charlie&limit=5", "|100%|a%b|alpha|bravo|", 10, false},
    {"before=cz&limit=1", "charlie|", 10, true},
    {"before=!", "|", 10, false},
    {"after=bravo&filter=size+eq+3", "foxtrot|", 3, false},
    {"before=bravo&filter=size+eq+3", "alpha|", 3, false},
};

Test(list_rows, a_page_holds_what_was_asked_for)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        struct list_selection page;
        char names[256] = "";

        select_page(&arena, pages[i].query, &page);
        for (size_t r = 0; r < page.count; r++)
            snprintf(names + strlen(names), sizeof(names) - strlen(names), "%s|",
                     things[page.rows[r]].name);
        cr_assert_str_eq(names, pages[i].names, "%s: %s", pages[i].query, names);
        cr_assert_eq(page.total, pages[i].total, "%s", pages[i].query);
        cr_assert_eq(page.has_more, pages[i].has_more, "%s", pages[i].query);
    }
    arena_reset(&arena);
    leaks_check();
}

Test(list_rows, of_nothing_are_empty)
{
    const struct list_rows none = {0, NULL, thing_value};
    struct field_errors errors = {.count = 0};
    struct list_selection page;
    struct list_query query;
    struct arena arena;

    arena_init(&arena, NULL, 0, 1 << 20);
    cr_assert_eq(list_query_parse(STR_NONE, &thing_kind, &arena, &errors, &query), ERR_NONE);
    cr_assert(result_ok(list_rows_select(&query, &none, &arena, &page)));
    cr_assert_eq(page.count, (size_t)0);
    cr_assert(!page.has_more);
    arena_reset(&arena);
    arena_init(&arena, NULL, 0, 0);
    cr_assert_eq(list_rows_select(&query, rows(), &arena, &page).code, ERR_FAULT_MEMORY);
}

static const struct {
    const char *text, *pattern;
    bool like;
} likes[] = {
    {"", "", true},           {"", "%", true},           {"", "%%", true},
    {"", "a", false},         {"a", "", false},          {"a", "a", true},
    {"a", "A", false},        {"ab", "a%", true},        {"a", "a%", true},
    {"ba", "a%", false},      {"ba", "%a", true},        {"bab", "%a", false},
    {"bab", "%a%", true},     {"abcabc", "%bc", true},   {"abcabd", "%bc", false},
    {"abcabc", "a%c", true},  {"ac", "a%%c", true},      {"a.c", "a.c", true},
    {"abc", "a.c", false},    {"abc", "a_c", false},     {"a%c", "a%c", true},
    {"aXbXc", "a%b%c", true}, {"aXcXb", "a%b%c", false}, {"[a]", "[a]", true},
    {"a*", "a*", true},       {"ab", "a*", false},
};

Test(list_rows, percent_is_the_only_wildcard)
{
    for (size_t i = 0; i < sizeof(likes) / sizeof(likes[0]); i++)
        cr_assert_eq(list_text_is_like(str_from(likes[i].text), str_from(likes[i].pattern)),
                     likes[i].like, "%s like %s", likes[i].text, likes[i].pattern);
}

Test(list_rows, a_hostile_pattern_ends)
{
    char text[LIST_VALUE_MAX], pattern[LIST_VALUE_MAX];

    memset(text, 'a', sizeof(text));
    for (size_t i = 0; i < sizeof(pattern); i++)
        pattern[i] = i % 2 == 0 ? '%' : 'a';
    pattern[sizeof(pattern) - 1] = 'b';
    for (int i = 0; i < 1000; i++)
        cr_assert(
            !list_text_is_like(str_make(text, sizeof(text)), str_make(pattern, sizeof(pattern))));
}
