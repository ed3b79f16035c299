"""The consistency token (SPEC 6, P2, P4): revokes and changes say Scopemint-Sequence, introspection takes
min_sequence, and a node that has not heard of it yet says nothing about any token."""

import json

import pytest

from testbed import Client, Testbed

FAR = 2 ** 64 - 1


@pytest.fixture
def token(bed):
    return bed.issue(bed.app, scope="calls.read")


def number(reply):
    """What the header says; it is said once, in plain digits."""
    text = reply.header("Scopemint-Sequence")
    assert text.isdigit() and str(int(text)) == text
    return int(text)


def manage(bed, method, path, bearer, body=None, headers=()):
    return bed.request(method, f"/core/v2/{path}", None if body is None else json.dumps(body).encode(),
                       [("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json"), *headers])


def made(bed, bearer, scopes=("calls.manage",)):
    reply = manage(bed, "POST", "oauth/token", bearer, {"scopes": list(scopes), "access_token_expires_in": 600})
    assert reply.status == 200, reply.body
    return reply.json


@pytest.fixture(scope="module")
def manager(bed):
    return bed.issue(bed.admin, scope="oauth.manage_all_tokens oauth.allow_token_scope_update calls.manage")


def at(bed, token, least, caller=None):
    return bed.introspection(token, caller, min_sequence=str(least))


def batch(bed, tokens, least):
    return bed.request("POST", "/oauth/introspect/batch", json.dumps({"tokens": tokens, "min_sequence": least}).encode(),
                       [("Authorization", bed.resource_server.basic), ("Content-Type", "application/json")])


# ---- who says it ----

def test_P2_a_revoke_says_it(bed, token):
    reply = bed.revoke(token)
    said = number(reply)
    assert at(bed, token, said).json == {"active": False}
    following = bed.issue(bed.app, scope="calls.read")
    assert number(bed.revoke(following)) > said


def test_7009_2_2_e_it_tells_nothing_of_the_token(bed, token):
    """Unknown, foreign, revoked before: always the last number there is, so it stands still and is the same."""
    last = number(bed.revoke(token))
    foreign = bed.issue(bed.admin, scope="calls.read")
    assert {number(bed.revoke(text)) for text in ("nonsense", foreign, token, "eyJ.a.b")} == {last}
    assert number(bed.revoke(bed.issue(bed.app, scope="calls.read"))) == last + 1
    assert {number(bed.revoke(text)) for text in ("nonsense", foreign, token)} == {last + 1}
    assert bed.is_active(foreign)


def test_M2_it_tells_nothing_below_core_v2(bed):
    """POST /core/v2/oauth/revoke by a caller who may address nothing but its own."""
    alone = bed.issue(bed.admin, scope="oauth.manage")
    foreign = bed.issue(bed.app, scope="calls.read")
    said = {number(bed.post("/core/v2/oauth/revoke", {"token": text}, bearer=alone)) for text in ("nonsense", foreign)}
    assert len(said) == 1
    assert bed.is_active(foreign)
    reply = bed.post("/core/v2/oauth/revoke", {"token": alone}, bearer=alone)
    assert reply.status == 204 and {number(reply) - 1} == said


def test_P2_a_delete_says_it(bed, manager):
    token = made(bed, manager)
    reply = manage(bed, "DELETE", f"oauth/tokens/{token['token_sid']}", manager)
    assert reply.status == 204
    first = number(reply)
    assert at(bed, token["access_token"], first).json == {"active": False}
    number(bed.revoke(bed.issue(bed.app, scope="calls.read")))
    again = manage(bed, "DELETE", f"oauth/tokens/{token['token_sid']}", manager)
    assert (again.status, number(again)) == (204, first)  # the token's own, as who may see it may know


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
def test_P1_a_change_says_it(bed, manager, method):
    token = made(bed, manager)
    path = f"oauth/tokens/{token['token_sid']}"
    body = {"scopes": ["calls.read"]}
    if method == "PUT":
        body = {**manage(bed, "GET", path, manager).json, **body}
    reply = manage(bed, method, path, manager, body)
    assert reply.status == 200, reply.body
    said = number(reply)
    assert at(bed, token["access_token"], said).json["scope"] == "calls.read"
    named = manage(bed, "PATCH", path, manager, {"name": "takes no number"})
    assert named.status == 200 and number(named) == said
    same = manage(bed, "PATCH", path, manager, {"scopes": ["calls.read"]})
    assert same.status == 200 and number(same) == said
    wide = manage(bed, "PATCH", path, manager, {"scopes": ["calls.manage"]})
    assert wide.status == 200 and number(wide) == said + 1


def test_what_failed_says_nothing(bed, manager):
    token = made(bed, manager)
    path = f"oauth/tokens/{token['token_sid']}"
    for reply in (manage(bed, "PATCH", path, manager, {"scopes": 1}), bed.post("/oauth/revoke", {}, bed.app),
                  bed.post("/oauth/revoke", {"token": "x"}, Client(bed.app.client_id, "wrong")),
                  manage(bed, "DELETE", path, manager, headers=[("If-Match", '"other"')])):
        assert reply.status >= 400 and reply.header("Scopemint-Sequence") is None


# ---- who takes it ----

@pytest.mark.parametrize("least", ["0", "1"])
def test_what_was_heard_of_is_answered(bed, token, least):
    bed.revoke(bed.issue(bed.app, scope="calls.read"))
    assert at(bed, token, least).json["active"] is True
    assert at(bed, token, "").json["active"] is True  # as if it was not sent (RFC 6749, 3.1)


def behind(bed):
    text = bed.get("/metrics", admin=True).body.decode()
    return int(next(line for line in text.splitlines() if line.startswith("scopemint_introspections_behind_total")).split()[1])


def test_P4_a_node_that_is_behind_says_nothing(bed, token):
    """Whatever the token is, seen before or not, and never `active: false`."""
    revoked = bed.issue(bed.app, scope="calls.read")
    last = number(bed.revoke(revoked))
    assert bed.is_active(token)
    before = behind(bed)
    fresh = bed.issue(bed.app, scope="calls.read")
    for text in (token, fresh, revoked, "nonsense"):
        for least in (last + 1, FAR):
            reply = at(bed, text, least)
            assert (reply.status, reply.error) == (503, "temporarily_unavailable")
            assert reply.header("Retry-After") == "1" and "active" not in reply.json
    reply = batch(bed, [token, revoked], last + 1)
    assert (reply.status, reply.error, reply.header("Retry-After")) == (503, "temporarily_unavailable", "1")
    assert behind(bed) == before + 9
    assert at(bed, token, last).json["active"] is True
    assert number(bed.revoke(fresh)) == last + 1
    assert at(bed, token, last + 1).json["active"] is True


@pytest.mark.parametrize("least", ["-1", "+1", "1.0", "0x1", "01", " 1", "one", "1e3", str(2 ** 64), "9" * 40])
def test_what_is_no_number_is_refused(bed, token, least):
    reply = at(bed, token, least)
    assert (reply.status, reply.error) == (400, "invalid_request")
    reply = batch(bed, [token], least)
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_6749_3_2_e_not_twice(bed, token):
    reply = bed.post("/oauth/introspect", [("token", token), ("min_sequence", "0"), ("min_sequence", "0")],
                     bed.resource_server)
    assert (reply.status, reply.error) == (400, "invalid_request")


@pytest.mark.parametrize("least", [0, 1, "0", "1"])
def test_batch_takes_a_number_or_its_digits(bed, token, least):
    bed.revoke(bed.issue(bed.app, scope="calls.read"))
    reply = batch(bed, [token, "nonsense"], least)
    assert [item["active"] for item in reply.json["items"]] == [True, False]


@pytest.mark.parametrize("least", [-1, 1.5, None, True, [], {}, "", 2 ** 64])
def test_batch_takes_nothing_else(bed, token, least):
    reply = batch(bed, [token], least)
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_rights_come_first(bed, token):
    """Who may not introspect learns nothing of how far the node is."""
    assert at(bed, token, FAR, Client(bed.resource_server.client_id, "wrong")).status == 401
    assert at(bed, token, FAR, bed.app).status == 403


def test_P2_it_outlives_a_restart(tmp_path):
    """A number that was said before is heard of behind it."""
    bed = Testbed(tmp_path / "state").start()
    try:
        token, other = bed.issue(bed.app), bed.issue(bed.app)
        said = number(bed.revoke(token))
        bed.kill()
        bed.start()
        assert at(bed, token, said).json == {"active": False}
        assert at(bed, other, said).json["active"] is True
        assert at(bed, other, said + 1).status == 503
    finally:
        bed.stop()
