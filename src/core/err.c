#include "core/err.h"

#include <assert.h>

static const struct err_info table[] = {
#define X(code, kind, status, wire, text) {#code, ERR_KIND_##kind, status, wire, text},
#include "core/err.def"
#undef X
};

const struct err_info *err_info(enum err code)
{
    assert(code < ERR_COUNT);
    return &table[code];
}
