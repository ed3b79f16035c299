#include "party/party.h"

#include <assert.h>
#include <stdlib.h>

#include "party/record.h"
#include "party/version.h"

struct party *party_new(void)
{
    struct party *party = calloc(1, sizeof(*party));

    if (party == NULL)
        return NULL;
    atomic_init(&party->references, 1);
    atomic_init(&party->outdated, false);
    party->partners.unref = partner_unref;
    party->applications.unref = application_unref;
    return party;
}

void party_ref(const struct party *party)
{
    atomic_fetch_add_explicit(&((struct party *)party)->references, 1, memory_order_relaxed);
}

void party_unref(struct party **party)
{
    struct party *p = *party;

    *party = NULL;
    if (p == NULL || atomic_fetch_sub_explicit(&p->references, 1, memory_order_acq_rel) != 1)
        return;
    sid_map_done(&p->partners);
    sid_map_done(&p->applications);
    partner_list_done(&p->by_number);
    free(p);
}

void party_outdate(struct party *party)
{
    atomic_store(&party->outdated, true);
}

bool party_is_outdated(const struct party *party)
{
    return atomic_load(&party->outdated);
}

const struct party_partner *party_find_partner(const struct party *party,
                                               const struct sid *partner_sid)
{
    return sid_map_find(&party->partners, partner_sid);
}

const struct party_application *party_find_application(const struct party *party,
                                                       const struct sid *client_id)
{
    return sid_map_find(&party->applications, client_id);
}

struct walk {
    void (*visit)(void *context, const struct party_application *application);
    void *context;
};

static void visit_application(void *context, const void *record)
{
    const struct walk *walk = context;
    walk->visit(walk->context, record);
}

static_assert((int)PARTY_PORTIONS == (int)SID_MAP_PORTIONS, "the map's are passed on");

void party_walk_applications(const struct party *party, unsigned portion,
                             void (*visit)(void *context,
                                           const struct party_application *application),
                             void *context)
{
    struct walk walk = {visit, context};
    sid_map_walk(&party->applications, portion, visit_application, &walk);
}

const struct party_partner *party_root(const struct party *party)
{
    return party->by_number.count == 0 ? NULL : partner_list_at(&party->by_number, 0);
}

struct party_counts party_counts(const struct party *party)
{
    return (struct party_counts){party->partners.count, party->applications.count};
}

const struct party_partner *party_partner_at(const struct party *party, size_t number)
{
    return number < party->by_number.count ? partner_list_at(&party->by_number, (uint32_t)number)
                                           : NULL;
}

const struct party_partner *party_parent(const struct party *party,
                                         const struct party_partner *partner)
{
    return partner->depth == 0
               ? NULL
               : partner_list_at(&party->by_number, partner->path[partner->depth - 1]);
}

const struct party_partner *party_partner_of(const struct party *party,
                                             const struct party_application *application)
{
    return partner_list_at(&party->by_number, application->partner_number);
}

struct party_reach party_reach(const struct party *party, const struct party_partner *partner)
{
    struct party_reach reach = {partner->status == PARTNER_ACTIVE, partner->own};

    for (unsigned i = partner->depth; i-- > 0;) {
        const struct party_partner *above = partner_list_at(&party->by_number, partner->path[i]);
        reach.works = reach.works && above->status == PARTNER_ACTIVE;
        reach.ceiling = scope_set_intersection(&reach.ceiling, &above->own);
    }
    return reach;
}

struct scope_set party_allowed(const struct party *party,
                               const struct party_application *application)
{
    struct party_reach reach = party_reach(party, party_partner_of(party, application));
    return scope_set_intersection(&application->own, &reach.ceiling);
}

bool party_application_works(const struct party *party, const struct party_application *application)
{
    return application->status == APPLICATION_ACTIVE &&
           party_reach(party, party_partner_of(party, application)).works;
}

bool party_application_has_audience(const struct party_application *application,
                                    struct str audience)
{
    for (size_t i = 0; i < application->audience_count; i++)
        if (str_eq(application->audiences[i], audience))
            return true;
    return false;
}
