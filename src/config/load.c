#include "config/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/check.h"
#include "config/near.h"
#include "config/overrides.h"
#include "config/read.h"
#include "config/report.h"
#include "config/schema.h"
#include "config/tree.h"

enum { CONFIG_MEMORY = 16 * 1024 * 1024 };

static const char remove_it[] = "remove it (the sample file names all there are)";

/* A key that exists, only not here: offers its full name. */
static void offer_elsewhere(struct near *near, char memory[SCHEMA_NAME])
{
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        if (str_eq(near->given, str_from(schema_rows[i].key)))
            near->best = str_from(schema_name(&schema_rows[i], memory));
}

static void refuse_section(struct report *report, const struct tree_node *node)
{
    char name[SCHEMA_NAME];
    struct near near;

    near_init(&near, node->key);
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        near_offer(&near, schema_rows[i].section);
    offer_elsewhere(&near, name);
    near_report(&near, report, node->key_at, NULL, "section", remove_it);
}

static void refuse_key(struct report *report, const struct tree_node *section,
                       const struct tree_node *node)
{
    char name[SCHEMA_NAME];
    struct near near;

    near_init(&near, node->key);
    for (size_t i = 0; i < SCHEMA_ROWS; i++)
        if (str_eq(section->key, str_from(schema_rows[i].section)))
            near_offer(&near, schema_rows[i].key);
    if (near.best.ptr == NULL)
        offer_elsewhere(&near, name);
    near_report(&near, report, node->key_at, section->key.ptr, "key", remove_it);
}

static void collect_section(struct report *report, const struct tree_node *section,
                            const struct tree_node *nodes[SCHEMA_ROWS])
{
    if (section->kind == TREE_TEXT && section->null) /* every key of it commented out */
        return;
    if (section->kind == TREE_TEXT || section->kind == TREE_LIST) {
        report_add(report, section->at, section->key.ptr,
                   "is a section; put its keys below it, indented, as key: value");
        return;
    }
    for (const struct tree_node *key = section->child; key != NULL; key = key->next) {
        size_t row = schema_find(section->key, key->key);
        if (row == SCHEMA_ROWS)
            refuse_key(report, section, key);
        else
            nodes[row] = key;
    }
}

static void collect_file(struct report *report, const struct tree_node *root,
                         const struct tree_node *nodes[SCHEMA_ROWS])
{
    if (root->kind == TREE_TEXT && root->null)
        return;
    if (root->kind == TREE_TEXT || root->kind == TREE_LIST) {
        report_add(report, root->at, NULL, "not sections with keys; start from the sample file");
        return;
    }
    for (const struct tree_node *section = root->child; section != NULL; section = section->next)
        if (schema_find_section(section->key) == SCHEMA_ROWS)
            refuse_section(report, section);
        else
            collect_section(report, section, nodes);
}

static struct str directory_of(const char *path)
{
    struct str whole = str_from(path);
    while (whole.len > 0 && whole.ptr[whole.len - 1] != '/')
        whole.len--;
    return whole;
}

/* Defaults go the way of written values: their text is parsed and read like any other. */
static void read_all(struct checked *c, const struct config_source *source)
{
    struct reader r = {.report = c->report, .base = directory_of(source->path)};
    for (size_t i = 0; i < SCHEMA_ROWS; i++) {
        if (c->nodes[i] == NULL)
            c->nodes[i] =
                tree_parse(c->report, "default", false, str_from(schema_rows[i].fallback));
        c->good[i] = c->nodes[i] != NULL && read_value(&r, &schema_rows[i], c->nodes[i], c->config);
    }
}

bool config_parse(const struct config_source *source, struct str text, struct config **out,
                  struct buf *out_errors)
{
    struct config *config = calloc(1, sizeof(*config));
    struct checked c = {.config = config};
    struct report report;
    const struct tree_node *root;
    bool good;

    if (config == NULL) {
        buf_cstr(out_errors, "not enough memory for the configuration\n");
        return false;
    }
    arena_init(&config->memory, NULL, 0, CONFIG_MEMORY);
    report_init(&report, &config->memory);
    c.report = &report;
    root = tree_parse(&report, source->path, true, text);
    if (root != NULL)
        collect_file(&report, root, c.nodes);
    overrides_apply(&report, source, c.nodes);
    read_all(&c, source);
    if (root != NULL) /* else keys are missing that the file may well hold */
        check_all(&c);
    good = report_is_clean(&report);
    report_render(&report, out_errors);
    if (good)
        *out = config;
    else
        config_free(&config);
    return good;
}

static bool refuse_file(const char *path, const char *what, struct buf *out_errors)
{
    buf_cstr(out_errors, path);
    buf_cstr(out_errors, ": ");
    buf_cstr(out_errors, what);
    buf_cstr(out_errors, "; name another with --config, or copy the sample file there\n");
    return false;
}

/* Reads until the end or one byte past the limit, which tree_parse() then reports. */
static bool read_whole(int file, struct buf *out)
{
    for (;;) {
        char *at = buf_reserve(out, 64 * 1024);
        ssize_t n = at == NULL ? -1 : read(file, at, 64 * 1024);
        if (n < 0 && at != NULL && errno == EINTR)
            continue;
        if (n < 0)
            return false;
        out->len += (size_t)n;
        if (n == 0 || out->len > TREE_SIZE)
            return true;
    }
}

bool config_load(const struct config_source *source, struct config **out, struct buf *out_errors)
{
    int file = open(source->path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    struct buf text;
    bool good;

    if (file < 0)
        return refuse_file(source->path, strerror(errno), out_errors);
    buf_init_heap(&text, 2 * TREE_SIZE);
    good = read_whole(file, &text) ? config_parse(source, buf_view(&text), out, out_errors)
                                   : refuse_file(source->path, strerror(errno), out_errors);
    close(file);
    buf_free(&text);
    return good;
}

void config_free(struct config **config)
{
    if (*config == NULL)
        return;
    arena_reset(&(*config)->memory);
    free(*config);
    *config = NULL;
}
