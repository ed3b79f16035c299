/* Lists of scopes in bodies, rows and answers of the management API. */
#ifndef MANAGE_SCOPE_NAMES_H
#define MANAGE_SCOPE_NAMES_H

#include "exchange/exchange.h"
#include "scope/catalogue.h"
#include "token/asked.h"
#include "json/read.h"
#include "json/write.h"

/* An array of strings (BODY_TEXTS) as it was sent, whatever the texts are. ERR_FAULT_MEMORY. */
RESULT manage_names_read(struct exchange *x, const struct json_value *array,
                         struct asked_names *out);

/* The scopes that it names; repeated ones count once. *out_wrong is empty, or the message of a
 * refusal that names those which the catalogue does not have. ERR_FAULT_MEMORY. */
RESULT manage_scopes_read(struct exchange *x, const struct json_value *array, struct scope_set *out,
                          struct str *out_wrong);

/* As rows keep them: in catalogue order, blanks between. In the arena. ERR_FAULT_MEMORY. */
RESULT manage_scopes_text(struct exchange *x, const struct scope_set *set, struct str *out);

/* Names (or other texts) as rows keep them, as an array: whatever they are, in their order. */
void manage_names_write(struct str joined, struct json_writer *w);

/* An array, in catalogue order. */
void manage_scopes_write(const struct scope_catalogue *catalogue, const struct scope_set *set,
                         struct json_writer *w);

#endif
