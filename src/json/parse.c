/* Builds the tree from yajl's events. yajl checks the grammar; depth, key and value limits and
 * repeated keys are ours.
 *
 * Two traps. yajl never looks at what its allocator returns, so its memory comes from the arena
 * through functions that leave by longjmp once the arena is full; nothing is left to free. And it
 * takes an unfinished string behind a finished value for nothing, so what follows the value is
 * checked here. */
#include <setjmp.h>
#include <string.h>
#include <yajl/yajl_parse.h>

#include "json/value.h"

enum { DEPTH_MAX = 64 };

const struct json_limits json_limits_request = {LIMIT_JSON_DEPTH, LIMIT_JSON_KEYS,
                                                LIMIT_JSON_VALUES};

static_assert((int)LIMIT_JSON_DEPTH <= (int)DEPTH_MAX, "the stack of open containers is fixed");

struct level {
    struct json_value *container, *last; /* last: the newest child */
};

struct parser {
    struct arena *arena;
    struct str text;
    struct json_limits limits;
    yajl_handle yajl;
    struct level open[DEPTH_MAX];
    size_t depth, values;
    struct str key; /* read, its value still to come */
    struct json_value *root;
    size_t root_end;
    const char *reason; /* why we stopped yajl */
    bool at_end;        /* yajl is draining: its offsets mean nothing */
    jmp_buf no_memory;
};

/* Every block carries its size in front, for realloc. */
enum { BLOCK_HEAD = 16 };

static void *block_alloc(void *ctx, size_t size)
{
    struct parser *p = ctx;
    char *block = size > SIZE_MAX - BLOCK_HEAD ? NULL : arena_alloc(p->arena, BLOCK_HEAD + size);
    if (block == NULL)
        longjmp(p->no_memory, 1);
    memcpy(block, &size, sizeof(size));
    return block + BLOCK_HEAD;
}

static void *block_realloc(void *ctx, void *old, size_t size)
{
    size_t old_size = 0;
    void *block = block_alloc(ctx, size);
    if (old != NULL) {
        memcpy(&old_size, (char *)old - BLOCK_HEAD, sizeof(old_size));
        memcpy(block, old, old_size < size ? old_size : size);
    }
    return block;
}

static void block_free(void *ctx, void *block)
{
    (void)ctx;
    (void)block; /* goes with the arena */
}

static size_t offset_now(const struct parser *p)
{
    return p->at_end ? p->text.len : yajl_get_bytes_consumed(p->yajl);
}

static int stop(struct parser *p, const char *reason)
{
    p->reason = reason;
    return 0;
}

/* Text without escapes lies within the input and stays there; the rest is copied. */
static struct str keep_text(struct parser *p, const char *bytes, size_t len)
{
    uintptr_t at = (uintptr_t)bytes, from = (uintptr_t)p->text.ptr;
    if (len == 0)
        return STR("");
    if (at >= from && at < from + p->text.len)
        return str_make(bytes, len);
    struct str copy = arena_str(p->arena, str_make(bytes, len));
    if (copy.ptr == NULL)
        longjmp(p->no_memory, 1);
    return copy;
}

/* A new value in its place in the tree; NULL past a limit. */
static struct json_value *value_add(struct parser *p, enum json_type type)
{
    if (++p->values > p->limits.values) {
        stop(p, "too many values");
        return NULL;
    }
    struct json_value *value = arena_zalloc(p->arena, sizeof(*value));
    if (value == NULL)
        longjmp(p->no_memory, 1);
    value->type = type;
    value->offset = (uint32_t)offset_now(p);
    if (p->depth == 0) {
        p->root = value;
        p->root_end = offset_now(p);
        return value;
    }
    struct level *level = &p->open[p->depth - 1];
    value->key = p->key;
    p->key = STR_NONE;
    if (level->last != NULL)
        level->last->next = value;
    else
        level->container->first = value;
    level->last = value;
    level->container->count++;
    return value;
}

static int on_null(void *ctx)
{
    return value_add(ctx, JSON_NULL) != NULL;
}

static int on_bool(void *ctx, int truth)
{
    struct json_value *value = value_add(ctx, JSON_BOOL);
    if (value == NULL)
        return 0;
    value->truth = truth != 0;
    return 1;
}

static int text_add(struct parser *p, enum json_type type, const char *bytes, size_t len)
{
    struct json_value *value = value_add(p, type);
    if (value == NULL)
        return 0;
    value->text = keep_text(p, bytes, len);
    return 1;
}

static int on_number(void *ctx, const char *digits, size_t len)
{
    return text_add(ctx, JSON_NUMBER, digits, len);
}

static int on_string(void *ctx, const unsigned char *bytes, size_t len)
{
    return text_add(ctx, JSON_STRING, (const char *)bytes, len);
}

static int on_key(void *ctx, const unsigned char *bytes, size_t len)
{
    struct parser *p = ctx;
    struct level *level = &p->open[p->depth - 1];
    struct str key = keep_text(p, (const char *)bytes, len);

    if (level->container->count >= p->limits.keys)
        return stop(p, "an object has too many members");
    if (json_member(level->container, key) != NULL)
        return stop(p, "an object names a member twice");
    p->key = key;
    return 1;
}

static int container_begin(struct parser *p, enum json_type type)
{
    if (p->depth >= p->limits.depth || p->depth >= DEPTH_MAX)
        return stop(p, "the nesting is too deep");
    struct json_value *value = value_add(p, type);
    if (value == NULL)
        return 0;
    p->open[p->depth++] = (struct level){value, NULL};
    return 1;
}

static int on_object(void *ctx)
{
    return container_begin(ctx, JSON_OBJECT);
}

static int on_array(void *ctx)
{
    return container_begin(ctx, JSON_ARRAY);
}

static int on_end(void *ctx)
{
    struct parser *p = ctx;
    if (--p->depth == 0)
        p->root_end = offset_now(p);
    return 1;
}

static const yajl_callbacks callbacks = {
    .yajl_null = on_null,
    .yajl_boolean = on_bool,
    .yajl_number = on_number,
    .yajl_string = on_string,
    .yajl_start_map = on_object,
    .yajl_map_key = on_key,
    .yajl_end_map = on_end,
    .yajl_start_array = on_array,
    .yajl_end_array = on_end,
};

static bool only_blanks_after_root(const struct parser *p)
{
    for (size_t i = p->root_end; i < p->text.len; i++)
        if (memchr(" \t\r\n", p->text.ptr[i], 4) == NULL)
            return false;
    return true;
}

/* All state lives in *p, since locals would not survive the longjmp. */
static enum err parse_text(struct parser *p)
{
    yajl_alloc_funcs memory = {block_alloc, block_realloc, block_free, p};

    if (setjmp(p->no_memory) != 0)
        return ERR_FAULT_MEMORY;
    p->yajl = yajl_alloc(&callbacks, &memory, p);
    yajl_config(p->yajl, yajl_dont_validate_strings, 1); /* json_text_check has */
    if (yajl_parse(p->yajl, (const unsigned char *)p->text.ptr, p->text.len) != yajl_status_ok) {
        p->reason = p->reason != NULL ? p->reason : "the text is not well-formed";
        return ERR_BAD_JSON;
    }
    p->at_end = true;
    if (yajl_complete_parse(p->yajl) != yajl_status_ok) {
        p->reason = p->reason != NULL ? p->reason : "the text ends too early";
        return ERR_BAD_JSON;
    }
    if (!only_blanks_after_root(p)) {
        p->reason = "something follows the value";
        return ERR_BAD_JSON;
    }
    return ERR_NONE;
}

static void error_fill(struct str text, struct json_error error, struct json_error *out)
{
    if (out == NULL)
        return;
    error.offset = error.offset > text.len ? text.len : error.offset;
    error.line = error.column = 1;
    for (size_t i = 0; i < error.offset; i++) {
        bool ends = text.ptr[i] == '\n';
        error.line += ends;
        error.column = ends ? 1 : error.column + 1;
    }
    *out = error;
}

enum err json_parse(struct arena *arena, struct str text, const struct json_limits *limits,
                    const struct json_value **out, struct json_error *out_error)
{
    struct parser p = {.arena = arena, .text = text, .limits = *limits};
    struct json_error error;

    if (!json_text_check(text, &error)) {
        error_fill(text, error, out_error);
        return ERR_BAD_JSON;
    }
    enum err code = parse_text(&p);
    if (code == ERR_BAD_JSON)
        error_fill(text, (struct json_error){.reason = p.reason, .offset = offset_now(&p)},
                   out_error);
    if (code == ERR_NONE)
        *out = p.root;
    return code;
}

enum err json_parse_object(struct arena *arena, struct str text, const struct json_limits *limits,
                           const struct json_value **out, struct json_error *out_error)
{
    const struct json_value *value;
    enum err code = json_parse(arena, text, limits, &value, out_error);

    if (code == ERR_NONE && !json_is(value, JSON_OBJECT)) {
        error_fill(text, (struct json_error){.reason = "the value is no object"}, out_error);
        return ERR_BAD_JSON;
    }
    if (code == ERR_NONE)
        *out = value;
    return code;
}
