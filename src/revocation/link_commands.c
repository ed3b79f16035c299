#include "revocation/link_commands.h"

#include "core/buf.h"

#define KEY(name)    STR("scopemint:v1:" name)
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

enum {
    KEY_MAX = 64,
    VALUE_MAX = LIMIT_TOKEN + 64, /* names that fit a token, and two numbers */
    FEED_SET_ARGUMENTS = 4,       /* what a set's entry has besides */
};

/* Far enough for every token, near enough for Redis, which counts milliseconds in 63 bits: year
 * 9999. */
static const int64_t END_MAX_S = INT64_C(253402300799);

/* Decimal digits of a number, living in the caller's frame. */
struct digits {
    char text[24];
};

static struct str digits_of(int64_t number, struct digits *out)
{
    struct buf buf;
    buf_init_fixed(&buf, out->text, sizeof(out->text));
    buf_i64(&buf, number);
    return buf_view(&buf);
}

static struct str kind_name(enum entry_kind kind)
{
    switch (kind) {
    case ENTRY_TOKEN_REVOKED:
        return STR("revoked");
    case ENTRY_EPOCH_APPLICATION:
        return STR("application");
    case ENTRY_EPOCH_PARTNER:
        return STR("partner");
    case ENTRY_EPOCH_PARTNER_TREE:
        return STR("partner_tree");
    case ENTRY_EPOCH_USER:
        return STR("user");
    case ENTRY_EPOCH_KEY:
        return STR("key");
    case ENTRY_TOKEN_SET:
        return STR("narrowed");
    case ENTRY_SELECTOR:
        return STR("selector");
    case ENTRY_PLAN:
        return STR("plan");
    }
    return STR("unknown");
}

static void put_id(struct buf *buf, const struct store_entry *entry)
{
    if (entry->kind == ENTRY_EPOCH_KEY) {
        buf_str(buf, entry_kid(entry));
        return;
    }
    char *at = buf_reserve(buf, SID_TEXT);
    if (at == NULL)
        return;
    sid_format(&entry->id, at);
    buf->len += SID_TEXT;
}

void link_send_hello(struct wire *wire, struct str username, struct str password, unsigned database)
{
    struct digits digits;
    const struct str auth[] = {STR("AUTH"), username, password};
    const struct str auth_old[] = {STR("AUTH"), password};
    const struct str select[] = {STR("SELECT"), digits_of(database, &digits)};
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

void link_send_begin(struct wire *wire, const struct sid *feed_id)
{
    char filling[LINK_TEXT_FILLING];
    link_text_filling(feed_id, filling);

    const struct str clear[] = {STR("DEL"), KEY("feed"), KEY("epochs"), KEY("feed_id")};
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

static int64_t end_of(const struct store_entry *entry)
{
    return entry->end_s < END_MAX_S ? entry->end_s : END_MAX_S;
}

/* The key of a token: prefix and id. */
static struct str key_of(struct str prefix, const struct store_entry *entry, char memory[KEY_MAX])
{
    struct buf buf;

    buf_init_fixed(&buf, memory, KEY_MAX);
    buf_str(&buf, prefix);
    put_id(&buf, entry);
    return buf_view(&buf);
}

static void send_value(struct wire *wire, struct str key, struct str value, int64_t end_s)
{
    struct digits end;
    const struct str set[] = {STR("SET"), key, value, STR("EXAT"), digits_of(end_s, &end)};

    wire_send(wire, set, COUNT(set), ASK_TOKEN);
}

/* Revoked first: whoever looks between the two finds it dead. */
static void send_revoked(struct wire *wire, const struct store_entry *entry)
{
    char revoked[KEY_MAX], narrowed[KEY_MAX];
    struct digits number;
    const struct str clear[] = {STR("DEL"), key_of(KEY("narrowed:"), entry, narrowed)};

    send_value(wire, key_of(KEY("revoked:"), entry, revoked),
               digits_of((int64_t)entry->number, &number), end_of(entry));
    wire_send(wire, clear, COUNT(clear), ASK_CLEAR);
}

static void send_narrowed(struct wire *wire, const struct store_entry *entry)
{
    char key[KEY_MAX], value[VALUE_MAX];
    struct buf buf;

    buf_init_fixed(&buf, value, sizeof(value));
    buf_u64(&buf, entry->number);
    buf_char(&buf, ' ');
    buf_i64(&buf, entry->set.exp_s);
    buf_char(&buf, ' ');
    buf_str(&buf, entry->set.scopes);
    send_value(wire, key_of(KEY("narrowed:"), entry, key), buf_view(&buf), end_of(entry));
}

void link_send_entry(struct wire *wire, const struct store_entry *entry)
{
    char field[16 + LIMIT_KID];
    struct digits number;
    struct buf buf;

    if (entry->kind == ENTRY_TOKEN_REVOKED) {
        send_revoked(wire, entry);
        return;
    }
    if (entry->kind == ENTRY_TOKEN_SET) {
        send_narrowed(wire, entry);
        return;
    }
    buf_init_fixed(&buf, field, sizeof(field));
    buf_str(&buf, kind_name(entry->kind));
    buf_char(&buf, ':');
    put_id(&buf, entry);
    const struct str set[] = {STR("HSET"), KEY("epochs"), buf_view(&buf),
                              digits_of((int64_t)entry->number, &number)};
    wire_send(wire, set, COUNT(set), ASK_EPOCH);
}

void link_send_feed_add(struct wire *wire, const struct store_entry *entry,
                        const struct sid *feed_id)
{
    static_assert(LINK_FEED_LENGTH == 100000, "as the text below says");
    char feed[SID_TEXT], place[32], id_text[LIMIT_KID];
    bool is_set = entry->kind == ENTRY_TOKEN_SET;
    struct digits number, end, exp;
    struct buf at, id;

    sid_format(feed_id, feed);
    buf_init_fixed(&at, place, sizeof(place));
    buf_u64(&at, entry->number);
    buf_cstr(&at, "-1"); /* the number is the place: Redis itself refuses an older one */
    buf_init_fixed(&id, id_text, sizeof(id_text));
    put_id(&id, entry);
    const struct str add[] = {STR("XADD"),   KEY("feed"),
                              STR("MAXLEN"), STR("~"),
                              STR("100000"), buf_view(&at),
                              STR("feed"),   str_make(feed, sizeof(feed)),
                              STR("number"), digits_of((int64_t)entry->number, &number),
                              STR("kind"),   kind_name(entry->kind),
                              STR("id"),     buf_view(&id),
                              STR("end"),    digits_of(entry->end_s, &end),
                              STR("exp"),    digits_of(is_set ? entry->set.exp_s : 0, &exp),
                              STR("scope"),  is_set ? entry->set.scopes : STR_NONE};
    wire_send(wire, add, COUNT(add) - (is_set ? 0 : FEED_SET_ARGUMENTS), ASK_FEED_ADD);
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
        return reply->type == REDIS_REPLY_INTEGER;
    case ASK_FEED_ADD:
        return reply->type == REDIS_REPLY_STRING;
    case ASK_NAME: /* a courtesy; an ACL may forbid it */
        return true;
    case ASK_COUNT:
        break;
    }
    return false;
}

uint64_t link_feed_top(const redisReply *reply)
{
    uint64_t number;

    if (reply->elements == 0)
        return 0;
    const redisReply *entry = reply->element[0];
    if (entry->type != REDIS_REPLY_ARRAY || entry->elements == 0 ||
        entry->element[0]->type != REDIS_REPLY_STRING)
        return UINT64_MAX;
    struct str id = str_make(entry->element[0]->str, entry->element[0]->len);
    if (!str_ends_with(id, STR("-1")) ||
        !str_to_u64(str_slice(id, 0, id.len - 2), INT64_MAX, &number))
        return UINT64_MAX;
    return number;
}
