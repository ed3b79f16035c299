/* private_key_jwt through a whole endpoint: the two waits, and what may go wrong in each (7523-3-f,
 * P4). Which assertions are good is tested where they are judged. */
#include <criterion/criterion.h>
#include <stdio.h>

#include "client/assertion.h"
#include "core/base64.h"
#include "core/pool.h"
#include "crypto/sign.h"
#include "oauth/endpoints.h"
#include "store/memory.h"
#include "support/leaks.h"
#include "unit/oauth/bed.h"
#include "unit/oauth/blocker.h"

#define PARAMETERS                                   \
    "grant_type=client_credentials&scope=calls.read" \
    "&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3Aclient-assertion-type%3Ajwt-bearer"

static void begin(struct bed *bed)
{
    bed_init(bed);
    cr_assert(result_ok(pool_new(1, 1, &bed->server.pool)));
}

static void end(struct bed *bed)
{
    pool_free(&bed->server.pool);
    bed_done(bed);
    leaks_check();
}

static size_t append(char *text, size_t at, const void *bytes, size_t n)
{
    base64url_encode(bytes, n, text + at);
    return at + base64url_length(n);
}

/* The form of a token request by this client's key, with that jti. */
static const char *form_of(const struct bed *bed, const struct sid *client, const char *jti,
                           char memory[BED_TEXT])
{
    static const char header[] = "{\"alg\":\"EdDSA\"}";
    char claims[1024], token[2048], id[SID_TEXT];
    uint8_t signature[SIGNATURE_MAX];
    struct crypto_key *key;
    struct crypto_ctx *ctx;

    clients_id(client, id);
    int len =
        snprintf(claims, sizeof(claims),
                 "{\"iss\":\"%.*s\",\"sub\":\"%.*s\",\"aud\":\"" BED_ISSUER
                 "\",\"jti\":\"%s\",\"exp\":%lld}",
                 SID_TEXT, id, SID_TEXT, id, jti, (long long)clock_wall_s(bed->server.clock) + 60);
    size_t at = append(token, 0, header, sizeof(header) - 1);
    token[at++] = '.';
    at = append(token, at, claims, (size_t)len);
    cr_assert_eq(crypto_key_load(KEY_EDDSA, STR(CLIENTS_KEY), &key), KEY_TAKEN);
    cr_assert(result_ok(crypto_ctx_new(key, &ctx)));
    cr_assert(result_ok(crypto_sign(ctx, str_make(token, at), signature)));
    token[at++] = '.';
    at = append(token, at, signature, 64);
    crypto_ctx_free(&ctx);
    crypto_key_unref(&key);
    snprintf(memory, BED_TEXT, "%s&client_assertion=%.*s", PARAMETERS, (int)at, token);
    return memory;
}

static int ask(struct bed *bed, const char *form, struct answer *out)
{
    bed_answer(bed, &(struct question){.endpoint = &token_endpoint, .body = form}, out);
    return answer_status(out);
}

static int status_of(struct bed *bed, const char *form)
{
    struct answer answer;
    int status = ask(bed, form, &answer);
    answer_done(&answer);
    return status;
}

Test(private_key, proves_a_client_once) /* 7523-2.2-a, 7523-3-f */
{
    struct bed bed;
    char form[BED_TEXT], other[BED_TEXT];
    begin(&bed);
    form_of(&bed, &bed.clients.by_key, "one", form);
    cr_assert_eq(status_of(&bed, form), 200);
    cr_assert_eq(status_of(&bed, form), 401);
    cr_assert_eq(status_of(&bed, form_of(&bed, &bed.clients.by_key, "two", other)), 200);
    cr_assert_eq(status_of(&bed, form_of(&bed, &bed.clients.basic, "three", other)), 401);
    end(&bed);
}

Test(private_key, secrets_do_without_all_of_it)
{
    struct bed bed;
    char form[BED_TEXT];
    bed_init(&bed); /* there is no pool */
    bed_form(&bed.clients.post, "correct+horse+battery+staple",
             "grant_type=client_credentials&scope=calls.read", form);
    cr_assert_eq(status_of(&bed, form), 200);
    bed_done(&bed);
}

Test(private_key, a_full_pool_is_503_and_uses_nothing_up) /* P4 */
{
    struct bed bed;
    struct blocker blocker;
    struct answer waiting, late;
    char first[BED_TEXT], second[BED_TEXT];
    begin(&bed);
    blocker_occupy(&blocker, bed.server.pool, bed.worker.loop);
    form_of(&bed, &bed.clients.by_key, "one", first);
    form_of(&bed, &bed.clients.by_key, "two", second);
    bed_ask(&bed, &(struct question){.endpoint = &token_endpoint, .body = first}, &waiting);
    cr_assert_eq(ask(&bed, second, &late), 503);
    cr_assert(str_eq(answer_error(&late), STR("temporarily_unavailable")));
    cr_assert(answer_header(&late, "retry-after", 0).len > 0);
    answer_done(&late);
    blocker_let_go(&blocker);
    bed_wait(&bed, &waiting);
    cr_assert_eq(answer_status(&waiting), 200);
    answer_done(&waiting);
    cr_assert_eq(status_of(&bed, second), 200);
    end(&bed);
}

Test(private_key, a_client_that_left_uses_nothing_up)
{
    struct bed bed;
    struct blocker blocker;
    struct answer gone;
    char form[BED_TEXT];
    begin(&bed);
    blocker_occupy(&blocker, bed.server.pool, bed.worker.loop);
    form_of(&bed, &bed.clients.by_key, "one", form);
    bed_ask(&bed, &(struct question){.endpoint = &token_endpoint, .body = form}, &gone);
    cr_assert_not(exchange_abandon(&gone.exchange));
    blocker_let_go(&blocker);
    bed_wait(&bed, &gone); /* to be freed, not to be answered */
    cr_assert_eq(answer_status(&gone), 0);
    answer_done(&gone);
    cr_assert_eq(status_of(&bed, form), 200);
    end(&bed);
}

Test(private_key, where_the_store_cannot_tell_nobody_is_refused) /* P4 */
{
    struct bed bed;
    char form[BED_TEXT];
    begin(&bed);
    form_of(&bed, &bed.clients.by_key, "one", form);
    store_memory_set_down(bed.server.store, true);
    cr_assert_eq(status_of(&bed, form), 503);
    store_memory_set_down(bed.server.store, false);
    cr_assert_eq(status_of(&bed, form), 200);
    end(&bed);
}

Test(private_key, each_failure_counts_until_the_client_waits) /* 6749-2.3.1-d */
{
    struct bed bed;
    char form[BED_TEXT], used[BED_TEXT];
    begin(&bed);
    form_of(&bed, &bed.clients.by_key, "one", used);
    cr_assert_eq(status_of(&bed, used), 200);
    for (int i = 0; i < 10; i++)
        cr_assert_eq(status_of(&bed, used), 401, "%d", i);
    cr_assert_eq(status_of(&bed, form_of(&bed, &bed.clients.by_key, "two", form)), 429);
    fake_clock_pass(&bed.clients.tree.clock, 60000);
    cr_assert_eq(status_of(&bed, form_of(&bed, &bed.clients.by_key, "two", form)), 200);
    end(&bed);
}
