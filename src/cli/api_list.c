/* Lists of the server (SPEC 5), one page or all of them. The next page's address is the server's,
 * but only its query is followed: the token goes to the server it was meant for. */
#include <errno.h>

#include "cli/api.h"
#include "cli/load.h"

struct listing {
    struct cli *cli;
    const struct credentials *credentials;
    struct str path; /* of the request, without query */
    struct output output;
    struct str columns[OUTPUT_COLUMNS_MAX];
    char column_names[OUTPUT_COLUMNS_MAX][64];
    size_t column_count;
    bool all, more;
};

static void add_column(struct listing *l, struct str name)
{
    if (name.len == 0 || l->column_count == OUTPUT_COLUMNS_MAX)
        return;
    char *text = l->column_names[l->column_count++];
    snprintf(text, sizeof(l->column_names[0]), "%.*s", STR_ARG(name));
}

/* --include-fields chooses the table's columns too. */
static void choose_columns(struct listing *l)
{
    const char *fields = cli_value(l->cli, "--include-fields");
    struct str rest = str_from(fields), name;

    for (size_t i = 0; fields == NULL && l->cli->command->api->columns[i] != NULL; i++)
        add_column(l, str_from(l->cli->command->api->columns[i]));
    while (fields != NULL && str_split(&rest, ',', &name))
        add_column(l, str_trim_blanks(name));
}

static void put_row(struct listing *l, const struct json_value *item)
{
    struct output *o = &l->output;

    output_row_begin(o);
    if (o->json) {
        for (const struct json_value *v = json_first(item); v != NULL; v = json_next(v)) {
            char name[256];
            snprintf(name, sizeof(name), "%.*s", STR_ARG(json_key(v)));
            api_put_member(o, name, v, false);
        }
    }
    for (size_t i = 0; !o->json && i < l->column_count; i++)
        api_put_member(o, l->column_names[i], json_member(item, str_from(l->column_names[i])),
                       true);
    output_row_end(o);
}

/* Prints a page's rows. *out_next: path and query of the page behind it, in the arena; empty: this
 * was the last. False after saying what is wrong with the answer. */
static bool put_page(struct listing *l, struct str text, struct arena *arena, struct str *out_next)
{
    const struct json_value *page = api_parse(arena, text);
    const struct json_value *items = json_member(page, STR("items"));
    struct str next = STR_NONE;

    if (!json_is(items, JSON_ARRAY)) {
        cli_say("the answer is no list; is --server the address of a Scopemint?");
        return false;
    }
    for (const struct json_value *item = json_first(items); item != NULL; item = json_next(item))
        put_row(l, item);
    *out_next = STR_NONE;
    l->more =
        json_find_string(json_member(page, STR("pagination")), STR("next"), &next) == JSON_FOUND;
    size_t query = str_find(next, '?');
    if (!l->more || !l->all || query == next.len)
        return true;
    struct buf path;
    buf_init_arena(&path, arena, 256, 32 * 1024);
    buf_str(&path, l->path);
    buf_str(&path, str_slice(next, query, next.len));
    *out_next = buf_view(&path);
    return !path.failed;
}

/* One more page; *path becomes that of the one behind it, its memory *arena's, which is new. */
static enum cli_exit next_page(struct listing *l, struct arena *arena, struct str *path)
{
    struct api_request request = {.method = "GET", .path = *path};
    struct http_reply reply;
    struct arena fresh;
    struct str next;
    enum cli_exit code = CLI_OK;

    if (!api_send(l->credentials, &request, &reply))
        return CLI_UNAVAILABLE;
    arena_init(&fresh, NULL, 0, API_ARENA);
    if (reply.status != 200)
        code = api_explain_failure(&reply, api_parse(&fresh, buf_view(&reply.body)));
    else if (!put_page(l, buf_view(&reply.body), &fresh, &next))
        code = CLI_FAILED;
    else if (str_eq(next, *path)) /* or it would never end */
        next = STR_NONE;
    http_reply_done(&reply);
    if (code != CLI_OK) {
        arena_reset(&fresh);
        return code;
    }
    arena_reset(arena);
    *arena = fresh;
    *path = next;
    if (output_flush(&l->output, stdout))
        return CLI_OK;
    cli_say("standard output: %s", strerror(errno));
    return CLI_FAILED;
}

static enum cli_exit print_pages(struct listing *l, struct str first)
{
    struct arena arena;
    struct str path;
    enum cli_exit code = CLI_OK;

    arena_init(&arena, NULL, 0, API_ARENA);
    output_table_begin(&l->output);
    if (!put_page(l, first, &arena, &path))
        code = CLI_FAILED;
    while (code == CLI_OK && path.len > 0)
        code = next_page(l, &arena, &path);
    arena_reset(&arena);
    if (code != CLI_OK) {
        output_drop(&l->output);
        return code;
    }
    output_table_end(&l->output);
    code = cli_finish(&l->output, CLI_OK);
    if (l->more && !l->all)
        cli_say("there are more; --all fetches them, --limit N makes pages longer");
    return code;
}

enum cli_exit api_print_list(struct cli *cli, const struct credentials *credentials,
                             const struct api_request *request, const struct http_reply *first)
{
    struct listing l = {
        .cli = cli,
        .credentials = credentials,
        .path = str_slice(request->path, 0, str_find(request->path, '?')),
        .all = cli_value(cli, "--all") != NULL,
    };
    choose_columns(&l);
    output_init(&l.output, cli_wants_json(cli));
    return print_pages(&l, buf_view(&first->body));
}
