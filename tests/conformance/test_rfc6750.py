"""RFC 6750: bearer tokens on our own endpoints that take them (introspection and revocation)."""

import re

import pytest

from forge import claims

PATHS = ["/oauth/introspect", "/oauth/revoke"]


@pytest.fixture(scope="module")
def bearer(bed):
    """A bearer token that may do both."""
    return bed.issue(bed.admin, scope="scopemint.introspect scopemint.revoke")


@pytest.fixture
def target(bed):
    return bed.issue(bed.app, scope="calls.read")


def test_a_bearer_token_introspects_and_revokes(bed, bearer, target):
    answer = bed.post("/oauth/introspect", {"token": target}, bearer=bearer).json
    assert answer["active"] is True
    assert bed.post("/oauth/revoke", {"token": target}, bearer=bearer).status == 200
    assert not bed.is_active(target)


@pytest.mark.parametrize("path", PATHS)
def test_6750_2_a_two_tokens_in_one_request(bed, bearer, target, path):
    reply = bed.post(path, {"token": target, "access_token": bearer}, bearer=bearer)
    assert (reply.status, reply.error) == (400, "invalid_request")
    assert bed.is_active(target)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_6750_2_1_a_the_scheme_has_no_case(bed, bearer, path, scheme):
    assert bed.post(path, {"token": "x"}, authorization=f"{scheme} {bearer}").status == 200


@pytest.mark.parametrize("path", PATHS)
def test_6750_2_3_a_no_tokens_in_the_query(bed, bearer, target, path):
    assert bed.post(f"{path}?access_token={bearer}", {"token": target}).status == 401
    assert bed.is_active(target)


@pytest.mark.parametrize("path", PATHS)
def test_6750_3_a_no_credentials_no_error_attribute(bed, target, path):
    """Both Basic and Bearer serve here, so the challenge may name either; neither says what was wrong."""
    reply = bed.post(path, {"token": target})
    assert reply.status == 401
    assert "error=" not in reply.header("WWW-Authenticate")


def broken_tokens(forger, bed):
    revoked = bed.issue(bed.admin, scope="scopemint.introspect scopemint.revoke")
    bed.revoke(revoked, bed.admin)
    good = claims(bed.issue(bed.admin, scope="scopemint.introspect scopemint.revoke"))
    return {
        "revoked": revoked,
        "expired": forger.make(payload={**good, "iat": good["iat"] - 1000, "exp": good["iat"] - 1}),
        "forged": forger.make(payload=good, sign=lambda data: b"\x01" * 64),
        "malformed": "abc",
        "other-audience": forger.make(payload={**good, "aud": bed.audience}),
        "other-issuer": forger.make(payload={**good, "iss": "https://other.example"}),
        "typ-JWT": forger.make(head={"typ": "JWT"}, payload=good),
    }


@pytest.mark.parametrize("path", PATHS)
def test_6750_3_1_a_bad_tokens(bed, forger, target, path):
    for kind, token in broken_tokens(forger, bed).items():
        reply = bed.post(path, {"token": target}, bearer=token)
        assert (reply.status, reply.error) == (401, "invalid_token"), kind
        assert 'error="invalid_token"' in reply.header("WWW-Authenticate"), kind
    assert bed.is_active(target)


@pytest.mark.parametrize("path, needed", [("/oauth/introspect", "scopemint.introspect"),
                                          ("/oauth/revoke", "scopemint.revoke")])
def test_6750_3_1_b_7662_2_1_e_a_token_without_the_scope(bed, target, path, needed):
    weak = bed.issue(bed.app, scope="calls.read")
    for token in (target, "unknown"):
        reply = bed.post(path, {"token": token}, bearer=weak)
        assert (reply.status, reply.error) == (403, "insufficient_scope")
        challenge = reply.header("WWW-Authenticate")
        assert 'error="insufficient_scope"' in challenge
        assert needed in re.search(r'scope="([^"]*)"', challenge)[1].split(" ")
    assert bed.is_active(target)


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("value", ["Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b", "Bearer \"\"",
                                   "Bearer " + "a" * 9000])
def test_6750_3_1_c_odd_values(bed, path, value):
    reply = bed.post(path, {"token": "x"}, authorization=value)
    assert reply.status in (400, 401)
    assert reply.error in ("invalid_request", "invalid_token", "invalid_client")


def test_8725_3_9_a_F_36_a_token_not_for_us_is_no_credential(bed):
    """Its audience is a resource server, not the issuer."""
    token = bed.issue(bed.admin, scope="scopemint.introspect", resource=bed.audience)
    reply = bed.post("/oauth/introspect", {"token": "x"}, bearer=token)
    assert (reply.status, reply.error) == (401, "invalid_token")
