/* Signed heads of the audit log that somebody kept, for `scopemint audit verify` alone. */
#ifndef CLI_AUDIT_HEADS_H
#define CLI_AUDIT_HEADS_H

#include "audit/head.h"
#include "cli/command.h"
#include "config/config.h"

struct audit_heads {
    struct store_audit_head *items; /* that this node's keys have signed, in the order of seq */
    size_t count;
    size_t unknown_key; /* of keys that are not here (any more) */
    size_t forged;      /* under a key of this node, and not its */
    size_t room;
};

/* given: one head; or a file with heads anywhere in it, such as the server's log ("-": standard
 * input). CLI_OK, or after saying why not CLI_FAILED (there is none in it), CLI_CONFIG (keys). The
 * caller frees *out in any case. */
enum cli_exit audit_heads_read(const struct config *config, const char *given,
                               struct audit_heads *out);
void audit_heads_free(struct audit_heads *heads);

#endif
