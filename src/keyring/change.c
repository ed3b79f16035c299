#include "keyring/change.h"

#include <assert.h>
#include <errno.h>
#include <sys/stat.h>

#include "keyring/key_dir.h"
#include "keyring/say.h"

enum { NEW_KEYS_MAX = 2 };

/* One transaction. Nothing is written before change_commit(). */
struct change {
    struct key_dir dir;
    struct keyring_manifest before, manifest;
    int64_t now_s;
    struct buf *why;
    size_t new_n;
    struct {
        char kid[JWK_THUMBPRINT];
        struct buf pem;
    } new_keys[NEW_KEYS_MAX];
};

static bool change_begin(struct change *c, const char *path, int64_t now_s, struct buf *why)
{
    bool exists;

    *c = (struct change){.now_s = now_s, .why = why};
    if (!key_dir_open(path, &c->dir, why))
        return false;
    if (!key_dir_lock(&c->dir, why) || !key_dir_read_manifest(&c->dir, &c->before, &exists, why)) {
        key_dir_close(&c->dir);
        return false;
    }
    c->manifest = c->before;
    manifest_sweep(&c->manifest, now_s);
    return true;
}

static enum keyring_status change_end(struct change *c, enum keyring_status status)
{
    for (size_t i = 0; i < c->new_n; i++)
        buf_free(&c->new_keys[i].pem);
    key_dir_close(&c->dir);
    return status;
}

/* Makes a key and adds it to the list; false without a line when it cannot be made. */
static bool make_key(struct change *c, enum key_alg alg, char kid[JWK_THUMBPRINT], struct buf *pem)
{
    struct crypto_key *key = NULL;
    struct key_public parts;

    buf_init_heap(pem, KEY_PEM_MAX);
    bool ok = result_ok(crypto_key_generate(alg, &key)) &&
              result_ok(crypto_key_public(key, &parts)) &&
              result_ok(crypto_key_write_pem(key, pem)) && !pem->failed;
    if (ok)
        jwk_thumbprint(&parts, kid);
    else
        say(c->why, "%s: no %s key could be generated", c->dir.path, key_alg_name(alg));
    crypto_key_unref(&key);
    return ok;
}

static enum keyring_status add_new(struct change *c, enum key_alg alg)
{
    assert(c->new_n < NEW_KEYS_MAX);
    struct buf *pem = &c->new_keys[c->new_n].pem;
    char *kid = c->new_keys[c->new_n].kid;

    c->new_n++;
    if (!make_key(c, alg, kid, pem))
        return KEYRING_FAILED;
    return manifest_add(&c->manifest, alg, kid, c->now_s, c->why) ? KEYRING_DONE : KEYRING_REFUSED;
}

static enum keyring_status add_if_no_next(struct change *c, enum key_alg alg)
{
    return manifest_find_state(&c->manifest, alg, KEY_NEXT) != NULL ? KEYRING_DONE
                                                                    : add_new(c, alg);
}

/* New keys, then the list, then away with keys it no longer names: a crash in between leaves a file
 * too many and never one too few. */
static enum keyring_status change_commit(struct change *c)
{
    for (size_t i = 0; i < c->new_n; i++) {
        struct str kid = str_make(c->new_keys[i].kid, JWK_THUMBPRINT);
        if (!key_dir_write_key(&c->dir, kid, &c->new_keys[i].pem, c->why))
            return KEYRING_FAILED;
    }
    if (!key_dir_write_manifest(&c->dir, &c->manifest, c->why))
        return KEYRING_FAILED;
    bool ok = true;
    for (size_t i = 0; i < c->before.n; i++) {
        struct str kid = keyring_entry_kid(&c->before.entries[i]);
        const struct keyring_entry *now = manifest_find(&c->manifest, kid);
        if (now == NULL || now->state == KEY_GONE) /* NULL: forgotten with this change */
            ok = key_dir_remove_key(&c->dir, kid, c->why) && ok;
    }
    return ok ? KEYRING_DONE : KEYRING_FAILED;
}

enum keyring_status keyring_create(const char *dir, struct buf *why)
{
    struct key_dir opened;

    if (mkdir(dir, 0700) != 0 && errno != EEXIST) {
        say(why, "%s: cannot be made: %s", dir, strerror(errno));
        return KEYRING_FAILED;
    }
    if (!key_dir_open(dir, &opened, why))
        return KEYRING_FAILED;
    key_dir_close(&opened);
    return KEYRING_DONE;
}

enum keyring_status keyring_generate(const char *dir, enum key_alg alg, int64_t now_s,
                                     struct keyring_entry *out, struct buf *why)
{
    struct change c;

    if (!change_begin(&c, dir, now_s, why))
        return KEYRING_FAILED;
    enum keyring_status status = add_new(&c, alg);
    if (status == KEYRING_DONE)
        status = change_commit(&c);
    if (status == KEYRING_DONE)
        *out = *manifest_find(&c.manifest, str_make(c.new_keys[0].kid, JWK_THUMBPRINT));
    return change_end(&c, status);
}

enum keyring_status keyring_rotate(const char *dir, enum key_alg alg,
                                   const struct keyring_policy *policy, bool force, int64_t now_s,
                                   struct keyring_entry *out, struct buf *why)
{
    struct change c;

    if (!change_begin(&c, dir, now_s, why))
        return KEYRING_FAILED;
    enum keyring_status status = KEYRING_REFUSED;
    if (manifest_rotate(&c.manifest, alg, policy, force, now_s, why))
        status = add_if_no_next(&c, alg);
    if (status == KEYRING_DONE)
        status = change_commit(&c);
    if (status == KEYRING_DONE)
        *out = *manifest_find_state(&c.manifest, alg, KEY_ACTIVE);
    return change_end(&c, status);
}

enum keyring_status keyring_retire(const char *dir, struct str kid,
                                   const struct keyring_policy *policy, int64_t now_s,
                                   struct buf *why)
{
    struct change c;

    if (!change_begin(&c, dir, now_s, why))
        return KEYRING_FAILED;
    enum keyring_status status = KEYRING_REFUSED;
    if (manifest_retire(&c.manifest, kid, policy, now_s, why))
        status = change_commit(&c);
    return change_end(&c, status);
}

/* The successor of an active key is made first, so that manifest_withdraw() finds one. */
static enum keyring_status withdraw(struct change *c, struct str kid, bool replace)
{
    const struct keyring_entry *entry = manifest_find(&c->manifest, kid);
    enum keyring_status status = KEYRING_DONE;
    bool is_live = entry != NULL && entry->state != KEY_GONE;
    bool needs_next = is_live && (entry->state == KEY_ACTIVE || entry->state == KEY_NEXT);
    enum key_alg alg = is_live ? entry->alg : KEY_ES256;

    if (is_live && entry->state == KEY_ACTIVE && replace)
        status = add_if_no_next(c, alg);
    if (status == KEYRING_DONE && !manifest_withdraw(&c->manifest, kid, replace, c->now_s, c->why))
        status = KEYRING_REFUSED;
    if (status == KEYRING_DONE && needs_next)
        status = add_if_no_next(c, alg);
    return status;
}

enum keyring_status keyring_withdraw(const char *dir, struct str kid, bool replace, int64_t now_s,
                                     struct buf *why)
{
    struct change c;

    if (!change_begin(&c, dir, now_s, why))
        return KEYRING_FAILED;
    enum keyring_status status = withdraw(&c, kid, replace);
    if (status == KEYRING_DONE)
        status = change_commit(&c);
    return change_end(&c, status);
}

enum keyring_status keyring_publish(const char *dir, const struct keyring_policy *policy,
                                    int64_t now_s, struct buf *why)
{
    struct keyring_manifest seen;
    struct change c;

    enum keyring_status status = keyring_list(dir, &seen, why);
    if (status != KEYRING_DONE || !manifest_publish(&seen, policy, now_s))
        return status; /* the usual restart: no lock, so a read-only directory will do */
    if (!change_begin(&c, dir, now_s, why))
        return KEYRING_FAILED;
    if (manifest_publish(&c.manifest, policy, now_s))
        status = change_commit(&c);
    return change_end(&c, status);
}

enum keyring_status keyring_list(const char *dir, struct keyring_manifest *out, struct buf *why)
{
    struct key_dir opened;
    bool exists;

    if (!key_dir_open(dir, &opened, why))
        return KEYRING_FAILED;
    bool ok = key_dir_read_manifest(&opened, out, &exists, why);
    key_dir_close(&opened);
    return ok ? KEYRING_DONE : KEYRING_FAILED;
}
