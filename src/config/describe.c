#include "config/config.h"
#include "config/schema.h"

static void put_type(const struct schema_row *row, struct buf *out)
{
    static const char *const names[SCHEMA_TYPE_COUNT] = {
        [SCHEMA_BOOL] = "true or false",
        [SCHEMA_LABEL] = "name",
        [SCHEMA_PATH] = "path",
        [SCHEMA_PATH_NONE] = "path, or empty",
        [SCHEMA_ISSUER] = "https://host[:port]",
        [SCHEMA_LISTEN] = "address, or list of addresses or {address, tls, mode}",
        [SCHEMA_CIDRS] = "list of networks or unix",
        [SCHEMA_JWT_TYPES] = "mapping of audience to JWT or at+jwt",
        [SCHEMA_STORE] = "sqlite:FILE or memory:",
        [SCHEMA_REDIS] = "unix:PATH, redis://[[user]:password@]host[:port][/db], or empty",
    };
    if (row->type == SCHEMA_INT) {
        buf_i64(out, row->min);
        buf_cstr(out, " to ");
        buf_i64(out, row->max);
    } else if (row->type == SCHEMA_CHOICE) {
        for (const char *const *name = row->choices; *name != NULL; name++) {
            buf_cstr(out, name == row->choices ? "" : name[1] == NULL ? " or " : ", ");
            buf_cstr(out, *name);
        }
    } else {
        buf_cstr(out, names[row->type]);
    }
}

void config_describe(struct buf *out)
{
    char name[SCHEMA_NAME];
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        const struct schema_row *row = &schema_rows[i];
        buf_cstr(out, schema_name(row, name));
        buf_cstr(out, "\n    ");
        buf_cstr(out, row->help);
        buf_cstr(out, "\n    ");
        put_type(row, out);
        buf_cstr(out, "; default ");
        buf_cstr(out, row->fallback);
        buf_cstr(out, "; ");
        buf_cstr(out, schema_variable(row, name));
        buf_char(out, '\n');
    }
}
