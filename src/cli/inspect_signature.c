/* Whether this node's keys made a token; see inspect.h. The same reader and verifier as the
 * server's. */
#include "cli/inspect.h"
#include "cli/load.h"
#include "jose/jws.h"
#include "keyring/change.h"
#include "keyring/keyring.h"

const char *inspect_signature_text(enum inspect_signature signature)
{
    static const char *const texts[] = {
        [SIGNATURE_HOLDS] = "holds: a key of this node made it",
        [SIGNATURE_WRONG] = "does not hold: changed, or not made by the key it names",
        [SIGNATURE_FOREIGN_KEY] =
            "no key here has that id: another server's, or of a key long gone",
        [SIGNATURE_GONE_KEY] = "the key is gone: its tokens are dead",
        [SIGNATURE_MALFORMED] = "not looked at: no server of ours would read this token",
        [SIGNATURE_NO_KEYS] = "not known: the keys cannot be read here",
    };
    return texts[signature];
}

static enum inspect_signature check(const struct keyring_key *key, const struct jws *jws)
{
    struct keyring_thread *thread = NULL;
    struct crypto_ctx *ctx;
    enum inspect_signature out = SIGNATURE_NO_KEYS;
    bool holds;

    if (result_ok(keyring_thread_new(&thread)) &&
        result_ok(keyring_thread_ctx(thread, key, &ctx)) && result_ok(jws_verify(jws, ctx, &holds)))
        out = holds ? SIGNATURE_HOLDS : SIGNATURE_WRONG;
    keyring_thread_free(&thread);
    return out;
}

/* Keys that are gone have no file, but the manifest remembers some. */
static enum inspect_signature without_key(const struct config *config, struct str kid)
{
    struct keyring_manifest manifest;
    struct buf why;
    enum inspect_signature out = SIGNATURE_FOREIGN_KEY;

    buf_init_heap(&why, 4096);
    if (keyring_list(config->keys.dir.ptr, &manifest, &why) == KEYRING_DONE &&
        manifest_find(&manifest, kid) != NULL)
        out = SIGNATURE_GONE_KEY;
    buf_free(&why);
    return out;
}

enum inspect_signature inspect_signature(const struct config *config, struct arena *arena,
                                         struct str token)
{
    struct keyring *keyring = NULL;
    enum inspect_signature out = SIGNATURE_NO_KEYS;
    struct buf errors;
    enum key_alg alg;
    struct jws jws;

    if (jws_parse(arena, token, &jws) != ERR_NONE || jws.kid.ptr == NULL)
        return SIGNATURE_MALFORMED;
    if (!key_alg_parse(config->tokens.alg, &alg))
        return out;
    buf_init_heap(&errors, 64 * 1024);
    if (keyring_load(config->keys.dir.ptr, alg, &keyring, &errors)) {
        const struct keyring_key *key = keyring_find(keyring, jws.kid);
        out = key == NULL ? without_key(config, jws.kid) : check(key, &jws);
    }
    keyring_unref(&keyring);
    cli_print_errors(&errors);
    return out;
}
