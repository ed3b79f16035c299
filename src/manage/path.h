/* The named segments of an endpoint's path. What cannot be read names nothing: the caller answers
 * 404, as for what is unknown (SPEC 5). */
#ifndef MANAGE_PATH_H
#define MANAGE_PATH_H

#include "core/sid.h"
#include "exchange/exchange.h"

enum path_found { PATH_FOUND, PATH_MALFORMED, PATH_FAULT /* no memory */ };

/* index: from 0, in the order of the path. Percent-decoded strictly; '+' is itself. */
enum path_found path_text(struct exchange *x, unsigned index, struct str *out);

/* A SID as SPEC 3 writes it. */
enum path_found path_sid(struct exchange *x, unsigned index, struct sid *out);

/* Likewise: NEXT, or DONE with 404 for what is none, or with the fault. */
enum step_result path_find_sid(struct exchange *x, unsigned index, struct sid *out);

/* What the two that look for themselves answer: DONE with 404, or with the fault. */
enum step_result path_refuse(struct exchange *x, enum path_found found);

#endif
