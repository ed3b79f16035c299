/* See http.h. The only file with libcurl, which is loaded when a command asks a server: it brings
 * two dozen libraries (Kerberos, LDAP, a second TLS), and `scopemint serve` is to have none of them
 * in its memory. */
#include "cli/http.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/version.h"
#include "crypto/wipe.h"

enum { CONNECT_TIMEOUT_S = 10 };

/* libcurl's functions, by their own types. */
struct curl_calls {
    __typeof__(curl_easy_init) *easy_init;
    __typeof__(curl_easy_setopt) *easy_setopt;
    __typeof__(curl_easy_perform) *easy_perform;
    __typeof__(curl_easy_getinfo) *easy_getinfo;
    __typeof__(curl_easy_strerror) *easy_strerror;
    __typeof__(curl_easy_cleanup) *easy_cleanup;
    __typeof__(curl_slist_append) *slist_append;
    __typeof__(curl_slist_free_all) *slist_free_all;
};

struct transfer {
    const struct curl_calls *calls;
    CURL *curl;
    struct curl_slist *headers;
    char *secrets[3]; /* copies with a terminator, wiped at the end */
    size_t secret_count;
    char error[CURL_ERROR_SIZE];
    struct http_reply *reply;
    bool ready; /* nothing went wrong while it was set up */
};

/* Stays loaded: libraries below it do not like to leave. */
static bool load(struct curl_calls *calls, struct buf *why)
{
    void *library = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    const struct {
        const char *name;
        void *place;
    } wanted[] = {
        {"curl_easy_init", &calls->easy_init},
        {"curl_easy_setopt", &calls->easy_setopt},
        {"curl_easy_perform", &calls->easy_perform},
        {"curl_easy_getinfo", &calls->easy_getinfo},
        {"curl_easy_strerror", &calls->easy_strerror},
        {"curl_easy_cleanup", &calls->easy_cleanup},
        {"curl_slist_append", &calls->slist_append},
        {"curl_slist_free_all", &calls->slist_free_all},
    };

    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        void *found = library != NULL ? dlsym(library, wanted[i].name) : NULL;
        if (found == NULL) {
            buf_cstr(why, "libcurl cannot be loaded; install the package libcurl4");
            return false;
        }
        memcpy(wanted[i].place, &found,
               sizeof(found)); /* as POSIX says a function's address comes */
    }
    return true;
}

static size_t take_body(char *bytes, size_t size, size_t n, void *context)
{
    struct transfer *t = context;

    buf_put(&t->reply->body, bytes, size * n);
    return t->reply->body.failed ? 0 : size * n;
}

static void take_value(struct str line, struct str name, char *out, size_t size)
{
    size_t colon = str_find(line, ':');

    if (colon == line.len || !str_eq_nocase(str_slice(line, 0, colon), name))
        return;
    struct str value = str_trim_blanks(str_slice(line, colon + 1, line.len));
    if (value.len < size && str_is_printable_ascii(value)) {
        memcpy(out, value.ptr, value.len);
        out[value.len] = '\0';
    }
}

static size_t take_header(char *bytes, size_t size, size_t n, void *context)
{
    struct http_reply *reply = ((struct transfer *)context)->reply;
    struct str line = str_trim(str_trim(str_make(bytes, size * n), '\n'), '\r');

    take_value(line, STR("x-request-id"), reply->request_id, sizeof(reply->request_id));
    take_value(line, STR("retry-after"), reply->retry_after, sizeof(reply->retry_after));
    return size * n;
}

#define SET(t, option, value) \
    (t)->ready = (t)->ready && (t)->calls->easy_setopt((t)->curl, option, value) == CURLE_OK

static void add_header(struct transfer *t, const char *line)
{
    struct curl_slist *more = t->calls->slist_append(t->headers, line);

    t->ready = t->ready && more != NULL;
    if (more != NULL)
        t->headers = more;
}

/* A copy with a terminator, wiped with the transfer; NULL, and not ready, when it has one inside.
 */
static const char *keep_secret(struct transfer *t, struct str secret)
{
    char *copy =
        memchr(secret.ptr, '\0', secret.len) == NULL ? strndup(secret.ptr, secret.len) : NULL;

    t->ready = t->ready && copy != NULL;
    if (copy != NULL)
        t->secrets[t->secret_count++] = copy;
    return copy;
}

static void set_address(struct transfer *t, const struct http_request *request)
{
    const char *url = keep_secret(t, request->url);

    SET(t, CURLOPT_URL, url);
    SET(t, CURLOPT_PROTOCOLS_STR, "http,https");
    SET(t, CURLOPT_FOLLOWLOCATION, 0L);
    SET(t, CURLOPT_PATH_AS_IS, 1L);
    SET(t, CURLOPT_SSL_VERIFYPEER, 1L);
    SET(t, CURLOPT_SSL_VERIFYHOST, 2L);
    if (request->ca_file != NULL)
        SET(t, CURLOPT_CAINFO, request->ca_file);
    if (request->socket != NULL)
        SET(t, CURLOPT_UNIX_SOCKET_PATH, request->socket);
    if (str_starts_with(request->url, STR("http:")))
        SET(t, CURLOPT_PROXY, ""); /* clear text goes to this machine alone */
    SET(t, CURLOPT_NOSIGNAL, 1L);
    SET(t, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_TIMEOUT_S);
    SET(t, CURLOPT_TIMEOUT, (long)(request->timeout_s > 0 ? request->timeout_s : HTTP_TIMEOUT_S));
}

static void set_credentials(struct transfer *t, const struct http_request *request)
{
    if (request->user.len > 0) {
        const char *user = keep_secret(t, request->user);
        const char *password = keep_secret(t, request->password);
        SET(t, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        SET(t, CURLOPT_USERNAME, user);
        SET(t, CURLOPT_PASSWORD, password);
    } else if (request->bearer.len > 0) {
        const char *bearer = keep_secret(t, request->bearer);
        SET(t, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        SET(t, CURLOPT_XOAUTH2_BEARER, bearer);
    }
}

static void set_body(struct transfer *t, const struct http_request *request)
{
    char line[128];

    SET(t, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    snprintf(line, sizeof(line), "scopemint/%s", scopemint_version);
    SET(t, CURLOPT_USERAGENT, line);
    add_header(t, "Accept: application/json");
    if (request->content_type.len > 0) {
        snprintf(line, sizeof(line), "Content-Type: %.*s", STR_ARG(request->content_type));
        add_header(t, line);
        add_header(t, "Expect:");
        SET(t, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
        SET(t, CURLOPT_POSTFIELDS, request->body.len > 0 ? request->body.ptr : "");
    }
    SET(t, CURLOPT_CUSTOMREQUEST, request->method);
    SET(t, CURLOPT_HTTPHEADER, t->headers);
}

static void set_answer(struct transfer *t)
{
    SET(t, CURLOPT_ERRORBUFFER, t->error);
    SET(t, CURLOPT_WRITEFUNCTION, take_body);
    SET(t, CURLOPT_WRITEDATA, t);
    SET(t, CURLOPT_HEADERFUNCTION, take_header);
    SET(t, CURLOPT_HEADERDATA, t);
}

static void say_why(const struct transfer *t, CURLcode code, struct buf *why)
{
    if (t->reply->body.failed)
        buf_cstr(why, "the answer is too large");
    else if (t->error[0] != '\0')
        buf_cstr(why, t->error);
    else
        buf_cstr(why, t->calls->easy_strerror(code));
}

static void end(struct transfer *t)
{
    t->calls->slist_free_all(t->headers);
    t->calls->easy_cleanup(t->curl);
    for (size_t i = 0; i < t->secret_count; i++) {
        wipe(t->secrets[i], strlen(t->secrets[i]));
        free(t->secrets[i]);
    }
}

bool http_send(const struct http_request *request, struct http_reply *out, struct buf *why)
{
    struct http_reply reply = {.status = 0};
    struct curl_calls calls;
    struct transfer t = {.calls = &calls, .reply = &reply};
    CURLcode code = CURLE_FAILED_INIT;
    long status = 0;

    if (!load(&calls, why))
        return false;
    buf_init_heap(&reply.body, HTTP_REPLY_MAX);
    t.curl = calls.easy_init();
    t.ready = t.curl != NULL;
    set_answer(&t);
    set_address(&t, request);
    set_credentials(&t, request);
    set_body(&t, request);
    if (t.ready)
        code = calls.easy_perform(t.curl);
    if (code == CURLE_OK)
        code = calls.easy_getinfo(t.curl, CURLINFO_RESPONSE_CODE, &status);
    if (code == CURLE_OK) {
        reply.status = (int)status;
        *out = reply;
    } else {
        say_why(&t, code, why);
        http_reply_done(&reply);
    }
    end(&t);
    return code == CURLE_OK;
}

void http_reply_done(struct http_reply *reply)
{
    buf_free(&reply->body);
}
