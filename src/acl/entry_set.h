/* Texts that one value is looked up in: whether it is one of them, or begins with one. Immutable
 * once made, in one piece of memory.
 *
 * The texts stand in order, so one search finds the last that does not come after the value. It
 * decides both questions: for equality by itself, and for beginnings because of the set only those
 * texts are kept that no other is a beginning of. (If one of them begins the value, whatever stands
 * between it and the value begins with it too, and was not kept.)
 *
 * The search compares the 8 bytes after what all texts have in common as one number, and text only
 * where those are equal. No hash: whoever writes the entries cannot choose any that are slow. */
#ifndef ACL_ENTRY_SET_H
#define ACL_ENTRY_SET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/result.h"
#include "core/str.h"

struct entry_set {
    size_t count;
    struct str common;   /* what every text begins with */
    const uint64_t *key; /* of each: its first bytes after that, big-endian, zeros past its end */
    const uint32_t *end; /* where in rest it ends; it begins where the one before ends */
    const char *rest;    /* all of them after what is common, one after the other */
    void *memory;
};

/* ENTRY_ALL_*: for "all of them" instead of "one of them": the one text that a value must equal, or
 * begin with, to do so with all; none when no value can. */
enum entry_set_kind { ENTRY_EQUAL, ENTRY_BEGIN, ENTRY_ALL_EQUAL, ENTRY_ALL_BEGIN };

/* Copies. The texts' bytes are together below 4 GiB. What is made without fault needs
 * entry_set_done. */
RESULT entry_set_init(const struct str *texts, size_t count, enum entry_set_kind kind,
                      struct entry_set *out);
void entry_set_done(struct entry_set *set);

size_t entry_set_size(const struct entry_set *set); /* of memory */

bool entry_set_has(const struct entry_set *set, struct str value);
bool entry_set_begins(const struct entry_set *set, struct str value);

#endif
