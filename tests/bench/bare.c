/* The physical limit: the HTTP library alone, answering requests of the server's shape with bodies
 * of the server's size from memory. One thread, HTTP/1.1, loopback.
 *
 *   bench_bare PORT BYTES-OF-INTROSPECTION BYTES-OF-TOKEN-ANSWER */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <h2o.h>

enum { BODY_MAX = 16384, BACKLOG = 512 };

struct answer {
    h2o_handler_t super;
    char body[BODY_MAX];
    size_t size;
};

static h2o_globalconf_t config;
static h2o_context_t context;
static h2o_accept_ctx_t accepting;

static int on_request(h2o_handler_t *self, h2o_req_t *req)
{
    struct answer *answer = (struct answer *)self;
    static h2o_generator_t generator;
    h2o_iovec_t body = h2o_iovec_init(answer->body, answer->size);

    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = answer->size;
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL,
                   H2O_STRLIT("application/json"));
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CACHE_CONTROL, NULL,
                   H2O_STRLIT("no-store"));
    h2o_start_response(req, &generator);
    h2o_send(req, &body, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void add_answer(h2o_hostconf_t *host, const char *path, const char *size)
{
    struct answer *answer =
        (void *)h2o_create_handler(h2o_config_register_path(host, path, 0), sizeof(*answer));

    answer->super.on_req = on_request;
    answer->size = strtoul(size, NULL, 10);
    if (answer->size > BODY_MAX)
        answer->size = BODY_MAX;
    memset(answer->body, 'x', answer->size);
}

static void on_accept(h2o_socket_t *listener, const char *error)
{
    for (int i = 0; error == NULL && i < 16; i++) {
        h2o_socket_t *socket = h2o_evloop_socket_accept(listener);
        if (socket == NULL)
            return;
        h2o_accept(&accepting, socket);
    }
}

static int listen_on(const char *port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
    };
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0 ||
        bind(fd, (void *)&address, sizeof(address)) != 0 || listen(fd, BACKLOG) != 0) {
        perror("listen");
        exit(1);
    }
    return fd;
}

int main(int argc, char **argv)
{
    if (argc != 4) {
        fputs("usage: bench_bare PORT BYTES BYTES\n", stderr);
        return 2;
    }
    h2o_config_init(&config);
    config.http1.upgrade_to_http2 = 0;
    h2o_hostconf_t *host =
        h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    add_answer(host, "/oauth/introspect", argv[2]);
    add_answer(host, "/oauth/token", argv[3]);

    h2o_loop_t *loop = h2o_evloop_create();
    h2o_context_init(&context, loop, &config);
    accepting = (h2o_accept_ctx_t){.ctx = &context, .hosts = config.hosts};
    h2o_socket_t *listener =
        h2o_evloop_socket_create(loop, listen_on(argv[1]), H2O_SOCKET_FLAG_DONT_READ);
    h2o_socket_read_start(listener, on_accept);
    while (h2o_evloop_run(loop, INT32_MAX) == 0 || errno == EINTR)
        ;
    return 1;
}
