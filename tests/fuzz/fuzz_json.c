/* The JSON reader (THREATS-10, THREATS-75): an accepted text is UTF-8 within the limits, without
 * repeated names, and every string in it is UTF-8 without NUL. */
#include "core/limits.h"
#include "fuzz.h"
#include "json/read.h"

static void walk(const struct json_value *value, size_t depth)
{
    struct str text;
    size_t count = 0;

    assert(depth <= LIMIT_JSON_DEPTH);
    if (json_string(value, &text))
        assert(str_is_utf8(text) && str_find(text, '\0') == text.len);
    for (const struct json_value *at = json_first(value); at != NULL; at = json_next(at)) {
        count++;
        if (json_is(value, JSON_OBJECT))
            assert(json_member(value, json_key(at)) == at);
        walk(at, depth + 1);
    }
    assert(count == json_count(value));
    assert(!json_is(value, JSON_OBJECT) || count <= LIMIT_JSON_KEYS);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_text(data, size);
    const struct json_value *value = NULL;
    struct json_error error = {0};
    struct arena arena;

    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    switch (json_parse(&arena, text, &json_limits_request, &value, &error)) {
    case ERR_NONE:
        assert(str_is_utf8(text));
        walk(value, 0);
        break;
    case ERR_BAD_JSON:
        assert(error.reason != NULL && error.offset <= size);
        break;
    default:
        break;
    }
    arena_reset(&arena);
    return 0;
}
