/* Clients that mean no good, as many as one core can play, until they are ended by SIGTERM:
 *
 *   bench_flood connect PORT       opens connections and resets them at once
 *   bench_flood half PORT          keeps a thousand half-sent heads and bodies, and gives up the
 *                                  oldest for each new one
 *   bench_flood leave PORT FILE    sends the whole request in FILE and resets before the answer
 *
 * They come from 127.0.0.2. Prints how many there were when it ends. */
#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { HELD = 1000, REQUEST_MAX = 65536 };

static const char half_head[] = "GET /oauth/jwks HTTP/1.1\r\nHost: x\r\nX-Half: ";
static const char half_body[] = "POST /oauth/introspect HTTP/1.1\r\nHost: x\r\n"
                                "Content-Type: application/x-www-form-urlencoded\r\n"
                                "Content-Length: 60000\r\n\r\ntoken=";

static volatile sig_atomic_t over;

static void on_signal(int number)
{
    (void)number;
    over = 1;
}

static struct sockaddr_in address_of(uint32_t host, uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(host), .sin_port = htons(port)};
}

/* -1 where the server takes none. Its end is a reset, so that no port is left waiting. */
static int open_connection(uint16_t port)
{
    struct sockaddr_in from = address_of(INADDR_LOOPBACK + 1, 0);
    struct sockaddr_in to = address_of(INADDR_LOOPBACK, port);
    struct linger reset = {.l_onoff = 1, .l_linger = 0};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0)
        return -1;
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
    if (bind(fd, (void *)&from, sizeof(from)) == 0 && connect(fd, (void *)&to, sizeof(to)) == 0)
        return fd;
    close(fd);
    return -1;
}

static size_t read_request(const char *path, char *out)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        perror(path);
        exit(1);
    }
    size_t size = fread(out, 1, REQUEST_MAX, file);
    fclose(file);
    return size;
}

/* Sends text on a new connection and gives up the one that held its place. */
static bool one_more(uint16_t port, const char *text, size_t size, int *held)
{
    if (*held >= 0)
        close(*held);
    *held = open_connection(port);
    return *held >= 0 && (size == 0 || send(*held, text, size, MSG_NOSIGNAL) == (ssize_t)size);
}

int main(int argc, char **argv)
{
    static char request[REQUEST_MAX];
    static int held[HELD];
    struct sigaction action = {.sa_handler = on_signal};
    size_t size = 0, done = 0, failed = 0, places = 1;

    if (argc < 3 || (strcmp(argv[1], "leave") == 0) != (argc == 4)) {
        fputs("usage: bench_flood connect|half PORT, or leave PORT FILE\n", stderr);
        return 2;
    }
    bool is_half = strcmp(argv[1], "half") == 0;
    if (is_half)
        places = HELD;
    else if (argc == 4)
        size = read_request(argv[3], request);
    memset(held, -1, sizeof(held));
    sigaction(SIGTERM, &action, NULL);
    while (!over) {
        const char *text = !is_half ? request : done % 2 == 0 ? half_head : half_body;
        bool good = one_more((uint16_t)strtoul(argv[2], NULL, 10), text,
                             is_half ? strlen(text) : size, &held[done % places]);
        failed += !good;
        done++;
    }
    printf("%zu %zu\n", done, failed);
    return 0;
}
