/* Who is asking: client authentication at the token, introspection and revocation endpoints
 * (RFC6749-2.3, SPEC 4). An unknown client and a wrong secret give the same answer in the same time
 * (6749-5.2-h). */
#ifndef CLIENT_AUTHENTICATE_H
#define CLIENT_AUTHENTICATE_H

#include "client/throttle.h"
#include "core/arena.h"
#include "core/err.h"
#include "party/party.h"

/* What a request brought; absent parameters have ptr NULL. */
struct client_presented {
    struct str authorization; /* the header */
    struct str client_id, client_secret;
    struct str client_assertion, client_assertion_type;
};

struct client_credentials {
    enum client_auth_method method;
    struct str client_id; /* as presented, not known to be a SID; ptr NULL beside an assertion where
                             it was not sent */
    struct str secret;
    struct str assertion; /* of CLIENT_AUTH_PRIVATE_KEY, still to be read */
};

/* One method or none. ERR_NO_CREDENTIALS: nothing was presented; ERR_TWO_AUTH_METHODS (6749-2.3-a);
 * ERR_INVALID_CLIENT: what was presented cannot be read or is of a kind not offered;
 * ERR_FAULT_MEMORY. */
enum err client_credentials_read(const struct client_presented *presented, struct arena *arena,
                                 struct client_credentials *out);

struct client_context {
    const struct party *party;
    struct guess_throttle *throttle;
    const uint8_t *address; /* 16 bytes, of the caller */
    int64_t wall_ms, mono_ms;
};

/* By a secret or, for public clients, by nothing; an assertion takes longer (client/assertion.h).
 * The application, if the credentials are its own by the method it is registered for and it works;
 * *out_secret_id: which of its secrets it was, none for a public client. ERR_INVALID_CLIENT;
 * ERR_TOO_MANY_GUESSES with *out_retry_after_s. Failures are counted here, but for a wrong method
 * or a suspended application, which nobody guesses. Public clients (method none) come out
 * authenticated by their id alone: the endpoint says whether that is enough. */
enum err client_authenticate(const struct client_context *context,
                             const struct client_credentials *credentials,
                             const struct party_application **out, struct sid *out_secret_id,
                             uint32_t *out_retry_after_s);

#endif
