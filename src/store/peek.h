/* A look at a store on disk beside whoever has it open. Takes no lock of ours and changes nothing:
 * for `scopemint doctor`. */
#ifndef STORE_PEEK_H
#define STORE_PEEK_H

#include <stdint.h>

#include "core/buf.h"
#include "core/result.h"
#include "core/str.h"

struct store_facts {
    int64_t version, known_version; /* of its schema; the newest this program has */
    int64_t last_wall_ms;           /* the latest time it has kept; 0: it is new */
};

/* path: of SQLite's file, with a terminator. On a fault *error has a line. */
RESULT store_peek(struct str path, struct store_facts *out, struct buf *error);

#endif
