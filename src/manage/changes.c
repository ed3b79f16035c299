#include "manage/changes.h"

#include "core/limits.h"

/* An attribute's value as text, ptr NULL where there is no object. */
static struct str value_of(struct arena *arena, object_write_fn *write, const void *object,
                           unsigned attribute, bool *failed)
{
    struct json_writer w;
    struct buf b;

    if (object == NULL)
        return STR_NONE;
    buf_init_arena(&b, arena, 64, LIMIT_BODY);
    json_writer_init(&w, &b);
    write(object, attribute, &w);
    *failed |= b.failed;
    return buf_view(&b);
}

static void write_side(struct json_writer *w, struct str name, const struct object_kind *kind,
                       const struct str *values, uint64_t shown)
{
    json_write_key(w, name);
    json_write_object_begin(w);
    for (unsigned i = 0; i < kind->count; i++) {
        if ((shown >> i & 1) == 0)
            continue;
        json_write_key(w, kind->attributes[i].name);
        json_write_raw(w, values[i]);
    }
    json_write_object_end(w);
}

struct str changes_detail(struct arena *arena, const struct object_kind *kind,
                          object_write_fn *write, const void *before, const void *after,
                          uint64_t skip, bool *out_any)
{
    struct str old[ATTRIBUTES_MAX], now[ATTRIBUTES_MAX];
    struct json_writer w;
    uint64_t shown = 0;
    bool failed = false;
    struct buf b;

    for (unsigned i = 0; i < kind->count; i++) {
        if ((skip >> i & 1) != 0 || kind->attributes[i].related)
            continue;
        old[i] = value_of(arena, write, before, i, &failed);
        now[i] = value_of(arena, write, after, i, &failed);
        if (!str_eq(old[i], now[i]))
            shown |= (uint64_t)1 << i;
    }
    buf_init_arena(&b, arena, 512, 2 * LIMIT_BODY);
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    if (before != NULL)
        write_side(&w, STR("before"), kind, old, shown);
    if (after != NULL)
        write_side(&w, STR("after"), kind, now, shown);
    json_write_object_end(&w);
    if (failed || b.failed)
        return STR_NONE;
    *out_any = shown != 0;
    return buf_view(&b);
}
