/* What no key can be checked for alone: keys against each other, and the files they name. */
#ifndef CONFIG_CHECK_H
#define CONFIG_CHECK_H

#include "config/config.h"
#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

struct checked {
    struct report *report;
    struct config *config;
    const struct tree_node *nodes[SCHEMA_ROWS]; /* where each value came from */
    bool good[SCHEMA_ROWS];                     /* it was read; a check of others passes over it */
};

/* Reports, and fills in redis.password from redis.password_file. */
void check_all(struct checked *c);

#endif
