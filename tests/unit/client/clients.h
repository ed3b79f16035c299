/* The party's tree with applications that can prove who they are, one of each kind that client
 * authentication tells apart. All belong to the shop, but orphan, whose partner's parent is
 * suspended. */
#ifndef CLIENT_CLIENTS_H
#define CLIENT_CLIENTS_H

#include "unit/party/tree.h"

/* The secret of every application below, and a second one of basic that is about to end. */
#define CLIENTS_SECRET "correct horse battery staple"
#define CLIENTS_SECOND "the one before that"

/* by_key's (RFC8037-A.1). */
#define CLIENTS_KEY                                                      \
    "-----BEGIN PRIVATE KEY-----\n"                                      \
    "MC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\n" \
    "-----END PRIVATE KEY-----\n"
#define CLIENTS_JWKS                                                                   \
    "{\"keys\":[{\"kty\":\"OKP\",\"crv\":\"Ed25519\",\"alg\":\"EdDSA\",\"kid\":\"k\"," \
    "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}]}"

enum { CLIENTS_ENDS_IN_MS = 60000 };

struct clients {
    struct tree tree;
    struct sid basic, post, open, suspended, orphan;
    struct sid by_key;   /* private_key_jwt */
    struct sid longest;  /* its secret is LIMIT_SECRET times 'x' */
    struct sid judge;    /* may introspect, proves itself in the body */
    struct sid outsider; /* likewise, for another audience than all others */
    struct sid branch;   /* a partner beside the reseller: scopemint.revoke calls.read */
    struct sid stranger; /* a SID that names nothing */
    int64_t second_ends_ms;
};

void clients_init(struct clients *clients);
void clients_done(struct clients *clients);

/* 36 characters in memory of the caller. */
struct str clients_id(const struct sid *sid, char memory[SID_TEXT]);

#endif
