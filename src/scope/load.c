/* Builds a catalogue: drafts from the tables, a bit for each, then what they include, walked depth
 * first so that a cycle is found with its path and closures come out on the way back. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "scope/table.h"

enum { TABLES_MAX = 64, TEXTS_MAX = 4 * 1024 * 1024, SCRATCH_MAX = 64 * 1024 * 1024 };

static bool problem(struct scope_builder *b, const struct scope_draft *draft,
                    const struct json_value *at, const char *text, struct str about)
{
    source_problem(draft->source, at, text, about, b->errors);
    return false;
}

static bool bits_inherit(struct scope_builder *b)
{
    struct scope_catalogue *cat = b->catalogue;
    if (b->previous == NULL)
        return true;
    for (size_t bit = 0; bit < b->previous->bit_count; bit++) {
        cat->names[bit] = arena_str(&cat->arena, b->previous->names[bit]);
        if (cat->names[bit].ptr == NULL) {
            buf_cstr(b->errors, "the scope tables are too large\n");
            return false;
        }
    }
    cat->bit_count = b->previous->bit_count;
    return true;
}

/* The bit the name has had, or a new one; LIMIT_SCOPES when there is none left. */
static unsigned bit_for(struct scope_catalogue *cat, struct str name)
{
    for (size_t bit = 0; bit < cat->bit_count; bit++)
        if (str_eq(cat->names[bit], name))
            return (unsigned)bit;
    if (cat->bit_count == LIMIT_SCOPES)
        return LIMIT_SCOPES;
    cat->names[cat->bit_count] = name;
    return (unsigned)cat->bit_count++;
}

static bool drafts_number(struct scope_builder *b)
{
    struct scope_catalogue *cat = b->catalogue;
    bool ok = true;

    if (!bits_inherit(b))
        return false;
    for (size_t i = 0; i < b->draft_count; i++) {
        struct scope_value *value = &b->drafts[i].value;
        unsigned bit = bit_for(cat, value->name);
        if (bit == LIMIT_SCOPES)
            return problem(
                b, &b->drafts[i], b->drafts[i].at,
                "more than 512 values since the start, counting those that went:", value->name);
        if (!catalogue_index(cat, value->name, bit))
            ok = problem(b, &b->drafts[i], b->drafts[i].at,
                         "the value is there already:", value->name);
        value->bit = (uint16_t)bit;
        value->rank = (uint16_t)i;
        cat->values[bit] = value;
        cat->by_rank[i] = (uint16_t)bit;
    }
    cat->count = b->draft_count;
    return ok;
}

static bool draft_link(struct scope_builder *b, struct scope_draft *draft)
{
    struct scope_set *includes = &draft->value.includes;
    bool ok = true;

    for (const struct json_value *v = json_first(draft->includes); v != NULL; v = json_next(v)) {
        struct str name;
        if (!json_string(v, &name)) {
            ok =
                problem(b, draft, v, "not a string: an item of \"includes\" of", draft->value.name);
            continue;
        }
        const struct scope_value *included = catalogue_find(b->catalogue, name);
        if (included == NULL)
            ok = problem(b, draft, v, "includes an unknown value:", name);
        else if (scope_set_has(includes, included->bit))
            ok = problem(b, draft, v, "includes a value twice:", name);
        else
            scope_set_add(includes, included->bit);
    }
    return ok;
}

/* path: the drafts being walked, outermost first; `from` is one of them and was met again. */
static bool cycle_problem(struct scope_builder *b, const struct scope_draft *const *path,
                          size_t depth, const struct scope_draft *from)
{
    char memory[2048];
    struct buf text;
    size_t first = 0;

    buf_init_fixed(&text, memory, sizeof(memory));
    while (path[first] != from)
        first++;
    for (size_t i = first; i < depth; i++) {
        buf_str(&text, path[i]->value.name);
        buf_cstr(&text, " -> ");
    }
    buf_str(&text, from->value.name);
    return problem(b, from, from->at, "a cycle of includes:", buf_view(&text));
}

static bool draft_close(struct scope_builder *b, struct scope_draft *draft,
                        const struct scope_draft **path, size_t depth)
{
    const struct scope_set *includes = &draft->value.includes;
    struct scope_set *closure = &b->catalogue->closures[draft->value.bit];

    if (draft->state == DRAFT_CLOSED)
        return true;
    if (draft->state == DRAFT_OPEN)
        return cycle_problem(b, path, depth, draft);
    draft->state = DRAFT_OPEN;
    path[depth] = draft;
    scope_set_add(closure, draft->value.bit);
    for (unsigned bit = scope_set_next(includes, 0); bit < LIMIT_SCOPES;
         bit = scope_set_next(includes, bit + 1)) {
        struct scope_draft *included = &b->drafts[b->catalogue->values[bit]->rank];
        if (!draft_close(b, included, path, depth + 1))
            return false;
        *closure = scope_set_union(closure, &b->catalogue->closures[bit]);
    }
    draft->state = DRAFT_CLOSED;
    return true;
}

static bool drafts_resolve(struct scope_builder *b)
{
    const struct scope_draft *path[LIMIT_SCOPES];
    bool ok = true;

    for (size_t i = 0; i < b->draft_count; i++)
        ok = draft_link(b, &b->drafts[i]) && ok;
    for (size_t i = 0; ok && i < b->draft_count; i++)
        ok = draft_close(b, &b->drafts[i], path, 0);
    return ok;
}

/* Moves the values from the drafts to where they stay. */
static bool values_settle(struct scope_builder *b)
{
    struct scope_catalogue *cat = b->catalogue;
    struct scope_value *values = arena_array(&cat->arena, b->draft_count, sizeof(*values));

    if (values == NULL) {
        buf_cstr(b->errors, "the scope tables are too large\n");
        return false;
    }
    for (size_t i = 0; i < b->draft_count; i++) {
        values[i] = b->drafts[i].value;
        cat->values[values[i].bit] = &values[i];
        scope_set_add(&cat->all, values[i].bit);
        if (values[i].restricted)
            scope_set_add(&cat->restricted, values[i].bit);
        if (values[i].by_default)
            scope_set_add(&cat->defaults, values[i].bit);
    }
    return true;
}

static int source_compare(const void *a, const void *b)
{
    return str_compare(((const struct scope_source *)a)->name,
                       ((const struct scope_source *)b)->name);
}

static bool tables_read(struct scope_builder *b, const struct scope_source *sources, size_t count)
{
    struct scope_source *sorted = arena_array(&b->scratch, count, sizeof(*sorted));
    bool ok = true;

    if (sorted == NULL) {
        buf_cstr(b->errors, "the scope tables are too large\n");
        return false;
    }
    memcpy(sorted, sources, count * sizeof(*sorted));
    qsort(sorted, count, sizeof(*sorted), source_compare);
    for (size_t i = 0; i < count; i++)
        ok = table_read(b, &sorted[i]) && ok;
    return ok;
}

bool catalogue_build(const struct scope_source *sources, size_t source_count,
                     const struct scope_catalogue *previous, struct scope_catalogue **out,
                     struct buf *errors)
{
    struct scope_builder *b = calloc(1, sizeof(*b));
    struct scope_catalogue *cat = aligned_alloc(64, sizeof(*cat));
    bool ok = false;

    if (b == NULL || cat == NULL) {
        buf_cstr(errors, "out of memory\n");
        free(b);
        free(cat);
        return false;
    }
    memset(cat, 0, sizeof(*cat));
    arena_init(&cat->arena, NULL, 0, TEXTS_MAX);
    b->catalogue = cat;
    b->previous = previous;
    b->errors = errors;
    arena_init(&b->scratch, NULL, 0, SCRATCH_MAX);
    ok = tables_read(b, sources, source_count) && drafts_number(b) && drafts_resolve(b) &&
         values_settle(b);
    arena_reset(&b->scratch);
    free(b);
    if (ok)
        *out = cat;
    else
        catalogue_free(&cat);
    return ok;
}

void catalogue_free(struct scope_catalogue **catalogue)
{
    if (*catalogue == NULL)
        return;
    arena_reset(&(*catalogue)->arena);
    free(*catalogue);
    *catalogue = NULL;
}

static int is_table_file(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && str_ends_with(str_from(entry->d_name), STR(".json"));
}

static bool file_read(struct arena *arena, const char *dir, const char *name,
                      struct scope_source *out, struct buf *errors)
{
    size_t size = strlen(dir) + strlen(name) + 2;
    char *path = arena_alloc(arena, size);
    if (path == NULL) {
        buf_cstr(errors, "the scope tables are too large\n");
        return false;
    }
    snprintf(path, size, "%s/%s", dir, name);
    return source_read(arena, path, out, errors);
}

bool catalogue_load(const char *dir, const struct scope_catalogue *previous,
                    struct scope_catalogue **out, struct buf *errors)
{
    struct scope_source sources[TABLES_MAX];
    struct scope_source place = {.path = str_from(dir)};
    struct dirent **entries = NULL;
    struct arena files;
    int count = scandir(dir, &entries, is_table_file, NULL);
    bool ok = count > 0 && count <= TABLES_MAX;

    arena_init(&files, NULL, 0, SCRATCH_MAX);
    if (!ok)
        source_problem(&place, NULL,
                       count < 0    ? strerrordesc_np(errno)
                       : count == 0 ? "no scope tables (*.json) here"
                                    : "more than 64 scope tables",
                       STR_NONE, errors);
    for (int i = 0; i < count; i++) {
        ok = ok && file_read(&files, dir, entries[i]->d_name, &sources[i], errors);
        free(entries[i]);
    }
    free(entries);
    ok = ok && catalogue_build(sources, (size_t)count, previous, out, errors);
    arena_reset(&files);
    return ok;
}
