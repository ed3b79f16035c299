/* The envelope of lists, and the way from one page to the next. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/limits.h"
#include "support/leaks.h"
#include "unit/manage/things.h"
#include "unit/oauth/bed.h"

struct list_state {
    struct list_query query;
    struct list_selection selection;
};

static const char *filler = ""; /* what each note holds */

static void write_thing(const void *context, size_t item, unsigned attribute, struct json_writer *w)
{
    const struct list_state *state = context;
    const struct thing *thing = &things[state->selection.rows[item]];

    switch ((enum thing_attribute)attribute) {
    case THING_NAME:
        return json_write_string(w, str_from(thing->name));
    case THING_SIZE:
        return thing->size < 0 ? json_write_null(w) : json_write_int(w, thing->size);
    case THING_GOOD:
        return json_write_bool(w, thing->good);
    case THING_NOTE:
        return json_write_string(w, str_from(filler));
    case THING_MADE:
    case THING_SID:
    case THING_SECRET:
    case THING_OWNER:
    case THING_ATTRIBUTES:
        return json_write_null(w);
    }
}

static void thing_key(const void *context, size_t item, struct attribute_value *out)
{
    const struct list_state *state = context;
    thing_value(NULL, state->selection.rows[item], THING_NAME, out);
}

static enum step_result list_things(struct exchange *x)
{
    const struct list_rows rows = {thing_count, NULL, thing_value};
    struct list_state *state = x->state;

    if (list_query_read(x, &thing_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    struct result selected = list_rows_select(&state->query, &rows, &x->arena, &state->selection);
    if (!result_ok(selected))
        return exchange_fault(x, selected);
    return list_page_reply(x, &state->query,
                           &(struct list_page){.count = state->selection.count,
                                               .has_more = state->selection.has_more,
                                               .total = (int64_t)state->selection.total,
                                               .context = state,
                                               .write = write_thing,
                                               .key = thing_key});
}

static enum step_result list_uncounted(struct exchange *x)
{
    struct list_state *state = x->state;

    if (list_query_read(x, &thing_kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    return list_page_reply(
        x, &state->query,
        &(struct list_page){.total = -1, .context = state, .write = write_thing, .key = thing_key});
}

static const struct endpoint list_endpoint = {"things", sizeof(struct list_state), {list_things}};
static const struct endpoint uncounted_endpoint = {
    "uncounted", sizeof(struct list_state), {list_uncounted}};

static void ask(struct bed *bed, const struct endpoint *endpoint, const char *query,
                struct answer *out)
{
    bed_ask(bed,
            &(struct question){.endpoint = endpoint, .path = "/core/v2/things", .query = query},
            out);
    cr_assert_eq(out->delivered, 1u);
}

static const struct {
    const char *query, *body;
} whole[] = {
    {"limit=2&include_fields=name,size&offset=1",
     "{\"count\":2,\"has_more\":true,\"items\":[{\"name\":\"100%\",\"size\":0},{\"name\":\"a%b\","
     "\"size\":0}],\"limit\":2,\"offset\":1,\"pagination\":{\"next\":\"" BED_ISSUER
     "/core/v2/things?limit=2&include_fields=name,size&offset=3\"},\"total\":10}"},
    {"filter=name+eq+golf&include_fields=name",
     "{\"count\":1,\"has_more\":false,\"items\":[{\"name\":\"golf\"}],\"limit\":10,\"offset\":0,"
     "\"pagination\":{},\"total\":1}"},
    {"offset=100",
     "{\"count\":0,\"has_more\":false,\"items\":[],\"limit\":10,\"offset\":100,\"pagination\":{},"
     "\"total\":10}"},
    {"include_fields=owner&limit=1&order=name+desc",
     "{\"count\":1,\"has_more\":true,\"items\":[{}],\"limit\":1,\"offset\":0,\"pagination\":{"
     "\"next\":\"" BED_ISSUER
     "/core/v2/things?include_fields=owner&limit=1&order=name+desc&offset=1\"},\"total\":10}"},
};

Test(list_page, has_the_envelope)
{
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(whole) / sizeof(whole[0]); i++) {
        struct answer answer;
        ask(&bed, &list_endpoint, whole[i].query, &answer);
        cr_assert_eq(answer_status(&answer), 200);
        cr_assert(str_eq(answer_body(&answer), str_from(whole[i].body)), "row %zu: %.*s", i,
                  STR_ARG(answer_body(&answer)));
        answer_done(&answer);
    }
    bed_done(&bed);
    leaks_check();
}

Test(list_page, what_is_not_counted_has_no_total)
{
    struct answer answer;
    struct bed bed;

    bed_init(&bed);
    ask(&bed, &uncounted_endpoint, "", &answer);
    cr_assert(str_eq(answer_body(&answer),
                     STR("{\"count\":0,\"has_more\":false,\"items\":[],\"limit\":10,\"offset\":0,"
                         "\"pagination\":{},\"total\":null}")));
    answer_done(&answer);
    bed_done(&bed);
}

/* A list by number that has looked at some rows and found nothing in them. */
static enum step_result list_nothing_yet(struct exchange *x)
{
    struct object_kind kind = thing_kind;
    const struct attribute_value resume = {.number = 42};
    struct list_state *state = x->state;

    kind.key = THING_SIZE;
    if (list_query_read(x, &kind, &state->query) == STEP_DONE)
        return STEP_DONE;
    return list_page_reply(x, &state->query,
                           &(struct list_page){.total = -1,
                                               .has_more = true,
                                               .resume = &resume,
                                               .context = state,
                                               .write = write_thing,
                                               .key = thing_key});
}

static const struct endpoint nothing_endpoint = {
    "nothing", sizeof(struct list_state), {list_nothing_yet}};

Test(list_page, an_empty_one_may_have_a_next)
{
    static const char *const places[][2] = {{"after=7", "after=42"}, {"before=7", "before=42"}};
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < 2; i++) {
        struct answer answer;
        char next[128];
        ask(&bed, &nothing_endpoint, places[i][0], &answer);
        snprintf(next, sizeof(next), "{\"next\":\"%s/core/v2/things?%s\"}", BED_ISSUER,
                 places[i][1]);
        cr_assert_not_null(
            memmem(answer_body(&answer).ptr, answer_body(&answer).len, next, strlen(next)), "%.*s",
            STR_ARG(answer_body(&answer)));
        answer_done(&answer);
    }
    bed_done(&bed);
}

/* The query of the next page; empty when there is none. */
static struct str next_of(struct answer *answer)
{
    struct str prefix = STR(BED_ISSUER "/core/v2/things?"), url = STR_NONE;

    if (!json_string(json_member(json_member(answer_json(answer), STR("pagination")), STR("next")),
                     &url))
        return STR("");
    cr_assert(str_starts_with(url, prefix), "%.*s", STR_ARG(url));
    return str_slice(url, prefix.len, url.len);
}

static const struct {
    const char *query, *next;
} nexts[] = {
    {"limit=1", "limit=1&after="},
    {"limit=2", "limit=2&after=100%25"}, /* a cursor is encoded */
    {"limit=3&after=100%25", "limit=3&after=bravo"},
    {"after=100%25&limit=3", "limit=3&after=bravo"},
    {"limit=3&%61fter=100%25", "limit=3&after=bravo"}, /* however it was spelled */
    {"limit=3&offset=0", "limit=3&offset=3"},
    {"limit=3&offset=", "limit=3&after=a%25b"},
    {"limit=2&order=size", "limit=2&order=size&offset=2"},
    {"limit=2&before=golf", "limit=2&before=echo"},
    {"limit=2&x=%22y&&z=1&", "limit=2&x=%22y&z=1&after=100%25"}, /* kept, known or not */
    {"limit=10", ""},
    {"limit=2&before=a%25b", ""},
    {"limit=4&after=delta", ""},
};

Test(list_page, next_keeps_what_was_asked_for)
{
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(nexts) / sizeof(nexts[0]); i++) {
        struct answer answer;
        ask(&bed, &list_endpoint, nexts[i].query, &answer);
        struct str next = next_of(&answer);
        cr_assert(str_eq(next, str_from(nexts[i].next)), "%s: %.*s", nexts[i].query, STR_ARG(next));
        answer_done(&answer);
    }
    bed_done(&bed);
}

/* Follows next to the end; of each name its second letter. */
static void walk(struct bed *bed, const char *query, char *out, unsigned *out_pages)
{
    char next[512];
    size_t count = 0;

    snprintf(next, sizeof(next), "%s", query);
    for (*out_pages = 0; next[0] != '\0' && *out_pages < 20; ++*out_pages) {
        struct answer answer;
        ask(bed, &list_endpoint, next, &answer);
        cr_assert_eq(answer_status(&answer), 200);
        for (const struct json_value *v =
                 json_first(json_member(answer_json(&answer), STR("items")));
             v != NULL; v = json_next(v)) {
            struct str name;
            cr_assert(json_string(json_member(v, STR("name")), &name));
            out[count++] = name.len == 0 ? '-' : name.ptr[name.len > 1];
        }
        struct str follow = next_of(&answer);
        snprintf(next, sizeof(next), "%.*s", STR_ARG(follow));
        answer_done(&answer);
    }
    out[count] = '\0';
}

Test(list_page, following_next_shows_each_once)
{
    static const struct {
        const char *query, *names;
    } walks[] = {
        {"limit=3&offset=3", "lrhecoo"},
        {"limit=1&after=a%25b", "lrhecoo"},
        {"limit=4&order=name+desc&filter=name+gt+b", "oocehr"},
        {"limit=2&before=delta&filter=name+gt+b", "rh"},
    };
    char names[64];
    unsigned count;
    struct bed bed;

    bed_init(&bed);
    for (size_t i = 0; i < sizeof(walks) / sizeof(walks[0]); i++) {
        walk(&bed, walks[i].query, names, &count);
        cr_assert_str_eq(names, walks[i].names, "%s: %s", walks[i].query, names);
    }
    bed_done(&bed);
}

/* Items of 150 KB: seven make a full answer. */
Test(list_page, one_that_gets_too_large_ends_early)
{
    static const char *const queries[] = {"limit=9&order=name+desc", "limit=9&before=zulu",
                                          "limit=9&after=-"};
    enum { NOTE = 150 * 1024 };
    char *note = malloc(NOTE + 1);
    char names[64];
    unsigned count;
    struct bed bed;

    cr_assert_not_null(note);
    memset(note, 'x', NOTE);
    note[NOTE] = '\0';
    filler = note;
    bed_init(&bed);
    for (size_t i = 0; i < 3; i++) {
        struct answer answer;
        ask(&bed, &list_endpoint, queries[i], &answer);
        cr_assert_eq(answer_status(&answer), 200);
        const struct json_value *items = json_member(answer_json(&answer), STR("items"));
        cr_assert_eq(json_count(items), (size_t)7, "%s: %zu", queries[i], json_count(items));
        cr_assert_gt(next_of(&answer).len, (size_t)0);
        answer_done(&answer);
        walk(&bed, queries[i], names, &count);
        cr_assert_eq(strlen(names), i == 2 ? thing_count - 1 : thing_count, "%s: %s", queries[i],
                     names);
        cr_assert_eq(count, 2u);
    }
    bed_done(&bed);
    filler = "";
    free(note);
    leaks_check();
}
