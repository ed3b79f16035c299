#include "app/serve.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "app/harden.h"
#include "app/node.h"
#include "app/notify.h"
#include "cli/cli.h"
#include "core/log.h"

enum { ERRORS_MAX = 64 * 1024, TURN_MS = 250 };

/* Signals are read like any other input: no handler runs, so none can call what it must not
 * (THREATS-66). */
static int open_signals(void)
{
    sigset_t wanted;

    sigemptyset(&wanted);
    sigaddset(&wanted, SIGTERM);
    sigaddset(&wanted, SIGINT);
    sigaddset(&wanted, SIGHUP);
    if (pthread_sigmask(SIG_BLOCK, &wanted, NULL) != 0)
        return -1;
    return signalfd(-1, &wanted, SFD_CLOEXEC);
}

static void run(struct node *node, const struct config_source *source, const char *manager,
                int signals)
{
    struct pollfd watch = {.fd = signals, .events = POLLIN};
    struct signalfd_siginfo info;

    for (;;) {
        int ready = poll(&watch, 1, TURN_MS);
        quiesce_collect(&node->server.quiesce);
        if (ready <= 0 || read(signals, &info, sizeof(info)) != sizeof(info))
            continue;
        LOG(LOG_INFO, "signal", LF_CSTR("name", sigabbrev_np((int)info.ssi_signo)));
        if (info.ssi_signo != SIGHUP)
            return;
        notify_manager(manager, "RELOADING=1");
        node_reload(node, source);
        notify_manager(manager, "READY=1");
    }
}

static const char *manager_socket(char *const *envp)
{
    static const char name[] = "NOTIFY_SOCKET=";
    for (; envp != NULL && *envp != NULL; envp++)
        if (strncmp(*envp, name, sizeof(name) - 1) == 0)
            return *envp + sizeof(name) - 1;
    return NULL;
}

static int serve_config(struct config *config, const struct config_source *source,
                        struct buf *errors)
{
    const char *manager = manager_socket(source->envp);
    int signals = open_signals();
    struct node node;

    if (signals < 0) {
        buf_cstr(errors, "signals cannot be read on this system\n");
        config_free(&config);
        return CLI_FAILED;
    }
    harden_process();
    node_apply_log_level(config);
    enum cli_exit code = node_open(&node, config, errors);
    if (code == CLI_OK && !node_start(&node, errors))
        code = CLI_FAILED;
    if (code == CLI_OK) {
        LOG(LOG_INFO, "serving", LF_STR("issuer", config->server.issuer),
            LF_INT("threads", http_worker_count(node.http)));
        notify_manager(manager, "READY=1");
        run(&node, source, manager, signals);
        notify_manager(manager, "STOPPING=1");
    }
    node_stop(&node);
    close(signals);
    if (code == CLI_OK)
        LOG(LOG_INFO, "stopped", LF_BOOL("clean", true));
    return code;
}

/* A line each; some layers end their last one, some do not. Those about the configuration begin
 * with its file and line and stand alone, as in every command. */
static void print_errors(const char *before, const struct buf *errors)
{
    struct str rest = str_trim(buf_view(errors), '\n'), line;

    while (rest.len > 0 && str_split(&rest, '\n', &line))
        fprintf(stderr, "%s%.*s\n", before, STR_ARG(line));
}

int serve(const struct config_source *source)
{
    struct config *config;
    struct buf errors;
    int code = CLI_CONFIG;

    buf_init_heap(&errors, ERRORS_MAX);
    bool loaded = config_load(source, &config, &errors);
    if (loaded)
        code = serve_config(config, source, &errors);
    print_errors(loaded ? "scopemint: " : "", &errors);
    buf_free(&errors);
    return code;
}
