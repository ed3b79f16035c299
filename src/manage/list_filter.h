/* The two small languages in a list's query string: order= and filter=. Shared by list.c and its
 * parts alone. */
#ifndef MANAGE_LIST_FILTER_H
#define MANAGE_LIST_FILTER_H

#include "manage/list.h"

/* What is wrong goes to errors, whose texts are made in the arena. */
enum err list_order_read(struct str text, struct arena *arena, struct field_errors *errors,
                         struct list_query *out);
enum err list_filter_read(struct str text, struct arena *arena, struct field_errors *errors,
                          struct list_query *out);

/* No controls, valid UTF-8, not too long: what may be compared with stored text (THREATS-78). */
bool list_value_is_clean(struct str text);

#endif
