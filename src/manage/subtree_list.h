/* GET of a list of what belongs to the caller's partner and to all below it: partners, and what is
 * theirs. Two steps, which the endpoint's own name the kind to:
 *
 *   .steps = {caller_step_read_bearer, caller_step_identify, caller_step_judge, <read>,
 *             stored_step_read, <reply>} */
#ifndef MANAGE_SUBTREE_LIST_H
#define MANAGE_SUBTREE_LIST_H

#include "manage/list_page.h"
#include "manage/require.h"
#include "manage/stored.h"
#include "manage/stored_list.h"

/* The beginning of such an endpoint's state. */
struct subtree_list {
    struct stored stored; /* first */
    struct list_query query;
};

struct subtree_kind {
    const struct object_kind *kind;
    const struct requirement *needed;
    struct stored_columns columns;
    enum store_read_verb verb;
    struct str too_costly; /* of a filter that would go through too many */
    /* As in struct list_page; context is the exchange, item a row of stored.read.out. */
    void (*write)(const void *context, size_t item, unsigned attribute, struct json_writer *w);
    void (*key)(const void *context, size_t item, struct attribute_value *out);
};

/* WAIT; stored_step_read comes next. Or DONE after refusing: 403, and what is wrong with the query.
 */
enum step_result subtree_list_read(struct exchange *x, const struct subtree_kind *kind);

/* The same for who has seen already that the caller may, of the rows that *whose says: partner_sid
 * and descendants, or trunk_group_sid. */
enum step_result subtree_list_read_of(struct exchange *x, const struct subtree_kind *kind,
                                      const struct store_list *whose);

/* DONE: the page that was read. */
enum step_result subtree_list_reply(struct exchange *x, const struct subtree_kind *kind);

#endif
