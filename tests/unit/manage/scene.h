/* What the tests of endpoints that read and change the store share: a bed, a caller, and the ways
 * to ask. The caller's token is of the root's application and partner, for one of its audiences and
 * for us, and without a row. */
#ifndef MANAGE_SCENE_H
#define MANAGE_SCENE_H

#include "unit/oauth/bed.h"

struct scene {
    struct bed bed;
    struct minted token;
    char header[BED_TEXT];
    char path[128];       /* of the object that the tests write; theirs to set */
    struct token_row row; /* where that is a token */
};

/* scopes: of the caller's token. */
void scene_begin(struct scene *s, const char *scopes);

/* path = collection/sid */
void scene_point_at(struct scene *s, const char *collection, const struct sid *sid);

/* Of manage_routes, by path. body is JSON, where the path takes no form. */
struct question scene_question(const struct scene *s, enum method method, const char *path,
                               const char *query, const char *body);

/* The status of the answer. */
int scene_ask(struct scene *s, enum method method, const char *path, const char *query,
              const char *body);

/* Fails unless a GET shows exactly this. */
void scene_expect(struct scene *s, const char *path, const char *query, const char *shown);

/* Asks, and leaves when this step has ended, or is answered before. */
void scene_ask_and_leave(struct scene *s, const struct question *question, unsigned step);

#endif
