/* One version of the tables, for this folder alone. */
#ifndef PARTY_VERSION_H
#define PARTY_VERSION_H

#include <stdatomic.h>

#include "core/sid_map.h"
#include "party/partner_list.h"

struct party {
    _Atomic unsigned references;
    _Atomic bool outdated;
    struct sid_map partners, applications;
    struct partner_list by_number; /* the same partners */
};

/* Empty; NULL when out of memory. */
struct party *party_new(void);

#endif
