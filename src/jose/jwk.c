#include "jose/jwk.h"

#include <assert.h>

#include "core/base64.h"
#include "crypto/digest.h"
#include "json/write.h"

enum { NUMBER_TEXT = (KEY_PART_MAX * 4 + 2) / 3, CANONICAL_MAX = NUMBER_TEXT + 128 };

struct member {
    const char *name;
    const struct key_part *number; /* or: */
    const char *text;
};

/* The members that make the key, in the order of their names, which is RFC 7638's. Returns how
 * many. */
static size_t members_of(const struct key_public *key, struct member out[4])
{
    size_t n = 0;
    switch (key->alg) {
    case KEY_ES256:
        out[n++] = (struct member){.name = "crv", .text = "P-256"};
        out[n++] = (struct member){.name = "kty", .text = "EC"};
        out[n++] = (struct member){.name = "x", .number = &key->x_or_n};
        out[n++] = (struct member){.name = "y", .number = &key->y_or_e};
        break;
    case KEY_EDDSA:
        out[n++] = (struct member){.name = "crv", .text = "Ed25519"};
        out[n++] = (struct member){.name = "kty", .text = "OKP"};
        out[n++] = (struct member){.name = "x", .number = &key->x_or_n};
        break;
    default:
        out[n++] = (struct member){.name = "e", .number = &key->y_or_e};
        out[n++] = (struct member){.name = "kty", .text = "RSA"};
        out[n++] = (struct member){.name = "n", .number = &key->x_or_n};
    }
    return n;
}

static void write_members(struct json_writer *w, const struct key_public *key)
{
    struct member members[4];
    size_t n = members_of(key, members);

    for (size_t i = 0; i < n; i++) {
        char text[NUMBER_TEXT];
        const struct key_part *number = members[i].number;
        struct str value = str_from(members[i].text);
        if (number != NULL) {
            base64url_encode(number->bytes, number->len, text);
            value = str_make(text, base64url_length(number->len));
        }
        json_write_member_string(w, str_from(members[i].name), value);
    }
}

void jwk_thumbprint(const struct key_public *key, char out[JWK_THUMBPRINT])
{
    char canonical[CANONICAL_MAX];
    struct buf b;
    struct json_writer w;

    buf_init_fixed(&b, canonical, sizeof(canonical));
    json_writer_init(&w, &b);
    json_write_object_begin(&w);
    write_members(&w, key);
    json_write_object_end(&w);
    assert(!b.failed);
    struct digest256 digest = digest_sha256(buf_view(&b));
    base64url_encode(digest.bytes, sizeof(digest.bytes), out);
}

void jwk_write(struct buf *out, const struct key_public *key, struct str kid)
{
    struct json_writer w;

    json_writer_init(&w, out);
    json_write_object_begin(&w);
    write_members(&w, key);
    json_write_member_string(&w, STR("use"), STR("sig"));
    json_write_member_string(&w, STR("alg"), str_from(key_alg_name(key->alg)));
    json_write_member_string(&w, STR("kid"), kid);
    json_write_object_end(&w);
}
