/* A case of the contract suite: it runs against memory and against SQLite. */
#ifndef STORE_CONTRACT_H
#define STORE_CONTRACT_H

#include <criterion/criterion.h>

#include "core/log.h"
#include "fixture.h"

#define CONTRACT_CASE(suite, BACKEND, name)  \
    Test(suite, name, .timeout = 60)         \
    {                                        \
        struct fixture f;                    \
        log_set_level(LOG_ERROR + 1);        \
        fixture_init(&f, FIXTURE_##BACKEND); \
        fixture_open(&f);                    \
        name(&f);                            \
        fixture_done(&f);                    \
    }
#define CONTRACT_OF(memory_suite, sqlite_suite, name) \
    static void name(struct fixture *f);              \
    CONTRACT_CASE(memory_suite, MEMORY, name)         \
    CONTRACT_CASE(sqlite_suite, SQLITE, name)         \
    static void name(struct fixture *f)

#endif
