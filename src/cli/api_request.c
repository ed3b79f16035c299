/* From options and operands to a request; see api.h. Sends nothing and needs no server. */
#include "cli/api.h"
#include "cli/load.h"
#include "core/limits.h"
#include "core/percent.h"
#include "json/write.h"

enum { PATH_MAX_BYTES = 32 * 1024, BODY_FILE_MAX = 4 * 1024 * 1024 };

/* ---- the path ---- */

static bool put_segment(const char *what, struct str segment, struct buf *path)
{
    if (segment.len == 0 || str_eq(segment, STR(".")) || str_eq(segment, STR(".."))) {
        cli_say("`%.*s` is no %s", STR_ARG(segment), what);
        return false;
    }
    percent_encode(segment, path);
    return true;
}

/* Operands take the place of "{}", in order. */
static bool put_path(const struct cli *cli, const char *template, struct buf *path)
{
    size_t operand = 0;

    for (const char *at = template; *at != '\0'; at++) {
        if (*at != '{') {
            buf_char(path, *at);
            continue;
        }
        const char *given =
            operand < cli->operand_count ? cli->operands[operand] : cli->command->api->operand;
        if (!put_segment(cli->command->operands, str_from(given), path))
            return false;
        operand++;
        at++; /* the brace that closes */
    }
    return true;
}

/* The option's name as the server calls it. */
static struct str field_of(const struct cli_option *option, char memory[LIMIT_NAME])
{
    if (option->field != NULL)
        return str_from(option->field);
    size_t n = 0;
    for (const char *c = option->name + 2; *c != '\0' && n < LIMIT_NAME; c++)
        memory[n++] = *c == '-' ? '_' : *c;
    return str_make(memory, n);
}

static bool put_path_options(const struct cli *cli, struct buf *path)
{
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (option->use != USE_PATH || cli->values[i] == NULL)
            continue;
        buf_char(path, '/');
        if (!put_segment(option->value, str_from(cli->values[i]), path))
            return false;
    }
    return true;
}

static void put_query(const struct cli *cli, const char *fixed, struct buf *path)
{
    char separator = '?', memory[LIMIT_NAME];

    if (fixed != NULL) {
        buf_char(path, separator);
        buf_cstr(path, fixed);
        separator = '&';
    }
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (option->use != USE_QUERY || cli->values[i] == NULL)
            continue;
        buf_char(path, separator);
        buf_str(path, field_of(option, memory));
        buf_char(path, '=');
        percent_encode(str_from(option->value != NULL ? cli->values[i] : "true"), path);
        separator = '&';
    }
}

/* ---- the body ---- */

static bool refuse_value(const struct cli_option *option, const char *what)
{
    cli_say("%s: %s", option->name, what);
    return false;
}

static bool put_int(const struct cli_option *option, struct str value, struct json_writer *w)
{
    uint64_t number = 0;
    bool none = str_eq(value, STR("none"));

    if (!none && !str_to_u64(value, INT64_MAX, &number))
        return refuse_value(option, "write a whole number such as 900, or none");
    if (none)
        json_write_null(w);
    else
        json_write_int(w, (int64_t)number);
    return true;
}

static bool put_bool(const struct cli_option *option, struct str value, struct json_writer *w)
{
    bool yes = option->value == NULL || str_eq(value, STR("true"));

    if (!yes && !str_eq(value, STR("false")))
        return refuse_value(option, "write true or false");
    json_write_bool(w, yes);
    return true;
}

static void put_names(struct str value, struct json_writer *w)
{
    struct str rest = value, piece, name;

    json_write_array_begin(w);
    while (str_split(&rest, ',', &piece))
        while (str_split(&piece, ' ', &name))
            if (name.len > 0)
                json_write_string(w, name);
    json_write_array_end(w);
}

/* What a rule's body may bring is the most there is. */
static const struct json_limits limits = {
    .depth = LIMIT_JSON_DEPTH,
    .keys = LIMIT_JSON_KEYS,
    .values = LIMIT_ACL_ENTRIES + LIMIT_JSON_VALUES,
};

/* The file's text, once it is known to be JSON. */
static bool put_file(const struct cli_option *option, const char *path, struct arena *arena,
                     bool want_object, struct buf *out)
{
    const struct json_value *value;
    struct json_error error;
    struct buf text;

    buf_init_arena(&text, arena, 4096, BODY_FILE_MAX);
    if (!cli_read_file(path, BODY_FILE_MAX, &text))
        return false;
    enum err parsed = json_parse(arena, buf_view(&text), &limits, &value, &error);
    if (parsed != ERR_NONE) {
        cli_say("%s %s:%zu:%zu: %s", option->name, path, error.line, error.column, error.reason);
        return false;
    }
    if (want_object && !json_is(value, JSON_OBJECT))
        return refuse_value(option, "the body has to be a JSON object");
    buf_str(out, str_trim_blanks(str_trim(buf_view(&text), '\n')));
    return true;
}

static bool put_value(const struct cli_option *option, const char *value, struct arena *arena,
                      struct json_writer *w)
{
    struct buf json;

    if (!str_is_utf8(str_from(value)))
        return refuse_value(option, "the text is not UTF-8");
    switch (option->use) {
    case USE_INT:
        return put_int(option, str_from(value), w);
    case USE_BOOL:
        return put_bool(option, str_from(value), w);
    case USE_NAMES:
        put_names(str_from(value), w);
        return true;
    case USE_JSON:
        buf_init_arena(&json, arena, 4096, BODY_FILE_MAX);
        if (!put_file(option, value, arena, false, &json))
            return false;
        json_write_raw(w, buf_view(&json));
        return true;
    default:
        json_write_string(w, str_from(value));
        return true;
    }
}

static bool is_member(const struct cli_option *option)
{
    return option->use >= USE_TEXT && option->use <= USE_JSON;
}

/* The option that brings the whole body, where it was given; it goes with no other. */
static const struct cli_option *whole_body(const struct cli *cli, const char **out_path,
                                           size_t *out_members)
{
    const struct cli_option *whole = NULL;

    *out_members = 0;
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (cli->values[i] == NULL)
            continue;
        *out_members += is_member(option);
        if (option->use == USE_BODY) {
            whole = option;
            *out_path = cli->values[i];
        }
    }
    return whole;
}

static bool put_members(const struct cli *cli, const char *fixed, struct arena *arena,
                        struct buf *body)
{
    struct json_writer w;
    char memory[LIMIT_NAME];

    json_writer_init(&w, body);
    json_write_object_begin(&w);
    for (size_t i = 0; i < CLI_OPTIONS_MAX; i++) {
        const struct cli_option *option = &cli->command->options[i];
        if (!is_member(option) || cli->values[i] == NULL)
            continue;
        json_write_key(&w, field_of(option, memory));
        if (!put_value(option, cli->values[i], arena, &w))
            return false;
    }
    json_write_object_end(&w);
    if (fixed == NULL)
        return true;
    body->len--; /* the brace */
    if (body->len > 1)
        buf_char(body, ',');
    buf_cstr(body, fixed);
    buf_char(body, '}');
    return true;
}

static bool put_body(const struct cli *cli, const struct api_call *call, struct arena *arena,
                     struct buf *body)
{
    const char *path = NULL;
    size_t members;
    const struct cli_option *whole = whole_body(cli, &path, &members);

    if (whole != NULL && members > 0) {
        cli_say("%s brings the whole body, so nothing else can be set beside it", whole->name);
        return false;
    }
    if (whole != NULL)
        return put_file(whole, path, arena, true, body);
    if (members == 0 && cli->command->api->needs_fields) {
        cli_say("`%s` needs an option that says what to set", cli->command->words);
        return false;
    }
    return put_members(cli, call->body, arena, body);
}

bool api_request_build(const struct cli *cli, const struct api_call *call, struct arena *arena,
                       struct api_request *out)
{
    struct api_request request = {.method = call->method};
    struct buf path, body;

    buf_init_arena(&path, arena, 256, PATH_MAX_BYTES);
    buf_init_arena(&body, arena, 512, BODY_FILE_MAX);
    if (!put_path(cli, call->path, &path) || !put_path_options(cli, &path))
        return false;
    put_query(cli, call->query, &path);
    if (cli->command->api->secret != NULL) {
        request.content_type = STR("application/x-www-form-urlencoded");
        request.secret_field = cli->command->api->secret;
        request.secret_file = cli->operands[0];
    } else if (strcmp(call->method, "GET") != 0 && strcmp(call->method, "DELETE") != 0) {
        request.content_type = STR("application/json");
        if (!put_body(cli, call, arena, &body))
            return false;
    }
    if (path.failed || body.failed) {
        cli_say("this command line makes too large a request");
        return false;
    }
    request.path = buf_view(&path);
    request.body = buf_view(&body);
    *out = request;
    return true;
}
