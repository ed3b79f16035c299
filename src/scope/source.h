/* One JSON file of ours (a scope table, the roles): reading it, and saying what is wrong with it in
 * a way that an editor can jump to. */
#ifndef SCOPE_SOURCE_H
#define SCOPE_SOURCE_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"
#include "json/read.h"

struct scope_source {
    struct str name; /* file name without ".json" */
    struct str path; /* for messages */
    struct str text;
};

/* Reads path into the arena. False: errors has a line about it. */
bool source_read(struct arena *arena, const char *path, struct scope_source *out,
                 struct buf *errors);

/* Parses the text; the top must be an object. NULL: errors has a line about it. */
const struct json_value *source_parse(struct arena *arena, const struct scope_source *source,
                                      struct buf *errors);

/* Appends `path:line: problem "about"`; at may be NULL (no line), about may be STR_NONE. */
void source_problem(const struct scope_source *source, const struct json_value *at,
                    const char *problem, struct str about, struct buf *errors);

/* A member that must be a text, and for the optional one, may be absent (*out untouched). False: it
 * is not so, and errors says it. */
bool source_text(const struct scope_source *source, const struct json_value *object, struct str key,
                 struct str *out, struct buf *errors);
bool source_optional_text(const struct scope_source *source, const struct json_value *object,
                          struct str key, struct str *out, struct buf *errors);

/* Likewise for a list that must be there, and for one that may be absent (*out is NULL then). */
bool source_list(const struct scope_source *source, const struct json_value *object, struct str key,
                 const struct json_value **out, struct buf *errors);
bool source_optional_list(const struct scope_source *source, const struct json_value *object,
                          struct str key, const struct json_value **out, struct buf *errors);

/* False when the object has a member that is not known: a misspelt one would be lost in silence. */
bool source_known(const struct scope_source *source, const struct json_value *object,
                  const struct str *known, size_t known_count, struct buf *errors);

#endif
