/* ?dry_run=true of a change of a partner: nothing is changed, and the answer lists the live tokens
 * that would lose scopes or stop, in the envelope of lists.
 *
 * The tables that the change would make cost microseconds (party/party.h), so they are made anew
 * for each page of tokens, and nothing but plain values is kept while the store is asked. */
#include "exchange/snapshot.h"
#include "manage/list_page.h"
#include "manage/partners.h"
#include "manage/scope_names.h"

enum { NUMBERS_LOOKED_AT = 16 * 1024 /* partners, in one turn of the loop */ };

struct dry_run_item {
    struct sid token_sid, partner_sid, client_id;
    struct str name;
    bool active;
    struct scope_set scopes, lost; /* afterwards; of now, implied ones included */
};

enum step_result partner_dry_run_read(struct exchange *x, struct partner_dry_run *out)
{
    struct field_errors errors = {.count = 0};
    struct str wanted, limit;
    uint64_t number = LIST_LIMIT_DEFAULT;
    struct form form;

    enum err err = form_parse(x->request.query, &x->arena, &form);
    if (err == ERR_FAULT_MEMORY)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, ERR_INVALID_REQUEST, STR_NONE);
    err = form_get(&form, STR("dry_run"), &wanted);
    if (err != ERR_NONE)
        return exchange_refuse_field(x, err, STR("dry_run"), STR_NONE);
    err = form_get(&form, STR("limit"), &limit);
    if (err != ERR_NONE)
        return exchange_refuse_field(x, err, STR("limit"), STR_NONE);
    out->wanted = str_eq(wanted, STR("true"));
    if (wanted.ptr != NULL && !out->wanted && !str_eq(wanted, STR("false")))
        field_errors_add(&errors, ERR_INVALID_VALUE, STR("dry_run"), STR("true or false is taken"));
    if (limit.ptr != NULL && (!str_to_u64(limit, LIST_LIMIT_MAX, &number) || number == 0))
        field_errors_add(&errors, ERR_INVALID_VALUE, STR("limit"),
                         STR("A whole number from 1 to 1000 is taken"));
    out->limit = (unsigned)number;
    return errors.count == 0 ? STEP_NEXT : exchange_refuse_fields(x, &errors);
}

/* ---- a page of tokens ---- */

static void read_done(struct store_read *read)
{
    struct partner_dry_run *run =
        (struct partner_dry_run *)((char *)read - offsetof(struct partner_dry_run, read));
    struct exchange *x = run->exchange;

    if (x->gone) /* nobody takes the page */
        arena_reset(&run->rows);
    exchange_resume(x);
}

/* The next partners of the subtree. Children have higher numbers than their parents. */
static void collect(struct partner_dry_run *run, const struct party *party,
                    const struct party_partner *top)
{
    const struct party_partner *partner;

    run->first = run->count = 0;
    for (unsigned looked = 0; looked < NUMBERS_LOOKED_AT && run->count < DRY_RUN_PARTNERS;
         looked++) {
        partner = party_partner_at(party, run->number);
        if (partner == NULL)
            return;
        run->number++;
        if (party_is_within(partner, top))
            run->partners[run->count++] = partner->partner_sid;
    }
}

enum step_result partner_dry_run_ask(struct exchange *x, struct partner_dry_run *run,
                                     const struct party_partner *partner)
{
    if (run->items == NULL) {
        run->items = arena_array(&x->arena, run->limit, sizeof(*run->items));
        if (run->items == NULL)
            return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
        run->number = partner->number;
        arena_init(&run->rows, NULL, 0, LIMIT_ARENA_BATCH);
    }
    if (run->first == run->count)
        collect(run, x->snapshot->party, partner);
    exchange_hold(x);
    run->exchange = x;
    run->read = (struct store_read){
        .verb = STORE_TOKEN_SCAN,
        .loop = x->worker->loop,
        .done = read_done,
        .arena = &run->rows,
        .in.token_scan = {&run->partners[run->first], run->count - run->first, run->after,
                          DRY_RUN_ROWS},
    };
    store_read_submit(x->worker->server->store, &run->read);
    return STEP_WAIT;
}

/* ---- what it would lose ---- */

/* The newest JWT of the row, as introspection sees it. */
static struct verified_token newest_jwt(const struct token_row *row)
{
    return (struct verified_token){
        .claims = {.client_id = row->client_id,
                   .partner_sid = row->partner_sid,
                   .user_sid = row->user_sid,
                   .token_sid = row->token_sid,
                   .generation = row->generation,
                   .exp_s = row->exp_s,
                   .iat_s = row->created_ms / 1000,
                   .epoch = row->newest.epoch,
                   .scope = row->scopes},
        .kid = row->newest.kid,
    };
}

static bool add_item(struct exchange *x, struct partner_dry_run *run, const struct token_row *row,
                     const struct token_standing *then, const struct scope_set *lost)
{
    if (run->item_count == run->limit)
        return true;
    struct dry_run_item *item = &run->items[run->item_count++];
    *item = (struct dry_run_item){
        .token_sid = row->token_sid,
        .partner_sid = row->partner_sid,
        .client_id = row->client_id,
        .name = arena_str(&x->arena, row->name),
        .active = then->active,
        .scopes = then->active ? then->scopes : SCOPE_SET_EMPTY,
        .lost = *lost,
    };
    return item->name.ptr != NULL;
}

static RESULT judge(struct exchange *x, struct partner_dry_run *run, const struct token_row *row,
                    const struct token_facts *now, const struct token_facts *changed)
{
    const struct verified_token token = newest_jwt(row);
    struct token_standing before, then;

    run->examined++;
    TRY(token_standing(now, &token, &before));
    if (row->revoked_number > 0 || !before.active)
        return RESULT_OK;
    TRY(token_standing(changed, &token, &then));
    struct scope_set held = scope_closure(now->catalogue, &before.scopes);
    struct scope_set left =
        then.active ? scope_closure(now->catalogue, &then.scopes) : SCOPE_SET_EMPTY;
    struct scope_set lost = scope_set_difference(&held, &left);
    if (then.active && scope_set_is_empty(&lost))
        return RESULT_OK;
    run->affected++;
    run->stopped += !then.active;
    return add_item(x, run, row, &then, &lost) ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

static RESULT judge_page(struct exchange *x, struct partner_dry_run *run,
                         const struct partner_row *after)
{
    const struct store_change change = {.kind = STORE_CHANGE_PARTNER, .partner = after};
    struct token_facts now = caller_token_facts(x), changed = now;
    struct result result = RESULT_OK;
    struct party *party;

    TRY(party_apply(now.party, now.catalogue, &change, 1, &party));
    changed.party = party;
    for (size_t i = 0; i < run->read.out.count && result_ok(result); i++)
        result = judge(x, run, &run->read.out.tokens[i], &now, &changed);
    party_unref(&party);
    return result;
}

/* ---- the answer ---- */

static void write_item(const struct exchange *x, const struct dry_run_item *item,
                       struct json_writer *w)
{
    json_write_object_begin(w);
    json_write_key(w, STR("token_sid"));
    json_write_sid(w, &item->token_sid);
    json_write_key(w, STR("partner_sid"));
    json_write_sid(w, &item->partner_sid);
    json_write_key(w, STR("client_id"));
    json_write_sid(w, &item->client_id);
    json_write_member_string(w, STR("name"), item->name);
    json_write_member_bool(w, STR("active"), item->active);
    json_write_key(w, STR("scopes"));
    manage_scopes_write(x->snapshot->catalogue, &item->scopes, w);
    json_write_key(w, STR("scopes_lost"));
    manage_scopes_write(x->snapshot->catalogue, &item->lost, w);
    json_write_object_end(w);
}

static enum step_result reply(struct exchange *x, const struct partner_dry_run *run, bool complete,
                              const struct partner_row *after)
{
    static const struct object_fields all = {UINT64_MAX};
    const struct partner_view view = {after, x->snapshot->catalogue};
    struct json_writer w;
    struct buf body;
    size_t shown = 0;

    buf_init_arena(&body, &x->arena, 4096, LIMIT_REPLY);
    json_writer_init(&w, &body);
    json_write_object_begin(&w);
    json_write_member_bool(&w, STR("dry_run"), true);
    json_write_key(&w, STR("partner"));
    object_write(&w, &partner_kind, &all, partner_write, &view);
    json_write_key(&w, STR("items"));
    json_write_array_begin(&w);
    for (; shown < run->item_count && body.len < LIST_PAGE_BYTES; shown++)
        write_item(x, &run->items[shown], &w);
    json_write_array_end(&w);
    json_write_member_int(&w, STR("count"), (int64_t)shown);
    json_write_member_int(&w, STR("limit"), run->limit);
    json_write_member_bool(&w, STR("has_more"), shown < run->affected);
    json_write_member_int(&w, STR("total"), (int64_t)run->affected);
    json_write_member_int(&w, STR("stopped"), (int64_t)run->stopped);
    json_write_member_int(&w, STR("examined"), (int64_t)run->examined);
    json_write_member_bool(&w, STR("complete"), complete);
    json_write_object_end(&w);
    if (body.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    return exchange_reply_json(x, 200, buf_view(&body));
}

enum step_result partner_dry_run_take(struct exchange *x, struct partner_dry_run *run,
                                      const struct partner_row *after)
{
    struct result result = run->read.result;

    if (result_ok(result) && run->read.outcome != STORE_OUTCOME_DONE)
        result = FAULT(ERR_FAULT_STORE);
    exchange_widen_arena(x);
    if (result_ok(result))
        result = judge_page(x, run, after);
    run->after = (struct sid){{0}};
    run->first += run->read.out.scanned;
    if (run->first < run->count && run->read.out.count > 0)
        run->after = run->read.out.tokens[run->read.out.count - 1].token_sid;
    arena_reset(&run->rows);
    if (!result_ok(result))
        return exchange_fault(x, result);
    bool complete =
        run->first == run->count && party_partner_at(x->snapshot->party, run->number) == NULL;
    if (complete || run->examined >= DRY_RUN_EXAMINED)
        return reply(x, run, complete, after);
    return STEP_NEXT;
}
