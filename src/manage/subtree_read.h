/* GET of what belongs to the caller's partner and to all below it: partners, and what is theirs. A
 * kind says all that is special about it, and has two endpoints: SUBTREE_LIST and SUBTREE_ONE. */
#ifndef MANAGE_SUBTREE_READ_H
#define MANAGE_SUBTREE_READ_H

#include "manage/list_page.h"
#include "manage/require.h"
#include "manage/stored.h"
#include "manage/stored_list.h"

struct subtree_kind {
    const struct object_kind *kind;
    const struct requirement *needed;
    struct stored_columns columns;
    enum store_read_verb verb; /* of the list */
    struct str too_costly;     /* of a filter that would go through too many */
    size_t row_size;           /* every row begins with its key */
    size_t revision_at;        /* and has this */

    /* Whose rows the list shows: fills partner_sid and descendants, or trunk_group_sid. NEXT, or
     * DONE with 404. NULL: those of the caller's partner and of all below it. */
    enum step_result (*whose)(struct exchange *x, const struct caller *caller,
                              struct store_list *out);
    /* Reads the row that the path names: WAIT, or DONE with 404. */
    enum step_result (*find)(struct exchange *x, struct stored *stored);
    /* One attribute's value. */
    void (*write)(const struct exchange *x, const void *row, unsigned attribute,
                  struct json_writer *w);
};

struct subtree_read {
    struct stored stored;    /* first */
    struct list_query query; /* of one: fields alone */
};

#define SUBTREE_STEPS(read, reply)                                                                \
    {                                                                                             \
        caller_step_read_bearer, caller_step_identify, caller_step_judge, read, stored_step_read, \
            reply                                                                                 \
    }
#define SUBTREE_LIST(its_name, its_kind)                                                \
    {                                                                                   \
        .name = its_name, .state_size = sizeof(struct subtree_read), .about = its_kind, \
        .steps = SUBTREE_STEPS(subtree_step_list, subtree_step_reply_list)              \
    }
#define SUBTREE_ONE(its_name, its_kind)                                                 \
    {                                                                                   \
        .name = its_name, .state_size = sizeof(struct subtree_read), .about = its_kind, \
        .steps = SUBTREE_STEPS(subtree_step_find, subtree_step_reply_one)               \
    }

/* WAIT; stored_step_read comes next. Or DONE after refusing: 403, 404, and what is wrong with a
 * list's query. */
enum step_result subtree_step_list(struct exchange *x);
enum step_result subtree_step_find(struct exchange *x);

/* DONE: the page, or the object and its ETag. Or 404, where it went meanwhile. */
enum step_result subtree_step_reply_list(struct exchange *x);
enum step_result subtree_step_reply_one(struct exchange *x);

#endif
