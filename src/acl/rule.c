/* Operation and quantifier are worked out once: exact and prefix become one question to one set of
 * entries (acl/entry_set.h) and whether its answer is turned round. */
#include "acl/rule.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "acl/entry_set.h"
#include "core/limits.h"

struct acl_rule {
    _Atomic size_t holders;
    enum acl_field field;
    enum acl_operation operation;
    enum acl_quantifier quantifier;
    size_t entry_count;
    struct entry_set set;
    struct acl_pattern **patterns;
    size_t pattern_count;
    size_t patterns_size; /* compiled */
};

/* ---- compiling ---- */

static enum err refuse(struct acl_problem *out, size_t entry, size_t offset, const char *text)
{
    out->entry = entry;
    out->offset = offset;
    snprintf(out->text, sizeof(out->text), "%s", text);
    return ERR_INVALID_VALUE;
}

static enum err check_size(const struct acl_rule_text *text, struct acl_problem *out)
{
    size_t bytes = 0;

    if (text->entry_count > LIMIT_ACL_ENTRIES)
        return refuse(out, ACL_ENTRIES, 0, "a rule has at most 100000 entries");
    if (text->operation == ACL_REGEXP && text->entry_count > LIMIT_ACL_PATTERNS)
        return refuse(out, ACL_ENTRIES, 0, "a rule has at most 1000 patterns");
    for (size_t i = 0; i < text->entry_count; i++) {
        if (text->entries[i].len > LIMIT_ACL_ENTRY)
            return refuse(out, i, LIMIT_ACL_ENTRY, "an entry is at most 4096 bytes long");
        bytes += text->entries[i].len;
    }
    if (bytes > LIMIT_BODY_RULE)
        return refuse(out, ACL_ENTRIES, 0, "the entries are together longer than 4 MiB");
    return ERR_NONE;
}

static enum err compile_set(const struct acl_rule_text *text, struct acl_rule *rule)
{
    static const enum entry_set_kind kinds[2][2] = {
        [ACL_EXACT] = {ENTRY_EQUAL, ENTRY_ALL_EQUAL},
        [ACL_PREFIX] = {ENTRY_BEGIN, ENTRY_ALL_BEGIN},
    };
    enum entry_set_kind kind = kinds[text->operation][text->quantifier == ACL_ALL];
    return entry_set_init(text->entries, text->entry_count, kind, &rule->set).code;
}

static enum err compile_patterns(const struct acl_rule_text *text, struct acl_rule *rule,
                                 struct acl_problem *out_problem)
{
    struct acl_pattern_error error;

    if (text->entry_count == 0)
        return ERR_NONE;
    rule->patterns = calloc(text->entry_count, sizeof(struct acl_pattern *));
    if (rule->patterns == NULL)
        return ERR_FAULT_MEMORY;
    for (size_t i = 0; i < text->entry_count; i++) {
        enum err err = acl_pattern_new(text->entries[i], &rule->patterns[i], &error);
        if (err == ERR_INVALID_VALUE)
            return refuse(out_problem, i, error.offset, error.text);
        if (err != ERR_NONE)
            return err;
        rule->pattern_count++;
        rule->patterns_size += acl_pattern_size(rule->patterns[i]);
        if (rule->patterns_size > LIMIT_ACL_PATTERNS_SIZE)
            return refuse(out_problem, i, 0,
                          "the patterns up to this one take more than 4 MiB of memory");
    }
    return ERR_NONE;
}

static void rule_free(struct acl_rule *rule)
{
    entry_set_done(&rule->set);
    for (size_t i = 0; i < rule->pattern_count; i++)
        acl_pattern_free(&rule->patterns[i]);
    free(rule->patterns);
    free(rule);
}

enum err acl_rule_compile(const struct acl_rule_text *text, const struct acl_rule **out,
                          struct acl_problem *out_problem)
{
    enum err err = check_size(text, out_problem);
    if (err != ERR_NONE)
        return err;
    struct acl_rule *rule = calloc(1, sizeof(*rule));
    if (rule == NULL)
        return ERR_FAULT_MEMORY;
    atomic_init(&rule->holders, 1);
    rule->field = text->field;
    rule->operation = text->operation;
    rule->quantifier = text->quantifier;
    rule->entry_count = text->entry_count;
    err = text->operation == ACL_REGEXP ? compile_patterns(text, rule, out_problem)
                                        : compile_set(text, rule);
    if (err != ERR_NONE) {
        rule_free(rule);
        return err;
    }
    *out = rule;
    return ERR_NONE;
}

void acl_rule_ref(const struct acl_rule *rule)
{
    _Atomic size_t *holders = (_Atomic size_t *)&rule->holders;
    atomic_fetch_add_explicit(holders, 1, memory_order_relaxed);
}

void acl_rule_unref(const struct acl_rule **rule)
{
    struct acl_rule *own = (struct acl_rule *)*rule;

    *rule = NULL;
    if (own != NULL && atomic_fetch_sub_explicit(&own->holders, 1, memory_order_acq_rel) == 1)
        rule_free(own);
}

enum acl_field acl_rule_field(const struct acl_rule *rule)
{
    return rule->field;
}

size_t acl_rule_entry_count(const struct acl_rule *rule)
{
    return rule->entry_count;
}

size_t acl_rule_size(const struct acl_rule *rule)
{
    return sizeof(*rule) + entry_set_size(&rule->set) +
           rule->pattern_count * sizeof(struct acl_pattern *) + rule->patterns_size;
}

/* ---- matching ---- */

/* What one entry answers, where that answers for all of them; ACL_OVER_LIMIT and the rest: some
 * could not be told, and no other decided. */
static enum acl_verdict match_patterns(const struct acl_rule *rule, struct acl_matcher *matcher,
                                       struct str value)
{
    enum acl_verdict decisive = rule->quantifier == ACL_ALL ? ACL_NO : ACL_YES;
    enum acl_verdict doubt = ACL_NO;

    for (size_t i = 0; i < rule->pattern_count; i++) {
        enum acl_verdict verdict = acl_pattern_match(rule->patterns[i], matcher, value);
        if (verdict == decisive)
            return decisive;
        if (verdict == ACL_OUT_OF_TIME) /* and so is all that comes */
            return acl_is_doubt(doubt) ? doubt : verdict;
        if (acl_is_doubt(verdict) && !acl_is_doubt(doubt))
            doubt = verdict;
    }
    if (acl_is_doubt(doubt))
        return doubt;
    return decisive == ACL_YES ? ACL_NO : ACL_YES;
}

enum acl_verdict acl_rule_match(const struct acl_rule *rule, struct acl_matcher *matcher,
                                struct str value)
{
    enum acl_verdict verdict;

    if (rule->entry_count == 0)
        return rule->quantifier == ACL_ANY ? ACL_NO : ACL_YES;
    if (rule->operation == ACL_EXACT)
        verdict = entry_set_has(&rule->set, value) ? ACL_YES : ACL_NO;
    else if (rule->operation == ACL_PREFIX)
        verdict = entry_set_begins(&rule->set, value) ? ACL_YES : ACL_NO;
    else
        verdict = match_patterns(rule, matcher, value);
    if (rule->quantifier != ACL_NONE || acl_is_doubt(verdict))
        return verdict;
    return verdict == ACL_YES ? ACL_NO : ACL_YES;
}
