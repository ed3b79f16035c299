/* Reading pages while the writer writes. Reads have a thread of their own, so that a page waits for
 * no batch, no disk and no checkpoint: each sees everything that was answered before it was
 * submitted, and shows nothing that the hooks were not told of yet (P1, P2; telling.c).
 *
 * A list shows the rows of one partner (or of its subtree, or of some), filtered and ordered by
 * columns of an enum: no text of a caller ever becomes part of a query. What is not set (no parent,
 * no login, never accessed) matches no filter and sorts lowest. Text is compared byte by byte. */
#ifndef STORE_LIST_H
#define STORE_LIST_H

#include "store/store.h"

enum store_table {
    STORE_TOKENS,
    STORE_PARTNERS,
    STORE_APPLICATIONS,
    STORE_RULES,
    STORE_TRUNK_GROUPS,
    STORE_TRUNKS,
    STORE_TABLES,
};

/* The first of each table is its key. */
enum store_column {
    STORE_TOKEN_SID,
    STORE_TOKEN_CLIENT_ID,
    STORE_TOKEN_NAME,
    STORE_TOKEN_CREATED,  /* milliseconds */
    STORE_TOKEN_EXP,      /* seconds */
    STORE_TOKEN_ACCESSED, /* milliseconds */
    STORE_PARTNER_SID,
    STORE_PARTNER_PARENT_SID,
    STORE_PARTNER_NAME,
    STORE_PARTNER_LOGIN,
    STORE_PARTNER_STATUS, /* its name */
    STORE_PARTNER_CREATED,
    STORE_PARTNER_UPDATED,
    STORE_APPLICATION_CLIENT_ID,
    STORE_APPLICATION_PARTNER_SID,
    STORE_APPLICATION_NAME,
    STORE_APPLICATION_STATUS,
    STORE_APPLICATION_CREATED,
    STORE_APPLICATION_UPDATED,
    STORE_RULE_SID,
    STORE_RULE_PARTNER_SID,
    STORE_RULE_NAME,
    STORE_RULE_FIELD,
    STORE_RULE_OPERATION,
    STORE_RULE_QUANTIFIER,
    STORE_RULE_CREATED,
    STORE_RULE_UPDATED,
    STORE_TRUNK_GROUP_SID,
    STORE_TRUNK_GROUP_PARTNER_SID,
    STORE_TRUNK_GROUP_NAME,
    STORE_TRUNK_GROUP_CREATED,
    STORE_TRUNK_GROUP_UPDATED,
    STORE_TRUNK_SID,
    STORE_TRUNK_TRUNK_GROUP_SID,
    STORE_TRUNK_NAME,
    STORE_TRUNK_CREATED,
    STORE_TRUNK_UPDATED,
    STORE_COLUMNS,
};

enum store_value_kind { STORE_VALUE_SID, STORE_VALUE_TEXT, STORE_VALUE_NUMBER };

enum store_table store_column_table(enum store_column column);
enum store_value_kind store_column_kind(enum store_column column);

enum store_operator {
    STORE_IS_EQ,
    STORE_IS_NE,
    STORE_IS_GT,
    STORE_IS_GE,
    STORE_IS_LT,
    STORE_IS_LE,
    STORE_IS_LIKE, /* text alone: '%' any run, '_' one character, '\\' takes the next literally */
};

/* One of the values, by the column's kind. */
struct store_filter {
    enum store_column column;
    enum store_operator operator;
    struct sid sid;
    struct str text;
    int64_t number;
};

/* Of tokens, at now_s. One that was revoked stays so when its end comes. */
enum store_token_status {
    STORE_TOKENS_ALL,
    STORE_TOKENS_LIVE,
    STORE_TOKENS_REVOKED,
    STORE_TOKENS_EXPIRED,
};

enum {
    STORE_FILTERS = 8,
    STORE_PAGE = 1000,
    STORE_LIST_PARTNERS = LIMIT_PARTNER_DEPTH + 1, /* one and all above it */
};

struct store_list {
    struct sid partner_sid;             /* whose rows; of partners: its own */
    bool descendants;                   /* and those of all below it; of partners, applications and
                                           trunk groups */
    const struct sid *partners;         /* of rules, in place of partner_sid: any of these */
    size_t partner_count;               /* 1 to STORE_LIST_PARTNERS */
    struct sid trunk_group_sid;         /* of trunks, in place of partner_sid */
    bool without_entries;               /* of rules: their entries are not read, and are empty */
    struct sid client_id;               /* none: any; tokens alone */
    enum store_token_status status;     /* tokens alone */
    int64_t now_s;                      /* of status */
    const struct store_filter *filters; /* all of them hold */
    size_t filter_count;                /* at most STORE_FILTERS */
    enum store_column order;            /* then by key, in the same direction */
    bool descending;
    size_t limit; /* 1 to STORE_PAGE */
    size_t offset;
    /* The page ends before the row with which its text would be longer, but holds at least one:
     * out.is_cut, and more is true. 0: as much as the arena takes. Not for tokens. */
    size_t max_bytes;
    /* With order by key, ascending, and no offset alone; none: not used. Exclusive. before: the
     * last of the rows before it, still ascending. */
    struct sid after, before;
    bool want_total; /* not for tokens */
};

enum store_read_verb {
    STORE_TOKEN_GET,
    STORE_TOKEN_LIST,
    STORE_PARTNER_LIST,
    STORE_APPLICATION_LIST,
    STORE_RULE_LIST,
    STORE_TRUNK_GROUP_LIST,
    STORE_TRUNK_LIST,
    STORE_RULE_GET, /* these three: ABSENT */
    STORE_TRUNK_GROUP_GET,
    STORE_TRUNK_GET,
    STORE_AUDIT_LIST,
    STORE_SECRET_LIST,     /* of an application: all there are, by secret_id */
    STORE_TOKEN_SCAN,      /* of several partners, one after the other, each one's by token_sid */
    STORE_TOKEN_WALK,      /* of all partners, by token_sid: those a selector may be about */
    STORE_REVOCATION_GET,  /* ABSENT */
    STORE_REVOCATION_LIST, /* of all, by revocation_sid */
    STORE_FEED,            /* entries with whom they concern */
};

/* An entry for who follows the sequence, with what says who may see it: of the token it speaks of,
 * where that still has a row. */
struct feed_row {
    struct store_entry entry;
    struct sid partner_sid; /* none: not of a token, or the row is gone */
    struct str audiences;
};

/* As struct store_request: embedded, the store's until done runs. */
struct store_read {
    enum store_read_verb verb;
    struct loop *loop;
    void (*done)(struct store_read *read); /* on loop's thread */
    struct arena *arena;                   /* the store's likewise; rows and text go there */

    union {
        struct sid token_sid;
        struct sid rule_sid;
        struct sid trunk_group_sid;
        struct sid trunk_sid;
        struct sid client_id; /* of SECRET_LIST */
        struct store_list list;
        struct {
            uint64_t after; /* exclusive; 0: from the beginning, or the end */
            bool descending;
            size_t limit; /* 1 to STORE_PAGE */
        } audit_list;
        struct {
            const struct sid *partners;
            size_t partner_count;
            struct sid after; /* of the first partner's tokens: exclusive; none: all of them */
            size_t limit;     /* 1 to STORE_PAGE */
        } token_scan;
        struct {
            struct sid after;     /* exclusive; none: from the first */
            uint64_t below;       /* rows that were made with a lower epoch */
            int64_t now_s;        /* and are not over, and not revoked */
            struct sid client_id; /* none: any */
            size_t limit; /* 1 to STORE_PAGE; a bounded number of rows is looked at, so a page
                             may be short, or empty, with more behind */
        } token_walk;
        struct sid revocation_sid;
        struct {
            struct sid after; /* exclusive; none: from the first */
            bool following;   /* those alone whose rows are being marked */
            size_t limit;
        } revocation_list;
        struct {
            uint64_t after;
            int64_t now_s; /* those that ended are left out */
            size_t limit;
        } feed;
    } in;

    struct result result;
    enum store_outcome outcome; /* DONE; ABSENT: no such row; TOO_COSTLY */
    struct {
        union {
            const void *rows;               /* any of these */
            const struct token_row *tokens; /* of TOKEN_GET: one */
            const struct partner_row *partners;
            const struct application_row *applications;
            const struct acl_rule_row *rules; /* of RULE_GET: one; likewise the next two */
            const struct trunk_group_row *trunk_groups;
            const struct trunk_row *trunks;
            const struct audit_row *audit;
            const struct secret_row *secrets;         /* at most STORE_SECRETS_LIVE */
            const struct revocation_row *revocations; /* of REVOCATION_GET: one */
            const struct feed_row *feed;
        };
        size_t count;
        bool more;    /* rows behind the page, in its direction */
        bool is_cut;  /* by max_bytes: fewer than limit, with more behind */
        size_t total; /* with want_total: all that the filters let through, wherever the page is */
        size_t scanned; /* of TOKEN_SCAN: partners that it went through to their end; where that is
                           not all of them, the next page begins at this one, behind its last row */
        struct sid walked; /* of TOKEN_WALK with more: the last row looked at; the next page is
                              after it */
        uint64_t number;   /* of FEED: every entry up to here was committed before the read */
        struct store_audit_head checkpoint; /* of AUDIT_LIST: the last record that was pruned */
    } out;

    /* the store's */
    struct store_read *next;
    struct loop_msg message;
};

/* Takes over *read and *read->arena until done runs. Any thread. When too many wait (or the store
 * is closing) done is posted with ERR_FAULT_STORE. */
void store_read_submit(struct store *store, struct store_read *read);

/* Whether text is like pattern (STORE_IS_LIKE); the work is at most the product of their lengths.
 */
bool store_text_is_like(struct str pattern, struct str text);

/* The text that everything like pattern begins with, at most size bytes of it. */
size_t store_like_prefix(struct str pattern, char *out, size_t size);

#endif
