/* What commands print: fields by name, once for both forms. In JSON they become members; in text an
 * object becomes "name: value" lines and a table one row per object. Text from tokens and files
 * goes to terminals, so control characters never get through as such. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/buf.h"
#include "core/str.h"
#include "json/write.h"

enum { OUTPUT_COLUMNS_MAX = 8 };

struct output_row;

struct output {
    bool json;
    struct buf text;
    struct json_writer writer;
    struct arena arena; /* cells of a table in text, until their widths are known */
    unsigned depth;     /* of objects */
    bool in_table;
    const char *titles[OUTPUT_COLUMNS_MAX];
    size_t columns, column;
    struct output_row *first, *last;
    size_t rows;
};

void output_init(struct output *o, bool json);

/* Writes all to file and frees (wiped: it may hold new secrets). False when something did not fit
 * or the file would not take it; then errno says why where the file is the reason. */
bool output_finish(struct output *o, FILE *file);

/* Between two rows of a long table in JSON: writes what has gathered and makes room. False as
 * output_finish, which still ends it. */
bool output_flush(struct output *o, FILE *file);

/* Frees (and wipes) without writing. */
void output_drop(struct output *o);

/* The outermost object, and objects within by key. */
void output_begin(struct output *o);
void output_begin_member(struct output *o, const char *key);
void output_end(struct output *o);

/* A list of objects, each between output_row_begin and output_row_end, all with the same fields in
 * the same order; in JSON {"items","count"}. The outermost thing, never within an object. */
void output_table_begin(struct output *o);
void output_row_begin(struct output *o);
void output_row_end(struct output *o);
void output_table_end(struct output *o);

void output_str(struct output *o, const char *key, struct str value);
void output_int(struct output *o, const char *key, int64_t value);
void output_bool(struct output *o, const char *key, bool value);
void output_null(struct output *o, const char *key); /* "-" in text */
void output_time_ms(struct output *o, const char *key, int64_t wall_ms);
void output_names(struct output *o, const char *key, const struct str *names, size_t n);

/* Appends s to b fit for a terminal: controls, DEL and bytes that are not UTF-8 become '?'. */
void output_put_safe(struct buf *b, struct str s);

#endif
