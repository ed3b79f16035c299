#include "client/authenticate.h"

#include <assert.h>

#include "client/assertion.h"
#include "client/basic.h"
#include "client/secret.h"
#include "core/limits.h"
#include "crypto/wipe.h"

static enum err read_header(const struct client_presented *presented, struct arena *arena,
                            struct client_credentials *out)
{
    struct auth_header header = auth_header_split(presented->authorization);
    struct basic_credentials basic;

    if (presented->client_secret.ptr != NULL || presented->client_assertion.ptr != NULL)
        return ERR_TWO_AUTH_METHODS;
    if (!str_eq_nocase(header.scheme, STR("Basic")))
        return ERR_INVALID_CLIENT;
    enum err err = basic_parse(header.rest, arena, &basic);
    if (err != ERR_NONE)
        return err;
    if (presented->client_id.ptr != NULL && !str_eq(presented->client_id, basic.id))
        return ERR_TWO_AUTH_METHODS;
    *out = (struct client_credentials){
        .method = CLIENT_AUTH_BASIC,
        .client_id = basic.id,
        .secret = basic.secret,
    };
    return ERR_NONE;
}

/* RFC7521-4.2 */
static enum err read_assertion(const struct client_presented *presented,
                               struct client_credentials *out)
{
    if (presented->client_secret.ptr != NULL)
        return ERR_TWO_AUTH_METHODS;
    if (presented->client_assertion.ptr == NULL ||
        !str_eq(presented->client_assertion_type, STR(CLIENT_ASSERTION_TYPE)))
        return ERR_INVALID_CLIENT; /* 7523-2.2-b */
    *out = (struct client_credentials){
        .method = CLIENT_AUTH_PRIVATE_KEY,
        .client_id = presented->client_id,
        .assertion = presented->client_assertion,
    };
    return ERR_NONE;
}

enum err client_credentials_read(const struct client_presented *presented, struct arena *arena,
                                 struct client_credentials *out)
{
    if (presented->authorization.ptr != NULL)
        return read_header(presented, arena, out);
    if (presented->client_assertion.ptr != NULL || presented->client_assertion_type.ptr != NULL)
        return read_assertion(presented, out);
    if (presented->client_id.ptr == NULL)
        return presented->client_secret.ptr != NULL ? ERR_INVALID_CLIENT : ERR_NO_CREDENTIALS;
    *out = (struct client_credentials){
        .method = presented->client_secret.ptr != NULL ? CLIENT_AUTH_POST : CLIENT_AUTH_NONE,
        .client_id = presented->client_id,
        .secret = presented->client_secret,
    };
    return ERR_NONE;
}

/* Looks at every place a secret can stand, so that it takes the same time whichever matches.
 * *out_secret_id: which one, left alone where none does. */
static bool secret_matches(const struct party_application *application, const uint8_t *digest,
                           int64_t wall_ms, struct sid *out_secret_id)
{
    static const struct party_secret nobody;
    bool matches = false;

    for (size_t i = 0; i < PARTY_SECRETS_MAX; i++) {
        bool there = application != NULL && i < application->secret_count;
        const struct party_secret *secret = there ? &application->secrets[i] : &nobody;
        bool lives = there && (secret->expires_ms == 0 || secret->expires_ms > wall_ms);
        bool equal = ct_equal(secret->digest, digest, sizeof(secret->digest));
        matches |= equal & lives;
        if (equal & lives)
            *out_secret_id = secret->secret_id;
    }
    return matches;
}

static const struct party_application *find(const struct client_context *context,
                                            struct str client_id)
{
    struct sid sid;
    return sid_parse(client_id, &sid) ? party_find_application(context->party, &sid) : NULL;
}

enum err client_authenticate(const struct client_context *context,
                             const struct client_credentials *credentials,
                             const struct party_application **out, struct sid *out_secret_id,
                             uint32_t *out_retry_after_s)
{
    struct guess_caller caller = {credentials->client_id, context->address};
    uint32_t wait_s = guess_throttle_check(context->throttle, &caller, context->mono_ms);
    uint8_t digest[SECRET_DIGEST];
    struct sid secret_id = {{0}};

    assert(credentials->method != CLIENT_AUTH_PRIVATE_KEY);
    if (wait_s > 0) {
        *out_retry_after_s = wait_s;
        return ERR_TOO_MANY_GUESSES;
    }
    const struct party_application *application = find(context, credentials->client_id);
    struct str secret = str_slice(credentials->secret, 0, LIMIT_SECRET);
    secret_digest(secret, digest);
    bool proven = secret_matches(application, digest, context->wall_ms, &secret_id) &&
                  credentials->secret.len <= LIMIT_SECRET;
    if (application != NULL && application->auth_method != credentials->method)
        return ERR_INVALID_CLIENT; /* no failure: real clients try Basic first, then the form */
    if (application != NULL && application->auth_method == CLIENT_AUTH_NONE)
        proven = true; /* a public client has nothing to prove */
    if (!proven) {
        guess_throttle_failed(context->throttle, &caller, context->mono_ms);
        return ERR_INVALID_CLIENT;
    }
    if (!party_application_works(context->party, application))
        return ERR_INVALID_CLIENT;
    *out = application;
    *out_secret_id = secret_id;
    return ERR_NONE;
}
