/* Client assertions: what is read has its claims within their bounds, and judging it at any time
 * overflows nothing. */
#include "client/assertion.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int64_t times_s[] = {0, 1, 1790000000, 253402300799};
    struct str token = fuzz_text(data, size);
    struct client_assertion assertion;
    const char *why = NULL;
    struct arena arena;

    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    enum err err = client_assertion_read(&arena, token, STR_NONE, &assertion, &why);
    assert(err == ERR_NONE || (err == ERR_INVALID_CLIENT && why != NULL));
    if (err == ERR_NONE) {
        assert(assertion.subject.len == SID_TEXT);
        assert(assertion.jti.len >= 1 && assertion.jti.len <= ASSERTION_JTI_MAX);
        assert(str_eq(assertion.inbound.token, token));
        fuzz_touch(assertion.audience);
        for (size_t i = 0; i < sizeof(times_s) / sizeof(times_s[0]); i++) {
            why = client_assertion_judge(&assertion, assertion.audience, times_s[i]);
            assert(why != NULL || assertion.exp_s > times_s[i]);
        }
    }
    arena_reset(&arena);
    return 0;
}
