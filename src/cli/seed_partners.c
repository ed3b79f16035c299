/* The partners of a seed: a tree, parents before children, each within its parent's closure (SPEC
 * 3). */
#include "cli/seed_reader.h"
#include "config/report.h"
#include "scope/parse.h"
#include "store/row_names.h"

static void stamp(struct seed_reader *reader, struct partner_row *row)
{
    const struct seed_source *source = reader->source;

    if (!result_ok(sid_new(source->clock, source->entropy, &row->partner_sid)))
        reader->failed = true;
    row->created_ms = row->updated_ms = clock_wall_ms(source->clock);
    row->revision = 1;
}

static void read_root(struct seed_reader *reader, const struct json_value *file)
{
    static const struct str known[] = {STR_INIT("name"), STR_INIT("login")};
    struct seed_entry entry = {reader, json_member(file, STR("root")), "root", SIZE_MAX};
    struct seed_partner *root = &reader->seed.partners[0];

    if (entry.object != NULL && !json_is(entry.object, JSON_OBJECT))
        seed_refuse(&entry, NULL, NULL, "must be an object");
    seed_check_names(&entry, known, sizeof(known) / sizeof(known[0]));
    *root = (struct seed_partner){
        .ceiling = *catalogue_all(reader->source->catalogue),
        .row = {.name = seed_text(&entry, "name", party_check_name, STR("root")),
                .login = seed_text(&entry, "login", party_check_login, STR("root")),
                .status = PARTNER_ACTIVE,
                .scopes_all = true},
    };
    stamp(reader, &root->row);
    reader->seed.partner_count = 1;
}

const struct seed_partner *seed_find_partner(const struct seed_entry *entry, const char *field)
{
    const struct seed *seed = &entry->reader->seed;
    const struct json_value *value = json_member(entry->object, str_from(field));
    char quoted[REPORT_QUOTE];
    struct str ref = STR("root");

    if (value != NULL && !json_string(value, &ref)) {
        seed_refuse(entry, value, field, "must be `root` or a partner's ref");
        return NULL;
    }
    if (str_eq(ref, STR("root")))
        return &seed->partners[0];
    for (size_t i = 1; i < seed->partner_count; i++)
        if (str_eq(seed->partners[i].ref, ref))
            return &seed->partners[i];
    seed_refuse(entry, value, field, "no partner above this one has the ref %s",
                report_quote(ref, quoted));
    return NULL;
}

/* What the partner may hold: names inside the parent's closure; `all` is all of that, now. */
static struct scope_set read_available(const struct seed_entry *entry,
                                       const struct seed_partner *parent)
{
    static const char field[] = "available_scopes";
    const struct scope_catalogue *catalogue = entry->reader->source->catalogue;
    struct scope_set names;

    switch (seed_scopes(entry, field, &names)) {
    case SEED_SCOPES_ALL:
        return parent->ceiling;
    case SEED_SCOPES_ABSENT:
    case SEED_SCOPES_DEFAULT:
        return scope_set_intersection(catalogue_defaults(catalogue), &parent->ceiling);
    case SEED_SCOPES_NAMES:
        break;
    }
    struct scope_set outside = scope_set_difference(&names, &parent->ceiling);
    if (!scope_set_is_empty(&outside)) {
        unsigned bit = scope_set_next(&outside, 0);
        seed_refuse(entry, json_member(entry->object, str_from(field)), field,
                    "the parent does not have `%.*s`",
                    STR_ARG(catalogue_value(catalogue, bit)->name));
    }
    return names;
}

static void refuse_repeated(const struct seed_entry *entry, const struct seed_partner *partner)
{
    const struct seed *seed = &entry->reader->seed;
    for (size_t i = 0; i < seed->partner_count; i++) {
        const struct seed_partner *other = &seed->partners[i];
        if (partner->ref.len > 0 && str_eq(other->ref, partner->ref))
            seed_refuse(entry, NULL, "ref", "`%.*s` is another partner's", STR_ARG(partner->ref));
        if (str_eq(other->row.login, partner->row.login))
            seed_refuse(entry, NULL, "login", "is the login of another partner");
    }
}

static void read_partner(const struct seed_entry *entry)
{
    static const struct str known[] = {
        STR_INIT("ref"),   STR_INIT("parent"), STR_INIT("name"),
        STR_INIT("login"), STR_INIT("status"), STR_INIT("available_scopes"),
    };
    struct seed_reader *reader = entry->reader;
    struct seed_partner *partner = &reader->seed.partners[reader->seed.partner_count];

    if (!json_is(entry->object, JSON_OBJECT)) {
        seed_refuse(entry, NULL, NULL, "must be an object");
        return;
    }
    seed_check_names(entry, known, sizeof(known) / sizeof(known[0]));
    *partner = (struct seed_partner){.ref = seed_text(entry, "ref", seed_check_ref, STR_NONE)};
    if (json_member(entry->object, STR("ref")) == NULL)
        seed_refuse(entry, NULL, "ref", "is missing");
    partner->row.name = seed_text(entry, "name", party_check_name, partner->ref);
    partner->row.login = seed_text(entry, "login", party_check_login, partner->ref);
    partner->row.status = (enum partner_status)seed_choice(entry, "status", partner_status_names,
                                                           PARTNER_STATUSES, PARTNER_ACTIVE);
    refuse_repeated(entry, partner);

    const struct seed_partner *parent = seed_find_partner(entry, "parent");
    if (parent == NULL)
        parent = &reader->seed.partners[0];
    partner->row.parent_sid = parent->row.partner_sid;
    partner->depth = parent->depth + 1;
    if (partner->depth >= LIMIT_PARTNER_DEPTH)
        seed_refuse(entry, NULL, "parent", "the tree would be deeper than %d partners",
                    LIMIT_PARTNER_DEPTH);
    struct scope_set available = read_available(entry, parent);
    partner->row.available_scopes = seed_scopes_text(reader, &available);
    partner->ceiling = scope_closure(reader->source->catalogue, &available);
    stamp(reader, &partner->row);
    reader->seed.partner_count++;
}

void seed_read_partners(struct seed_reader *reader, const struct json_value *file)
{
    const struct json_value *list = json_member(file, STR("partners"));
    struct seed_entry entry = {reader, NULL, "partners", SIZE_MAX};

    reader->seed.partners =
        arena_array(reader->arena, json_count(list) + 1, sizeof(struct seed_partner));
    if (reader->seed.partners == NULL) {
        reader->failed = true;
        return;
    }
    read_root(reader, file);
    if (list != NULL && !json_is(list, JSON_ARRAY)) {
        seed_refuse(&entry, list, NULL, "must be a list");
        return;
    }
    entry.index = 0;
    for (entry.object = json_first(list); entry.object != NULL; entry.index++) {
        read_partner(&entry);
        entry.object = json_next(entry.object);
    }
}
