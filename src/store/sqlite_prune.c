/* The clean-up of token rows, in rounds over all partners: of each the rows whose end is long past,
 * by the index of ends that its lists need anyhow. An index for the clean-up alone would cost every
 * token that is issued.
 *
 * A row goes when the highest end it was ever signed for is past. Where its end was brought forward
 * it is met before that, stays, and is met again in the next round; so a step is bounded by what it
 * looks at, and goes on behind it. Where a round stands is not kept: after a restart one begins. */
#include "store/sqlite.h"

enum {
    LOOKS = 512,   /* rows looked at in one step */
    PARTNERS = 256 /* partners */
};

struct look {
    struct sqlite *s;
    struct sqlite_prune_place *place;
    int64_t before_s;
    size_t left; /* rows that may still be looked at */
};

/* The first partner behind the place that has tokens. */
static RESULT next_partner(struct look *look, bool *out_found)
{
    struct sqlite *s = look->s;
    sqlite3_stmt *st = sqlite_statement(s, SQLITE_VERB_PRUNE_PARTNER,
                                        "SELECT partner_sid FROM tokens INDEXED BY tokens_exp "
                                        "WHERE partner_sid > ?1 ORDER BY partner_sid LIMIT 1");

    if (st != NULL)
        sqlite_bind_sid(st, 1, &look->place->partner_sid);
    TRY(sqlite_find(s, st, out_found));
    if (!*out_found)
        return RESULT_OK;
    struct sid partner_sid = {{0}};
    bool is_good = sqlite_column_sid(st, 0, &partner_sid);
    sqlite3_reset(st); /* it has the place's partner bound */
    *look->place = (struct sqlite_prune_place){.partner_sid = partner_sid, .exp_s = INT64_MIN};
    return is_good ? RESULT_OK : sqlite_bad_row(s, "a token of a partner without an id");
}

/* The partner's next rows whose end is past, and the place behind them. */
static RESULT look_at_rows(struct look *look, struct sid *out, size_t *out_count)
{
    struct sqlite *s = look->s;
    struct sqlite_prune_place *place = look->place;
    struct sqlite_prune_place from = *place;
    struct result result = RESULT_OK;
    int step;
    sqlite3_stmt *st = sqlite_statement(
        s, SQLITE_VERB_PRUNE_LOOK,
        "SELECT exp_s, token_sid FROM tokens INDEXED BY tokens_exp WHERE partner_sid = ?1 AND "
        "exp_s < ?2 AND (exp_s, token_sid) > (?3, ?4) ORDER BY exp_s, token_sid LIMIT ?5");

    if (st == NULL)
        return sqlite_fault(s);
    sqlite_bind_sid(st, 1, &from.partner_sid);
    sqlite3_bind_int64(st, 2, look->before_s);
    sqlite3_bind_int64(st, 3, from.exp_s);
    sqlite_bind_sid(st, 4, &from.token_sid);
    sqlite3_bind_int64(st, 5, (sqlite3_int64)look->left);
    *out_count = 0;
    while ((step = sqlite3_step(st)) == SQLITE_ROW && result_ok(result)) {
        place->exp_s = sqlite3_column_int64(st, 0);
        if (!sqlite_column_sid(st, 1, &place->token_sid))
            result = sqlite_bad_row(s, "a token_sid that this program has not written");
        out[(*out_count)++] = place->token_sid;
    }
    if (result_ok(result) && step != SQLITE_DONE)
        result = sqlite_fault(s);
    sqlite3_reset(st);
    return result;
}

static RESULT delete_row(struct look *look, const struct sid *token_sid, size_t *count)
{
    struct sqlite *s = look->s;
    sqlite3_stmt *st =
        sqlite_statement(s, SQLITE_VERB_PRUNE_TOKEN,
                         "DELETE FROM tokens WHERE token_sid = ?1 AND exp_signed_s < ?2");

    if (st != NULL) {
        sqlite_bind_sid(st, 1, token_sid);
        sqlite3_bind_int64(st, 2, look->before_s);
    }
    TRY(sqlite_run(s, st));
    *count += (size_t)sqlite3_changes(s->db);
    return RESULT_OK;
}

/* *out_done: none of the partner's rows is left to look at. */
static RESULT prune_partner(struct look *look, size_t *count, bool *out_done)
{
    struct sid rows[LOOKS];
    size_t looked = 0;

    TRY(look_at_rows(look, rows, &looked));
    for (size_t i = 0; i < looked; i++)
        TRY(delete_row(look, &rows[i], count));
    *out_done = looked < look->left;
    look->left -= looked;
    return RESULT_OK;
}

struct result sqlite_tokens_prune(struct sqlite *s, int64_t before_s, size_t limit,
                                  size_t *out_count)
{
    struct look look = {s, &s->prune_place, before_s, limit < LOOKS ? limit : LOOKS};
    bool found = !sid_is_none(&look.place->partner_sid);
    bool done = !found;

    *out_count = 0;
    for (size_t partners = 0; partners < PARTNERS && look.left > 0; partners++) {
        if (done)
            TRY(next_partner(&look, &found));
        if (!found) {
            *look.place = (struct sqlite_prune_place){.exp_s = 0}; /* the next round */
            break;
        }
        TRY(prune_partner(&look, out_count, &done));
    }
    return RESULT_OK;
}
