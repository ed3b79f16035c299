/* POST /core/v2/admin/leaks {"strings": [...], "act": bool}: what are these, whose are they, are
 * they still good, and away with them (THREATS-63). For holders of scopemint.revoke over their
 * partner's subtree, and of oauth.manage_all_tokens over their partner alone. 200 with an item for
 * each string, in order, whatever became of them. */
#include "manage/leaks.h"
#include "client/secret.h"
#include "exchange/sequence.h"
#include "exchange/snapshot.h"
#include "manage/body.h"
#include "manage/endpoints.h"
#include "manage/require.h"
#include "token/address.h"

enum { ITEM_MAX = 2048 /* of the answer */ };

static const struct requirement to_look =
    REQUIRE_ONE_OF(STR_INIT("scopemint.revoke"), STR_INIT(ADDRESS_ALL));

enum field { FIELD_STRINGS, FIELD_ACT, FIELDS };

static const struct body_field fields[FIELDS] = {
    [FIELD_STRINGS] = {STR_INIT("strings"), BODY_OTHER, BODY_AT_CREATE | BODY_REQUIRED, 1,
                       LEAKS_MAX},
    [FIELD_ACT] = {STR_INIT("act"), BODY_BOOL, BODY_AT_CREATE},
};

static void sort(struct str text, struct leak *out)
{
    out->text = found_tidy(text);
    out->kind = found_sort(out->text, &out->checked);
    if (out->kind == FOUND_CLIENT_SECRET && out->checked)
        secret_digest(out->text, out->digest);
}

/* What a full answer needs is there before anything is ended. */
static bool make_room(struct exchange *x, struct leaks *leaks, size_t count)
{
    size_t size = (count + 1) * ITEM_MAX;

    leaks->items = arena_array(&x->arena, count, sizeof(*leaks->items));
    buf_init_arena(&leaks->answer, &x->arena, size, size);
    return leaks->items != NULL && !leaks->answer.failed;
}

/* Messages hold nothing of what was sent. */
static enum step_result read_strings(struct exchange *x, struct leaks *leaks,
                                     const struct json_value *strings)
{
    struct str name = fields[FIELD_STRINGS].name;

    if (!json_is(strings, JSON_ARRAY))
        return exchange_refuse_field(x, ERR_WRONG_TYPE, name, STR("This takes an array"));
    if (!make_room(x, leaks, json_count(strings)))
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    for (const struct json_value *v = json_first(strings); v != NULL; v = json_next(v)) {
        struct leak *leak = &leaks->items[leaks->count++];
        struct str text;

        *leak = (struct leak){.kind = FOUND_UNKNOWN};
        if (!json_string(v, &text))
            return exchange_refuse_field(x, ERR_WRONG_TYPE, name, STR("Each has to be a string"));
        if (text.len > LIMIT_TOKEN)
            return exchange_refuse_field(x, ERR_INVALID_VALUE, name,
                                         STR("Each may have 8192 bytes at most"));
        sort(text, leak);
    }
    return STEP_NEXT;
}

static enum step_result read_body(struct exchange *x)
{
    struct leaks *leaks = x->state;
    const struct caller *caller = &leaks->stored.caller.caller;
    struct body body;

    exchange_hold(x); /* what is found points into these tables until the answer */
    if (manage_require(x, caller, &to_look) == STEP_DONE ||
        body_read(x, BODY_CREATE, fields, FIELDS, &body) == STEP_DONE)
        return STEP_DONE;
    leaks->is_subtree = caller_holds(x, caller, STR("scopemint.revoke"));
    leaks->act = body.values[FIELD_ACT].present && body.values[FIELD_ACT].number != 0;
    return read_strings(x, leaks, body.values[FIELD_STRINGS].json);
}

/* ---- the answer ---- */

static const char *state_name(enum leak_state state)
{
    static const char *const names[] = {
        [LEAK_LIVE] = "live",
        [LEAK_REVOKED] = "revoked",
        [LEAK_EXPIRED] = "expired",
        [LEAK_DISABLED] = "disabled",
    };
    return names[state];
}

static void write_sid(struct json_writer *w, const char *key, const struct sid *sid)
{
    json_write_key(w, str_from(key));
    if (sid_is_none(sid))
        json_write_null(w);
    else
        json_write_sid(w, sid);
}

static void write_text(struct json_writer *w, const char *key, struct str text)
{
    json_write_key(w, str_from(key));
    if (text.len == 0)
        json_write_null(w);
    else
        json_write_string(w, text);
}

static void write_time(struct json_writer *w, const char *key, int64_t time_ms)
{
    json_write_key(w, str_from(key));
    if (time_ms == 0)
        json_write_null(w);
    else
        json_write_time_ms(w, time_ms);
}

/* The same members always, so that nothing but `checked` tells what is foreign from what never was.
 */
static void write_item(const struct exchange *x, const struct leaks *leaks, const struct leak *leak,
                       struct json_writer *w)
{
    static const struct sid none;
    const struct leak *first = leak->known ? leaks_first_of(leaks, leak) : leak;
    bool is_token = leak->kind == FOUND_ACCESS_TOKEN;
    const struct party_application *application =
        leak->known ? party_find_application(x->snapshot->party, &leak->client_id) : NULL;
    const char *reason = leak->reason != NULL ? leak->reason : first->reason;

    json_write_object_begin(w);
    json_write_member_string(w, STR("kind"), str_from(found_kind_name(leak->kind)));
    json_write_member_bool(w, STR("checked"), leak->checked);
    json_write_member_bool(w, STR("known"), leak->known);
    write_text(w, "state", leak->known ? str_from(state_name(leak->state)) : STR_NONE);
    write_sid(w, "token_sid", is_token ? &leak->id : &none);
    write_sid(w, "secret_id", is_token ? &none : &leak->id);
    write_sid(w, "client_id", &leak->client_id);
    write_text(w, "application_name", application != NULL ? application->name : STR_NONE);
    write_sid(w, "partner_sid", &leak->partner_sid);
    write_time(w, "date_last_accessed", is_token ? first->used_ms : 0);
    write_text(w, "ip_last_accessed", is_token ? first->used_ip : STR_NONE);
    write_time(w, "date_last_used", is_token ? 0 : first->used_ms);
    json_write_member_bool(w, STR("acted"), leak->acted);
    write_text(w, "reason", reason != NULL ? str_from(reason) : STR_NONE);
    json_write_object_end(w);
}

static enum step_result reply(struct exchange *x)
{
    struct leaks *leaks = x->state;
    struct json_writer w;

    json_writer_init(&w, &leaks->answer);
    json_write_object_begin(&w);
    json_write_key(&w, STR("items"));
    json_write_array_begin(&w);
    for (size_t i = 0; i < leaks->count; i++)
        write_item(x, leaks, &leaks->items[i], &w);
    json_write_array_end(&w);
    json_write_member_int(&w, STR("count"), (int64_t)leaks->count);
    json_write_object_end(&w);
    if (leaks->answer.failed)
        return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
    exchange_say_sequence(x, leaks->number);
    return exchange_reply_json(x, 200, buf_view(&leaks->answer));
}

const struct endpoint manage_leaks = {
    .name = "leaks",
    .state_size = sizeof(struct leaks),
    .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, read_body,
              leaks_step_verify, leaks_step_search, leaks_step_recall, leaks_step_recalled,
              leaks_step_act, leaks_step_acted, reply},
};
