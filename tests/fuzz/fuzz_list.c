/* Query strings of lists: what is accepted names indexed attributes alone, within the limits, and
 * can be carried out. */
#include "fuzz.h"
#include "manage/list_rows.h"

static const struct attribute attributes[] = {
    {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    {STR_INIT("size"), ATTRIBUTE_INT, .indexed = true},
    {STR_INIT("good"), ATTRIBUTE_BOOL, .indexed = true},
    {STR_INIT("made"), ATTRIBUTE_TIME, .indexed = true},
    {STR_INIT("sid"), ATTRIBUTE_SID, .indexed = true},
    {STR_INIT("secret"), ATTRIBUTE_TEXT},
    {STR_INIT("owner"), ATTRIBUTE_OTHER, .related = true},
};
enum { COUNT = sizeof(attributes) / sizeof(attributes[0]), ROWS = 20 };

static const struct object_kind kind = {attributes, COUNT, 0, true};

static void value_of(const void *context, size_t row, unsigned attribute,
                     struct attribute_value *out)
{
    static const char names[] = "abcdefghijklmnopqrstuvwxyz";

    (void)context;
    assert(attributes[attribute].indexed);
    out->absent = attribute != 0 && row % 5 == 0;
    out->number = (int64_t)row % 3;
    out->text = str_make(names + row, 3);
}

static void check(const struct list_query *q)
{
    assert(q->limit >= 1 && q->limit <= LIST_LIMIT_MAX && q->offset <= INT64_MAX);
    assert(q->order < COUNT && attributes[q->order].indexed);
    assert(q->from == LIST_FROM_START || (q->order == kind.key && !q->descending));
    assert(q->fields.shown >> COUNT == 0 && q->term_count <= LIST_TERMS_MAX);
    for (size_t i = 0; i < q->term_count; i++) {
        assert(q->terms[i].attribute < COUNT && attributes[q->terms[i].attribute].indexed);
        assert(q->terms[i].value.text.len <= LIST_VALUE_MAX && !q->terms[i].value.absent);
        fuzz_touch(q->terms[i].value.text);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct list_rows rows = {ROWS, NULL, value_of};
    struct field_errors errors = {.count = 0};
    struct list_selection page;
    struct list_query query;
    struct arena arena;

    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    enum err err = list_query_parse(fuzz_text(data, size), &kind, &arena, &errors, &query);
    if (err == ERR_NONE && errors.count == 0) {
        check(&query);
        if (result_ok(list_rows_select(&query, &rows, &arena, &page))) {
            assert(page.count <= query.limit && page.count <= page.total && page.total <= ROWS);
            for (size_t i = 0; i < page.count; i++)
                assert(page.rows[i] < ROWS);
        }
    }
    arena_reset(&arena);
    return 0;
}
