/* The configuration file: whatever it holds, it is either taken whole or refused with a line that
 * names it. */
#include "config/config.h"
#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const struct config_source source = {.path = "fuzz.yaml"};
    struct config *config = NULL;
    struct buf errors;

    buf_init_heap(&errors, 1 << 20);
    if (config_parse(&source, fuzz_text(data, size), &config, &errors)) {
        assert(config != NULL && errors.len == 0);
        assert(config->server.listen.n > 0 && config->server.issuer.len > 0);
        config_free(&config);
    } else {
        assert(config == NULL && errors.len > 0);
    }
    buf_free(&errors);
    return 0;
}
