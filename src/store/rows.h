/* What the store keeps, as plain values. Text points into memory of whoever hands the row over and
 * lives as long as that call, unless a function says otherwise. Lists of names (scopes, audiences,
 * grant types, redirect URIs) are one text with single spaces between: none of their values can
 * hold a space. Names, not bits: a bit number means nothing outside its process (SPEC 2). Times are
 * milliseconds since 1970 (_ms) or seconds (_s); 0 means "not set". */
#ifndef STORE_ROWS_H
#define STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/limits.h"
#include "core/sid.h"
#include "core/str.h"
#include "crypto/digest.h"

enum partner_status { PARTNER_UNVERIFIED, PARTNER_ACTIVE, PARTNER_SUSPENDED, PARTNER_CANCELED };

struct partner_row {
    struct sid partner_sid;
    struct sid parent_sid; /* none: the root */
    struct str name, login;
    enum partner_status status;
    bool scopes_all; /* the whole catalogue as it is now; then available_scopes is empty */
    struct str available_scopes;
    int64_t created_ms, updated_ms;
    uint64_t revision;                     /* from 1 */
    struct str acls, parent_assigned_acls; /* JSON arrays; what is empty is stored as "[]" */
};

enum application_type { APPLICATION_CONFIDENTIAL, APPLICATION_PUBLIC };
enum application_status { APPLICATION_ACTIVE, APPLICATION_SUSPENDED };
enum client_auth_method {
    CLIENT_AUTH_BASIC,       /* client_secret_basic */
    CLIENT_AUTH_POST,        /* client_secret_post */
    CLIENT_AUTH_PRIVATE_KEY, /* private_key_jwt */
    CLIENT_AUTH_NONE,        /* none: public clients */
};
/* What the `aud` of a client's assertion has to be. */
enum client_auth_audience { CLIENT_AUDIENCE_ISSUER, CLIENT_AUDIENCE_TOKEN_ENDPOINT };

struct application_row {
    struct sid client_id;
    struct sid partner_sid;
    struct str name;
    enum application_type type;
    enum application_status status;
    enum client_auth_method auth_method;
    struct str grant_types; /* RFC 7591 names */
    struct str redirect_uris;
    bool scopes_all;   /* as in partner_row, restricted values approved */
    struct str scopes; /* declared */
    struct str approved_restricted;
    struct str audiences;
    bool introspection;
    uint32_t access_token_ttl_s; /* 0: the configuration's default */
    int64_t created_ms, updated_ms;
    uint64_t revision;
    struct str jwks; /* a JWK Set as JSON; empty: none */
    enum client_auth_audience auth_audience;
    uint32_t refresh_token_ttl_s; /* 0: the configuration's default */
};

struct secret_row {
    struct sid secret_id;
    struct sid client_id;
    uint8_t digest[32]; /* SHA-256 of the whole secret text; the secret itself is nowhere (P5) */
    int64_t created_ms;
    int64_t expires_ms; /* 0: never */
    int64_t last_used_ms;
};

/* An access control rule. Its enums are words: what they mean is told further up. */
struct acl_rule_row {
    struct sid rule_sid;
    struct sid partner_sid; /* whose it is; those below may use it */
    struct str name, field, operation, quantifier;
    struct str entries; /* a JSON array of text; up to LIMIT_BODY_RULE */
    int64_t created_ms, updated_ms;
    uint64_t revision;
};

struct trunk_group_row {
    struct sid trunk_group_sid;
    struct sid partner_sid;
    struct str name;
    struct str acls; /* as in partner_row */
    int64_t created_ms, updated_ms;
    uint64_t revision; /* raised too when a trunk comes or goes */
    /* Read only, of STORE_TRUNK_GROUP_GET and _LIST: its trunks, rising. */
    const struct sid *trunks;
    size_t trunk_count;
};

struct trunk_row {
    struct sid trunk_sid;
    struct sid trunk_group_sid;
    struct str name;
    struct str acls; /* likewise */
    int64_t created_ms, updated_ms;
    uint64_t revision;
};

/* What access control lists stand in. */
enum acl_owner_kind { ACL_OWNER_PARTNER, ACL_OWNER_TRUNK_GROUP, ACL_OWNER_TRUNK };

struct acl_owner_row {
    enum acl_owner_kind kind;
    union {
        struct partner_row partner;
        struct trunk_group_row trunk_group;
        struct trunk_row trunk;
    };
};

/* What the newest JWT of a token was signed with. */
struct token_newest {
    int64_t exp_s;
    uint64_t epoch; /* its claim: a selector revocation with a higher number ends it */
    struct str kid;
};

struct token_row {
    struct sid token_sid;
    struct sid client_id;
    struct sid partner_sid;
    struct sid user_sid; /* none: no user behind it */
    struct str name;
    struct str scopes; /* as granted, literally */
    struct str audiences;
    int64_t created_ms;
    int64_t exp_s;        /* now */
    int64_t exp_signed_s; /* the highest ever signed: what an index entry must outlive */
    uint32_t generation;  /* from 1 */
    struct token_newest newest;
    uint64_t revision; /* raised by each update, not by a touch */
    int64_t last_accessed_ms;
    struct str last_accessed_ip;
    /* Read only, by an entry of its own or marked by a selector's; 0: not revoked, or not yet
     * marked. */
    uint64_t revoked_number;
    int64_t revoked_ms;
};

/* One step of the sequence (SPEC 6): numbers have no hole and rise in commit order. */
enum entry_kind {
    ENTRY_TOKEN_REVOKED = 1,  /* id: token_sid */
    ENTRY_EPOCH_APPLICATION,  /* id: client_id */
    ENTRY_EPOCH_PARTNER,      /* id: partner_sid, that partner alone */
    ENTRY_EPOCH_PARTNER_TREE, /* id: partner_sid, and all below it */
    ENTRY_EPOCH_USER,         /* id: user_sid */
    ENTRY_EPOCH_KEY,          /* kid */
    ENTRY_TOKEN_SET,          /* id: token_sid; its scopes or end were changed */
    ENTRY_SELECTOR,           /* id: revocation_sid; every token that its selector matches */
    ENTRY_PLAN,               /* id: revocation_sid; ends nothing: its number is when it counted */
};

/* What of every JWT of a token is left, at most: its row as it is now. */
struct entry_set {
    struct str scopes; /* names; lives as long as whoever hands it over says */
    int64_t exp_s;
};

/* Which tokens a revocation is about: all that is said holds (SPEC 7). */
struct revocation_selector {
    struct sid client_id;   /* none: any */
    struct sid partner_sid; /* none: any */
    struct sid user_sid;    /* none: any */
    struct str kid;         /* empty: any */
    struct str scopes;      /* holds at least one of these names; empty: any */
    int64_t before_s;       /* its `iat` is earlier; 0: any */
    bool descendants;       /* of partner_sid too */
    bool over_ceiling;      /* holds more than its application and partners have now */
};

struct store_entry {
    uint64_t number;
    enum entry_kind kind;
    struct sid id;
    /* Of epochs and selectors: ends tokens whose `epoch` claim is lower. The entry's own number, or
     * that of the plan which it carries out. */
    uint64_t below;
    int64_t before_s; /* of epochs: and whose `iat` is earlier; 0: all */
    uint8_t kid_len;
    union {
        char kid[LIMIT_KID];
        struct entry_set set;                /* of ENTRY_TOKEN_SET alone, which has no kid */
        struct revocation_selector selector; /* of ENTRY_SELECTOR alone, likewise */
    };
    int64_t end_s; /* from here on nothing it speaks of can be alive; then it may be forgotten */
    int64_t at_ms; /* when it was made */
};

static inline struct str entry_kid(const struct store_entry *entry)
{
    return str_make(entry->kid, entry->kid_len);
}

/* One revocation by selector: first a plan, or at once what ends tokens. */
enum revocation_state {
    REVOCATION_PLANNED,   /* counted; ends nothing yet */
    REVOCATION_FOLLOWING, /* in force; the rows of its tokens are being marked */
    REVOCATION_DONE,      /* in force, and every row is marked */
};

struct revocation_row {
    struct sid revocation_sid;
    struct sid partner_sid;              /* of who asked: whose list shows it */
    struct sid client_id;                /* of who asked */
    struct revocation_selector selector; /* as it is carried out: within what the caller reaches */
    enum revocation_state state;
    uint64_t below;               /* see store_entry */
    uint64_t number;              /* of the entry that put it in force; 0: planned */
    int64_t created_ms;           /* of the plan or, without one, of the revocation */
    int64_t expires_ms;           /* of the plan; 0: there was none */
    int64_t executed_ms, done_ms; /* 0: not yet */
    int64_t end_s;                /* no token it speaks of lives longer */
    struct sid cursor;            /* rows up to this token_sid are marked; none: from the first */
    uint64_t tokens;              /* rows that were alive when they were marked */
    struct digest256 tables;      /* of over_ceiling in force: see store_use_scope_tables; else 0 */
};

/* One record of the audit log, linked to the one before (SPEC 7). */
struct audit_row {
    uint64_t seq;    /* from 1, no hole */
    struct str node; /* the node that wrote it */
    int64_t at_ms;
    struct digest256 prev, digest; /* see store/audit.h */
    struct str record;
};

#endif
