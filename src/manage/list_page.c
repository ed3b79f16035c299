#include "manage/list_page.h"

#include "core/limits.h"
#include "core/percent.h"
#include "exchange/snapshot.h"

enum { ITEMS_FIRST = 16 * 1024, ENVELOPE_MAX = 2 * LIMIT_HEAD + 4096 };

/* The items from first to before last, which are those that go into one answer. */
struct shown {
    size_t first, last;
    bool has_more;
};

struct item {
    const struct list_page *page;
    size_t number;
};

static void write_attribute(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct item *item = object;
    item->page->write(item->page->context, item->number, attribute, w);
}

static void write_item(const struct list_query *query, const struct list_page *page, size_t number,
                       struct json_writer *w)
{
    struct item item = {page, number};
    object_write(w, query->kind, &query->fields, write_attribute, &item);
}

/* Which items to show when those nearest to the cursor are the last ones: as many from the end as
 * make a full answer. Each is rendered once more for that, into memory that is used again. */
static bool first_that_fits(const struct list_query *query, const struct list_page *page,
                            struct buf *scratch, size_t *out)
{
    size_t bytes = 0, first = page->count;

    while (first > 0 && bytes < LIST_PAGE_BYTES) {
        struct json_writer w;

        scratch->len = 0;
        json_writer_init(&w, scratch);
        write_item(query, page, --first, &w);
        bytes += scratch->len;
    }
    *out = first;
    return !scratch->failed;
}

static bool write_items(const struct list_query *query, const struct list_page *page,
                        struct buf *out, struct shown *shown)
{
    bool measured = query->from == LIST_BEFORE; /* and not cut once more */
    struct json_writer w;

    *shown = (struct shown){0, page->count, page->has_more};
    if (measured && !first_that_fits(query, page, out, &shown->first))
        return false;
    size_t number = shown->first;
    out->len = 0;
    json_writer_init(&w, out);
    json_write_array_begin(&w);
    for (; number < page->count && (measured || out->len < LIST_PAGE_BYTES); number++)
        write_item(query, page, number, &w);
    json_write_array_end(&w);
    shown->last = number;
    shown->has_more = page->has_more || shown->first > 0 || shown->last < page->count;
    return !out->failed;
}

/* The request's parameters as they were sent, without those that say where the page begins. They
 * are known to be well formed. */
static void write_kept(struct str query, struct buf *out)
{
    static const struct str places[] = {STR_INIT("offset"), STR_INIT("after"), STR_INIT("before")};
    struct str piece;

    while (str_split(&query, '&', &piece)) {
        char name[LIMIT_PARAMETER_NAME];
        struct str raw = str_slice(piece, 0, str_find(piece, '='));
        size_t len = 0;
        bool is_place = false;

        if (raw.len <= sizeof(name) && percent_decode(raw, name, &len))
            for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++)
                is_place |= str_eq(str_make(name, len), places[i]);
        if (is_place || piece.len == 0)
            continue;
        buf_str(out, piece);
        buf_char(out, '&');
    }
}

static void write_key(enum attribute_type type, const struct attribute_value *key, struct buf *out)
{
    char text[SID_TEXT];

    if (type == ATTRIBUTE_SID) {
        sid_format(&key->sid, text);
        buf_put(out, text, sizeof(text));
    } else if (type == ATTRIBUTE_INT) {
        buf_i64(out, key->number);
    } else {
        percent_encode(key->text, out);
    }
}

/* Of the item furthest from where the page began; once all are shown, of what is behind them. */
static void write_cursor(const struct list_query *query, const struct list_page *page,
                         const struct shown *shown, struct buf *out)
{
    bool before = query->from == LIST_BEFORE;
    bool all = before ? shown->first == 0 : shown->last == page->count;
    struct attribute_value key = {.absent = false};

    if (all && page->resume != NULL)
        key = *page->resume;
    else
        page->key(page->context, before ? shown->first : shown->last - 1, &key);
    write_key(query->kind->attributes[query->kind->key].type, &key, out);
}

static void write_next(const struct exchange *x, const struct list_query *query,
                       const struct list_page *page, const struct shown *shown, struct buf *out)
{
    buf_str(out, x->snapshot->issuer);
    buf_str(out, x->request.path);
    buf_char(out, '?');
    write_kept(x->request.query, out);
    if (query->from == LIST_BEFORE) {
        buf_cstr(out, "before=");
        write_cursor(query, page, shown, out);
    } else if (query->by_offset) {
        buf_cstr(out, "offset=");
        buf_u64(out, query->offset + (shown->last - shown->first));
    } else {
        buf_cstr(out, "after=");
        write_cursor(query, page, shown, out);
    }
}

static void write_envelope(const struct list_query *query, const struct list_page *page,
                           const struct shown *shown, struct str items, struct str next,
                           struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_member_int(&w, STR("count"), (int64_t)(shown->last - shown->first));
    json_write_member_bool(&w, STR("has_more"), shown->has_more);
    json_write_key(&w, STR("items"));
    json_write_raw(&w, items);
    json_write_member_int(&w, STR("limit"), query->limit);
    json_write_member_int(&w, STR("offset"), (int64_t)query->offset);
    json_write_key(&w, STR("pagination"));
    json_write_object_begin(&w);
    if (next.len > 0)
        json_write_member_string(&w, STR("next"), next);
    json_write_object_end(&w);
    json_write_key(&w, STR("total"));
    if (page->total < 0)
        json_write_null(&w);
    else
        json_write_int(&w, page->total);
    json_write_object_end(&w);
}

enum step_result list_page_reply(struct exchange *x, const struct list_query *query,
                                 const struct list_page *page)
{
    struct buf items, next, body;
    struct shown shown;

    exchange_widen_arena(x);
    buf_init_arena(&items, &x->arena, ITEMS_FIRST + page->bytes, LIMIT_REPLY + page->bytes);
    if (!write_items(query, page, &items, &shown))
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    buf_init_arena(&next, &x->arena, 0, ENVELOPE_MAX);
    if (shown.has_more && (shown.last > shown.first || page->resume != NULL))
        write_next(x, query, page, &shown, &next);
    buf_init_arena(&body, &x->arena, items.len + 6 * next.len + 512, LIMIT_REPLY + page->bytes);
    write_envelope(query, page, &shown, buf_view(&items), buf_view(&next), &body);
    if (next.failed || body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (exchange_claim(x, page->bytes + items.len + body.len) == STEP_DONE)
        return STEP_DONE;
    return exchange_reply_json(x, 200, buf_view(&body));
}
