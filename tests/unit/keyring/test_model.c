/* Months of an operator's life at random: rotations, forced or not, withdrawals, reloads, a clock
 * that runs and leaps ahead, and tokens signed all the while. What must hold after every step
 * (THREATS-60, 8414-x-b):
 *   - every token that has not expired, and whose key nobody withdrew, has its kid in the JWKS;
 *   - a withdrawn kid is not in it;
 *   - nobody signs with a key that verifiers could not have seen for a max-age, unless it was the
 *     first or somebody forced it. */
#include "fixture.h"

TestSuite(model, .init = why_clear);

enum { STEPS = 3000, TOKENS = 512, KEYS = 4096 };

struct token {
    char kid[JWK_THUMBPRINT];
    int64_t exp_s;
};

struct world {
    struct keyring_manifest m;
    int64_t now_s;
    uint64_t random;
    int made;
    size_t tokens_n;
    struct token tokens[TOKENS];
    bool withdrawn[KEYS], forced[KEYS];
};

static uint64_t draw(struct world *w, uint64_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return w->random % below;
}

static int number_of(const char kid[JWK_THUMBPRINT])
{
    char text[JWK_THUMBPRINT + 1] = {0};
    memcpy(text, kid, JWK_THUMBPRINT);
    return atoi(text);
}

static bool is_shown(const struct world *w, const char kid[JWK_THUMBPRINT])
{
    const struct keyring_entry *entry = manifest_find(&w->m, str_make(kid, JWK_THUMBPRINT));
    return entry != NULL && entry->state != KEY_GONE;
}

static void add_key(struct world *w, enum key_alg alg)
{
    char kid[JWK_THUMBPRINT + 1];
    snprintf(kid, sizeof(kid), "%043d", w->made);
    cr_assert_lt(w->made, KEYS);
    if (manifest_add(&w->m, alg, kid, w->now_s, &why))
        w->made++;
}

static const struct keyring_entry *active_key(struct world *w)
{
    const struct keyring_entry *entry = manifest_find_state(&w->m, KEY_ES256, KEY_ACTIVE);
    cr_assert_not_null(entry);
    return entry;
}

static void sign_token(struct world *w)
{
    const struct keyring_entry *entry = active_key(w);
    int64_t seen_s = w->now_s - entry->published_s;
    int number = number_of(entry->kid);
    bool seen = entry->published_s != 0 && seen_s >= policy.jwks_max_age_s;
    cr_assert(seen || number == 0 || w->forced[number], "an unseen key signs");
    struct token *token = &w->tokens[w->tokens_n++ % TOKENS];
    memcpy(token->kid, entry->kid, JWK_THUMBPRINT);
    token->exp_s = w->now_s + 60 + (int64_t)draw(w, (uint64_t)policy.token_ttl_max_s - 59);
}

static void rotate(struct world *w, bool force)
{
    const struct keyring_entry *next = manifest_find_state(&w->m, KEY_ES256, KEY_NEXT);
    if (next != NULL && force)
        w->forced[number_of(next->kid)] = true;
    if (manifest_rotate(&w->m, KEY_ES256, &policy, force, w->now_s, &why))
        add_key(w, KEY_ES256);
}

static void withdraw(struct world *w)
{
    const struct keyring_entry *entry = &w->m.entries[draw(w, w->m.n)];
    const struct keyring_entry *next = manifest_find_state(&w->m, KEY_ES256, KEY_NEXT);
    int number = number_of(entry->kid);
    if (next != NULL && entry->state == KEY_ACTIVE)
        w->forced[number_of(next->kid)] = true;
    if (manifest_withdraw(&w->m, keyring_entry_kid(entry), true, w->now_s, &why))
        w->withdrawn[number] = true;
    add_key(w, KEY_ES256);
}

static void step(struct world *w)
{
    switch (draw(w, 12)) {
    case 0:
        rotate(w, false);
        break;
    case 1:
        rotate(w, draw(w, 4) == 0);
        break;
    case 2:
        if (draw(w, 4) == 0)
            withdraw(w);
        break;
    case 3:
        manifest_publish(&w->m, &policy, w->now_s);
        break;
    case 4:
        w->now_s += (int64_t)draw(w, 7200);
        break;
    case 5:
        manifest_sweep(&w->m, w->now_s);
        break;
    default:
        w->now_s += (int64_t)draw(w, 120);
        sign_token(w);
    }
    why_clear();
}

static void check(const struct world *w, uint64_t seed, int at)
{
    size_t active = 0, next = 0;
    for (size_t i = 0; i < w->m.n; i++) {
        active += w->m.entries[i].state == KEY_ACTIVE;
        next += w->m.entries[i].state == KEY_NEXT;
    }
    cr_assert_eq(active, 1, "seed %lu step %d", (unsigned long)seed, at);
    cr_assert_leq(next, 1);
    size_t kept = w->tokens_n < TOKENS ? w->tokens_n : TOKENS;
    for (size_t i = 0; i < kept; i++) {
        const struct token *token = &w->tokens[i];
        bool withdrawn = w->withdrawn[number_of(token->kid)];
        bool shown = is_shown(w, token->kid);
        cr_assert_not(withdrawn && shown, "seed %lu step %d", (unsigned long)seed, at);
        cr_assert(withdrawn || token->exp_s <= w->now_s || shown,
                  "seed %lu step %d: a live token without its key", (unsigned long)seed, at);
    }
}

Test(model, every_live_token_has_its_key_in_the_jwks_THREATS_60)
{
    for (uint64_t seed = 1; seed <= 20; seed++) {
        static struct world w;
        memset(&w, 0, sizeof(w));
        w.now_s = NOW_S;
        w.random = seed * 0x9E3779B97F4A7C15u;
        add_key(&w, KEY_ES256);
        add_key(&w, KEY_ES256);
        for (int at = 0; at < STEPS; at++) {
            step(&w);
            check(&w, seed, at);
        }
        cr_assert_gt(w.made, 100, "something happened");
    }
}
