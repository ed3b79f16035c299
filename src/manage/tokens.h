/* Tokens in the management API (SPEC 3, 5): what is shown of one, and the steps that its endpoints
 * share. Which tokens a caller may address is M2; what it does not address is answered like what
 * does not exist. */
#ifndef MANAGE_TOKENS_H
#define MANAGE_TOKENS_H

#include "exchange/issue.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"
#include "token/address.h"

enum token_attribute {
    TOKEN_ACCESS_TOKEN,
    TOKEN_CLIENT_ID,
    TOKEN_DATE_CREATED,
    TOKEN_DATE_EXPIRATION_ACCESS_TOKEN,
    TOKEN_DATE_EXPIRATION_REFRESH_TOKEN,
    TOKEN_DATE_LAST_ACCESSED,
    TOKEN_IP_LAST_ACCESSED,
    TOKEN_NAME,
    TOKEN_PARTNER,
    TOKEN_PARTNER_SID,
    TOKEN_REFRESH_TOKEN,
    TOKEN_SCOPES,
    TOKEN_TOKEN_SID,
    TOKEN_TOKEN_TYPE,
    TOKEN_ATTRIBUTES,
    /* of a token that was just created, besides */
    TOKEN_EXPIRES_IN = TOKEN_ATTRIBUTES,
    TOKEN_SCOPE,
    TOKEN_CREATED_ATTRIBUTES
};

extern const struct object_kind token_kind, token_created_kind; /* tokens_view.c */

/* What one object is rendered from. */
struct token_view {
    const struct token_row *row;
    const struct party_partner *partner; /* its own; shown with with_related */
    struct str access_token;             /* ptr NULL: null, for it is shown once (P5) */
    int64_t expires_in_s;                /* of token_created_kind */
};

void token_view_write(const void *view, unsigned attribute, struct json_writer *w);

/* DONE: 200 with these fields of the object (list_fields_read: before anything is changed), and its
 * ETag. */
enum step_result token_view_reply(struct exchange *x, const struct object_kind *kind,
                                  const struct object_fields *fields,
                                  const struct token_view *view);

/* ---- what endpoints of one token share ---- */

/* The beginning of their state. */
struct token_target {
    struct stored stored; /* first */
    const struct token_row *row;
    enum token_state state;
};

/* The scopes that each verb wants, one of them (SPEC 5). */
extern const struct requirement token_to_read, token_to_create, token_to_update, token_to_delete,
    token_to_revoke;

/* The path's first SID; `current` is the presented token's. NEXT, or DONE with 404 or the fault. */
enum step_result token_path_sid(struct exchange *x, const struct caller *caller, struct sid *out);

/* Refuses who lacks the verb's scope, reads the path's SID and asks the store for
 * the row: WAIT, and stored_step_read comes next; or DONE with 403 or 404. */
enum step_result token_target_find(struct exchange *x, const struct requirement *rights);

/* NEXT with target->row and its state, or DONE with 404. */
enum step_result token_target_found(struct exchange *x);

struct address_caller token_address(const struct exchange *x, const struct caller *caller);

/* DONE: 404 by M2, and the refusal is told to the caller's own partner, whether there is such a
 * token or not. */
enum step_result token_refuse_address(struct exchange *x, const struct caller *caller,
                                      struct str action, const struct sid *token_sid);

/* NEXT when it is signed. A token that gets too large is a fault of the field scopes here: 422. */
enum step_result token_signed(struct exchange *x, const struct issue *issue);

#endif
