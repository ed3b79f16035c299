/* Form bodies: a repeated name is always seen, an accepted form stays within its limits. */
#include "exchange/form.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str body = fuzz_text(data, size), value;
    struct arena arena;
    struct form form;

    form_is_media_type(body);
    arena_init(&arena, NULL, 0, FUZZ_ARENA);
    if (form_parse(body, &arena, &form) == ERR_NONE) {
        assert(form.count <= LIMIT_PARAMETERS);
        for (size_t i = 0; i < form.count; i++) {
            struct str name = form.pairs[i].name;
            assert(name.len > 0 && name.len <= LIMIT_PARAMETER_NAME);
            fuzz_touch(form.pairs[i].value);
            size_t count = 0;
            for (size_t j = 0; j < form.count; j++)
                count += str_eq(form.pairs[j].name, name);
            assert((form_get(&form, name, &value) == ERR_DUPLICATE_PARAMETER) == (count > 1));
        }
    }
    arena_reset(&arena);
    return 0;
}
