/* JWK Sets that others hand us: the public keys an application signs its assertions with
 * (RFC7523-3, SPEC 3). A set is given by value and read strictly, once when it is registered and
 * again when it is used; nothing in it is ever fetched (THREATS-9).
 *
 * A set holds 1 to KEY_SET_MAX keys. Each names its `kid`, no other key of the set has the same,
 * and its `alg`, the only algorithm it is ever used for (RFC8725-3.1). Members that say nothing to
 * us are left out when the set is written (RFC7517-4); what would make a key secret, or have one
 * fetched, is refused. */
#ifndef JOSE_KEY_SET_H
#define JOSE_KEY_SET_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "crypto/key.h"
#include "json/read.h"

enum {
    KEY_SET_MAX = 8,           /* keys: two rotations of several machines */
    KEY_SET_TEXT = 16 * 1024,  /* bytes of a set as text: more than the largest that is written */
    KEY_SET_ARENA = 64 * 1024, /* what reading one takes at most, its tree included */
};

struct key_set_key {
    struct str kid;
    struct key_public key;
};

struct key_set {
    size_t count;
    struct key_set_key keys[KEY_SET_MAX];
};

/* Reads what somebody wants registered. ERR_INVALID_VALUE: *out_wrong is one sentence for them,
 * without a full stop, that names the member ("keys[1].alg must be ..."); it is in the arena, and
 * holds nothing of the input but names of members we know. ERR_FAULT_MEMORY. *out is in the arena;
 * its kids are the value's. Every key of a set that is taken makes a key of OpenSSL's
 * (8725-3.4-a). Source: RFC7517-4, RFC7517-5, RFC7518-6, RFC8037-2. */
__attribute__((warn_unused_result)) enum err key_set_read(struct arena *arena,
                                                          const struct json_value *value,
                                                          const struct key_set **out,
                                                          struct str *out_wrong);

/* The same from JSON text, which must outlive *out; text that is no JSON is ERR_INVALID_VALUE too.
 */
__attribute__((warn_unused_result)) enum err key_set_parse(struct arena *arena, struct str text,
                                                           const struct key_set **out,
                                                           struct str *out_wrong);

/* Appends {"keys":[...]} with the members that we read, in one order: what is stored and shown. At
 * most KEY_SET_TEXT bytes. */
void key_set_write(struct buf *out, const struct key_set *set);

/* The key that a signature's header names. Without a name (ptr NULL) it is the only key of the set;
 * where there are several, none (RFC7515-4.1.4). NULL: there is no such key. */
const struct key_set_key *key_set_find(const struct key_set *set, struct str kid);

#endif
