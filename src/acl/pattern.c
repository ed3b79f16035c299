#include "acl/pattern.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "acl/class_width.h"
#include "core/limits.h"

enum {
    OPTIONS = PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
              PCRE2_DOLLAR_ENDONLY | PCRE2_AUTO_CALLOUT,
    PARENTHESES_DEEP = 50,
    BACKTRACKS_MAX = 2 * ACL_STEPS_MAX, /* PCRE2's own count, for each place in the value */
    DEPTH_MAX = ACL_STEPS_MAX,
    HEAP_MAX_KB = 4096,
    STEPS_A_LOOK = 256, /* at the clock, for a short value */
    BYTES_A_STEP = 512, /* of the value that make a step count for one more */
};

struct acl_pattern {
    pcre2_code *code;
    size_t size;
};

struct acl_matcher {
    pcre2_match_context *context;
    pcre2_match_data *data;
    const struct clock *clock;
    int64_t end_ms;
    bool is_timed;   /* end_ms is set: the first pattern came */
    bool is_over;    /* it was later than that */
    unsigned unseen; /* steps since the last look at the clock */
    unsigned steps;  /* of the pattern that runs */
    unsigned weight; /* of a step of it, for the clock: an item may run over the whole value */
};

/* ---- compiling ---- */

static void *allocate(size_t size, void *nothing)
{
    (void)nothing;
    return malloc(size);
}

static void release(void *memory, void *nothing)
{
    (void)nothing;
    free(memory);
}

static pcre2_compile_context *new_compile_context(void)
{
    pcre2_general_context *general = pcre2_general_context_create(allocate, release, NULL);
    if (general == NULL)
        return NULL;
    pcre2_compile_context *context = pcre2_compile_context_create(general);
    pcre2_general_context_free(general);
    if (context != NULL) {
        pcre2_set_newline(context, PCRE2_NEWLINE_LF);
        pcre2_set_parens_nest_limit(context, PARENTHESES_DEEP);
    }
    return context;
}

static enum err refuse(struct acl_pattern_error *out, size_t offset, const char *text)
{
    out->offset = offset;
    snprintf(out->text, sizeof(out->text), "%s", text);
    return ERR_INVALID_VALUE;
}

static enum err compile(struct str text, pcre2_code **out, struct acl_pattern_error *out_error)
{
    pcre2_compile_context *context = new_compile_context();
    /* PCRE2 10.42 looks one byte past the end after "(*LIMIT_MATCH=1". */
    char terminated[LIMIT_ACL_PATTERN + 1] = {0};
    PCRE2_SIZE offset = 0;
    int code = 0;

    if (context == NULL)
        return ERR_FAULT_MEMORY;
    memcpy(terminated, text.ptr, text.len);
    *out = pcre2_compile((PCRE2_SPTR)terminated, text.len, OPTIONS, &code, &offset, context);
    pcre2_compile_context_free(context);
    if (*out != NULL)
        return ERR_NONE;
    if (code == PCRE2_ERROR_HEAP_FAILED)
        return ERR_FAULT_MEMORY;
    out_error->offset = offset < text.len ? offset : text.len;
    pcre2_get_error_message(code, (PCRE2_UCHAR *)out_error->text, sizeof(out_error->text));
    return ERR_INVALID_VALUE;
}

enum err acl_pattern_new(struct str text, struct acl_pattern **out,
                         struct acl_pattern_error *out_error)
{
    size_t offset = 0;

    if (text.len > LIMIT_ACL_PATTERN)
        return refuse(out_error, LIMIT_ACL_PATTERN, "a pattern is at most 1024 bytes long");
    if (text.ptr == NULL)
        text = STR("");
    if (class_width_is_over(text, &offset))
        return refuse(
            out_error, offset,
            "with (?i) a range may span 256 characters; write it in parts, or both cases");

    struct acl_pattern *pattern = malloc(sizeof(*pattern));
    if (pattern == NULL)
        return ERR_FAULT_MEMORY;
    enum err err = compile(text, &pattern->code, out_error);
    if (err != ERR_NONE) {
        free(pattern);
        return err;
    }
    size_t code_size = 0;
    pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &code_size);
    pattern->size = sizeof(*pattern) + code_size;
    *out = pattern;
    return ERR_NONE;
}

void acl_pattern_free(struct acl_pattern **pattern)
{
    if (*pattern == NULL)
        return;
    pcre2_code_free((*pattern)->code);
    free(*pattern);
    *pattern = NULL;
}

size_t acl_pattern_size(const struct acl_pattern *pattern)
{
    return pattern->size;
}

/* ---- running ---- */

/* Counts n steps more; looks at the clock now and then. False: the time is over. */
static bool go_on(struct acl_matcher *m, unsigned n)
{
    m->unseen += n;
    if (m->unseen >= STEPS_A_LOOK) {
        m->unseen = 0;
        if (clock_mono_ms(m->clock) >= m->end_ms)
            m->is_over = true;
    }
    return !m->is_over;
}

static int on_step(pcre2_callout_block *block, void *matcher)
{
    struct acl_matcher *m = matcher;

    (void)block;
    if (++m->steps > ACL_STEPS_MAX)
        return PCRE2_ERROR_MATCHLIMIT;
    return go_on(m, m->weight) ? 0 : PCRE2_ERROR_CALLOUT;
}

struct acl_matcher *acl_matcher_new(const struct clock *clock)
{
    pcre2_general_context *general = pcre2_general_context_create(allocate, release, NULL);
    struct acl_matcher *m = calloc(1, sizeof(*m));

    if (m == NULL || general == NULL)
        goto failed;
    m->clock = clock;
    m->context = pcre2_match_context_create(general);
    m->data = pcre2_match_data_create(1, general);
    if (m->context == NULL || m->data == NULL)
        goto failed;
    pcre2_general_context_free(general);
    pcre2_set_match_limit(m->context, BACKTRACKS_MAX);
    pcre2_set_depth_limit(m->context, DEPTH_MAX);
    pcre2_set_heap_limit(m->context, HEAP_MAX_KB);
    pcre2_set_callout(m->context, on_step, m);
    return m;

failed:
    pcre2_general_context_free(general);
    acl_matcher_free(&m);
    return NULL;
}

void acl_matcher_free(struct acl_matcher **matcher)
{
    struct acl_matcher *m = *matcher;

    if (m == NULL)
        return;
    pcre2_match_data_free(m->data);
    pcre2_match_context_free(m->context);
    free(m);
    *matcher = NULL;
}

void acl_matcher_begin(struct acl_matcher *matcher)
{
    matcher->is_timed = matcher->is_over = false;
}

enum acl_verdict acl_pattern_match(const struct acl_pattern *pattern, struct acl_matcher *matcher,
                                   struct str value)
{
    if (value.len > LIMIT_ACL_VALUE)
        return ACL_OVER_LIMIT;
    if (!matcher->is_timed) {
        matcher->is_timed = true;
        matcher->end_ms = clock_mono_ms(matcher->clock) + ACL_TIME_MAX_MS;
        matcher->unseen = 0;
    }
    matcher->steps = 0;
    matcher->weight = 1 + (unsigned)(value.len / BYTES_A_STEP);
    if (!go_on(matcher, matcher->weight)) /* reading the value counts, too */
        return ACL_OUT_OF_TIME;
    const char *bytes = value.ptr != NULL ? value.ptr : "";
    int found = pcre2_match(pattern->code, (PCRE2_SPTR)bytes, value.len, 0, 0, matcher->data,
                            matcher->context);
    if (found >= 0)
        return ACL_YES; /* 0: it has groups, which nobody asked for */
    switch (found) {
    case PCRE2_ERROR_NOMATCH:
        return ACL_NO;
    case PCRE2_ERROR_CALLOUT:
        return ACL_OUT_OF_TIME;
    case PCRE2_ERROR_NOMEMORY:
        return ACL_OUT_OF_MEMORY;
    default:
        return ACL_OVER_LIMIT;
    }
}
