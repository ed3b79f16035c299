#include "acl/words.h"

#include <assert.h>
#include <stddef.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct str fields[] = {
    [ACL_CALLING] = STR_INIT("calling"), [ACL_CALLED] = STR_INIT("called"),
    [ACL_FROM] = STR_INIT("from"),       [ACL_TO] = STR_INIT("to"),
    [ACL_MESSAGE] = STR_INIT("message"),
};

static const struct str operations[] = {
    [ACL_EXACT] = STR_INIT("exact"),
    [ACL_PREFIX] = STR_INIT("prefix"),
    [ACL_REGEXP] = STR_INIT("regexp"),
};

static const struct str quantifiers[] = {
    [ACL_ALL] = STR_INIT("all"),
    [ACL_ANY] = STR_INIT("any"),
    [ACL_NONE] = STR_INIT("none"),
};

static const struct str directions[] = {
    [ACL_ANY_DIRECTION] = STR_INIT("any"),
    [ACL_INBOUND] = STR_INIT("inbound"),
    [ACL_OUTBOUND] = STR_INIT("outbound"),
    [ACL_UNDIRECTED] = STR_INIT("undirected"),
};

static const struct str actions[] = {
    [ACL_NO_ACTION] = {NULL, 0},
    [ACL_ACCEPT] = STR_INIT("accept"),
    [ACL_REJECT] = STR_INIT("reject"),
    [ACL_REJECT_403] = STR_INIT("reject403"),
    [ACL_REJECT_503] = STR_INIT("reject503"),
};

/* count: there is none. */
static size_t place_of(struct str word, const struct str *words, size_t count)
{
    size_t at = 0;
    while (at < count && (words[at].ptr == NULL || !str_eq(words[at], word)))
        at++;
    return at;
}

bool acl_field_parse(struct str word, enum acl_field *out)
{
    size_t at = place_of(word, fields, COUNT(fields));
    if (at == COUNT(fields))
        return false;
    *out = (enum acl_field)at;
    return true;
}

bool acl_operation_parse(struct str word, enum acl_operation *out)
{
    size_t at = place_of(word, operations, COUNT(operations));
    if (at == COUNT(operations))
        return false;
    *out = (enum acl_operation)at;
    return true;
}

bool acl_quantifier_parse(struct str word, enum acl_quantifier *out)
{
    size_t at = place_of(word, quantifiers, COUNT(quantifiers));
    if (at == COUNT(quantifiers))
        return false;
    *out = (enum acl_quantifier)at;
    return true;
}

bool acl_direction_parse(struct str word, enum acl_direction *out)
{
    size_t at = place_of(word, directions, COUNT(directions));
    if (at == COUNT(directions))
        return false;
    *out = (enum acl_direction)at;
    return true;
}

bool acl_action_parse(enum acl_kind kind, struct str word, enum acl_action *out)
{
    size_t at = place_of(word, actions, COUNT(actions));
    if (at == COUNT(actions) || (at != ACL_ACCEPT && (at == ACL_REJECT) != (kind == ACL_SMS)))
        return false;
    *out = (enum acl_action)at;
    return true;
}

struct str acl_field_word(enum acl_field field)
{
    assert(field < COUNT(fields));
    return fields[field];
}

struct str acl_operation_word(enum acl_operation operation)
{
    assert(operation < COUNT(operations));
    return operations[operation];
}

struct str acl_quantifier_word(enum acl_quantifier quantifier)
{
    assert(quantifier < COUNT(quantifiers));
    return quantifiers[quantifier];
}

struct str acl_direction_word(enum acl_direction direction)
{
    assert(direction < COUNT(directions));
    return directions[direction];
}

struct str acl_action_word(enum acl_action action)
{
    assert(action < COUNT(actions));
    return actions[action];
}

enum acl_kind acl_field_kind(enum acl_field field)
{
    return field <= ACL_CALLED ? ACL_CALL : ACL_SMS;
}
