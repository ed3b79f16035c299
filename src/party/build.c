/* Versions of the tables, from all rows of the store or from the version before and what has
 * changed. */
#include "core/log.h"
#include "party/party.h"
#include "party/record.h"
#include "party/version.h"

static_assert((int)PARTY_SECRETS_MAX == (int)STORE_SECRETS_LIVE, "all that can be live");

struct build {
    struct party *party; /* nobody else sees it yet */
    const struct scope_catalogue *catalogue;
};

/* A row that no version of this program has written. */
static struct result refuse_row(const char *what, const struct sid *sid)
{
    LOG(LOG_ERROR, "store_row_refused", LF_CSTR("what", what), LF_SID("sid", *sid));
    return FAULT(ERR_FAULT_STORE);
}

/* ---- partners ---- */

static struct result check_place(const struct party *party, const struct partner_row *row,
                                 const struct party_partner *parent,
                                 const struct party_partner *earlier)
{
    if (!sid_is_none(&row->parent_sid) && parent == NULL)
        return refuse_row("parent of partner", &row->partner_sid);
    if (earlier != NULL && party_parent(party, earlier) != parent)
        return refuse_row("partner that was moved", &row->partner_sid);
    if (parent == NULL && earlier == NULL && party->by_number.count > 0)
        return refuse_row("second root partner", &row->partner_sid);
    if (parent != NULL && parent->depth + 1 >= LIMIT_PARTNER_DEPTH)
        return refuse_row("partner below the deepest level", &row->partner_sid);
    return RESULT_OK;
}

static struct result set_partner(struct build *build, const struct partner_row *row)
{
    struct party *party = build->party;
    const struct party_partner *parent = party_find_partner(party, &row->parent_sid);
    const struct party_partner *earlier = party_find_partner(party, &row->partner_sid);
    uint32_t number = earlier == NULL ? (uint32_t)party->by_number.count : earlier->number;

    TRY(check_place(party, row, parent, earlier));
    struct party_partner *partner = partner_new(build->catalogue, row, parent, number);
    if (partner == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    bool kept = sid_map_put(&party->partners, partner) &&
                partner_list_set(&party->by_number, number, partner);
    partner_unref(partner);
    return kept ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

/* ---- applications ---- */

static struct result set_application(struct build *build, const struct application_row *row)
{
    struct party *party = build->party;
    const struct party_partner *partner = party_find_partner(party, &row->partner_sid);
    const struct party_application *earlier = party_find_application(party, &row->client_id);

    if (partner == NULL)
        return refuse_row("partner of application", &row->client_id);
    if (earlier != NULL && earlier->partner_number != partner->number)
        return refuse_row("application that was moved", &row->client_id);
    struct party_application *application =
        application_new(build->catalogue, row, partner, earlier);
    if (application == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    bool kept = sid_map_put(&party->applications, application);
    application_unref(application);
    return kept ? RESULT_OK : FAULT(ERR_FAULT_MEMORY);
}

static struct result remove_application(struct build *build, const struct sid *client_id)
{
    if (party_find_application(build->party, client_id) == NULL)
        return refuse_row("application to be removed", client_id);
    return sid_map_remove(&build->party->applications, client_id) ? RESULT_OK
                                                                  : FAULT(ERR_FAULT_MEMORY);
}

static struct result set_secrets(struct build *build, const struct sid *client_id,
                                 const struct secret_row *rows, size_t n)
{
    const struct party_application *earlier = party_find_application(build->party, client_id);

    if (earlier == NULL)
        return refuse_row("application of secrets", client_id);
    struct party_application *application = application_without_secrets(earlier);
    if (application == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    bool kept = true;
    for (size_t i = 0; i < n; i++)
        kept = kept && application_add_secret(application, &rows[i]);
    struct result result = kept ? RESULT_OK : refuse_row("third secret of application", client_id);
    if (kept && !sid_map_put(&build->party->applications, application))
        result = FAULT(ERR_FAULT_MEMORY);
    application_unref(application);
    return result;
}

/* ---- all at once ---- */

static struct result read_partner(void *context, const struct partner_row *row)
{
    return set_partner(context, row);
}

static struct result read_application(void *context, const struct application_row *row)
{
    return set_application(context, row);
}

/* The record was made a moment ago, by this thread and for this version. */
static struct result read_secret(void *context, const struct secret_row *row)
{
    struct build *build = context;
    const struct party_application *application =
        party_find_application(build->party, &row->client_id);

    if (application == NULL)
        return refuse_row("application of secret", &row->secret_id);
    if (!application_add_secret((struct party_application *)application, row))
        return refuse_row("third secret of application", &row->client_id);
    return RESULT_OK;
}

static struct result finish(struct build *build, struct result result, struct party **out)
{
    if (result_ok(result))
        *out = build->party;
    else
        party_unref(&build->party);
    return result;
}

struct result party_load(struct store *store, const struct scope_catalogue *catalogue,
                         struct party **out)
{
    struct build build = {party_new(), catalogue};
    struct store_party_visitor visitor = {read_partner, read_application, read_secret, &build};

    if (build.party == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    return finish(&build, store_read_party(store, &visitor), out);
}

/* ---- one change after the other ---- */

static struct result apply_change(struct build *build, const struct store_change *change)
{
    switch (change->kind) {
    case STORE_CHANGE_PARTNER:
        return set_partner(build, change->partner);
    case STORE_CHANGE_APPLICATION:
        return set_application(build, change->application);
    case STORE_CHANGE_APPLICATION_GONE:
        return remove_application(build, &change->client_id);
    case STORE_CHANGE_SECRETS:
        return set_secrets(build, &change->secrets.client_id, change->secrets.rows,
                           change->secrets.count);
    case STORE_CHANGE_RULE:
    case STORE_CHANGE_RULE_GONE:
    case STORE_CHANGE_TRUNK_GROUP:
    case STORE_CHANGE_TRUNK_GROUP_GONE:
    case STORE_CHANGE_TRUNK:
    case STORE_CHANGE_TRUNK_GONE:
        return RESULT_OK; /* acl/ has them */
    }
    return FAULT(ERR_FAULT_INTERNAL);
}

struct result party_apply(const struct party *old, const struct scope_catalogue *catalogue,
                          const struct store_change *changes, size_t n, struct party **out)
{
    struct build build = {party_new(), catalogue};
    struct result result = RESULT_OK;

    if (build.party == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    sid_map_share(&old->partners, &build.party->partners);
    sid_map_share(&old->applications, &build.party->applications);
    partner_list_share(&old->by_number, &build.party->by_number);
    for (size_t i = 0; i < n && result_ok(result); i++)
        result = apply_change(&build, &changes[i]);
    return finish(&build, result, out);
}
