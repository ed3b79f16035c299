/* `scopemint scope show`: one value, what it implies and what implies it. */
#include "cli/load.h"
#include "config/near.h"

static void print_set(struct output *o, const char *key, const struct scope_catalogue *catalogue,
                      const struct scope_set *set)
{
    struct str names[LIMIT_SCOPES];
    uint16_t bits[LIMIT_SCOPES];
    size_t n = catalogue_order(catalogue, set, bits);

    for (size_t i = 0; i < n; i++)
        names[i] = catalogue_value(catalogue, bits[i])->name;
    output_names(o, key, names, n);
}

static struct scope_set closure_of(const struct scope_catalogue *catalogue,
                                   const struct scope_value *value)
{
    struct scope_set one = SCOPE_SET_EMPTY;
    scope_set_add(&one, value->bit);
    return scope_closure(catalogue, &one);
}

static struct scope_set implied_by(const struct scope_catalogue *catalogue,
                                   const struct scope_value *value)
{
    struct scope_set out = SCOPE_SET_EMPTY;
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct scope_value *other = catalogue_at(catalogue, i);
        struct scope_set reach = closure_of(catalogue, other);
        if (other != value && scope_set_has(&reach, value->bit))
            scope_set_add(&out, other->bit);
    }
    return out;
}

static void print_value(struct output *o, const struct scope_catalogue *catalogue,
                        const struct scope_value *value)
{
    struct scope_set implies = closure_of(catalogue, value);
    struct scope_set implied = implied_by(catalogue, value);

    scope_set_remove(&implies, value->bit);
    output_begin(o);
    output_str(o, "scope", value->name);
    if (value->id >= 0)
        output_int(o, "id", value->id);
    else
        output_null(o, "id");
    output_str(o, "table", value->table);
    output_str(o, "category", value->category);
    output_str(o, "title", value->title);
    output_str(o, "description", value->description);
    output_bool(o, "restricted", value->restricted);
    output_bool(o, "default", value->by_default);
    print_set(o, "implies", catalogue, &implies);
    print_set(o, "implied_by", catalogue, &implied);
    output_end(o);
}

/* By number: several values may carry one, and then it names none of them (SPEC 2). */
static const struct scope_value *find_by_id(const struct scope_catalogue *catalogue, uint64_t id)
{
    struct scope_set found;
    uint16_t bits[LIMIT_SCOPES];
    unsigned n = catalogue_find_id(catalogue, (int64_t)id, &found);

    if (n == 1)
        return catalogue_value(catalogue, scope_set_next(&found, 0));
    if (n == 0) {
        cli_say("there is no scope with the id %llu", (unsigned long long)id);
        return NULL;
    }
    cli_say("the id %llu is ambiguous; ask for one of", (unsigned long long)id);
    catalogue_order(catalogue, &found, bits);
    for (unsigned i = 0; i < n; i++)
        fprintf(stderr, "  %.*s\n", STR_ARG(catalogue_value(catalogue, bits[i])->name));
    return NULL;
}

static const struct scope_value *find(const struct scope_catalogue *catalogue, const char *asked)
{
    uint64_t id;
    struct near near;

    const struct scope_value *value = catalogue_find(catalogue, str_from(asked));
    if (value != NULL)
        return value;
    if (str_to_u64(str_from(asked), INT64_MAX, &id))
        return find_by_id(catalogue, id);
    near_init(&near, str_from(asked));
    for (size_t i = 0; i < catalogue_count(catalogue); i++)
        near_offer_str(&near, catalogue_at(catalogue, i)->name);
    if (near.best.ptr != NULL)
        cli_say("there is no scope `%s`; did you mean `%.*s`?", asked, STR_ARG(near.best));
    else
        cli_say("there is no scope `%s`; `scopemint scope list` shows them", asked);
    return NULL;
}

enum cli_exit cli_scope_show_run(struct cli *cli)
{
    struct scope_catalogue *catalogue;
    struct config *config;
    struct output output;
    enum cli_exit code = CLI_FAILED;

    if (!cli_load_scopes(cli, &config, &catalogue))
        return CLI_CONFIG;
    const struct scope_value *value = find(catalogue, cli->operands[0]);
    if (value != NULL) {
        output_init(&output, cli_wants_json(cli));
        print_value(&output, catalogue, value);
        code = cli_finish(&output, CLI_OK);
    }
    catalogue_free(&catalogue);
    config_free(&config);
    return code;
}
