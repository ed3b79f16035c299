/* Going through the audit log in the order of seq, a few rows at a time and a bounded number in
 * all: the store knows nothing of what records say. */
#ifndef MANAGE_AUDIT_SCAN_H
#define MANAGE_AUDIT_SCAN_H

#include "audit/read.h"
#include "exchange/exchange.h"
#include "store/list.h"

struct caller;

enum { AUDIT_SCAN_ROWS = 5000 /* that one request looks at */ };

struct audit_scan {
    /* What it wants: true for more rows. The view is zero where the record is none of this
     * program's. Texts of row live as long as the exchange, those of view for the call. */
    bool (*take)(struct audit_scan *scan, const struct audit_row *row,
                 const struct audit_view *view);
    struct exchange *exchange;
    struct store_read read;
    struct result result;
    size_t looked_at;
    uint64_t last; /* the seq of the last row that take has seen */
    bool has_more; /* there are rows behind it */
};

/* From behind seq after on, upwards; or downwards from before it, 0: from the newest. WAIT; the
 * next step finds result, last and has_more. */
enum step_result audit_scan_start(struct exchange *x, uint64_t after, bool descending,
                                  struct audit_scan *scan);

/* An actor as the caller may see it: whoever acts for a partner that lies outside the caller's
 * subtree, an ancestor's say, is shown as {"hidden":true}. Lives as long as actor; empty for none.
 */
struct str audit_actor_seen(const struct exchange *x, const struct caller *caller,
                            const struct audit_view *view);

#endif
