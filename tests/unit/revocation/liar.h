/* A server that is not Redis: it waits for the first bytes of each connection, says what it was
 * told to say, and then closes, half-closes, or holds the line. On a thread of its own. */
#ifndef TEST_REVOCATION_LIAR_H
#define TEST_REVOCATION_LIAR_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

enum liar_end { LIAR_CLOSE, LIAR_HALF_CLOSE, LIAR_HOLD };

struct liar_script {
    const char *text;
    size_t len;
    size_t repeat;     /* times the text is said */
    size_t piece;      /* bytes a write, each after the loop had time to read; 0: all at once */
    enum liar_end end; /* LIAR_HOLD: until the other side closes */
};

struct liar {
    struct liar_script script;
    const char *path;
    int listener;
    pthread_t thread;
    _Atomic size_t finished; /* connections that are over */
    _Atomic int stopping;
};

void liar_start(struct liar *liar, const char *path, const struct liar_script *script);
void liar_stop(struct liar *liar); /* removes the socket */

#endif
