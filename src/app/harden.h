/* What the process gives up before it holds a key. */
#ifndef APP_HARDEN_H
#define APP_HARDEN_H

/* No core dumps, no ptrace by others of the same user, new files for the owner alone, no signal
 * from a closed connection. Raises the limit of open files to what the system allows. */
void harden_process(void);

#endif
