/* A keyring with one ES256 key, on disk in a folder of its own, and a thread's contexts for it. */
#ifndef TOKEN_KEYS_H
#define TOKEN_KEYS_H

#include "keyring/keyring.h"

struct keys {
    char folder[64];
    struct keyring *keyring;
    struct keyring_thread *thread;
};

void keys_init(struct keys *keys);
void keys_done(struct keys *keys);

/* Signs payload under a header of the test's own, and terminates it. The key is always the active
 * one, whatever the header says. */
struct str keys_sign(struct keys *keys, const char *header, struct str payload, char *memory,
                     size_t size);

#endif
