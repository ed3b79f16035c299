/* Commands that ask a server: from a command line to the request it is, as curl would send it, and
 * what of it may not be seen (P5). Nothing here opens a connection. */
#include <criterion/criterion.h>
#include <stdio.h>
#include <unistd.h>

#include "cli/api.h"

#define BEGIN "curl -sS "
#define AUTH  "-H \"Authorization: Bearer $SCOPEMINT_TOKEN\" "
#define JSON  "-H 'Content-Type: application/json' --data-raw "
#define HOST  "https://s.example"

struct line {
    const char *words;
    const char *arguments[12]; /* ends with NULL */
    const char *curl;          /* NULL: refused */
};

static const struct command *find(const char *words)
{
    const struct command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++)
        if (strcmp(command->words, words) == 0)
            return command;
    cr_assert_fail("no command %s", words);
    return NULL;
}

/* The command as it would be printed, in text; false: refused. */
static bool build(const struct line *line, char *text, size_t size)
{
    struct cli cli = {.command = find(line->words)};
    struct api_request request;
    struct arena arena;
    struct buf out;
    int n = 0;

    while (line->arguments[n] != NULL)
        n++;
    if (!cli_parse_rest(&cli, n, (char *const *)line->arguments, 0))
        return false;
    const struct api_verb *verb = cli.command->api;
    bool dry = verb->dry.method != NULL && cli_value(&cli, "--dry-run") != NULL;
    arena_init(&arena, NULL, 0, API_ARENA);
    buf_init_fixed(&out, text, size - 1);
    bool built = api_request_build(&cli, dry ? &verb->dry : &verb->call, &arena, &request);
    if (built)
        api_curl(&request, STR(HOST), &out);
    cr_assert_not(out.failed);
    text[out.len > 0 ? out.len - 1 : 0] = '\0'; /* the newline */
    arena_reset(&arena);
    return built;
}

static void check(const struct line *lines, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char text[16 * 1024];
        bool built = build(&lines[i], text, sizeof(text));
        cr_assert_eq(built, lines[i].curl != NULL, "%zu: %s", i, lines[i].words);
        if (built)
            cr_assert_str_eq(text, lines[i].curl, "%zu: %s", i, text);
    }
}

#define CHECK(lines) check(lines, sizeof(lines) / sizeof((lines)[0]))

Test(api, tokens)
{
    static const struct line lines[] = {
        {"token list", {NULL}, BEGIN AUTH HOST "/core/v2/oauth/tokens"},
        {"token list",
         {"--filter", "name like 'a%' and client_id eq x", "--order=name desc", "--limit", "5",
          "--status", "all", NULL},
         BEGIN AUTH "'" HOST "/core/v2/oauth/tokens?"
                    "filter=name%20like%20%27a%25%27%20and%20client_id%20eq%20x"
                    "&order=name%20desc&limit=5&status=all'"},
        {"token list",
         {"--include-fields", "token_sid,name", "--all", NULL},
         BEGIN AUTH "'" HOST "/core/v2/oauth/tokens?include_fields=token_sid%2Cname'"},
        {"token list",
         {"--with-related", NULL},
         BEGIN AUTH "'" HOST "/core/v2/oauth/tokens?with_related=true'"},
        {"token show", {NULL}, BEGIN AUTH HOST "/core/v2/oauth/tokens/current"},
        {"token show", {"a b/c?", NULL}, BEGIN AUTH HOST "/core/v2/oauth/tokens/a%20b%2Fc%3F"},
        {"token create", {NULL}, BEGIN "-X POST " AUTH JSON "'{}' " HOST "/core/v2/oauth/token"},
        {"token create",
         {"--scopes", "calls.read  sms.read", "--name", "it's \"mine\"",
          "--access-token-expires-in=60", "--partner", "p", NULL},
         BEGIN "-X POST " AUTH JSON
               "'{\"scopes\":[\"calls.read\",\"sms.read\"],\"name\":\"it'\\''s \\\"mine\\\"\","
               "\"access_token_expires_in\":60}' " HOST "/core/v2/oauth/token/p"},
        {"token update",
         {"t", "--scopes", "", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"scopes\":[]}' " HOST "/core/v2/oauth/tokens/t"},
        {"token delete", {"t", NULL}, BEGIN "-X DELETE " AUTH HOST "/core/v2/oauth/tokens/t"},
        {"token delete", {"t", "--dry-run", NULL}, BEGIN AUTH HOST "/core/v2/oauth/tokens/t"},
        {"token explain", {"t", NULL}, BEGIN AUTH HOST "/core/v2/admin/tokens/t/explain"},
        {"audit list", {NULL}, BEGIN AUTH HOST "/core/v2/admin/audit"},
    };
    CHECK(lines);
}

/* P5: the token to revoke is left to curl to read, and is no argument of ours. */
Test(api, secrets_stay_in_their_files)
{
    static const struct line lines[] = {
        {"token revoke",
         {"-", NULL},
         BEGIN "-X POST " AUTH "--data-urlencode token@- " HOST "/core/v2/oauth/revoke"},
        {"token revoke",
         {"my token", "--dry-run", NULL},
         BEGIN "-X POST " AUTH "--data-urlencode 'token@my token' " HOST "/oauth/introspect"},
    };
    CHECK(lines);
}

Test(api, partners)
{
    static const struct line lines[] = {
        {"partner create",
         {"--name", "A", "--login", "a", "--parent", "p", "--skip-partner-review", NULL},
         BEGIN "-X POST " AUTH JSON "'{\"name\":\"A\",\"login\":\"a\",\"parent_sid\":\"p\","
               "\"skip_partner_review\":true}' " HOST "/core/v2/partners"},
        {"partner update",
         {"p", "--available-scopes", "calls.read", "--dry-run", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"available_scopes\":[\"calls.read\"]}' '" HOST
               "/core/v2/partners/p?dry_run=true'"},
        {"partner suspend",
         {"p", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"status\":\"suspended\"}' " HOST "/core/v2/partners/p"},
        {"partner cancel", {"p", NULL}, BEGIN "-X DELETE " AUTH HOST "/core/v2/partners/p"},
        {"partner cancel",
         {"p", "--dry-run", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"status\":\"canceled\"}' '" HOST
               "/core/v2/partners/p?dry_run=true'"},
    };
    CHECK(lines);
}

Test(api, applications)
{
    static const struct line lines[] = {
        {"app create",
         {"--name", "A", "--scopes", "calls.read", "--introspection", "false", "--auth-method",
          "client_secret_post", NULL},
         BEGIN
         "-X POST " AUTH JSON "'{\"name\":\"A\",\"scopes\":[\"calls.read\"],"
         "\"introspection\":false,\"token_endpoint_auth_method\":\"client_secret_post\"}' " HOST
         "/core/v2/applications"},
        {"app update",
         {"c", "--access-token-ttl", "none", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"access_token_ttl\":null}' " HOST
               "/core/v2/applications/c"},
        {"app approve",
         {"c", "--scopes", "A B", NULL},
         BEGIN "-X PATCH " AUTH JSON "'{\"approved_restricted\":[\"A\",\"B\"]}' " HOST
               "/core/v2/applications/c"},
        {"app secret create",
         {"c", "--overlap-s", "0", NULL},
         BEGIN "-X POST " AUTH JSON "'{\"overlap_s\":0}' " HOST "/core/v2/applications/c/secrets"},
        {"app secret delete",
         {"c", "s", NULL},
         BEGIN "-X DELETE " AUTH HOST "/core/v2/applications/c/secrets/s"},
    };
    CHECK(lines);
}

Test(api, wrong_values_are_refused_here)
{
    static const struct line lines[] = {
        {"token update", {"t", NULL}, NULL},           /* nothing to set */
        {"token update", {"--name", "x", NULL}, NULL}, /* of which? */
        {"token update", {"", "--name", "x", NULL}, NULL},
        {"token update", {"..", "--name", "x", NULL}, NULL},
        {"token update", {"t", "--name", "\xff", NULL}, NULL},
        {"token update", {"t", "--name", "x", "--body", "/dev/null", NULL}, NULL},
        {"token create", {"--access-token-expires-in", "1h", NULL}, NULL},
        {"token create", {"--access-token-expires-in", "-1", NULL}, NULL},
        {"token create", {"--partner", "", NULL}, NULL},
        {"app create", {"--introspection", "yes", NULL}, NULL},
        {"app create", {"--jwks", "/nonexistent", NULL}, NULL},
        {"partner show", {NULL}, NULL},
        {"partner show", {"p", "--dry-run", NULL}, NULL}, /* destroys nothing */
    };
    CHECK(lines);
}

static void with_file(const char *contents, char path[32])
{
    memcpy(path, "/tmp/cli.XXXXXX", sizeof("/tmp/cli.XXXXXX"));
    int file = mkstemp(path);
    cr_assert_geq(file, 0);
    cr_assert_eq(write(file, contents, strlen(contents)), (ssize_t)strlen(contents));
    close(file);
}

Test(api, bodies_come_from_files)
{
    static const struct {
        const char *option, *contents, *body; /* NULL: refused */
    } rows[] = {
        {"--body", "{\"name\": \"x\"}\n", "'{\"name\": \"x\"}'"},
        {"--body", "[]", NULL},
        {"--body", "{\"name\":", NULL},
        {"--body", "", NULL},
        {"--jwks", "{\"keys\":[]}", "'{\"jwks\":{\"keys\":[]}}'"},
        {"--jwks", "{} {}", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char path[32], text[4096], expected[4096];
        with_file(rows[i].contents, path);
        struct line line = {"app update", {"c", rows[i].option, path, NULL}, NULL};
        bool built = build(&line, text, sizeof(text));
        unlink(path);
        cr_assert_eq(built, rows[i].body != NULL, "%zu", i);
        snprintf(expected, sizeof(expected),
                 BEGIN "-X PATCH " AUTH JSON "%s " HOST "/core/v2/applications/c",
                 built ? rows[i].body : "");
        if (built)
            cr_assert_str_eq(text, expected);
    }
}

Test(api, shell_words)
{
    static const struct {
        const char *text, *word;
    } rows[] = {
        {"", "''"},
        {"a/b.c-d_e:1", "a/b.c-d_e:1"},
        {"a b", "'a b'"},
        {"'", "''\\'''"},
        {"$(x)`y`", "'$(x)`y`'"},
        {"a\nb", "'a\nb'"},
        {"~", "'~'"},
        {"&", "'&'"},
        {"\xc3\xa4", "'\xc3\xa4'"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char memory[64];
        struct buf out;
        buf_init_fixed(&out, memory, sizeof(memory));
        api_shell_word(str_from(rows[i].text), &out);
        cr_assert(str_eq(buf_view(&out), str_from(rows[i].word)), "%zu", i);
    }
}

/* What the way that runs them all relies on. */
Test(api, commands_are_whole)
{
    const struct command *command;
    for (size_t i = 0; (command = cli_command_at(i)) != NULL; i++) {
        bool dry = false, server = false, curl = false, query = false;
        for (size_t o = 0; o < CLI_OPTIONS_MAX; o++) {
            const struct cli_option *option = &command->options[o];
            if (option->name == NULL)
                continue;
            dry |= strcmp(option->name, "--dry-run") == 0;
            server |= strcmp(option->name, "--server") == 0;
            curl |= strcmp(option->name, "--curl") == 0;
            query |= option->use == USE_QUERY;
            cr_assert(option->use == USE_LOCAL || command->api != NULL);
            cr_assert_lt(strlen(option->name), (size_t)40); /* shorter than a key's id */
        }
        const struct api_verb *verb = command->api;
        cr_assert_eq(verb != NULL, server && curl, "%s", command->words);
        if (verb == NULL)
            continue;
        cr_assert_eq(dry, verb->dry.method != NULL, "%s", command->words);
        cr_assert(query || verb->answer != API_LIST, "%s", command->words);
        cr_assert_eq(verb->columns[0] != NULL, verb->answer == API_LIST, "%s", command->words);
        cr_assert(verb->answer != API_NOTHING || (dry && verb->done != NULL), "%s: what destroys",
                  command->words);
    }
}

Test(credentials, take_addresses_of_servers)
{
    static const struct {
        const char *url, *server; /* NULL: refused */
    } rows[] = {
        {"https://s.example", "https://s.example"},
        {"https://s.example:8443/", "https://s.example:8443"},
        {"http://127.0.0.1:8420", "http://127.0.0.1:8420"},
        {"http://localhost:8420/", "http://localhost:8420"},
        {"http://[::1]:8420", "http://[::1]:8420"},
        {"http://s.example", NULL}, /* secrets in clear text */
        {"http://127.0.0.1.evil.example", NULL},
        {"http://localhost.evil.example", NULL},
        {"http://127.0.0.1@evil.example", NULL},
        {"https://user:secret@s.example", NULL},
        {"https://s.example/path", NULL},
        {"https://s.example?q", NULL},
        {"https://s.example#f", NULL},
        {"https://s.example\\@t", NULL},
        {"https://s example", NULL},
        {"https://", NULL},
        {"https://:8420", NULL},
        {"ftp://s.example", NULL},
        {"s.example", NULL},
        {"", NULL},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct str server = STR("untouched");
        const char *wrong = credentials_check_server(str_from(rows[i].url), &server);
        cr_assert_eq(wrong == NULL, rows[i].server != NULL, "%s", rows[i].url);
        cr_assert(str_eq(server, str_from(wrong == NULL ? rows[i].server : "untouched")));
    }
}
