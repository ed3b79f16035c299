/* Revocations by selector (SPEC 7): what the files revocations_*.c share. A selector says which
 * tokens; carried out it is one entry of the store's sequence, in force at once for all of them,
 * and the walk (revocations_walk.h) marks their rows afterwards.
 *
 * How far a caller reaches: with scopemint.revoke its partner and all below it, with
 * oauth.manage_all_tokens alone its own partner. What lies outside is answered as what does not
 * exist (F-35).
 *
 * A selector's `scopes` begin with the name that was asked for; behind it stand the others that
 * held it when the revocation was made. */
#ifndef MANAGE_REVOCATIONS_H
#define MANAGE_REVOCATIONS_H

#include "manage/body.h"
#include "manage/object.h"
#include "manage/require.h"
#include "manage/stored.h"
#include "revocation/selector.h"

#define REVOKE_ALL "scopemint.revoke"

enum { PLAN_LIFE_MS = 10 * 60 * 1000 };

/* One of scopemint.revoke and oauth.manage_all_tokens; to read also scopemint.audit. */
extern const struct requirement revocation_to_write, revocation_to_read;

/* ---- revocations_selector.c ---- */

struct revocation_reach {
    const struct party_partner *top;
    bool is_tree; /* and all below it */
};

struct revocation_reach revocation_reach_of(const struct exchange *x, const struct caller *caller);
bool revocation_reaches(const struct revocation_reach *reach, const struct party_partner *partner);

/* What was asked as it is carried out within the reach, which it lies in: without a partner it is
 * about all that is reached; a partner dimension that says nothing beside the others falls away.
 * Returns what kind of entry it becomes. Texts are those of asked. */
enum entry_kind revocation_effective(const struct party *party,
                                     const struct revocation_reach *reach,
                                     const struct revocation_selector *asked,
                                     struct revocation_selector *out);

/* Whether the reach is wide enough for a selector as it is carried out: for plans, whose maker may
 * have lost rights meanwhile. */
bool revocation_is_within(const struct party *party, const struct revocation_reach *reach,
                          const struct revocation_selector *effective);

/* Whose object it is, for the audit log: the partner that it is about, or who asks. */
struct sid revocation_partner(const struct party *party,
                              const struct revocation_selector *effective,
                              const struct sid *asking);

/* ---- revocations_fields.c ---- */

struct revocation_fields {
    bool is_plan, dry_run;
    struct sid plan_id;                  /* where is_plan; then nothing else is said */
    struct revocation_selector selector; /* as it was asked for */
};

/* The body. NEXT, or DONE after refusing: everything that is wrong with it (422), then what the
 * caller may not say (403). */
enum step_result revocation_fields_read(struct exchange *x, const struct caller *caller,
                                        struct revocation_fields *out);

/* ---- revocations_view.c ---- */

enum revocation_attribute {
    REVOCATION_SID,
    REVOCATION_STATE,
    REVOCATION_SEQUENCE,
    REVOCATION_EPOCH,
    REVOCATION_SELECTOR,
    REVOCATION_TOKENS,
    REVOCATION_CLIENT_ID,
    REVOCATION_PARTNER_SID,
    REVOCATION_DATE_CREATED,
    REVOCATION_DATE_EXPIRATION,
    REVOCATION_DATE_EXECUTED,
    REVOCATION_DATE_DONE,
    REVOCATION_DATE_END,
    REVOCATION_ATTRIBUTES
};
extern const struct object_kind revocation_kind;

struct revocation_view {
    const struct revocation_row *row;
    int64_t now_ms;
};

/* view: a struct revocation_view. */
void revocation_write(const void *view, unsigned attribute, struct json_writer *w);

/* An object with what the selector says. */
void revocation_selector_write(const struct revocation_selector *selector, struct json_writer *w);

/* "planned", "expired", "following" or "done". */
struct str revocation_state_name(const struct revocation_row *row, int64_t now_ms);

/* {"selector":{...}}, for the audit log. ptr NULL: out of memory. */
struct str revocation_detail(struct arena *arena, const struct revocation_selector *selector);

/* ---- revocations_find.c: which one ended a token ---- */

struct revocation_search {
    struct exchange *exchange;
    const struct token_row *token;
    struct store_read read;
    struct result result;
    size_t looked_at;
    const struct revocation_row *found; /* the oldest; NULL: none is known */
};

/* WAIT; the next step finds result and found, which live as long as the exchange. */
enum step_result revocation_search_start(struct exchange *x, const struct token_row *token,
                                         struct revocation_search *search);

/* ---- revocations_count.c: how many tokens a plan is about ---- */

enum { COUNT_LISTED = 1000 };

struct revocation_count {
    struct exchange *exchange;
    struct store_read read;
    struct arena rows;  /* of one page; empty in between */
    struct arena tally; /* until the answer */
    struct count_table *applications, *partners;
    struct sid after;
    uint64_t tokens;
};

/* False: enough of them are at work, so that a plan would be made for nothing. */
bool revocation_count_has_room(const struct exchange *x, bool of_root);

/* False: enough of them are at work. Otherwise revocation_count_end has to follow, unless the
 * client leaves during a read. */
bool revocation_count_begin(struct exchange *x, bool of_root, struct revocation_count *count);
void revocation_count_end(struct revocation_count *count);

/* Asks for the next page of rows: WAIT; then comes revocation_count_take. */
enum step_result revocation_count_ask(struct exchange *x, struct revocation_count *count,
                                      const struct revocation_row *plan);

/* Counts the page. *out_more: ask for another. A fault. */
RESULT revocation_count_take(struct exchange *x, struct revocation_count *count,
                             const struct revocation_row *plan, bool *out_more);

/* Members, once all pages were taken: tokens, applications, applications_total, partners,
 * partners_total. Lists hold at most COUNT_LISTED, those with most tokens first. */
void revocation_count_write(const struct exchange *x, const struct revocation_count *count,
                            struct json_writer *w);

#endif
