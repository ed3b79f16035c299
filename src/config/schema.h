/* Every key there is, once: what it takes, its default and what it means. The loader, the messages,
 * the reference text and the test that holds conf/scopemint.yaml to it all read this table. */
#ifndef CONFIG_SCHEMA_H
#define CONFIG_SCHEMA_H

#include <stddef.h>

#include "config/config.h"
#include "core/str.h"

enum schema_type {
    SCHEMA_INT,       /* int, min to max */
    SCHEMA_BOOL,      /* bool */
    SCHEMA_CHOICE,    /* struct str, one of choices */
    SCHEMA_LABEL,     /* struct str: 1 to 64 letters, digits, '.', '_', '-' */
    SCHEMA_PATH,      /* struct str */
    SCHEMA_PATH_NONE, /* the same; "" is none */
    SCHEMA_ISSUER,    /* struct str */
    SCHEMA_LISTEN,    /* struct config_listeners */
    SCHEMA_CIDRS,     /* struct cidr_list */
    SCHEMA_JWT_TYPES, /* struct config_jwt_types */
    SCHEMA_STORE,     /* struct config_store */
    SCHEMA_REDIS,     /* the url's members of struct config_redis */
    SCHEMA_TYPE_COUNT
};

struct schema_row {
    const char *section, *key;
    enum schema_type type;
    size_t offset;        /* in struct config */
    const char *fallback; /* the default, as the file would say it */
    int min, max;
    const char *const *choices; /* NULL-terminated */
    const char *help;           /* one line */
};

enum { SCHEMA_ROWS = 36, SCHEMA_NAME = 96 };

extern const struct schema_row schema_rows[SCHEMA_ROWS];

/* Index into schema_rows, or SCHEMA_ROWS when there is no such key. */
size_t schema_find(struct str section, struct str key);

/* Index of the section's first row, or SCHEMA_ROWS. Rows of one section stand together. */
size_t schema_find_section(struct str section);

/* "store.url", in memory, which holds SCHEMA_NAME bytes; returns memory. */
const char *schema_name(const struct schema_row *row, char memory[SCHEMA_NAME]);

/* "SCOPEMINT_STORE__URL" likewise. */
const char *schema_variable(const struct schema_row *row, char memory[SCHEMA_NAME]);

#endif
