#include <stdlib.h>

#include "keyring/keyring_inside.h"

/* Room for two keyrings: a request that still holds the one before a rotation finds its keys beside
 * the new ones. */
enum { SLOTS = 2 * KEYRING_LIVE_MAX };

struct slot {
    char kid[JWK_THUMBPRINT];
    enum key_alg alg;
    struct crypto_ctx *ctx; /* NULL: free */
};

struct keyring_thread {
    size_t evict; /* the slot to go when all are taken */
    struct slot slots[SLOTS];
};

struct result keyring_thread_new(struct keyring_thread **out)
{
    struct keyring_thread *thread = calloc(1, sizeof(*thread));

    if (thread == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    *out = thread;
    return RESULT_OK;
}

void keyring_thread_free(struct keyring_thread **thread)
{
    struct keyring_thread *mine = *thread;

    *thread = NULL;
    if (mine == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        crypto_ctx_free(&mine->slots[i].ctx);
    free(mine);
}

/* A kid is the thumbprint of the public numbers: the same kid is the same key, however often its
 * file was read. */
static bool is_for(const struct slot *slot, const struct keyring_key *key)
{
    return slot->ctx != NULL && slot->alg == key->entry.alg &&
           memcmp(slot->kid, key->entry.kid, JWK_THUMBPRINT) == 0;
}

static struct slot *free_slot(struct keyring_thread *thread)
{
    for (size_t i = 0; i < SLOTS; i++) {
        if (thread->slots[i].ctx == NULL)
            return &thread->slots[i];
    }
    struct slot *oldest = &thread->slots[thread->evict];
    thread->evict = (thread->evict + 1) % SLOTS;
    crypto_ctx_free(&oldest->ctx);
    return oldest;
}

struct result keyring_thread_ctx(struct keyring_thread *thread, const struct keyring_key *key,
                                 struct crypto_ctx **out)
{
    struct crypto_ctx *ctx;

    for (size_t i = 0; i < SLOTS; i++) {
        if (is_for(&thread->slots[i], key)) {
            *out = thread->slots[i].ctx;
            return RESULT_OK;
        }
    }
    TRY(crypto_ctx_new(key->crypto, &ctx));
    struct slot *slot = free_slot(thread);
    memcpy(slot->kid, key->entry.kid, JWK_THUMBPRINT);
    slot->alg = key->entry.alg;
    slot->ctx = ctx;
    *out = ctx;
    return RESULT_OK;
}

struct result keyring_thread_prepare(struct keyring_thread *thread, const struct keyring *keyring)
{
    struct crypto_ctx *ctx;

    for (size_t i = 0; i < SLOTS; i++) {
        bool kept = false;
        for (size_t k = 0; k < keyring->n && !kept; k++)
            kept = is_for(&thread->slots[i], &keyring->keys[k]);
        if (!kept)
            crypto_ctx_free(&thread->slots[i].ctx);
    }
    for (size_t k = 0; k < keyring->n; k++)
        TRY(keyring_thread_ctx(thread, &keyring->keys[k], &ctx));
    return RESULT_OK;
}
