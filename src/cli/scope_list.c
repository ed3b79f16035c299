/* `scopemint scope list`: the catalogue as the server would load it. */
#include "cli/load.h"

static bool has_category(const struct scope_catalogue *catalogue, struct str category)
{
    for (size_t i = 0; i < catalogue_count(catalogue); i++)
        if (str_eq(catalogue_at(catalogue, i)->category, category))
            return true;
    return false;
}

/* An empty list for a misspelt name would read as an answer. */
static bool check_filters(const struct scope_catalogue *catalogue, const char *table,
                          const char *category)
{
    struct scope_set values;

    if (table != NULL) {
        values = catalogue_table(catalogue, str_from(table));
        if (scope_set_is_empty(&values)) {
            cli_say("there is no scope table `%s`", table);
            return false;
        }
    }
    if (category != NULL && !has_category(catalogue, str_from(category))) {
        cli_say("there is no category `%s`; `scopemint scope list` shows them", category);
        return false;
    }
    return true;
}

static void print_value(struct output *o, const struct scope_value *value)
{
    output_row_begin(o);
    output_str(o, "scope", value->name);
    output_str(o, "table", value->table);
    output_str(o, "category", value->category);
    if (value->id >= 0)
        output_int(o, "id", value->id);
    else
        output_null(o, "id");
    output_bool(o, "restricted", value->restricted);
    output_str(o, "description", value->description);
    output_row_end(o);
}

enum cli_exit cli_scope_list_run(struct cli *cli)
{
    const char *table = cli_value(cli, "--table"), *category = cli_value(cli, "--category");
    struct scope_catalogue *catalogue;
    struct config *config;
    struct output output;
    enum cli_exit code = CLI_FAILED;

    if (!cli_load_scopes(cli, &config, &catalogue))
        return CLI_CONFIG;
    if (!check_filters(catalogue, table, category))
        goto done;
    output_init(&output, cli_wants_json(cli));
    output_table_begin(&output);
    for (size_t i = 0; i < catalogue_count(catalogue); i++) {
        const struct scope_value *value = catalogue_at(catalogue, i);
        if (table != NULL && !str_eq(value->table, str_from(table)))
            continue;
        if (category != NULL && !str_eq(value->category, str_from(category)))
            continue;
        print_value(&output, value);
    }
    output_table_end(&output);
    code = cli_finish(&output, CLI_OK);
done:
    catalogue_free(&catalogue);
    config_free(&config);
    return code;
}
