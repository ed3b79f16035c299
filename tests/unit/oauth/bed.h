/* The endpoints on all they stand on, but http: a memory store with its writer, index, keys on disk
 * and the clients' tables. The test's thread turns the worker's loop while it waits for an answer.
 */
#ifndef OAUTH_BED_H
#define OAUTH_BED_H

#include "config/config.h"
#include "exchange/exchange.h"
#include "exchange/server.h"
#include "exchange/snapshot.h"
#include "support/loop_thread.h"
#include "token/claims.h"
#include "unit/client/clients.h"
#include "unit/token/keys.h"
#include "json/read.h"

#define BED_ISSUER "https://as.example"
#define BED_FORM   "application/x-www-form-urlencoded"

struct bed {
    struct clients clients; /* its catalogue and party are the snapshot's */
    struct loop_thread *loop;
    struct config config;
    struct server server;
    struct worker worker;
    struct keys keys;
};

void bed_init(struct bed *bed);
void bed_done(struct bed *bed);

/* All tables as they are now, for what only reads them. */
const struct snapshot *bed_snapshot(const struct bed *bed);

/* What the snapshot publishes as RFC 8414 metadata: each program of tests that has a bed brings its
 * own, so that the bed stands on no endpoint. */
void bed_metadata(struct str issuer, const struct scope_catalogue *catalogue, struct buf *out);

/* What http would hand over. Text that is NULL is absent. */
struct question {
    const struct route *route;                       /* NULL: a POST to endpoint */
    const struct endpoint *endpoint;                 /* without a route */
    const char *body, *authorization, *content_type; /* NULL: that of a form */
    const char *path, *query, *if_none_match, *if_match;
    bool accepts_events;
};

struct answer {
    struct exchange exchange; /* first */
    struct route route;
    unsigned delivered;
    struct arena parsed;
};

/* Only starts; the loop is turned by bed_wait. */
void bed_ask(struct bed *bed, const struct question *question, struct answer *out);
void bed_wait(struct bed *bed, struct answer *answer);

/* Both; the answer has to be freed. */
void bed_answer(struct bed *bed, const struct question *question, struct answer *out);
void answer_done(struct answer *answer);

int answer_status(const struct answer *answer);
struct str answer_body(const struct answer *answer);
const struct json_value *answer_json(struct answer *answer);
struct str answer_text(struct answer *answer, const char *member); /* fails where it is no string */
struct str answer_error(struct answer *answer);                    /* the member error */
struct str answer_header(const struct answer *answer, const char *name, size_t n);

/* client_id=...&client_secret=...&rest */
enum { BED_TEXT = 12 * 1024 };
const char *bed_form(const struct sid *client, const char *secret, const char *rest,
                     char memory[BED_TEXT]);

/* Signed with the bed's key, whoever may get such a token or not: it speaks of client and partner,
 * for audience ("" or space-separated), good for 900 s. */
struct minted {
    struct token_claims claims;
    char text[8 * 1024 + 1];
};
void bed_mint(struct bed *bed, const struct sid *client, const struct sid *partner,
              const char *scope, const char *audience, struct minted *out);

/* Stores a row with a new token_sid, made now, of generation and revision 1 and signed until
 * like.exp_s, and returns it. Texts that are NULL: a name, calls.read, the issuer. */
struct token_row bed_create_token(struct bed *bed, const struct token_row *like);

#endif
