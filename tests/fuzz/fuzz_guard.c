/* The framing guard (THREATS-71 to 73): what it lets through has one reading. */
#include "core/limits.h"
#include "fuzz.h"
#include "http/guard.h"

static void check_accepted(struct str raw, const struct guard_head *head)
{
    assert(head->size > 0 && head->size <= raw.len && head->size <= LIMIT_HEAD);
    assert(head->size >= 4 && memcmp(raw.ptr + head->size - 4, "\r\n\r\n", 4) == 0);
    const struct str pieces[] = {
        head->path,          head->query,    head->host,   head->authorization, head->content_type,
        head->if_none_match, head->if_match, head->origin, head->request_id,
    };
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        assert(fuzz_is_within(pieces[i], str_slice(raw, 0, head->size)));
        for (size_t k = 0; k < pieces[i].len; k++)
            assert(pieces[i].ptr[k] != '\r' && pieces[i].ptr[k] != '\n' &&
                   pieces[i].ptr[k] != '\0');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = fuzz_text(data, size);
    struct guard_head head;
    const char *why = NULL;

    if (guard_check(raw, &head, &why) == ERR_NONE)
        check_accepted(raw, &head);
    else
        assert(why != NULL);
    return 0;
}
