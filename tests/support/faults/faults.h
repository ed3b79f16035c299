/* Faults from outside: a library that is loaded before the server (LD_PRELOAD) and stands in for
 * the calls of libc through which a disk, a socket, the memory and the clock can go wrong. The
 * server knows nothing of it. What is to happen is read from a file that the test has mapped as
 * well (support/faults.py has the same layout): rules, of which each counts the calls that it
 * covers and acts on some of them.
 *
 * FAULTS_CONTROL names that file, FAULTS_STORE the database. Without the first nothing is changed.
 */
#ifndef SUPPORT_FAULTS_H
#define SUPPORT_FAULTS_H

#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define EXPORTED __attribute__((visibility("default")))

/* The function that would have been called without us. */
#define REAL(name)                                                                     \
    ({                                                                                 \
        static __typeof__(&name) _Atomic real_;                                        \
        __typeof__(&name) found_ = atomic_load_explicit(&real_, memory_order_relaxed); \
        if (found_ == NULL) {                                                          \
            found_ = (__typeof__(&name))dlsym(RTLD_NEXT, #name);                       \
            atomic_store_explicit(&real_, found_, memory_order_relaxed);               \
        }                                                                              \
        found_;                                                                        \
    })

/* Bits, so that a rule covers several. */
enum faults_operation {
    FAULTS_WRITE = 1 << 0,
    FAULTS_SYNC = 1 << 1,
    FAULTS_TRUNCATE = 1 << 2,
    FAULTS_ALLOCATE = 1 << 3,
};

enum faults_place {
    FAULTS_STORE = 1 << 0, /* the database's file */
    FAULTS_WAL = 1 << 1,
    FAULTS_SHM = 1 << 2,
    FAULTS_REDIS = 1 << 3,   /* a connection over a unix socket */
    FAULTS_CLIENT = 1 << 4,  /* one over TCP */
    FAULTS_PROGRAM = 1 << 5, /* whose code allocates */
    FAULTS_SQLITE = 1 << 6,
    FAULTS_HIREDIS = 1 << 7,
    FAULTS_OPENSSL = 1 << 8,
};

enum faults_action {
    FAULTS_FAIL,        /* with the rule's errno */
    FAULTS_SHORT,       /* writes the first half, and says so */
    FAULTS_KILL_BEFORE, /* SIGKILL in place of the call */
    FAULTS_KILL_AFTER,  /* behind it */
    FAULTS_KILL_TORN,   /* behind the first half of a write */
    FAULTS_PRETEND,     /* says that it is synced */
    FAULTS_SLOW,        /* syncs so many milliseconds later as the rule's errno says */
};

/* In force while times is not 0. Covered calls are counted in seen; those from the `after`th on,
 * `times` of them (below 0: all), are acted on and counted in fired. */
struct faults_rule {
    _Atomic int64_t operations, places, action, error, after, times, seen, fired;
};

enum { FAULTS_RULES = 4 };

struct faults_control {
    _Atomic int64_t wall_offset_ns; /* what is added to the wall clock */
    _Atomic int64_t
        keeps_unsynced; /* 0: what was not synced is lost in a crash and a failed sync */
    struct faults_rule rules[FAULTS_RULES];
};

/* NULL before the library's constructor ran, and without FAULTS_CONTROL. */
struct faults_control *faults_control(void);

/* The rule that acts on this call, or NULL. Counts. */
const struct faults_rule *faults_look(int64_t operation, int64_t place);
bool faults_covers(int64_t operation); /* whether any rule in force has to do with it */

/* As though the power failed: what is not on the disk is lost first, unless it is kept. */
_Noreturn void faults_kill(void);

/* Other threads get no further while that goes on: what is being lost must not be answered. */
void faults_stop_if_dying(void);

/* ---- unsynced.c: what a file had before what was written since its last sync ---- */

void unsynced_note_write(int fd, int64_t place, off_t offset, size_t n);
void unsynced_note_size(int fd, int64_t place, off_t size);
void unsynced_forget(int64_t place); /* it was synced */
void unsynced_lose(int64_t place);   /* mask of places */

#endif
