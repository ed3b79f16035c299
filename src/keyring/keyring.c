#include "keyring/keyring.h"

#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/base64.h"
#include "crypto/digest.h"
#include "keyring/key_dir.h"
#include "keyring/keyring_inside.h"
#include "keyring/say.h"

enum { JWKS_MAX = KEYRING_LIVE_MAX * 1024, ETAG_BYTES = 16 };

static void render(struct keyring *keyring, const struct key_public *parts)
{
    struct buf *b = &keyring->jwks;

    buf_init_heap(b, JWKS_MAX);
    buf_cstr(b, "{\"keys\":[");
    for (size_t i = 0; i < keyring->n; i++) {
        if (i > 0)
            buf_char(b, ',');
        jwk_write(b, &parts[i], keyring_entry_kid(&keyring->keys[i].entry));
    }
    buf_cstr(b, "]}");
    struct digest256 digest = digest_sha256(buf_view(b));
    keyring->etag_len = base64url_length(ETAG_BYTES) + 2;
    assert(keyring->etag_len <= sizeof(keyring->etag));
    base64url_encode(digest.bytes, ETAG_BYTES, keyring->etag + 1);
    keyring->etag[0] = keyring->etag[keyring->etag_len - 1] = '"';
}

/* Adds the key of entry to keyring, and its public numbers at the same place to parts. */
static bool load_key(struct keyring *keyring, const struct key_dir *dir,
                     const struct keyring_entry *entry, struct key_public *parts, struct buf *why)
{
    struct keyring_key *key = &keyring->keys[keyring->n];
    struct str kid = keyring_entry_kid(entry);
    char thumbprint[JWK_THUMBPRINT];
    struct buf pem;

    buf_init_heap(&pem, KEY_PEM_MAX + 1);
    if (!key_dir_read_key(dir, kid, &pem, why)) {
        buf_free(&pem);
        return false;
    }
    enum key_refusal refusal = crypto_key_load(entry->alg, buf_view(&pem), &key->crypto);
    buf_free(&pem);
    if (refusal != KEY_TAKEN)
        return say(why,
                   "%s/%.*s.pem: the key %s (%s expected); restore it from a backup or run: "
                   "scopemint key withdraw",
                   dir->path, STR_ARG(kid), key_refusal_text(refusal), key_alg_name(entry->alg));
    keyring->n++; /* from here keyring_unref() releases it */
    key->entry = *entry;
    if (!result_ok(crypto_key_public(key->crypto, &parts[keyring->n - 1])))
        return say(why, "%s/%.*s.pem: OpenSSL cannot use it", dir->path, STR_ARG(kid));
    jwk_thumbprint(&parts[keyring->n - 1], thumbprint);
    if (!str_eq(kid, str_make(thumbprint, sizeof(thumbprint))))
        return say(why,
                   "%s/%.*s.pem: holds another key, %.*s; a key file keeps the name it was "
                   "generated with",
                   dir->path, STR_ARG(kid), JWK_THUMBPRINT, thumbprint);
    for (int type = 0; type < JWS_TYPE_COUNT; type++)
        jws_prefix_init(&key->prefixes[type], entry->alg, (enum jws_type)type,
                        keyring_entry_kid(&key->entry));
    return true;
}

/* All keys are tried, so that all that is wrong is said at once. */
static bool load_all(struct keyring *keyring, const struct key_dir *dir,
                     const struct keyring_manifest *m, enum key_alg alg, struct buf *why)
{
    struct key_public *parts = calloc(KEYRING_LIVE_MAX, sizeof(*parts));
    bool ok = parts != NULL || say(why, "%s: there is no memory to read it", dir->path);

    for (size_t i = 0; parts != NULL && i < m->n; i++) {
        if (m->entries[i].state == KEY_GONE)
            continue;
        if (keyring->n == KEYRING_LIVE_MAX)
            ok = say(why, "%s/keyring.json: it lists more than %d keys in use", dir->path,
                     KEYRING_LIVE_MAX);
        else
            ok = load_key(keyring, dir, &m->entries[i], parts, why) && ok;
    }
    for (size_t i = 0; i < keyring->n; i++) {
        const struct keyring_entry *entry = &keyring->keys[i].entry;
        if (entry->state == KEY_ACTIVE && entry->alg == alg)
            keyring->active = &keyring->keys[i];
    }
    if (ok && keyring->active == NULL)
        ok = say(why,
                 "%s: no %s key is active; run: scopemint key generate --alg %s, and later "
                 "scopemint key rotate",
                 dir->path, key_alg_name(alg), key_alg_name(alg));
    if (ok)
        render(keyring, parts);
    free(parts);
    return ok;
}

bool keyring_load(const char *path, enum key_alg alg, struct keyring **out, struct buf *errors)
{
    struct keyring_manifest manifest;
    struct key_dir dir;
    bool exists;

    if (!key_dir_open(path, &dir, errors))
        return false;
    struct keyring *keyring = calloc(1, sizeof(*keyring));
    bool ok = keyring != NULL || say(errors, "%s: there is no memory to read it", path);
    ok = ok && key_dir_read_manifest(&dir, &manifest, &exists, errors);
    if (ok && !exists)
        ok = say(errors,
                 "%s/keyring.json: is missing; `scopemint key generate` makes a key, and "
                 "`scopemint init` "
                 "a whole new node",
                 path);
    if (keyring != NULL)
        atomic_init(&keyring->references, 1);
    ok = ok && load_all(keyring, &dir, &manifest, alg, errors);
    if (ok && keyring->jwks.failed)
        ok = say(errors, "%s: there is no memory to read it", path);
    key_dir_close(&dir);
    if (!ok) {
        keyring_unref(&keyring);
        return false;
    }
    *out = keyring;
    return true;
}

void keyring_ref(struct keyring *keyring)
{
    unsigned before = atomic_fetch_add_explicit(&keyring->references, 1, memory_order_relaxed);
    assert(before > 0);
}

void keyring_unref(struct keyring **keyring)
{
    struct keyring *mine = *keyring;

    *keyring = NULL;
    if (mine == NULL || atomic_fetch_sub_explicit(&mine->references, 1, memory_order_acq_rel) > 1)
        return;
    for (size_t i = 0; i < mine->n; i++)
        crypto_key_unref(&mine->keys[i].crypto);
    if (mine->jwks.ptr != NULL)
        buf_free(&mine->jwks);
    free(mine);
}

const struct keyring_key *keyring_active(const struct keyring *keyring)
{
    return keyring->active;
}

const struct keyring_key *keyring_find(const struct keyring *keyring, struct str kid)
{
    if (kid.len != JWK_THUMBPRINT)
        return NULL;
    for (size_t i = 0; i < keyring->n; i++) {
        if (memcmp(keyring->keys[i].entry.kid, kid.ptr, JWK_THUMBPRINT) == 0)
            return &keyring->keys[i];
    }
    return NULL;
}

bool keyring_holds(const struct keyring *keyring, const struct keyring *other)
{
    for (size_t i = 0; i < other->n; i++) {
        const struct keyring_entry *entry = &other->keys[i].entry;
        const struct keyring_key *key = keyring_find(keyring, keyring_entry_kid(entry));
        if (key == NULL || key->entry.alg != entry->alg) /* a kid is a thumbprint of its key */
            return false;
    }
    return true;
}

enum err keyring_parse(const struct keyring *keyring, struct arena *arena, struct str token,
                       struct jws *out, const struct keyring_key **out_key)
{
    enum err err;

    for (size_t i = 0; i < keyring->n; i++) {
        *out_key = &keyring->keys[i];
        for (int type = 0; type < JWS_TYPE_COUNT; type++)
            if (jws_parse_known(arena, token, &keyring->keys[i].prefixes[type], out, &err))
                return err;
    }
    err = jws_parse(arena, token, out);
    *out_key = err == ERR_NONE && out->kid.ptr != NULL ? keyring_find(keyring, out->kid) : NULL;
    return err;
}

struct str keyring_key_kid(const struct keyring_key *key)
{
    return keyring_entry_kid(&key->entry);
}

enum key_alg keyring_key_alg(const struct keyring_key *key)
{
    return key->entry.alg;
}

const struct jws_prefix *keyring_key_prefix(const struct keyring_key *key, enum jws_type type)
{
    return &key->prefixes[type];
}

struct str keyring_jwks(const struct keyring *keyring)
{
    return buf_view(&keyring->jwks);
}

struct str keyring_jwks_etag(const struct keyring *keyring)
{
    return str_make(keyring->etag, keyring->etag_len);
}
