#include "config/tree.h"

#include <string.h>
#include <yaml.h>

struct reader {
    struct report *report;
    yaml_parser_t parser;
    yaml_event_t event; /* the one being looked at */
    const char *source;
    bool positioned;
    struct str text;
    size_t nodes;
    bool failed; /* reported; nothing more is read */
};

static struct place place_of(const struct reader *r, const yaml_mark_t *mark)
{
    if (!r->positioned)
        return (struct place){.source = r->source};
    return (struct place){.source = r->source, .line = mark->line + 1, .column = mark->column + 1};
}

static void fail(struct reader *r, const yaml_mark_t *mark, const char *what)
{
    if (!r->failed)
        report_add(r->report, place_of(r, mark), NULL, "%s", what);
    r->failed = true;
}

/* libyaml gives bad bytes an offset alone. */
static yaml_mark_t mark_at_offset(struct str text, size_t offset)
{
    yaml_mark_t mark = {.index = offset};
    for (size_t i = 0; i < offset && i < text.len; i++) {
        mark.column = text.ptr[i] == '\n' ? 0 : mark.column + 1;
        mark.line += text.ptr[i] == '\n';
    }
    return mark;
}

static void fail_syntax(struct reader *r)
{
    yaml_mark_t mark = r->parser.problem_mark;
    const char *problem = r->parser.problem != NULL ? r->parser.problem : "not readable";
    char what[256];

    if (r->parser.error == YAML_MEMORY_ERROR) {
        r->report->overflow = true;
        r->failed = true;
        return;
    }
    if (r->parser.error == YAML_READER_ERROR) {
        mark = mark_at_offset(r->text, r->parser.problem_offset);
        snprintf(what, sizeof(what), "not YAML in UTF-8: %s; save the file as plain UTF-8",
                 problem);
    } else {
        snprintf(what, sizeof(what),
                 "not YAML from here on: %s; look for indentation, a tab or an unclosed quote",
                 problem);
    }
    fail(r, &mark, what);
}

/* Scalars may be passwords, and libyaml frees without wiping. */
static void event_done(yaml_event_t *event)
{
    if (event->type == YAML_SCALAR_EVENT)
        explicit_bzero(event->data.scalar.value, event->data.scalar.length);
    yaml_event_delete(event);
}

static bool advance(struct reader *r)
{
    event_done(&r->event);
    memset(&r->event, 0, sizeof(r->event));
    if (!r->failed && yaml_parser_parse(&r->parser, &r->event))
        return true;
    if (!r->failed)
        fail_syntax(r);
    return false;
}

static bool is_null(const struct tree_node *node)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    for (size_t i = 0; !node->quoted && i < sizeof(nulls) / sizeof(nulls[0]); i++)
        if (str_eq(node->text, str_from(nulls[i])))
            return true;
    return false;
}

static void refuse_node(struct reader *r, struct tree_node *node, const char *what)
{
    if (node->kind != TREE_BROKEN)
        report_add(r->report, node->at, NULL, "%s", what);
    node->kind = TREE_BROKEN;
}

static void read_scalar(struct reader *r, struct tree_node *node)
{
    struct str raw =
        str_make((const char *)r->event.data.scalar.value, r->event.data.scalar.length);
    node->kind = TREE_TEXT;
    node->quoted = r->event.data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    node->text = report_copy(r->report, raw);
    node->null = is_null(node);
    if (node->text.ptr == NULL)
        node->kind = TREE_BROKEN;
    else if (!tree_text_is_line(node->text))
        refuse_node(r, node, "text with a control character or line break; write it in one line");
}

static void refuse_references(struct reader *r, struct tree_node *node)
{
    const yaml_event_t *e = &r->event;
    const yaml_char_t *anchor = NULL, *tag = NULL;

    if (e->type == YAML_SCALAR_EVENT) {
        anchor = e->data.scalar.anchor;
        tag = e->data.scalar.tag;
    } else if (e->type == YAML_SEQUENCE_START_EVENT) {
        anchor = e->data.sequence_start.anchor;
        tag = e->data.sequence_start.tag;
    } else if (e->type == YAML_MAPPING_START_EVENT) {
        anchor = e->data.mapping_start.anchor;
        tag = e->data.mapping_start.tag;
    }
    if (anchor != NULL)
        refuse_node(r, node, "anchors (&name) are not taken here; write the value out");
    if (tag != NULL)
        refuse_node(r, node, "tags (!name) are not taken here; write the value alone");
}

static struct tree_node *read_node(struct reader *r, unsigned depth);

static void append(struct tree_node *parent, struct tree_node **tail, struct tree_node *child)
{
    if (*tail == NULL)
        parent->child = child;
    else
        (*tail)->next = child;
    *tail = child;
    parent->n++;
}

static bool read_list(struct reader *r, struct tree_node *list, unsigned depth)
{
    struct tree_node *tail = NULL;
    while (advance(r) && r->event.type != YAML_SEQUENCE_END_EVENT) {
        struct tree_node *item = read_node(r, depth + 1);
        if (item == NULL)
            return false;
        append(list, &tail, item);
    }
    return !r->failed;
}

/* The key's text goes into `out_key`; a key that is no text is reported and skipped whole. */
static bool read_key(struct reader *r, struct tree_node *map, unsigned depth, bool *out_good,
                     struct tree_node *out_key)
{
    struct tree_node *key = read_node(r, depth + 1);

    if (key == NULL)
        return false;
    *out_good = key->kind == TREE_TEXT;
    if (key->kind == TREE_LIST || key->kind == TREE_MAP)
        refuse_node(r, key, "a key must be a name, not a list or mapping");
    if (*out_good && tree_find(map, key->text) != NULL) {
        char quoted[REPORT_QUOTE];
        *out_good = false;
        report_add(r->report, key->at, NULL, "key %s is repeated; keep one of the two",
                   report_quote(key->text, quoted));
    }
    *out_key = *key;
    return true;
}

static bool read_map(struct reader *r, struct tree_node *map, unsigned depth)
{
    struct tree_node *tail = NULL;
    while (advance(r) && r->event.type != YAML_MAPPING_END_EVENT) {
        struct tree_node key;
        bool good;
        if (!read_key(r, map, depth, &good, &key) || !advance(r))
            return false;
        struct tree_node *value = read_node(r, depth + 1);
        if (value == NULL)
            return false;
        if (!good)
            continue;
        value->key = key.text;
        value->key_at = key.at;
        append(map, &tail, value);
    }
    return !r->failed;
}

static struct tree_node *read_collection(struct reader *r, struct tree_node *node, unsigned depth)
{
    bool is_map = r->event.type == YAML_MAPPING_START_EVENT;
    bool broken = node->kind == TREE_BROKEN;
    bool complete;

    if (depth >= TREE_DEPTH) {
        fail(r, &r->event.start_mark, "nested deeper than any key is; look at the indentation");
        return NULL;
    }
    node->kind = is_map ? TREE_MAP : TREE_LIST;
    complete = is_map ? read_map(r, node, depth) : read_list(r, node, depth);
    if (broken)
        node->kind = TREE_BROKEN;
    return complete ? node : NULL;
}

/* From the current event to the end of its node. NULL: stop, all is reported. */
static struct tree_node *read_node(struct reader *r, unsigned depth)
{
    struct tree_node *node;

    if (r->failed)
        return NULL;
    if (++r->nodes > TREE_NODES) {
        fail(r, &r->event.start_mark, "more than 10000 values; this is no configuration of ours");
        return NULL;
    }
    node = report_alloc(r->report, sizeof(*node));
    if (node == NULL)
        return NULL;
    node->at = place_of(r, &r->event.start_mark);
    if (r->event.type == YAML_ALIAS_EVENT) {
        refuse_node(r, node, "aliases (*name) are not taken here; write the value out");
        return node;
    }
    refuse_references(r, node);
    if (r->event.type != YAML_SCALAR_EVENT)
        return read_collection(r, node, depth);
    if (node->kind != TREE_BROKEN)
        read_scalar(r, node);
    return node;
}

/* Stream start, at most one document, stream end. */
static struct tree_node *read_document(struct reader *r)
{
    struct tree_node *root = NULL;

    while (advance(r) && r->event.type != YAML_STREAM_END_EVENT) {
        if (r->event.type != YAML_DOCUMENT_START_EVENT)
            continue;
        if (root != NULL) {
            fail(r, &r->event.start_mark, "a second document (---); keep everything in one");
            return NULL;
        }
        if (!advance(r) || (root = read_node(r, 0)) == NULL)
            return NULL;
    }
    if (r->failed || root != NULL)
        return r->failed ? NULL : root;
    root = report_alloc(r->report, sizeof(*root));
    if (root != NULL)
        *root = (struct tree_node){.kind = TREE_MAP, .at = {.source = r->source}};
    return root;
}

struct tree_node *tree_parse(struct report *report, const char *source, bool positioned,
                             struct str text)
{
    struct reader r = {.report = report, .source = source, .positioned = positioned, .text = text};
    struct tree_node *root;

    if (text.len > TREE_SIZE) {
        report_add(report, (struct place){.source = source}, NULL,
                   "larger than 1 MB; this is no configuration of ours");
        return NULL;
    }
    if (!yaml_parser_initialize(&r.parser)) {
        report->overflow = true;
        return NULL;
    }
    yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&r.parser, (const unsigned char *)text.ptr, text.len);
    root = read_document(&r);
    event_done(&r.event);
    yaml_parser_delete(&r.parser);
    return root;
}

bool tree_text_is_line(struct str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7F)
            return false;
    return str_is_utf8(s);
}

struct tree_node *tree_find(const struct tree_node *map, struct str key)
{
    for (struct tree_node *child = map->child; child != NULL; child = child->next)
        if (str_eq(child->key, key))
            return child;
    return NULL;
}

const char *tree_kind_name(enum tree_kind kind)
{
    return kind == TREE_LIST ? "a list" : kind == TREE_MAP ? "a mapping" : "text";
}
