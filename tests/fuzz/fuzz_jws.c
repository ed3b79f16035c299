/* Compact JWS: what is taken apart is three canonical pieces under a header of a known form. */
#include "fuzz.h"
#include "jose/jws.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str token = fuzz_text(data, size);
    struct arena arena;
    struct jws jws;

    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    if (jws_parse(&arena, token, &jws) == ERR_NONE) {
        assert(size <= LIMIT_TOKEN);
        assert(fuzz_is_within(jws.signing_input, token));
        assert(jws.signing_input.ptr == token.ptr && jws.signing_input.len < token.len);
        assert(jws.kid.len <= LIMIT_KID);
        fuzz_touch(jws.payload);
        fuzz_touch(jws.signature);
        fuzz_touch(jws.typ);
    }
    arena_reset(&arena);
    return 0;
}
