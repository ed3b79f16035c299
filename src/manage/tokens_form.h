/* What the POST endpoints of tokens are sent: a form as CarrierX has it, or JSON that says the
 * same. The bearer token is the caller; client parameters beside it have to be its own
 * application's. */
#ifndef MANAGE_TOKENS_FORM_H
#define MANAGE_TOKENS_FORM_H

#include "exchange/caller.h"
#include "token/asked.h"

struct token_client {
    struct str client_id, client_secret; /* ptr NULL: not sent */
};

/* ERR_NONE, or ERR_DUPLICATE_PARAMETER. */
enum err token_client_form(const struct form *form, struct token_client *out);

/* NEXT, or DONE with 401 where they are another's. */
enum step_result token_client_check(struct exchange *x, const struct caller *caller,
                                    const struct token_client *client);

/* What a creation asks for. Texts live as long as the exchange. */
struct token_wish {
    struct str name;
    uint64_t ttl_s;  /* 0: not asked for */
    bool has_scopes; /* else: all that is allowed */
    struct asked_names scopes;
};

/* Reads the body, whichever of the two it is. NEXT, or DONE: 415; 400 for what cannot be read and
 * for another grant_type; 401 for another's client parameters; 422 for fields, an unknown one
 * included: a misspelt `scopes` must not mean all of them (THREATS-36). */
enum step_result token_wish_read(struct exchange *x, const struct caller *caller,
                                 struct token_wish *out);

#endif
