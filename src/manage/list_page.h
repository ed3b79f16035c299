/* The answer of every list (SPEC 5):
 *   {"count","has_more","items","limit","offset","pagination":{"next"},"total"}
 * next is an absolute URL: the request's own with the place of the next page in it, and is there as
 * long as has_more is true. It goes on by cursor, which stays right when rows come and go, unless
 * the request asked for an offset or another order. A page that gets too large for one answer ends
 * early, with has_more. */
#ifndef MANAGE_LIST_PAGE_H
#define MANAGE_LIST_PAGE_H

#include "manage/list.h"

enum { LIST_PAGE_BYTES = 1024 * 1024 }; /* of items; one more may begin below this */

struct list_page {
    size_t count;
    bool has_more;
    int64_t total; /* -1: not counted, null in the answer */
    size_t
        bytes; /* about what the items take, where that may be more than LIST_PAGE_BYTES; else 0 */
    /* Where the list goes on behind these items, NULL: behind the last of them. Of lists that look
     * at a bounded number of rows, whatever they find there; then even an empty page has a next. */
    const struct attribute_value *resume;
    const void *context;
    /* One attribute's value of one of the items, and the key of it. */
    void (*write)(const void *context, size_t item, unsigned attribute, struct json_writer *w);
    void (*key)(const void *context, size_t item, struct attribute_value *out);
};

/* DONE: 200 with the page, or the fault. */
enum step_result list_page_reply(struct exchange *x, const struct list_query *query,
                                 const struct list_page *page);

#endif
