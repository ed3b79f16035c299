/* What the process gives up before it holds a key. */
#ifndef APP_HARDEN_H
#define APP_HARDEN_H

#include <stdbool.h>

/* Puts /dev/null where the caller left standard input, output or error closed: the next file
 * opened, the store's, would take that place, and lines of the log would go into it. First of all.
 */
bool harden_standard_streams(void);

/* No core dumps, no ptrace by others of the same user, new files for the owner alone, no signal
 * from a closed connection. Raises the limit of open files to what the system allows. Large
 * memory goes back to the system when it is freed. */
void harden_process(void);

#endif
