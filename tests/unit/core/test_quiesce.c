#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/quiesce.h"

TestSuite(core_quiesce);

static _Atomic int freed;

static void count_free(void *object)
{
    atomic_fetch_add(&freed, 1);
    free(object);
}

Test(core_quiesce, nothing_is_freed_while_a_reader_may_hold_it)
{
    struct quiesce q;
    quiesce_init(&q);
    struct quiesce_reader *one = quiesce_register(&q), *two = quiesce_register(&q);
    quiesce_pass(&q, one);
    quiesce_pass(&q, two);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_collect(&q);
    cr_assert_eq(freed, 0, "both may hold it");
    quiesce_pass(&q, one);
    quiesce_collect(&q);
    cr_assert_eq(freed, 0, "the other may hold it");
    quiesce_pass(&q, two);
    quiesce_collect(&q);
    cr_assert_eq(freed, 1);
    quiesce_offline(one);
    quiesce_offline(two);
    quiesce_done(&q);
}

Test(core_quiesce, a_sleeping_reader_holds_nothing_up)
{
    struct quiesce q;
    quiesce_init(&q);
    struct quiesce_reader *awake = quiesce_register(&q);
    quiesce_register(&q); /* never online */
    quiesce_pass(&q, awake);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_offline(awake);
    quiesce_collect(&q);
    cr_assert_eq(freed, 1);

    quiesce_pass(&q, awake);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_collect(&q);
    cr_assert_eq(freed, 1, "online again, it counts again");
    quiesce_offline(awake);
    quiesce_done(&q);
    cr_assert_eq(freed, 2, "the end frees what waits");
}

Test(core_quiesce, only_what_is_old_enough_goes)
{
    struct quiesce q;
    quiesce_init(&q);
    struct quiesce_reader *reader = quiesce_register(&q);
    quiesce_pass(&q, reader);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_pass(&q, reader);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_retire(&q, malloc(1), count_free);
    quiesce_collect(&q);
    cr_assert_eq(freed, 1);
    quiesce_pass(&q, reader);
    quiesce_collect(&q);
    cr_assert_eq(freed, 3);
    quiesce_offline(reader);
    quiesce_done(&q);
}

struct noted {
    char text[8];
    struct quiesce_garbage note;
};

Test(core_quiesce, an_object_may_bring_its_note_along)
{
    enum { OBJECTS = 5 };
    struct quiesce q;
    quiesce_init(&q);
    struct quiesce_reader *reader = quiesce_register(&q);
    quiesce_pass(&q, reader);
    for (int i = 0; i < OBJECTS; i++) { /* mixed with those that do not */
        struct noted *object = calloc(1, sizeof(*object));
        quiesce_retire_noted(&q, &object->note, object, count_free);
        quiesce_retire(&q, malloc(1), count_free);
    }
    quiesce_collect(&q);
    cr_assert_eq(freed, 0);
    quiesce_pass(&q, reader);
    quiesce_collect(&q);
    cr_assert_eq(freed, 2 * OBJECTS);
    quiesce_offline(reader);
    quiesce_done(&q);
}

/* A pointer is swapped and retired under two readers that look at it all the time: under
 * AddressSanitizer a free too early is seen. */
struct race {
    struct quiesce q;
    _Atomic(int *) shared;
    _Atomic int stop;
    struct quiesce_reader *readers[2];
    _Atomic size_t next;
};

static void *read_on(void *context)
{
    struct race *race = context;
    struct quiesce_reader *self = race->readers[atomic_fetch_add(&race->next, 1)];
    long sum = 0;
    while (!atomic_load(&race->stop)) {
        quiesce_pass(&race->q, self);
        for (int i = 0; i < 100; i++)
            sum += *atomic_load(&race->shared);
    }
    quiesce_offline(self);
    return (void *)(sum == -1 ? context : NULL);
}

static int *boxed(int value)
{
    int *box = malloc(sizeof(*box));
    *box = value;
    return box;
}

Test(core_quiesce, readers_and_a_writer_at_once)
{
    static struct race race;
    pthread_t threads[2];

    quiesce_init(&race.q);
    atomic_store(&race.shared, boxed(0));
    for (int i = 0; i < 2; i++)
        race.readers[i] = quiesce_register(&race.q);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, read_on, &race), 0);
    for (int i = 1; i <= 20000; i++) {
        quiesce_retire(&race.q, atomic_exchange(&race.shared, boxed(i)), count_free);
        if (i % 16 == 0)
            quiesce_collect(&race.q);
    }
    atomic_store(&race.stop, 1);
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    quiesce_done(&race.q);
    cr_assert_eq(freed, 20000);
    free(atomic_load(&race.shared));
}
