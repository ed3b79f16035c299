#include "revocation/link_commands.h"

#include "core/buf.h"
#include "revocation/link_text.h"

void link_send_hello(struct wire *wire, struct str username, struct str password, unsigned database)
{
    struct link_digits digits;
    const struct str auth[] = {STR("AUTH"), username, password};
    const struct str auth_old[] = {STR("AUTH"), password};
    const struct str select[] = {STR("SELECT"), link_digits_of(database, &digits)};
    const struct str name[] = {STR("CLIENT"), STR("SETNAME"), STR("scopemint")};

    if (password.len > 0 && username.len > 0)
        wire_send(wire, auth, COUNT(auth), ASK_AUTH);
    else if (password.len > 0)
        wire_send(wire, auth_old, COUNT(auth_old), ASK_AUTH);
    if (database != 0)
        wire_send(wire, select, COUNT(select), ASK_SELECT);
    wire_send(wire, name, COUNT(name), ASK_NAME);
}

void link_send_check(struct wire *wire)
{
    const struct str id[] = {STR("GET"), KEY("feed_id")};
    const struct str top[] = {STR("XREVRANGE"), KEY("feed"),  STR("+"),
                              STR("-"),         STR("COUNT"), STR("1")};

    wire_send(wire, id, COUNT(id), ASK_FEED_ID);
    wire_send(wire, top, COUNT(top), ASK_FEED_TOP);
}

void link_send_memory(struct wire *wire)
{
    const struct str info[] = {STR("INFO"), STR("memory")};
    wire_send(wire, info, COUNT(info), ASK_MEMORY);
}

void link_send_begin(struct wire *wire, const struct sid *feed_id)
{
    char filling[LINK_TEXT_FILLING];
    link_text_filling(feed_id, filling);

    const struct str clear[] = {STR("DEL"), KEY("feed"), KEY("epochs"), KEY("selectors"),
                                KEY("feed_id")};
    const struct str begin[] = {STR("SET"), KEY("feed_id"), str_make(filling, sizeof(filling))};

    wire_send(wire, clear, COUNT(clear), ASK_CLEAR);
    wire_send(wire, begin, COUNT(begin), ASK_BEGIN);
}

void link_send_end(struct wire *wire, const struct sid *feed_id)
{
    char id[SID_TEXT];
    sid_format(feed_id, id);

    const struct str end[] = {STR("SET"), KEY("feed_id"), str_make(id, sizeof(id)), STR("XX"),
                              STR("GET")};

    wire_send(wire, end, COUNT(end), ASK_END);
}

void link_text_filling(const struct sid *feed_id, char *out)
{
    memcpy(out, "filling:", 8);
    sid_format(feed_id, out + 8);
}

bool link_is_expected(enum link_ask ask, const redisReply *reply)
{
    switch (ask) {
    case ASK_AUTH:
    case ASK_SELECT:
    case ASK_BEGIN:
    case ASK_TOKEN:
        return reply->type == REDIS_REPLY_STATUS;
    case ASK_FEED_ID:
    case ASK_END:
        return reply->type == REDIS_REPLY_STRING || reply->type == REDIS_REPLY_NIL;
    case ASK_FEED_TOP:
        return reply->type == REDIS_REPLY_ARRAY;
    case ASK_CLEAR:
    case ASK_EPOCH:
    case ASK_FIELD_DROP:
        return reply->type == REDIS_REPLY_INTEGER;
    case ASK_FEED_ADD:
        return reply->type == REDIS_REPLY_STRING;
    case ASK_NAME: /* courtesies; an ACL may forbid them */
    case ASK_MEMORY:
        return true;
    case ASK_COUNT:
        break;
    }
    return false;
}

/* The number of a place in the stream; UINT64_MAX: none of ours. */
static uint64_t number_of(const redisReply *place)
{
    uint64_t number;

    if (place->type != REDIS_REPLY_STRING)
        return UINT64_MAX;
    struct str id = str_make(place->str, place->len);
    if (!str_ends_with(id, STR("-1")) ||
        !str_to_u64(str_slice(id, 0, id.len - 2), INT64_MAX, &number))
        return UINT64_MAX;
    return number;
}

uint64_t link_feed_top(const redisReply *reply)
{
    if (reply->elements == 0)
        return 0;
    const redisReply *entry = reply->element[0];
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements == 0)
        return UINT64_MAX;
    return number_of(entry->element[0]);
}

uint64_t link_feed_added(const redisReply *reply)
{
    return number_of(reply);
}

/* The value of a line "name:value" of what INFO answers. */
static struct str info_value(struct str text, struct str name)
{
    struct str line;

    while (str_split(&text, '\n', &line))
        if (str_starts_with(line, name))
            return str_trim(str_slice(line, name.len, line.len), '\r');
    return STR_NONE;
}

struct str link_evicting_policy(const redisReply *reply)
{
    if (reply->type != REDIS_REPLY_STRING)
        return STR_NONE;
    struct str text = str_make(reply->str, reply->len);
    struct str policy = info_value(text, STR("maxmemory_policy:"));
    bool is_bound = !str_eq(info_value(text, STR("maxmemory:")), STR("0"));
    return is_bound && !str_eq(policy, STR("noeviction")) ? policy : STR_NONE;
}
