/* What is shown of a revocation. */
#include "manage/revocations.h"
#include "manage/scope_names.h"

static const struct attribute attributes[REVOCATION_ATTRIBUTES] = {
    [REVOCATION_SID] = {STR_INIT("revocation_sid"), ATTRIBUTE_SID, .indexed = true},
    [REVOCATION_STATE] = {STR_INIT("state"), ATTRIBUTE_TEXT, .indexed = true},
    [REVOCATION_SEQUENCE] = {STR_INIT("sequence"), ATTRIBUTE_INT, .indexed = true},
    [REVOCATION_EPOCH] = {STR_INIT("epoch"), ATTRIBUTE_INT},
    [REVOCATION_SELECTOR] = {STR_INIT("selector"), ATTRIBUTE_OTHER},
    [REVOCATION_TOKENS] = {STR_INIT("tokens"), ATTRIBUTE_INT, .indexed = true},
    [REVOCATION_CLIENT_ID] = {STR_INIT("client_id"), ATTRIBUTE_SID, .indexed = true},
    [REVOCATION_PARTNER_SID] = {STR_INIT("partner_sid"), ATTRIBUTE_SID, .indexed = true},
    [REVOCATION_DATE_CREATED] = {STR_INIT("date_created"), ATTRIBUTE_TIME, .indexed = true},
    [REVOCATION_DATE_EXPIRATION] = {STR_INIT("date_expiration"), ATTRIBUTE_TIME},
    [REVOCATION_DATE_EXECUTED] = {STR_INIT("date_executed"), ATTRIBUTE_TIME, .indexed = true},
    [REVOCATION_DATE_DONE] = {STR_INIT("date_done"), ATTRIBUTE_TIME},
    [REVOCATION_DATE_END] = {STR_INIT("date_end"), ATTRIBUTE_TIME},
};

const struct object_kind revocation_kind = {attributes, REVOCATION_ATTRIBUTES,
                                            .key = REVOCATION_SID};

struct str revocation_state_name(const struct revocation_row *row, int64_t now_ms)
{
    switch (row->state) {
    case REVOCATION_PLANNED:
        return row->expires_ms <= now_ms ? STR("expired") : STR("planned");
    case REVOCATION_FOLLOWING:
        return STR("following");
    case REVOCATION_DONE:
        break;
    }
    return STR("done");
}

static void write_scopes(struct json_writer *w, struct str scopes)
{
    json_write_member_string(w, STR("scope"), str_slice(scopes, 0, str_find(scopes, ' ')));
    json_write_key(w, STR("scopes"));
    manage_names_write(scopes, w);
}

void revocation_selector_write(const struct revocation_selector *selector, struct json_writer *w)
{
    json_write_object_begin(w);
    json_write_member_sid(w, STR("client_id"), &selector->client_id);
    json_write_member_sid(w, STR("partner_sid"), &selector->partner_sid);
    if (!sid_is_none(&selector->partner_sid))
        json_write_member_bool(w, STR("descendants"), selector->descendants);
    json_write_member_sid(w, STR("user_sid"), &selector->user_sid);
    if (selector->kid.len > 0)
        json_write_member_string(w, STR("kid"), selector->kid);
    if (selector->scopes.len > 0)
        write_scopes(w, selector->scopes);
    if (selector->before_s > 0) {
        json_write_key(w, STR("issued_before"));
        json_write_time_ms(w, selector->before_s * 1000);
    }
    if (selector->over_ceiling)
        json_write_member_bool(w, STR("over_ceiling"), true);
    json_write_object_end(w);
}

static void write_time(struct json_writer *w, int64_t at_ms)
{
    at_ms == 0 ? json_write_null(w) : json_write_time_ms(w, at_ms);
}

void revocation_write(const void *object, unsigned attribute, struct json_writer *w)
{
    const struct revocation_view *view = object;
    const struct revocation_row *row = view->row;

    switch ((enum revocation_attribute)attribute) {
    case REVOCATION_SID:
        return json_write_sid(w, &row->revocation_sid);
    case REVOCATION_STATE:
        return json_write_string(w, revocation_state_name(row, view->now_ms));
    case REVOCATION_SEQUENCE:
        return row->number == 0 ? json_write_null(w) : json_write_int(w, (int64_t)row->number);
    case REVOCATION_EPOCH:
        return json_write_int(w, (int64_t)row->below);
    case REVOCATION_SELECTOR:
        return revocation_selector_write(&row->selector, w);
    case REVOCATION_TOKENS:
        return json_write_int(w, (int64_t)row->tokens);
    case REVOCATION_CLIENT_ID:
        return json_write_sid(w, &row->client_id);
    case REVOCATION_PARTNER_SID:
        return json_write_sid(w, &row->partner_sid);
    case REVOCATION_DATE_CREATED:
        return write_time(w, row->created_ms);
    case REVOCATION_DATE_EXPIRATION:
        return write_time(w, row->expires_ms);
    case REVOCATION_DATE_EXECUTED:
        return write_time(w, row->executed_ms);
    case REVOCATION_DATE_DONE:
        return write_time(w, row->done_ms);
    case REVOCATION_DATE_END:
        return write_time(w, row->end_s * 1000);
    case REVOCATION_ATTRIBUTES:
        break;
    }
}

struct str revocation_detail(struct arena *arena, const struct revocation_selector *selector)
{
    struct json_writer w;
    struct buf b;

    buf_init_arena(&b, arena, 512, 4 * STORE_AUDIT_RECORD); /* one too long is cut there */
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    json_write_key(&w, STR("selector"));
    revocation_selector_write(selector, &w);
    json_write_object_end(&w);
    return b.failed ? STR_NONE : buf_view(&b);
}
