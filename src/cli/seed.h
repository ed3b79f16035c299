/* The first contents of a store: the root partner, the first admin application and what a seed file
 * adds, read, checked whole and turned into rows before anything is written. Everything is as SPEC
 * 3 says; errors name file, line, entry and field, all at once.
 *
 * Secrets are made here and stand in struct seed in clear, until seed_wipe (P5). */
#ifndef CLI_SEED_H
#define CLI_SEED_H

#include <stdbool.h>
#include <stddef.h>

#include "client/secret.h"
#include "config/config.h"
#include "core/arena.h"
#include "core/buf.h"
#include "core/clock.h"
#include "core/entropy.h"
#include "scope/catalogue.h"
#include "scope/set.h"
#include "store/rows.h"

struct seed_partner {
    struct str ref;           /* empty: the root */
    struct scope_set ceiling; /* closed: what an application of it can hold now */
    unsigned depth;           /* 0: the root */
    struct partner_row row;
};

struct seed_application {
    struct str ref; /* empty: the admin application */
    struct application_row row;
    bool has_secret;
    char secret[SECRET_TEXT];
    struct sid secret_id;
};

struct seed {
    struct seed_partner *partners; /* the root first, parents before children */
    size_t partner_count;
    struct seed_application *applications; /* the admin first */
    size_t application_count;
};

struct seed_source {
    const struct config *config;
    const struct scope_catalogue *catalogue;
    const struct clock *clock;
    struct entropy *entropy;
    const char *path; /* of the file, for messages; NULL: root and admin alone */
    struct str text;  /* of the file; outlives the seed */
};

/* False: errors (the caller's) holds a line each, and *out is untouched. Everything in *out lives
 * in the arena. A failure of ours (memory, entropy) is a line too. */
bool seed_read(struct arena *arena, const struct seed_source *source, struct seed *out,
               struct buf *errors);

void seed_wipe(struct seed *seed);

#endif
