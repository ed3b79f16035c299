/* What rows may show: nothing that the hooks were not told of. Whoever is shown a revoked token
 * asks introspection next, which goes by the index (P1, P2).
 *
 * A transaction that has something to tell (entries, changes of the tables; most have not) takes
 * the next number of tellings and writes it into the store with its rows. Before its commit the
 * number is `begun`, when the hooks have returned it is `told`; one transaction comes after the
 * other, so at most one number lies between. Rows and number become visible in the same moment,
 * which in SQLite comes behind the log's fsync: so a reader need not wait for the disk, only where
 * the number is visible already, and then for the hooks alone, which wait for nothing.
 *
 * The reader looks when it has its rows. Is nothing under way, then all that they can show was
 * told: a transaction says that it begins before it can be seen. Else it asks the store for its
 * number. That is no older than the rows, so a number that was told says the same; and one that is
 * ahead is waited for, though the rows may be of the moment before it. Where the number cannot be
 * read it is taken for visible.
 *
 * A transaction that fails gives its number back, to the next one. Trap: what comes to be told of
 * must be seen by has_news, else it is shown before it is known. */
#include "store/front.h"

static bool has_news(struct store *store)
{
    const struct store_progress *progress = &store->batch.progress;

    return progress->entry_count > 0 || progress->tables_version != store_tables_version(store);
}

struct result store_telling_begin(struct store *store)
{
    struct store_telling *telling = &store->telling;
    uint64_t number = telling->told + 1; /* this thread alone writes it */

    if (!has_news(store))
        return RESULT_OK;
    TRY(store->backend->ops->keep_tellings(store->backend, number));
    pthread_mutex_lock(&telling->lock);
    telling->begun = number;
    pthread_mutex_unlock(&telling->lock);
    return RESULT_OK;
}

void store_telling_end(struct store *store, bool committed)
{
    struct store_telling *telling = &store->telling;

    pthread_mutex_lock(&telling->lock);
    if (committed)
        telling->told = telling->begun;
    else
        telling->begun = telling->told;
    pthread_cond_signal(&telling->ended);
    pthread_mutex_unlock(&telling->lock);
}

void store_telling_wait(struct store *store)
{
    struct store_telling *telling = &store->telling;
    struct store_reader *reader = store->reads.reader;

    pthread_mutex_lock(&telling->lock);
    uint64_t begun = telling->begun;
    bool under_way = begun != telling->told;
    pthread_mutex_unlock(&telling->lock);
    if (!under_way)
        return;
    uint64_t visible = begun;
    if (!result_ok(reader->ops->tellings(reader, &visible)))
        visible = begun;
    pthread_mutex_lock(&telling->lock);
    while (telling->told < visible && telling->begun != telling->told)
        pthread_cond_wait(&telling->ended, &telling->lock);
    pthread_mutex_unlock(&telling->lock);
}
