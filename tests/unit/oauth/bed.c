#include "unit/oauth/bed.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "client/throttle.h"
#include "core/limits.h"
#include "revocation/index.h"
#include "store/store.h"
#include "token/cache.h"
#include "token/mint.h"

enum { WAIT_MS = 20000, TTL_S = 900, METADATA_MAX = 128 * 1024 };

static void publish(struct bed *bed)
{
    struct tree *tree = &bed->clients.tree;
    struct snapshot *snapshot;
    struct buf metadata;

    keys_init(&bed->keys);
    keyring_ref(bed->keys.keyring);
    bed->worker.keys = bed->keys.thread;
    bed->config.server.issuer = STR(BED_ISSUER);
    bed->config.keys.jwks_max_age_s = 300;
    bed->config.tokens.access_ttl_default_s = TTL_S;
    bed->config.tokens.access_ttl_min_s = 60;
    bed->config.tokens.access_ttl_max_s = 3600;
    buf_init_heap(&metadata, METADATA_MAX);
    bed_metadata(bed->config.server.issuer, tree->catalogue, &metadata);
    cr_assert(!metadata.failed);
    struct snapshot_tables tables = {.party = tree->party};
    cr_assert(result_ok(acl_tables_load(tree->store, NULL, &tables.acls)));
    cr_assert(result_ok(snapshot_new(&bed->config, tree->catalogue, bed->keys.keyring, &tables,
                                     buf_view(&metadata), NULL, &snapshot)));
    buf_free(&metadata);
    tree->catalogue = NULL;
    tree->party = NULL;
    snapshot_publish(&bed->server, snapshot);
}

static void committed(void *context, const struct store_entry *entries, size_t n)
{
    struct bed *bed = context;
    cr_assert(result_ok(revocation_index_apply(bed->server.index, entries, n)));
    revocation_index_complete(bed->server.index, entries[n - 1].number);
}

static void changed(void *context, const struct store_change *changes, size_t n, uint64_t version)
{
    struct bed *bed = context;
    snapshot_change_tables(&bed->server, changes, n, version);
}

static void housekeeping(void *context, int64_t over_s)
{
    (void)context;
    (void)over_s;
}

static void pass(void *context)
{
    struct bed *bed = context;
    quiesce_pass(&bed->server.quiesce, bed->worker.reader);
}

void bed_init(struct bed *bed)
{
    static const struct guess_throttle_limits limits = {10, 200, 1000};
    const struct store_hooks hooks = {committed, housekeeping, bed, changed};
    struct server *server = &bed->server;

    memset(bed, 0, sizeof(*bed));
    clients_init(&bed->clients);
    server->clock = &bed->clients.tree.clock.clock;
    server->entropy = &bed->clients.tree.entropy.entropy;
    server->store = bed->clients.tree.store;
    server->config = &bed->config;
    quiesce_init(&server->quiesce);
    publish(bed);
    cr_assert(result_ok(guess_throttle_new(&limits, server->entropy, &server->throttle)));
    cr_assert(result_ok(revocation_index_new(&server->quiesce, &server->index)));
    revocation_index_complete(server->index, 0);
    bed->loop = loop_thread_new();
    loop_thread_on_turn(bed->loop, pass, bed);
    bed->worker.server = server;
    bed->worker.loop = loop_thread_loop(bed->loop);
    cr_assert(result_ok(worker_init(&bed->worker)));
    cr_assert(result_ok(token_cache_new(64, &server->quiesce, &server->verified)));
    cr_assert(result_ok(store_start(server->store, &hooks)));
}

void bed_done(struct bed *bed)
{
    struct server *server = &bed->server;

    store_close(&bed->clients.tree.store);
    worker_done(&bed->worker);
    snapshot_unref(atomic_exchange(&server->snapshot, NULL));
    guess_throttle_free(&server->throttle);
    revocation_index_free(&server->index);
    token_cache_free(&server->verified);
    quiesce_done(&server->quiesce);
    loop_thread_free(&bed->loop);
    keys_done(&bed->keys);
    clients_done(&bed->clients);
}

const struct snapshot *bed_snapshot(const struct bed *bed)
{
    return snapshot_now(&bed->server);
}

static void deliver(struct exchange *x)
{
    ((struct answer *)x)->delivered++;
}

static bool is_delivered(void *answer)
{
    return ((const struct answer *)answer)->delivered > 0;
}

void bed_ask(struct bed *bed, const struct question *question, struct answer *out)
{
    const char *type = question->content_type != NULL ? question->content_type : BED_FORM;
    struct exchange *x = &out->exchange;

    memset(out, 0, sizeof(*out));
    arena_init(&x->arena, NULL, 0, LIMIT_ARENA);
    arena_init(&out->parsed, NULL, 0, LIMIT_ARENA);
    out->route = (struct route){.method = METHOD_POST, .endpoint = question->endpoint};
    if (question->route != NULL)
        out->route = *question->route;
    x->worker = &bed->worker;
    x->route = &out->route;
    x->deliver = deliver;
    x->request = (struct request){
        .method = out->route.method,
        .path = str_from(question->path),
        .query = str_from(question->query),
        .body = str_from(question->body),
        .authorization = str_from(question->authorization),
        .content_type = str_from(type),
        .if_none_match = str_from(question->if_none_match),
        .if_match = str_from(question->if_match),
        .accepts_events = question->accepts_events,
        .request_id = STR("request-1"),
    };
    exchange_start(x);
}

void bed_wait(struct bed *bed, struct answer *answer)
{
    cr_assert(loop_thread_until(bed->loop, is_delivered, answer, WAIT_MS));
    cr_assert_eq(answer->delivered, 1u);
}

void bed_answer(struct bed *bed, const struct question *question, struct answer *out)
{
    bed_ask(bed, question, out);
    bed_wait(bed, out);
}

void answer_done(struct answer *answer)
{
    arena_reset(&answer->parsed);
    exchange_done(&answer->exchange);
}

int answer_status(const struct answer *answer)
{
    return answer->exchange.reply.status;
}

struct str answer_body(const struct answer *answer)
{
    return answer->exchange.reply.body;
}

const struct json_value *answer_json(struct answer *answer)
{
    static const struct json_limits limits = {16, 4096, 16384};
    const struct json_value *object;
    struct str body = answer_body(answer);

    cr_assert_eq(json_parse(&answer->parsed, body, &limits, &object, NULL), ERR_NONE, "%.*s",
                 STR_ARG(body));
    return object;
}

struct str answer_text(struct answer *answer, const char *member)
{
    struct str text = STR_NONE;
    cr_assert(json_string(json_member(answer_json(answer), str_from(member)), &text), "%s: %.*s",
              member, STR_ARG(answer_body(answer)));
    return text;
}

struct str answer_error(struct answer *answer)
{
    return answer_text(answer, "error");
}

struct str answer_header(const struct answer *answer, const char *name, size_t n)
{
    const struct reply *reply = &answer->exchange.reply;

    for (size_t i = 0; i < reply->header_count; i++)
        if (str_eq(reply->headers[i].name, str_from(name)) && n-- == 0)
            return reply->headers[i].value;
    return STR("");
}

const char *bed_form(const struct sid *client, const char *secret, const char *rest,
                     char memory[BED_TEXT])
{
    char id[SID_TEXT];

    clients_id(client, id);
    int len = snprintf(memory, BED_TEXT, "client_id=%.*s%s%s&%s", SID_TEXT, id,
                       secret != NULL ? "&client_secret=" : "", secret != NULL ? secret : "", rest);
    cr_assert_lt(len, BED_TEXT);
    return memory;
}

void bed_mint(struct bed *bed, const struct sid *client, const struct sid *partner,
              const char *scope, const char *audience, struct minted *out)
{
    const struct snapshot *s = bed_snapshot(bed);
    struct token_claims *claims = &out->claims;
    static char subject[SID_TEXT];
    struct str rest = str_from(audience);
    struct buf b;

    memset(claims, 0, sizeof(*claims));
    cr_assert(result_ok(sid_new(bed->server.clock, bed->server.entropy, &claims->token_sid)));
    claims->issuer = STR(BED_ISSUER);
    claims->subject = clients_id(client, subject);
    claims->client_id = *client;
    claims->partner_sid = *partner;
    claims->generation = 1;
    claims->iat_s = clock_wall_s(bed->server.clock);
    claims->exp_s = claims->iat_s + TTL_S;
    claims->scope = str_from(scope);
    while (str_split(&rest, ' ', &claims->audiences[claims->audience_count]))
        claims->audience_count++;
    buf_init_fixed(&b, out->text, sizeof(out->text) - 1);
    cr_assert_eq(token_mint(&s->policy, s->keyring, bed->worker.keys, claims, &b), ERR_NONE);
    out->text[b.len] = '\0';
}

struct creation {
    struct store_request request; /* first */
    bool done;
};

static void creation_done(struct store_request *request)
{
    ((struct creation *)request)->done = true;
}

static bool is_created(void *creation)
{
    return ((const struct creation *)creation)->done;
}

struct token_row bed_create_token(struct bed *bed, const struct token_row *like)
{
    struct creation creation = {.request = {.verb = STORE_TOKEN_CREATE,
                                            .loop = bed->worker.loop,
                                            .done = creation_done,
                                            .in.token_create = *like}};
    struct token_row *row = &creation.request.in.token_create;

    cr_assert(
        result_ok(sid_new(bed->server.clock, &bed->clients.tree.entropy.entropy, &row->token_sid)));
    row->name = like->name.ptr != NULL ? like->name : STR("t");
    row->scopes = like->scopes.ptr != NULL ? like->scopes : STR("calls.read");
    row->audiences = like->audiences.ptr != NULL ? like->audiences : STR(BED_ISSUER);
    row->created_ms = clock_wall_ms(bed->server.clock);
    row->exp_signed_s = like->exp_s;
    row->newest =
        (struct token_newest){.exp_s = like->exp_s, .epoch = like->newest.epoch, .kid = STR("k")};
    row->generation = 1;
    row->revision = 1;
    store_submit(bed->server.store, &creation.request);
    cr_assert(loop_thread_until(bed->loop, is_created, &creation, WAIT_MS));
    cr_assert(result_ok(creation.request.result));
    return *row;
}
