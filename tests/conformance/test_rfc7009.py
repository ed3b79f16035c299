"""RFC 7009: revocation."""

import os
import time

import pytest

from forge import assemble, b64, claims, header
from testbed import Client


@pytest.fixture
def token(bed):
    return bed.issue(bed.app, scope="calls.read")


def assert_done(reply):
    """What simple-oauth2 and others need: 200, JSON, an empty object."""
    assert reply.status == 200 and reply.json == {}
    assert reply.header("Content-Type").split(";")[0] == "application/json"


def test_7009_2_b_the_client_revokes_its_token(bed, token):
    assert bed.is_active(token)
    assert_done(bed.revoke(token))
    assert bed.introspect(token) == {"active": False}


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_7009_2_1_a_only_post(bed, token, method):
    reply = bed.request(method, f"/oauth/revoke?token={token}", headers=[("Authorization", bed.app.basic)])
    assert reply.status == 405
    assert bed.is_active(token)


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token_type_hint": "access_token"}])
def test_7009_2_1_b_without_token(bed, form):
    reply = bed.post("/oauth/revoke", form, bed.app)
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_7009_2_1_c_without_good_credentials(bed, token, address):
    for client in (None, Client(bed.app.client_id, "wrong"), Client("nobody", "x")):
        reply = bed.post("/oauth/revoke", {"token": token}, client, source=address)
        assert (reply.status, reply.error) == (401, "invalid_client")
    assert bed.is_active(token)


def test_7009_2_1_d_another_clients_token(bed, token):
    assert_done(bed.revoke(token, bed.admin))
    assert_done(bed.revoke(token, bed.sub_partner))
    assert bed.is_active(token)


@pytest.mark.parametrize("hint", [
    pytest.param("refresh_token", id="7009-2.1-e"), pytest.param("something_unknown", id="7009-2.2-d"),
    pytest.param("access_token", id="7009-2.1-e-right"), pytest.param("", id="7009-2.2-d-empty"),
])
def test_hints_are_only_hints(bed, token, hint):
    assert_done(bed.revoke(token, token_type_hint=hint))
    assert not bed.is_active(token)


def test_7009_2_1_f_THREATS_27_inactive_on_the_first_look(bed, is_long, figures):
    """Every cache is warm: the token was introspected before."""
    clients, servers = bed.connect(), bed.connect()

    def introspect(token):
        return bed.post("/oauth/introspect", {"token": token}, bed.resource_server, connection=servers).json

    rounds = 10_000 if is_long else 300
    for _ in range(rounds):
        token = bed.post("/oauth/token", {"grant_type": "client_credentials", "scope": "calls.read"}, bed.app,
                         connection=clients).json["access_token"]
        assert introspect(token)["active"] is True
        assert bed.post("/oauth/revoke", {"token": token}, bed.app, connection=clients).status == 200
        assert introspect(token) == {"active": False}
    clients.close()
    servers.close()
    figures(rounds=rounds)


@pytest.mark.parametrize("value", [
    pytest.param("garbage", id="7009-2.2-a"), pytest.param("a.b.c", id="7009-2.2-a-dots"),
    pytest.param("sm_rt_0000", id="7009-2.2-a-refresh"),
])
def test_unknown_tokens(bed, value):
    assert_done(bed.revoke(value))


def test_7009_2_2_b_a_second_time(bed, token):
    assert_done(bed.revoke(token))
    assert_done(bed.revoke(token))
    assert not bed.is_active(token)


def comparable(reply):
    return reply.status, reply.body, sorted(
        (name.lower(), value) for name, value in reply.headers if name.lower() not in ("date", "x-request-id"))


def test_7009_2_2_e_nothing_tells_them_apart(bed, token, forger):
    revoked = bed.issue(bed.app)
    now = int(time.time())
    expired = forger.make(payload={"iat": now - 100, "exp": now - 1})
    for value in (revoked, expired):
        bed.revoke(value)
    answers = [comparable(bed.revoke(value)) for value in (
        "unknown", revoked, expired, bed.issue(bed.admin), forger.make(sign=lambda data: bytes(64)))]
    assert all(answer == answers[0] for answer in answers), answers
    # What was revoked has made a number, whoever's answer says it first.
    done = bed.revoke(token)
    assert comparable(bed.revoke("unknown")) == comparable(done)
    last = int(done.header("Scopemint-Sequence"))
    assert ("scopemint-sequence", str(last - 1)) in answers[0][2]


@pytest.mark.parametrize("value", [
    pytest.param(b"a" * 64_000, id="7009-2.1-k-64KB"),
    pytest.param(b"." * 64_000, id="7009-2.1-k-dots"),
    pytest.param(b"%00%00", id="7009-2.1-k-nul"),
    pytest.param(b"%FF%FE%C0%80", id="7009-2.1-k-utf8"),
    pytest.param(b"%25s%25n%25b", id="7009-2.1-k-THREATS-76-format"),
])
def test_odd_values(bed, value):
    begin = time.monotonic()
    reply = bed.post("/oauth/revoke", b"token=" + value, bed.app)
    assert reply.status in (200, 400)
    assert time.monotonic() - begin < 1


def test_7009_2_1_k_broken_jwts(bed, token):
    head, payload, signature = token.split(".")
    unsigned = assemble({"alg": "none", "typ": "at+jwt"}, claims(token), lambda data: b"")
    for value in (unsigned, unsigned[:-1], f"{head}.{payload}", f"{head}.{payload}.", token[:-5], token[:100],
                  f"{head}.{payload}.{signature}.{signature}"):
        assert bed.revoke(value).status == 200
    assert bed.is_active(token)


def test_9068_4_b_a_changed_token_revokes_nothing(bed, token):
    """Only what verifies names a token: a payload with our token's id and a wrong signature does not."""
    head = {**header(token), "typ": "JWT"}
    forged = assemble(head, claims(token), lambda data: os.urandom(64))
    swapped = ".".join([token.split(".")[0], b64(b'{"jti":"x"}'), token.split(".")[2]])
    for value in (forged, swapped):
        bed.revoke(value)
    assert bed.is_active(token)


def test_7009_5_a_guessing_leaves_nothing_behind(bed, forger, is_long):
    link = bed.connect()
    before = bed.rss_kib()
    for number in range(20_000 if is_long else 500):
        guess = forger.make(payload={"jti": f"{number}.1"}, sign=lambda data: os.urandom(64))
        assert bed.post("/oauth/revoke", {"token": guess}, bed.app, connection=link).status in (200, 429)
    link.close()
    assert bed.is_sanitized or bed.rss_kib() - before < 16 * 1024


def test_a_bearer_revokes_in_its_subtree_only(bed, token):
    """SPEC 4: scopemint.revoke acts on the holder's partner and its descendants; outside: 200 and nothing happens."""
    root = bed.issue(bed.admin, scope="scopemint.revoke")
    of_sub = bed.issue(bed.sub_partner)
    assert_done(bed.post("/oauth/revoke", {"token": of_sub}, bearer=root))
    assert not bed.is_active(of_sub)
    assert bed.is_active(token)


def test_THREATS_76_tokens_with_format_characters_reach_redis_as_data(bed, forger):
    token = forger.make(payload={"jti": "%s%n%b.1"})
    assert bed.revoke(token).status == 200
    assert bed.redis("PING") == "PONG"
    assert bed.is_active(bed.issue())
