/* A real server on real sockets with toy endpoints, and a client that sends exactly the bytes it is
 * told to. One toy a test; the state is global because the endpoints are plain functions. */
#ifndef HTTP_TOY_H
#define HTTP_TOY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "http/http.h"

/* What a test may change before toy_start. */
struct toy {
    struct config config;
    struct server server;
    struct snapshot snapshot;
    struct config_listener listen[3], admin;
    struct cidr trusted[4];
    struct http *http;
    int log_fd;
    struct result (*worker_start)(struct worker *worker, void *context); /* NULL: nothing to do */
    void (*worker_stop)(struct worker *worker, void *context);
    /* POST /hold: requests that wait until hold_open is set; how many came, how many ended. */
    _Atomic bool hold_open;
    _Atomic int held, resumed;
    _Atomic int streams, drained, gone; /* begun, found empty again, over */
    _Atomic int worked, said;           /* deferred work done, and answers of an echo made */
};

extern struct toy toy;

/* GET /stream begins with "hello\n"; POST /say?times writes its body to all streams, as often, and
 * answers how many of those were taken; "end" ends them. GET /stream?fed is told TOY_FED bytes by
 * timers, some whenever nothing is unsent, and is then ended. Of one thread. */
enum { TOY_FED = 8 * 1024 * 1024 };
extern const struct endpoint toy_stream_endpoint, toy_say_endpoint;

void toy_init(void);               /* one thread, 127.0.0.1:0 public and admin */
void toy_listen(const char *text); /* in place of 127.0.0.1; the port is not used */
void toy_listen_unix(const char *path);
void toy_trust(const char *network); /* into trusted_proxies */
void toy_start(void);
void toy_start_fails(const char *expected);   /* in the line it gives as the reason */
void toy_reload(const struct config *config); /* and waits until all workers go by it */
void toy_stop(void);                          /* drains and joins */

/* ---- client ---- */

int toy_connect(void);
int toy_connect_admin(void);
int toy_connect_unix(const char *path);
void toy_send(int fd, const char *bytes, size_t n);
void toy_say(int fd, const char *text);

/* One answer, or 0 bytes when the connection ended (text is "" then). */
struct answer {
    int status;       /* 0: none came */
    char text[70000]; /* head and body, terminated */
    const char *body;
    size_t body_len;
};

void toy_read(int fd, struct answer *out);
void toy_read_headless(int fd, struct answer *out); /* of HEAD, 204: no body follows */
bool toy_ended(int fd);                             /* the server closed, nothing is left */

/* Connect, send, read one answer, close. */
void toy_ask(const char *text, struct answer *out);

bool answer_has(const struct answer *a, const char *text); /* in head or body, exact case */
bool answer_says_close(const struct answer *a);

#endif
