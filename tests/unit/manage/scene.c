#include "scene.h"

#include <criterion/criterion.h>
#include <stdio.h>

#include "manage/routes.h"

enum { PATIENCE_MS = 20000 };

void scene_begin(struct scene *s, const char *scopes)
{
    const struct tree *tree = &s->bed.clients.tree;

    bed_init(&s->bed);
    bed_mint(&s->bed, &tree->root_app, &tree->root, scopes,
             BED_ISSUER " https://api.example"
                        " https://api.example",
             &s->token);
    snprintf(s->header, sizeof(s->header), "Bearer %s", s->token.text);
}

void scene_point_at(struct scene *s, const char *collection, const struct sid *sid)
{
    char text[SID_TEXT];

    sid_format(sid, text);
    snprintf(s->path, sizeof(s->path), "%s/%.*s", collection, SID_TEXT, text);
}

static const struct route *route_of(enum method method, const char *path)
{
    struct str parameters[ROUTE_PARAMETERS_MAX];

    for (size_t i = 0; i < manage_routes.count; i++)
        if (manage_routes.routes[i].method == method &&
            route_match(manage_routes.routes[i].path, str_from(path), parameters))
            return &manage_routes.routes[i];
    return NULL;
}

struct question scene_question(const struct scene *s, enum method method, const char *path,
                               const char *query, const char *body)
{
    bool is_form = str_ends_with(str_from(path), STR("/revoke"));

    return (struct question){.route = route_of(method, path),
                             .path = path,
                             .query = query,
                             .body = body,
                             .content_type = is_form ? BED_FORM : "application/json",
                             .authorization = s->header};
}

int scene_ask(struct scene *s, enum method method, const char *path, const char *query,
              const char *body)
{
    const struct question q = scene_question(s, method, path, query, body);
    struct answer answer;

    bed_answer(&s->bed, &q, &answer);
    int status = answer_status(&answer);
    answer_done(&answer);
    return status;
}

void scene_expect(struct scene *s, const char *path, const char *query, const char *shown)
{
    const struct question q = scene_question(s, METHOD_GET, path, query, NULL);
    struct answer answer;

    bed_answer(&s->bed, &q, &answer);
    cr_assert(str_eq(answer_body(&answer), str_from(shown)), "%.*s", STR_ARG(answer_body(&answer)));
    answer_done(&answer);
}

struct progress {
    const struct answer *answer;
    unsigned step;
};

static bool has_reached(void *context)
{
    const struct progress *progress = context;
    return progress->answer->delivered > 0 || progress->answer->exchange.next_step > progress->step;
}

void scene_ask_and_leave(struct scene *s, const struct question *question, unsigned step)
{
    struct answer answer;
    struct progress progress = {&answer, step};

    bed_ask(&s->bed, question, &answer);
    cr_assert(loop_thread_until(s->bed.loop, has_reached, &progress, PATIENCE_MS));
    if (!exchange_abandon(&answer.exchange))
        bed_wait(&s->bed, &answer);
    answer_done(&answer);
}
