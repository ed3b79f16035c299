/* See credentials.h. */
#include "cli/credentials.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/api.h"
#include "cli/load.h"

enum { FILE_MAX = 16 * 1024 * 1024 /* that of an init may name thousands */, PATH_BYTES = 4096 };

/* ---- the server's address ---- */

static bool is_loopback(struct str host)
{
    return str_eq(host, STR("localhost")) || str_eq(host, STR("[::1]")) ||
           (str_starts_with(host, STR("127.")) && strspn(host.ptr, "0123456789.") >= host.len);
}

/* Of "host[:port]" or "[v6][:port]". */
static struct str host_of(struct str authority)
{
    if (authority.len > 0 && authority.ptr[0] == '[') {
        size_t end = str_find(authority, ']');
        return str_slice(authority, 0, end < authority.len ? end + 1 : end);
    }
    return str_slice(authority, 0, str_find(authority, ':'));
}

const char *credentials_check_server(struct str url, struct str *out)
{
    bool clear = str_starts_with(url, STR("http://"));

    if (!clear && !str_starts_with(url, STR("https://")))
        return "write it as https://host[:port]";
    if (str_ends_with(url, STR("/")))
        url = str_slice(url, 0, url.len - 1);
    struct str authority = str_slice(url, clear ? 7 : 8, url.len);
    for (size_t i = 0; i < authority.len; i++)
        if (strchr("/?#@\\%", authority.ptr[i]) != NULL || authority.ptr[i] <= ' ')
            return "write it as https://host[:port], with nothing behind it";
    struct str host = host_of(authority);
    if (host.len == 0)
        return "it names no host";
    if (clear && !is_loopback(host))
        return "http would send secrets in clear text; use https, or http on this machine";
    *out = url;
    return NULL;
}

/* ---- the file ---- */

static bool refuse_mode(const char *path, const struct stat *file)
{
    cli_say("%s can be read by others (mode %03o); run: chmod 600 %s", path,
            (unsigned)(file->st_mode & 0777), path);
    return false;
}

static bool read_private(int handle, const char *path, struct buf *out)
{
    struct stat file;

    if (fstat(handle, &file) != 0 || !S_ISREG(file.st_mode)) {
        cli_say("%s is not a file", path);
        return false;
    }
    if ((file.st_mode & 077) != 0)
        return refuse_mode(path, &file);
    return cli_read_handle(handle, path, FILE_MAX, out);
}

static const char *terminated(struct arena *arena, struct str text)
{
    char *out = arena_alloc(arena, text.len + 1);

    if (out == NULL)
        return NULL;
    if (text.len > 0)
        memcpy(out, text.ptr, text.len);
    out[text.len] = '\0';
    return out;
}

static void take(const struct json_value *object, struct str key, struct str *out)
{
    if (out->len == 0)
        (void)json_find_string(object, key, out);
}

/* Fills in what is not known yet: who asks is taken from one place, never put together from two. */
static void take_object(const struct json_value *root, struct arena *arena, struct credentials *c)
{
    const struct json_value *admin = json_member(root, STR("admin"));
    struct str ca_file = STR_NONE;

    take(root, STR("server"), &c->server);
    take(root, STR("issuer"), &c->server);
    take(root, STR("ca_file"), &ca_file);
    if (c->ca_file == NULL && ca_file.len > 0)
        c->ca_file = terminated(arena, ca_file);
    if (c->token.len > 0 || c->client_id.len > 0)
        return;
    take(root, STR("token"), &c->token);
    take(admin != NULL ? admin : root, STR("client_id"), &c->client_id);
    take(admin != NULL ? admin : root, STR("client_secret"), &c->client_secret);
}

static bool read_file(const char *path, int handle, struct arena *arena, struct credentials *c)
{
    static const struct json_limits limits = {.depth = 8, .keys = 1 << 20, .values = 1 << 22};
    const struct json_value *root;
    struct buf text;

    buf_init_arena(&text, arena, 4096, FILE_MAX);
    if (!read_private(handle, path, &text))
        return false;
    if (json_parse(arena, buf_view(&text), &limits, &root, NULL) != ERR_NONE ||
        !json_is(root, JSON_OBJECT)) {
        cli_say("%s is not a JSON object; `scopemint help token list` shows what goes into it",
                path);
        return false;
    }
    take_object(root, arena, c);
    return true;
}

/* Where the file is by default; NULL: the environment does not tell. */
static const char *default_path(const struct cli *cli, struct arena *arena)
{
    const char *base = cli_environment(cli, STR("XDG_CONFIG_HOME"));
    const char *below = "/scopemint/credentials.json";
    struct buf path;

    if (base == NULL) {
        base = cli_environment(cli, STR("HOME"));
        below = "/.config/scopemint/credentials.json";
    }
    if (base == NULL)
        return NULL;
    buf_init_arena(&path, arena, 256, PATH_BYTES);
    buf_cstr(&path, base);
    buf_cstr(&path, below);
    buf_char(&path, '\0');
    return path.failed ? NULL : path.ptr;
}

/* True also where there is no file and none was named. */
static bool find_file(const struct cli *cli, struct arena *arena, struct credentials *c)
{
    const char *path = cli_value(cli, "--credentials");

    if (path == NULL)
        path = cli_environment(cli, STR("SCOPEMINT_CREDENTIALS"));
    bool named = path != NULL;
    if (!named)
        path = default_path(cli, arena);
    if (path == NULL)
        return true;
    int handle = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    if (handle < 0 && !named && (errno == ENOENT || errno == ENOTDIR))
        return true;
    if (handle < 0) {
        cli_say("%s: %s", path, strerror(errno));
        return false;
    }
    bool read = read_file(path, handle, arena, c);
    close(handle);
    return read;
}

/* ---- all of it ---- */

static struct str variable(const struct cli *cli, struct str name)
{
    return str_from(cli_environment(cli, name));
}

/* --server goes before whatever the file says, so it is put in first. */
static void take_environment(const struct cli *cli, struct credentials *c)
{
    const char *option = cli_value(cli, "--server");

    c->server = option != NULL ? str_from(option) : variable(cli, STR("SCOPEMINT_SERVER"));
    c->ca_file = cli_environment(cli, STR("SCOPEMINT_CA_FILE"));
    c->token = variable(cli, STR("SCOPEMINT_TOKEN"));
    if (c->token.len > 0)
        return;
    c->client_id = variable(cli, STR("SCOPEMINT_CLIENT_ID"));
    c->client_secret = variable(cli, STR("SCOPEMINT_CLIENT_SECRET"));
}

static enum cli_exit take_issuer(struct cli *cli, struct arena *arena, struct credentials *c)
{
    struct config *config;

    if (access(cli_config_path(cli), R_OK) != 0) {
        cli_say("which server? give --server URL or set SCOPEMINT_SERVER");
        return CLI_USAGE;
    }
    if (!cli_load_config(cli, &config))
        return CLI_CONFIG;
    c->server = arena_str(arena, config->server.issuer);
    config_free(&config);
    return CLI_OK;
}

enum cli_exit credentials_find(struct cli *cli, struct arena *arena, struct credentials *out)
{
    struct credentials c = {.ca_file = NULL};
    enum cli_exit code = CLI_OK;

    take_environment(cli, &c);
    /* A file that is not needed is not read: it may be another server's, or unreadable here. */
    bool complete = c.server.len > 0 && (c.token.len > 0 || c.client_id.len > 0);
    if ((!complete || cli_value(cli, "--credentials") != NULL) && !find_file(cli, arena, &c))
        return CLI_UNAUTHORISED;
    if (c.server.len == 0)
        code = take_issuer(cli, arena, &c);
    if (code != CLI_OK)
        return code;
    const char *wrong = credentials_check_server(c.server, &c.server);
    if (wrong != NULL) {
        cli_say("the server's address `%.*s`: %s", STR_ARG(c.server), wrong);
        return CLI_USAGE;
    }
    *out = c;
    return CLI_OK;
}

/* A minute is too short for `--all` over a large table, an hour longer than any command. */
static enum cli_exit exchange(struct credentials *c, struct arena *arena)
{
    static const struct api_request request = {
        .method = "POST",
        .path = STR_INIT("/oauth/token"),
        .content_type = STR_INIT("application/x-www-form-urlencoded"),
        .body =
            STR_INIT("grant_type=client_credentials&name=scopemint+command&access_token_ttl=600"),
    };
    struct http_reply reply;
    struct str token;
    enum cli_exit code = CLI_OK;

    if (!api_send(c, &request, &reply))
        return CLI_UNAVAILABLE;
    const struct json_value *body = api_parse(arena, buf_view(&reply.body));
    if (reply.status == 200 && json_find_string(body, STR("access_token"), &token) == JSON_FOUND)
        c->token = arena_str(arena, token);
    else
        code = api_explain_failure(&reply, body);
    http_reply_done(&reply);
    return code == CLI_REFUSED ? CLI_UNAUTHORISED : code;
}

enum cli_exit credentials_ready(struct credentials *credentials, struct arena *arena)
{
    if (credentials->token.len > 0)
        return CLI_OK;
    if (credentials->client_id.len > 0 && credentials->client_secret.len > 0)
        return exchange(credentials, arena);
    cli_say("as whom? set SCOPEMINT_TOKEN, or SCOPEMINT_CLIENT_ID and SCOPEMINT_CLIENT_SECRET, or "
            "give\nscopemint: --credentials FILE, such as the one of `scopemint init "
            "--secrets-file`");
    return CLI_UNAUTHORISED;
}
