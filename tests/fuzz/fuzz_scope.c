/* Scope lists: what is accepted comes back from its own text, in catalogue order. */
#include "core/buf.h"
#include "fuzz.h"
#include "scope/parse.h"
#include "scope/source.h"

static const struct scope_catalogue *catalogue(void)
{
    static const char text[] =
        "{\"table\":\"t\",\"values\":["
        "{\"name\":\"calls.manage\",\"category\":\"c\",\"description\":\"d\","
        "\"includes\":[\"calls.read\"]},"
        "{\"name\":\"calls.read\",\"category\":\"c\",\"description\":\"d\"},"
        "{\"name\":\"EditMessages\",\"category\":\"c\",\"description\":\"d\"}]}";
    static struct scope_catalogue *made;
    const struct scope_source source = {
        .name = STR("t"), .path = STR("t.json"), .text = str_from(text)};
    struct buf errors;

    if (made == NULL) {
        buf_init_heap(&errors, 4096);
        bool ok = catalogue_build(&source, 1, NULL, &made, &errors);
        assert(ok);
        buf_free(&errors);
    }
    return made;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str text = fuzz_text(data, size), unknown = STR_NONE;
    struct scope_set set, again;
    char memory[4096];
    struct buf out;

    scope_read(catalogue(), text);
    switch (scope_parse(catalogue(), text, &set, &unknown)) {
    case SCOPE_PARSED_OK:
        buf_init_fixed(&out, memory, sizeof(memory));
        scope_format(catalogue(), &set, &out);
        assert(!out.failed && out.len <= size);
        again = scope_read(catalogue(), buf_view(&out));
        assert(memcmp(&set, &again, sizeof(set)) == 0);
        break;
    case SCOPE_PARSED_UNKNOWN:
        assert(fuzz_is_within(unknown, text) && unknown.len > 0);
        break;
    case SCOPE_PARSED_EMPTY:
        assert(size == 0);
        break;
    case SCOPE_PARSED_MALFORMED:
        break;
    }
    return 0;
}
