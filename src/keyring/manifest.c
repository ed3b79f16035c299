#include "keyring/manifest.h"

#include <assert.h>

#include "keyring/say.h"

static const char *const state_names[KEY_STATE_COUNT] = {"next", "active", "retired", "gone"};

#define KID_ARG(entry) JWK_THUMBPRINT, (entry)->kid

const char *key_state_name(enum key_state state)
{
    return state_names[state];
}

static struct keyring_entry *find(struct keyring_manifest *m, struct str kid)
{
    return (struct keyring_entry *)manifest_find(m, kid);
}

static struct keyring_entry *find_state(struct keyring_manifest *m, enum key_alg alg,
                                        enum key_state state)
{
    return (struct keyring_entry *)manifest_find_state(m, alg, state);
}

const struct keyring_entry *manifest_find(const struct keyring_manifest *m, struct str kid)
{
    for (size_t i = 0; i < m->n; i++) {
        if (str_eq(keyring_entry_kid(&m->entries[i]), kid))
            return &m->entries[i];
    }
    return NULL;
}

const struct keyring_entry *manifest_find_state(const struct keyring_manifest *m, enum key_alg alg,
                                                enum key_state state)
{
    for (size_t i = 0; i < m->n; i++) {
        if (m->entries[i].alg == alg && m->entries[i].state == state)
            return &m->entries[i];
    }
    return NULL;
}

static size_t count(const struct keyring_manifest *m, enum key_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < m->n; i++)
        n += m->entries[i].state == state;
    return n;
}

/* Forgets the oldest gone keys beyond the limit. */
static void trim_history(struct keyring_manifest *m)
{
    size_t kept = 0, excess = count(m, KEY_GONE);
    excess = excess > KEYRING_HISTORY_MAX ? excess - KEYRING_HISTORY_MAX : 0;
    for (size_t i = 0; i < m->n; i++) {
        if (m->entries[i].state == KEY_GONE && excess > 0)
            excess--;
        else
            m->entries[kept++] = m->entries[i];
    }
    m->n = kept;
}

static void go(struct keyring_entry *entry, bool withdrawn, int64_t now_s)
{
    entry->state = KEY_GONE;
    entry->withdrawn = withdrawn;
    entry->gone_s = now_s;
}

static void retire(struct keyring_entry *entry, const struct keyring_policy *policy, int64_t now_s)
{
    int64_t ttl_s =
        entry->token_ttl_s > policy->token_ttl_max_s ? entry->token_ttl_s : policy->token_ttl_max_s;
    entry->state = KEY_RETIRED;
    entry->retired_s = now_s;
    entry->gone_after_s = now_s + ttl_s + policy->margin_s;
}

bool manifest_add(struct keyring_manifest *m, enum key_alg alg, const char kid[JWK_THUMBPRINT],
                  int64_t now_s, struct buf *why)
{
    const struct keyring_entry *next = manifest_find_state(m, alg, KEY_NEXT);
    struct keyring_entry entry = {.alg = alg, .state = KEY_NEXT, .created_s = now_s};

    if (next != NULL)
        return say(why, "%.*s is the next %s key already; rotate to use it", KID_ARG(next),
                   key_alg_name(alg));
    if (manifest_find(m, str_make(kid, JWK_THUMBPRINT)) != NULL)
        return say(why, "%.*s is listed already", JWK_THUMBPRINT, kid);
    if (m->n - count(m, KEY_GONE) >= KEYRING_LIVE_MAX)
        return say(why,
                   "%d keys are in use, which is the most; wait until retired ones are gone, or "
                   "withdraw one",
                   KEYRING_LIVE_MAX);
    if (count(m, KEY_ACTIVE) == 0) {
        entry.state = KEY_ACTIVE;
        entry.activated_s = now_s;
    }
    memcpy(entry.kid, kid, JWK_THUMBPRINT);
    trim_history(m);
    assert(m->n < KEYRING_ENTRIES_MAX);
    m->entries[m->n++] = entry;
    return true;
}

/* Promise of 8414-x-b: seen for a whole max-age before it signs. */
static bool has_been_seen(const struct keyring_entry *next, const struct keyring_policy *policy,
                          int64_t now_s, struct buf *why)
{
    int64_t due_s = next->published_s + policy->jwks_max_age_s + KEYRING_ROUNDING_S;

    if (next->published_s == 0)
        return say(why,
                   "the next key %.*s has not been published yet: start the server, or send it "
                   "SIGHUP, and wait %lld s; --force activates it now",
                   KID_ARG(next), (long long)policy->jwks_max_age_s);
    if (now_s < due_s)
        return say(why,
                   "the next key %.*s has been published for too short a time: verifiers may not "
                   "know it for another %lld s; --force activates it now",
                   KID_ARG(next), (long long)(due_s - now_s));
    return true;
}

bool manifest_rotate(struct keyring_manifest *m, enum key_alg alg,
                     const struct keyring_policy *policy, bool force, int64_t now_s,
                     struct buf *why)
{
    struct keyring_entry *next = find_state(m, alg, KEY_NEXT);
    struct keyring_entry *active = find_state(m, alg, KEY_ACTIVE);

    if (next == NULL)
        return say(why, "there is no next %s key; run `scopemint key generate` first",
                   key_alg_name(alg));
    if (!force && !has_been_seen(next, policy, now_s, why))
        return false;
    if (active != NULL)
        retire(active, policy, now_s);
    next->state = KEY_ACTIVE;
    next->activated_s = now_s;
    next->token_ttl_s = policy->token_ttl_max_s;
    return true;
}

bool manifest_retire(struct keyring_manifest *m, struct str kid,
                     const struct keyring_policy *policy, int64_t now_s, struct buf *why)
{
    struct keyring_entry *entry = find(m, kid);

    if (entry == NULL || entry->state == KEY_GONE)
        return say(why, "there is no such key in use");
    if (entry->state != KEY_ACTIVE)
        return say(why, "%.*s is %s; only an active key can be retired", KID_ARG(entry),
                   key_state_name(entry->state));
    if (count(m, KEY_ACTIVE) == 1)
        return say(why, "%.*s is the only active key; rotate instead", KID_ARG(entry));
    retire(entry, policy, now_s);
    return true;
}

bool manifest_withdraw(struct keyring_manifest *m, struct str kid, bool replace, int64_t now_s,
                       struct buf *why)
{
    struct keyring_entry *entry = find(m, kid);

    if (entry == NULL || entry->state == KEY_GONE)
        return say(why, "there is no such key in use");
    if (entry->state == KEY_ACTIVE) {
        struct keyring_entry *next = find_state(m, entry->alg, KEY_NEXT);
        if (!replace)
            return say(why,
                       "%.*s is active; withdraw it with --replace, which activates the next key "
                       "at once",
                       KID_ARG(entry));
        if (next == NULL)
            return say(why, "there is no next %s key to replace it", key_alg_name(entry->alg));
        next->state = KEY_ACTIVE;
        next->activated_s = now_s;
        next->token_ttl_s = entry->token_ttl_s;
    }
    go(entry, true, now_s);
    trim_history(m);
    return true;
}

void manifest_sweep(struct keyring_manifest *m, int64_t now_s)
{
    for (size_t i = 0; i < m->n; i++) {
        struct keyring_entry *entry = &m->entries[i];
        if (entry->state == KEY_RETIRED && entry->gone_after_s <= now_s)
            go(entry, false, now_s);
    }
    trim_history(m);
}

bool manifest_publish(struct keyring_manifest *m, const struct keyring_policy *policy,
                      int64_t now_s)
{
    bool news = false;

    for (size_t i = 0; i < m->n; i++) {
        struct keyring_entry *entry = &m->entries[i];
        if (entry->state != KEY_NEXT && entry->state != KEY_ACTIVE)
            continue;
        if (entry->published_s == 0) {
            entry->published_s = now_s;
            news = true;
        }
        if (entry->state == KEY_ACTIVE && entry->token_ttl_s < policy->token_ttl_max_s) {
            entry->token_ttl_s = policy->token_ttl_max_s;
            news = true;
        }
    }
    return news;
}
