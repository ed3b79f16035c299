#include "config/read.h"

#include "config/issuer.h"
#include "config/near.h"
#include "config/redis_url.h"

enum { LABEL_MAX = 64 };

bool read_text(struct reader *r, const struct tree_node *node, struct str *out)
{
    if (node->kind == TREE_BROKEN)
        return false;
    if (node->kind != TREE_TEXT) {
        REFUSE(r, node, "is %s where one value belongs; write %s", tree_kind_name(node->kind),
               r->row->fallback);
        return false;
    }
    if (node->null) {
        REFUSE(r, node, "has no value; write one, or remove the line for the default %s",
               r->row->fallback);
        return false;
    }
    *out = node->text;
    return true;
}

/* The bare number of "10s", "5m" or "1500ms" in the unit of the key, for the remedy. */
static bool duration_to_unit(struct str text, bool key_is_ms, uint64_t *out)
{
    static const struct {
        const char *unit;
        uint64_t ms;
    } units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}};
    uint64_t scale = key_is_ms ? 1 : 1000, count;

    for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
        struct str unit = str_from(units[i].unit);
        if (str_ends_with(text, unit) &&
            str_to_u64(str_slice(text, 0, text.len - unit.len), 1000000, &count) &&
            count * units[i].ms % scale == 0) {
            *out = count * units[i].ms / scale;
            return true;
        }
    }
    return false;
}

static void refuse_number(struct reader *r, const struct tree_node *node)
{
    struct str key = str_from(r->row->key);
    bool ms = str_ends_with(key, STR("_ms"));
    const char *unit = ms ? "milliseconds" : "seconds";
    char quoted[REPORT_QUOTE];
    uint64_t bare;

    report_quote(node->text, quoted);
    if ((ms || str_ends_with(key, STR("_s"))) && duration_to_unit(node->text, ms, &bare))
        REFUSE(r, node, "%s has a unit; the key counts %s, write %llu", quoted, unit,
               (unsigned long long)bare);
    else
        REFUSE(r, node, "%s is not a whole number; write one from %d to %d", quoted, r->row->min,
               r->row->max);
}

static bool read_int(struct reader *r, const struct tree_node *node, void *out)
{
    struct str text;
    uint64_t number;

    if (!read_text(r, node, &text))
        return false;
    if (node->quoted) {
        REFUSE(r, node, "is text in quotes; write the number without them");
        return false;
    }
    if (!str_to_u64(text, INT32_MAX, &number)) {
        refuse_number(r, node);
        return false;
    }
    if ((int)number < r->row->min || (int)number > r->row->max) {
        REFUSE(r, node, "%d is out of range; choose %d to %d", (int)number, r->row->min,
               r->row->max);
        return false;
    }
    *(int *)out = (int)number;
    return true;
}

static bool read_bool(struct reader *r, const struct tree_node *node, void *out)
{
    char quoted[REPORT_QUOTE];
    struct str text;

    if (!read_text(r, node, &text))
        return false;
    if (node->quoted || (!str_eq(text, STR("true")) && !str_eq(text, STR("false")))) {
        REFUSE(r, node, "%s is neither true nor false; write one of them without quotes",
               report_quote(text, quoted));
        return false;
    }
    *(bool *)out = text.len == 4;
    return true;
}

static void refuse_choice(struct reader *r, const struct tree_node *node)
{
    char all[128], quoted[REPORT_QUOTE];
    struct near near;
    struct buf b;

    near_init(&near, node->text);
    buf_init_fixed(&b, all, sizeof(all) - 1);
    for (const char *const *name = r->row->choices; *name != NULL; name++) {
        near_offer(&near, *name);
        buf_cstr(&b, b.len == 0 ? "" : name[1] == NULL ? " or " : ", ");
        buf_cstr(&b, *name);
    }
    all[b.len] = '\0';
    report_quote(node->text, quoted);
    if (near.best.ptr != NULL)
        REFUSE(r, node, "%s is not one of %s; did you mean `%s`?", quoted, all, near.best.ptr);
    else
        REFUSE(r, node, "%s is not one of them; choose %s", quoted, all);
}

static bool read_choice(struct reader *r, const struct tree_node *node, void *out)
{
    struct str text;
    if (!read_text(r, node, &text))
        return false;
    for (const char *const *name = r->row->choices; *name != NULL; name++) {
        if (str_eq(text, str_from(*name))) {
            *(struct str *)out = str_from(*name);
            return true;
        }
    }
    refuse_choice(r, node);
    return false;
}

static bool is_label(struct str text)
{
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
              c == '.' || c == '_' || c == '-'))
            return false;
    }
    return text.len > 0 && text.len <= LABEL_MAX;
}

static bool read_label(struct reader *r, const struct tree_node *node, void *out)
{
    char quoted[REPORT_QUOTE];
    struct str text;

    if (!read_text(r, node, &text))
        return false;
    if (!is_label(text)) {
        REFUSE(r, node, "%s is no name; write 1 to %d letters, digits, dots, '-' or '_'",
               report_quote(text, quoted), LABEL_MAX);
        return false;
    }
    *(struct str *)out = text;
    return true;
}

bool read_path(struct reader *r, struct str prefix, struct str path, struct str *out)
{
    struct str base = path.len > 0 && path.ptr[0] == '/' ? STR("") : r->base;
    char *joined = report_alloc(r->report, prefix.len + base.len + path.len + 1);

    if (joined == NULL)
        return false;
    memcpy(joined, prefix.ptr, prefix.len);
    memcpy(joined + prefix.len, base.ptr, base.len);
    memcpy(joined + prefix.len + base.len, path.ptr, path.len);
    *out = str_make(joined, prefix.len + base.len + path.len);
    return true;
}

static bool read_path_key(struct reader *r, const struct tree_node *node, void *out)
{
    struct str text;
    if (!read_text(r, node, &text))
        return false;
    if (text.len == 0 && r->row->type == SCHEMA_PATH) {
        REFUSE(r, node, "is empty; write a path");
        return false;
    }
    return read_path(r, STR(""), text, out);
}

static bool read_path_or_none(struct reader *r, const struct tree_node *node, void *out)
{
    if (node->kind == TREE_TEXT && !node->null && node->text.len == 0) {
        *(struct str *)out = STR("");
        return true;
    }
    return read_path_key(r, node, out);
}

static bool read_issuer(struct reader *r, const struct tree_node *node, void *out)
{
    char quoted[REPORT_QUOTE];
    struct str text;
    const char *wrong;

    if (!read_text(r, node, &text))
        return false;
    wrong = issuer_check(text);
    if (wrong != NULL) {
        REFUSE(r, node, "%s %s", report_quote(text, quoted), wrong);
        return false;
    }
    *(struct str *)out = text;
    return true;
}

/* The path of a text "scheme:path" whose path, if relative, is one from the file's directory. */
static bool read_scheme_path(struct reader *r, struct str text, struct str scheme, struct str *out)
{
    struct str path = str_slice(text, scheme.len, text.len);
    return path.len > 0 && read_path(r, STR(""), path, out);
}

static bool read_store(struct reader *r, const struct tree_node *node, void *out)
{
    struct config_store store = {.kind = CONFIG_STORE_SQLITE, .path = STR("")};
    char quoted[REPORT_QUOTE];
    struct str text;

    if (!read_text(r, node, &text))
        return false;
    if (str_eq(text, STR("memory:"))) {
        store.kind = CONFIG_STORE_MEMORY;
    } else if (str_starts_with(text, STR("postgres://")) ||
               str_starts_with(text, STR("postgresql://"))) {
        REFUSE(r, node, "PostgreSQL is not in this version; write sqlite:FILE");
        return false;
    } else if (!str_starts_with(text, STR("sqlite:")) ||
               !read_scheme_path(r, text, STR("sqlite:"), &store.path)) {
        REFUSE(r, node,
               "%s names no store; write sqlite:FILE or memory:", report_quote(text, quoted));
        return false;
    }
    *(struct config_store *)out = store;
    return true;
}

static bool read_redis(struct reader *r, const struct tree_node *node, void *out)
{
    struct str text;
    const char *wrong;

    if (!read_text(r, node, &text))
        return false;
    if (str_starts_with(text, STR("unix:")) && text.len > 5 &&
        !read_path(r, STR("unix:"), str_slice(text, 5, text.len), &text))
        return false;
    wrong = redis_url_parse(r->report, text, out);
    if (wrong != NULL)
        REFUSE(r, node, "the url %s", wrong);
    return wrong == NULL;
}

static bool read_cidrs(struct reader *r, const struct tree_node *node, void *out)
{
    return read_networks(r, node, out);
}

static bool read_types(struct reader *r, const struct tree_node *node, void *out)
{
    return read_jwt_types(r, node, out);
}

static bool read_listen(struct reader *r, const struct tree_node *node, void *out)
{
    return read_listeners(r, node, out);
}

bool read_value(struct reader *r, const struct schema_row *row, const struct tree_node *node,
                struct config *config)
{
    static bool (*const by_type[SCHEMA_TYPE_COUNT])(struct reader *, const struct tree_node *,
                                                    void *) = {
        [SCHEMA_INT] = read_int,       [SCHEMA_BOOL] = read_bool,
        [SCHEMA_CHOICE] = read_choice, [SCHEMA_LABEL] = read_label,
        [SCHEMA_PATH] = read_path_key, [SCHEMA_PATH_NONE] = read_path_or_none,
        [SCHEMA_ISSUER] = read_issuer, [SCHEMA_LISTEN] = read_listen,
        [SCHEMA_CIDRS] = read_cidrs,   [SCHEMA_JWT_TYPES] = read_types,
        [SCHEMA_STORE] = read_store,   [SCHEMA_REDIS] = read_redis,
    };
    r->row = row;
    schema_name(row, r->name);
    return by_type[row->type](r, node, (char *)config + row->offset);
}
