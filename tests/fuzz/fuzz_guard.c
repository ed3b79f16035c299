/* The framing guard (THREATS-71 to 73): what it lets through has one reading, which is the one that
 * the library's own parser comes to. */
#include <string.h>

#include "core/limits.h"
#include "fuzz.h"
#include "http/guard.h"

static void check_accepted(struct str raw, const struct guard_head *head)
{
    assert(head->size > 0 && head->size <= raw.len && head->size <= LIMIT_HEAD);
    assert(head->size >= 4 && memcmp(raw.ptr + head->size - 4, "\r\n\r\n", 4) == 0);
    const struct str pieces[] = {
        head->path,          head->query,    head->host,   head->authorization, head->content_type,
        head->if_none_match, head->if_match, head->origin, head->request_id,
    };
    for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
        assert(fuzz_is_within(pieces[i], str_slice(raw, 0, head->size)));
        for (size_t k = 0; k < pieces[i].len; k++)
            assert(pieces[i].ptr[k] != '\r' && pieces[i].ptr[k] != '\n' &&
                   pieces[i].ptr[k] != '\0');
    }
}

/* ---- the library's reading ---- */

/* libh2o exports its parser without a header. */
struct phr_header {
    const char *name; /* NULL: a folded line */
    size_t name_len;
    const char *value;
    size_t value_len;
};
int phr_parse_request(const char *bytes, size_t size, const char **method, size_t *method_len,
                      const char **path, size_t *path_len, int *minor_version,
                      struct phr_header *headers, size_t *header_count, size_t last_size);

struct reading {
    struct str method, target;
    int size, minor;
    struct phr_header headers[LIMIT_HEADERS];
    size_t count;
};

static struct reading read_head(struct str raw)
{
    struct reading r = {.count = LIMIT_HEADERS};

    r.size = phr_parse_request(raw.ptr, raw.len, &r.method.ptr, &r.method.len, &r.target.ptr,
                               &r.target.len, &r.minor, r.headers, &r.count, 0);
    return r;
}

/* The one field of this name, as the library has it; ptr is NULL when absent. */
static struct str field(const struct reading *r, const char *name)
{
    struct str found = STR_NONE;

    for (size_t i = 0; i < r->count; i++) {
        struct str here = str_make(r->headers[i].name, r->headers[i].name_len);
        assert(here.ptr != NULL);
        if (!str_eq_nocase(here, str_from(name)))
            continue;
        assert(found.ptr == NULL);
        found = str_trim_blanks(str_make(r->headers[i].value, r->headers[i].value_len));
    }
    return found;
}

static void check_same(const struct guard_head *head, const struct reading *r)
{
    size_t mark = str_find(r->target, '?');
    struct str length = field(r, "content-length");
    uint64_t number = 0;

    assert(r->size > 0 && (size_t)r->size == head->size);
    assert(str_eq(str_slice(r->target, 0, mark), head->path));
    assert(head->is_head == str_eq(r->method, STR("HEAD")));
    assert((head->method == METHOD_POST) == str_eq(r->method, STR("POST")));
    assert((head->method == METHOD_GET) == str_eq(r->method, STR("GET")));
    assert(length.ptr == NULL || str_to_u64(length, UINT64_MAX, &number));
    assert(number == head->content_length);
    assert(field(r, "transfer-encoding").ptr == NULL);
    assert(str_eq(field(r, "host"), head->host));
    assert(str_eq(field(r, "authorization"), head->authorization));
    assert(str_eq(field(r, "content-type"), head->content_type));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct str raw = fuzz_text(data, size);
    struct guard_head head;
    const char *why = NULL;

    if (guard_check(raw, &head, &why) != ERR_NONE) {
        assert(why != NULL);
        return 0;
    }
    check_accepted(raw, &head);
    struct reading reading = read_head(raw);
    check_same(&head, &reading);
    return 0;
}
