#include "manage/path.h"

#include <assert.h>

#include "core/percent.h"

enum path_found path_text(struct exchange *x, unsigned index, struct str *out)
{
    size_t len;

    assert(index < ROUTE_PARAMETERS_MAX);
    struct str sent = x->request.path_parameters[index];
    if (str_find(sent, '%') == sent.len) {
        *out = sent;
        return PATH_FOUND;
    }
    char *decoded = arena_alloc(&x->arena, sent.len);
    if (decoded == NULL)
        return PATH_FAULT;
    if (!percent_decode_segment(sent, decoded, &len))
        return PATH_MALFORMED;
    *out = str_make(decoded, len);
    return PATH_FOUND;
}

enum path_found path_sid(struct exchange *x, unsigned index, struct sid *out)
{
    struct str text;
    enum path_found found = path_text(x, index, &text);

    if (found != PATH_FOUND)
        return found;
    return sid_parse(text, out) ? PATH_FOUND : PATH_MALFORMED;
}

enum step_result path_refuse(struct exchange *x, enum path_found found)
{
    return found == PATH_FAULT ? exchange_fault(x, FAULT(ERR_FAULT_MEMORY))
                               : exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
}

enum step_result path_find_sid(struct exchange *x, unsigned index, struct sid *out)
{
    enum path_found found = path_sid(x, index, out);
    return found == PATH_FOUND ? STEP_NEXT : path_refuse(x, found);
}
