#include "manage/require.h"

enum { NAMES_MAX = 1024 };

static bool is_met(const struct exchange *x, const struct caller *caller,
                   const struct require_clause *clause)
{
    for (size_t i = 0; i < REQUIRE_CLAUSE_MAX && clause->one_of[i].ptr != NULL; i++)
        if (caller_holds(x, caller, clause->one_of[i]))
            return true;
    return false;
}

static void write_names(const struct require_clause *clause, const char *between, struct buf *out)
{
    for (size_t i = 0; i < REQUIRE_CLAUSE_MAX && clause->one_of[i].ptr != NULL; i++) {
        if (i > 0)
            buf_cstr(out, between);
        buf_str(out, clause->one_of[i]);
    }
}

enum step_result manage_require(struct exchange *x, const struct caller *caller,
                                const struct requirement *requirement)
{
    struct buf message, scopes;

    buf_init_arena(&message, &x->arena, 0, NAMES_MAX);
    buf_init_arena(&scopes, &x->arena, 0, NAMES_MAX);
    for (size_t i = 0; i < REQUIRE_CLAUSES_MAX; i++) {
        const struct require_clause *clause = &requirement->clauses[i];

        if (clause->one_of[0].ptr == NULL)
            break;
        if (is_met(x, caller, clause))
            continue;
        buf_cstr(&message, message.len == 0 ? "The token needs one of " : ", and one of ");
        write_names(clause, ", ", &message);
        if (scopes.len > 0)
            buf_char(&scopes, ' ');
        write_names(clause, " ", &scopes);
    }
    if (message.failed || scopes.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    if (message.len == 0)
        return STEP_NEXT;
    x->scope_needed = buf_view(&scopes);
    return exchange_refuse(x, ERR_INSUFFICIENT_SCOPE, buf_view(&message));
}
