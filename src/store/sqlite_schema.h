/* The migrations, from schema/NNNN_name.sql, built in by embed.sh. */
#ifndef STORE_SQLITE_SCHEMA_H
#define STORE_SQLITE_SCHEMA_H

#include <stddef.h>

enum { STORE_APPLICATION_ID = 0x534D494E }; /* "SMIN", in the file's header */

struct sqlite_migration {
    int version; /* rising from 1 without a gap */
    const char *sql;
};

extern const struct sqlite_migration sqlite_migrations[];
extern const size_t sqlite_migration_count;

#endif
