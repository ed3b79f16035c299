/* What of the catalogue decides what a token may hold, as one number: names, what each implies with
 * all that follows, and which are restricted. Bits, tables, order and words for people are left
 * out. It is kept in the store (a revocation by over_ceiling), so its text stays as it is. */
#include <stdlib.h>

#include "core/buf.h"
#include "scope/catalogue.h"

enum { FINGERPRINT_TEXT_MAX = 4 * 1024 * 1024 }; /* 512 values that imply each other: 1.2 MiB */

struct sorted {
    const struct scope_value *values[LIMIT_SCOPES]; /* by name */
    size_t count;
};

static int compare_names(const void *a, const void *b)
{
    const struct scope_value *const *one = a, *const *other = b;
    return str_compare((*one)->name, (*other)->name);
}

static void write_value(const struct scope_catalogue *catalogue, const struct sorted *sorted,
                        const struct scope_value *value, struct buf *b)
{
    struct scope_set set = SCOPE_SET_EMPTY;

    scope_set_add(&set, value->bit);
    set = scope_closure(catalogue, &set);
    buf_str(b, value->name);
    buf_cstr(b, value->restricted ? " restricted" : " free");
    for (size_t i = 0; i < sorted->count; i++) {
        if (!scope_set_has(&set, sorted->values[i]->bit))
            continue;
        buf_char(b, ' ');
        buf_u64(b, i);
    }
    buf_char(b, '\n');
}

struct result catalogue_fingerprint(const struct scope_catalogue *catalogue, struct digest256 *out)
{
    struct sorted sorted = {.count = catalogue_count(catalogue)};
    struct buf text;

    for (size_t rank = 0; rank < sorted.count; rank++)
        sorted.values[rank] = catalogue_at(catalogue, rank);
    qsort(sorted.values, sorted.count, sizeof(sorted.values[0]), compare_names);
    buf_init_heap(&text, FINGERPRINT_TEXT_MAX);
    for (size_t i = 0; i < sorted.count; i++)
        write_value(catalogue, &sorted, sorted.values[i], &text);
    bool failed = text.failed;
    if (!failed)
        *out = digest_sha256(buf_view(&text));
    buf_free(&text);
    return failed ? FAULT(ERR_FAULT_MEMORY) : RESULT_OK;
}
