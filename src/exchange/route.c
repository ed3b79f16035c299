#include "exchange/route.h"

static bool is_parameter(struct str segment)
{
    return segment.len > 2 && segment.ptr[0] == '{' && segment.ptr[segment.len - 1] == '}';
}

bool route_match(struct str pattern, struct str path, struct str out[ROUTE_PARAMETERS_MAX])
{
    struct str wanted, sent, found[ROUTE_PARAMETERS_MAX];
    size_t count = 0;

    while (str_split(&pattern, '/', &wanted)) {
        if (!str_split(&path, '/', &sent))
            return false;
        if (!is_parameter(wanted)) {
            if (!str_eq(wanted, sent))
                return false;
            continue;
        }
        if (sent.len == 0 || count == ROUTE_PARAMETERS_MAX)
            return false;
        found[count++] = sent;
    }
    if (path.ptr != NULL)
        return false;
    for (size_t i = 0; i < count; i++)
        out[i] = found[i];
    return true;
}
