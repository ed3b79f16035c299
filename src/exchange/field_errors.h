/* Errors of the management API: {"errors":[{"code","field","message"}]} (SPEC 5). A request is read
 * whole before it is refused, so one answer names everything that is wrong with it. */
#ifndef EXCHANGE_FIELD_ERRORS_H
#define EXCHANGE_FIELD_ERRORS_H

#include "exchange/exchange.h"

enum { FIELD_ERRORS_MAX = 64 };

struct field_error {
    enum err code;      /* a refusal */
    struct str field;   /* of the body, or the parameter's name; empty: of no one field */
    struct str message; /* empty: the code's own text */
};

struct field_errors {
    size_t count; /* 0: nothing was wrong */
    struct field_error items[FIELD_ERRORS_MAX];
};

/* Texts live as long as the exchange. Past FIELD_ERRORS_MAX errors are dropped: who made so many
 * will ask again. A message describes what is taken, never what was sent (P5). */
void field_errors_add(struct field_errors *errors, enum err code, struct str field,
                      struct str message);

/* At least one. The status is the lowest of theirs: what makes a request unreadable (400) comes
 * before what is wrong in it (422). */
enum step_result exchange_refuse_fields(struct exchange *x, const struct field_errors *errors);

/* One alone. */
enum step_result exchange_refuse_field(struct exchange *x, enum err code, struct str field,
                                       struct str message);

#endif
