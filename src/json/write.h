/* Writing JSON into a buffer: commas, colons and quotes are handled here, memory is the buffer's.
 * Whether all fitted is asked of the buffer (buf.failed), once, at the end. Order of calls is the
 * caller's code, never input, so breaking it (a value without its key, an end too many) is a bug
 * and asserted. */
#ifndef JSON_WRITE_H
#define JSON_WRITE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/buf.h"
#include "core/sid.h"

enum { JSON_WRITE_DEPTH = 32 };

struct json_writer {
    struct buf *out;
    uint32_t objects; /* bit d: the container at depth d is an object */
    uint32_t filled;  /* bit d: it holds something, so a comma comes next */
    uint8_t depth;
    bool key_written; /* its value comes next, without a comma */
};

void json_writer_init(struct json_writer *w, struct buf *out);

void json_write_object_begin(struct json_writer *w);
void json_write_object_end(struct json_writer *w);
void json_write_array_begin(struct json_writer *w);
void json_write_array_end(struct json_writer *w);
void json_write_key(struct json_writer *w, struct str key);

void json_write_string(struct json_writer *w, struct str s); /* see buf_json */
void json_write_int(struct json_writer *w, int64_t value);
void json_write_bool(struct json_writer *w, bool value);
void json_write_null(struct json_writer *w);
void json_write_sid(struct json_writer *w, const struct sid *sid);
void json_write_time_ms(struct json_writer *w, int64_t wall_ms); /* see buf_time_ms */

/* One value that is JSON already. */
void json_write_raw(struct json_writer *w, struct str json);

/* A key and its value. */
void json_write_member_string(struct json_writer *w, struct str key, struct str s);
void json_write_member_int(struct json_writer *w, struct str key, int64_t value);
void json_write_member_bool(struct json_writer *w, struct str key, bool value);
void json_write_member_sid(struct json_writer *w, struct str key,
                           const struct sid *sid); /* neither, where it is none */

#endif
