/* Loads a configuration from a text, with overrides where a test wants them. */
#ifndef TEST_CONFIG_SUPPORT_H
#define TEST_CONFIG_SUPPORT_H

#include <criterion/criterion.h>
#include <string.h>

#include "config/config.h"

static inline struct config *load_with(const struct config_source *source, struct str text,
                                       char errors[8192])
{
    struct config *config = NULL;
    struct buf out;

    buf_init_fixed(&out, errors, 8191);
    bool good = config_parse(source, text, &config, &out);
    errors[out.len] = '\0';
    cr_assert_eq(good, config != NULL);
    cr_assert_eq(good, out.len == 0, "%s", errors);
    return config;
}

static inline struct config *load(const char *text, char errors[8192])
{
    const struct config_source source = {.path = "etc/s.yaml"};
    return load_with(&source, str_from(text), errors);
}

/* A text that must load. */
static inline struct config *load_good(const char *text)
{
    char errors[8192];
    struct config *config = load(text, errors);
    cr_assert_not_null(config, "%s", errors);
    return config;
}

#define ASSERT_STR(s, expected) \
    cr_assert(str_eq((s), str_from(expected)), "`%.*s` is not `%s`", STR_ARG(s), (expected))

#endif
