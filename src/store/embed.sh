#!/bin/sh
# Prints a C file that holds the given migrations (NNNN_name.sql) as text. Run by meson.
set -eu
echo '#include "store/sqlite_schema.h"'
echo 'const struct sqlite_migration sqlite_migrations[] = {'
for file in "$@"; do
    number=$(basename "$file" | sed 's/_.*//; s/^0*//')
    echo "    {$number,"
    sed 's/\\/\\\\/g; s/"/\\"/g; s/^/     "/; s/$/\\n"/' "$file"
    echo '    },'
done
echo '};'
echo "const size_t sqlite_migration_count = $#;"
