/* The small part of YAML a configuration needs, read with libyaml into a tree whose every node
 * knows its place: mappings, lists and plain or quoted text in one document. Anchors, aliases, tags
 * and further documents are errors, and so is a repeated key: each lets one file be read in two
 * ways. Nodes and texts live in the report's arena; texts have a terminator behind them. */
#ifndef CONFIG_TREE_H
#define CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/report.h"
#include "core/str.h"

enum tree_kind {
    TREE_TEXT,
    TREE_LIST,
    TREE_MAP,
    TREE_BROKEN, /* reported already; readers pass over it */
};

enum { TREE_SIZE = 1024 * 1024, TREE_DEPTH = 6, TREE_NODES = 10000 };

struct tree_node {
    enum tree_kind kind;
    struct place at;
    struct str text;
    bool quoted, null; /* null: plain and empty, "~" or "null" */
    struct str key;    /* in a mapping; ptr NULL elsewhere */
    struct place key_at;
    size_t n; /* children */
    struct tree_node *child, *next;
};

/* source names the text in errors; positioned: errors also carry line and column, as fits a file
 * and not a variable. Returns the root, a mapping without children for an empty text, or NULL when
 * the text cannot be read to its end (reported). */
struct tree_node *tree_parse(struct report *report, const char *source, bool positioned,
                             struct str text);

/* The child of that key, or NULL. */
struct tree_node *tree_find(const struct tree_node *map, struct str key);

/* UTF-8 without line breaks and other controls: what any value is held to. */
bool tree_text_is_line(struct str s);

/* "a list", "a mapping", "text". */
const char *tree_kind_name(enum tree_kind kind);

#endif
