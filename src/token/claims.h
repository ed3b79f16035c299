/* The claims of our access tokens (RFC9068-2.2, SPEC 3) as a value, and their JSON. */
#ifndef TOKEN_CLAIMS_H
#define TOKEN_CLAIMS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/sid.h"
#include "core/str.h"
#include "json/write.h"

enum { JTI_MAX = SID_TEXT + 1 + 10 };

struct token_claims {
    struct str issuer;
    struct str subject;
    struct sid client_id;
    struct sid partner_sid;
    struct sid user_sid; /* none: the subject is the client */
    struct sid token_sid;
    uint32_t generation; /* jti is "<token_sid>.<generation>" */
    int64_t exp_s, iat_s;
    uint64_t epoch;   /* last number of the store's sequence the node had seen when it minted */
    struct str scope; /* names with single spaces; may be empty */
    size_t audience_count;
    struct str audiences[LIMIT_AUDIENCES];
};

bool token_claims_has_audience(const struct token_claims *claims, struct str audience);

void token_claims_write(const struct token_claims *claims, struct buf *out);

/* The members aud and jti, spelled alike in the token and in introspection (7662-2.2-j). */
void token_claims_write_aud(struct json_writer *w, const struct token_claims *claims);
void token_claims_write_jti(struct json_writer *w, const struct token_claims *claims);

/* Strict: every claim present once and of its type, numbers as integers, SIDs as SIDs (8725-x-a).
 * Text of *out points into payload or the arena. ERR_INVALID_TOKEN or ERR_FAULT_MEMORY. iss, aud
 * and times are not judged here. */
enum err token_claims_read(struct str payload, struct arena *arena, struct token_claims *out);

/* Its short way, for claims written by token_claims_write(). False: they are not, or are not claims
 * at all, and *out is in disorder. Leaves user_sid alone. */
bool token_claims_scan(struct str payload, struct token_claims *out);

#endif
