/* The pages behind error_uri: what an error means and what to do about it, for the developer who
 * met it. Static text, no script, nothing of the request in it. */
#include "oauth/endpoints.h"

#include "exchange/exchange.h"

struct error_page {
    struct str wire; /* the last segment of the path */
    const char *meaning, *remedy;
};

static const struct error_page pages[] = {
    {STR_INIT("invalid_request"),
     "The request cannot be read, or can be read in more than one way: a parameter is missing, "
     "repeated or "
     "malformed, the body is not of the expected media type, or more than one way of "
     "authentication was used.",
     "Send POST bodies as application/x-www-form-urlencoded, each parameter once, credentials in "
     "one place "
     "only. error_description names the parameter where one is at fault."},
    {STR_INIT("invalid_client"),
     "The client is unknown, suspended, or did not prove who it is by the method it is registered "
     "for.",
     "Check client_id and client_secret. A client registered for client_secret_basic sends them in "
     "the "
     "Authorization header, form-urlencoded before base64; one registered for client_secret_post "
     "sends them "
     "in the body. The answer is the same for an unknown client and a wrong secret."},
    {STR_INIT("unauthorized_client"), "The client is not registered for this grant type.",
     "Have the grant type added to the application, or use one it is registered for."},
    {STR_INIT("unsupported_grant_type"), "This server does not offer that grant type.",
     "grant_types_supported in /.well-known/oauth-authorization-server lists those it offers."},
    {STR_INIT("invalid_grant"),
     "The code, refresh token or assertion is wrong, used up, expired or "
     "somebody else's.",
     "Start the flow again."},
    {STR_INIT("invalid_scope"),
     "A requested scope is unknown, or the application or its partner (or a partner above it) does "
     "not "
     "hold it now, or nothing at all would be left to grant.",
     "error_description names the first such scope, and says whether the application's or the "
     "partner's table "
     "refused it. Leave scope out to get all that can be granted."},
    {STR_INIT("invalid_target"),
     "The resource is not an absolute URI without fragment, or not one of the "
     "application's audiences.",
     "Ask for one of the application's audiences, spelled exactly as registered, or leave resource "
     "out."},
    {STR_INIT("invalid_token"),
     "The bearer token is missing, malformed, expired, revoked, not from here, or "
     "not addressed to this server.",
     "Get a new token. Tokens for this server's own endpoints need its issuer among their "
     "audiences."},
    {STR_INIT("insufficient_scope"),
     "The caller is known but lacks the right that this endpoint needs.",
     "For introspection: an application registered with introspection, or a bearer token holding "
     "scopemint.introspect or one of oauth.manage_all_tokens, oauth.manage, oauth.read. For "
     "revocation by "
     "bearer: scopemint.revoke."},
    {STR_INIT("too_many_requests"),
     "Too many failed authentications, or too many tokens that did not verify, "
     "came from here in a short time.",
     "Wait as long as Retry-After says. Until then even right credentials are refused."},
    {STR_INIT("temporarily_unavailable"),
     "The server cannot tell or cannot store right now. Nothing was "
     "changed.",
     "Try again after the time in Retry-After. Never take this answer for no."},
    {STR_INIT("server_error"), "Something went wrong on this side.",
     "Try again; if it stays, give the operator the request_id of the answer."},
    {STR_INIT("not_found"), "There is nothing at this path.",
     "/.well-known/oauth-authorization-server lists the endpoints. Paths are compared byte for "
     "byte."},
    {STR_INIT("method_not_allowed"), "The path exists but does not take that method.",
     "The Allow header lists the methods it takes."},
    {STR_INIT("access_denied"),
     "The request came in clear text from an address that is neither on this "
     "machine nor a trusted proxy.",
     "Use https, or have the proxy's address added to server.trusted_proxies."},
    {STR_INIT("conflict"),
     "The object is in a state that does not allow this, or the name names several objects.",
     "The message says which. Read the object again."},
    {STR_INIT("precondition_failed"),
     "If-Match names another revision than the object has: somebody changed it since it was read.",
     "Read the object again, apply the change to what it is now, and send its new ETag."},
    {STR_INIT("unsupported_media_type"), "The body is not of the media type this endpoint takes.",
     "Send JSON, with Content-Type: application/json."},
    {STR_INIT("unknown_field"), "The body holds a field that objects of this kind do not have.",
     "Each error names its field. Names are case-sensitive."},
    {STR_INIT("read_only_field"), "The body holds a field that is not the caller's to write.",
     "Leave it out of PATCH and POST. PUT takes the whole object as it was read and passes over "
     "such fields."},
    {STR_INIT("missing_field"), "A required field is absent.",
     "PUT carries every field that can be written; PATCH changes only those it carries."},
    {STR_INIT("wrong_type"), "A field's value is of another JSON type than the field takes.",
     "Each error names its field and the type it takes."},
    {STR_INIT("invalid_value"),
     "A field or a parameter has a value that is out of bounds, malformed or not on offer.",
     "Each error names its field or parameter and says what is taken there."},
};

static void render(const struct error_page *page, struct buf *b)
{
    buf_cstr(b, "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>");
    buf_str(b, page->wire);
    buf_cstr(b, " - Scopemint</title></head>\n<body>\n<h1>");
    buf_str(b, page->wire);
    buf_cstr(b, "</h1>\n<p>");
    buf_cstr(b, page->meaning);
    buf_cstr(b, "</p>\n<h2>What to do</h2>\n<p>");
    buf_cstr(b, page->remedy);
    buf_cstr(b, "</p>\n</body>\n</html>\n");
}

static enum step_result show(struct exchange *x)
{
    struct str wire = str_slice(x->request.path, STR(ERROR_PAGES_PATH).len, x->request.path.len);
    struct buf b;

    for (size_t i = 0; i < sizeof(pages) / sizeof(pages[0]); i++) {
        if (!str_eq(wire, pages[i].wire))
            continue;
        buf_init_arena(&b, &x->arena, 2048, 4096);
        render(&pages[i], &b);
        if (b.failed)
            return exchange_fault(x, FAULT(ERR_FAULT_MEMORY));
        exchange_add_header(x, STR("cache-control"), STR("public, max-age=3600"));
        x->reply.cacheable = true;
        return exchange_reply(x, 200, STR("text/html; charset=utf-8"), buf_view(&b));
    }
    return exchange_refuse(x, ERR_NOT_FOUND, STR_NONE);
}

const struct endpoint error_pages_endpoint = {.name = "error_pages", .steps = {show}};
