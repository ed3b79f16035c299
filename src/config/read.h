/* From a node of the tree to a typed value. Each reader reports what is wrong at the node's place
 * and leaves *out alone then. */
#ifndef CONFIG_READ_H
#define CONFIG_READ_H

#include <stdbool.h>

#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

struct reader {
    struct report *report;
    struct str base; /* directory of the file with its slash, or "" */
    const struct schema_row *row;
    char name[SCHEMA_NAME]; /* of the row, for messages */
};

#define REFUSE(r, node, ...) report_add((r)->report, (node)->at, (r)->name, __VA_ARGS__)

/* Reads node by the row's type into `config`. False: reported. */
bool read_value(struct reader *r, const struct schema_row *row, const struct tree_node *node,
                struct config *config);

/* The node as text; a list, a mapping or nothing is reported. */
bool read_text(struct reader *r, const struct tree_node *node, struct str *out);

/* prefix (such as "unix:") and path, a relative path made one from the file's directory. */
bool read_path(struct reader *r, struct str prefix, struct str path, struct str *out);

/* Lists: a wrong item is reported and the rest read on, so that all errors come at once. */
bool read_networks(struct reader *r, const struct tree_node *node, struct cidr_list *out);
bool read_jwt_types(struct reader *r, const struct tree_node *node, struct config_jwt_types *out);
bool read_listeners(struct reader *r, const struct tree_node *node, struct config_listeners *out);

#endif
