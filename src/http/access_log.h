/* The access log: one JSON line a request, written by a thread of its own so that a slow disk or
 * pipe never holds a loop. Between each loop and that thread lies a bounded ring (one writer, one
 * reader); when it is full the line is dropped and counted. An entry has fixed room, and longer
 * text is cut, so nothing a client sends can overflow it (THREATS-70). The query is left out: a
 * token could be in it (P5). */
#ifndef HTTP_ACCESS_LOG_H
#define HTTP_ACCESS_LOG_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/str.h"
#include "exchange/route.h"
#include "http/forwarded.h"

enum { ACCESS_PATH_MAX = 256 };

struct access_entry {
    int64_t wall_ms, took_us;
    uint64_t bytes_in, bytes_out; /* of the bodies */
    struct in6_addr address;
    const char *endpoint; /* a constant */
    int status;
    enum method method;
    bool path_cut;
    uint8_t id_len;
    uint16_t path_len;
    char id[REQUEST_ID_MAX];
    char path[ACCESS_PATH_MAX];
};

struct access_log;
struct access_ring;

/* Writes to fd, which stays the caller's, from rings of so many threads. NULL: no memory or thread.
 */
struct access_log *access_log_start(int fd, unsigned rings);

/* Writes what is left and frees. Accepts NULL. */
void access_log_stop(struct access_log **log);

struct access_ring *access_log_ring(struct access_log *log, unsigned index);

/* Room for one entry, or NULL when the ring is full; then access_ring_commit. The ring's thread. */
struct access_entry *access_ring_reserve(struct access_ring *ring);
void access_ring_commit(struct access_ring *ring);

/* Cuts path and id to the room there is. */
void access_entry_text(struct access_entry *entry, struct str path, struct str id);

/* For tests: the line, with its line feed. */
struct buf;
void access_entry_render(const struct access_entry *entry, struct buf *out);

#endif
