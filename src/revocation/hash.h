/* Hashing of ids for the tables in this folder. The seed is random for each process, so that nobody
 * outside can choose ids that meet in one place, although ids reach a table only after their
 * signature held. */
#ifndef REVOCATION_HASH_H
#define REVOCATION_HASH_H

#include <stdint.h>
#include <string.h>

#include "core/sid.h"
#include "core/str.h"

static inline uint64_t hash_words(uint64_t seed, uint64_t a, uint64_t b)
{
    unsigned __int128 product = (unsigned __int128)(a ^ seed) * (b ^ 0x9e3779b97f4a7c15u);
    uint64_t folded = (uint64_t)product ^ (uint64_t)(product >> 64);
    /* A second round: where one factor has many trailing zeros, one fold leaves low bits poor. */
    product = (unsigned __int128)(folded ^ seed) * 0xd6e8feb86659fd93u;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t hash_sid(uint64_t seed, const struct sid *sid)
{
    uint64_t words[2];
    memcpy(words, sid->bytes, sizeof(words));
    return hash_words(seed, words[0], words[1]);
}

static inline uint64_t hash_text(uint64_t seed, struct str text)
{
    uint64_t hash = hash_words(seed, text.len, 0);
    for (size_t at = 0; at < text.len; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        size_t left = text.len - at;
        memcpy(&word, text.ptr + at, left < sizeof(word) ? left : sizeof(word));
        hash = hash_words(seed, hash, word);
    }
    return hash;
}

#endif
