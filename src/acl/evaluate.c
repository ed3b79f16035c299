#include "acl/evaluate.h"

/* What stands still while the lists are gone through. */
struct evaluation {
    struct acl_matcher *matcher;
    const struct acl_rules *rules;
    const struct acl_subject *subject;
    struct str values[ACL_FIELDS]; /* those of the subject's kind */
};

static enum acl_verdict match(const struct evaluation *e, const struct sid *rule_sid)
{
    const struct acl_rule *rule = e->rules->find(e->rules->context, rule_sid);

    if (rule == NULL)
        return ACL_NO_RULE;
    struct str value = e->values[acl_rule_field(rule)];
    return value.ptr == NULL ? ACL_NO : acl_rule_match(rule, e->matcher, value);
}

/* ACL_YES: rule *out_rule is the first that matches; ACL_NO: none does; else *out_rule is the first
 * that cannot be told, and none matches. */
static enum acl_verdict match_list(const struct evaluation *e, const struct acl_list *list,
                                   size_t *out_rule)
{
    enum acl_verdict doubt = ACL_NO;

    for (size_t i = 0; i < list->rule_count; i++) {
        enum acl_verdict verdict = match(e, &list->rules[i]);
        if (verdict == ACL_NO)
            continue;
        if (verdict == ACL_YES) {
            *out_rule = i;
            return ACL_YES;
        }
        if (doubt == ACL_NO) {
            doubt = verdict;
            *out_rule = i;
        }
    }
    return doubt;
}

/* True: the list decides, or cannot be told; out is filled in. */
static bool judge_list(const struct evaluation *e, const struct acl_list *list,
                       struct acl_decision *out, enum acl_passed *out_passed)
{
    bool is_call = e->subject->kind == ACL_CALL;
    enum acl_action if_true = is_call ? list->voice_true : list->sms_true;
    enum acl_action if_false = is_call ? list->voice_false : list->sms_false;
    size_t rule = 0;

    *out_passed = ACL_PASSED_DIRECTION;
    if (!acl_direction_meets(list->direction, e->subject->direction))
        return false;
    *out_passed = ACL_PASSED_NO_ACTION;
    if (if_true == ACL_NO_ACTION && if_false == ACL_NO_ACTION)
        return false;

    enum acl_verdict verdict = match_list(e, list, &rule);
    if (verdict != ACL_NO)
        out->rule_sid = list->rules[rule];
    if (acl_is_doubt(verdict)) {
        out->outcome = ACL_CANNOT_TELL;
        out->doubt = verdict;
        return true;
    }
    out->matched = verdict == ACL_YES;
    out->action = out->matched ? if_true : if_false;
    *out_passed = out->matched ? ACL_PASSED_MATCHED : ACL_PASSED_UNMATCHED;
    out->outcome = ACL_DECIDED;
    return out->action != ACL_NO_ACTION;
}

static size_t lists_in(const struct acl_layer *layers, size_t count)
{
    size_t lists = 0;
    for (size_t i = 0; i < count; i++)
        lists += layers[i].list_count;
    return lists;
}

/* All rules of the deciding list that match, for who wants to know. What cannot be told does not
 * count here: the decision does not hang on it. */
static RESULT collect_rules(struct arena *arena, const struct evaluation *e,
                            const struct acl_list *list, struct acl_decision *decision)
{
    struct sid *rules = arena_array(arena, list->rule_count, sizeof(*rules));

    if (rules == NULL)
        return FAULT(ERR_FAULT_MEMORY);
    decision->rules = rules;
    for (size_t i = 0; i < list->rule_count; i++) {
        const struct sid *rule = &list->rules[i];
        bool is_first = sid_eq(rule, &decision->rule_sid); /* that was seen to match */
        if (is_first || (decision->rule_count > 0 && match(e, rule) == ACL_YES))
            rules[decision->rule_count++] = *rule;
    }
    return RESULT_OK;
}

static struct acl_decision undecided(void)
{
    return (struct acl_decision){.outcome = ACL_UNDECIDED, .action = ACL_ACCEPT};
}

/* Goes through the lists until one decides. passed may be NULL. */
static struct acl_decision judge(const struct evaluation *e, const struct acl_layer *layers,
                                 size_t layer_count, struct acl_passed_list *passed)
{
    size_t passed_count = 0;
    enum acl_passed why;

    for (size_t layer = 0; layer < layer_count; layer++) {
        for (size_t list = 0; list < layers[layer].list_count; list++) {
            struct acl_decision decision = {.layer = layer, .list = list};
            if (judge_list(e, &layers[layer].lists[list], &decision, &why)) {
                decision.passed_count = passed_count;
                return decision;
            }
            if (passed != NULL)
                passed[passed_count++] = (struct acl_passed_list){layer, list, why};
        }
    }
    struct acl_decision decision = undecided();
    decision.passed_count = passed_count;
    return decision;
}

RESULT acl_evaluate(struct arena *explain, struct acl_matcher *matcher,
                    const struct acl_rules *rules, const struct acl_layer *layers,
                    size_t layer_count, const struct acl_subject *subject, struct acl_decision *out)
{
    struct evaluation e = {.matcher = matcher, .rules = rules, .subject = subject};
    struct acl_passed_list *passed = NULL;

    for (int field = 0; field < ACL_FIELDS; field++)
        if (acl_field_kind((enum acl_field)field) == subject->kind)
            e.values[field] = subject->values[field];
    if (explain != NULL) {
        passed = arena_array(explain, lists_in(layers, layer_count), sizeof(*passed));
        if (passed == NULL)
            return FAULT(ERR_FAULT_MEMORY);
    }
    acl_matcher_begin(matcher);
    struct acl_decision decision = judge(&e, layers, layer_count, passed);
    decision.passed = passed;
    if (explain != NULL && decision.matched)
        TRY(collect_rules(explain, &e, &layers[decision.layer].lists[decision.list], &decision));
    *out = decision;
    return RESULT_OK;
}
