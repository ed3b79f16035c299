/* `scopemint leak check`: a file of found strings, one a line, shown to the server's leak desk a
 * hundred at a time. What is printed of a string is its first characters, enough to find it again
 * in the file (P5). Exit code 0: nothing that was found is live; 1: something is, or was until
 * --act ended it. */
#include <assert.h>
#include <string.h>

#include "cli/api.h"
#include "cli/load.h"
#include "client/found.h"
#include "core/limits.h"
#include "json/write.h"

/* Escapes make at most six bytes of one, and the whole still fits a body. */
enum { INPUT_MAX = 64 * 1024 * 1024, BATCH = 100, BATCH_BYTES = 128 * 1024 };
static_assert(6 * (BATCH_BYTES + LIMIT_TOKEN) + 8 * BATCH < LIMIT_BODY_BATCH, "a batch is a body");

struct line {
    struct str text; /* tidy */
    size_t number;   /* in the file, from 1 */
};

struct leak_check {
    struct cli *cli;
    const struct credentials *credentials;
    struct output output;
    struct str rest; /* of the input */
    size_t number;   /* of the line in front of it */
    struct line lines[BATCH];
    size_t count;
    size_t live, failed; /* those that were live; of these, those that --act could not end */
    bool act;
};

/* The next lines that say something. False: there are none. */
static bool next_lines(struct leak_check *c)
{
    struct str line;
    size_t bytes = 0;

    c->count = 0;
    while (c->count < BATCH && bytes < BATCH_BYTES && str_split(&c->rest, '\n', &line)) {
        struct str text = found_tidy(line);
        c->number++;
        if (text.len == 0 || text.ptr[0] == '#')
            continue;
        if (text.len > LIMIT_TOKEN) {
            cli_say("line %zu is longer than any token or secret, and was left out", c->number);
            continue;
        }
        if (!str_is_utf8(text) || memchr(text.ptr, '\0', text.len) != NULL) {
            cli_say("line %zu is no text, and was left out", c->number);
            continue;
        }
        c->lines[c->count++] = (struct line){text, c->number};
        bytes += text.len;
    }
    return c->count > 0;
}

static bool write_body(const struct leak_check *c, struct buf *out)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_key(&w, STR("strings"));
    json_write_array_begin(&w);
    for (size_t i = 0; i < c->count; i++)
        json_write_string(&w, c->lines[i].text);
    json_write_array_end(&w);
    json_write_member_bool(&w, STR("act"), c->act);
    json_write_object_end(&w);
    return !out->failed;
}

/* ---- the answer ---- */

static struct str text_of(const struct json_value *item, const char *key)
{
    struct str text = STR_NONE;
    (void)json_find_string(item, str_from(key), &text);
    return text;
}

static bool is_true(const struct json_value *item, const char *key)
{
    bool truth = false;
    return json_find_bool(item, str_from(key), &truth) == JSON_FOUND && truth;
}

static void put_text(struct output *o, const char *key, struct str text)
{
    if (text.len > 0)
        output_str(o, key, text);
    else
        output_null(o, key);
}

/* Whichever of the two it has. */
static struct str either(const struct json_value *item, const char *one, const char *other)
{
    struct str text = text_of(item, one);
    return text.len > 0 ? text : text_of(item, other);
}

/* A table has what a person acts on; JSON all that the server said. */
static void put_row(struct leak_check *c, const struct line *line, const struct json_value *item)
{
    struct output *o = &c->output;

    output_row_begin(o);
    output_int(o, "line", (int64_t)line->number);
    output_str(o, "string", found_prefix(line->text));
    for (const struct json_value *v = o->json ? json_first(item) : NULL; v != NULL;
         v = json_next(v)) {
        char name[64];
        snprintf(name, sizeof(name), "%.*s", STR_ARG(json_key(v)));
        api_put_member(o, name, v, false);
    }
    if (!o->json) {
        put_text(o, "kind", text_of(item, "kind"));
        put_text(o, "state", text_of(item, "state"));
        put_text(o, "application", either(item, "application_name", "client_id"));
        put_text(o, "id", either(item, "token_sid", "secret_id"));
        put_text(o, "last_used", either(item, "date_last_accessed", "date_last_used"));
        output_bool(o, "acted", is_true(item, "acted"));
    }
    output_row_end(o);
}

/* What --act was to end and did not is live still, or disabled for now. */
static void count_item(struct leak_check *c, const struct line *line, const struct json_value *item)
{
    struct str state = text_of(item, "state");
    bool acted = is_true(item, "acted"), live = str_eq(state, STR("live"));

    c->live += live || acted;
    if (!c->act || acted || !(live || str_eq(state, STR("disabled"))))
        return;
    struct str reason = text_of(item, "reason");
    if (reason.len == 0)
        return; /* somebody else ended it just before */
    c->failed++;
    cli_say("line %zu: %.*s", line->number, STR_ARG(reason));
}

static bool put_items(struct leak_check *c, const struct json_value *body)
{
    const struct json_value *items = json_member(body, STR("items"));
    size_t i = 0;

    if (!json_is(items, JSON_ARRAY) || json_count(items) != c->count) {
        cli_say("the answer has not an item for each string; is --server the address of a "
                "Scopemint?");
        return false;
    }
    for (const struct json_value *item = json_first(items); item != NULL; item = json_next(item)) {
        count_item(c, &c->lines[i], item);
        put_row(c, &c->lines[i++], item);
    }
    return true;
}

/* ---- asking ---- */

static enum cli_exit take_reply(struct leak_check *c, const struct http_reply *reply)
{
    enum cli_exit code = CLI_OK;
    struct arena arena;

    arena_init(&arena, NULL, 0, API_ARENA);
    const struct json_value *body = api_parse(&arena, buf_view(&reply->body));
    if (reply->status != 200)
        code = api_explain_failure(reply, body);
    else if (!put_items(c, body))
        code = CLI_FAILED;
    arena_reset(&arena);
    return code;
}

static enum cli_exit send_body(struct leak_check *c, struct str body)
{
    const struct api_request request = {
        .method = "POST",
        .path = STR("/core/v2/admin/leaks"),
        .content_type = STR("application/json"),
        .body = body,
    };
    struct http_reply reply;

    if (!api_send(c->credentials, &request, &reply))
        return CLI_UNAVAILABLE;
    enum cli_exit code = take_reply(c, &reply);
    http_reply_done(&reply);
    return code;
}

static enum cli_exit ask_batch(struct leak_check *c)
{
    enum cli_exit code = CLI_FAILED;
    struct buf body;

    buf_init_heap(&body, LIMIT_BODY_BATCH);
    if (write_body(c, &body))
        code = send_body(c, buf_view(&body));
    else
        cli_say("memory is short");
    buf_free(&body); /* wipes */
    return code;
}

/* What the batches before said is printed, whatever becomes of the one that fails. */
static enum cli_exit ask_all(struct leak_check *c)
{
    enum cli_exit code = CLI_OK;
    bool any = false;

    output_init(&c->output, cli_wants_json(c->cli));
    output_table_begin(&c->output);
    while (code == CLI_OK && next_lines(c)) {
        code = ask_batch(c);
        any = any || code == CLI_OK;
        if (code != CLI_OK && any)
            cli_say("nothing from line %zu on was looked at", c->lines[0].number);
    }
    if (code != CLI_OK && !any) {
        output_drop(&c->output);
        return code;
    }
    output_table_end(&c->output);
    if (code == CLI_OK && c->live > 0)
        code = CLI_FAILED;
    code = cli_finish(&c->output, code);
    if (c->live > 0)
        cli_say("%zu of them opened something when they were looked at%s", c->live,
                c->act ? "" : "; --act ends that");
    if (c->failed > 0)
        cli_say("%zu could not be ended", c->failed);
    return code;
}

static enum cli_exit run(struct cli *cli, struct arena *arena, struct str input)
{
    struct credentials credentials;
    struct leak_check *c = arena_zalloc(arena, sizeof(*c));

    if (c == NULL) {
        cli_say("memory is short");
        return CLI_FAILED;
    }
    enum cli_exit code = credentials_find(cli, arena, &credentials);
    if (code == CLI_OK)
        code = credentials_ready(&credentials, arena);
    if (code != CLI_OK)
        return code;
    c->cli = cli;
    c->credentials = &credentials;
    c->rest = input;
    c->act = cli_value(cli, "--act") != NULL;
    return ask_all(c);
}

enum cli_exit cli_leak_check_run(struct cli *cli)
{
    enum cli_exit code = CLI_FAILED;
    struct arena arena;
    struct buf input;

    buf_init_heap(&input, INPUT_MAX);
    arena_init(&arena, NULL, 0, API_ARENA);
    if (cli_read_file(cli->operands[0], INPUT_MAX, &input))
        code = run(cli, &arena, buf_view(&input));
    arena_reset(&arena); /* wipes */
    buf_free(&input);
    return code;
}
