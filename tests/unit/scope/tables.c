#include "tables.h"

#include <criterion/criterion.h>
#include <stdio.h>

struct scope_catalogue *tables_shipped(void)
{
    struct scope_catalogue *cat = NULL;
    char memory[4096];
    struct buf errors;
    buf_init_fixed(&errors, memory, sizeof(memory));
    cr_assert(catalogue_load(CONF_DIR "/scopes", NULL, &cat, &errors), "%.*s",
              STR_ARG(buf_view(&errors)));
    cr_assert_eq(errors.len, 0);
    return cat;
}

struct scope_catalogue *tables_from(const char *values, const struct scope_catalogue *previous,
                                    const char **out_errors)
{
    static char memory[8192];
    struct scope_catalogue *cat = NULL;
    struct buf text, errors;

    buf_init_heap(&text, 4 * 1024 * 1024);
    buf_cstr(&text, "{\"table\":\"t\",\"values\":[");
    buf_cstr(&text, values);
    buf_cstr(&text, "]}");
    buf_init_fixed(&errors, memory, sizeof(memory) - 1);
    struct scope_source source = {STR("t"), STR("t.json"), buf_view(&text)};
    bool ok = catalogue_build(&source, 1, previous, &cat, &errors);
    buf_free(&text);
    memory[errors.len] = 0;
    cr_assert_eq(ok, cat != NULL);
    cr_assert_eq(ok, errors.len == 0);
    if (out_errors != NULL)
        *out_errors = memory;
    return cat;
}

struct scope_set names_to_set(const struct scope_catalogue *cat, const char *names)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    struct str unknown = STR_NONE;
    if (*names == 0)
        return set;
    cr_assert_eq(scope_parse(cat, str_from(names), &set, &unknown), SCOPE_PARSED_OK, "%s", names);
    return set;
}

const char *set_to_names(const struct scope_catalogue *cat, const struct scope_set *set)
{
    static char memory[LIMIT_SCOPES * (LIMIT_SCOPE_NAME + 1) + 1];
    struct buf text;
    buf_init_fixed(&text, memory, sizeof(memory) - 1);
    scope_format(cat, set, &text);
    memory[text.len] = 0;
    return memory;
}

uint32_t random_next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

struct scope_set random_set(const struct scope_catalogue *cat, uint32_t *state, int rarity)
{
    struct scope_set set = SCOPE_SET_EMPTY;
    for (size_t rank = 0; rank < catalogue_count(cat); rank++)
        if (random_next(state) >> (32 - rarity) == 0)
            scope_set_add(&set, catalogue_at(cat, rank)->bit);
    return set;
}
