#include "exchange/snapshot.h"

#include <stdlib.h>

#include "core/base64.h"
#include "crypto/digest.h"

enum { ETAG_BYTES = 12, TEXT_MAX = 128 };

static struct str make_etag(struct arena *memory, struct str document)
{
    struct digest256 digest = digest_sha256(document);
    char *text = arena_alloc(memory, 2 + base64url_length(ETAG_BYTES));

    if (text == NULL)
        return STR_NONE;
    size_t len = base64url_length(ETAG_BYTES);
    text[0] = text[len + 1] = '"';
    base64url_encode(digest.bytes, ETAG_BYTES, text + 1);
    return str_make(text, len + 2);
}

static struct str make_cache_control(struct arena *memory, int64_t max_age_s)
{
    struct buf b;
    buf_init_arena(&b, memory, TEXT_MAX, TEXT_MAX);
    buf_cstr(&b, "public, max-age=");
    buf_i64(&b, max_age_s);
    return b.failed ? STR_NONE : buf_view(&b);
}

static bool copy_policy(const struct config *config, struct snapshot *s)
{
    const struct config_tokens *tokens = &config->tokens;
    struct token_plain_audience *plain =
        arena_array(&s->memory, tokens->jwt_type.n + 1, sizeof(*plain));

    if (plain == NULL)
        return false;
    s->policy = (struct token_policy){
        .issuer = s->issuer,
        .ttl_default_s = tokens->access_ttl_default_s,
        .ttl_min_s = tokens->access_ttl_min_s,
        .ttl_max_s = tokens->access_ttl_max_s,
        .plain = plain,
    };
    for (size_t i = 0; i < tokens->jwt_type.n; i++) {
        if (!tokens->jwt_type.items[i].plain)
            continue;
        struct str audience = arena_str(&s->memory, tokens->jwt_type.items[i].audience);
        if (audience.ptr == NULL)
            return false;
        plain[s->policy.plain_count++].audience = audience;
    }
    return true;
}

static bool same_plain(const struct token_policy *a, const struct token_policy *b)
{
    if (a->plain_count != b->plain_count)
        return false;
    for (size_t i = 0; i < a->plain_count; i++)
        if (!str_eq(a->plain[i].audience, b->plain[i].audience))
            return false;
    return true;
}

/* token_verify depends on these alone. A change of tables must not cost a second signature check.
 */
static bool verifies_alike(const struct snapshot *a, const struct snapshot *b)
{
    return str_eq(keyring_jwks_etag(a->keyring), keyring_jwks_etag(b->keyring)) &&
           str_eq(a->issuer, b->issuer) && same_plain(&a->policy, &b->policy);
}

struct result snapshot_new(const struct config *config, struct scope_catalogue *catalogue,
                           struct keyring *keyring, struct party *party, struct str metadata,
                           const struct snapshot *previous, struct snapshot **out)
{
    struct snapshot *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    arena_init(&s->memory, NULL, 0, LIMIT_ARENA);
    s->issuer = arena_str(&s->memory, config->server.issuer);
    s->metadata = arena_str(&s->memory, metadata);
    s->metadata_etag = make_etag(&s->memory, metadata);
    s->cache_control = make_cache_control(&s->memory, config->keys.jwks_max_age_s);
    if (s->issuer.ptr == NULL || s->metadata.ptr == NULL || s->metadata_etag.ptr == NULL ||
        s->cache_control.ptr == NULL || !copy_policy(config, s)) {
        arena_reset(&s->memory);
        free(s);
        return FAULT(ERR_FAULT_MEMORY);
    }
    atomic_init(&s->references, 1);
    s->catalogue = catalogue;
    s->keyring = keyring;
    s->party = party;
    s->verify_version =
        previous == NULL ? 1 : previous->verify_version + !verifies_alike(previous, s);
    *out = s;
    return RESULT_OK;
}

void snapshot_ref(const struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&((struct snapshot *)snapshot)->references, 1, memory_order_relaxed);
}

void snapshot_unref(const struct snapshot *snapshot)
{
    struct snapshot *s = (struct snapshot *)snapshot;

    if (atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) != 1)
        return;
    party_free(&s->party);
    catalogue_free(&s->catalogue);
    keyring_unref(&s->keyring);
    arena_reset(&s->memory);
    free(s);
}

static void drop(void *snapshot)
{
    snapshot_unref(snapshot);
}

void snapshot_publish(struct server *server, struct snapshot *snapshot)
{
    struct snapshot *old = atomic_exchange(&server->snapshot, snapshot);
    if (old != NULL)
        quiesce_retire(&server->quiesce, old, drop);
}
