"""RFC 9068: the access token itself."""

import base64
import re
import subprocess

import pytest

from forge import claims, header, unb64
from testbed import Client

SID = r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def test_9068_2_1_a_the_header(bed):
    head = header(bed.issue())
    assert set(head) == {"alg", "typ", "kid"}
    assert head["typ"] == "at+jwt" and head["alg"] == "ES256"
    assert head["kid"] in {key["kid"] for key in bed.get("/oauth/jwks").json["keys"]}


def test_9068_2_2_a_the_claims(bed):
    body = claims(bed.issue())
    assert set(body) == {"iss", "sub", "aud", "exp", "iat", "jti", "client_id", "scope", "partner_sid", "epoch"}
    for name in ("iss", "sub", "jti", "client_id", "scope", "partner_sid"):
        assert type(body[name]) is str and body[name]
    for name in ("exp", "iat", "epoch"):
        assert type(body[name]) is int
    assert body["client_id"] == bed.app.client_id and body["partner_sid"] == bed.partner_sid
    assert re.fullmatch(SID + r"\.1", body["jti"])


def test_9068_2_2_b_9700_4_15_a_the_subject_is_the_client(bed):
    """An id of our making, of a form no person chooses."""
    body = claims(bed.issue())
    assert body["sub"] == bed.app.client_id and re.fullmatch(SID, body["sub"])


@pytest.mark.parametrize("scope", ["calls.read", "sms.read calls.read", None])
def test_9068_2_2_3_a_the_scope_of_the_answer(bed, scope):
    answer = bed.token(bed.app, **({"scope": scope} if scope else {})).json
    assert claims(answer["access_token"])["scope"] == answer["scope"]


def test_F_31_no_nbf_and_iat_not_in_the_future(bed):
    assert "nbf" not in claims(bed.issue())


def test_9068_4_a_an_access_token_is_no_client_assertion(bed, address):
    token = bed.issue()
    reply = bed.post("/oauth/token", {
        "grant_type": "client_credentials", "client_assertion": token,
        "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, source=address)
    assert reply.status in (400, 401) and "access_token" not in reply.json


def test_9068_6_a_small_and_without_secrets(bed):
    biggest = bed.issue(bed.admin)
    assert len(biggest) <= 8192
    text = unb64(biggest.split(".")[1]).decode()
    assert bed.admin.client_secret not in text and "secret" not in text


def test_a_token_that_would_be_too_large_is_refused(bed):
    """The root's application holds every value; were they all declared one by one they might not fit."""
    reply = bed.token(bed.admin)
    assert reply.status == 200 or (reply.error == "invalid_scope" and "8 KB" in reply.json["error_description"])


def test_jwt_type_for_resource_servers_that_know_only_jwt(bed):
    token = bed.issue(bed.seeded("legacy"))
    assert header(token)["typ"] == "JWT"


@pytest.mark.parametrize("alg", ["RS256", "PS256", "EdDSA"])
def test_9068_2_1_b_other_algorithms_end_to_end(own_bed, alg):
    bed = own_bed([f"tokens.alg={alg}"])
    token = bed.issue()
    assert header(token)["alg"] == alg
    key = next(key for key in bed.get("/oauth/jwks").json["keys"] if key["kid"] == header(token)["kid"])
    assert key["alg"] == alg and key["kty"] == ("OKP" if alg == "EdDSA" else "RSA")
    assert bed.is_active(token)
    bed.revoke(token)
    assert not bed.is_active(token)


def test_secrets_carry_prefix_and_checksum(bed):
    """SPEC 3: a type prefix and a CRC32, so that scanners find leaks and typos are refused without a look-up."""
    assert re.fullmatch(r"sm_cs_[A-Za-z0-9_-]{43,}", bed.app.client_secret)


def test_a_secret_with_one_character_changed_is_refused(bed, address):
    secret = bed.app.client_secret
    for place in (6, len(secret) // 2, len(secret) - 1):
        other = "A" if secret[place] != "A" else "B"
        typo = secret[:place] + other + secret[place + 1:]
        assert bed.token(Client(bed.app.client_id, typo), source=address).status == 401


def test_58_F_38_the_store_holds_only_digests(bed):
    dump = subprocess.run(["sqlite3", f"file:{bed.facts['store']}?mode=ro&immutable=1", ".dump"], capture_output=True,
                          text=True, check=True).stdout
    for client in (bed.app, bed.admin, bed.resource_server, bed.sub_partner):
        raw = client.client_secret
        assert raw not in dump and raw.encode().hex() not in dump.lower()
        assert base64.b64encode(raw.encode()).decode() not in dump
