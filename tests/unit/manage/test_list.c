/* The query string of a list: what is taken, and everything that is not. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/manage/things.h"

#define SID "0190a000-0000-7000-8000-000000000001"

struct scene {
    struct arena arena;
    struct field_errors errors;
    struct list_query query;
};

static enum err parse(struct scene *s, const struct object_kind *kind, const char *query)
{
    s->errors.count = 0;
    return list_query_parse(str_from(query), kind, &s->arena, &s->errors, &s->query);
}

static void scene_init(struct scene *s)
{
    memset(s, 0, sizeof(*s));
    arena_init(&s->arena, NULL, 0, 1 << 20);
}

static const struct {
    const char *query;
    unsigned limit;
    uint64_t offset;
    bool by_offset;
    enum list_from from;
    unsigned order;
    bool descending;
    size_t terms;
} good[] = {
    {"", 10, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"limit=", 10, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"limit=1", 1, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"limit=1000", 1000, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"offset=0", 10, 0, true, LIST_FROM_START, THING_NAME, false, 0},
    {"offset=9223372036854775807", 10, INT64_MAX, true, LIST_FROM_START, THING_NAME, false, 0},
    {"after=x", 10, 0, false, LIST_AFTER, THING_NAME, false, 0},
    {"before=x&limit=3", 3, 0, false, LIST_BEFORE, THING_NAME, false, 0},
    {"after=%C3%A9+%2F", 10, 0, false, LIST_AFTER, THING_NAME, false, 0},
    {"after=x&order=name", 10, 0, false, LIST_AFTER, THING_NAME, false, 0},
    {"after=x&order=name+asc", 10, 0, false, LIST_AFTER, THING_NAME, false, 0},
    {"order=size", 10, 0, true, LIST_FROM_START, THING_SIZE, false, 0},
    {"order=size+asc", 10, 0, true, LIST_FROM_START, THING_SIZE, false, 0},
    {"order=size%20desc", 10, 0, true, LIST_FROM_START, THING_SIZE, true, 0},
    {"order=++size++desc+", 10, 0, true, LIST_FROM_START, THING_SIZE, true, 0},
    {"order=name+desc", 10, 0, true, LIST_FROM_START, THING_NAME, true, 0},
    {"filter=name+eq+x", 10, 0, false, LIST_FROM_START, THING_NAME, false, 1},
    {"filter=name+eq+x+and+size+gt+3&offset=2", 10, 2, true, LIST_FROM_START, THING_NAME, false, 2},
    {"unknown=1&unknown=2&status=nonsense", 10, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"with_related=true", 10, 0, false, LIST_FROM_START, THING_NAME, false, 0},
    {"filter=size+eq+1+and+size+eq+2+and+size+eq+3+and+size+eq+4+and+size+eq+5+and+size+eq+6+and+"
     "size+eq+7+and+size+eq+8",
     10, 0, false, LIST_FROM_START, THING_NAME, false, 8},
};

Test(list, is_asked_for_in_one_way)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        cr_assert_eq(parse(&s, &thing_kind, good[i].query), ERR_NONE);
        cr_assert_eq(s.errors.count, (size_t)0, "%s", good[i].query);
        cr_assert_eq(s.query.limit, good[i].limit, "%s", good[i].query);
        cr_assert_eq(s.query.offset, good[i].offset, "%s", good[i].query);
        cr_assert_eq(s.query.by_offset, good[i].by_offset, "%s", good[i].query);
        cr_assert_eq(s.query.from, good[i].from, "%s", good[i].query);
        cr_assert_eq(s.query.order, good[i].order, "%s", good[i].query);
        cr_assert_eq(s.query.descending, good[i].descending, "%s", good[i].query);
        cr_assert_eq(s.query.term_count, good[i].terms, "%s", good[i].query);
    }
    arena_reset(&s.arena);
    leaks_check();
}

static const struct {
    const char *query, *field; /* of the first error */
    size_t count;
    enum err code;
} bad[] = {
    {"limit=0", "limit", 1, ERR_INVALID_VALUE},
    {"limit=1001", "limit", 1, ERR_INVALID_VALUE},
    {"limit=-1", "limit", 1, ERR_INVALID_VALUE},
    {"limit=01", "limit", 1, ERR_INVALID_VALUE},
    {"limit=1.0", "limit", 1, ERR_INVALID_VALUE},
    {"limit=1+", "limit", 1, ERR_INVALID_VALUE},
    {"limit=ten", "limit", 1, ERR_INVALID_VALUE},
    {"limit=99999999999999999999", "limit", 1, ERR_INVALID_VALUE},
    {"offset=-1", "offset", 1, ERR_INVALID_VALUE},
    {"offset=9223372036854775808", "offset", 1, ERR_INVALID_VALUE},
    {"offset=x", "offset", 1, ERR_INVALID_VALUE},
    {"after=x&offset=0", "offset", 1, ERR_INVALID_VALUE},
    {"before=x&offset=1", "offset", 1, ERR_INVALID_VALUE},
    {"after=x&before=y", "before", 1, ERR_INVALID_VALUE},
    {"after=x&order=size", "order", 1, ERR_INVALID_VALUE},
    {"after=x&order=name+desc", "order", 1, ERR_INVALID_VALUE},
    {"after=%00", "after", 1, ERR_INVALID_VALUE},
    {"before=%FF", "before", 1, ERR_INVALID_VALUE},
    {"order=shuffle", "order", 1, ERR_INVALID_VALUE},
    {"order=note", "order", 1, ERR_INVALID_VALUE},
    {"order=secret", "order", 1, ERR_INVALID_VALUE},
    {"order=owner", "order", 1, ERR_INVALID_VALUE},
    {"order=Name", "order", 1, ERR_INVALID_VALUE},
    {"order=name+up", "order", 1, ERR_INVALID_VALUE},
    {"order=name+DESC", "order", 1, ERR_INVALID_VALUE},
    {"order=name+asc+size", "order", 1, ERR_INVALID_VALUE},
    {"order=name,size", "order", 1, ERR_INVALID_VALUE},
    {"order=name%09desc", "order", 1, ERR_INVALID_VALUE},
    {"order=(select+1)", "order", 1, ERR_INVALID_VALUE},
    {"order=+", "order", 1, ERR_INVALID_VALUE},
    {"include_fields=nope", "include_fields", 1, ERR_INVALID_VALUE},
    {"include_fields=name,", "include_fields", 1, ERR_INVALID_VALUE},
    {"exclude_fields=name,+size", "exclude_fields", 1, ERR_INVALID_VALUE},
    {"with_related=1", "with_related", 1, ERR_INVALID_VALUE},
    {"limit=1&limit=1", "limit", 1, ERR_DUPLICATE_PARAMETER},
    {"filter=name+eq+a&filter=name+eq+b", "filter", 1, ERR_DUPLICATE_PARAMETER},
    {"after=&after=x", "after", 1, ERR_DUPLICATE_PARAMETER},
    {"limit", "", 1, ERR_INVALID_REQUEST},
    {"limit=%zz", "", 1, ERR_INVALID_REQUEST},
    {"=1", "", 1, ERR_INVALID_REQUEST},
    {"limit=0&offset=x&order=note&filter=x&with_related=x", "order", 5, ERR_INVALID_VALUE},
};

Test(list, all_that_is_wrong_is_said_at_once)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        cr_assert_eq(parse(&s, &thing_kind, bad[i].query), ERR_NONE);
        cr_assert_eq(s.errors.count, bad[i].count, "%s", bad[i].query);
        cr_assert(str_eq(s.errors.items[0].field, str_from(bad[i].field)), "%s", bad[i].query);
        cr_assert_eq(s.errors.items[0].code, bad[i].code, "%s", bad[i].query);
    }
    arena_reset(&s.arena);
    leaks_check();
}

static const struct {
    const char *filter;
    enum list_operator op;
    unsigned attribute;
    const char *text;
    int64_t number;
} conditions[] = {
    {"name eq x", LIST_EQ, THING_NAME, "x", 0},
    {"name ne x", LIST_NE, THING_NAME, "x", 0},
    {"name gt x", LIST_GT, THING_NAME, "x", 0},
    {"name ge x", LIST_GE, THING_NAME, "x", 0},
    {"name lt x", LIST_LT, THING_NAME, "x", 0},
    {"name le x", LIST_LE, THING_NAME, "x", 0},
    {"name like %x%25", LIST_LIKE, THING_NAME, "%x%25", 0},
    {"  name   eq   x  ", LIST_EQ, THING_NAME, "x", 0},
    {"name eq and", LIST_EQ, THING_NAME, "and", 0},
    {"name eq eq", LIST_EQ, THING_NAME, "eq", 0},
    {"name eq \"two words\"", LIST_EQ, THING_NAME, "two words", 0},
    {"name eq 'two words'", LIST_EQ, THING_NAME, "two words", 0},
    {"name eq \"it's\"", LIST_EQ, THING_NAME, "it's", 0},
    {"name eq 'say \"x\"'", LIST_EQ, THING_NAME, "say \"x\"", 0},
    {"name eq \"\"", LIST_EQ, THING_NAME, "", 0},
    {"name eq ''", LIST_EQ, THING_NAME, "", 0},
    {"name eq \"a and size eq 3\"", LIST_EQ, THING_NAME, "a and size eq 3", 0},
    {"name eq a\\b", LIST_EQ, THING_NAME, "a\\b", 0}, /* no escapes */
    {"name eq 1);drop", LIST_EQ, THING_NAME, "1);drop", 0},
    {"name eq \xC3\xA9", LIST_EQ, THING_NAME, "\xC3\xA9", 0},
    {"size eq 0", LIST_EQ, THING_SIZE, "", 0},
    {"size ge -5", LIST_GE, THING_SIZE, "", -5},
    {"size lt \"9223372036854775807\"", LIST_LT, THING_SIZE, "", INT64_MAX},
    {"good eq true", LIST_EQ, THING_GOOD, "", 1},
    {"good ne false", LIST_NE, THING_GOOD, "", 0},
    {"made gt 1970-01-01T00:00:01.5Z", LIST_GT, THING_MADE, "", 1500},
};

static void set_filter(struct scene *s, const char *filter)
{
    char query[8192];
    struct buf b;

    buf_init_fixed(&b, query, sizeof(query) - 1);
    buf_cstr(&b, "filter=");
    for (const char *c = filter; *c != '\0'; c++) {
        buf_char(&b, '%');
        buf_hex(&b, c, 1);
    }
    cr_assert(!b.failed);
    query[b.len] = '\0';
    s->errors.count = 0;
    cr_assert_eq(list_query_parse(buf_view(&b), &thing_kind, &s->arena, &s->errors, &s->query),
                 ERR_NONE);
}

Test(list, a_condition_is_an_attribute_an_operator_and_a_value)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(conditions) / sizeof(conditions[0]); i++) {
        const struct list_term *term = &s.query.terms[0];
        set_filter(&s, conditions[i].filter);
        cr_assert_eq(s.errors.count, (size_t)0, "%s", conditions[i].filter);
        cr_assert_eq(s.query.term_count, (size_t)1, "%s", conditions[i].filter);
        cr_assert_eq(term->attribute, conditions[i].attribute, "%s", conditions[i].filter);
        cr_assert_eq(term->op, conditions[i].op, "%s", conditions[i].filter);
        cr_assert(str_eq(term->value.text, str_from(conditions[i].text)), "%s",
                  conditions[i].filter);
        cr_assert_eq(term->value.number, conditions[i].number, "%s", conditions[i].filter);
    }
    set_filter(&s, "sid eq " SID);
    cr_assert_eq(s.errors.count, (size_t)0);
    cr_assert_eq(s.query.terms[0].value.sid.bytes[15], 1);
    arena_reset(&s.arena);
}

static const char *const no_filters[] = {
    " ",
    "name",
    "name eq",
    "name eq ",
    "eq x",
    "name = x",
    "name EQ x",
    "name eq x y",
    "name eq x and",
    "name eq x AND size eq 1",
    "name eq x or size eq 1",
    "name eq x; size eq 1",
    "name eq x,size eq 1",
    "not name eq x",
    "(name eq x)",
    "name eq 'x",
    "name eq \"x",
    "name eq \"x'",
    "name eq 'x'y",
    "name eq 'x''y'",
    "name eq x'y",
    "name eq x\"",
    "name eq \"x\" \"y\"",
    "name eq x\ty",
    "name eq \x01",
    "name eq \x7F",
    "name eq \xFF",
    "name eq \xC0\x80",
    "name eq \xED\xA0\x80",
    "name in x",
    "note eq x",
    "secret like a%",
    "secret eq x",
    "owner eq x",
    "nope eq x",
    "name.x eq y",
    "1 eq 1",
    "size eq x",
    "size eq 1.0",
    "size eq 01",
    "size eq -",
    "size eq 9223372036854775808",
    "size eq '1 or 1=1'",
    "size like 1%",
    "good eq yes",
    "good eq 1",
    "good gt true",
    "good like t%",
    "made eq yesterday",
    "made gt 2026-11-21",
    "made like 2026%",
    "sid eq x",
    "sid eq 0190A000-0000-7000-8000-000000000001",
    "sid like 0190%",
    "name eq x' and secret like 'a%",
    "name eq x and secret like a%",
};

Test(list, a_filter_that_can_be_doubted_is_refused) /* THREATS-78 */
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(no_filters) / sizeof(no_filters[0]); i++) {
        set_filter(&s, no_filters[i]);
        cr_assert_eq(s.errors.count, (size_t)1, "%s", no_filters[i]);
        cr_assert(str_eq(s.errors.items[0].field, STR("filter")), "%s", no_filters[i]);
        cr_assert_eq(s.errors.items[0].code, ERR_INVALID_VALUE, "%s", no_filters[i]);
    }
    arena_reset(&s.arena);
}

Test(list, a_filter_has_bounds)
{
    struct scene s;
    char filter[1024] = "name eq ";

    scene_init(&s);
    memset(filter + 8, 'x', LIST_VALUE_MAX);
    set_filter(&s, filter);
    cr_assert_eq(s.errors.count, (size_t)0);
    filter[8 + LIST_VALUE_MAX] = 'x';
    set_filter(&s, filter);
    cr_assert_eq(s.errors.count, (size_t)1);
    strcpy(filter, "size eq 1");
    for (int i = 1; i < LIST_TERMS_MAX + 1; i++)
        strcat(filter, " and size eq 1");
    set_filter(&s, filter);
    cr_assert_eq(s.errors.count, (size_t)1);
    arena_reset(&s.arena);
}

Test(list, the_indexed_attributes_are_named_and_no_other)
{
    struct scene s;

    scene_init(&s);
    cr_assert_eq(parse(&s, &thing_kind, "order=secret"), ERR_NONE);
    cr_assert(str_eq(s.errors.items[0].message,
                     STR("The attributes that serve here are name, size, good, made, sid")));
    arena_reset(&s.arena);
}

static const struct {
    const char *query;
    enum list_status status;
    bool good;
} statuses[] = {
    {"", LIST_ACTIVE, true},
    {"status=active", LIST_ACTIVE, true},
    {"status=revoked", LIST_REVOKED, true},
    {"status=expired", LIST_EXPIRED, true},
    {"status=all", LIST_ALL, true},
    {"status=ALL", LIST_ACTIVE, false},
    {"status=x", LIST_ACTIVE, false},
    {"status=all&status=all", LIST_ACTIVE, false},
};

Test(list, a_kind_may_have_a_status)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(statuses) / sizeof(statuses[0]); i++) {
        cr_assert_eq(parse(&s, &thing_kind_with_status, statuses[i].query), ERR_NONE);
        cr_assert_eq(s.errors.count == 0, statuses[i].good, "%s", statuses[i].query);
        if (statuses[i].good)
            cr_assert_eq(s.query.status, statuses[i].status);
    }
    arena_reset(&s.arena);
}

Test(list, a_cursor_has_the_type_of_the_key)
{
    struct scene s;

    scene_init(&s);
    cr_assert_eq(parse(&s, &thing_kind_with_status, "after=" SID), ERR_NONE);
    cr_assert_eq(s.errors.count, (size_t)0);
    cr_assert_eq(s.query.cursor.sid.bytes[15], 1);
    cr_assert_eq(parse(&s, &thing_kind_with_status, "after=x"), ERR_NONE);
    cr_assert_eq(s.errors.count, (size_t)1);
    arena_reset(&s.arena);
}

Test(list, a_kind_may_page_by_cursor_downwards)
{
    struct object_kind kind = thing_kind;
    struct scene s;

    scene_init(&s);
    cr_assert_eq(parse(&s, &kind, "order=name+desc&after=x"), ERR_NONE);
    cr_assert_eq(s.errors.count, (size_t)1);
    kind.cursor_descends = true;
    cr_assert_eq(parse(&s, &kind, "order=name+desc&after=x"), ERR_NONE);
    cr_assert_eq(s.errors.count, (size_t)0);
    cr_assert(s.query.descending && !s.query.by_offset);
    cr_assert_eq(parse(&s, &kind, "order=size+desc&after=x"), ERR_NONE);
    cr_assert_eq(s.errors.count, (size_t)1, "of the key alone");
    arena_reset(&s.arena);
}

static const struct {
    const char *query;
    uint64_t shown;
} fields[] = {
    {"", 0x7F}, /* all but the related */
    {"with_related=true", 0xFF},
    {"with_related=false", 0x7F},
    {"include_fields=name", 1},
    {"include_fields=size,name", 3},
    {"include_fields=name,name", 1},
    {"include_fields=owner", 0},
    {"include_fields=owner&with_related=true", 0x80},
    {"exclude_fields=name", 0x7E},
    {"include_fields=name,size&exclude_fields=size", 1},
    {"include_fields=name&exclude_fields=name", 0},
};

Test(list, fields_are_picked)
{
    struct scene s;

    scene_init(&s);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        cr_assert_eq(parse(&s, &thing_kind, fields[i].query), ERR_NONE);
        cr_assert_eq(s.errors.count, (size_t)0, "%s", fields[i].query);
        cr_assert_eq(s.query.fields.shown, fields[i].shown, "%s", fields[i].query);
    }
    arena_reset(&s.arena);
}

Test(list, without_memory_nothing_is_refused) /* P4 */
{
    static const char *const queries[] = {"limit=%31", "order=nope", "filter=nope"};
    struct scene s;

    for (size_t i = 0; i < 3; i++) {
        memset(&s, 0, sizeof(s));
        arena_init(&s.arena, NULL, 0, 0);
        cr_assert_eq(parse(&s, &thing_kind, queries[i]), ERR_FAULT_MEMORY, "%s", queries[i]);
        cr_assert_eq(s.errors.count, (size_t)0);
    }
}
