/* Every limit that a caller can meet, in one place, checked against each other below. Bytes unless
 * the name says otherwise. */
#ifndef CORE_LIMITS_H
#define CORE_LIMITS_H

#include <assert.h>

enum {
    LIMIT_HEAD = 16 * 1024,         /* request line and header fields */
    LIMIT_BODY = 64 * 1024,         /* forms and JSON, unless a route says otherwise */
    LIMIT_BODY_ACLS = 256 * 1024,   /* an object that has access control lists */
    LIMIT_BODY_BATCH = 1024 * 1024, /* POST /oauth/introspect/batch */
    LIMIT_TOKEN = 8 * 1024,         /* a JWT, ours or presented */
    LIMIT_BATCH_TOKENS = 100,
    LIMIT_PARAMETERS = 64, /* in one form */
    LIMIT_PARAMETER_NAME = 64,
    LIMIT_HEADERS = 64,
    LIMIT_AUDIENCES = 16, /* of an application, and so of a token */
    LIMIT_AUDIENCE = 256,
    LIMIT_NAME = 128,
    LIMIT_SECRET = 128, /* a client secret as presented */
    LIMIT_KID = 64,
    LIMIT_SCOPES = 512, /* values in the catalogue: one bit each, one cache line */
    LIMIT_SCOPE_NAME = 64,
    LIMIT_JSON_DEPTH = 16,
    LIMIT_JSON_KEYS = 64,
    LIMIT_JSON_VALUES = 4096,
    LIMIT_PARTNER_DEPTH = 32,
    LIMIT_ARENA = 512 * 1024, /* of one exchange with an ordinary body */
    LIMIT_ARENA_BATCH = 8 * 1024 * 1024,
    LIMIT_INPUT = 64 * 1024 * 1024,        /* requests on their way, on all connections together */
    LIMIT_INPUT_WORKER = 16 * 1024 * 1024, /* of that, what a worker has at least */
    LIMIT_REPLY = 2 * 1024 * 1024,
    LIMIT_LARGE_WORKER = 64 * 1024 * 1024, /* what large requests of a worker keep at a time */
    LIMIT_BODY_RULE = 4 * 1024 * 1024,     /* an access control rule; its entries together */
    LIMIT_BODY_MAX = LIMIT_BODY_RULE,      /* no endpoint takes more */
    LIMIT_ARENA_RULE = 16 * 1024 * 1024,   /* of an exchange about rules */
    LIMIT_ACL_ENTRIES = 100000,            /* of a rule */
    LIMIT_ACL_ENTRY = 4 * 1024,
    LIMIT_ACL_PATTERNS = 1000, /* entries of a rule that are patterns: each is run */
    LIMIT_ACL_PATTERN = 1024,
    LIMIT_ACL_PATTERNS_SIZE = 4 * 1024 * 1024, /* of a rule, compiled */
    LIMIT_ACL_PARTNER_RULES = 10000,           /* of a partner; likewise the next three */
    LIMIT_ACL_PARTNER_ENTRIES = 1000000,
    LIMIT_ACL_PARTNER_BYTES = 64 * 1024 * 1024,  /* of entries, as stored */
    LIMIT_ACL_PARTNER_MEMORY = 96 * 1024 * 1024, /* of rules, compiled */
    LIMIT_ACL_MEMORY = 1024 * 1024 * 1024,       /* likewise of all partners together */
    LIMIT_ACL_VALUE = 8 * 1024,                  /* a number or a message that rules are run over */
};

static_assert(LIMIT_TOKEN < LIMIT_HEAD, "a bearer token travels in one header field");
static_assert(LIMIT_TOKEN < LIMIT_BODY, "a token travels in a form");
static_assert(LIMIT_BATCH_TOKENS * LIMIT_TOKEN < LIMIT_BODY_BATCH,
              "a full batch of longest tokens");
static_assert(LIMIT_ARENA >= 4 * LIMIT_BODY, "decoded form, claims and reply of the longest body");
static_assert(LIMIT_ARENA_BATCH >= 4 * LIMIT_BODY_BATCH, "likewise for a batch");
static_assert(LIMIT_ACL_PATTERN <= LIMIT_ACL_ENTRY, "a pattern is an entry");
static_assert(LIMIT_ACL_PARTNER_BYTES + 16 * LIMIT_ACL_PARTNER_ENTRIES <= LIMIT_ACL_PARTNER_MEMORY,
              "patterns alone meet the bound of memory");
static_assert(LIMIT_ACL_ENTRY <= LIMIT_ACL_VALUE, "every entry can be met by a value");
static_assert(LIMIT_INPUT_WORKER >= 4 * LIMIT_BODY_MAX, "some of the largest bodies at a time");
static_assert(LIMIT_ARENA_RULE >= 3 * LIMIT_BODY_RULE, "the body and its answer, or a page");

#endif
