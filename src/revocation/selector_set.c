#include "revocation/selector_set.h"

#include <stdlib.h>

#include "revocation/hash.h"
#include "revocation/selector.h"

enum { TABLED = 64 /* items that a word has bits for */ };

static size_t text_bytes(const struct revocation_selector *selector)
{
    return selector->kid.len + selector->scopes.len;
}

static size_t name_count(struct str names)
{
    size_t count = names.len > 0;

    for (size_t i = 0; i < names.len; i++)
        count += names.ptr[i] == ' ';
    return count;
}

/* What a set of some items takes. */
struct room {
    size_t items, text, names;
};

static void room_add(struct room *room, const struct revocation_selector *selector)
{
    room->items++;
    room->text += text_bytes(selector);
    room->names += name_count(selector->scopes);
}

static struct selector_set *set_alloc(const struct room *room, uint64_t seed)
{
    size_t slots = 4;
    while (slots < room->names * 2)
        slots *= 2;

    size_t items = room->items * sizeof(struct selector_item);
    size_t names = slots * sizeof(struct selector_name);
    size_t bytes = sizeof(struct selector_set) + items + names + room->text;
    struct selector_set *set = calloc(1, bytes);
    if (set == NULL)
        return NULL;
    set->seed = seed;
    set->bytes = bytes;
    set->mask = slots - 1;
    set->names = (struct selector_name *)(set->items + room->items);
    set->text = (char *)(set->names + slots);
    set->first_end_s = INT64_MAX;
    return set;
}

static struct str keep(struct selector_set *set, struct str text)
{
    char *at = set->text;

    if (text.len > 0)
        memcpy(at, text.ptr, text.len);
    set->text += text.len;
    return str_make(at, text.len);
}

static struct selector_item *item_find(struct selector_set *set, const struct sid *id)
{
    for (size_t i = 0; i < set->count; i++)
        if (sid_eq(&set->items[i].id, id))
            return &set->items[i];
    return NULL;
}

/* Of two of one revocation the higher number counts. */
static void put(struct selector_set *set, const struct selector_item *new)
{
    struct selector_item *item = item_find(set, &new->id);

    if (item != NULL && item->number >= new->number)
        return;
    if (item == NULL)
        item = &set->items[set->count++];
    *item = *new;
    item->selector.kid = keep(set, new->selector.kid);
    item->selector.scopes = keep(set, new->selector.scopes);
}

/* The slot of that hash, or the empty one where it would go. */
static struct selector_name *name_slot(const struct selector_set *set, uint64_t hash)
{
    size_t at = (size_t)hash & set->mask;

    while (set->names[at].who != 0 && set->names[at].hash != hash)
        at = (at + 1) & set->mask;
    return &set->names[at];
}

static void name_put(struct selector_set *set, struct str name, size_t item)
{
    uint64_t hash = hash_text(set->seed, name);
    struct selector_name *slot = name_slot(set, hash);

    slot->hash = hash;
    slot->who |= UINT64_C(1) << item;
}

/* Which items have one of the names. */
static uint64_t who_has(const struct selector_set *set, struct str names)
{
    uint64_t who = 0;
    struct str name;

    while (str_split(&names, ' ', &name))
        who |= name_slot(set, hash_text(set->seed, name))->who;
    return who;
}

static void summarize(struct selector_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct selector_item *item = &set->items[i];
        struct str names = item->selector.scopes, name;

        if (item->end_s < set->first_end_s)
            set->first_end_s = item->end_s;
        if (item->below > set->highest)
            set->highest = item->below;
        if (item->selector.over_ceiling && item->below > set->ceiling)
            set->ceiling = item->below;
        set->live += item->below != 0;
        while (i < TABLED && names.len > 0 && str_split(&names, ' ', &name))
            name_put(set, name, i);
    }
}

static struct selector_item item_of(const struct store_entry *entry)
{
    bool is_end = revocation_entry_is_end(entry);
    struct selector_item item = {.id = entry->id,
                                 .number = entry->number,
                                 .below = is_end ? 0 : revocation_entry_below(entry),
                                 .end_s = entry->end_s,
                                 .at_ms = entry->at_ms};

    if (!is_end)
        item.selector = entry->selector;
    return item;
}

struct selector_set *selector_set_new(const struct selector_set *old, int64_t now_s, uint64_t seed,
                                      const struct store_entry *entries, size_t n)
{
    struct room room = {0};

    for (size_t i = 0; old != NULL && i < old->count; i++)
        room_add(&room, &old->items[i].selector);
    for (size_t i = 0; i < n; i++)
        if (entries[i].kind == ENTRY_SELECTOR)
            room_add(&room, &entries[i].selector);

    struct selector_set *set = set_alloc(&room, seed);
    if (set == NULL)
        return NULL;
    for (size_t i = 0; old != NULL && i < old->count; i++)
        if (old->items[i].end_s > now_s)
            put(set, &old->items[i]);
    for (size_t i = 0; i < n; i++) {
        if (entries[i].kind == ENTRY_SELECTOR) {
            struct selector_item item = item_of(&entries[i]);
            put(set, &item);
        }
    }
    summarize(set);
    return set;
}

void selector_set_free(void *set)
{
    free(set);
}

bool selector_set_cut(const struct selector_set *set, const struct epoch_subject *subject)
{
    bool is_asked = false;
    uint64_t who = 0;

    for (size_t i = 0; i < set->count; i++) {
        const struct selector_item *item = &set->items[i];
        if (item->below <= subject->epoch)
            continue;
        if (item->selector.scopes.len > 0 && i < TABLED) {
            if (!is_asked)
                who = who_has(set, subject->scopes);
            is_asked = true;
            if ((who >> i & 1) == 0)
                continue;
        }
        if (revocation_selector_matches(&item->selector, subject))
            return true;
    }
    return false;
}

bool selector_set_lets_go(const struct selector_set *set, const struct epoch_subject *before,
                          const struct epoch_subject *after, int64_t created_ms)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct selector_item *item = &set->items[i];
        struct revocation_selector selector = item->selector;
        if (item->below == 0 || item->at_ms < created_ms)
            continue;
        selector.kid = STR(""); /* which keys signed the JWTs before the newest nobody knows */
        if (revocation_selector_matches(&selector, before) &&
            !revocation_selector_matches(&selector, after))
            return true;
    }
    return false;
}
