/* Runs a command that is one request to a server; see api.h. */
#include "cli/api.h"
#include "cli/load.h"
#include "core/limits.h"
#include "core/percent.h"

bool api_send(const struct credentials *credentials, const struct api_request *request,
              struct http_reply *out)
{
    struct buf url, why;

    buf_init_heap(&url, 64 * 1024);
    buf_init_heap(&why, 4096);
    buf_str(&url, credentials->server);
    buf_str(&url, request->path);
    const struct http_request http = {
        .method = request->method,
        .url = buf_view(&url),
        .ca_file = credentials->ca_file,
        .content_type = request->content_type,
        .body = request->body,
        .bearer = credentials->token,
        .user = credentials->token.len > 0 ? STR_NONE : credentials->client_id,
        .password = credentials->client_secret,
    };
    bool sent = http_send(&http, out, &why);
    if (!sent)
        cli_say("%.*s cannot be asked: %.*s", STR_ARG(credentials->server),
                STR_ARG(buf_view(&why)));
    buf_free(&why);
    buf_free(&url);
    return sent;
}

/* The form whose one field is what the file holds, blanks around it taken off. */
static bool read_secret(struct arena *arena, struct api_request *request)
{
    struct buf text, body;

    buf_init_arena(&text, arena, 1024, 64 * 1024);
    buf_init_arena(&body, arena, 1024, LIMIT_BODY);
    if (!cli_read_file(request->secret_file, 64 * 1024, &text))
        return false;
    struct str secret = str_trim_blanks(str_trim(buf_view(&text), '\n'));
    if (secret.len == 0) {
        cli_say("%s is empty", request->secret_file);
        return false;
    }
    buf_cstr(&body, request->secret_field);
    buf_char(&body, '=');
    percent_encode(secret, &body);
    request->body = buf_view(&body);
    if (body.failed)
        cli_say("%s is too long for a token", request->secret_file);
    return !body.failed;
}

static bool has_option(const struct cli *cli, const char *name)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && cli->command->options[i].name != NULL; i++)
        if (strcmp(cli->command->options[i].name, name) == 0)
            return true;
    return false;
}

static bool is_given(const struct cli *cli, const char *name)
{
    return has_option(cli, name) && cli_value(cli, name) != NULL;
}

/* All pages are fetched in as few requests as may be. */
static void lengthen_pages(struct cli *cli)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX && cli->command->options[i].name != NULL; i++)
        if (strcmp(cli->command->options[i].name, "--limit") == 0 && cli->values[i] == NULL)
            cli->values[i] = "1000";
}

static enum cli_exit print_curl(const struct credentials *credentials,
                                const struct api_request *request)
{
    struct buf line;

    buf_init_heap(&line, 8 * 1024 * 1024);
    api_curl(request, credentials->server, &line);
    bool written =
        !line.failed && fwrite(line.ptr, 1, line.len, stdout) == line.len && fflush(stdout) == 0;
    buf_free(&line);
    if (!written)
        cli_say("standard output does not take the command");
    return written ? CLI_OK : CLI_FAILED;
}

static enum cli_exit print_done(struct cli *cli, const char *done)
{
    struct output o;

    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_str(&o, "result", str_from(done));
    output_end(&o);
    return cli_finish(&o, CLI_OK);
}

static enum cli_exit print_object(struct cli *cli, const struct json_value *body)
{
    struct output o;

    if (!json_is(body, JSON_OBJECT)) {
        cli_say("the answer is not the object asked for; is --server the address of a Scopemint?");
        return CLI_FAILED;
    }
    output_init(&o, cli_wants_json(cli));
    api_put_object(&o, body);
    return cli_finish(&o, CLI_OK);
}

/* A server that has never heard of trying a change passes the word over, and makes the change. */
static bool was_tried(const struct api_verb *verb, const struct json_value *body)
{
    bool tried = false;

    if (verb->dry.query == NULL || (json_bool(json_member(body, STR("dry_run")), &tried) && tried))
        return true;
    cli_say("this server does not know dry runs: it has made the change");
    return false;
}

static enum cli_exit print_answer(struct cli *cli, const struct credentials *credentials,
                                  const struct api_request *request, const struct http_reply *reply,
                                  struct arena *arena)
{
    const struct api_verb *verb = cli->command->api;

    bool pages = verb->answer == API_LIST && (is_given(cli, "--all") || !cli_wants_json(cli));

    if (reply->status == 200 && pages)
        return api_print_list(cli, credentials, request, reply);
    if (reply->status == 204)
        return print_done(cli, verb->done != NULL ? verb->done : "done");
    const struct json_value *body = api_parse(arena, buf_view(&reply->body));
    if (reply->status < 200 || reply->status >= 300)
        return api_explain_failure(reply, body);
    if (is_given(cli, "--dry-run") && !was_tried(verb, body))
        return CLI_FAILED;
    return print_object(cli, body);
}

/* What ends much at once is not sent in passing. */
static bool is_sure(const struct cli *cli)
{
    const struct api_verb *verb = cli->command->api;

    if (verb->unsure == NULL || is_given(cli, "--dry-run") || is_given(cli, "--curl") ||
        is_given(cli, verb->sure[0]) || is_given(cli, verb->sure[1]))
        return true;
    cli_say("%s", verb->unsure);
    return false;
}

static enum cli_exit run(struct cli *cli, struct arena *arena)
{
    const struct api_verb *verb = cli->command->api;
    bool dry = is_given(cli, "--dry-run");
    struct credentials credentials;
    struct api_request request;
    struct http_reply reply;

    if (is_given(cli, "--all"))
        lengthen_pages(cli);
    if (!api_request_build(cli, dry ? &verb->dry : &verb->call, arena, &request) || !is_sure(cli))
        return CLI_USAGE;
    enum cli_exit code = credentials_find(cli, arena, &credentials);
    if (code != CLI_OK)
        return code;
    if (is_given(cli, "--curl"))
        return print_curl(&credentials, &request);
    if (request.secret_file != NULL && !read_secret(arena, &request))
        return CLI_FAILED;
    code = credentials_ready(&credentials, arena);
    if (code != CLI_OK)
        return code;
    if (!api_send(&credentials, &request, &reply))
        return CLI_UNAVAILABLE;
    code = print_answer(cli, &credentials, &request, &reply, arena);
    http_reply_done(&reply);
    if (dry && code == CLI_OK)
        cli_say("nothing was changed; this is what it is about");
    return code;
}

enum cli_exit cli_api_run(struct cli *cli)
{
    struct arena arena;

    arena_init(&arena, NULL, 0, API_ARENA);
    enum cli_exit code = run(cli, &arena);
    arena_reset(&arena); /* wipes */
    return code;
}
