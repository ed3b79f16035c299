#include "oauth/token_request.h"

static enum step_result read_ttl(struct exchange *x, struct token_request *out)
{
    struct str ttl, expires_in;
    enum err err = form_get(&out->form, STR("access_token_ttl"), &ttl);

    if (err == ERR_NONE)
        err = form_get(&out->form, STR("access_token_expires_in"), &expires_in);
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    if (ttl.ptr != NULL && expires_in.ptr != NULL)
        return exchange_refuse(
            x, ERR_BAD_PARAMETER,
            STR("access_token_ttl and access_token_expires_in mean the same; send one"));
    if (ttl.ptr == NULL)
        ttl = expires_in;
    if (ttl.ptr != NULL && !form_positive(ttl, &out->ttl_s))
        return exchange_refuse(x, ERR_BAD_PARAMETER,
                               STR("The lifetime is not a positive whole number of seconds"));
    return STEP_NEXT;
}

/* RFC8707-2: an absolute URI (RFC3986-4.3) without fragment. */
static bool is_absolute_uri(struct str text)
{
    size_t colon = str_find(text, ':');

    if (text.len > LIMIT_AUDIENCE || colon == 0 || colon + 1 >= text.len ||
        str_find(text, '#') != text.len)
        return false;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        bool scheme =
            letter || (i > 0 && ((c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.'));
        if (c <= 0x20 || c >= 0x7F || (i < colon && !scheme))
            return false;
    }
    return true;
}

static bool already_asked(const struct token_request *request, struct str resource)
{
    for (size_t i = 0; i < request->resource_count; i++)
        if (str_eq(request->resources[i], resource))
            return true;
    return false;
}

/* May repeat (8707-2-c). */
static enum step_result read_resources(struct exchange *x, struct token_request *out)
{
    for (size_t i = 0; i < out->form.count; i++) {
        struct str resource = out->form.pairs[i].value;
        if (!str_eq(out->form.pairs[i].name, STR("resource")) || resource.len == 0)
            continue;
        if (!is_absolute_uri(resource))
            return exchange_refuse(x, ERR_INVALID_TARGET,
                                   STR("A resource is not an absolute URI without fragment"));
        if (already_asked(out, resource))
            continue;
        if (out->resource_count == LIMIT_AUDIENCES)
            return exchange_refuse(x, ERR_INVALID_TARGET, STR("Too many resources"));
        out->resources[out->resource_count++] = resource;
    }
    return STEP_NEXT;
}

static bool is_name(struct str name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.ptr[i] < 0x20 || name.ptr[i] == 0x7F)
            return false;
    return name.len <= LIMIT_NAME && str_is_utf8(name);
}

enum step_result token_request_read(struct exchange *x, struct token_request *out)
{
    /* Known to the endpoint, so refused when repeated, though this grant has no use for the second
     * group. */
    const struct {
        struct str name;
        struct str *out;
    } wanted[] = {
        {STR("grant_type"), &out->grant_type},
        {STR("scope"), &out->scope},
        {STR("name"), &out->name},
        {STR("client_id"), &out->presented.client_id},
        {STR("client_secret"), &out->presented.client_secret},
        {STR("client_assertion"), &out->presented.client_assertion},
        {STR("client_assertion_type"), &out->presented.client_assertion_type},
        {STR("code"), NULL},
        {STR("redirect_uri"), NULL},
        {STR("code_verifier"), NULL},
        {STR("refresh_token"), NULL},
    };
    struct str unused;

    if (!form_is_media_type(x->request.content_type))
        return exchange_refuse(x, ERR_BAD_MEDIA_TYPE, STR_NONE);
    enum err err = form_parse(x->request.body, &x->arena, &out->form);
    for (size_t i = 0; err == ERR_NONE && i < sizeof(wanted) / sizeof(wanted[0]); i++)
        err = form_get(&out->form, wanted[i].name, wanted[i].out != NULL ? wanted[i].out : &unused);
    if (err_info(err)->kind == ERR_KIND_FAULT)
        return exchange_fault(x, FAULT(err));
    if (err != ERR_NONE)
        return exchange_refuse(x, err, STR_NONE);
    out->presented.authorization = x->request.authorization;
    if (!is_name(out->name))
        return exchange_refuse(x, ERR_BAD_PARAMETER,
                               STR("name is longer than 128 bytes or holds control characters"));
    if (read_ttl(x, out) == STEP_DONE)
        return STEP_DONE;
    return read_resources(x, out);
}
