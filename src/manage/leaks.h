/* The leak desk: what the files of this folder that begin with leaks_ share. Strings that somebody
 * found are sorted by their form (client/found.h), looked up, and, where asked, what they open is
 * ended. Nothing of a string is ever written anywhere: not to the log, not to the audit log, not
 * into an answer (P5). */
#ifndef MANAGE_LEAKS_H
#define MANAGE_LEAKS_H

#include "client/found.h"
#include "manage/stored.h"

enum { LEAKS_MAX = 100 };

/* Of what is known. DISABLED: its application or a partner above it does not work now, or the
 * secret was just deleted. */
enum leak_state { LEAK_LIVE, LEAK_REVOKED, LEAK_EXPIRED, LEAK_DISABLED };

/* Ending one token or secret; several strings may be of the same. */
struct leak_act {
    struct store_request request;
    struct leaks *leaks;
};

struct leak {
    struct str text; /* tidy */
    enum found_kind kind;
    bool checked; /* checksum or signature holds */
    bool known;   /* issued here, and within the caller's reach; all below is of such alone */
    enum leak_state state;
    struct sid id; /* token_sid or secret_id */
    struct sid client_id, partner_sid;
    int64_t end_s;   /* of a token: the highest exp known */
    int64_t used_ms; /* 0: never, or not known */
    struct str used_ip;
    uint8_t digest[32]; /* of a client secret that is looked for */
    struct leak_act *act;
    bool acted;
    const char *reason; /* what could not be done or told; NULL: nothing */
};

/* The endpoint's state. */
struct leaks {
    struct stored stored; /* first */
    bool act;
    bool is_subtree; /* the reach: the caller's partner and all below it, else that partner alone */
    struct leak *items;
    size_t count;
    size_t at; /* the next that is looked at, by the step that runs */
    struct verification verification;
    bool asked;        /* an item is being verified, or read */
    unsigned portion;  /* of the applications that is searched next */
    size_t pending;    /* requests that are at the store */
    uint64_t before;   /* the sequence's number when they were handed over */
    uint64_t number;   /* the highest entry that was made; 0: none */
    struct buf answer; /* has its memory before anything is ended */
};

/* leaks_find.c */
enum step_result leaks_step_verify(struct exchange *x);   /* runs again for each token */
enum step_result leaks_step_search(struct exchange *x);   /* runs again for each portion */
enum step_result leaks_step_recall(struct exchange *x);   /* with the one behind it, for each */
enum step_result leaks_step_recalled(struct exchange *x); /* that is known: its last use */

/* leaks_act.c */
enum step_result leaks_step_act(struct exchange *x);
enum step_result leaks_step_acted(struct exchange *x);

/* The first of those before it that is of the same token or secret, or itself. */
const struct leak *leaks_first_of(const struct leaks *leaks, const struct leak *leak);

#endif
