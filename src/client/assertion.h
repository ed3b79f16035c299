/* private_key_jwt: a client proves itself by a short JWT signed with a key it registered
 * (RFC7523-2.2, RFC7523-3; SPEC 4). What is here is pure but for the throttle: taking the assertion
 * apart, judging its claims, and finding whose it says to be. The signature is jose/inbound.h's to
 * check, and that it is used once is the store's (STORE_ASSERTION_USE).
 *
 * Time: at expiry there is no leeway. A client whose clock is ahead by up to ASSERTION_LEEWAY_S is
 * borne with. With an `iat` an assertion lives ASSERTION_LIFE_S from then, whatever its `exp` says
 * beyond that (Authlib says an hour); without one its `exp` must be as near. Its `jti` is
 * remembered to its `exp`, so that one is bounded as well. */
#ifndef CLIENT_ASSERTION_H
#define CLIENT_ASSERTION_H

#include "client/authenticate.h"
#include "jose/inbound.h"

#define CLIENT_ASSERTION_TYPE "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"

enum {
    ASSERTION_LIFE_S = 300,
    ASSERTION_LEEWAY_S = 60,
    ASSERTION_EXP_MAX_S = 3600, /* how far ahead `exp` may lie in any case */
    ASSERTION_JTI_MAX = 256,    /* bytes */
};

struct client_assertion {
    struct inbound inbound;
    struct str subject; /* iss and sub are both this; it is a SID as we write it: */
    struct sid client_id;
    struct str audience, jti;
    int64_t exp_s;
    bool has_iat, has_nbf;
    int64_t iat_s, nbf_s;
};

/* Takes it apart; nothing in it is to be believed yet. ERR_INVALID_CLIENT, and *out_why is fixed
 * text for the log: no JWT as inbound_parse() takes it, a claim that is missing or of another type,
 * an `aud` that is not one string, an iss that is not the sub, or another client_id (ptr NULL: not
 * sent) in the request. ERR_FAULT_MEMORY. */
__attribute__((warn_unused_result)) enum err
client_assertion_read(struct arena *arena, struct str assertion, struct str client_id,
                      struct client_assertion *out, const char **out_why);

/* NULL, or why its claims do not make it good now: it is not addressed to audience, exactly, or its
 * time is not now. Source: RFC7523-3, CHECKLIST 7523-3-c, 7523-3-d; THREATS-16. */
const char *client_assertion_judge(const struct client_assertion *assertion, struct str audience,
                                   int64_t now_s);

/* The application that the assertion says to be from, if it may authenticate so and works; its keys
 * have still to be asked. ERR_TOO_MANY_GUESSES with *out_retry_after_s; ERR_INVALID_CLIENT with
 * *out_why. An unknown client counts as a failure; one of another method, or suspended, does not.
 *
 * Unlike a wrong secret, an unknown client is answered sooner than a wrong signature, which is what
 * costs: ids are not secret, and work for whoever names one would be a gift to floods. */
__attribute__((warn_unused_result)) enum err client_assertion_find(
    const struct client_context *context, const struct client_assertion *assertion,
    const struct party_application **out, uint32_t *out_retry_after_s, const char **out_why);

/* Counts a failure of it: a wrong claim, a wrong signature, a second use. */
void client_assertion_failed(const struct client_context *context,
                             const struct client_assertion *assertion);

#endif
