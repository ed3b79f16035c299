/* Values from outside the file: variables SCOPEMINT_SECTION__KEY and --set SECTION.KEY=VALUE. */
#ifndef CONFIG_OVERRIDES_H
#define CONFIG_OVERRIDES_H

#include "config/config.h"
#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

/* Puts a node in the place of nodes[row] for every override, the environment first. A value is
 * text as it stands; where a list belongs, items with commas between them or a YAML list
 * "[...]" in one line; where a mapping belongs, a YAML mapping "{...}". */
void overrides_apply(struct report *report, const struct config_source *source,
                     const struct tree_node *nodes[SCHEMA_ROWS]);

#endif
