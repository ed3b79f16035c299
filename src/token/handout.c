#include "token/handout.h"

enum { MESSAGE_FIRST = 256 };

struct scope_set handout_added(const struct scope_catalogue *catalogue,
                               const struct scope_set *stored, const struct scope_set *asked)
{
    struct scope_set closure = scope_closure(catalogue, stored);
    return scope_set_difference(asked, &closure);
}

bool handout_is_held(const struct scope_set *added, const struct scope_set *rights,
                     struct scope_set *out_excess)
{
    *out_excess = scope_set_difference(added, rights);
    return scope_set_is_empty(out_excess);
}

void handout_put_names(const struct scope_catalogue *catalogue, const struct scope_set *names,
                       struct buf *out)
{
    uint16_t bits[LIMIT_SCOPES];
    size_t count = catalogue_order(catalogue, names, bits);
    size_t shown = count < HANDOUT_NAMES ? count : HANDOUT_NAMES;

    for (size_t i = 0; i < shown; i++) {
        if (i > 0)
            buf_cstr(out, ", ");
        buf_str(out, catalogue_value(catalogue, bits[i])->name);
    }
    if (shown < count)
        handout_put_more(count - shown, out);
}

void handout_put_more(size_t count, struct buf *out)
{
    buf_cstr(out, " and ");
    buf_u64(out, count);
    buf_cstr(out, " more");
}

struct str handout_message(const struct scope_catalogue *catalogue, struct str before,
                           const struct scope_set *names, struct arena *arena)
{
    struct buf b;

    buf_init_arena(&b, arena, MESSAGE_FIRST, before.len + HANDOUT_NAMES_MAX);
    buf_str(&b, before);
    buf_cstr(&b, ": ");
    handout_put_names(catalogue, names, &b);
    return b.failed ? STR_NONE : buf_view(&b);
}
