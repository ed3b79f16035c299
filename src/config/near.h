/* "Did you mean": picks the closest of the offered names. Close is at most two edits (one for names
 * of three letters or fewer), or one being the beginning of the other. */
#ifndef CONFIG_NEAR_H
#define CONFIG_NEAR_H

#include <stddef.h>

#include "config/report.h"
#include "core/str.h"

struct near {
    struct str given;
    struct str best; /* ptr NULL until something is close enough */
    size_t distance; /* of best */
};

void near_init(struct near *near, struct str given);
void near_offer(struct near *near, const char *candidate);
void near_offer_str(struct near *near, struct str name);

/* "unknown <kind> `given`; did you mean `best`?", or with nothing near, "; <otherwise>". key as in
 * report_add(). */
void near_report(const struct near *near, struct report *report, struct place at, const char *key,
                 const char *kind, const char *otherwise);

/* Edits (insert, delete, replace) between two names; names over 64 bytes count as far apart. */
size_t near_distance(struct str a, struct str b);

#endif
