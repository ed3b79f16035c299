/* What the server said when it did not do it; see api.h. Its words go to a terminal, so they are
 * made fit for one. */
#include "cli/api.h"

enum { LINE_MAX_BYTES = 16 * 1024 };

/* "code, field: message" */
static void say_error(struct str code, struct str field, struct str message)
{
    struct buf line;

    buf_init_heap(&line, LINE_MAX_BYTES);
    output_put_safe(&line, code);
    if (field.len > 0) {
        buf_cstr(&line, ", ");
        output_put_safe(&line, field);
    }
    if (message.len > 0) {
        buf_cstr(&line, ": ");
        output_put_safe(&line, message);
    }
    cli_say("%.*s", STR_ARG(buf_view(&line)));
    buf_free(&line);
}

/* SPEC 5's errors, or the one of RFC6749-5.2. False: the body is neither. */
static bool say_errors(const struct json_value *body)
{
    const struct json_value *item = json_first(json_member(body, STR("errors")));
    struct str code = STR_NONE, message = STR_NONE;

    if (item == NULL) {
        (void)json_find_string(body, STR("error_description"), &message);
        if (json_find_string(body, STR("error"), &code) != JSON_FOUND)
            return false;
        say_error(code, STR_NONE, message);
        return true;
    }
    for (; item != NULL; item = json_next(item)) {
        struct str field = STR_NONE;

        code = STR("error");
        message = STR_NONE;
        (void)json_find_string(item, STR("code"), &code);
        (void)json_find_string(item, STR("field"), &field);
        (void)json_find_string(item, STR("message"), &message);
        say_error(code, field, message);
    }
    return true;
}

static enum cli_exit code_of(int status)
{
    if (status == 401)
        return CLI_UNAUTHORISED;
    if (status == 404)
        return CLI_NOT_FOUND;
    if (status == 429 || status >= 500 || status < 400)
        return CLI_UNAVAILABLE;
    return CLI_REFUSED;
}

enum cli_exit api_explain_failure(const struct http_reply *reply, const struct json_value *body)
{
    enum cli_exit code = code_of(reply->status);

    if (!say_errors(body))
        cli_say("the server answered with status %d, and no reason%s", reply->status,
                reply->status < 400 ? "; is --server the address of a Scopemint?" : "");
    if (code == CLI_UNAUTHORISED)
        cli_say("the credentials are not taken here; a token may have expired or been revoked");
    if (code == CLI_UNAVAILABLE && reply->retry_after[0] != '\0')
        cli_say("try again in %s s", reply->retry_after);
    if (reply->request_id[0] != '\0')
        cli_say("the server's log has this request as %s", reply->request_id);
    return code;
}
