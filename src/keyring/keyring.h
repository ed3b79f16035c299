/* The keys of a running server: the only place that holds private ones. A keyring is immutable and
 * counted; a rotation loads a new one and swaps it in with the snapshot, so a request sees one
 * state of all keys. Nothing here reads a file after keyring_load(), and a kid is looked up in
 * memory alone, at a cost that does not depend on it (F-30, THREATS-7).
 *
 * That key bytes stay out of core dumps is the process's business (app makes it undumpable). */
#ifndef KEYRING_KEYRING_H
#define KEYRING_KEYRING_H

#include "core/buf.h"
#include "core/result.h"
#include "crypto/sign.h"
#include "jose/jws.h"
#include "keyring/manifest.h"

struct keyring;
struct keyring_key;

/* Reads dir/keyring.json and the keys it names. alg: what new tokens are signed with; an active key
 * of it must be there. On failure one line for each thing that is wrong goes to errors, naming the
 * file and what to do: a key that others can read (F-43), a missing, empty or damaged one
 * (THREATS-7), a wrong type or size, a file that is not the key its name says. */
bool keyring_load(const char *dir, enum key_alg alg, struct keyring **out, struct buf *errors);

void keyring_ref(struct keyring *keyring);
void keyring_unref(struct keyring **keyring); /* accepts NULL */

/* The key new tokens are signed with; never NULL. */
const struct keyring_key *keyring_active(const struct keyring *keyring);

/* A key that may have signed a presented token: active, retired, or next (another node may be ahead
 * of us). NULL for all others, gone ones included. */
const struct keyring_key *keyring_find(const struct keyring *keyring, struct str kid);

/* jws_parse(), and keyring_find() of what it says. The headers that our keys write are known by
 * their text and are not read again. *out_key is good where ERR_NONE is returned; text of *out
 * lives as long as token, arena and keyring. */
__attribute__((warn_unused_result)) enum err keyring_parse(const struct keyring *keyring,
                                                           struct arena *arena, struct str token,
                                                           struct jws *out,
                                                           const struct keyring_key **out_key);

struct str keyring_key_kid(const struct keyring_key *key);
enum key_alg keyring_key_alg(const struct keyring_key *key);
const struct jws_prefix *keyring_key_prefix(const struct keyring_key *key, enum jws_type type);

/* The JWK Set, rendered (RFC7517-5, 8414-2-f), and its strong entity tag with quotes. Both live as
 * long as the keyring. */
struct str keyring_jwks(const struct keyring *keyring);
struct str keyring_jwks_etag(const struct keyring *keyring);

/* Whether every key of other is one of keyring too: what other verifies, keyring verifies. */
bool keyring_holds(const struct keyring *keyring, const struct keyring *other);

/* One thread's signing and verifying contexts, kept from keyring to keyring as long as the key
 * stays. Not for two threads at once. */
struct keyring_thread;

/* ERR_FAULT_MEMORY. */
RESULT keyring_thread_new(struct keyring_thread **out);
void keyring_thread_free(struct keyring_thread **thread); /* accepts NULL */

/* Sets up a context for every key of keyring and drops those of others; called when a keyring comes
 * into use, so that no request pays for it. ERR_FAULT_MEMORY, ERR_FAULT_CRYPTO. */
RESULT keyring_thread_prepare(struct keyring_thread *thread, const struct keyring *keyring);

/* The thread's context for key, which it sets up if nobody did. Good until the next call of
 * keyring_thread_prepare() or of this with another key that is not prepared. */
RESULT keyring_thread_ctx(struct keyring_thread *thread, const struct keyring_key *key,
                          struct crypto_ctx **out);

#endif
