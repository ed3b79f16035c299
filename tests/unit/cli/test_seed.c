/* Seeds of init: what becomes a row, and what is refused, with its place. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "cli/seed.h"
#include "scope/parse.h"
#include "support/fake.h"
#include "support/leaks.h"

#define ISSUER "https://issuer.example"

struct world {
    struct config config;
    struct scope_catalogue *catalogue;
    struct fake_clock clock;
    struct fake_entropy entropy;
    struct arena arena;
    struct seed seed;
    char memory[16 * 1024];
    struct buf errors;
};

static void world_init(struct world *w)
{
    *w = (struct world){.config = {.server = {.issuer = STR_INIT(ISSUER)},
                                   .tokens = {.access_ttl_min_s = 60, .access_ttl_max_s = 3600}}};
    buf_init_fixed(&w->errors, w->memory, sizeof(w->memory) - 1);
    cr_assert(catalogue_load(CONF "/scopes", NULL, &w->catalogue, &w->errors));
    fake_clock_init(&w->clock, 1795251330123);
    fake_entropy_init(&w->entropy, 3);
    arena_init(&w->arena, NULL, 0, 16 * 1024 * 1024);
}

static void world_done(struct world *w)
{
    seed_wipe(&w->seed);
    arena_reset(&w->arena);
    catalogue_free(&w->catalogue);
    leaks_check();
}

static bool read(struct world *w, const char *text)
{
    struct seed_source source = {
        .config = &w->config,
        .catalogue = w->catalogue,
        .clock = &w->clock.clock,
        .entropy = &w->entropy.entropy,
        .path = text != NULL ? "seed.json" : NULL,
        .text = str_from(text),
    };
    w->errors.len = 0;
    bool done = seed_read(&w->arena, &source, &w->seed, &w->errors);
    w->memory[w->errors.len] = '\0';
    return done;
}

Test(seed, without_a_file_is_root_and_admin)
{
    struct world w;
    world_init(&w);
    cr_assert(read(&w, NULL), "%s", w.memory);
    cr_assert_eq(w.seed.partner_count, (size_t)1);
    cr_assert_eq(w.seed.application_count, (size_t)1);

    const struct partner_row *root = &w.seed.partners[0].row;
    cr_assert(root->scopes_all && root->status == PARTNER_ACTIVE);
    cr_assert(sid_is_none(&root->parent_sid));
    cr_assert_eq(root->created_ms, 1795251330123);
    cr_assert_eq(root->revision, (uint64_t)1);

    const struct seed_application *admin = &w.seed.applications[0];
    enum secret_kind kind;
    cr_assert(admin->row.scopes_all && !admin->row.introspection);
    cr_assert(sid_eq(&admin->row.partner_sid, &root->partner_sid));
    cr_assert(str_eq(admin->row.audiences, STR(ISSUER)));
    cr_assert(str_eq(admin->row.grant_types, STR("client_credentials")));
    cr_assert_eq(admin->row.auth_method, CLIENT_AUTH_BASIC);
    cr_assert(admin->has_secret);
    cr_assert(secret_check(str_make(admin->secret, SECRET_TEXT), &kind) && kind == SECRET_CLIENT);
    world_done(&w);
}

/* RFC8037-A.2 */
#define KEY                                                                                       \
    "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"," \
    "\"use\":\"sig\",\"alg\":\"EdDSA\",\"kid\":\"k\"}"

Test(seed, partners_and_applications_become_rows)
{
    struct world w;
    world_init(&w);
    cr_assert(
        read(&w,
             "{\"root\":{\"name\":\"R\",\"login\":\"r\"},\"admin\":{\"audiences\":[\"a\",\"b\"]},"
             "\"partners\":[{\"ref\":\"p\",\"available_scopes\":[\"calls.manage\",\"sms.read\"]},"
             "{\"ref\":\"q\",\"parent\":\"p\",\"name\":\"Q\",\"login\":\"ql\",\"status\":"
             "\"suspended\","
             "\"available_scopes\":\"all\"}],"
             "\"applications\":[{\"ref\":\"x\",\"partner\":\"q\",\"scopes\":\"all\","
             "\"introspection\":true,"
             "\"audiences\":[\"https://api.example\"],\"access_token_ttl\":60},"
             "{\"ref\":\"y\",\"type\":\"public\",\"scopes\":[],\"redirect_uris\":[\"https://"
             "y.example/\"]},"
             "{\"ref\":\"z\",\"scopes\":[\"calls.read\"],\"token_endpoint_auth_method\":"
             "\"private_key_jwt\",\"token_endpoint_auth_audience\":\"token_endpoint\","
             "\"jwks\":{\"keys\":[" KEY "]},\"status\":\"suspended\"}]}"),
        "%s", w.memory);
    const struct seed_partner *p = &w.seed.partners[1], *q = &w.seed.partners[2];
    cr_assert(str_eq(w.seed.partners[0].row.login, STR("r")));
    cr_assert(str_eq(p->row.name, STR("p")) && str_eq(p->row.login, STR("p")));
    cr_assert(str_eq(p->row.available_scopes, STR("calls.manage sms.read")));
    cr_assert(sid_eq(&q->row.parent_sid, &p->row.partner_sid));
    cr_assert(!q->row.scopes_all, "all is stored for the root alone");
    cr_assert(
        str_eq(q->row.available_scopes,
               STR("calls.create calls.delete calls.manage calls.read calls.update sms.read")),
        "%.*s", STR_ARG(q->row.available_scopes));
    cr_assert_eq(q->row.status, PARTNER_SUSPENDED);

    const struct seed_application *x = &w.seed.applications[1], *y = &w.seed.applications[2],
                                  *z = &w.seed.applications[3];
    cr_assert(str_eq(x->row.scopes, q->row.available_scopes) && !x->row.scopes_all);
    cr_assert(x->row.introspection && x->row.access_token_ttl_s == 60 && x->has_secret);
    cr_assert(str_eq(w.seed.applications[0].row.audiences, STR("a b")));
    cr_assert_eq(y->row.auth_method, CLIENT_AUTH_NONE);
    cr_assert(!y->has_secret && y->row.scopes.len == 0);
    cr_assert(str_eq(y->row.audiences, STR(ISSUER)));
    cr_assert(str_eq(z->row.jwks, STR("{\"keys\":[" KEY "]}")), "%.*s", STR_ARG(z->row.jwks));
    cr_assert_eq(z->row.auth_audience, CLIENT_AUDIENCE_TOKEN_ENDPOINT);
    cr_assert(!z->has_secret && z->row.status == APPLICATION_SUSPENDED);
    world_done(&w);
}

Test(seed, defaults_are_clipped_to_the_parent)
{
    struct world w;
    world_init(&w);
    cr_assert(
        read(&w,
             "{\"partners\":[{\"ref\":\"p\"},{\"ref\":\"q\",\"available_scopes\":[\"calls.manage\","
             "\"scopemint.revoke\"]},{\"ref\":\"r\",\"parent\":\"q\",\"available_scopes\":"
             "\"default\"}]}"),
        "%s", w.memory);
    struct scope_set given = scope_read(w.catalogue, w.seed.partners[1].row.available_scopes);
    cr_assert(scope_set_eq(&given, catalogue_defaults(w.catalogue)));
    cr_assert(str_eq(w.seed.partners[3].row.available_scopes, STR("calls.manage")), "%.*s",
              STR_ARG(w.seed.partners[3].row.available_scopes));
    world_done(&w);
}

/* Restricted values may be declared and count as absent until approved (SPEC 3). */
Test(seed, restricted_values_are_approved_by_name_or_by_the_root_having_all)
{
    struct world w;
    char restricted[LIMIT_SCOPE_NAME + 1] = "", text[512];
    world_init(&w);
    for (size_t i = 0; i < catalogue_count(w.catalogue); i++)
        if (catalogue_at(w.catalogue, i)->restricted)
            snprintf(restricted, sizeof(restricted), "%.*s",
                     STR_ARG(catalogue_at(w.catalogue, i)->name));
    cr_assert_str_neq(restricted, "");
    snprintf(
        text, sizeof(text),
        "{\"applications\":[{\"ref\":\"a\",\"scopes\":\"all\"},{\"ref\":\"b\",\"scopes\":[\"%s\"]},"
        "{\"ref\":\"c\",\"scopes\":[\"%s\"],\"approved_restricted\":[\"%s\"]}]}",
        restricted, restricted, restricted);
    cr_assert(read(&w, text), "%s", w.memory);
    struct scope_set approved =
        scope_read(w.catalogue, w.seed.applications[1].row.approved_restricted);
    cr_assert(scope_set_eq(&approved, catalogue_restricted(w.catalogue)));
    cr_assert_eq(w.seed.applications[2].row.approved_restricted.len, (size_t)0);
    cr_assert(str_eq(w.seed.applications[3].row.approved_restricted, str_from(restricted)));
    world_done(&w);
}

#define PARTNER(fields) "{\"partners\":[\n{\"ref\":\"p\"" fields "}]}"
#define APPLICATION(fields) \
    "{\"applications\":[\n{\"ref\":\"x\",\"scopes\":[\"calls.read\"]" fields "}]}"

static const struct {
    const char *text, *error; /* a piece of the one line there is */
} refused[] = {
    {"[]", "seed.json: must be an object"},
    {"{\n", "seed.json:2:1: "},
    {"{\"partner\":[]}", "seed.json:1: there is no field `partner`; did you mean `partners`?"},
    {"{\"root\":[]}", "seed.json:1: root: must be an object"},
    {"{\"root\":{\"status\":\"active\"}}", "root: there is no field `status` here"},
    {"{\"admin\":{\"audiences\":[]}}", "admin.audiences: must name one at least"},
    {"{\"admin\":{\"audiences\":\"a\"}}", "admin.audiences: must be a list of texts"},
    {"{\"partners\":{}}", "partners: must be a list"},
    {"{\"partners\":[7]}", "partners[0]: must be an object"},
    {"{\"partners\":[{\"login\":\"l\"}]}", "partners[0].ref: is missing"},
    {"{\"partners\":[{\"ref\":\"a\"},{\"ref\":\"a\",\"login\":\"l\"}]}",
     "partners[1].ref: `a` is another partner's"},
    {"{\"partners\":[{\"ref\":\"a\",\"login\":\"root\"}]}",
     "partners[0].login: is the login of another partner"},
    {"{\"partners\":[{\"ref\":\"a\",\"parent\":\"b\"},{\"ref\":\"b\"}]}",
     "partners[0].parent: no partner above this one has the ref `b`"},
    {PARTNER(",\"parent\":\"p\""), "seed.json:2: partners[0].parent: no partner above"},
    {PARTNER(",\"parent\":7"), "partners[0].parent: must be `root` or a partner's ref"},
    {PARTNER(",\"name\":7"), "partners[0].name: must be a text"},
    {PARTNER(",\"status\":\"live\""),
     "partners[0].status: must be unverified, active, suspended or canceled"},
    {PARTNER(",\"available_scopes\":\"some\""),
     "partners[0].available_scopes: must be a list of scopes"},
    {PARTNER(",\"available_scopes\":[\"calls.raed\"]"),
     "partners[0].available_scopes: there is no scope `calls.raed`; did you mean `calls.read`?"},
    {PARTNER(",\"available_scopes\":[1]"),
     "partners[0].available_scopes: must hold names of scopes"},
    {PARTNER("},\n{\"ref\":\"q\",\"parent\":\"p\",\"available_scopes\":[\"scopemint.keys\"]"),
     "seed.json:3: partners[1].available_scopes: the parent does not have `scopemint.keys`"},
    {"{\"applications\":[{\"ref\":\"x\"}]}",
     "applications[0].scopes: is missing; [] declares none"},
    {"{\"applications\":[{\"ref\":\"x\",\"scopes\":\"default\"}]}",
     "applications[0].scopes: must be a list"},
    {"{\"applications\":[{\"ref\":\"x\",\"scopes\":[]},{\"ref\":\"x\",\"scopes\":[]}]}",
     "applications: the ref `x` stands there twice"},
    {APPLICATION(",\"partner\":\"nobody\""), "applications[0].partner: no partner above"},
    {APPLICATION(",\"colour\":1"), "seed.json:2: applications[0]: there is no field `colour` here"},
    {APPLICATION(",\"introspection\":1"), "applications[0].introspection: must be true or false"},
    {APPLICATION(",\"access_token_ttl\":59"),
     "applications[0].access_token_ttl: must be a whole number from 60 to"},
    {APPLICATION(",\"access_token_ttl\":3601"),
     "access_token_ttl: must be a whole number from 60 to 3600"},
    {APPLICATION(",\"access_token_ttl\":90.5"), "access_token_ttl: must be a whole number"},
    {APPLICATION(",\"approved_restricted\":[\"calls.read\"]"),
     "applications[0].approved_restricted: `calls.read` is not restricted"},
    {APPLICATION(",\"approved_restricted\":[\"sms.read\"]"),
     "`sms.read` is not among the declared scopes"},
    {APPLICATION(",\"approved_restricted\":\"all\""),
     "approved_restricted: must be a list of scopes"},
    {APPLICATION(",\"audiences\":[\"a b\"]"),
     "applications[0].audiences: `a b`: may not hold blanks"},
    {APPLICATION(",\"audiences\":[\"a\",\"a\"]"),
     "applications[0].audiences: `a`: stands in the list twice"},
    {APPLICATION(",\"audiences\":[]"), "applications[0].audiences: must name one at least"},
    {APPLICATION(",\"audiences\":[\"1\",\"2\",\"3\",\"4\",\"5\",\"6\",\"7\",\"8\",\"9\",\"10\","
                 "\"11\",\"12\",\"13\","
                 "\"14\",\"15\",\"16\",\"17\"]"),
     "applications[0].audiences: holds 17 values; 16 are allowed"},
    {APPLICATION(",\"type\":\"secret\""), "applications[0].type: must be confidential or public"},
    {APPLICATION(",\"token_endpoint_auth_method\":\"client_secret_jwt\""),
     "token_endpoint_auth_method: must be client_secret_basic, client_secret_post, private_key_jwt "
     "or none"},
    {APPLICATION(",\"token_endpoint_auth_method\":\"none\""), "`none` is for public applications"},
    {APPLICATION(",\"token_endpoint_auth_method\":\"private_key_jwt\""),
     "applications[0].jwks: is missing; private_key_jwt needs a key"},
    {APPLICATION(",\"jwks\":[]"), "applications[0].jwks: must be a JWK Set"},
    {APPLICATION(",\"jwks\":{\"keys\":[{\"kid\":\"a\"}]}"),
     "applications[0].jwks: keys[0].alg must be one of"},
    {APPLICATION(",\"token_endpoint_auth_audience\":\"both\""),
     "token_endpoint_auth_audience: must be issuer or token_endpoint"},
    {APPLICATION(",\"type\":\"public\",\"grant_types\":[],\"token_endpoint_auth_method\":\"client_"
                 "secret_basic\""),
     "a public application cannot keep a secret"},
    /* F-23, 6749-4.4-a */
    {APPLICATION(",\"type\":\"public\",\"grant_types\":[\"client_credentials\"]"),
     "applications[0].grant_types: a public application cannot have client_credentials"},
    {APPLICATION(",\"grant_types\":[\"password\"]"),
     "applications[0].grant_types: `password`: must be"},
    {APPLICATION(",\"grant_types\":[\"authorization_code\"]"),
     "redirect_uris: authorization_code needs one"},
    {APPLICATION(",\"redirect_uris\":[\"http://x.example/\"]"),
     "redirect_uris: `http://x.example/`: must be https"},
};

Test(seed, refuses_with_the_place)
{
    struct world w;
    world_init(&w);
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        cr_assert_not(read(&w, refused[i].text), "%s", refused[i].text);
        cr_assert_not_null(strstr(w.memory, refused[i].error), "%s\nsays\n%s\nnot\n%s",
                           refused[i].text, w.memory, refused[i].error);
        cr_assert(strchr(w.memory, '\n') == w.memory + w.errors.len - 1, "one line: %s", w.memory);
        arena_reset(&w.arena);
    }
    world_done(&w);
}

Test(seed, says_all_that_is_wrong_at_once)
{
    struct world w;
    world_init(&w);
    cr_assert_not(
        read(&w, "{\"root\":{\"name\":\"\"},\n\"partners\":[{\"ref\":\"p\",\"status\":\"x\"}],\n"
                 "\"applications\":[{\"ref\":\"a\",\"partner\":\"p\",\"scopes\":[\"no\"]}]}"));
    cr_assert_not_null(strstr(w.memory, "seed.json:1: root.name: "));
    cr_assert_not_null(strstr(w.memory, "seed.json:2: partners[0].status: "));
    cr_assert_not_null(strstr(w.memory, "seed.json:3: applications[0].scopes: "));
    world_done(&w);
}

Test(seed, tree_is_bounded)
{
    struct world w;
    static char text[8192];
    world_init(&w);
    for (int extra = 0; extra < 2; extra++) {
        int n = snprintf(text, sizeof(text), "{\"partners\":[");
        for (int i = 1; i < LIMIT_PARTNER_DEPTH + extra; i++) {
            n += snprintf(text + n, sizeof(text) - (size_t)n, "%s{\"ref\":\"p%d\"",
                          i > 1 ? "," : "", i);
            if (i > 1)
                n += snprintf(text + n, sizeof(text) - (size_t)n, ",\"parent\":\"p%d\"", i - 1);
            n += snprintf(text + n, sizeof(text) - (size_t)n, "}");
        }
        snprintf(text + n, sizeof(text) - (size_t)n, "]}");
        cr_assert_eq(read(&w, text), extra == 0, "%s", w.memory);
    }
    cr_assert_not_null(strstr(w.memory, "the tree would be deeper than 32 partners"));
    world_done(&w);
}

Test(seed, ends_in_a_line_when_memory_or_entropy_does)
{
    struct world w;
    world_init(&w);
    for (int calls = 0; calls < 4; calls++) {
        fake_entropy_init(&w.entropy, 3);
        w.entropy.fail_after = calls;
        cr_assert_not(read(&w, NULL), "after %d", calls);
        cr_assert_not_null(strstr(w.memory, "no random bytes"));
    }
    fake_entropy_init(&w.entropy, 3);
    arena_reset(&w.arena);
    for (size_t cap = 0; cap < 4096; cap += 256) {
        arena_init(&w.arena, NULL, 0, cap);
        if (!read(&w, "{\"partners\":[{\"ref\":\"p\",\"available_scopes\":[\"calls.read\"]}]}"))
            cr_assert_gt(w.errors.len, (size_t)0);
        arena_reset(&w.arena);
    }
    world_done(&w);
}
