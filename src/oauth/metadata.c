#include "oauth/metadata.h"

#include "crypto/key.h"
#include "exchange/authenticate.h"
#include "json/write.h"

enum { URL_MAX = 512 };

static void write_url(struct json_writer *w, struct str key, struct str issuer, const char *path)
{
    char memory[URL_MAX];
    struct buf b;

    buf_init_fixed(&b, memory, sizeof(memory));
    buf_str(&b, issuer);
    buf_cstr(&b, path);
    json_write_member_string(w, key, buf_view(&b));
}

static void write_list(struct json_writer *w, struct str key, const char *const *values)
{
    json_write_key(w, key);
    json_write_array_begin(w);
    for (; *values != NULL; values++)
        json_write_string(w, str_from(*values));
    json_write_array_end(w);
}

/* Of assertions: needed beside private_key_jwt (RFC8414-2). */
static void write_algs(struct json_writer *w, struct str key)
{
    json_write_key(w, key);
    json_write_array_begin(w);
    for (int alg = 0; alg < KEY_ALG_COUNT; alg++)
        json_write_string(w, str_from(key_alg_name((enum key_alg)alg)));
    json_write_array_end(w);
}

static void write_scopes(struct json_writer *w, const struct scope_catalogue *catalogue)
{
    json_write_key(w, STR("scopes_supported"));
    json_write_array_begin(w);
    for (size_t i = 0; i < catalogue_count(catalogue); i++)
        json_write_string(w, catalogue_at(catalogue, i)->name);
    json_write_array_end(w);
}

void oauth_metadata_write(struct str issuer, const struct scope_catalogue *catalogue,
                          struct buf *out)
{
    static const char *const none[] = {NULL};
    static const char *const grants[] = {"client_credentials", NULL};
    static const char *const confidential[] = {"client_secret_basic", "client_secret_post",
                                               "private_key_jwt", NULL};
    static const char *const revokers[] = {"client_secret_basic", "client_secret_post",
                                           "private_key_jwt", "none", NULL};
    static const char *const introspectors[] = {"client_secret_basic", "client_secret_post",
                                                "private_key_jwt", "Bearer", NULL};
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_member_string(&w, STR("issuer"), issuer);
    write_url(&w, STR("token_endpoint"), issuer, TOKEN_ENDPOINT_PATH);
    write_url(&w, STR("jwks_uri"), issuer, "/oauth/jwks");
    write_url(&w, STR("introspection_endpoint"), issuer, "/oauth/introspect");
    write_url(&w, STR("revocation_endpoint"), issuer, "/oauth/revoke");
    write_url(&w, STR("revocations_endpoint"), issuer, "/oauth/revocations"); /* our own member */
    write_list(&w, STR("response_types_supported"),
               none); /* required, and no redirect grant exists */
    write_list(&w, STR("grant_types_supported"), grants);
    write_list(&w, STR("token_endpoint_auth_methods_supported"), confidential);
    write_algs(&w, STR("token_endpoint_auth_signing_alg_values_supported"));
    write_list(&w, STR("introspection_endpoint_auth_methods_supported"), introspectors);
    write_algs(&w, STR("introspection_endpoint_auth_signing_alg_values_supported"));
    write_list(&w, STR("revocation_endpoint_auth_methods_supported"), revokers);
    write_algs(&w, STR("revocation_endpoint_auth_signing_alg_values_supported"));
    write_scopes(&w, catalogue);
    json_write_object_end(&w);
}
