#include "revocation/epochs.h"

#include <assert.h>
#include <stdlib.h>

#include "revocation/hash.h"
#include "revocation/selector.h"

static struct epochs *set_alloc(size_t count, uint64_t seed)
{
    size_t slots = 4;
    while (slots < count * 2)
        slots *= 2;

    size_t bytes =
        sizeof(struct epochs) + slots * sizeof(uint64_t) + count * sizeof(struct epochs_item);
    struct epochs *set = calloc(1, bytes);
    if (set == NULL)
        return NULL;
    set->seed = seed;
    set->mask = (uint32_t)(slots - 1);
    set->bytes = bytes;
    set->first_end_s = INT64_MAX;
    set->items = (struct epochs_item *)(set->slots + slots);
    return set;
}

static uint64_t item_hash(uint64_t seed, unsigned kind, const struct sid *id, struct str kid)
{
    seed += kind * 0xa0761d6478bd642fu;
    return kind == ENTRY_EPOCH_KEY ? hash_text(seed, kid) : hash_sid(seed, id);
}

static bool item_is(const struct epochs_item *item, unsigned kind, const struct sid *id,
                    struct str kid)
{
    if (item->kind != kind)
        return false;
    return kind == ENTRY_EPOCH_KEY ? str_eq(str_make(item->kid, item->kid_len), kid)
                                   : sid_eq(&item->id, id);
}

/* The slot of that item, or the empty one where it would go. */
static size_t slot_find(const struct epochs *set, unsigned kind, const struct sid *id,
                        struct str kid, uint32_t *out_upper)
{
    uint64_t hash = item_hash(set->seed, kind, id, kid);
    uint32_t upper = (uint32_t)(hash >> 32);
    size_t at = (size_t)hash & set->mask;

    *out_upper = upper;
    for (; set->slots[at] != 0; at = (at + 1) & set->mask) {
        const struct epochs_item *item = &set->items[(uint32_t)set->slots[at] - 1];
        if ((uint32_t)(set->slots[at] >> 32) == upper && item_is(item, kind, id, kid))
            break;
    }
    return at;
}

static int64_t later(int64_t a, int64_t b)
{
    return a > b ? a : b;
}

/* Everything that other kills, item kills too. */
static bool says_all(const struct epochs_item *item, const struct epochs_item *other)
{
    return item->below >= other->below && item->before_s >= other->before_s;
}

/* Takes from the chain what new says as well, but for the first such item, where new goes itself.
 * False: there was none. */
static bool replace(struct epochs *set, uint32_t first, const struct epochs_item *new)
{
    struct epochs_item *placed = NULL;

    for (uint32_t *link = &first; *link != 0;) {
        struct epochs_item *item = &set->items[*link - 1];
        if (!says_all(new, item)) {
            link = &item->next;
        } else if (placed == NULL) {
            placed = item;
            item->below = new->below;
            item->before_s = new->before_s;
            item->end_s = later(item->end_s, new->end_s);
            link = &item->next;
        } else {
            placed->end_s = later(placed->end_s, item->end_s);
            *link = item->next;
            item->kind = 0;
            set->live--;
        }
    }
    return placed != NULL;
}

static void set_put(struct epochs *set, const struct epochs_item *new)
{
    uint32_t upper;
    size_t at = slot_find(set, new->kind, &new->id, str_make(new->kid, new->kid_len), &upper);
    uint32_t first = (uint32_t)set->slots[at];

    for (uint32_t place = first; place != 0; place = set->items[place - 1].next) {
        struct epochs_item *item = &set->items[place - 1];
        if (says_all(item, new)) {
            item->end_s = later(item->end_s, new->end_s);
            return;
        }
    }
    set->kinds |= 1u << new->kind;
    set->highest = new->below > set->highest ? new->below : set->highest;
    if (replace(set, first, new))
        return;
    set->items[set->count] = *new;
    set->items[set->count].next = first;
    set->count++;
    set->live++;
    set->slots[at] = (uint64_t)upper << 32 | (uint32_t)set->count;
}

static struct epochs_item item_of(const struct store_entry *entry)
{
    struct epochs_item item = {.below = revocation_entry_below(entry),
                               .before_s = entry->before_s != 0 ? entry->before_s : INT64_MAX,
                               .end_s = entry->end_s,
                               .kind = (uint8_t)entry->kind};

    if (entry->kind == ENTRY_EPOCH_KEY) {
        item.kid_len = entry->kid_len <= LIMIT_KID ? entry->kid_len : LIMIT_KID;
        memcpy(item.kid, entry->kid, item.kid_len);
    } else {
        item.id = entry->id;
    }
    return item;
}

static size_t count_of(const struct epochs *set)
{
    return set != NULL ? set->count : 0;
}

static void put_all(struct epochs *set, const struct epochs *from, int64_t now_s)
{
    for (size_t i = 0; i < count_of(from); i++)
        if (from->items[i].kind != 0 && from->items[i].end_s > now_s)
            set_put(set, &from->items[i]);
}

struct epochs *epochs_new(const struct epochs *old, const struct epochs *other, int64_t now_s,
                          uint64_t seed, const struct store_entry *entries, size_t n)
{
    size_t count = count_of(old) + count_of(other);
    for (size_t i = 0; i < n; i++)
        count += epochs_is_epoch(&entries[i]);

    struct epochs *set = set_alloc(count, seed);
    if (set == NULL)
        return NULL;

    put_all(set, old, now_s);
    put_all(set, other, now_s);
    for (size_t i = 0; i < n; i++) {
        if (epochs_is_epoch(&entries[i])) {
            struct epochs_item item = item_of(&entries[i]);
            set_put(set, &item);
        }
    }
    for (size_t i = 0; i < set->count; i++)
        if (set->items[i].end_s < set->first_end_s)
            set->first_end_s = set->items[i].end_s;
    return set;
}

void epochs_free(void *set)
{
    free(set);
}

static bool cuts(const struct epochs *set, enum entry_kind kind, const struct sid *id,
                 struct str kid, const struct epoch_subject *subject)
{
    uint32_t upper;

    if ((set->kinds & 1u << kind) == 0)
        return false;
    size_t at = slot_find(set, kind, id, kid, &upper);
    for (uint32_t place = (uint32_t)set->slots[at]; place != 0;) {
        const struct epochs_item *item = &set->items[place - 1];
        if (item->below > subject->epoch &&
            (item->before_s == INT64_MAX || subject->iat_s < item->before_s))
            return true;
        place = item->next;
    }
    return false;
}

bool epochs_cut(const struct epochs *set, const struct epoch_subject *subject)
{
    if (cuts(set, ENTRY_EPOCH_APPLICATION, &subject->client_id, STR_NONE, subject))
        return true;
    for (size_t i = 0; i < subject->partner_count; i++)
        if (cuts(set, ENTRY_EPOCH_PARTNER_TREE, &subject->partners[i], STR_NONE, subject))
            return true;
    if (subject->partner_count > 0 &&
        cuts(set, ENTRY_EPOCH_PARTNER, &subject->partners[0], STR_NONE, subject))
        return true;
    if (!sid_is_none(&subject->user_sid) &&
        cuts(set, ENTRY_EPOCH_USER, &subject->user_sid, STR_NONE, subject))
        return true;
    return cuts(set, ENTRY_EPOCH_KEY, NULL, subject->kid, subject);
}
