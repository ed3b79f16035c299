/* A JWT, ours or another's; see inspect.h. Shown is what it claims; judged is what the server would
 * say of it as far as this node's files tell. */
#include "cli/inspect.h"
#include "cli/load.h"
#include "core/base64.h"
#include "core/clock.h"
#include "scope/parse.h"
#include "json/read.h"

struct claims {
    struct str issuer, scope;
    int64_t iat_s, exp_s; /* 0: none */
};

static const struct json_limits limits = {.depth = 16, .keys = 256, .values = 4096};

/* For showing: taken as far as it can be read, however wrong. */
static bool decode(struct arena *arena, struct str piece, struct str *out)
{
    char *bytes = arena_alloc(arena, piece.len + 1);
    size_t n;

    if (bytes == NULL || !base64url_decode(piece, bytes, &n))
        return false;
    *out = str_make(bytes, n);
    return true;
}

static void put_value(struct output *o, const struct json_value *member)
{
    char key[LIMIT_NAME];
    struct str name = str_slice(json_key(member), 0, sizeof(key) - 1), text;
    int64_t number;
    bool truth;

    memcpy(key, name.ptr, name.len);
    key[name.len] = '\0';
    if (json_string(member, &text)) {
        output_str(o, key, text);
    } else if (json_int(member, &number)) {
        output_int(o, key, number);
    } else if (json_bool(member, &truth)) {
        output_bool(o, key, truth);
    } else if (json_is(member, JSON_ARRAY)) {
        struct str names[LIMIT_AUDIENCES];
        size_t n = 0;
        for (const struct json_value *v = json_first(member); v != NULL && n < LIMIT_AUDIENCES;
             v = json_next(v))
            n += json_string(v, &names[n]);
        output_names(o, key, names, n);
    } else {
        output_null(o, key);
    }
}

static bool put_object(struct output *o, const char *key, struct arena *arena, struct str text,
                       const struct json_value **out)
{
    if (json_parse(arena, text, &limits, out, NULL) != ERR_NONE || !json_is(*out, JSON_OBJECT))
        return false;
    output_begin_member(o, key);
    for (const struct json_value *m = json_first(*out); m != NULL; m = json_next(m))
        put_value(o, m);
    output_end(o);
    return true;
}

static bool put_header(struct output *o, struct arena *arena, struct str piece)
{
    const struct json_value *header;
    struct str text;
    return decode(arena, piece, &text) && put_object(o, "header", arena, text, &header);
}

static bool put_claims(struct output *o, struct arena *arena, struct str payload,
                       struct claims *out)
{
    const struct json_value *claims;
    struct str text;

    *out = (struct claims){0};
    if (!decode(arena, payload, &text) || !put_object(o, "claims", arena, text, &claims))
        return false;
    json_find_string(claims, STR("iss"), &out->issuer);
    json_find_string(claims, STR("scope"), &out->scope);
    json_find_int(claims, STR("iat"), &out->iat_s);
    json_find_int(claims, STR("exp"), &out->exp_s);
    return true;
}

static void put_times(struct output *o, const struct claims *claims, int64_t now_s)
{
    static const int64_t year_10000_s = 253402300800;

    if (claims->iat_s > 0 && claims->iat_s < year_10000_s)
        output_time_ms(o, "issued", claims->iat_s * 1000);
    if (claims->exp_s > 0 && claims->exp_s < year_10000_s) {
        output_time_ms(o, "expires", claims->exp_s * 1000);
        output_int(o, "seconds_left", claims->exp_s > now_s ? claims->exp_s - now_s : 0);
    }
}

/* Which of its scopes the tables of this node know. */
static void put_scopes(struct output *o, const struct scope_catalogue *catalogue, struct str scope)
{
    struct str known[LIMIT_SCOPES], unknown[LIMIT_SCOPES], name;
    size_t known_count = 0, unknown_count = 0;

    while (scope.len > 0 && str_split(&scope, ' ', &name)) {
        if (catalogue_find(catalogue, name) != NULL && known_count < LIMIT_SCOPES)
            known[known_count++] = name;
        else if (name.len > 0 && unknown_count < LIMIT_SCOPES)
            unknown[unknown_count++] = name;
    }
    output_names(o, "scopes_known", known, known_count);
    output_names(o, "scopes_unknown", unknown, unknown_count);
}

/* NULL: nothing against it. */
static const char *find_fault(const struct config *config, const struct claims *claims,
                              enum inspect_signature signature, int64_t now_s)
{
    if (signature == SIGNATURE_MALFORMED)
        return "inactive: not in the strict form of a token of ours";
    if (!str_eq(claims->issuer, config->server.issuer))
        return "inactive here: another server issued it, or this one under another name";
    if (signature == SIGNATURE_WRONG || signature == SIGNATURE_FOREIGN_KEY ||
        signature == SIGNATURE_GONE_KEY)
        return "inactive: the signature does not hold here";
    if (claims->exp_s <= now_s)
        return "inactive: expired";
    return NULL;
}

static void put_verdict(struct output *o, const struct config *config, const char *fault,
                        enum inspect_signature signature)
{
    char next[512];

    if (fault == NULL)
        fault = signature == SIGNATURE_HOLDS ? "well signed and in time"
                                             : "in time; the signature is not known";
    output_str(o, "verdict", str_from(fault));
    output_str(o, "not_known_offline",
               STR("whether it was revoked, and what its application and partners may do now"));
    snprintf(next, sizeof(next),
             "put the token alone into a file: curl -u \"$CLIENT_ID:$CLIENT_SECRET\" "
             "--data-urlencode token@FILE %.*s/oauth/introspect",
             STR_ARG(config->server.issuer));
    output_str(o, "next", str_from(next));
}

enum cli_exit inspect_jwt(struct cli *cli, struct arena *arena, struct str text)
{
    struct str rest = text, header, payload;
    struct scope_catalogue *catalogue;
    struct claims claims;
    struct config *config;
    struct output o;
    int64_t now_s = clock_wall_s(&clock_system);

    if (!cli_load_scopes(cli, &config, &catalogue))
        return CLI_CONFIG;
    str_split(&rest, '.', &header);
    str_split(&rest, '.', &payload);
    output_init(&o, cli_wants_json(cli));
    output_begin(&o);
    output_str(&o, "kind", STR("JWT"));
    bool readable = put_header(&o, arena, header) && put_claims(&o, arena, payload, &claims);
    enum cli_exit code = CLI_FAILED;
    if (readable) {
        enum inspect_signature signature = inspect_signature(config, arena, text);
        const char *fault = find_fault(config, &claims, signature, now_s);
        put_times(&o, &claims, now_s);
        put_scopes(&o, catalogue, claims.scope);
        output_str(&o, "signature", str_from(inspect_signature_text(signature)));
        code = fault == NULL ? CLI_OK : CLI_FAILED;
        put_verdict(&o, config, fault, signature);
    } else {
        output_str(&o, "verdict", STR("no JWT: its parts are not JSON objects in base64url"));
    }
    output_end(&o);
    code = cli_finish(&o, code);
    catalogue_free(&catalogue);
    config_free(&config);
    return code;
}
