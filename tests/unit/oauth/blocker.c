#include "unit/oauth/blocker.h"

#include <criterion/criterion.h>

static void block(struct pool_job *job)
{
    struct blocker *blocker = (struct blocker *)job;

    pthread_mutex_lock(&blocker->lock);
    blocker->inside = true;
    pthread_cond_broadcast(&blocker->changed);
    while (!blocker->open)
        pthread_cond_wait(&blocker->changed, &blocker->lock);
    pthread_mutex_unlock(&blocker->lock);
}

static void nothing(struct pool_job *job)
{
    (void)job;
}

void blocker_occupy(struct blocker *blocker, struct pool *pool, struct loop *loop)
{
    pthread_mutex_init(&blocker->lock, NULL);
    pthread_cond_init(&blocker->changed, NULL);
    blocker->inside = blocker->open = false;
    blocker->job = (struct pool_job){.loop = loop, .work = block, .done = nothing};
    cr_assert(pool_submit(pool, &blocker->job));
    pthread_mutex_lock(&blocker->lock);
    while (!blocker->inside)
        pthread_cond_wait(&blocker->changed, &blocker->lock);
    pthread_mutex_unlock(&blocker->lock);
}

void blocker_let_go(struct blocker *blocker)
{
    pthread_mutex_lock(&blocker->lock);
    blocker->open = true;
    pthread_cond_broadcast(&blocker->changed);
    pthread_mutex_unlock(&blocker->lock);
}
