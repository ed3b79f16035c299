/* `scopemint doctor`: is this node well, and if not, what is to be done? It reads and asks, and
 * changes nothing. */
#include "cli/doctor.h"

#include <stdarg.h>

#include "cli/load.h"

enum { FINDING_MAX = 1024, DOCTOR_ARENA = 64 * 1024 * 1024 };

void doctor_report(struct doctor *d, enum doctor_state state, const char *check, const char *remedy,
                   const char *finding, ...)
{
    static const char *const words[] = {"ok", "warn", "FAIL"};
    char text[FINDING_MAX];
    va_list arguments;

    va_start(arguments, finding);
    vsnprintf(text, sizeof(text), finding, arguments);
    va_end(arguments);
    d->failed = d->failed || state == DOCTOR_FAIL;
    output_row_begin(&d->output);
    output_str(&d->output, "state", str_from(words[state]));
    output_str(&d->output, "check", str_from(check));
    output_str(&d->output, "finding", str_from(text));
    if (remedy != NULL)
        output_str(&d->output, "remedy", str_from(remedy));
    else
        output_null(&d->output, "remedy");
    output_row_end(&d->output);
}

static void examine(struct cli *cli, struct doctor *d)
{
    if (!cli_load_config(cli, &d->config)) {
        doctor_report(d, DOCTOR_FAIL, "configuration",
                      "mend what the lines above name; `scopemint config-reference` has all keys",
                      "%s is not usable", cli_config_path(cli));
        return;
    }
    doctor_report(d, DOCTOR_OK, "configuration", NULL, "%s", cli_config_path(cli));
    doctor_check_tables(d);
    doctor_check_keys(d);
    doctor_check_store(d);
    doctor_check_disk(d);
    doctor_check_server(d);
}

enum cli_exit cli_doctor_run(struct cli *cli)
{
    struct doctor d = {.server = 0};

    arena_init(&d.arena, NULL, 0, DOCTOR_ARENA);
    output_init(&d.output, cli_wants_json(cli));
    output_table_begin(&d.output);
    examine(cli, &d);
    output_table_end(&d.output);
    enum cli_exit code = cli_finish(&d.output, d.failed ? CLI_FAILED : CLI_OK);
    config_free(&d.config);
    arena_reset(&d.arena);
    return code;
}
