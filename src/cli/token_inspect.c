/* `scopemint token inspect`: what is this that somebody pasted? Offline: it says what the text
 * itself and this node's files tell, and which request tells the rest. Exit code 0: it may be good;
 * 1: it cannot be. */
#include "cli/inspect.h"
#include "cli/load.h"
#include "client/secret.h"

enum { INPUT_MAX = 256 * 1024 };

static const struct {
    const char *unknown, *next;
} of_secret[] = {
    [SECRET_CLIENT] = {"whether it was issued, to which client_id, and whether it still holds",
                       "ask for a token: curl -u \"$CLIENT_ID:$CLIENT_SECRET\" "
                       "-d grant_type=client_credentials ISSUER/oauth/token"},
    [SECRET_REFRESH_TOKEN] = {"whether it was issued, was used before, or was revoked",
                              "nothing but using it tells; using it changes it"},
    [SECRET_ACCESS_KEY_ID] = {"whose it is, and whether the key is active",
                              "look for it among the user's keys: "
                              "GET ISSUER/core/v2/users/{user_sid}/keys"},
    [SECRET_ACCESS_KEY] =
        {"whether it was issued, to which access key id, and whether it still holds",
         "ask for a token: curl -u \"$ACCESS_KEY_ID:$SECRET_ACCESS_KEY\" "
         "-d grant_type=client_credentials ISSUER/oauth/token"},
};

/* As pasted: out of a header, with blanks and line ends wherever a mail put them. */
static struct str tidy(struct arena *arena, struct str pasted)
{
    static const struct str prefixes[] = {STR_INIT("Authorization:"), STR_INIT("Bearer"),
                                          STR_INIT("DPoP")};
    char *out = arena_alloc(arena, pasted.len + 1);
    size_t n = 0;

    if (out == NULL)
        return STR_NONE;
    for (size_t i = 0; i < pasted.len; i++)
        if (strchr(" \t\r\n\"'", pasted.ptr[i]) == NULL || pasted.ptr[i] == '\0')
            out[n++] = pasted.ptr[i];
    struct str text = str_make(out, n);
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++)
        if (text.len > prefixes[i].len &&
            str_eq_nocase(str_slice(text, 0, prefixes[i].len), prefixes[i]))
            text = str_slice(text, prefixes[i].len, text.len);
    return text;
}

static enum cli_exit inspect_secret(struct cli *cli, struct str text, enum secret_kind kind)
{
    struct output o;
    bool good = secret_check(text, &kind);

    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_str(&o, "kind", str_from(secret_kind_name(kind)));
    output_bool(&o, "checksum", good);
    output_int(&o, "length", (int64_t)text.len);
    if (good) {
        output_str(&o, "verdict", STR("well-formed: somebody may have been given it"));
        output_str(&o, "not_known_offline", str_from(of_secret[kind].unknown));
        output_str(&o, "next", str_from(of_secret[kind].next));
    } else {
        output_str(&o, "verdict", STR("mistyped or cut off: nobody was ever given this"));
    }
    output_end(&o);
    return cli_finish(&o, good ? CLI_OK : CLI_FAILED);
}

static size_t count(struct str text, char c)
{
    size_t n = 0;
    for (size_t i = 0; i < text.len; i++)
        n += text.ptr[i] == c;
    return n;
}

/* Neither a JWT nor a secret of ours: at least a guess. */
static enum cli_exit inspect_other(struct cli *cli, struct str text)
{
    struct output o;
    struct sid sid;
    const char *kind = "unknown", *verdict = "not a token or secret of Scopemint";

    if (sid_parse(text, &sid)) {
        kind = "id";
        verdict =
            "an id, such as a client_id, token_sid or partner_sid; ids are no secrets and open "
            "nothing";
    } else if (count(text, '.') == 4) {
        kind = "encrypted JWT";
        verdict = "five parts make an encrypted token, and Scopemint issues none";
    } else if (text.len > 5 && str_eq_nocase(str_slice(text, 0, 5), STR("Basic"))) {
        kind = "HTTP Basic credentials";
        verdict = "an id and a secret in base64; decode them and inspect the secret alone";
    } else if (str_starts_with(text, STR("-----BEGIN"))) {
        kind = "PEM";
        verdict = "a key or certificate, not a token; if it is a private key, withdraw it";
    }
    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_str(&o, "kind", str_from(kind));
    output_str(&o, "verdict", str_from(verdict));
    output_end(&o);
    return cli_finish(&o, CLI_FAILED);
}

enum cli_exit cli_token_inspect_run(struct cli *cli)
{
    struct arena arena;
    struct buf input;
    enum secret_kind kind;
    enum cli_exit code = CLI_FAILED;

    buf_init_heap(&input, INPUT_MAX);
    arena_init(&arena, NULL, 0, 16 * INPUT_MAX);
    if (cli_read_file(cli->operands[0], INPUT_MAX, &input)) {
        struct str text = tidy(&arena, buf_view(&input));
        if (text.len == 0)
            cli_say("there is nothing to inspect; paste a token and end with Ctrl-D");
        else if (secret_kind_of(text, &kind))
            code = inspect_secret(cli, text, kind);
        else if (count(text, '.') == 2)
            code = inspect_jwt(cli, &arena, text);
        else
            code = inspect_other(cli, text);
    }
    arena_reset(&arena); /* wipes */
    buf_free(&input);
    return code;
}
