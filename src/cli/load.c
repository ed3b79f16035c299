/* See load.h. */
#include "cli/load.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { ERRORS_MAX = 256 * 1024 };

void cli_print_errors(struct buf *errors)
{
    if (errors->len > 0)
        fwrite(errors->ptr, 1, errors->len, stderr);
    buf_free(errors);
}

bool cli_load_config(const struct cli *cli, struct config **out)
{
    struct config_source source;
    struct buf errors;

    cli_config_source(cli, &source);
    buf_init_heap(&errors, ERRORS_MAX);
    bool loaded = config_load(&source, out, &errors);
    cli_print_errors(&errors);
    return loaded;
}

bool cli_load_catalogue(const struct config *config, struct scope_catalogue **out)
{
    struct buf errors;

    buf_init_heap(&errors, ERRORS_MAX);
    bool loaded = catalogue_load(config->scopes.dir.ptr, NULL, out, &errors);
    cli_print_errors(&errors);
    return loaded;
}

bool cli_load_scopes(const struct cli *cli, struct config **out_config,
                     struct scope_catalogue **out_catalogue)
{
    struct config *config;

    if (!cli_load_config(cli, &config))
        return false;
    if (!cli_load_catalogue(config, out_catalogue)) {
        config_free(&config);
        return false;
    }
    *out_config = config;
    return true;
}

bool cli_read_handle(int file, const char *name, size_t max, struct buf *out)
{
    enum { PIECE = 16 * 1024 };

    for (;;) {
        char *at = buf_reserve(out, PIECE);
        if (at == NULL) {
            cli_say("%s is longer than %zu bytes", name, max);
            return false;
        }
        ssize_t n = read(file, at, PIECE);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0) {
            cli_say("%s: %s", name, strerror(errno));
            return false;
        }
        if (n == 0)
            return true;
        out->len += (size_t)n;
    }
}

bool cli_read_file(const char *path, size_t max, struct buf *out)
{
    bool is_input = strcmp(path, "-") == 0;
    int file = is_input ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);

    if (file < 0) {
        cli_say("%s: %s", path, strerror(errno));
        return false;
    }
    bool done = cli_read_handle(file, is_input ? "standard input" : path, max, out);
    if (!is_input)
        close(file);
    return done;
}

enum cli_exit cli_finish(struct output *output, enum cli_exit code)
{
    if (output_finish(output, stdout))
        return code;
    cli_say("standard output: %s", errno != 0 ? strerror(errno) : "the answer is too long");
    return CLI_FAILED;
}
