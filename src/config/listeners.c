/* server.listen and admin.listen: one address, or a list whose items are addresses or mappings
 *     - address: "0.0.0.0:8443"
 *       tls: {certificate: cert.pem, key: key.pem}
 *     - {address: "unix:/run/scopemint/http.sock", mode: "0660"} */
#include "config/near.h"
#include "config/read.h"

enum { MODE_DEFAULT = 0660 };

static void refuse_member(struct reader *r, const struct tree_node *member,
                          const char *const *known)
{
    struct near near;

    near_init(&near, member->key);
    for (const char *const *name = known; *name != NULL; name++)
        near_offer(&near, *name);
    near_report(&near, r->report, member->key_at, r->name, "member",
                "a listener has address, tls and mode, tls has certificate and key");
}

/* Sorts the members of a mapping into found[], in the order of known; others are reported. */
static bool take_members(struct reader *r, const struct tree_node *map, const char *const *known,
                         const struct tree_node **found)
{
    bool good = true;
    for (const struct tree_node *member = map->child; member != NULL; member = member->next) {
        size_t i = 0;
        while (known[i] != NULL && !str_eq(member->key, str_from(known[i])))
            i++;
        if (known[i] != NULL) {
            found[i] = member;
        } else {
            refuse_member(r, member, known);
            good = false;
        }
    }
    return good;
}

static bool read_address(struct reader *r, const struct tree_node *node,
                         struct config_listener *out)
{
    char quoted[REPORT_QUOTE];
    const char *wrong;

    if (!read_text(r, node, &out->text))
        return false;
    if (str_starts_with(out->text, STR("unix:")) && out->text.len > 5 &&
        !read_path(r, STR("unix:"), str_slice(out->text, 5, out->text.len), &out->text))
        return false;
    wrong = listen_parse(out->text, &out->address);
    if (wrong != NULL)
        REFUSE(r, node, "%s %s", report_quote(node->text, quoted), wrong);
    return wrong == NULL;
}

static bool read_file(struct reader *r, const struct tree_node *tls, const struct tree_node *node,
                      const char *member, struct str *out)
{
    struct str path;
    if (node == NULL) {
        REFUSE(r, tls, "tls has no %s; write {certificate: FILE, key: FILE}", member);
        return false;
    }
    if (!read_text(r, node, &path))
        return false;
    if (path.len == 0) {
        REFUSE(r, node, "the %s is empty; write a path", member);
        return false;
    }
    return read_path(r, STR(""), path, out);
}

static bool read_tls(struct reader *r, const struct tree_node *node, struct config_listener *out)
{
    static const char *const known[] = {"certificate", "key", NULL};
    const struct tree_node *found[2] = {NULL};
    bool good;

    if (node->kind != TREE_MAP) {
        if (node->kind != TREE_BROKEN)
            REFUSE(r, node, "tls is no mapping; write {certificate: FILE, key: FILE}");
        return false;
    }
    good = take_members(r, node, known, found);
    good = read_file(r, node, found[0], known[0], &out->certificate) && good;
    good = read_file(r, node, found[1], known[1], &out->key) && good;
    out->tls = good;
    return good;
}

static bool read_mode(struct reader *r, const struct tree_node *node, struct config_listener *out)
{
    struct str text;
    unsigned mode = 0;

    if (!read_text(r, node, &text))
        return false;
    for (size_t i = 0; i < text.len && text.len == 4; i++)
        mode = text.ptr[i] >= '0' && text.ptr[i] <= '7' ? mode * 8 + (unsigned)(text.ptr[i] - '0')
                                                        : 01000;
    if (text.len != 4 || mode > 0777) {
        REFUSE(r, node, "the mode is no octal number; write \"0660\"");
        return false;
    }
    out->mode = mode;
    return true;
}

static bool read_members(struct reader *r, const struct tree_node *node,
                         struct config_listener *out)
{
    static const char *const known[] = {"address", "tls", "mode", NULL};
    const struct tree_node *found[3] = {NULL};
    bool good = take_members(r, node, known, found);

    if (found[0] == NULL) {
        REFUSE(r, node, "a listener has no address; write {address: \"127.0.0.1:8420\"}");
        return false;
    }
    good = read_address(r, found[0], out) && good;
    if (found[1] != NULL)
        good = read_tls(r, found[1], out) && good;
    if (found[2] != NULL)
        good = read_mode(r, found[2], out) && good;
    if (good && found[2] != NULL && out->address.socket.ss_family != AF_UNIX) {
        REFUSE(r, found[2], "a mode is for unix sockets; remove it here");
        return false;
    }
    return good;
}

static bool read_listener(struct reader *r, const struct tree_node *node,
                          struct config_listener *out)
{
    *out = (struct config_listener){.mode = MODE_DEFAULT, .certificate = STR(""), .key = STR("")};
    return node->kind == TREE_MAP ? read_members(r, node, out) : read_address(r, node, out);
}

bool read_listeners(struct reader *r, const struct tree_node *node, struct config_listeners *out)
{
    struct config_listener *items;
    bool good = true, is_list = node->kind == TREE_LIST;
    size_t n = 0;

    if (node->kind == TREE_BROKEN)
        return false;
    if (is_list && node->n == 0) {
        REFUSE(r, node, "is an empty list; write at least one address, such as %s",
               r->row->fallback);
        return false;
    }
    items = report_alloc(r->report, (is_list ? node->n : 1) * sizeof(*items));
    if (items == NULL)
        return false;
    if (!is_list)
        good = read_listener(r, node, &items[n++]);
    for (const struct tree_node *item = is_list ? node->child : NULL; item != NULL;
         item = item->next)
        good = read_listener(r, item, &items[n++]) && good;
    if (good)
        *out = (struct config_listeners){.items = items, .n = n};
    return good;
}
