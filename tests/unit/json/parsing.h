/* What the JSON tests share: one arena a test, and a parse that fails the test when it must not. */
#ifndef TESTS_JSON_PARSING_H
#define TESTS_JSON_PARSING_H

#include "core/arena.h"
#include "json/read.h"

struct parsing {
    struct arena arena;
    struct json_error error;
    const struct json_value *value; /* NULL unless the text was accepted */
};

static inline enum err parsing_run(struct parsing *p, struct str text)
{
    arena_init(&p->arena, NULL, 0, 512 * 1024);
    p->error = (struct json_error){0};
    p->value = NULL;
    return json_parse(&p->arena, text, &json_limits_request, &p->value, &p->error);
}

static inline void parsing_done(struct parsing *p)
{
    arena_reset(&p->arena);
}

#endif
