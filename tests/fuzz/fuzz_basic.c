/* Authorization: Basic, and the split of any Authorization header. */
#include "client/basic.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str header = fuzz_text(data, size);
    struct auth_header split = auth_header_split(header);
    struct basic_credentials credentials;
    struct arena arena;

    assert(fuzz_is_within(split.scheme, header) && fuzz_is_within(split.rest, header));
    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    if (basic_parse(split.rest, &arena, &credentials) == ERR_NONE) {
        assert(credentials.id.len <= size && credentials.secret.len <= size);
        fuzz_touch(credentials.id);
        fuzz_touch(credentials.secret);
    }
    arena_reset(&arena);
    return 0;
}
