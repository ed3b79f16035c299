#include "exchange/snapshot.h"

#include <stdlib.h>

#include "core/base64.h"
#include "core/log.h"
#include "crypto/digest.h"

enum { ETAG_BYTES = 12, TEXT_MAX = 128 };

struct snapshot_base {
    _Atomic unsigned references; /* snapshots */
    struct scope_catalogue *catalogue;
    struct keyring *keyring;
    struct arena memory; /* of the texts */
};

static void unref_base(struct snapshot_base *base)
{
    if (atomic_fetch_sub_explicit(&base->references, 1, memory_order_acq_rel) != 1)
        return;
    catalogue_free(&base->catalogue);
    keyring_unref(&base->keyring);
    arena_reset(&base->memory);
    free(base);
}

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

static bool copy_policy(const struct config *config, struct arena *memory, struct snapshot *s)
{
    const struct config_tokens *tokens = &config->tokens;
    struct token_plain_audience *plain =
        arena_array(memory, tokens->jwt_type.n + 1, sizeof(*plain));

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
        struct str audience = arena_str(memory, tokens->jwt_type.items[i].audience);
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

/* Whether now verifies all that was verified before: token_verify depends on these alone. Neither a
 * change of tables nor another key beside the old ones costs a second signature check. */
static bool still_verifies(const struct snapshot *before, const struct snapshot *now)
{
    return keyring_holds(now->keyring, before->keyring) && str_eq(before->issuer, now->issuer) &&
           same_plain(&before->policy, &now->policy);
}

static bool copy_texts(const struct config *config, struct str metadata, struct arena *memory,
                       struct snapshot *s)
{
    s->issuer = arena_str(memory, config->server.issuer);
    s->metadata = arena_str(memory, metadata);
    s->metadata_etag = make_etag(memory, metadata);
    s->cache_control = make_cache_control(memory, config->keys.jwks_max_age_s);
    return s->issuer.ptr != NULL && s->metadata.ptr != NULL && s->metadata_etag.ptr != NULL &&
           s->cache_control.ptr != NULL && copy_policy(config, memory, s);
}

void snapshot_tables_done(struct snapshot_tables *tables)
{
    party_unref(&tables->party);
    acl_tables_unref(&tables->acls);
}

static void set_tables(const struct snapshot_tables *tables, struct snapshot *s)
{
    s->party = tables->party;
    s->acls = tables->acls;
    s->tables_version = tables->version;
}

struct result snapshot_new(const struct config *config, struct scope_catalogue *catalogue,
                           struct keyring *keyring, const struct snapshot_tables *tables,
                           struct str metadata, const struct snapshot *previous,
                           struct snapshot **out)
{
    struct snapshot *s = calloc(1, sizeof(*s));
    struct snapshot_base *base = calloc(1, sizeof(*base));

    if (base != NULL)
        arena_init(&base->memory, NULL, 0, LIMIT_ARENA);
    if (s == NULL || base == NULL || !copy_texts(config, metadata, &base->memory, s)) {
        if (base != NULL)
            arena_reset(&base->memory);
        free(base);
        free(s);
        return FAULT(ERR_FAULT_MEMORY);
    }
    atomic_init(&base->references, 1);
    base->catalogue = catalogue;
    base->keyring = keyring;
    atomic_init(&s->references, 1);
    s->base = base;
    s->catalogue = catalogue;
    s->keyring = keyring;
    set_tables(tables, s);
    s->version = previous == NULL ? 1 : previous->version + 1;
    s->verify_version =
        previous == NULL ? 1 : previous->verify_version + !still_verifies(previous, s);
    *out = s;
    return RESULT_OK;
}

struct result snapshot_with_tables(const struct snapshot *old, const struct snapshot_tables *tables,
                                   struct snapshot **out)
{
    struct snapshot *s = malloc(sizeof(*s));

    if (s == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *s = (struct snapshot){
        .base = old->base,
        .issuer = old->issuer,
        .policy = old->policy,
        .catalogue = old->catalogue,
        .keyring = old->keyring,
        .version = old->version + 1,
        .verify_version = old->verify_version,
        .metadata = old->metadata,
        .metadata_etag = old->metadata_etag,
        .cache_control = old->cache_control,
    };
    set_tables(tables, s);
    atomic_init(&s->references, 1);
    atomic_fetch_add_explicit(&s->base->references, 1, memory_order_relaxed);
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
    party_unref(&s->party);
    acl_tables_unref(&s->acls);
    unref_base(s->base);
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
        quiesce_retire_noted(&server->quiesce, &old->note, old, drop);
}

/* Secrets open doors, and rules and trunks are about calls; no token hangs on them. */
static bool concerns_tokens(const struct store_change *change)
{
    switch (change->kind) {
    case STORE_CHANGE_PARTNER:
    case STORE_CHANGE_APPLICATION:
    case STORE_CHANGE_APPLICATION_GONE:
        return true;
    case STORE_CHANGE_SECRETS:
    case STORE_CHANGE_RULE:
    case STORE_CHANGE_RULE_GONE:
    case STORE_CHANGE_TRUNK_GROUP:
    case STORE_CHANGE_TRUNK_GROUP_GONE:
    case STORE_CHANGE_TRUNK:
    case STORE_CHANGE_TRUNK_GONE:
        return false;
    }
    return true;
}

static bool concern_tokens(const struct store_change *changes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (concerns_tokens(&changes[i]))
            return true;
    return false;
}

static struct result follow_tables(const struct snapshot *now, const struct store_change *changes,
                                   size_t n, struct snapshot_tables *out)
{
    TRY(party_apply(now->party, now->catalogue, changes, n, &out->party));
    return acl_tables_apply(now->acls, changes, n, &out->acls);
}

static struct result follow(const struct snapshot *now, const struct store_change *changes,
                            size_t n, uint64_t tables_version, struct snapshot **out)
{
    struct snapshot_tables tables = {.version = tables_version};

    struct result made = follow_tables(now, changes, n, &tables);
    if (result_ok(made))
        made = snapshot_with_tables(now, &tables, out);
    if (!result_ok(made))
        snapshot_tables_done(&tables);
    else if (!concern_tokens(changes, n))
        (*out)->version = now->version;
    return made;
}

void snapshot_change_tables(struct server *server, const struct store_change *changes, size_t n,
                            uint64_t tables_version)
{
    struct snapshot *now = atomic_load(&server->snapshot), *next;

    if (party_is_outdated(now->party))
        return; /* what is missing can only be read again */
    struct result followed = follow(now, changes, n, tables_version, &next);
    if (result_ok(followed)) {
        snapshot_publish(server, next);
        return;
    }
    party_outdate(now->party);
    LOG(LOG_ERROR, "tables_outdated", LF_CSTR("reason", err_info(followed.code)->text),
        LF_INT("changes", n));
}
