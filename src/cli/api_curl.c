/* The request as a command that can be pasted, kept and sent to somebody; see api.h. No secret gets
 * into it: the token stays a variable, and what a file holds is left to curl to read (P5). */
#include "cli/api.h"

void api_shell_word(struct str s, struct buf *out)
{
    static const char plain[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@%+";
    bool bare = s.len > 0;

    for (size_t i = 0; bare && i < s.len; i++)
        bare = s.ptr[i] != '\0' && strchr(plain, s.ptr[i]) != NULL;
    if (bare) {
        buf_str(out, s);
        return;
    }
    buf_char(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'')
            buf_cstr(out, "'\\''");
        else
            buf_char(out, s.ptr[i]);
    }
    buf_char(out, '\'');
}

/* `name@file` is curl's way to read a field from a file, "-" being standard input. */
static void put_secret(const struct api_request *request, struct buf *out)
{
    char memory[4096];
    struct buf word;

    buf_init_fixed(&word, memory, sizeof(memory));
    buf_cstr(&word, request->secret_field);
    buf_char(&word, '@');
    buf_cstr(&word, request->secret_file);
    out->failed = out->failed || word.failed;
    buf_cstr(out, " --data-urlencode ");
    api_shell_word(buf_view(&word), out);
}

void api_curl(const struct api_request *request, struct str server, struct buf *out)
{
    char memory[64 * 1024];
    struct buf url;

    buf_init_fixed(&url, memory, sizeof(memory));
    buf_str(&url, server);
    buf_str(&url, request->path);
    out->failed = out->failed || url.failed;
    buf_cstr(out, "curl -sS");
    if (strcmp(request->method, "GET") != 0) {
        buf_cstr(out, " -X ");
        buf_cstr(out, request->method);
    }
    buf_cstr(out, " -H \"Authorization: Bearer $SCOPEMINT_TOKEN\"");
    if (request->secret_field != NULL) {
        put_secret(request, out);
    } else if (request->content_type.len > 0) {
        buf_cstr(out, " -H 'Content-Type: ");
        buf_str(out, request->content_type);
        buf_cstr(out, "' --data-raw ");
        api_shell_word(request->body, out);
    }
    buf_char(out, ' ');
    api_shell_word(buf_view(&url), out);
    buf_char(out, '\n');
}
