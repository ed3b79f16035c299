/* Signed tokens in compact form (RFC 7515): writing ours, and reading anybody's strictly. What the
 * claims mean is the token layer's.
 *
 * Reading trusts nothing: the header only says which key to look up, and the key says which
 * algorithm it takes (RFC8725-3.1). A header that would have keys or settings fetched, embedded or
 * changed is refused, never followed (THREATS-6, THREATS-9). */
#ifndef JOSE_JWS_H
#define JOSE_JWS_H

#include "core/arena.h"
#include "core/buf.h"
#include "core/err.h"
#include "core/limits.h"
#include "core/result.h"
#include "crypto/sign.h"

enum {
    JWS_HEADER_MAX = 1024, /* characters of a header that is read */
    JWS_PREFIX_MAX = 256,  /* of one that is written */
};

/* What `typ` says of what we sign: an access token (RFC9068-2.1), one for readers that know nothing
 * but JWTs, or a head of the audit log, which is no token at all (8725-3.11-a). */
enum jws_type { JWS_AT_JWT, JWS_JWT, JWS_AUDIT_HEAD, JWS_TYPE_COUNT };

const char *jws_type_name(enum jws_type type); /* "at+jwt", "JWT", "audit-head+jwt" */

/* A whole header, encoded, with its dot, and what it says: made once for each key and type. */
struct jws_prefix {
    enum key_alg alg;
    enum jws_type type;
    struct str kid;
    size_t len;
    char text[JWS_PREFIX_MAX];
};

/* kid: at most LIMIT_KID characters; lives as long as the prefix. */
void jws_prefix_init(struct jws_prefix *out, enum key_alg alg, enum jws_type type, struct str kid);

/* Characters of the token that jws_write() would append. */
size_t jws_size(const struct jws_prefix *prefix, size_t payload_len, const struct crypto_ctx *ctx);

/* Signs payload (JSON text) and appends the token; takes no memory beyond the buffer, which must
 * not hold payload. ERR_FAULT_MEMORY when it has no room, ERR_FAULT_CRYPTO; out is then unchanged.
 */
RESULT jws_write(struct buf *out, const struct jws_prefix *prefix, struct str payload,
                 struct crypto_ctx *ctx);

/* What a `kid` may be wherever we read one: 1 to LIMIT_KID of A-Z a-z 0-9 _ - (8725-3.10-a). */
bool jws_is_kid(struct str kid);

struct jws {
    enum key_alg alg;
    struct str typ;                /* ptr is NULL when absent */
    struct str kid;                /* likewise; else as jws_is_kid() says */
    struct str signing_input;      /* points into the token */
    struct str payload, signature; /* decoded, in the arena */
};

/* Takes a token apart without believing it. ERR_INVALID_TOKEN for whatever is not three canonical
 * base64url pieces within LIMIT_TOKEN under a header we understand; ERR_FAULT_MEMORY when the arena
 * is full. The cheap checks come first: what has the wrong number of dots (a JWE has four) costs no
 * decoding. The token must outlive *out. Source: RFC7515-5.2, RFC7519-7.2. */
__attribute__((warn_unused_result)) enum err jws_parse(struct arena *arena, struct str token,
                                                       struct jws *out);

/* Likewise where the token may begin with the prefix, whose header is known: it is not read again.
 * False, and nothing is said, where it does not begin so. */
__attribute__((warn_unused_result)) bool jws_parse_known(struct arena *arena, struct str token,
                                                         const struct jws_prefix *prefix,
                                                         struct jws *out, enum err *out_err);

/* As key_alg_parse(), and `Ed25519` (RFC9864-2.2), which newer libraries write where all of ours is
 * `EdDSA`: with the only curve we take it is the same algorithm. */
bool jws_alg_of_others(struct str name, enum key_alg *out);

/* Likewise for what others sign with keys of their own. */
__attribute__((warn_unused_result)) enum err jws_parse_of_others(struct arena *arena,
                                                                 struct str token, struct jws *out);

/* Whether ctx's key signed it, under the algorithm that both name. Faults as crypto_verify(). */
RESULT jws_verify(const struct jws *jws, struct crypto_ctx *ctx, bool *out_holds);

#endif
