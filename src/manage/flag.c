#include "manage/flag.h"

#include "exchange/field_errors.h"
#include "exchange/form.h"

enum step_result flag_read(struct exchange *x, struct str name, bool *out)
{
    struct str text = STR_NONE;
    struct form form;

    enum err err = form_parse(x->request.query, &x->arena, &form);
    if (err == ERR_FAULT_MEMORY)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, ERR_INVALID_REQUEST, STR_NONE);
    err = form_get(&form, name, &text);
    if (err != ERR_NONE)
        return exchange_refuse_field(x, err, name, STR_NONE);
    if (text.ptr != NULL && !str_eq(text, STR("true")) && !str_eq(text, STR("false")))
        return exchange_refuse_field(x, ERR_INVALID_VALUE, name, STR("true or false is taken"));
    *out = str_eq(text, STR("true"));
    return STEP_NEXT;
}
