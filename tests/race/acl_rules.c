/* Threads that match the same rules, each with a matcher of its own, and hold and let go of them;
 * the last one frees each. */
#include <assert.h>
#include <pthread.h>
#include <stdio.h>

#include "acl/evaluate.h"

enum { THREADS = 4, ROUNDS = 20000, RULES = 3 };

static const struct acl_rule *rules[RULES];

static const struct acl_rule *compile(enum acl_operation operation, struct str entry)
{
    struct acl_rule_text text = {ACL_CALLED, operation, ACL_ANY, &entry, 1};
    const struct acl_rule *rule = NULL;
    struct acl_problem problem;
    enum err err = acl_rule_compile(&text, &rule, &problem);
    assert(err == ERR_NONE);
    return rule;
}

static const struct acl_rule *find(const void *own, const struct sid *rule_sid)
{
    return ((const struct acl_rule *const *)own)[rule_sid->bytes[0]];
}

/* Has a hold of every rule from who started it, and lets go of it at the end. */
static void *match(void *nothing)
{
    struct acl_matcher *matcher = acl_matcher_new(&clock_thread);
    const struct acl_rule *own[RULES];
    const struct acl_rules found = {find, own};
    const struct sid sids[RULES] = {{{0}}, {{1}}, {{2}}};
    struct acl_list list = {sids, RULES, ACL_ANY_DIRECTION, .voice_true = ACL_REJECT_403};
    struct acl_layer layer = {&list, 1};
    struct acl_subject subject = {ACL_CALL, ACL_INBOUND, {STR("+1"), STR("+15551234567")}};

    assert(matcher != NULL);
    for (int i = 0; i < RULES; i++)
        own[i] = rules[i];
    for (int round = 0; round < ROUNDS; round++) {
        struct acl_decision decision;
        const struct acl_rule *held = rules[round % RULES];
        acl_rule_ref(held);
        struct result result = acl_evaluate(NULL, matcher, &found, &layer, 1, &subject, &decision);
        assert(result_ok(result) && decision.outcome == ACL_DECIDED && decision.matched);
        acl_rule_unref(&held);
    }
    for (int i = 0; i < RULES; i++)
        acl_rule_unref(&own[i]);
    acl_matcher_free(&matcher);
    return nothing;
}

int main(void)
{
    pthread_t threads[THREADS];

    rules[0] = compile(ACL_EXACT, STR("+1900"));
    rules[1] = compile(ACL_PREFIX, STR("+44"));
    rules[2] = compile(ACL_REGEXP, STR("^\\+1(555|444)\\d{7}$"));
    for (int i = 0; i < THREADS; i++) {
        for (int r = 0; r < RULES; r++)
            acl_rule_ref(rules[r]);
        int failed = pthread_create(&threads[i], NULL, match, NULL);
        assert(failed == 0);
    }
    /* Let go of before the threads are through, which therefore free them. */
    const struct acl_rule *own[RULES];
    for (int r = 0; r < RULES; r++) {
        own[r] = rules[r];
        acl_rule_unref(&own[r]);
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    puts("rules matched by several threads");
    return 0;
}
