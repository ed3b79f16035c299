/* Signed heads of the audit log (SPEC 7): a compact JWS of typ audit-head+jwt by the active key,
 *
 *   {"iss","iat","node","seq","digest"}      digest: 64 hexadecimal digits, lower case
 *
 * which says that at that time the chain (store/audit.h) had come to this row. Kept where the
 * store's owner cannot write, it proves that nothing up to there was changed or taken out since. It
 * is no access token: no endpoint takes its type. */
#ifndef AUDIT_HEAD_H
#define AUDIT_HEAD_H

#include "keyring/keyring.h"
#include "store/audit.h"

struct audit_head {
    struct store_audit_head at;
    struct str node;
    int64_t iat_s;
};

/* ERR_FAULT_MEMORY: out has no room, LIMIT_TOKEN bytes always do. ERR_FAULT_CRYPTO. */
RESULT audit_head_sign(const struct audit_head *head, struct str issuer,
                       const struct keyring *keyring, struct keyring_thread *keys, struct buf *out);

enum audit_head_read {
    AUDIT_HEAD_HOLDS,
    AUDIT_HEAD_NONE,        /* not what this program writes, or of another type */
    AUDIT_HEAD_UNKNOWN_KEY, /* its key is not here (any more): nobody can say */
    AUDIT_HEAD_FORGED,      /* the signature does not hold */
};

/* *out: written for HOLDS alone; its text lives as long as arena and token. A fault: nobody knows.
 */
RESULT audit_head_read(struct str token, const struct keyring *keyring, struct keyring_thread *keys,
                       struct arena *arena, struct audit_head *out, enum audit_head_read *out_read);

/* As it stands in heads and answers. */
enum { AUDIT_DIGEST_TEXT = 2 * DIGEST256 };
struct str audit_digest_text(const struct digest256 *digest, char memory[AUDIT_DIGEST_TEXT]);

#endif
