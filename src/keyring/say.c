#include "keyring/say.h"

#include <stdarg.h>
#include <stdio.h>

enum { LINE = 1024 };

bool say(struct buf *why, const char *format, ...)
{
    char line[LINE];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    if (why->len > 0)
        buf_char(why, '\n');
    buf_cstr(why, line);
    return false;
}
