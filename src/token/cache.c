#include "token/cache.h"

#include <stdlib.h>

enum { WAYS = 4, ENTRIES_MIN = 16 };

struct kept {
    struct verified_token token;
    char text[]; /* of the token's strings */
};

struct entry {
    struct digest256 digest;
    uint64_t version;
    struct kept *kept; /* NULL: free */
    bool asked;        /* since it was last passed over in a search for a place */
};

struct token_cache {
    size_t set_mask;
    struct entry sets[][WAYS];
};

struct result token_cache_new(size_t entries, struct token_cache **out)
{
    size_t rounded = ENTRIES_MIN;
    while (rounded < entries)
        rounded *= 2;
    struct token_cache *cache = calloc(1, sizeof(*cache) + rounded / WAYS * sizeof(cache->sets[0]));
    if (cache == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    cache->set_mask = rounded / WAYS - 1;
    *out = cache;
    return RESULT_OK;
}

void token_cache_free(struct token_cache **cache)
{
    if (*cache == NULL)
        return;
    for (size_t i = 0; i <= (*cache)->set_mask; i++)
        for (int way = 0; way < WAYS; way++)
            free((*cache)->sets[i][way].kept);
    free(*cache);
    *cache = NULL;
}

static struct entry *set_of(struct token_cache *cache, const struct digest256 *digest)
{
    uint64_t bits;
    memcpy(&bits, digest->bytes, sizeof(bits));
    return cache->sets[bits & cache->set_mask];
}

static bool holds(const struct entry *entry, const struct digest256 *digest)
{
    /* No secret is compared: whoever presents a token knows its digest. */
    return entry->kept != NULL &&
           memcmp(entry->digest.bytes, digest->bytes, sizeof(digest->bytes)) == 0;
}

const struct verified_token *token_cache_find(struct token_cache *cache,
                                              const struct digest256 *digest, uint64_t version)
{
    struct entry *set = set_of(cache, digest);

    for (int way = 0; way < WAYS; way++) {
        if (!holds(&set[way], digest))
            continue;
        if (set[way].version != version)
            return NULL;
        set[way].asked = true;
        return &set[way].kept->token;
    }
    return NULL;
}

static struct str move(struct str text, char **at)
{
    struct str moved = str_make(*at, text.len);
    if (text.len > 0)
        memcpy(*at, text.ptr, text.len);
    *at += text.len;
    return moved;
}

static struct kept *keep(const struct verified_token *token)
{
    const struct token_claims *claims = &token->claims;
    size_t size = token->kid.len + claims->issuer.len + claims->subject.len + claims->scope.len;

    for (size_t i = 0; i < claims->audience_count; i++)
        size += claims->audiences[i].len;
    struct kept *kept = malloc(sizeof(*kept) + size);
    if (kept == NULL)
        return NULL;
    char *at = kept->text;
    kept->token = *token;
    kept->token.kid = move(token->kid, &at);
    kept->token.claims.issuer = move(claims->issuer, &at);
    kept->token.claims.subject = move(claims->subject, &at);
    kept->token.claims.scope = move(claims->scope, &at);
    for (size_t i = 0; i < claims->audience_count; i++)
        kept->token.claims.audiences[i] = move(claims->audiences[i], &at);
    return kept;
}

/* A free place, one of an older version, or one that nobody asked for; with all asked for, the
 * place that the digest picks, unless on probation. Passing over an entry uses up its claim to
 * stay. */
static struct entry *place_for(struct entry *set, const struct digest256 *digest, uint64_t version,
                               bool probation)
{
    for (int way = 0; way < WAYS; way++)
        if (set[way].kept == NULL || set[way].version != version || holds(&set[way], digest))
            return &set[way];
    for (int way = 0; way < WAYS; way++)
        if (!set[way].asked)
            return &set[way];
    if (probation)
        return NULL;
    for (int way = 0; way < WAYS; way++)
        set[way].asked = false;
    return &set[digest->bytes[DIGEST256 - 1] % WAYS];
}

void token_cache_put(struct token_cache *cache, const struct digest256 *digest, uint64_t version,
                     const struct verified_token *token, bool probation)
{
    struct entry *entry = place_for(set_of(cache, digest), digest, version, probation);
    struct kept *kept = entry == NULL ? NULL : keep(token);

    if (kept == NULL)
        return;
    free(entry->kept);
    *entry = (struct entry){*digest, version, kept, !probation};
}
