/* What the running server tells: on the addresses its configuration gives it, and then at the
 * address everybody else knows it by; see doctor.h. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/un.h>

#include "cli/api.h"
#include "cli/doctor.h"
#include "keyring/change.h"

enum { DOCTOR_TIMEOUT_S = 5, URL_MAX = 512 };

/* Where to connect to, for a listener that may be bound to every address. */
static void url_of(const struct config_listener *listener, const char *path, char out[URL_MAX],
                   const char **out_socket)
{
    const struct sockaddr *address = (const struct sockaddr *)&listener->address.socket;
    const char *scheme = listener->tls ? "https" : "http";
    char host[INET6_ADDRSTRLEN] = "";

    *out_socket = NULL;
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *in = (const struct sockaddr_in *)address;
        bool any = in->sin_addr.s_addr == htonl(INADDR_ANY);
        inet_ntop(AF_INET, &in->sin_addr, host, sizeof(host));
        snprintf(out, URL_MAX, "%s://%s:%u%s", scheme, any ? "127.0.0.1" : host,
                 (unsigned)ntohs(in->sin_port), path);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *in = (const struct sockaddr_in6 *)address;
        bool any = IN6_IS_ADDR_UNSPECIFIED(&in->sin6_addr);
        inet_ntop(AF_INET6, &in->sin6_addr, host, sizeof(host));
        snprintf(out, URL_MAX, "%s://[%s]:%u%s", scheme, any ? "::1" : host,
                 (unsigned)ntohs(in->sin6_port), path);
    } else {
        *out_socket = ((const struct sockaddr_un *)address)->sun_path;
        snprintf(out, URL_MAX, "%s://localhost%s", scheme, path);
    }
}

/* The JSON object at the address, in the arena; NULL after reporting. */
static const struct json_value *ask(struct doctor *d, const char *check, const char *url,
                                    const char *socket, const char *remedy)
{
    const struct http_request request = {
        .method = "GET", .url = str_from(url), .socket = socket, .timeout_s = DOCTOR_TIMEOUT_S};
    const struct json_value *body = NULL;
    struct http_reply reply;
    struct buf why;

    buf_init_heap(&why, 4096);
    if (http_send(&request, &reply, &why)) {
        struct str text = arena_str(&d->arena, buf_view(&reply.body));
        body = reply.status == 200 || reply.status == 503 ? api_parse(&d->arena, text) : NULL;
        if (!json_is(body, JSON_OBJECT)) {
            doctor_report(d, DOCTOR_FAIL, check, remedy, "%s answers with status %d", url,
                          reply.status);
            body = NULL;
        }
        http_reply_done(&reply);
    } else {
        doctor_report(d, DOCTOR_FAIL, check, remedy, "%s: %.*s", url, STR_ARG(buf_view(&why)));
    }
    buf_free(&why);
    return body;
}

/* A part of /readyz: its own words are the best there are. */
static void report_part(struct doctor *d, const struct json_value *part)
{
    struct str state = STR_NONE, reason = STR_INIT("well");
    struct str name = json_key(part);
    enum doctor_state is = DOCTOR_FAIL;
    char check[64];

    (void)json_find_string(part, STR("state"), &state);
    (void)json_find_string(part, STR("reason"), &reason);
    snprintf(check, sizeof(check), "ready: %.*s",
             STR_ARG(str_slice(name, 0, name.len < 40 ? name.len : 40)));
    if (str_eq(state, STR("ok")) || str_eq(state, STR("off")))
        is = DOCTOR_OK;
    else if (str_eq(state, STR("degraded")))
        is = DOCTOR_WARN;
    doctor_report(d, is, check, is == DOCTOR_OK ? NULL : "the server's log says when it began",
                  "%.*s", STR_ARG(reason));
}

static bool check_ready(struct doctor *d)
{
    const struct config_listener *admin = &d->config->admin.listen.items[0];
    const struct json_value *body;
    const char *socket;
    char url[URL_MAX];

    url_of(admin, "/livez", url, &socket);
    if (ask(d, "live", url, socket, "is it admin.listen of the running server? see its log") ==
        NULL)
        return false;
    doctor_report(d, DOCTOR_OK, "live", NULL, "%s answers", url);
    url_of(admin, "/readyz", url, &socket);
    body = ask(d, "ready", url, socket, "see the server's log");
    const struct json_value *part = json_first(json_member(body, STR("parts")));
    for (; part != NULL; part = json_next(part))
        report_part(d, part);
    return body != NULL;
}

static bool has_kid(const struct json_value *jwks, struct str kid)
{
    const struct json_value *key = json_first(json_member(jwks, STR("keys")));
    struct str found;

    for (; key != NULL; key = json_next(key))
        if (json_find_string(key, STR("kid"), &found) == JSON_FOUND && str_eq(found, kid))
            return true;
    return false;
}

/* Does everybody who verifies tokens see the keys that the directory says are in use? */
static void check_jwks(struct doctor *d)
{
    static const char check[] = "published keys";
    struct keyring_manifest manifest;
    char url[URL_MAX];
    struct buf why;

    snprintf(url, sizeof(url), "%.*s/oauth/jwks", STR_ARG(d->config->server.issuer));
    const struct json_value *jwks =
        ask(d, check, url, NULL, "server.issuer has to lead here; look at the proxy or at DNS");
    if (jwks == NULL)
        return;
    buf_init_heap(&why, 4096);
    enum keyring_status listed = keyring_list(d->config->keys.dir.ptr, &manifest, &why);
    buf_free(&why);
    if (listed != KEYRING_DONE)
        return; /* told by the check of the keys */
    for (size_t i = 0; i < manifest.n; i++) {
        const struct keyring_entry *entry = &manifest.entries[i];
        if (entry->state != KEY_ACTIVE || has_kid(jwks, keyring_entry_kid(entry)))
            continue;
        doctor_report(d, DOCTOR_FAIL, check,
                      "send the server SIGHUP; if it stays, server.issuer leads to another server",
                      "%s does not hold the active key %.*s", url,
                      STR_ARG(keyring_entry_kid(entry)));
        return;
    }
    doctor_report(d, DOCTOR_OK, check, NULL, "%s holds the active keys", url);
}

static void check_metadata(struct doctor *d)
{
    static const char check[] = "issuer";
    struct str issuer = STR_NONE;
    char url[URL_MAX];

    snprintf(url, sizeof(url), "%.*s/.well-known/oauth-authorization-server",
             STR_ARG(d->config->server.issuer));
    const struct json_value *body =
        ask(d, check, url, NULL, "server.issuer has to lead here; look at the proxy or at DNS");
    if (body == NULL)
        return;
    (void)json_find_string(body, STR("issuer"), &issuer);
    if (str_eq(issuer, d->config->server.issuer))
        doctor_report(d, DOCTOR_OK, check, NULL, "%s answers, as itself", url);
    else
        doctor_report(d, DOCTOR_FAIL, check, "server.issuer and the server's own must be the same",
                      "%s says it is %.*s", url, STR_ARG(issuer));
}

void doctor_check_server(struct doctor *d)
{
    if (d->server <= 0 && d->config->store.kind == CONFIG_STORE_SQLITE)
        return; /* nobody to ask, which was told */
    if (!check_ready(d))
        return;
    check_jwks(d);
    check_metadata(d);
}
