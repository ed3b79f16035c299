/* From what was asked to what is carried out: pure functions of the selector, the tree of partners
 * and how far the caller reaches.
 *
 * Partners and applications never move, and a token stands at its application's partner or below it
 * (SPEC 5): so an application's tokens all lie in every tree that holds its partner. */
#include "exchange/snapshot.h"
#include "manage/revocations.h"
#include "token/address.h"

const struct requirement revocation_to_write =
    REQUIRE_ONE_OF(STR_INIT(REVOKE_ALL), STR_INIT(ADDRESS_ALL));
const struct requirement revocation_to_read =
    REQUIRE_ONE_OF(STR_INIT(REVOKE_ALL), STR_INIT(ADDRESS_ALL), STR_INIT("scopemint.audit"));

struct revocation_reach revocation_reach_of(const struct exchange *x, const struct caller *caller)
{
    return (struct revocation_reach){.top = caller->partner,
                                     .is_tree = caller_holds(x, caller, STR(REVOKE_ALL))};
}

bool revocation_reaches(const struct revocation_reach *reach, const struct party_partner *partner)
{
    return partner == reach->top || (reach->is_tree && party_is_within(partner, reach->top));
}

/* Where the application's tokens stand; NULL: no application is said, or it is gone. */
static const struct party_partner *home_of(const struct party *party,
                                           const struct revocation_selector *selector)
{
    const struct party_application *application =
        sid_is_none(&selector->client_id) ? NULL
                                          : party_find_application(party, &selector->client_id);
    return application != NULL ? party_partner_of(party, application) : NULL;
}

/* Dimensions beside the partner; a date is none. */
static unsigned others_of(const struct revocation_selector *selector)
{
    return (unsigned)!sid_is_none(&selector->client_id) +
           (unsigned)!sid_is_none(&selector->user_sid) + (unsigned)(selector->kid.len > 0) +
           (unsigned)(selector->scopes.len > 0) + (unsigned)selector->over_ceiling;
}

/* Whether the others together say all that the partner dimension would. */
static bool is_implied(const struct party *party, const struct revocation_selector *selector)
{
    const struct party_partner *top = party_find_partner(party, &selector->partner_sid);
    const struct party_partner *home = home_of(party, selector);

    if (!selector->descendants || top == NULL || others_of(selector) == 0)
        return false;
    return top->depth == 0 || (home != NULL && party_is_within(home, top));
}

enum entry_kind revocation_effective(const struct party *party,
                                     const struct revocation_reach *reach,
                                     const struct revocation_selector *asked,
                                     struct revocation_selector *out)
{
    struct revocation_selector effective = *asked;

    if (sid_is_none(&effective.partner_sid)) {
        effective.partner_sid = reach->top->partner_sid;
        effective.descendants = reach->is_tree;
    }
    if (is_implied(party, &effective)) {
        effective.partner_sid = (struct sid){{0}};
        effective.descendants = false;
    }
    *out = effective;
    return store_selector_kind(out);
}

bool revocation_is_within(const struct party *party, const struct revocation_reach *reach,
                          const struct revocation_selector *effective)
{
    const struct party_partner *partner = home_of(party, effective);
    bool is_tree = true;

    if (reach->top->depth == 0 && reach->is_tree)
        return true;
    if (effective->kid.len > 0) /* keys are the root's */
        return false;
    if (!sid_is_none(&effective->partner_sid)) {
        partner = party_find_partner(party, &effective->partner_sid);
        is_tree = effective->descendants;
    }
    return partner != NULL && revocation_reaches(reach, partner) && (reach->is_tree || !is_tree);
}

struct sid revocation_partner(const struct party *party,
                              const struct revocation_selector *effective, const struct sid *asking)
{
    const struct party_partner *home = home_of(party, effective);

    if (!sid_is_none(&effective->partner_sid))
        return effective->partner_sid;
    return home != NULL ? home->partner_sid : *asking;
}
