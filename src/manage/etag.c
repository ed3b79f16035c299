#include "manage/etag.h"

enum { TAG_MAX = 24 };

static void write_tag(uint64_t revision, struct buf *out)
{
    buf_char(out, '"');
    buf_u64(out, revision);
    buf_char(out, '"');
}

struct result etag_add(struct exchange *x, uint64_t revision)
{
    struct buf tag;

    buf_init_arena(&tag, &x->arena, TAG_MAX, TAG_MAX);
    write_tag(revision, &tag);
    if (tag.failed)
        return FAULT(ERR_FAULT_MEMORY);
    exchange_add_header(x, STR("etag"), buf_view(&tag));
    return RESULT_OK;
}

bool etag_is_named(struct str if_match)
{
    return if_match.ptr != NULL && !str_eq(str_trim_blanks(if_match), STR("*"));
}

bool etag_if_match(struct str if_match, uint64_t revision)
{
    struct str rest = if_match, piece;
    char memory[TAG_MAX];
    struct buf tag;

    if (!etag_is_named(if_match))
        return true;
    buf_init_fixed(&tag, memory, sizeof(memory));
    write_tag(revision, &tag);
    while (str_split(&rest, ',', &piece))
        if (str_eq(str_trim_blanks(piece), buf_view(&tag)))
            return true;
    return false;
}

enum step_result etag_judge(struct exchange *x, uint64_t revision)
{
    return etag_if_match(x->request.if_match, revision)
               ? STEP_NEXT
               : exchange_refuse(x, ERR_PRECONDITION_FAILED, STR_NONE);
}
