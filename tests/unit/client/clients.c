#include "unit/client/clients.h"

#include <criterion/criterion.h>
#include <string.h>

#include "client/secret.h"

enum { APPLICATIONS = 9, SUSPENDED = 3, JUDGE = 7, OUTSIDER = 8 };

static struct sid new_sid(struct clients *c)
{
    struct sid sid;
    fake_clock_pass(&c->tree.clock, 1);
    cr_assert(result_ok(sid_new(&c->tree.clock.clock, &c->tree.entropy.entropy, &sid)));
    return sid;
}

static struct application_row application(struct sid client_id, struct sid partner_sid,
                                          enum client_auth_method method)
{
    return (struct application_row){
        .client_id = client_id,
        .partner_sid = partner_sid,
        .name = STR("app"),
        .type = method == CLIENT_AUTH_NONE ? APPLICATION_PUBLIC : APPLICATION_CONFIDENTIAL,
        .auth_method = method,
        .jwks = method == CLIENT_AUTH_PRIVATE_KEY ? STR(CLIENTS_JWKS) : STR(""),
        .grant_types = STR("client_credentials"),
        .scopes = STR("calls.read sms.manage"),
        .audiences = STR("https://api.example https://other.example"),
        .created_ms = 1,
        .updated_ms = 1,
        .revision = 1};
}

static struct secret_row secret(struct clients *c, struct sid client_id, struct str text,
                                int64_t expires_ms)
{
    struct secret_row row = {new_sid(c), client_id, {0}, 1, expires_ms};
    secret_digest(text, row.digest);
    return row;
}

static void seed(struct clients *c)
{
    struct sid *const ids[APPLICATIONS] = {&c->basic,     &c->post,   &c->open,
                                           &c->suspended, &c->orphan, &c->by_key,
                                           &c->longest,   &c->judge,  &c->outsider};
    const enum client_auth_method methods[APPLICATIONS] = {
        CLIENT_AUTH_BASIC, CLIENT_AUTH_POST,  CLIENT_AUTH_NONE,
        CLIENT_AUTH_BASIC, CLIENT_AUTH_BASIC, CLIENT_AUTH_PRIVATE_KEY,
        CLIENT_AUTH_POST,  CLIENT_AUTH_POST,  CLIENT_AUTH_POST};
    struct application_row applications[APPLICATIONS];
    struct secret_row secrets[APPLICATIONS + 1];
    char longest[LIMIT_SECRET], memory[256];
    struct buf error;

    memset(longest, 'x', sizeof(longest));
    for (size_t i = 0; i < APPLICATIONS; i++) {
        *ids[i] = new_sid(c);
        struct sid owner = ids[i] == &c->orphan ? c->tree.below : c->tree.shop;
        applications[i] = application(*ids[i], owner, methods[i]);
        struct str text =
            ids[i] == &c->longest ? str_make(longest, sizeof(longest)) : STR(CLIENTS_SECRET);
        secrets[i] = secret(c, *ids[i], text, 0);
    }
    applications[SUSPENDED].status = APPLICATION_SUSPENDED;
    applications[JUDGE].introspection = applications[OUTSIDER].introspection = true;
    applications[OUTSIDER].audiences = STR("https://elsewhere.example");
    c->stranger = new_sid(c);
    c->branch = new_sid(c);
    const struct partner_row branch = {.partner_sid = c->branch,
                                       .parent_sid = c->tree.root,
                                       .name = STR("branch"),
                                       .login = STR("branch"),
                                       .status = PARTNER_ACTIVE,
                                       .available_scopes = STR("scopemint.revoke calls.read"),
                                       .created_ms = 1,
                                       .updated_ms = 1,
                                       .revision = 1};
    c->second_ends_ms = clock_wall_ms(&c->tree.clock.clock) + CLIENTS_ENDS_IN_MS;
    secrets[APPLICATIONS] = secret(c, c->basic, STR(CLIENTS_SECOND), c->second_ends_ms);
    struct store_seed rows = {&branch, 1, applications, APPLICATIONS, secrets, APPLICATIONS + 1};
    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert(result_ok(store_seed(c->tree.store, &rows, &error)), "%.*s", (int)error.len,
              error.ptr);
}

void clients_init(struct clients *clients)
{
    memset(clients, 0, sizeof(*clients));
    tree_init(&clients->tree);
    seed(clients);
    party_unref(&clients->tree.party);
    cr_assert(
        result_ok(party_load(clients->tree.store, clients->tree.catalogue, &clients->tree.party)));
}

void clients_done(struct clients *clients)
{
    tree_done(&clients->tree);
}

struct str clients_id(const struct sid *sid, char memory[SID_TEXT])
{
    sid_format(sid, memory);
    return str_make(memory, SID_TEXT);
}
