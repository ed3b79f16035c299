/* See output.h. In text a table is kept as rows of cells until its end, since a column is as wide
 * as its longest cell. */
#include "cli/output.h"

#include <assert.h>
#include <errno.h>

enum {
    OUTPUT_MAX = 256 * 1024 * 1024,
    LABEL_WIDTH = 22, /* of "name: " before a value */
    CELL_MAX = 64 * 1024,
    FLUSH_AT = 16 * 1024 * 1024,
};

struct output_row {
    struct output_row *next;
    struct str cells[OUTPUT_COLUMNS_MAX];
};

void output_init(struct output *o, bool json)
{
    *o = (struct output){.json = json};
    buf_init_heap(&o->text, OUTPUT_MAX);
    arena_init(&o->arena, NULL, 0, OUTPUT_MAX);
    json_writer_init(&o->writer, &o->text);
}

bool output_finish(struct output *o, FILE *file)
{
    bool fits = !o->text.failed;
    errno = 0;
    if (fits && o->json)
        buf_char(&o->text, '\n');
    if (fits && o->text.len > 0)
        fits = fwrite(o->text.ptr, 1, o->text.len, file) == o->text.len && fflush(file) == 0;
    int reason = errno;
    output_drop(o);
    errno = reason;
    return fits;
}

bool output_flush(struct output *o, FILE *file)
{
    if (!o->json || o->text.len < FLUSH_AT || o->text.failed)
        return true; /* what failed is told at the end */
    bool written = fwrite(o->text.ptr, 1, o->text.len, file) == o->text.len;
    o->text.len = 0;
    return written;
}

void output_drop(struct output *o)
{
    buf_free(&o->text);
    arena_reset(&o->arena);
}

static void spaces(struct buf *b, size_t n)
{
    while (n-- > 0)
        buf_char(b, ' ');
}

void output_begin(struct output *o)
{
    if (o->json)
        json_write_object_begin(&o->writer);
    o->depth++;
}

void output_begin_member(struct output *o, const char *key)
{
    if (o->json) {
        json_write_key(&o->writer, str_from(key));
    } else {
        spaces(&o->text, (o->depth - 1) * 2);
        output_put_safe(&o->text, str_from(key));
        buf_cstr(&o->text, ":\n");
    }
    output_begin(o);
}

void output_end(struct output *o)
{
    assert(o->depth > 0);
    if (o->json)
        json_write_object_end(&o->writer);
    o->depth--;
}

void output_table_begin(struct output *o)
{
    assert(o->depth == 0);
    o->in_table = true;
    o->rows = 0;
    if (o->json) {
        json_write_object_begin(&o->writer);
        json_write_key(&o->writer, STR("items"));
        json_write_array_begin(&o->writer);
    }
}

void output_row_begin(struct output *o)
{
    o->column = 0;
    o->rows++;
    if (o->json) {
        json_write_object_begin(&o->writer);
        return;
    }
    struct output_row *row = arena_zalloc(&o->arena, sizeof(*row));
    if (row == NULL) {
        o->text.failed = true;
        return;
    }
    if (o->first == NULL)
        o->first = row;
    else
        o->last->next = row;
    o->last = row;
}

void output_row_end(struct output *o)
{
    if (o->json)
        json_write_object_end(&o->writer);
    assert(o->rows == 1 || o->column == o->columns || o->json);
    o->columns = o->column;
}

/* Columns on a terminal, near enough: one for each character. */
static size_t width_of(struct str s)
{
    size_t width = 0;
    for (size_t i = 0; i < s.len; i++)
        width += ((unsigned char)s.ptr[i] & 0xc0) != 0x80;
    return width;
}

static void put_line(struct output *o, const struct str *cells, const size_t *widths)
{
    for (size_t c = 0; c < o->columns; c++) {
        buf_str(&o->text, cells[c]);
        if (c + 1 < o->columns)
            spaces(&o->text, widths[c] - width_of(cells[c]) + 2);
    }
    buf_char(&o->text, '\n');
}

void output_table_end(struct output *o)
{
    o->in_table = false;
    if (o->json) {
        json_write_array_end(&o->writer);
        json_write_member_int(&o->writer, STR("count"), (int64_t)o->rows);
        json_write_object_end(&o->writer);
        return;
    }
    size_t widths[OUTPUT_COLUMNS_MAX];
    struct str titles[OUTPUT_COLUMNS_MAX];
    for (size_t c = 0; c < o->columns; c++) {
        titles[c] = str_from(o->titles[c]);
        widths[c] = width_of(titles[c]);
        for (const struct output_row *row = o->first; row != NULL; row = row->next)
            if (width_of(row->cells[c]) > widths[c])
                widths[c] = width_of(row->cells[c]);
    }
    if (o->rows > 0)
        put_line(o, titles, widths);
    for (const struct output_row *row = o->first; row != NULL; row = row->next)
        put_line(o, row->cells, widths);
}

/* In text: a cell of the current row, or a line of the current object. */
static void put_text(struct output *o, const char *key, struct str value)
{
    if (!o->in_table) {
        size_t start = o->text.len;
        spaces(&o->text, (o->depth - 1) * 2);
        output_put_safe(&o->text, str_from(key));
        buf_cstr(&o->text, ": ");
        size_t used = o->text.len - start;
        spaces(&o->text, used < LABEL_WIDTH ? LABEL_WIDTH - used : 0);
        output_put_safe(&o->text, value);
        buf_char(&o->text, '\n');
        return;
    }
    assert(o->column < OUTPUT_COLUMNS_MAX);
    struct buf cell;
    buf_init_arena(&cell, &o->arena, value.len, CELL_MAX);
    output_put_safe(&cell, value);
    o->titles[o->column] = key;
    if (o->last != NULL)
        o->last->cells[o->column] = buf_view(&cell);
    o->text.failed = o->text.failed || cell.failed;
    o->column++;
}

void output_str(struct output *o, const char *key, struct str value)
{
    if (o->json)
        json_write_member_string(&o->writer, str_from(key), value);
    else
        put_text(o, key, value.len == 0 ? STR("-") : value);
}

void output_int(struct output *o, const char *key, int64_t value)
{
    if (o->json) {
        json_write_member_int(&o->writer, str_from(key), value);
        return;
    }
    char digits[32];
    struct buf text;
    buf_init_fixed(&text, digits, sizeof(digits));
    buf_i64(&text, value);
    put_text(o, key, buf_view(&text));
}

void output_bool(struct output *o, const char *key, bool value)
{
    if (o->json)
        json_write_member_bool(&o->writer, str_from(key), value);
    else
        put_text(o, key, value ? STR("yes") : STR("no"));
}

void output_null(struct output *o, const char *key)
{
    if (o->json) {
        json_write_key(&o->writer, str_from(key));
        json_write_null(&o->writer);
    } else {
        put_text(o, key, STR("-"));
    }
}

void output_time_ms(struct output *o, const char *key, int64_t wall_ms)
{
    char memory[64];
    struct buf text;
    buf_init_fixed(&text, memory, sizeof(memory));
    buf_time_ms(&text, wall_ms);
    output_str(o, key, buf_view(&text));
}

void output_names(struct output *o, const char *key, const struct str *names, size_t n)
{
    if (o->json) {
        json_write_key(&o->writer, str_from(key));
        json_write_array_begin(&o->writer);
        for (size_t i = 0; i < n; i++)
            json_write_string(&o->writer, names[i]);
        json_write_array_end(&o->writer);
        return;
    }
    struct buf text;
    buf_init_heap(&text, CELL_MAX);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            buf_char(&text, ' ');
        buf_str(&text, names[i]);
    }
    o->text.failed = o->text.failed || text.failed;
    put_text(o, key, text.len == 0 ? STR("-") : buf_view(&text));
    buf_free(&text);
}
