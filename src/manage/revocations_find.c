/* Which revocation by selector ended a token: its rows are looked through until one fits. */
#include "exchange/snapshot.h"
#include "manage/revocations.h"

enum { ROWS_AT_ONCE = 200, ROWS_LOOKED_AT = 5000 };

/* The token was revoked by itself while the revocation's rows were followed: that is how what the
 * tables decided is carried out, whatever they say by now. */
static bool may_have_revoked(const struct revocation_row *revocation, const struct token_row *row)
{
    return row->revoked_number > revocation->number && row->revoked_ms >= revocation->executed_ms &&
           (revocation->done_ms == 0 || row->revoked_ms <= revocation->done_ms);
}

static bool fits(const struct revocation_row *revocation, const struct token_facts *facts,
                 const struct token_row *row)
{
    struct revocation_selector selector = revocation->selector;
    struct sid chain[LIMIT_PARTNER_DEPTH];

    if (revocation->state == REVOCATION_PLANNED)
        return false;
    if (row->revoked_number == revocation->number)
        return true;
    struct epoch_subject subject = token_subject_of_row(facts, row, selector.over_ceiling, chain);
    if (!selector.over_ceiling)
        return subject.epoch < revocation->below &&
               revocation_selector_matches(&selector, &subject);
    if (revocation->state == REVOCATION_DONE || row->revoked_number > 0) {
        if (!may_have_revoked(revocation, row))
            return false;
        subject.over_ceiling = true;
        subject.iat_s = row->created_ms / 1000;
    }
    return subject.epoch < revocation->number && revocation_selector_matches(&selector, &subject);
}

/* True when there is more to read. */
static bool take_rows(struct revocation_search *search)
{
    const struct store_read *read = &search->read;
    const struct token_facts facts = caller_token_facts(search->exchange);

    search->result = read->result;
    if (!result_ok(read->result))
        return false;
    for (size_t i = 0; i < read->out.count; i++) {
        const struct revocation_row *row = &read->out.revocations[i];
        search->read.in.revocation_list.after = row->revocation_sid;
        if (!fits(row, &facts, search->token))
            continue;
        search->found = row;
        return false;
    }
    search->looked_at += read->out.count;
    return read->out.more && search->looked_at < ROWS_LOOKED_AT;
}

static void read_done(struct store_read *read)
{
    struct revocation_search *search =
        (struct revocation_search *)((char *)read - offsetof(struct revocation_search, read));
    struct exchange *x = search->exchange;

    if (take_rows(search) && !x->gone)
        store_read_submit(x->worker->server->store, &search->read);
    else
        exchange_resume(x);
}

enum step_result revocation_search_start(struct exchange *x, const struct token_row *token,
                                         struct revocation_search *search)
{
    exchange_widen_arena(x);
    *search = (struct revocation_search){.exchange = x, .token = token};
    search->read = (struct store_read){
        .verb = STORE_REVOCATION_LIST,
        .loop = x->worker->loop,
        .done = read_done,
        .arena = &x->arena,
        .in.revocation_list = {.limit = ROWS_AT_ONCE},
    };
    exchange_hold(x);
    store_read_submit(x->worker->server->store, &search->read);
    return STEP_WAIT;
}
