/* Client authentication as the endpoints here use it: counted, and refused as RFC6749-5.2 says.
 *
 * A secret is judged at once. An assertion (private_key_jwt) takes two waits: its signature is
 * checked on the server's pool, for it costs as much as fifty introspections, and then the store
 * writes down that it was used, so that it is not used again on any thread or after a restart
 * (7523-3-f). What it meets on the way is refused alike, and told apart in the log alone. */
#ifndef EXCHANGE_AUTHENTICATE_H
#define EXCHANGE_AUTHENTICATE_H

#include "client/authenticate.h"
#include "exchange/exchange.h"

/* Behind the issuer: the endpoint's URL, and for some the `aud` of assertions at every endpoint. */
#define TOKEN_ENDPOINT_PATH "/oauth/token"

struct assertion_login; /* an assertion on its way; in the arena */

/* NEXT with the application, which lives as long as the snapshot; DONE after refusing; or WAIT, and
 * the calling step runs again: it calls this again with the same presented and login, and does
 * nothing before that may not be done twice. *login is NULL at first and this function's from then
 * on. Faults: 503 when the pool is full, when the tables are outdated, or when
 * nobody can say whether an assertion was used (P4).
 *
 * After exchange_again_from() a client that proved itself need not do so again: the application is
 * looked up in the tables of now, and refused if its method or its keys are others by now. */
enum step_result exchange_authenticate(struct exchange *x, const struct client_presented *presented,
                                       struct assertion_login **login,
                                       const struct party_application **out);

/* Whether a secret is this application's now, whichever of the methods with a secret it is
 * registered for: of a request that another proof came with. Counted like any guess. NEXT, or DONE
 * after refusing. */
enum step_result exchange_check_secret(struct exchange *x,
                                       const struct party_application *application,
                                       struct str secret);

#endif
