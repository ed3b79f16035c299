/* Who is asking (RFC6749-2.3): one method or none, the registered one, and the same answer for all
 * who fail (6749-5.2-h). */
#include <criterion/criterion.h>

#include "client/assertion.h"
#include "client/secret.h"
#include "client/throttle.h"
#include "support/leaks.h"
#include "unit/client/clients.h"

/* ---- reading ---- */

#define BASIC "Basic aWQ6c2VjcmV0" /* id:secret */

static const struct {
    const char *authorization, *id, *secret, *assertion, *assertion_type;
    enum err want;
    enum client_auth_method method;
} presented[] = {
    {NULL, NULL, NULL, NULL, NULL, ERR_NO_CREDENTIALS, 0},
    {BASIC, NULL, NULL, NULL, NULL, ERR_NONE, CLIENT_AUTH_BASIC},
    {"bAsIc aWQ6c2VjcmV0", NULL, NULL, NULL, NULL, ERR_NONE, CLIENT_AUTH_BASIC},
    {BASIC, "id", NULL, NULL, NULL, ERR_NONE, CLIENT_AUTH_BASIC},
    {NULL, "id", "secret", NULL, NULL, ERR_NONE, CLIENT_AUTH_POST},
    {NULL, "id", NULL, NULL, NULL, ERR_NONE, CLIENT_AUTH_NONE},
    {NULL, "id", NULL, "ey", CLIENT_ASSERTION_TYPE, ERR_NONE, CLIENT_AUTH_PRIVATE_KEY},
    /* 6749-2.3-a: more than one method */
    {BASIC, NULL, "secret", NULL, NULL, ERR_TWO_AUTH_METHODS, 0},
    {BASIC, "id", "secret", NULL, NULL, ERR_TWO_AUTH_METHODS, 0},
    {BASIC, "other", NULL, NULL, NULL, ERR_TWO_AUTH_METHODS, 0},
    {BASIC, NULL, NULL, "ey", NULL, ERR_TWO_AUTH_METHODS, 0},
    {BASIC, NULL, NULL, "ey", "urn:x", ERR_TWO_AUTH_METHODS, 0},
    {"Basic ????", NULL, "secret", NULL, NULL, ERR_TWO_AUTH_METHODS, 0},
    {"Bearer x", "id", "secret", NULL, NULL, ERR_TWO_AUTH_METHODS, 0},
    {NULL, "id", "secret", "ey", "urn:x", ERR_TWO_AUTH_METHODS, 0},
    {NULL, NULL, "secret", "ey", NULL, ERR_TWO_AUTH_METHODS, 0},
    {BASIC, NULL, NULL, "ey", CLIENT_ASSERTION_TYPE, ERR_TWO_AUTH_METHODS, 0},
    {NULL, "id", "secret", "ey", CLIENT_ASSERTION_TYPE, ERR_TWO_AUTH_METHODS, 0},
    {NULL, "id", "secret", NULL, CLIENT_ASSERTION_TYPE, ERR_TWO_AUTH_METHODS, 0},
    /* one, but none that can be read or is offered; 7523-2.2-b */
    {NULL, "id", NULL, "ey", NULL, ERR_INVALID_CLIENT, 0},
    {NULL, "id", NULL, "ey", "", ERR_INVALID_CLIENT, 0},
    {NULL, "id", NULL, "ey", CLIENT_ASSERTION_TYPE "s", ERR_INVALID_CLIENT, 0},
    {NULL, "id", NULL, NULL, CLIENT_ASSERTION_TYPE, ERR_INVALID_CLIENT, 0},
    {NULL, NULL, "secret", NULL, NULL, ERR_INVALID_CLIENT, 0},
    {NULL, "id", NULL, "ey", "urn:x", ERR_INVALID_CLIENT, 0},
    {NULL, "id", NULL, NULL, "urn:x", ERR_INVALID_CLIENT, 0},
    {"Basic", NULL, NULL, NULL, NULL, ERR_INVALID_CLIENT, 0},
    {"Basic ????", NULL, NULL, NULL, NULL, ERR_INVALID_CLIENT, 0},
    {"Bearer x", NULL, NULL, NULL, NULL, ERR_INVALID_CLIENT, 0},
    {"Digest x", "id", NULL, NULL, NULL, ERR_INVALID_CLIENT, 0},
    {"", "id", NULL, NULL, NULL, ERR_INVALID_CLIENT, 0},
};

Test(credentials, one_method_or_none)
{
    struct arena arena;
    arena_init(&arena, NULL, 0, 65536);
    for (size_t i = 0; i < sizeof(presented) / sizeof(presented[0]); i++) {
        const struct client_presented request = {
            str_from(presented[i].authorization), str_from(presented[i].id),
            str_from(presented[i].secret), str_from(presented[i].assertion),
            str_from(presented[i].assertion_type)};
        struct client_credentials got;
        enum err err = client_credentials_read(&request, &arena, &got);
        cr_assert_eq(err, presented[i].want, "row %zu: %s", i, err_info(err)->name);
        if (err != ERR_NONE)
            continue;
        bool by_key = got.method == CLIENT_AUTH_PRIVATE_KEY;
        bool proves = got.method != CLIENT_AUTH_NONE && !by_key;
        cr_assert_eq(got.method, presented[i].method, "row %zu", i);
        cr_assert(str_eq(got.client_id, STR("id")), "row %zu", i);
        cr_assert(str_eq(got.secret, proves ? STR("secret") : STR("")), "row %zu", i);
        cr_assert(str_eq(got.assertion, by_key ? STR("ey") : STR("")), "row %zu", i);
    }
    arena_reset(&arena);
    leaks_check();
}

Test(credentials, without_memory_nobody_is_refused) /* P4 */
{
    const struct client_presented request = {.authorization = STR(BASIC)};
    struct client_credentials got;
    struct arena arena;
    arena_init(&arena, NULL, 0, 2);
    cr_assert_eq(client_credentials_read(&request, &arena, &got), ERR_FAULT_MEMORY);
}

/* ---- judging ---- */

enum { PER_CLIENT = 10 };

static const uint8_t home[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 1};
static const uint8_t elsewhere[16] = {[10] = 0xFF, [11] = 0xFF, [12] = 192, [14] = 2, [15] = 9};

struct bed {
    struct clients clients;
    struct guess_throttle *throttle;
    struct client_context context;
};

static void bed_init(struct bed *b, uint32_t per_client)
{
    const struct guess_throttle_limits limits = {per_client, 200, 1000};
    clients_init(&b->clients);
    struct tree *tree = &b->clients.tree;
    cr_assert(result_ok(guess_throttle_new(&limits, &tree->entropy.entropy, &b->throttle)));
    b->context = (struct client_context){.party = tree->party,
                                         .throttle = b->throttle,
                                         .address = home,
                                         .wall_ms = clock_wall_ms(&tree->clock.clock),
                                         .mono_ms = 1000};
}

static void bed_done(struct bed *b)
{
    guess_throttle_free(&b->throttle);
    clients_done(&b->clients);
}

struct outcome {
    enum err err;
    uint32_t retry_after_s;
    struct sid secret_id;
    const struct party_application *application;
};

static struct outcome attempt(struct bed *b, struct str id, enum client_auth_method method,
                              struct str secret)
{
    const struct client_credentials credentials = {method, id, secret};
    struct outcome o = {0};
    o.err = client_authenticate(&b->context, &credentials, &o.application, &o.secret_id,
                                &o.retry_after_s);
    return o;
}

static struct outcome attempt_sid(struct bed *b, const struct sid *sid,
                                  enum client_auth_method method, const char *secret)
{
    char memory[SID_TEXT];
    return attempt(b, clients_id(sid, memory), method, str_from(secret));
}

#define WHO(member) offsetof(struct clients, member)

static const struct {
    const char *label;
    size_t who;
    enum client_auth_method method;
    const char *secret;
    enum err want;
    bool counts;
} judged[] = {
    {"its secret", WHO(basic), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_NONE, false},
    {"its other secret", WHO(basic), CLIENT_AUTH_BASIC, CLIENTS_SECOND, ERR_NONE, false},
    {"in the body", WHO(post), CLIENT_AUTH_POST, CLIENTS_SECRET, ERR_NONE, false},
    {"a public client", WHO(open), CLIENT_AUTH_NONE, NULL, ERR_NONE, false},
    {"a wrong secret", WHO(basic), CLIENT_AUTH_BASIC, "wrong", ERR_INVALID_CLIENT, true},
    {"an empty secret", WHO(basic), CLIENT_AUTH_BASIC, "", ERR_INVALID_CLIENT, true},
    {"one more character", WHO(basic), CLIENT_AUTH_BASIC, CLIENTS_SECRET "x", ERR_INVALID_CLIENT,
     true},
    {"another's second secret", WHO(post), CLIENT_AUTH_POST, CLIENTS_SECOND, ERR_INVALID_CLIENT,
     true},
    {"nobody", WHO(stranger), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, true},
    {"nobody, public", WHO(stranger), CLIENT_AUTH_NONE, NULL, ERR_INVALID_CLIENT, true},
    {"a partner", WHO(tree.shop), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, true},
    /* 6749-2.3.1-e: exactly the registered method; nobody guesses that */
    {"body, not Basic", WHO(basic), CLIENT_AUTH_POST, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
    {"Basic, not body", WHO(post), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
    {"wrong both ways", WHO(post), CLIENT_AUTH_BASIC, "wrong", ERR_INVALID_CLIENT, false},
    {"id alone", WHO(basic), CLIENT_AUTH_NONE, NULL, ERR_INVALID_CLIENT, false}, /* 6749-3.2.1-a */
    {"secret of none", WHO(open), CLIENT_AUTH_POST, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
    {"key, not secret", WHO(by_key), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
    {"suspended", WHO(suspended), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
    {"suspended, wrong", WHO(suspended), CLIENT_AUTH_BASIC, "wrong", ERR_INVALID_CLIENT, true},
    {"above suspended", WHO(orphan), CLIENT_AUTH_BASIC, CLIENTS_SECRET, ERR_INVALID_CLIENT, false},
};

Test(authenticate, an_application_proves_itself_by_its_own_method)
{
    for (size_t i = 0; i < sizeof(judged) / sizeof(judged[0]); i++) {
        struct bed b;
        bed_init(&b, 1); /* so that one failure shows */
        const struct sid *who = (const struct sid *)((char *)&b.clients + judged[i].who);
        struct guess_caller caller = {.address = home};
        char memory[SID_TEXT];
        caller.client_id = clients_id(who, memory);

        struct outcome got = attempt_sid(&b, who, judged[i].method, judged[i].secret);
        cr_assert_eq(got.err, judged[i].want, "%s: %s", judged[i].label, err_info(got.err)->name);
        cr_assert_eq(guess_throttle_check(b.throttle, &caller, 1000) > 0, judged[i].counts, "%s",
                     judged[i].label);
        if (judged[i].want == ERR_NONE)
            cr_assert(sid_eq(&got.application->client_id, who), "%s", judged[i].label);
        else
            cr_assert_null(got.application, "%s", judged[i].label);
        bed_done(&b);
    }
    leaks_check();
}

Test(authenticate, an_id_is_matched_byte_for_byte)
{
    struct bed b;
    char id[SID_TEXT + 1];
    bed_init(&b, PER_CLIENT);
    clients_id(&b.clients.basic, id);
    id[SID_TEXT] = ' ';
    const struct str ids[] = {str_make(id, SID_TEXT + 1), str_make(id, SID_TEXT - 1), STR(""),
                              STR_NONE};
    for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]); i++)
        cr_assert_eq(attempt(&b, ids[i], CLIENT_AUTH_BASIC, STR(CLIENTS_SECRET)).err,
                     ERR_INVALID_CLIENT, "%zu", i);
    cr_assert_eq(attempt(&b, str_make(id, SID_TEXT), CLIENT_AUTH_BASIC, STR(CLIENTS_SECRET)).err,
                 ERR_NONE);
    bed_done(&b);
}

Test(authenticate, a_secret_ends_at_its_time)
{
    struct bed b;
    bed_init(&b, PER_CLIENT);
    const struct {
        int64_t from_end_ms;
        enum err want;
    } rows[] = {{-1, ERR_NONE}, {0, ERR_INVALID_CLIENT}, {1, ERR_INVALID_CLIENT}};
    for (size_t i = 0; i < 3; i++) {
        b.context.wall_ms = b.clients.second_ends_ms + rows[i].from_end_ms;
        cr_assert_eq(attempt_sid(&b, &b.clients.basic, CLIENT_AUTH_BASIC, CLIENTS_SECOND).err,
                     rows[i].want);
        cr_assert_eq(attempt_sid(&b, &b.clients.basic, CLIENT_AUTH_BASIC, CLIENTS_SECRET).err,
                     ERR_NONE);
    }
    bed_done(&b);
}

Test(authenticate, what_is_longer_than_any_secret_matches_none)
{
    struct bed b;
    char text[LIMIT_SECRET + 1], id[SID_TEXT];
    bed_init(&b, PER_CLIENT);
    memset(text, 'x', sizeof(text));
    struct str longest = clients_id(&b.clients.longest, id);
    cr_assert_eq(attempt(&b, longest, CLIENT_AUTH_POST, str_make(text, LIMIT_SECRET)).err,
                 ERR_NONE);
    cr_assert_eq(attempt(&b, longest, CLIENT_AUTH_POST, str_make(text, LIMIT_SECRET + 1)).err,
                 ERR_INVALID_CLIENT);
    bed_done(&b);
}

Test(authenticate, over_the_limit_even_the_right_secret_waits) /* 6749-2.3.1-d */
{
    struct bed b;
    bed_init(&b, PER_CLIENT);
    const struct sid *basic = &b.clients.basic;
    for (int i = 0; i < PER_CLIENT; i++)
        cr_assert_eq(attempt_sid(&b, basic, CLIENT_AUTH_BASIC, "wrong").err, ERR_INVALID_CLIENT);
    b.context.mono_ms += 17000;
    struct outcome got = attempt_sid(&b, basic, CLIENT_AUTH_BASIC, CLIENTS_SECRET);
    cr_assert_eq(got.err, ERR_TOO_MANY_GUESSES);
    cr_assert_eq(got.retry_after_s, 43u);
    cr_assert_eq(attempt_sid(&b, &b.clients.post, CLIENT_AUTH_POST, CLIENTS_SECRET).err, ERR_NONE,
                 "another client from there");
    b.context.address = elsewhere;
    cr_assert_eq(attempt_sid(&b, basic, CLIENT_AUTH_BASIC, CLIENTS_SECRET).err, ERR_NONE);
    b.context.address = home;
    b.context.mono_ms += 43000;
    cr_assert_eq(attempt_sid(&b, basic, CLIENT_AUTH_BASIC, CLIENTS_SECRET).err, ERR_NONE);
    bed_done(&b);
}

/* ---- equal work (6749-5.2-h) ---- */

static unsigned compared, digested;

bool __real_ct_equal(const void *a, const void *b, size_t n);
bool __wrap_ct_equal(const void *a, const void *b, size_t n);
void __real_secret_digest(struct str text, uint8_t out[SECRET_DIGEST]);
void __wrap_secret_digest(struct str text, uint8_t out[SECRET_DIGEST]);

bool __wrap_ct_equal(const void *a, const void *b, size_t n)
{
    compared++;
    return __real_ct_equal(a, b, n);
}

void __wrap_secret_digest(struct str text, uint8_t out[SECRET_DIGEST])
{
    digested++;
    __real_secret_digest(text, out);
}

Test(authenticate, an_unknown_client_and_a_wrong_secret_are_one_case) /* 6749-5.2-h */
{
    struct bed b;
    bed_init(&b, PER_CLIENT);
    for (int i = 0; i < PER_CLIENT + 3; i++) {
        struct outcome wrong = attempt_sid(&b, &b.clients.basic, CLIENT_AUTH_BASIC, "wrong");
        struct outcome unknown =
            attempt_sid(&b, &b.clients.stranger, CLIENT_AUTH_BASIC, CLIENTS_SECRET);
        cr_assert_eq(wrong.err, i < PER_CLIENT ? ERR_INVALID_CLIENT : ERR_TOO_MANY_GUESSES);
        cr_assert_eq(unknown.err, wrong.err, "attempt %d", i);
        cr_assert_eq(unknown.retry_after_s, wrong.retry_after_s, "attempt %d", i);
    }
    bed_done(&b);
}

Test(authenticate, whoever_fails_costs_the_same_work) /* 6749-5.2-h */
{
    static const struct {
        size_t who;
        const char *secret;
    } rows[] = {
        {WHO(basic), "wrong"},       {WHO(basic), CLIENTS_SECRET}, {WHO(basic), CLIENTS_SECOND},
        {WHO(stranger), "wrong"},    {WHO(suspended), "wrong"},    {WHO(orphan), "wrong"},
        {WHO(post), CLIENTS_SECRET},
    };
    struct bed b;
    bed_init(&b, PER_CLIENT);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct sid *who = (const struct sid *)((char *)&b.clients + rows[i].who);
        compared = digested = 0;
        attempt_sid(&b, who, CLIENT_AUTH_BASIC, rows[i].secret);
        cr_assert_eq(digested, 1u, "row %zu", i);
        cr_assert_eq(compared, (unsigned)PARTY_SECRETS_MAX, "row %zu", i);
    }
    bed_done(&b);
}
