#include "token/answer.h"

#include "json/write.h"

void token_answer_write(const struct token_claims *claims, struct buf *out,
                        struct token_answer *answer)
{
    size_t begin = out->len + 1; /* behind the brace, which is not part of it */
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    json_write_key(&w, STR("client_id"));
    json_write_sid(&w, &claims->client_id);
    json_write_member_string(&w, STR("token_type"), STR("Bearer"));
    json_write_key(&w, STR("exp"));
    size_t exp = out->len;
    json_write_raw(&w, STR(""));
    json_write_member_int(&w, STR("iat"), claims->iat_s);
    json_write_member_string(&w, STR("sub"), claims->subject);
    token_claims_write_aud(&w, claims);
    json_write_member_string(&w, STR("iss"), claims->issuer);
    token_claims_write_jti(&w, claims);
    json_write_key(&w, STR("partner_sid"));
    json_write_sid(&w, &claims->partner_sid);
    json_write_key(&w, STR("token_sid"));
    json_write_sid(&w, &claims->token_sid);
    if (out->failed)
        return;
    answer->before_exp = str_make(out->ptr + begin, exp - begin);
    answer->behind_exp = str_make(out->ptr + exp, out->len - exp);
}
