#include "http/forwarded.h"

/* Cuts the piece behind the last comma off *rest; false when nothing is left. */
static bool cut_last(struct str *rest, struct str *out_piece)
{
    if (rest->ptr == NULL)
        return false;
    for (size_t i = rest->len; i > 0; i--)
        if (rest->ptr[i - 1] == ',') {
            *out_piece = str_trim_blanks(str_slice(*rest, i, rest->len));
            rest->len = i - 1;
            return true;
        }
    *out_piece = str_trim_blanks(*rest);
    *rest = STR_NONE;
    return true;
}

bool forwarded_client(const struct str *fields, size_t count, const struct cidr_list *trusted,
                      struct ip *out)
{
    struct ip hop;
    bool any = false;

    for (size_t i = count; i > 0; i--) {
        struct str rest = fields[i - 1], piece;
        while (cut_last(&rest, &piece)) {
            if (!ip_parse(piece, &hop))
                return false;
            any = true;
            if (!cidr_list_has_ip(trusted, &hop)) {
                *out = hop;
                return true;
            }
        }
    }
    if (any)
        *out = hop;
    return any;
}

bool forwarded_request_id_ok(struct str id)
{
    if (id.len == 0 || id.len > REQUEST_ID_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        char c = id.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        if (!letter && !(c >= '0' && c <= '9') && c != '.' && c != '_' && c != '-')
            return false;
    }
    return true;
}
