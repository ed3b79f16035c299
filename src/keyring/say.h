/* Lines for the operator. */
#ifndef KEYRING_SAY_H
#define KEYRING_SAY_H

#include "core/buf.h"

/* Appends a line; a newline separates it from what is there. Always false, so that whoever refuses
 * can say why and return in one. */
__attribute__((format(printf, 2, 3))) bool say(struct buf *why, const char *format, ...);

#endif
