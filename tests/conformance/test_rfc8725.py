"""RFC 8725: every trick with a JWT, at every place that takes one. The verdict is always the same: introspection says
exactly {"active":false}, revocation 200 and nothing revoked, a bearer 401."""

import json
import os
import time

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from forge import assemble, b64, claims, compact, header, hs256, sign_with, unb64

INACTIVE = b'{"active":false}'
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551  # the order of P-256


@pytest.fixture(scope="module")
def admin_token(bed):
    """A token that opens introspection and revocation; its forgeries are tried as credentials too."""
    return bed.issue(bed.admin, scope="scopemint.introspect scopemint.revoke")


def assert_refused_everywhere(bed, forgery, genuine):
    """forgery: made from genuine, which must survive it."""
    reply = bed.introspection(forgery)
    assert (reply.status, reply.body) == (200, INACTIVE)
    assert bed.revoke(forgery, bed.admin).status == 200
    if not any(byte in forgery for byte in " \r\n\t\x00"):
        bearer = bed.post("/oauth/introspect", {"token": genuine}, bearer=forgery)
        assert bearer.status in (400, 401), bearer.body
    assert bed.is_active(genuine)


def remade(token, head=None, payload=None, drop=(), signer=None, signature=None):
    """token with other members, signed by signer or with its own or the given signature."""
    first = {name: value for name, value in {**header(token), **(head or {})}.items() if name not in drop}
    body = {name: value for name, value in {**claims(token), **(payload or {})}.items() if name not in drop}
    kept = unb64(token.split(".")[2]) if signature is None else signature
    return assemble(first, body, signer or (lambda data: kept))


# ---- algorithms ----


@pytest.mark.parametrize("alg", ["none", "None", "NONE", "nOnE", "", "hs256", "HS256", "HS384", "HS512", "ES256K", "es256",
                                 "ES384", "ES512", "RS256", "PS256", "EdDSA", "Ed25519", "ES256 ", "ES256\x00", None,
                                 ["ES256"], {"a": 1}, 256, True],
                         ids=lambda value: f"8725-3.2-a-THREATS-1-{json.dumps(value)}")
@pytest.mark.parametrize("signature", ["own", "empty", "zero"])
def test_only_the_bound_algorithm(bed, admin_token, alg, signature):
    raw = {"own": None, "empty": b"", "zero": bytes(64)}[signature]
    assert_refused_everywhere(bed, remade(admin_token, {"alg": alg}, signature=raw), admin_token)


def test_8725_3_2_a_missing_algorithm(bed, admin_token):
    for signature in (None, b""):
        assert_refused_everywhere(bed, remade(admin_token, drop=("alg",), signature=signature), admin_token)
    unsigned = remade(admin_token, {"alg": "none"}, signature=b"")
    for value in (unsigned, unsigned.rstrip("."), unsigned + "."):
        assert_refused_everywhere(bed, value, admin_token)


def hmac_keys(forger, bed):
    """The published key in every form somebody may take it from: as it is, with and without the last line feed,
    behind a blank (CVE-2015-9235, libjwt 200, CVE-2024-54150, fast-jwt)."""
    pem, der = forger.public_bytes("pem"), forger.public_bytes("der")
    jwks = bed.get("/oauth/jwks")
    return {
        "pem": pem, "pem-chomped": pem.rstrip(), "pem-blank": b" " + pem, "pem-crlf": pem.replace(b"\n", b"\r\n"),
        "der": der, "point": forger.public_bytes("point"), "jwk": compact(forger.jwk), "jwks": jwks.body,
        "x": unb64(forger.jwk["x"]), "kid": forger.kid.encode(), "empty": b"",
    }


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512", "ES256"])
def test_8725_3_1_b_THREATS_2_THREATS_3_THREATS_5_the_public_key_as_a_shared_secret(bed, forger, admin_token, alg):
    for name, key in hmac_keys(forger, bed).items():
        forgery = remade(admin_token, {"alg": alg}, signer=lambda data, key=key: hs256(key, data))
        assert bed.introspection(forgery).body == INACTIVE, name
        assert bed.post("/oauth/introspect", {"token": "x"}, bearer=forgery).status == 401, name


@pytest.mark.parametrize("alg, key", [
    pytest.param("RS256", rsa.generate_private_key(65537, 2048), id="8725-3.1-a-rsa"),
    pytest.param("EdDSA", ed25519.Ed25519PrivateKey.generate(), id="8725-3.1-a-ed25519"),
    pytest.param("ES256", ec.generate_private_key(ec.SECP256R1()), id="8725-3.1-a-other-p256"),
    pytest.param("ES256", ec.generate_private_key(ec.SECP256K1()), id="8725-3.1-a-k256"),
])
def test_other_keys_under_our_kid(bed, admin_token, alg, key):
    forgery = remade(admin_token, {"alg": alg}, signer=lambda data: sign_with(key, data))
    assert_refused_everywhere(bed, forgery, admin_token)


# ---- signatures ----


def der_integer(value):
    raw = value.to_bytes((value.bit_length() + 8) // 8 or 1, "big")
    return bytes([2, len(raw)]) + raw


def odd_signatures(token):
    raw = unb64(token.split(".")[2])
    r, s = int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big")
    der = der_integer(r) + der_integer(s)
    return {
        "zeros": bytes(64), "r-zero": bytes(32) + raw[32:], "s-zero": raw[:32] + bytes(32),
        "r-n": N.to_bytes(32, "big") + raw[32:], "s-n": raw[:32] + N.to_bytes(32, "big"),
        "s-over-n": raw[:32] + (N + 1).to_bytes(32, "big"), "ones": b"\xff" * 64, "63": raw[:63], "65": raw + b"\0",
        "65-front": b"\0" + raw, "128": raw * 2, "der": bytes([0x30, len(der)]) + der, "swapped": raw[32:] + raw[:32],
        "empty": b"", "one": b"\1", "r-one": (1).to_bytes(32, "big") + raw[32:], "huge": bytes(4000),
    }


def test_8725_3_4_a_THREATS_14_odd_signatures(bed, admin_token):
    for name, signature in odd_signatures(admin_token).items():
        reply = bed.introspection(remade(admin_token, signature=signature))
        assert (reply.status, reply.body) == (200, INACTIVE), name


# ---- genuine signatures over what may not be ----


def wrong_issuers(issuer):
    """THREATS-11: neither substring, nor prefix, nor case, nor slash."""
    return [issuer[:-1], issuer + "1", issuer + "/", issuer.upper(), "http://evil.example/" + issuer, "", None, [issuer],
            7, issuer + "\x00", issuer.replace("127.0.0.1", "localhost")]


def test_8725_3_8_a_THREATS_11_other_issuers(bed, forger):
    for issuer in wrong_issuers(bed.issuer):
        assert bed.introspection(forger.make(payload={"iss": issuer})).body == INACTIVE, issuer


@pytest.mark.parametrize("payload, drop", [
    ({"aud": "https://elsewhere.example"}, ()), ({}, ("aud",)), ({"aud": None}, ()), ({"aud": []}, ()), ({"aud": {}}, ()),
    ({"aud": ""}, ()), ({"aud": [["https://api.testbed.example"]]}, ()), ({"aud": ["https://api.testbed.example", 7]}, ()),
    ({"aud": "https://api.testbed.example/"}, ()), ({"aud": "https://API.testbed.example"}, ()),
], ids=lambda value: "8725-3.9-a-" + json.dumps(value))
def test_other_audiences(bed, forger, payload, drop):
    assert bed.introspection(forger.make(payload=payload, drop=drop)).body == INACTIVE


@pytest.mark.parametrize("typ", ["JWT", "jwt", "id_token", "token-introspection+jwt", "dpop+jwt", "logout+jwt", "", None, 7,
                                 ["at+jwt"], "at+jwtx", "at+jwt ", "secevent+jwt"],
                         ids=lambda value: "8725-3.11-a-3.12-a-" + json.dumps(value))
def test_other_types(bed, forger, typ):
    assert bed.introspection(forger.make(head={"typ": typ})).body == INACTIVE


def test_8725_3_12_a_a_jwt_typed_token_is_only_good_where_all_audiences_say_so(bed, forger):
    legacy = bed.issue(bed.seeded("legacy"))
    assert header(legacy)["typ"] == "JWT"
    mixed = {**claims(legacy), "aud": ["https://legacy.testbed.example", bed.audience]}
    assert bed.is_active(forger.make(payload=mixed))
    assert bed.introspection(forger.make(head={"typ": "JWT"}, payload=mixed)).body == INACTIVE
    assert bed.introspection(forger.make(head={"typ": "JWT"})).body == INACTIVE


@pytest.mark.parametrize("kid", ["../../../../dev/null", "/etc/passwd", "' OR 1=1 --", "a\x00b", "k" * 10_000, '{"a":1}', "",
                                 "https://evil.example/jwks", "%2e%2e", None, 7, ["x"], {"a": 1}, " ", "KID+1"],
                         ids=lambda value: "8725-3.10-a-THREATS-7-" + json.dumps(value)[:24])
def test_odd_kids(bed, forger, kid):
    kid = forger.kid + "1" if kid == "KID+1" else kid
    assert bed.introspection(forger.make(head={"kid": kid})).body == INACTIVE
    empty_key = forger.make(head={"kid": kid, "alg": "HS256"}, sign=lambda data: hs256(b"", data))
    assert bed.introspection(empty_key).body == INACTIVE


def test_8725_3_10_a_missing_kid(bed, forger):
    assert bed.introspection(forger.make(drop=("kid",))).body == INACTIVE


@pytest.mark.parametrize("member", ["jwk", "jku", "x5u", "x5c", "x5t", "x5t#S256"],
                         ids=lambda value: "8725-3.10-b-THREATS-6-THREATS-8-" + value)
def test_keys_that_travel_in_the_token(bed, forger, member):
    """Refused whoever signed it; that nothing is fetched is watched in tests/security."""
    own = ec.generate_private_key(ec.SECP256R1())
    numbers = own.public_key().public_numbers()
    jwk = {"kty": "EC", "crv": "P-256", "x": b64(numbers.x.to_bytes(32, "big")), "y": b64(numbers.y.to_bytes(32, "big"))}
    der = own.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    value = {"jwk": jwk, "x5c": [b64(der)], "x5t": b64(bytes(20)), "x5t#S256": b64(bytes(32))}.get(
        member, f"http://127.0.0.1:{bed.port}/oauth/jwks")
    for signer in (lambda data: sign_with(own, data), None):
        assert bed.introspection(forger.make(head={member: value}, sign=signer)).body == INACTIVE


@pytest.mark.parametrize("crit", [["x"], [], ["exp"], ["alg"], ["typ", "x"], "x", None, {}, [7], ["b64"]],
                         ids=lambda value: "8725-x-b-THREATS-9-" + json.dumps(value))
def test_crit(bed, forger, crit):
    for more in ({}, {"x": 1, "b64": False}):
        assert bed.introspection(forger.make(head={"crit": crit, **more})).body == INACTIVE


@pytest.mark.parametrize("head", [{"b64": False}, {"zip": "DEF"}, {"enc": "A128GCM"}], ids=json.dumps)
def test_8725_3_6_a_header_members_of_other_formats(bed, forger, head):
    assert bed.introspection(forger.make(head=head)).body == INACTIVE


def test_8725_3_6_a_THREATS_13_five_segments_cost_nothing(bed, forger):
    head = b64(compact({"alg": "PBES2-HS256+A128KW", "enc": "A128GCM", "p2c": 2**31 - 1, "p2s": b64(bytes(16))}))
    token = ".".join([head] + [b64(os.urandom(32))] * 4)
    begin = time.process_time(), time.monotonic()
    for _ in range(50):
        assert bed.introspection(token).body == INACTIVE
    assert time.monotonic() - begin[1] < 2


# ---- JSON ----


def with_text(forger, name, text):
    """The sample's payload with one value written by hand."""
    whole = json.dumps({**claims(forger.sample), name: "@@"}, separators=(",", ":"))
    return forger.make(payload=whole.replace('"@@"', text))


@pytest.mark.parametrize("name, text", [
    *(("exp", text) for text in ('"9999999999"', "9999999999.5", "-1", "1e400", "1e10", "9" * 30, "null", "true", "[1]", "0",
                                 "99999999999999999999", "-0", "0x10", "01", "+1", "NaN", "Infinity")),
    *(("iat", text) for text in ('"1"', "-1", "1e400", "null", "1.5")),
    *(("nbf", text) for text in ('"1"', "1e400", "null", "-1e9", "9999999999")),
    *(("jti", text) for text in ("7", "null", '""', '"x"', '"\\u0000"', '["a"]', '"0190a000-0000-7000-8000-000000000000"',
                                 '"0190A000-0000-7000-8000-00000000000A.1"', '"0190a000-0000-7000-8000-000000000000.0"',
                                 '"0190a000-0000-7000-8000-000000000000.01"',
                                 '"0190a000-0000-7000-8000-000000000000.-1"')),
    *(("scope", text) for text in ("7", "null", '["calls.read"]', '"calls.read\\u0000"', '"\\ud800"')),
    *(("client_id", text) for text in ("7", "null", '""', '"x"', '"0190a000-0000-7000-8000-0000000000ff"')),
    *(("partner_sid", text) for text in ("7", "null", '""', '"x"', '"0190a000-0000-7000-8000-0000000000ff"')),
    *(("epoch", text) for text in ('"1"', "-1", "1.5", "1e400", "null")),
    *(("sub", text) for text in ("7", "null", '""')),
], ids=lambda value: value if value.isalpha() else "8725-x-a-" + value[:32])
def test_claims_of_the_wrong_form(bed, forger, name, text):
    assert bed.introspection(with_text(forger, name, text)).body == INACTIVE


@pytest.mark.parametrize("name", ["iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "partner_sid", "epoch"],
                         ids=lambda value: "9068-2.2-a-missing-" + value)
def test_missing_claims(bed, forger, name):
    assert bed.introspection(forger.make(drop=(name,))).body == INACTIVE


def odd_documents(original):
    text = compact(original).decode()
    name, value = next((name, json.dumps(value)) for name, value in original.items())
    escaped = f"\\u{ord(name[0]):04x}{name[1:]}"
    return {
        "duplicate": f'{text[:-1]},"{name}":{value}}}', "duplicate-escaped": f'{text[:-1]},"{escaped}":{value}}}',
        "trailing": text + "x", "two": text + text, "bom": "\ufeff" + text, "array": f"[{text}]", "string": '"x"',
        "empty": "", "null": "null", "open": text[:-1], "comment": text[:-1] + "/**/}", "comma": text[:-1] + ",}",
        "single-quotes": text.replace('"', "'"), "deep": text[:-1] + ',"d":' + "[" * 17 + "]" * 17 + "}",
        "very-deep": text[:-1] + ',"d":' + "[" * 3000 + "}", "nul": text[:-1] + ',"n":"\\u0000"}',
        "raw-nul": text[:-1] + ',"n":"\x00"}', "surrogate": text[:-1] + ',"n":"\\udc00"}',
        "many-keys": text[:-1] + "".join(f',"k{n}":1' for n in range(100)) + "}",
        "bad-utf8": compact(original)[:-1] + b',"n":"\xff"}', "overlong-utf8": compact(original)[:-1] + b',"n":"\xc0\xaf"}',
        "utf16": text.encode("utf-16"),
    }


@pytest.mark.parametrize("part", ["header", "payload"])
def test_8725_x_a_THREATS_10_THREATS_75_odd_json(bed, forger, part):
    original = header(forger.sample) if part == "header" else claims(forger.sample)
    for name, document in odd_documents(original).items():
        forged = forger.make(head=document) if part == "header" else forger.make(payload=document)
        if len(forged) <= 8192:
            reply = bed.introspection(forged)
            assert (reply.status, reply.body) == (200, INACTIVE), (part, name)
            assert bed.revoke(forged).status == 200


# ---- the compact form ----


def odd_forms(token):
    head, payload, signature = token.split(".")
    last = signature[-1]
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    sibling = alphabet[alphabet.index(last) ^ 1]  # the same bytes, other spare bits
    return {
        "padding": token + "==", "padding-inside": f"{head}=.{payload}.{signature}", "blank": " " + token,
        "blank-end": token + " ", "newline": token + "\n", "newline-inside": f"{head}.\n{payload}.{signature}",
        "tab": f"{head}\t.{payload}.{signature}", "dot-end": token + ".", "dot-front": "." + token,
        "two-dots": f"{head}..{payload}.{signature}", "four": f"{token}.{signature}", "two": f"{head}.{payload}",
        "non-canonical": token[:-1] + sibling, "standard-alphabet": token.replace("-", "+").replace("_", "/") + "+",
        "nul": token + "\x00", "upper": f"{head.upper()}.{payload}.{signature}", "quoted": f'"{token}"',
        "bearer": "Bearer " + token, "json": json.dumps({"protected": head, "payload": payload, "signature": signature}),
        "reordered": f"{payload}.{head}.{signature}", "unicode": token + "\u200b",
        "empty-header": f".{payload}.{signature}", "empty-payload": f"{head}..{signature}",
    }


def test_8725_x_a_odd_compact_forms(bed, admin_token):
    for name, value in odd_forms(admin_token).items():
        reply = bed.introspection(value)
        assert (reply.status, reply.body) == (200, INACTIVE), name
        assert bed.revoke(value, bed.admin).status == 200, name
    assert bed.is_active(admin_token)


def test_8725_x_a_genuine_after_all(bed, forger):
    """The forger itself is right: a token it changes nothing in is active, so the rest failed for the named reason."""
    assert bed.is_active(forger.make())
    assert bed.is_active(forger.make(payload={"extra": "ignored"}))
