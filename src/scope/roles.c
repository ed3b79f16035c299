#include "scope/roles.h"
#include "scope/source.h"

#include <assert.h>
#include <stdlib.h>

enum { TEXTS_MAX = 64 * 1024, SCRATCH_MAX = 16 * 1024 * 1024 };

struct scope_roles {
    struct arena arena; /* names and titles */
    size_t count;
    struct scope_role roles[ROLES_MAX];
};

struct roles_builder {
    struct scope_roles *roles;
    const struct scope_catalogue *catalogue;
    const struct scope_source *source;
    struct arena scratch;
    struct buf *errors;
    const struct json_value *role_access[ROLES_MAX]; /* linked once all roles are known */
};

static bool problem(struct roles_builder *b, const struct json_value *at, const char *text,
                    struct str about)
{
    source_problem(b->source, at, text, about, b->errors);
    return false;
}

static bool keep(struct roles_builder *b, struct str *text)
{
    *text = arena_str(&b->roles->arena, *text);
    return text->ptr != NULL || problem(b, NULL, "the file is too large", STR_NONE);
}

static bool read_scopes(struct roles_builder *b, const struct json_value *list,
                        struct scope_role *role)
{
    bool ok = true;
    for (const struct json_value *v = json_first(list); v != NULL; v = json_next(v)) {
        struct str name;
        if (!json_string(v, &name)) {
            ok = problem(b, v, "not a string: an item of \"scopes\" of", role->name);
            continue;
        }
        const struct scope_value *value = catalogue_find(b->catalogue, name);
        if (value == NULL)
            ok = problem(b, v, "unknown scope:", name);
        else
            scope_set_add(&role->scopes, value->bit);
    }
    role->closure = scope_closure(b->catalogue, &role->scopes);
    return ok;
}

static bool read_role(struct roles_builder *b, const struct json_value *at)
{
    static const struct str known[] = {STR_INIT("name"), STR_INIT("title"), STR_INIT("role_access"),
                                       STR_INIT("scopes")};
    struct scope_roles *roles = b->roles;
    const struct json_value *scopes;
    struct scope_role *role = &roles->roles[roles->count];

    if (roles->count == ROLES_MAX)
        return problem(b, at, "more than 32 roles", STR_NONE);
    *role = (struct scope_role){.index = (uint32_t)roles->count};
    if (!json_is(at, JSON_OBJECT))
        return problem(b, at, "a role is not an object", STR_NONE);
    if (!source_known(b->source, at, known, 4, b->errors) ||
        !source_text(b->source, at, STR("name"), &role->name, b->errors) ||
        !source_text(b->source, at, STR("title"), &role->title, b->errors) ||
        !source_list(b->source, at, STR("role_access"), &b->role_access[role->index], b->errors) ||
        !source_list(b->source, at, STR("scopes"), &scopes, b->errors))
        return false;
    if (role->name.len == 0 || role->name.len > LIMIT_NAME)
        return problem(b, at, "not a name of 1 to 128 characters:", role->name);
    if (roles_find(roles, role->name) != NULL)
        return problem(b, at, "the role is there already:", role->name);
    if (!read_scopes(b, scopes, role) || !keep(b, &role->name) || !keep(b, &role->title))
        return false;
    roles->count++;
    return true;
}

static bool link_access(struct roles_builder *b, struct scope_role *role)
{
    bool ok = true;
    for (const struct json_value *v = json_first(b->role_access[role->index]); v != NULL;
         v = json_next(v)) {
        struct str name = STR_NONE;
        const struct scope_role *given = json_string(v, &name) ? roles_find(b->roles, name) : NULL;
        if (given == NULL)
            ok = problem(b, v, "no such role:", name);
        else
            role->role_access |= (uint32_t)1 << given->index;
    }
    return ok;
}

static bool read_roles(struct roles_builder *b)
{
    static const struct str known[] = {STR_INIT("roles")};
    const struct json_value *root = source_parse(&b->scratch, b->source, b->errors);
    const struct json_value *list;
    bool ok = true;

    if (root == NULL || !source_known(b->source, root, known, 1, b->errors) ||
        !source_list(b->source, root, STR("roles"), &list, b->errors))
        return false;
    for (const struct json_value *v = json_first(list); v != NULL; v = json_next(v))
        ok = read_role(b, v) && ok;
    for (size_t i = 0; ok && i < b->roles->count; i++)
        ok = link_access(b, &b->roles->roles[i]);
    return ok;
}

bool roles_build(const struct scope_source *source, const struct scope_catalogue *catalogue,
                 struct scope_roles **out, struct buf *errors)
{
    struct roles_builder b = {.catalogue = catalogue, .source = source, .errors = errors};

    b.roles = calloc(1, sizeof(*b.roles));
    if (b.roles == NULL)
        return problem(&b, NULL, "out of memory", STR_NONE);
    arena_init(&b.roles->arena, NULL, 0, TEXTS_MAX);
    arena_init(&b.scratch, NULL, 0, SCRATCH_MAX);
    bool ok = read_roles(&b);
    arena_reset(&b.scratch);
    if (ok)
        *out = b.roles;
    else
        roles_free(&b.roles);
    return ok;
}

bool roles_load(const char *path, const struct scope_catalogue *catalogue, struct scope_roles **out,
                struct buf *errors)
{
    struct scope_source source;
    struct arena file;

    arena_init(&file, NULL, 0, SCRATCH_MAX);
    bool ok =
        source_read(&file, path, &source, errors) && roles_build(&source, catalogue, out, errors);
    arena_reset(&file);
    return ok;
}

void roles_free(struct scope_roles **roles)
{
    if (*roles == NULL)
        return;
    arena_reset(&(*roles)->arena);
    free(*roles);
    *roles = NULL;
}

size_t roles_count(const struct scope_roles *roles)
{
    return roles->count;
}

const struct scope_role *roles_at(const struct scope_roles *roles, size_t index)
{
    assert(index < roles->count);
    return &roles->roles[index];
}

const struct scope_role *roles_find(const struct scope_roles *roles, struct str name)
{
    for (size_t i = 0; i < roles->count; i++)
        if (str_eq(roles->roles[i].name, name))
            return &roles->roles[i];
    return NULL;
}
