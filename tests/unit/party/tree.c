#include "unit/party/tree.h"

#include <criterion/criterion.h>

#include "scope/parse.h"

static struct sid new_sid(struct tree *tree)
{
    struct sid sid;
    fake_clock_pass(&tree->clock, 1);
    cr_assert(result_ok(sid_new(&tree->clock.clock, &tree->entropy.entropy, &sid)));
    return sid;
}

static struct partner_row partner(struct sid sid, struct sid parent, const char *name,
                                  enum partner_status status, const char *scopes)
{
    return (struct partner_row){.partner_sid = sid,
                                .parent_sid = parent,
                                .name = str_from(name),
                                .login = str_from(name),
                                .status = status,
                                .scopes_all = scopes == NULL,
                                .available_scopes = str_from(scopes),
                                .created_ms = 1,
                                .updated_ms = 1,
                                .revision = 1};
}

static struct application_row application(struct sid client_id, struct sid partner_sid,
                                          const char *scopes, const char *approved)
{
    return (struct application_row){.client_id = client_id,
                                    .partner_sid = partner_sid,
                                    .name = STR("app"),
                                    .grant_types = STR("client_credentials"),
                                    .scopes_all = scopes == NULL,
                                    .scopes = str_from(scopes),
                                    .approved_restricted = str_from(approved),
                                    .audiences = STR("https://api.example https://other.example"),
                                    .created_ms = 1,
                                    .updated_ms = 1,
                                    .revision = 1};
}

static void seed(struct tree *t)
{
    const struct sid none = {{0}};
    t->root = new_sid(t), t->reseller = new_sid(t), t->shop = new_sid(t);
    t->closed = new_sid(t), t->below = new_sid(t);
    t->root_app = new_sid(t), t->reseller_app = new_sid(t), t->shop_app = new_sid(t);
    t->below_app = new_sid(t);
    const struct partner_row partners[] = {
        partner(t->root, none, "root", PARTNER_ACTIVE, NULL),
        partner(t->reseller, t->root, "reseller", PARTNER_ACTIVE,
                "calls.manage sms.manage oauth.manage"),
        partner(t->shop, t->reseller, "shop", PARTNER_ACTIVE,
                "calls.read sms.manage rating.manage"),
        partner(t->closed, t->root, "closed", PARTNER_SUSPENDED, "calls.manage"),
        partner(t->below, t->closed, "below", PARTNER_ACTIVE, "calls.manage"),
    };
    const struct application_row applications[] = {
        application(t->root_app, t->root, NULL, ""),
        application(t->reseller_app, t->reseller, "calls.manage sms.read DirectRingOut", ""),
        application(t->shop_app, t->shop, "calls.manage sms.manage name.of.yesterday", ""),
        application(t->below_app, t->below, "calls.read", ""),
    };
    const struct secret_row secret = {new_sid(t), t->shop_app, {1, 2, 3}, 1, 0};
    struct store_seed seed = {partners, 5, applications, 4, &secret, 1};
    char memory[256];
    struct buf error;
    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert(result_ok(store_seed(t->store, &seed, &error)), "%.*s", (int)error.len, error.ptr);
}

void tree_init(struct tree *t)
{
    char memory[4096];
    struct buf errors;

    fake_clock_init(&t->clock, 1790000000000);
    fake_entropy_init(&t->entropy, 7);
    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(catalogue_load(CONF_DIR "/scopes", NULL, &t->catalogue, &errors), "%.*s",
              (int)errors.len, errors.ptr);
    struct store_options options = {
        .url = STR("memory:"), .clock = &t->clock.clock, .entropy = &t->entropy.entropy};
    cr_assert(result_ok(store_open(&options, &t->store, &errors)));
    seed(t);
    cr_assert(result_ok(party_load(t->store, t->catalogue, &t->party)));
}

void tree_done(struct tree *t)
{
    party_unref(&t->party);
    store_close(&t->store);
    catalogue_free(&t->catalogue);
}

struct scope_set tree_set(const struct tree *tree, const char *names)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    struct str unknown;
    if (names[0] != '\0')
        cr_assert_eq(scope_parse(tree->catalogue, str_from(names), &set, &unknown), SCOPE_PARSED_OK,
                     "%s", names);
    return set;
}
