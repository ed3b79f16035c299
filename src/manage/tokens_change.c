/* PATCH and PUT /core/v2/oauth/tokens/{token_sid} (M1, M3). All or nothing, decided on the row's
 * revision and the tables' version: where one of them has moved meanwhile, all is decided again. */
#include "exchange/field_errors.h"
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "manage/body.h"
#include "manage/changes.h"
#include "manage/endpoints.h"
#include "manage/etag.h"
#include "manage/refusal.h"
#include "manage/scope_names.h"
#include "manage/tokens.h"
#include "manage/write.h"
#include "token/change.h"
#include "token/handout.h"

enum field {
    FIELD_NAME,
    FIELD_SCOPES,
    FIELD_ACCESS_END,
    FIELD_REFRESH_END,
    FIELDS_WRITABLE,
    FIELDS = FIELDS_WRITABLE + 10
};

static const struct body_field fields[FIELDS] = {
    [FIELD_NAME] = {STR_INIT("name"), BODY_TEXT, BODY_AT_UPDATE, 0, LIMIT_NAME},
    [FIELD_SCOPES] = {STR_INIT("scopes"), BODY_TEXTS, BODY_AT_UPDATE | BODY_NULL_KEEPS, 0,
                      LIMIT_SCOPES},
    [FIELD_ACCESS_END] = {STR_INIT("date_expiration_access_token"), BODY_TIME, BODY_AT_UPDATE},
    [FIELD_REFRESH_END] = {STR_INIT("date_expiration_refresh_token"), BODY_TIME,
                           BODY_AT_UPDATE | BODY_NULL_VALUE},
    {STR_INIT("access_token"), BODY_TEXT},
    {STR_INIT("refresh_token"), BODY_TEXT},
    {STR_INIT("client_id"), BODY_SID},
    {STR_INIT("partner_sid"), BODY_SID},
    {STR_INIT("partner"), BODY_OTHER},
    {STR_INIT("token_sid"), BODY_SID},
    {STR_INIT("token_type"), BODY_TEXT},
    {STR_INIT("date_created"), BODY_TIME},
    {STR_INIT("date_last_accessed"), BODY_TIME},
    {STR_INIT("ip_last_accessed"), BODY_TEXT},
};

/* may_show: a widened token's new JWT goes to the token itself and to who holds all that it carries
 * (M3): another would get with it what the token held before. */
struct change_state {
    struct token_target target; /* first */
    struct object_fields shown;
    const struct json_value *object; /* the body; read once */
    struct body body;
    struct store_token_update update;
    bool scopes_differ, is_resigned, may_show;
    struct issue issue;
};

static enum step_result find(struct exchange *x)
{
    return token_target_find(x, &token_to_update);
}

/* 400, 415, 412, 409, 422: before anything is asked of the rules. */
static enum step_result read_body(struct exchange *x)
{
    struct change_state *state = x->state;

    if (write_read(x, &token_kind, &state->object, &state->shown) == STEP_DONE ||
        etag_judge(x, state->target.row->revision) == STEP_DONE)
        return STEP_DONE;
    if (state->target.state != TOKEN_LIVE)
        return exchange_refuse(x, ERR_CONFLICT,
                               state->target.state == TOKEN_REVOKED
                                   ? STR("The token is revoked, and that is final")
                                   : STR("The token has expired"));
    return body_judge(x, state->object, body_verb_of(x), fields, FIELDS, &state->body);
}

static const struct body_value *value_of(const struct change_state *state, enum field field)
{
    return &state->body.values[field];
}

/* SPEC 3: earlier than the newest JWT was signed for, and not past. A fraction of a second is cut
 * off: then it ends that much earlier. */
static void judge_ends(const struct exchange *x, struct change_state *state,
                       struct field_errors *errors)
{
    const struct body_value *access = value_of(state, FIELD_ACCESS_END);
    const struct body_value *refresh = value_of(state, FIELD_REFRESH_END);
    int64_t signed_s = state->target.row->newest.exp_s;

    if (access->present && access->number > signed_s * 1000)
        field_errors_add(errors, ERR_INVALID_VALUE, fields[FIELD_ACCESS_END].name,
                         STR("This is later than the token was signed for"));
    else if (access->present && access->number / 1000 <= clock_wall_s(x->worker->server->clock))
        field_errors_add(errors, ERR_INVALID_VALUE, fields[FIELD_ACCESS_END].name,
                         STR("This is past; DELETE revokes a token"));
    else if (access->present)
        state->update.exp_s = access->number / 1000;
    if (refresh->present && !refresh->is_null)
        field_errors_add(errors, ERR_INVALID_VALUE, fields[FIELD_REFRESH_END].name,
                         STR("This token has no refresh token; null alone is taken"));
}

static enum step_result refuse_change(struct exchange *x, const struct change *change)
{
    const struct change_state *state = x->state;
    const struct token_row *row = state->target.row;
    const struct caller *caller = &state->target.stored.caller.caller;
    struct audit_event event = {.action = STR("token.update"),
                                .object = row->token_sid,
                                .partner_sid = row->partner_sid,
                                .rule = STR("M1")};

    switch (change->verdict) {
    case CHANGE_NOT_GATED:
        x->scope_needed = STR(CHANGE_GATE);
        return manage_refuse_rule(
            x, caller, &event, ERR_INSUFFICIENT_SCOPE, fields[FIELD_SCOPES].name,
            STR("The token needs " CHANGE_GATE " to change scopes; nothing was changed"));
    case CHANGE_OF_USER:
        return manage_refuse_rule(x, caller, &event, ERR_FORBIDDEN, fields[FIELD_SCOPES].name,
                                  STR("A token with a user behind it can be narrowed, never "
                                      "widened; nothing was changed"));
    case CHANGE_NOT_GRANTED:
        return exchange_refuse_field(x, ERR_INVALID_VALUE, fields[FIELD_SCOPES].name,
                                     change->message);
    case CHANGE_NOT_HELD:
    case CHANGE_ALLOWED:
        break;
    }
    return manage_refuse_handout(x, caller, &event, fields[FIELD_SCOPES].name, &change->lacking);
}

static enum step_result judge_scopes(struct exchange *x, struct change_state *state)
{
    const struct token_row *row = state->target.row;
    const struct caller *caller = &state->target.stored.caller.caller;
    const struct party *party = x->snapshot->party;
    const struct change_facts facts = {
        .stored = row->scopes,
        .has_user = !sid_is_none(&row->user_sid),
        .bound = asked_bound_now(x->snapshot->catalogue, party,
                                 party_find_application(party, &row->client_id),
                                 party_find_partner(party, &row->partner_sid)),
        .scopes = &caller->scopes,
        .rights = &caller->rights,
    };
    struct asked_names asked;
    struct change change;

    struct result read = manage_names_read(x, value_of(state, FIELD_SCOPES)->json, &asked);
    if (!result_ok(read))
        return exchange_fault(x, read);
    enum err err = change_decide(&facts, &asked, &x->arena, &change);
    if (err != ERR_NONE)
        return exchange_fault(x, FAULT(err));
    if (change.verdict != CHANGE_ALLOWED)
        return refuse_change(x, &change);
    state->scopes_differ = change.kind != CHANGE_NONE;
    state->is_resigned = change.kind == CHANGE_WIDENS;
    state->may_show = sid_eq(&row->token_sid, &caller->token_sid) ||
                      handout_is_held(&change.known, &caller->rights, &change.lacking);
    if (state->scopes_differ)
        state->update.scopes = change.scopes;
    return STEP_NEXT;
}

/* P2: what a revocation by selector ended stays so, whatever is done to the token. */
static bool is_let_go(const struct exchange *x, const struct change_state *state)
{
    const struct token_facts facts = caller_token_facts(x);
    return state->scopes_differ &&
           token_change_lets_go(&facts, state->target.row, state->update.scopes);
}

static enum step_result decide(struct exchange *x)
{
    struct change_state *state = x->state;
    const struct token_row *row = state->target.row;
    struct field_errors errors = {.count = 0};

    state->scopes_differ = state->is_resigned = false;
    state->update = (struct store_token_update){
        .token_sid = row->token_sid,
        .name =
            value_of(state, FIELD_NAME)->present ? value_of(state, FIELD_NAME)->text : row->name,
        .scopes = row->scopes,
        .exp_s = row->exp_s,
        .exp_signed_s = row->exp_signed_s,
        .generation = row->generation,
        .newest = row->newest,
    };
    judge_ends(x, state, &errors);
    if (errors.count > 0)
        return exchange_refuse_fields(x, &errors);
    if (value_of(state, FIELD_SCOPES)->present && judge_scopes(x, state) == STEP_DONE)
        return STEP_DONE;
    if (is_let_go(x, state))
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("A revocation ended earlier JWTs of this token by scopes that "
                                   "this would take from it, and they would be live again; "
                                   "DELETE it and create a new one"));
    state->update.in_sequence = state->scopes_differ || state->update.exp_s != row->exp_s;
    return STEP_NEXT;
}

/* ---- signing what was widened ---- */

/* The row's, as far as its application still has them. */
static bool fill_audiences(const struct exchange *x, const struct token_row *row,
                           struct token_claims *claims)
{
    const struct party_application *application =
        party_find_application(x->snapshot->party, &row->client_id);
    struct str left = row->audiences, audience;

    claims->audience_count = 0;
    while (str_split(&left, ' ', &audience) && claims->audience_count < LIMIT_AUDIENCES)
        if (application != NULL && party_application_has_audience(application, audience))
            claims->audiences[claims->audience_count++] = audience;
    return claims->audience_count > 0;
}

static void sign_now(struct exchange *x)
{
    struct change_state *state = x->state;
    issue_sign(x, &state->issue);
}

static enum step_result sign(struct exchange *x)
{
    struct change_state *state = x->state;
    const struct token_row *row = state->target.row;

    if (!state->is_resigned)
        return STEP_NEXT;
    if (issue_ready(x) == STEP_DONE)
        return STEP_DONE;
    if (row->generation == UINT32_MAX || !fill_audiences(x, row, &state->issue.claims))
        return exchange_refuse(x, ERR_CONFLICT,
                               STR("The application has none of the token's audiences any more; "
                                   "create a new token"));
    struct result begun = issue_next(x, row, &state->issue);
    if (!result_ok(begun))
        return exchange_fault(x, begun);
    state->issue.claims.scope = state->update.scopes;
    state->issue.claims.exp_s = state->update.exp_s;
    return exchange_defer(x, sign_now);
}

/* ---- committing ---- */

/* The row as it is once the update is carried out. */
static struct token_row row_after(const struct change_state *state)
{
    struct token_row row = *state->target.row;

    row.name = state->update.name;
    row.scopes = state->update.scopes;
    row.exp_s = state->update.exp_s;
    return row;
}

/* number: of the entry the change made, 0 where it made none. */
static enum step_result reply_row(struct exchange *x, uint64_t revision, uint64_t number,
                                  struct str access_token)
{
    const struct change_state *state = x->state;
    struct token_row row = row_after(state);
    const struct token_view view = {.row = &row,
                                    .partner = state->target.stored.caller.caller.partner,
                                    .access_token = access_token};

    row.revision = revision;
    exchange_say_sequence(x, number);
    return token_view_reply(x, &token_kind, &state->shown, &view);
}

static enum step_result commit(struct exchange *x)
{
    struct change_state *state = x->state;
    const struct token_row *row = state->target.row;
    const struct token_row after_row = row_after(state);
    const struct token_view before = {.row = row}, after = {.row = &after_row};
    bool differs;

    if (state->is_resigned && token_signed(x, &state->issue) == STEP_DONE)
        return STEP_DONE;
    if (!state->update.in_sequence && str_eq(state->update.name, row->name))
        return reply_row(x, row->revision, 0, STR_NONE); /* nothing changes */
    if (state->is_resigned) {
        state->update.generation = state->issue.claims.generation;
        state->update.newest = issue_newest(&state->issue);
    }
    const struct audit_event event = {
        .action = STR("token.update"),
        .object = row->token_sid,
        .partner_sid = row->partner_sid,
        .detail =
            changes_detail(&x->arena, &token_kind, token_view_write, &before, &after, 0, &differs),
    };
    if (event.detail.ptr == NULL)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    state->target.stored.request.verb = STORE_TOKEN_UPDATE;
    state->target.stored.request.if_revision = row->revision;
    state->target.stored.request.in.token_update = state->update;
    return stored_commit(x, &state->target.stored, &event);
}

static enum step_result reply(struct exchange *x)
{
    const struct change_state *state = x->state;
    const struct store_request *request = &state->target.stored.request;

    if (request->outcome == STORE_OUTCOME_ABSENT)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    if (!state->is_resigned)
        return reply_row(x, request->out.revision, request->out.number, STR_NONE);
    metrics_add(&x->worker->metrics, METRIC_TOKENS_ISSUED, 1);
    issue_remember(x, &state->issue);
    return reply_row(x, request->out.revision, request->out.number,
                     state->may_show ? buf_view(&state->issue.jwt) : STR_NONE);
}

const struct endpoint manage_token_change = {
    .name = "token_change",
    .state_size = sizeof(struct change_state),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, find,
              stored_step_read, token_target_found, read_body, decide, sign, commit,
              stored_step_committed, reply},
};
