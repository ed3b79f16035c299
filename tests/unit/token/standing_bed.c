#include "standing_bed.h"

#include <criterion/criterion.h>

void bed_init(struct bed *b)
{
    memset(b, 0, sizeof(*b));
    tree_init(&b->tree);
    quiesce_init(&b->quiesce);
    cr_assert(result_ok(revocation_index_new(&b->quiesce, &b->index)));
    revocation_index_complete(b->index, 5);
    b->facts = (struct token_facts){.catalogue = b->tree.catalogue,
                                    .party = b->tree.party,
                                    .index = b->index,
                                    .now_s = 1000,
                                    .ttl_max_s = 3600};
    b->token.kid = STR("key-one");
    b->token.claims = (struct token_claims){
        .client_id = b->tree.shop_app,
        .partner_sid = b->tree.shop,
        .token_sid = b->tree.below, /* any SID will do */
        .generation = 1,
        .iat_s = 500,
        .exp_s = 1001,
        .epoch = 5,
        .scope = STR("calls.read sms.manage"),
    };
}

void bed_done(struct bed *b)
{
    revocation_index_free(&b->index);
    quiesce_done(&b->quiesce);
    tree_done(&b->tree);
}

bool is_active(struct bed *b)
{
    struct token_standing standing;
    cr_assert(result_ok(token_standing(&b->facts, &b->token, &standing)));
    return standing.active;
}

void enter(struct bed *b, uint64_t number, enum entry_kind kind, struct sid id, const char *kid)
{
    struct store_entry entry = {
        .number = number, .kind = kind, .id = id, .end_s = 9999, .at_ms = 1};
    entry.kid_len = (uint8_t)strlen(kid);
    memcpy(entry.kid, kid, entry.kid_len);
    cr_assert(result_ok(revocation_index_apply(b->index, &entry, 1)));
    revocation_index_complete(b->index, number);
}

void narrow(struct bed *b, uint64_t number, const char *scopes, int64_t exp_s)
{
    struct store_entry entry = {.number = number,
                                .kind = ENTRY_TOKEN_SET,
                                .id = b->token.claims.token_sid,
                                .set = {str_from(scopes), exp_s},
                                .end_s = 9999};
    cr_assert(result_ok(revocation_index_apply(b->index, &entry, 1)));
    revocation_index_complete(b->index, number);
}
