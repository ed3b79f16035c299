/* Entries as commands: what stands in the keys, and what the stream tells. */
#include "revocation/link_commands.h"
#include "revocation/link_text.h"
#include "revocation/selector.h"
#include "json/write.h"

enum {
    KEY_MAX = 64,
    VALUE_MAX = LIMIT_TOKEN + 64, /* names that fit a token, and two numbers */
    /* As many names as there can be, and the other members. */
    SELECTOR_MAX = LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) + 1024,
};

/* Far enough for every token, near enough for Redis, which counts milliseconds in 63 bits: year
 * 9999. */
static const int64_t END_MAX_S = INT64_C(253402300799);

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
    link_put_id(entry, &buf);
    return buf_view(&buf);
}

static void send_value(struct wire *wire, struct str key, struct str value, int64_t end_s)
{
    struct link_digits end;
    const struct str set[] = {STR("SET"), key, value, STR("EXAT"), link_digits_of(end_s, &end)};

    wire_send(wire, set, COUNT(set), ASK_TOKEN);
}

/* Revoked first: whoever looks between the two finds it dead. */
static void send_revoked(struct wire *wire, const struct store_entry *entry)
{
    char revoked[KEY_MAX], narrowed[KEY_MAX];
    struct link_digits number;
    const struct str clear[] = {STR("DEL"), key_of(KEY("narrowed:"), entry, narrowed)};

    send_value(wire, key_of(KEY("revoked:"), entry, revoked),
               link_digits_of((int64_t)entry->number, &number), end_of(entry));
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

static int64_t before_of(const struct store_entry *entry)
{
    return entry->kind == ENTRY_SELECTOR ? entry->selector.before_s : entry->before_s;
}

/* What a selector says: the members that are set, see link.h. */
static void put_selector(const struct store_entry *entry, struct buf *out)
{
    const struct revocation_selector *selector = &entry->selector;
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_member_int(&w, STR("number"), (int64_t)entry->number);
    json_write_member_int(&w, STR("below"), (int64_t)revocation_entry_below(entry));
    json_write_member_int(&w, STR("end"), entry->end_s);
    if (selector->before_s != 0)
        json_write_member_int(&w, STR("before"), selector->before_s);
    revocation_selector_write_whom(selector, &w);
    if (selector->scopes.len > 0)
        json_write_member_string(&w, STR("scope"), selector->scopes);
    if (selector->over_ceiling)
        json_write_member_bool(&w, STR("over_ceiling"), true);
    json_write_object_end(&w);
}

/* Memory for the text is the caller's. What does not fit, and nothing in a store does not, asks for
 * more than a reader can tell: it has to ask introspection. */
static struct str selector_text(const struct store_entry *entry, char memory[SELECTOR_MAX])
{
    struct store_entry unsaid = *entry;
    struct buf buf;

    buf_init_fixed(&buf, memory, SELECTOR_MAX);
    put_selector(entry, &buf);
    if (!buf.failed)
        return buf_view(&buf);
    unsaid.selector = (struct revocation_selector){.over_ceiling = true};
    buf_init_fixed(&buf, memory, SELECTOR_MAX);
    put_selector(&unsaid, &buf);
    return buf_view(&buf);
}

static void send_field(struct wire *wire, const struct store_entry *entry, struct str value)
{
    char memory[LINK_FIELD_MAX];
    struct buf field;

    buf_init_fixed(&field, memory, sizeof(memory));
    link_put_field(entry, &field);
    const struct str set[] = {STR("HSET"), link_hash_of(entry->kind), buf_view(&field), value};
    wire_send(wire, set, COUNT(set), ASK_EPOCH);
}

static void send_selector(struct wire *wire, const struct store_entry *entry)
{
    char text[SELECTOR_MAX], field[SID_TEXT];

    if (!revocation_entry_is_end(entry)) {
        send_field(wire, entry, selector_text(entry, text));
        return;
    }
    sid_format(&entry->id, field);
    link_send_field_drop(wire, link_hash_of(entry->kind), str_make(field, sizeof(field)));
}

void link_send_field_drop(struct wire *wire, struct str hash, struct str field)
{
    const struct str drop[] = {STR("HDEL"), hash, field};
    wire_send(wire, drop, COUNT(drop), ASK_FIELD_DROP);
}

void link_send_entry(struct wire *wire, const struct store_entry *entry)
{
    struct link_digits below;

    switch (entry->kind) {
    case ENTRY_TOKEN_REVOKED:
        send_revoked(wire, entry);
        return;
    case ENTRY_TOKEN_SET:
        send_narrowed(wire, entry);
        return;
    case ENTRY_SELECTOR:
        send_selector(wire, entry);
        return;
    case ENTRY_PLAN: /* of the feed alone */
        return;
    default:
        send_field(wire, entry, link_digits_of((int64_t)revocation_entry_below(entry), &below));
    }
}

/* An XADD under way; digits live in its frame. */
struct feed_add {
    struct str args[24];
    size_t count;
};

static void add_pair(struct feed_add *add, struct str name, struct str value)
{
    add->args[add->count++] = name;
    add->args[add->count++] = value;
}

void link_send_feed_add(struct wire *wire, const struct store_entry *entry,
                        const struct sid *feed_id)
{
    static_assert(LINK_FEED_LENGTH == 100000, "as the text below says");
    char feed[SID_TEXT], place[32], id_text[LIMIT_KID], text[SELECTOR_MAX];
    struct link_digits number, end, exp, below, before;
    struct buf at, id;
    struct feed_add add = {
        .args = {STR("XADD"), KEY("feed"), STR("MAXLEN"), STR("~"), STR("100000")}, .count = 5};

    sid_format(feed_id, feed);
    buf_init_fixed(&at, place, sizeof(place));
    buf_u64(&at, entry->number);
    buf_cstr(&at, "-1"); /* the number is the place: Redis itself refuses an older one */
    buf_init_fixed(&id, id_text, sizeof(id_text));
    link_put_id(entry, &id);
    add.args[add.count++] = buf_view(&at);
    add_pair(&add, STR("feed"), str_make(feed, sizeof(feed)));
    add_pair(&add, STR("number"), link_digits_of((int64_t)entry->number, &number));
    add_pair(&add, STR("kind"), revocation_entry_name(entry->kind));
    add_pair(&add, STR("id"), buf_view(&id));
    add_pair(&add, STR("end"), link_digits_of(entry->end_s, &end));
    if (entry->kind == ENTRY_TOKEN_SET) {
        add_pair(&add, STR("exp"), link_digits_of(entry->set.exp_s, &exp));
        add_pair(&add, STR("scope"), entry->set.scopes);
    } else if (link_hash_of(entry->kind).ptr != NULL) {
        add_pair(&add, STR("below"),
                 link_digits_of((int64_t)revocation_entry_below(entry), &below));
        add_pair(&add, STR("before"), link_digits_of(before_of(entry), &before));
        if (entry->kind == ENTRY_SELECTOR && !revocation_entry_is_end(entry))
            add_pair(&add, STR("selector"), selector_text(entry, text));
    }
    wire_send(wire, add.args, add.count, ASK_FEED_ADD);
}
