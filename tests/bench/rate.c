/* Requests at a fixed rate over many kept connections, however slow the answers are: each is due at
 * its own time, and its latency counts from then on, so that a stall is felt by all who waited.
 *
 *   bench_rate PORT REQUESTS-A-SECOND SECONDS CONNECTIONS FILE
 *
 * FILE holds whole requests with a NUL after each; they are sent in turn, over and over. Prints:
 * answers, errors, microseconds at p50, p99, p99.9, the longest. Errors are answers other than 200.
 */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, REQUESTS_MAX = 65536, ANSWER_MAX = 65536, DRAIN_NS = 2000000000 };

struct connection {
    int fd;
    bool busy;
    int64_t due_ns;
    size_t got;
    char answer[ANSWER_MAX + 1];
};

struct load {
    char *requests[REQUESTS_MAX];
    size_t request_count;
    struct connection *connections;
    size_t connection_count, idle_from;
    int64_t begin_ns, step_ns;
    size_t wanted, sent, answered, errors;
    uint32_t *took_us;
    int epoll;
};

static void need(bool good, const char *what)
{
    if (!good) {
        perror(what);
        exit(1);
    }
}

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void read_requests(struct load *load, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *line = NULL;
    size_t room = 0;

    need(file != NULL, path);
    while (load->request_count < REQUESTS_MAX && getdelim(&line, &room, '\0', file) > 0)
        need((load->requests[load->request_count++] = strdup(line)) != NULL, "memory");
    free(line);
    fclose(file);
    need(load->request_count > 0, "requests");
}

static void open_connections(struct load *load, const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)strtoul(port, NULL, 10))};
    int on = 1;

    load->epoll = epoll_create1(0);
    load->connections = calloc(load->connection_count, sizeof(*load->connections));
    need(load->epoll >= 0 && load->connections != NULL, "memory");
    for (size_t i = 0; i < load->connection_count; i++) {
        struct connection *c = &load->connections[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
        c->fd = socket(AF_INET, SOCK_STREAM, 0);
        need(connect(c->fd, (void *)&address, sizeof(address)) == 0, "connect");
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
        need(fcntl(c->fd, F_SETFL, O_NONBLOCK) == 0, "fcntl");
        need(epoll_ctl(load->epoll, EPOLL_CTL_ADD, c->fd, &event) == 0, "epoll_ctl");
    }
}

/* The next idle one, or none: then what is due waits, and its clock runs. */
static struct connection *find_idle(struct load *load)
{
    for (size_t i = 0; i < load->connection_count; i++) {
        struct connection *c = &load->connections[load->idle_from];
        load->idle_from = (load->idle_from + 1) % load->connection_count;
        if (!c->busy)
            return c;
    }
    return NULL;
}

static void send_due(struct load *load, int64_t now)
{
    while (load->sent < load->wanted) {
        int64_t due_ns = load->begin_ns + (int64_t)load->sent * load->step_ns;
        struct connection *c = due_ns <= now ? find_idle(load) : NULL;
        if (c == NULL)
            return;
        const char *request = load->requests[load->sent++ % load->request_count];
        size_t size = strlen(request);
        c->busy = true;
        c->due_ns = due_ns;
        c->got = 0;
        need(send(c->fd, request, size, MSG_NOSIGNAL) == (ssize_t)size, "send");
    }
}

/* Whether all of it is there. */
static bool is_whole(const struct connection *c)
{
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\ncontent-length:");
    if (end == NULL)
        return false;
    size_t head = (size_t)(end - c->answer) + 4;
    return c->got >= head + (length != NULL && length < end ? strtoul(length + 17, NULL, 10) : 0);
}

static void receive(struct load *load, struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER_MAX - c->got, 0);

    need(n > 0, "the server closed a connection");
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    if (!c->busy || !is_whole(c))
        return;
    c->busy = false;
    load->errors += strncmp(c->answer, "HTTP/1.1 200", 12) != 0;
    load->took_us[load->answered++] = (uint32_t)((now_ns() - c->due_ns) / 1000);
}

/* Until an answer or the next request that is due. */
static int wait_for(struct load *load, struct epoll_event *events, int room)
{
    int64_t due_ns = load->begin_ns + (int64_t)load->sent * load->step_ns;
    int64_t left_ns = load->sent < load->wanted ? due_ns - now_ns() : DRAIN_NS;
    if (left_ns < 0)
        left_ns = find_idle(load) != NULL ? 0 : DRAIN_NS;
    struct timespec timeout = {.tv_sec = left_ns / 1000000000, .tv_nsec = left_ns % 1000000000};
    return epoll_pwait2(load->epoll, events, room, &timeout, NULL);
}

static void run(struct load *load)
{
    struct epoll_event events[64];
    int64_t last_ns = load->begin_ns + (int64_t)load->wanted * load->step_ns + DRAIN_NS;

    while (load->answered < load->wanted) {
        int64_t now = now_ns();
        need(now < last_ns, "the server does not keep up");
        send_due(load, now);
        int n = wait_for(load, events, 64);
        for (int i = 0; i < n; i++)
            receive(load, events[i].data.ptr);
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv)
{
    static struct load load;

    if (argc != 6) {
        fputs("usage: bench_rate PORT REQUESTS-A-SECOND SECONDS CONNECTIONS FILE\n", stderr);
        return 2;
    }
    size_t rate = strtoul(argv[2], NULL, 10);
    load.connection_count = strtoul(argv[4], NULL, 10);
    load.wanted = rate * strtoul(argv[3], NULL, 10);
    need(load.wanted > 0 && load.connection_count > 0 && load.connection_count <= CONNECTIONS_MAX,
         "arguments");
    load.step_ns = 1000000000 / (int64_t)rate;
    need((load.took_us = calloc(load.wanted, sizeof(*load.took_us))) != NULL, "memory");
    read_requests(&load, argv[5]);
    open_connections(&load, argv[1]);
    prctl(PR_SET_TIMERSLACK, 1UL); /* wakes when it is due, not 50 us later */
    load.begin_ns = now_ns();
    run(&load);
    qsort(load.took_us, load.answered, sizeof(*load.took_us), by_size);
    printf("%zu %zu %u %u %u %u\n", load.answered, load.errors, load.took_us[load.answered / 2],
           load.took_us[load.answered * 99 / 100], load.took_us[load.answered * 999 / 1000],
           load.took_us[load.answered - 1]);
    return 0;
}
