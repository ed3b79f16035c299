/* What Redis says to the link: any bytes at all, in pieces of any size, over a real connection. The
 * first byte of an input is the size of the pieces (0: all at once), the rest is said whatever was
 * asked. Nobody aborts, reads too far or keeps what has no end; the connection ends when the other
 * side has, and the store, of which nothing may change, has what it had. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "core/log.h"
#include "fuzz.h"
#include "revocation/link.h"
#include "support/fake.h"
#include "support/loop_thread.h"

enum { NOW_S = 1700000000, ENTRIES = 3, PATIENCE_MS = 5000 };

struct scene {
    struct fake_clock clock;
    struct fake_entropy entropy; /* the same feed id each time, so that a corpus can name it */
    struct store *store;
    struct loop_thread *loop;
    struct metrics_registry registry;
    struct metrics metrics;
    struct sockaddr_un address;
    int listener;
};

/* ---- turning the loop ---- */

static void do_nothing(struct loop_msg *msg)
{
    (void)msg;
}

static bool is_second_look(void *context)
{
    bool *looked = context;
    bool before = *looked;

    *looked = true;
    return before;
}

/* Without waiting: the message is there at once. */
static void turn(struct scene *scene)
{
    static struct loop_msg msg = {.run = do_nothing};
    bool looked = false;

    loop_post(loop_thread_loop(scene->loop), &msg);
    bool done = loop_thread_until(scene->loop, is_second_look, &looked, PATIENCE_MS);
    assert(done);
}

/* ---- the scene ---- */

static void on_done(struct store_request *request)
{
    assert(result_ok(request->result));
    request->next = request; /* the mark */
}

static bool is_marked(void *context)
{
    const struct store_request *request = context;
    return request->next == request;
}

static void add_epoch(struct scene *scene, uint8_t number)
{
    struct store_request request = {.verb = STORE_EPOCH_CREATE,
                                    .loop = loop_thread_loop(scene->loop),
                                    .done = on_done,
                                    .in.epoch_create = {.kind = ENTRY_EPOCH_APPLICATION,
                                                        .id = {{number}},
                                                        .end_s = NOW_S + 900}};

    store_submit(scene->store, &request);
    bool done = loop_thread_until(scene->loop, is_marked, &request, PATIENCE_MS);
    assert(done);
}

static void listen_somewhere(struct scene *scene)
{
    char folder[] = "/tmp/fuzz_wire.XXXXXX";

    scene->address.sun_family = AF_UNIX;
    scene->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    bool made = mkdtemp(folder) != NULL;
    snprintf(scene->address.sun_path, sizeof(scene->address.sun_path), "%s/s", folder);
    const struct sockaddr *address = (const struct sockaddr *)&scene->address;
    bool bound = bind(scene->listener, address, sizeof(scene->address)) == 0 &&
                 listen(scene->listener, 8) == 0;
    assert(made && bound);
}

static struct scene the_scene;

static void close_scene(void)
{
    char *folder = the_scene.address.sun_path;

    store_close(&the_scene.store);
    turn(&the_scene); /* what it still answered */
    loop_thread_free(&the_scene.loop);
    unlink(folder);
    folder[strlen(folder) - 2] = '\0';
    rmdir(folder);
}

static struct scene *open_scene(void)
{
    struct scene *scene = &the_scene;
    struct buf error;

    if (scene->store != NULL)
        return scene;
    signal(SIGPIPE, SIG_IGN);
    log_set_level(LOG_ERROR + 1);
    fake_clock_init(&scene->clock, NOW_S * INT64_C(1000));
    fake_entropy_init(&scene->entropy, 1);
    buf_init_heap(&error, 1000);
    const struct store_options options = {.url = STR("memory:"),
                                          .clock = &scene->clock.clock,
                                          .entropy = &scene->entropy.entropy,
                                          .expired_kept_s = 1000};
    const struct store_hooks hooks = {0};
    struct result opened = store_open(&options, &scene->store, &error);
    struct result started = result_ok(opened) ? store_start(scene->store, &hooks) : opened;
    assert(result_ok(started));
    buf_free(&error);
    scene->loop = loop_thread_new();
    metrics_register(&scene->registry, &scene->metrics);
    for (uint8_t i = 1; i <= ENTRIES; i++)
        add_epoch(scene, i);
    listen_somewhere(scene);
    atexit(close_scene);
    return scene;
}

/* ---- one input ---- */

static int accept_link(struct scene *scene)
{
    int fd;

    do
        turn(scene);
    while ((fd = accept(scene->listener, NULL, NULL)) < 0);
    return fd;
}

static void say(struct scene *scene, int fd, const uint8_t *data, size_t size, size_t piece)
{
    for (size_t n = 0; size > 0; data += n, size -= n) {
        n = size < piece ? size : piece;
        if (send(fd, data, n, MSG_NOSIGNAL) < 0)
            return;
        turn(scene);
    }
}

static bool has_lost(void *context)
{
    return revocation_link_state(context) == LINK_CONNECTING;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct scene *scene = open_scene();
    struct revocation_link *link = NULL;
    const struct revocation_link_options options = {.unix_path = str_from(scene->address.sun_path),
                                                    .loop = loop_thread_loop(scene->loop),
                                                    .store = scene->store,
                                                    .clock = &scene->clock.clock,
                                                    .metrics = &scene->metrics};
    /* What a socket takes at once: nobody reads here while it is filled. */
    enum { PIECE_MAX = 32 * 1024 };

    struct result made = revocation_link_new(&options, &link);
    assert(result_ok(made));
    int fd = accept_link(scene);
    size_t piece = size > 0 && data[0] > 0 ? data[0] : PIECE_MAX;
    if (size > 0)
        say(scene, fd, data + 1, size - 1, piece);
    shutdown(fd, SHUT_WR);
    bool lost = loop_thread_until(scene->loop, has_lost, link, PATIENCE_MS);
    assert(lost);
    revocation_link_free(&link);
    close(fd);
    turn(scene);
    assert(store_last_number(scene->store) == ENTRIES);
    return 0;
}
