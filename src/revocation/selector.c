#include "revocation/selector.h"

/* Whether two lists of names have one in common. */
static bool share_name(struct str these, struct str those)
{
    struct str name, other;

    while (str_split(&these, ' ', &name)) {
        struct str rest = those;
        while (name.len > 0 && str_split(&rest, ' ', &other))
            if (str_eq(name, other))
                return true;
    }
    return false;
}

static bool is_of_partner(const struct revocation_selector *selector,
                          const struct epoch_subject *subject)
{
    size_t levels = selector->descendants ? subject->partner_count : 1;

    for (size_t i = 0; i < levels && i < subject->partner_count; i++)
        if (sid_eq(&subject->partners[i], &selector->partner_sid))
            return true;
    return false;
}

bool revocation_selector_matches(const struct revocation_selector *selector,
                                 const struct epoch_subject *subject)
{
    if (!sid_is_none(&selector->client_id) && !sid_eq(&selector->client_id, &subject->client_id))
        return false;
    if (!sid_is_none(&selector->user_sid) && !sid_eq(&selector->user_sid, &subject->user_sid))
        return false;
    if (selector->before_s != 0 && subject->iat_s >= selector->before_s)
        return false;
    if (selector->over_ceiling && !subject->over_ceiling)
        return false;
    if (!sid_is_none(&selector->partner_sid) && !is_of_partner(selector, subject))
        return false;
    if (selector->kid.len > 0 && !str_eq(selector->kid, subject->kid))
        return false;
    return selector->scopes.len == 0 || share_name(selector->scopes, subject->scopes);
}

void revocation_selector_write_whom(const struct revocation_selector *selector,
                                    struct json_writer *w)
{
    json_write_member_sid(w, STR("client_id"), &selector->client_id);
    json_write_member_sid(w, STR("partner_sid"), &selector->partner_sid);
    if (selector->descendants)
        json_write_member_bool(w, STR("descendants"), true);
    json_write_member_sid(w, STR("user_sid"), &selector->user_sid);
    if (selector->kid.len > 0)
        json_write_member_string(w, STR("kid"), selector->kid);
}

struct str revocation_entry_name(enum entry_kind kind)
{
    switch (kind) {
    case ENTRY_TOKEN_REVOKED:
        return STR("revoked");
    case ENTRY_EPOCH_APPLICATION:
        return STR("application");
    case ENTRY_EPOCH_PARTNER:
        return STR("partner");
    case ENTRY_EPOCH_PARTNER_TREE:
        return STR("partner_tree");
    case ENTRY_EPOCH_USER:
        return STR("user");
    case ENTRY_EPOCH_KEY:
        return STR("key");
    case ENTRY_TOKEN_SET:
        return STR("narrowed");
    case ENTRY_SELECTOR:
        return STR("selector");
    case ENTRY_PLAN:
        return STR("plan");
    }
    return STR("unknown");
}
