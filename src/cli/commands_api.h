/* Options that commands of one kind have in common; for commands_*.c alone. */
#ifndef CLI_COMMANDS_API_H
#define CLI_COMMANDS_API_H

#include "cli/api.h"

/* clang-format off */
#define API_OPTIONS \
    {"--server", "URL", "the server to ask, as https://host[:port]"}, \
    {"--credentials", "FILE", "who asks; a JSON file of mode 0600"}, \
    {"--curl", NULL, "print the request as a curl command, do not send it"}

#define LIST_OPTIONS \
    {"--filter", "TEXT", "`ATTRIBUTE eq|ne|gt|ge|lt|le|like VALUE [and ...]`", USE_QUERY}, \
    {"--order", "TEXT", "`ATTRIBUTE [asc|desc]`", USE_QUERY}, \
    {"--limit", "N", "so many at a time: 10, at most 1000", USE_QUERY}, \
    {"--offset", "N", "leave out the first N", USE_QUERY}, \
    {"--after", "ID", "those that follow this one; --before likewise", USE_QUERY}, \
    {"--before", "ID", "those that come before this one", USE_QUERY}, \
    {"--include-fields", "NAMES", "these alone, with commas between", USE_QUERY}, \
    {"--exclude-fields", "NAMES", "all but these", USE_QUERY}, \
    {"--with-related", NULL, "each one's partner with it", USE_QUERY}, \
    {"--all", NULL, "every page"}

#define DRY_RUN_OPTION {"--dry-run", NULL, "change nothing, show what it is about"}
#define BODY_OPTION    {"--body", "FILE", "the whole body as JSON; - for standard input", USE_BODY}
/* clang-format on */

#endif
