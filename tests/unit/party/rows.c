#include "unit/party/rows.h"

#include <criterion/criterion.h>
#include <string.h>

static const char *const scope_lists[] = {
    "",
    "calls.manage sms.manage oauth.manage",
    "calls.read",
    "calls.read sms.read DirectRingOut",
    "sms.manage rating.manage name.of.yesterday",
    "oauth.manage scopemint.revoke",
};
static const char *const approvals[] = {"", "DirectRingOut"};
static const char *const audience_lists[] = {
    "", "https://api.example", "https://api.example urn:other", "urn:a urn:b urn:c urn:d"};
static const char *const names[] = {"", "shop", "a rather longer name than the others have"};
static const char *const grants[] = {"client_credentials", "authorization_code",
                                     "authorization_code client_credentials"};
static const char *const key_sets[] = {"", "{\"keys\":[]}", "{\"keys\":[{\"kty\":\"EC\"}]}"};
static const char *const redirects[] = {"", "https://a.example/cb", "urn:x https://b.example/cb"};

uint64_t rows_random(struct rows *rows, uint64_t below)
{
    rows->random ^= rows->random << 13;
    rows->random ^= rows->random >> 7;
    rows->random ^= rows->random << 17;
    return rows->random % below;
}

#define PICK(rows, list) str_from((list)[rows_random(rows, sizeof(list) / sizeof((list)[0]))])

static struct sid new_sid(struct rows *rows)
{
    struct sid sid;
    fake_clock_pass(&rows->clock, 1);
    cr_assert(result_ok(sid_new(&rows->clock.clock, &rows->entropy.entropy, &sid)));
    return sid;
}

static bool one_in(struct rows *rows, uint64_t n)
{
    return rows_random(rows, n) == 0;
}

/* ---- text that goes ---- */

static void borrow(struct rows_change *change, struct str *text)
{
    char *at = change->text + change->used;

    cr_assert_leq(change->used + text->len, sizeof(change->text));
    memcpy(at, text->ptr, text->len);
    change->used += text->len;
    *text = str_make(at, text->len);
}

void rows_forget(struct rows_change *change)
{
    memset(change->text, '!', sizeof(change->text));
    memset(&change->partner, '!', sizeof(change->partner));
    memset(&change->application, '!', sizeof(change->application));
}

/* ---- steps ---- */

static void vary_partner(struct rows *rows, struct partner_row *row)
{
    row->name = PICK(rows, names);
    row->status = one_in(rows, 8) ? PARTNER_SUSPENDED : PARTNER_ACTIVE;
    row->scopes_all = one_in(rows, 3);
    row->available_scopes = row->scopes_all ? STR("") : PICK(rows, scope_lists);
    row->revision++;
}

static void vary_application(struct rows *rows, struct application_row *row)
{
    row->name = PICK(rows, names);
    row->type = one_in(rows, 4) ? APPLICATION_PUBLIC : APPLICATION_CONFIDENTIAL;
    row->status = one_in(rows, 5) ? APPLICATION_SUSPENDED : APPLICATION_ACTIVE;
    row->auth_method = (enum client_auth_method)rows_random(rows, CLIENT_AUTH_NONE + 1);
    row->auth_audience = one_in(rows, 2) ? CLIENT_AUDIENCE_TOKEN_ENDPOINT : CLIENT_AUDIENCE_ISSUER;
    row->grant_types = PICK(rows, grants);
    row->redirect_uris = PICK(rows, redirects);
    row->scopes_all = one_in(rows, 5);
    row->scopes = row->scopes_all ? STR("") : PICK(rows, scope_lists);
    row->approved_restricted = PICK(rows, approvals);
    row->audiences = PICK(rows, audience_lists);
    row->jwks = PICK(rows, key_sets);
    row->introspection = one_in(rows, 2);
    row->access_token_ttl_s = (uint32_t)rows_random(rows, 4000);
    row->revision++;
}

/* Often the newest, so that the tree grows deep. */
static struct sid some_parent(struct rows *rows)
{
    size_t i = one_in(rows, 2) ? rows->partner_count - 1 : rows_random(rows, rows->partner_count);
    unsigned depth = 0;

    for (struct sid at = rows->partners[i].parent_sid; !sid_is_none(&at); depth++)
        for (size_t j = 0; j < rows->partner_count; j++)
            if (sid_eq(&rows->partners[j].partner_sid, &at)) {
                at = rows->partners[j].parent_sid;
                break;
            }
    return rows->partners[depth + 1 < LIMIT_PARTNER_DEPTH ? i : 0].partner_sid;
}

static struct partner_row *add_partner(struct rows *rows)
{
    struct partner_row row = {.partner_sid = new_sid(rows), .created_ms = 1, .updated_ms = 1};

    if (rows->partner_count > 0)
        row.parent_sid = some_parent(rows);
    vary_partner(rows, &row);
    rows->partners[rows->partner_count] = row;
    return &rows->partners[rows->partner_count++];
}

void rows_step_partner(struct rows *rows, bool is_new, struct rows_change *out)
{
    struct partner_row *row = &rows->partners[rows_random(rows, rows->partner_count)];

    if (is_new)
        row = add_partner(rows);
    else
        vary_partner(rows, row);
    out->used = 0;
    out->partner = *row;
    borrow(out, &out->partner.name);
    borrow(out, &out->partner.available_scopes);
    out->change.kind = STORE_CHANGE_PARTNER;
    out->change.partner = &out->partner;
}

static struct application_row *add_application(struct rows *rows)
{
    struct application_row row = {
        .client_id = new_sid(rows),
        .partner_sid = rows->partners[rows_random(rows, rows->partner_count)].partner_sid,
        .created_ms = 1,
        .updated_ms = 1,
    };
    vary_application(rows, &row);
    rows->applications[rows->application_count] = row;
    rows->secret_counts[rows->application_count] = 0;
    return &rows->applications[rows->application_count++];
}

void rows_step_application(struct rows *rows, bool is_new, struct rows_change *out)
{
    struct application_row *row;

    if (is_new)
        row = add_application(rows);
    else
        vary_application(rows,
                         row = &rows->applications[rows_random(rows, rows->application_count)]);
    out->used = 0;
    out->application = *row;
    struct str *const texts[] = {
        &out->application.name,          &out->application.grant_types,
        &out->application.redirect_uris, &out->application.scopes,
        &out->application.audiences,     &out->application.approved_restricted,
        &out->application.jwks,
    };
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        borrow(out, texts[i]);
    out->change.kind = STORE_CHANGE_APPLICATION;
    out->change.application = &out->application;
}

static void step_secrets(struct rows *rows, struct rows_change *out)
{
    size_t i = rows_random(rows, rows->application_count);
    size_t count = rows_random(rows, STORE_SECRETS_LIVE + 1);

    rows->secret_counts[i] = count;
    out->change.kind = STORE_CHANGE_SECRETS;
    out->change.secrets.client_id = rows->applications[i].client_id;
    out->change.secrets.count = count;
    for (size_t j = 0; j < count; j++) {
        struct secret_row *row = &rows->secrets[i][j];
        *row = (struct secret_row){.secret_id = new_sid(rows),
                                   .client_id = rows->applications[i].client_id,
                                   .created_ms = 1,
                                   .expires_ms = (int64_t)rows_random(rows, 3)};
        memset(row->digest, (int)rows_random(rows, 256), sizeof(row->digest));
        out->change.secrets.rows[j] = *row;
    }
}

static void step_gone(struct rows *rows, struct rows_change *out)
{
    size_t i = rows_random(rows, rows->application_count), last = --rows->application_count;

    rows->gone = rows->applications[i].client_id;
    out->change.kind = STORE_CHANGE_APPLICATION_GONE;
    out->change.client_id = rows->gone;
    rows->applications[i] = rows->applications[last];
    memcpy(rows->secrets[i], rows->secrets[last], sizeof(rows->secrets[i]));
    rows->secret_counts[i] = rows->secret_counts[last];
}

void rows_step(struct rows *rows, struct rows_change *out)
{
    bool has_applications = rows->application_count > 0;

    switch (rows_random(rows, 8)) {
    case 0:
    case 1:
        return rows_step_partner(rows, rows->partner_count < ROWS_PARTNERS, out);
    case 2:
        return rows_step_partner(rows, false, out);
    case 3:
        return has_applications ? step_secrets(rows, out) : rows_step_partner(rows, false, out);
    case 4:
        return has_applications ? step_gone(rows, out) : rows_step_application(rows, true, out);
    case 5:
        return rows_step_application(rows, !has_applications, out);
    default:
        return rows_step_application(rows, rows->application_count < ROWS_APPLICATIONS, out);
    }
}

void rows_init(struct rows *rows, uint64_t seed)
{
    memset(rows, 0, sizeof(*rows));
    rows->random = seed;
    fake_clock_init(&rows->clock, 1790000000000);
    fake_entropy_init(&rows->entropy, seed);
    add_partner(rows);
}

/* ---- what they come to ---- */

struct party *rows_load(struct rows *rows, const struct scope_catalogue *catalogue)
{
    static struct partner_row partners[ROWS_PARTNERS];
    static struct secret_row secrets[ROWS_APPLICATIONS * STORE_SECRETS_LIVE];
    static char logins[ROWS_PARTNERS][SID_TEXT];
    struct store_seed seed = {
        partners, rows->partner_count, rows->applications, rows->application_count, secrets, 0};
    struct store_options options = {
        .url = STR("memory:"), .clock = &rows->clock.clock, .entropy = &rows->entropy.entropy};
    char memory[256];
    struct party *party;
    struct store *store;
    struct buf error;

    for (size_t i = 0; i < rows->partner_count; i++) {
        partners[i] = rows->partners[i];
        sid_format(&partners[i].partner_sid, logins[i]);
        partners[i].login = str_make(logins[i], SID_TEXT);
    }
    for (size_t i = 0; i < rows->application_count; i++)
        for (size_t j = 0; j < rows->secret_counts[i]; j++)
            secrets[seed.secret_count++] = rows->secrets[i][j];
    buf_init_fixed(&error, memory, sizeof(memory));
    cr_assert(result_ok(store_open(&options, &store, &error)));
    cr_assert(result_ok(store_seed(store, &seed, &error)), "%.*s", (int)error.len, error.ptr);
    cr_assert(result_ok(party_load(store, catalogue, &party)));
    store_close(&store);
    return party;
}

static void expect_partner(const struct party *party, const struct party *fresh,
                           const struct partner_row *row, const char *when)
{
    const struct party_partner *got = party_find_partner(party, &row->partner_sid);
    const struct party_partner *want = party_find_partner(fresh, &row->partner_sid);

    cr_assert_not_null(got, "%s", when);
    struct party_reach reach = party_reach(party, got), wanted = party_reach(fresh, want);
    const struct party_partner *parent = party_parent(party, got);
    cr_assert_eq(reach.works, wanted.works, "%s", when);
    cr_assert(scope_set_eq(&reach.ceiling, &wanted.ceiling), "%s", when);
    cr_assert(scope_set_eq(&got->available, &want->available), "%s", when);
    cr_assert(scope_set_eq(&got->own, &want->own), "%s", when);
    cr_assert(str_eq(got->name, row->name), "%s", when);
    cr_assert_eq(got->status, row->status, "%s", when);
    cr_assert_eq(got->scopes_all, row->scopes_all, "%s", when);
    cr_assert_eq(got->revision, row->revision, "%s", when);
    cr_assert_eq(got->depth, want->depth, "%s", when);
    cr_assert_eq(parent == NULL, sid_is_none(&row->parent_sid), "%s", when);
    cr_assert(parent == NULL || sid_eq(&parent->partner_sid, &row->parent_sid), "%s", when);
    cr_assert(party_is_within(got, party_root(party)), "%s", when);
}

static void expect_secrets(const struct rows *rows, size_t i, const struct party_application *got,
                           const char *when)
{
    cr_assert_eq(got->secret_count, rows->secret_counts[i], "%s", when);
    for (size_t j = 0; j < got->secret_count; j++) {
        const struct secret_row *row = &rows->secrets[i][j];
        const struct party_secret *secret = &got->secrets[0];
        for (size_t k = 0; k < got->secret_count; k++) /* in any order */
            if (sid_eq(&got->secrets[k].secret_id, &row->secret_id))
                secret = &got->secrets[k];
        cr_assert(sid_eq(&secret->secret_id, &row->secret_id), "%s", when);
        cr_assert_eq(secret->expires_ms, row->expires_ms, "%s", when);
        cr_assert_eq(memcmp(secret->digest, row->digest, sizeof(row->digest)), 0, "%s", when);
    }
}

static void expect_audiences(const struct party_application *got, struct str list, const char *when)
{
    struct str piece;
    size_t count = 0;

    while (str_split(&list, ' ', &piece))
        if (piece.len > 0) {
            cr_assert_lt(count, got->audience_count, "%s", when);
            cr_assert(str_eq(got->audiences[count++], piece), "%s", when);
        }
    cr_assert_eq(got->audience_count, count, "%s", when);
}

static void expect_application(const struct rows *rows, const struct party *party,
                               const struct party *fresh, size_t i, const char *when)
{
    const struct application_row *row = &rows->applications[i];
    const struct party_application *got = party_find_application(party, &row->client_id);
    const struct party_application *want = party_find_application(fresh, &row->client_id);

    cr_assert_not_null(got, "%s", when);
    struct scope_set allowed = party_allowed(party, got), wanted = party_allowed(fresh, want);
    cr_assert(scope_set_eq(&allowed, &wanted), "%s", when);
    cr_assert(scope_set_eq(&got->declared, &want->declared), "%s", when);
    cr_assert(scope_set_eq(&got->own, &want->own), "%s", when);
    cr_assert_eq(party_application_works(party, got), party_application_works(fresh, want));
    cr_assert(sid_eq(&got->client_id, &row->client_id), "%s", when);
    cr_assert(sid_eq(&got->partner_sid, &row->partner_sid), "%s", when);
    cr_assert(sid_eq(&party_partner_of(party, got)->partner_sid, &row->partner_sid), "%s", when);
    cr_assert(str_eq(got->name, row->name), "%s", when);
    cr_assert(str_eq(got->jwks, row->jwks), "%s", when);
    cr_assert(str_eq(got->redirect_uris, row->redirect_uris), "%s", when);
    cr_assert_eq(got->type, row->type, "%s", when);
    cr_assert_eq(got->status, row->status, "%s", when);
    cr_assert_eq(got->auth_method, row->auth_method, "%s", when);
    cr_assert_eq(got->auth_audience, row->auth_audience, "%s", when);
    cr_assert_eq(got->client_credentials, !str_eq(row->grant_types, STR("authorization_code")));
    cr_assert_eq(got->introspection, row->introspection, "%s", when);
    cr_assert_eq(got->access_token_ttl_s, row->access_token_ttl_s, "%s", when);
    cr_assert_eq(got->scopes_all, row->scopes_all, "%s", when);
    cr_assert_eq(got->revision, row->revision, "%s", when);
    expect_audiences(got, row->audiences, when);
    expect_secrets(rows, i, got, when);
}

void rows_expect(const struct rows *rows, const struct scope_catalogue *catalogue,
                 const struct party *party, const char *when)
{
    struct party *fresh = rows_load((struct rows *)rows, catalogue);
    struct party_counts counts = party_counts(party);

    cr_assert_eq(counts.partners, rows->partner_count, "%s", when);
    cr_assert_eq(counts.applications, rows->application_count, "%s", when);
    cr_assert_null(party_find_application(party, &rows->gone), "%s", when);
    for (size_t i = 0; i < rows->partner_count; i++)
        expect_partner(party, fresh, &rows->partners[i], when);
    for (size_t i = 0; i < rows->application_count; i++)
        expect_application(rows, party, fresh, i, when);
    party_unref(&fresh);
}
