/* What is seen of a rule, and by whom. */
#include "exchange/snapshot.h"
#include "manage/changes.h"
#include "manage/path.h"
#include "manage/rules.h"

static const struct attribute attributes[RULE_ATTRIBUTES] = {
    [RULE_ENTRIES] = {STR_INIT("entries"), ATTRIBUTE_OTHER},
    [RULE_FIELD] = {STR_INIT("field"), ATTRIBUTE_TEXT, .indexed = true},
    [RULE_NAME] = {STR_INIT("name"), ATTRIBUTE_TEXT, .indexed = true},
    [RULE_OPERATION] = {STR_INIT("operation"), ATTRIBUTE_TEXT, .indexed = true},
    [RULE_QUANTIFIER] = {STR_INIT("quantifier"), ATTRIBUTE_TEXT, .indexed = true},
    [RULE_READ_ONLY] = {STR_INIT("read_only"), ATTRIBUTE_BOOL},
    [RULE_SID] = {STR_INIT("rule_sid"), ATTRIBUTE_SID, .indexed = true},
};

const struct object_kind rule_kind = {attributes, RULE_ATTRIBUTES, .key = RULE_SID};

const struct requirement rule_to_create =
    REQUIRE_ONE_OF(STR_INIT("accesscontrol.manage"), STR_INIT("accesscontrol.create"));
const struct requirement rule_to_read =
    REQUIRE_ONE_OF(STR_INIT("accesscontrol.manage"), STR_INIT("accesscontrol.read"));
const struct requirement rule_to_update =
    REQUIRE_ONE_OF(STR_INIT("accesscontrol.manage"), STR_INIT("accesscontrol.update"));
const struct requirement rule_to_delete =
    REQUIRE_ONE_OF(STR_INIT("accesscontrol.manage"), STR_INIT("accesscontrol.delete"));

static void write_plain(const struct acl_rule_row *row, unsigned attribute, struct json_writer *w)
{
    switch ((enum rule_attribute)attribute) {
    case RULE_ENTRIES:
        return json_write_raw(w, row->entries);
    case RULE_FIELD:
        return json_write_string(w, row->field);
    case RULE_NAME:
        return json_write_string(w, row->name);
    case RULE_OPERATION:
        return json_write_string(w, row->operation);
    case RULE_QUANTIFIER:
        return json_write_string(w, row->quantifier);
    case RULE_SID:
        return json_write_sid(w, &row->rule_sid);
    case RULE_READ_ONLY:
    case RULE_ATTRIBUTES:
        break;
    }
}

void rule_write(const void *view, unsigned attribute, struct json_writer *w)
{
    const struct rule_view *v = view;

    if (attribute == RULE_READ_ONLY)
        return json_write_bool(w, v->read_only);
    write_plain(v->row, attribute, w);
}

/* One piece of memory, as large as it gets: an object of megabytes is not to be moved about. */
enum step_result rule_reply(struct exchange *x, const struct rule_view *view,
                            const struct object_fields *fields)
{
    exchange_widen_arena_for_rules(x);
    return object_reply_large(x, &rule_kind, fields, rule_write, view, view->row->revision,
                              view->row->entries.len);
}

/* ---- who sees it ---- */

bool rule_is_seen(const struct exchange *x, const struct caller *caller,
                  const struct sid *partner_sid, bool *out_read_only)
{
    const struct party_partner *owner = party_find_partner(x->snapshot->party, partner_sid);

    if (owner == NULL || !party_is_within(caller->partner, owner))
        return false;
    *out_read_only = owner != caller->partner;
    return true;
}

enum step_result rule_read_row(struct exchange *x, struct stored *stored)
{
    if (path_find_sid(x, 0, &stored->read.in.rule_sid) == STEP_DONE)
        return STEP_DONE;
    stored->read.verb = STORE_RULE_GET;
    return stored_read(x, stored);
}

enum step_result rule_row_read(struct exchange *x, const struct stored *stored,
                               struct rule_view *out)
{
    const struct store_read *read = &stored->read;

    if (read->outcome != STORE_OUTCOME_DONE)
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    out->row = &read->out.rules[0];
    if (!rule_is_seen(x, &stored->caller.caller, &out->row->partner_sid, &out->read_only))
        return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
    return exchange_claim(x, 2 * out->row->entries.len); /* and as it is answered */
}

enum step_result rule_row_read_own(struct exchange *x, const struct stored *stored,
                                   const struct acl_rule_row **out)
{
    struct rule_view view;

    if (rule_row_read(x, stored, &view) == STEP_DONE)
        return STEP_DONE;
    if (view.read_only)
        return exchange_refuse(x, ERR_ACCESS_DENIED,
                               STR("This rule is of a partner above yours, who alone writes it"));
    *out = view.row;
    return STEP_NEXT;
}

/* ---- the audit log ---- */

/* What a record shows of a row. */
struct record {
    const struct acl_rule_row *row;
    const struct rule_digest *entries;
};

static void write_record(const void *record, unsigned attribute, struct json_writer *w)
{
    const struct record *r = record;
    char hex[2 * DIGEST256];
    struct buf b;

    if (attribute != RULE_ENTRIES)
        return write_plain(r->row, attribute, w);
    buf_init_fixed(&b, hex, sizeof(hex));
    buf_hex(&b, r->entries->sha256.bytes, DIGEST256);
    json_write_object_begin(w);
    json_write_member_int(w, STR("count"), r->entries->count);
    json_write_member_string(w, STR("sha256"), buf_view(&b));
    json_write_object_end(w);
}

struct str rule_detail(struct exchange *x, const struct acl_rule_row *before,
                       const struct rule_digest *was, const struct acl_rule_row *after,
                       const struct rule_digest *is, bool *out_any)
{
    const struct record old = {before, was}, now = {after, is};
    const uint64_t skip = 1U << RULE_READ_ONLY | 1U << RULE_SID;

    return changes_detail(&x->arena, &rule_kind, write_record, before != NULL ? &old : NULL,
                          after != NULL ? &now : NULL, skip, out_any);
}
