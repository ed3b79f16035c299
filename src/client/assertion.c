#include "client/assertion.h"

#include "json/read.h"

static const struct json_limits claims_limits = {.depth = 8, .keys = 32, .values = 256};

/* A claim that must be there. */
struct needed_claim {
    struct str name;
    struct str *out;
    const char *why;
};

static const char *read_strings(const struct json_value *claims, struct client_assertion *out)
{
    struct str issuer;
    const struct needed_claim needed[] = {
        {STR("iss"), &issuer, "iss is missing or not a string"},
        {STR("sub"), &out->subject, "sub is missing or not a string"},
        {STR("aud"), &out->audience, "aud is missing or not a single string"},
        {STR("jti"), &out->jti, "jti is missing or not a string"},
    };

    for (size_t i = 0; i < sizeof(needed) / sizeof(needed[0]); i++)
        if (json_find_string(claims, needed[i].name, needed[i].out) != JSON_FOUND)
            return needed[i].why;
    if (!str_eq(issuer, out->subject))
        return "iss and sub differ";
    if (!sid_parse(out->subject, &out->client_id))
        return "sub is no client_id";
    if (out->jti.len == 0 || out->jti.len > ASSERTION_JTI_MAX)
        return "jti is empty or longer than 256 bytes";
    return NULL;
}

static_assert(ASSERTION_JTI_MAX == 256, "the text above says so");

/* Whole seconds only (8725-x-a). */
static const char *read_times(const struct json_value *claims, struct client_assertion *out)
{
    enum json_found iat = json_find_int(claims, STR("iat"), &out->iat_s);
    enum json_found nbf = json_find_int(claims, STR("nbf"), &out->nbf_s);

    if (json_find_int(claims, STR("exp"), &out->exp_s) != JSON_FOUND)
        return "exp is missing or not a whole number";
    if (iat == JSON_WRONG || nbf == JSON_WRONG)
        return "iat or nbf is not a whole number";
    out->has_iat = iat == JSON_FOUND;
    out->has_nbf = nbf == JSON_FOUND;
    return NULL;
}

static const char *read_claims(const struct json_value *claims, struct str client_id,
                               struct client_assertion *out)
{
    const char *why = read_strings(claims, out);

    if (why == NULL)
        why = read_times(claims, out);
    if (why == NULL && client_id.ptr != NULL && !str_eq(client_id, out->subject))
        why = "the parameter client_id is not its sub"; /* RFC7521-4.2 */
    return why;
}

enum err client_assertion_read(struct arena *arena, struct str assertion, struct str client_id,
                               struct client_assertion *out, const char **out_why)
{
    struct client_assertion read = {.has_iat = false};
    const struct json_value *claims;

    enum err err = inbound_parse(arena, assertion, &read.inbound);
    if (err == ERR_NONE)
        err = json_parse(arena, read.inbound.jws.payload, &claims_limits, &claims, NULL);
    if (err == ERR_FAULT_MEMORY)
        return err;
    const char *why = err == ERR_NONE ? read_claims(claims, client_id, &read) : "it is no such JWT";
    if (why != NULL) {
        *out_why = why;
        return ERR_INVALID_CLIENT;
    }
    *out = read;
    return ERR_NONE;
}

const char *client_assertion_judge(const struct client_assertion *assertion, struct str audience,
                                   int64_t now_s)
{
    int64_t exp_max_s = assertion->has_iat ? ASSERTION_EXP_MAX_S : ASSERTION_LIFE_S;

    if (!str_eq(assertion->audience, audience))
        return "aud is not the one it is registered for";
    if (assertion->exp_s <= now_s)
        return "it has expired";
    if (assertion->exp_s > now_s + exp_max_s + ASSERTION_LEEWAY_S)
        return "exp is too far away";
    if (assertion->has_iat && assertion->iat_s > now_s + ASSERTION_LEEWAY_S)
        return "iat lies in the future";
    if (assertion->has_iat && assertion->iat_s <= now_s - ASSERTION_LIFE_S)
        return "it was made too long ago";
    if (assertion->has_nbf && assertion->nbf_s > now_s + ASSERTION_LEEWAY_S)
        return "nbf lies in the future";
    return NULL;
}

static struct guess_caller caller_of(const struct client_context *context,
                                     const struct client_assertion *assertion)
{
    return (struct guess_caller){assertion->subject, context->address};
}

void client_assertion_failed(const struct client_context *context,
                             const struct client_assertion *assertion)
{
    struct guess_caller caller = caller_of(context, assertion);
    guess_throttle_failed(context->throttle, &caller, context->mono_ms);
}

enum err client_assertion_find(const struct client_context *context,
                               const struct client_assertion *assertion,
                               const struct party_application **out, uint32_t *out_retry_after_s,
                               const char **out_why)
{
    struct guess_caller caller = caller_of(context, assertion);
    uint32_t wait_s = guess_throttle_check(context->throttle, &caller, context->mono_ms);

    if (wait_s > 0) {
        *out_retry_after_s = wait_s;
        return ERR_TOO_MANY_GUESSES;
    }
    const struct party_application *application =
        party_find_application(context->party, &assertion->client_id);
    if (application == NULL) {
        client_assertion_failed(context, assertion);
        *out_why = "there is no such client";
        return ERR_INVALID_CLIENT;
    }
    if (application->auth_method != CLIENT_AUTH_PRIVATE_KEY) {
        *out_why = "the client is registered for another method";
        return ERR_INVALID_CLIENT;
    }
    if (!party_application_works(context->party, application)) {
        *out_why = "the client or a partner above it does not work";
        return ERR_INVALID_CLIENT;
    }
    *out = application;
    return ERR_NONE;
}
