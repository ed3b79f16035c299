#include "config/config.h"
#include "config/schema.h"

#include <assert.h>

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

static_assert(sizeof((struct config_key){}.name) == SCHEMA_NAME, "as schema_name fills it");
static_assert(sizeof((struct config_key){}.variable) == SCHEMA_NAME, "as schema_variable does");

bool config_key_at(size_t i, struct config_key *out)
{
    if (i >= SCHEMA_ROWS)
        return false;
    const struct schema_row *row = &schema_rows[i];
    struct buf takes;
    buf_init_fixed(&takes, out->takes, sizeof(out->takes) - 1);
    put_type(row, &takes);
    assert(!takes.failed); /* what is named above fits */
    out->takes[takes.len] = '\0';
    schema_name(row, out->name);
    schema_variable(row, out->variable);
    out->fallback = row->fallback;
    out->meaning = row->help;
    return true;
}

void config_describe(struct buf *out)
{
    struct config_key key;
    for (size_t i = 0; config_key_at(i, &key); i++) {
        const char *const parts[] = {key.name,     "\n    ",     key.meaning,  "\n    ",
                                     key.takes,    "; default ", key.fallback, "; ",
                                     key.variable, "\n"};
        for (size_t part = 0; part < sizeof(parts) / sizeof(parts[0]); part++)
            buf_cstr(out, parts[part]);
    }
}
