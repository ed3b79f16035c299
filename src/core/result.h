/* Faults: what goes wrong on our side (store away, memory limit, a key that will not sign). A
 * result must be looked at; TRY passes it on. A refusal (the caller's fault) is not a fault:
 * functions that can refuse return an enum err with ERR_NONE for success, see core/err.h. */
#ifndef CORE_RESULT_H
#define CORE_RESULT_H

#include <stdbool.h>

#include "core/err.h"

struct result {
    enum err code; /* ERR_NONE, or a code of kind fault */
};

#define RESULT __attribute__((warn_unused_result)) struct result

#define RESULT_OK   ((struct result){ERR_NONE})
#define FAULT(code) ((struct result){(code)})

static inline bool result_ok(struct result r)
{
    return r.code == ERR_NONE;
}

#define TRY(expression)                           \
    do {                                          \
        struct result try_result_ = (expression); \
        if (!result_ok(try_result_))              \
            return try_result_;                   \
    } while (0)

#endif
