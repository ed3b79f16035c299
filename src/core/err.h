/* Every way a request can end other than well, from one table (core/err.def). A refusal is the
 * caller's fault and may be described to them; a fault is ours and is not. Bugs are asserts. */
#ifndef CORE_ERR_H
#define CORE_ERR_H

enum err {
#define X(code, kind, status, wire, text) ERR_##code,
#include "core/err.def"
#undef X
    ERR_COUNT
};

enum err_kind { ERR_KIND_NONE, ERR_KIND_REFUSAL, ERR_KIND_FAULT };

struct err_info {
    const char *name; /* of the code, for logs */
    enum err_kind kind;
    int status;       /* HTTP */
    const char *wire; /* the `error` member */
    const char *text;
};

/* Never NULL for a code below ERR_COUNT. */
const struct err_info *err_info(enum err code);

#endif
