/* The commands that ask a server, as data: which request a command is, how its options become the
 * request's query and body (their `use` in command.h), and which fields of the answer make a table.
 * One way runs them all: api_request.c builds, api_curl.c shows, http.c sends, api_answer.c prints,
 * api_errors.c says why not. */
#ifndef CLI_API_H
#define CLI_API_H

#include "cli/command.h"
#include "cli/credentials.h"
#include "cli/http.h"
#include "cli/output.h"
#include "core/arena.h"
#include "json/read.h"

struct api_call {
    const char *method; /* NULL: there is none */
    const char *path;   /* "{}": the operands, in order */
    const char *query;  /* fixed parameters, or NULL */
    const char *body;   /* members every body has, or NULL: {"status":"suspended"} without braces */
};

enum api_answer {
    API_OBJECT,
    API_LIST,   /* SPEC 5's envelope; `columns` make the table */
    API_NOTHING /* 204 */
};

struct api_verb {
    struct api_call call;
    struct api_call dry; /* what --dry-run sends instead; needs that option */
    enum api_answer answer;
    const char *done;    /* said of API_NOTHING */
    const char *operand; /* what a missing operand is */
    const char *secret;  /* the operand is a file that holds this field of a form */
    bool needs_fields;   /* a request without any would do nothing */
    const char *sure[2]; /* unless one of these options is given, or it is only tried or shown, */
    const char *unsure;  /* nothing is sent, and this is said; NULL: it needs neither */
    const char *columns[OUTPUT_COLUMNS_MAX + 1];
};

/* What the command is as a request. Text lives in the arena. */
struct api_request {
    const char *method;
    struct str path;          /* with query */
    struct str content_type;  /* empty: no body */
    struct str body;          /* empty where `secret_file` takes its place */
    const char *secret_field; /* of a form that stays out of sight until it is sent (P5) */
    const char *secret_file;
};

/* False after saying what is wrong with the command line. */
bool api_request_build(const struct cli *cli, const struct api_call *call, struct arena *arena,
                       struct api_request *out);

/* The request as a command for a shell, with $SCOPEMINT_TOKEN for the token, and a newline. */
void api_curl(const struct api_request *request, struct str server, struct buf *out);

/* Appends s as one word of a POSIX shell. */
void api_shell_word(struct str s, struct buf *out);

/* Says what the server said, one line an error, and what to do about it; the exit code. json: NULL
 * when the body was none. */
enum cli_exit api_explain_failure(const struct http_reply *reply, const struct json_value *body);

/* Prints a value that came from the server as a member of the current object or row, or, outermost,
 * as the object itself. brief: for a cell, a long list as its beginning. */
void api_put_member(struct output *o, const char *key, const struct json_value *value, bool brief);
void api_put_object(struct output *o, const struct json_value *object);

/* Sends with the token. False after saying why nothing came back. */
bool api_send(const struct credentials *credentials, const struct api_request *request,
              struct http_reply *out);

/* Prints the list that begins with this answer; with --all, the pages behind it too. */
enum cli_exit api_print_list(struct cli *cli, const struct credentials *credentials,
                             const struct api_request *request, const struct http_reply *first);

/* NULL when the body is not JSON or too large for arena. */
const struct json_value *api_parse(struct arena *arena, struct str body);

enum { API_ARENA = 256 * 1024 * 1024 };

#endif
