/* Explaining what somebody pasted. Shared by token_inspect.c and inspect_*.c alone. Nothing here
 * prints the text it was given, nor its signature. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "cli/command.h"
#include "cli/output.h"

/* text: without blanks, with two dots. */
enum cli_exit inspect_jwt(struct cli *cli, struct arena *arena, struct str text);

/* What the signature is worth by the keys of this node. */
enum inspect_signature {
    SIGNATURE_HOLDS,
    SIGNATURE_WRONG,       /* one of our keys' ids over somebody else's work */
    SIGNATURE_FOREIGN_KEY, /* no key here has that id */
    SIGNATURE_GONE_KEY,    /* one of ours that is gone or was withdrawn */
    SIGNATURE_MALFORMED,   /* the server would not even read it */
    SIGNATURE_NO_KEYS,     /* the keys cannot be read here */
};
enum inspect_signature inspect_signature(const struct config *config, struct arena *arena,
                                         struct str token);
const char *inspect_signature_text(enum inspect_signature signature);

#endif
