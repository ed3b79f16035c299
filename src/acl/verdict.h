/* What looking at a value comes to. From ACL_OVER_LIMIT on it cannot be told, which is neither yes
 * nor no and turns into neither: "none" of a doubt is a doubt. */
#ifndef ACL_VERDICT_H
#define ACL_VERDICT_H

#include <stdbool.h>

enum acl_verdict {
    ACL_NO,
    ACL_YES,
    ACL_OVER_LIMIT,    /* a pattern backtracks too much on this value, or the value is too long */
    ACL_OUT_OF_TIME,   /* all patterns of this evaluation together took too long */
    ACL_OUT_OF_MEMORY, /* the machine has none left */
    ACL_NO_RULE,       /* there is no such rule, or what is stored of it does not compile */
};

static inline bool acl_is_doubt(enum acl_verdict verdict)
{
    return verdict >= ACL_OVER_LIMIT;
}

#endif
