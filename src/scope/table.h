/* How a catalogue is put together; for the files of this folder only. */
#ifndef SCOPE_TABLE_H
#define SCOPE_TABLE_H

#include "core/arena.h"
#include "scope/catalogue.h"
#include "scope/source.h"

enum { CATALOGUE_SLOTS = 4 * LIMIT_SCOPES };

struct scope_catalogue {
    _Alignas(64) struct scope_set closures[LIMIT_SCOPES]; /* by bit; empty without a value */
    struct scope_set all, restricted, defaults;
    const struct scope_value *values[LIMIT_SCOPES]; /* by bit */
    struct str names[LIMIT_SCOPES]; /* by bit; also of values that went: the bit stays theirs */
    uint16_t by_rank[LIMIT_SCOPES];
    uint16_t slots[CATALOGUE_SLOTS]; /* hash of names: bit + 1, or 0 */
    size_t bit_count;                /* bits given out, ever */
    size_t count;                    /* values */
    struct arena arena;              /* holds values and their texts */
};

/* A value on its way into the catalogue. */
struct scope_draft {
    struct scope_value value;
    const struct scope_source *source;
    const struct json_value *at;                        /* its object in the file */
    const struct json_value *includes;                  /* list of names, or NULL */
    enum { DRAFT_NEW, DRAFT_OPEN, DRAFT_CLOSED } state; /* of the walk that finds cycles */
};

struct scope_builder {
    struct scope_catalogue *catalogue;
    const struct scope_catalogue *previous;
    struct arena scratch; /* files and their trees */
    struct buf *errors;
    size_t draft_count;
    struct scope_draft drafts[LIMIT_SCOPES];
};

/* Reads one table's values into drafts. False: errors says why. */
bool table_read(struct scope_builder *b, const struct scope_source *source);

/* Puts the name into the hash; false when it is there already. */
bool catalogue_index(struct scope_catalogue *catalogue, struct str name, unsigned bit);

#endif
