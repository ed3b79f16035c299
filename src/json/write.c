#include "json/write.h"

#include <assert.h>

static uint32_t level_bit(const struct json_writer *w)
{
    return (uint32_t)1 << (w->depth - 1);
}

static bool in_object(const struct json_writer *w)
{
    return w->depth > 0 && (w->objects & level_bit(w)) != 0;
}

static void comma(struct json_writer *w)
{
    if (w->depth == 0)
        return;
    if ((w->filled & level_bit(w)) != 0)
        buf_char(w->out, ',');
    w->filled |= level_bit(w);
}

static void before_value(struct json_writer *w)
{
    assert(w->key_written == in_object(w));
    if (w->key_written)
        w->key_written = false;
    else
        comma(w);
}

static void begin(struct json_writer *w, bool object)
{
    before_value(w);
    assert(w->depth < JSON_WRITE_DEPTH);
    w->depth++;
    w->filled &= ~level_bit(w);
    w->objects = object ? w->objects | level_bit(w) : w->objects & ~level_bit(w);
    buf_char(w->out, object ? '{' : '[');
}

static void end(struct json_writer *w, bool object)
{
    assert(w->depth > 0 && in_object(w) == object && !w->key_written);
    w->depth--;
    buf_char(w->out, object ? '}' : ']');
}

void json_writer_init(struct json_writer *w, struct buf *out)
{
    *w = (struct json_writer){.out = out};
}

void json_write_object_begin(struct json_writer *w)
{
    begin(w, true);
}

void json_write_object_end(struct json_writer *w)
{
    end(w, true);
}

void json_write_array_begin(struct json_writer *w)
{
    begin(w, false);
}

void json_write_array_end(struct json_writer *w)
{
    end(w, false);
}

void json_write_key(struct json_writer *w, struct str key)
{
    assert(in_object(w) && !w->key_written);
    comma(w);
    buf_json(w->out, key);
    buf_char(w->out, ':');
    w->key_written = true;
}

void json_write_string(struct json_writer *w, struct str s)
{
    before_value(w);
    buf_json(w->out, s);
}

void json_write_int(struct json_writer *w, int64_t value)
{
    before_value(w);
    buf_i64(w->out, value);
}

void json_write_bool(struct json_writer *w, bool value)
{
    before_value(w);
    buf_str(w->out, value ? STR("true") : STR("false"));
}

void json_write_null(struct json_writer *w)
{
    before_value(w);
    buf_str(w->out, STR("null"));
}

void json_write_sid(struct json_writer *w, const struct sid *sid)
{
    char text[SID_TEXT];
    sid_format(sid, text);
    json_write_string(w, str_make(text, sizeof(text)));
}

void json_write_time_ms(struct json_writer *w, int64_t wall_ms)
{
    before_value(w);
    buf_char(w->out, '"');
    buf_time_ms(w->out, wall_ms);
    buf_char(w->out, '"');
}

void json_write_raw(struct json_writer *w, struct str json)
{
    before_value(w);
    buf_str(w->out, json);
}

void json_write_member_string(struct json_writer *w, struct str key, struct str s)
{
    json_write_key(w, key);
    json_write_string(w, s);
}

void json_write_member_int(struct json_writer *w, struct str key, int64_t value)
{
    json_write_key(w, key);
    json_write_int(w, value);
}

void json_write_member_bool(struct json_writer *w, struct str key, bool value)
{
    json_write_key(w, key);
    json_write_bool(w, value);
}

void json_write_member_sid(struct json_writer *w, struct str key, const struct sid *sid)
{
    if (sid_is_none(sid))
        return;
    json_write_key(w, key);
    json_write_sid(w, sid);
}
