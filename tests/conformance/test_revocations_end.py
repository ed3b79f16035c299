"""What a revocation by selector ends: each dimension, at once and for good (THREATS-63, P2, P3); and that the rows of
tokens say so behind it."""

import time

import pytest

from by_selector import SEED, Revocations, at, many_rows
from forge import claims, header, token_sid
from testbed import eventually


@pytest.fixture(scope="module")
def revocations(module_bed):
    return Revocations(module_bed(seed=SEED))


def test_THREATS_63_each_dimension_ends_what_it_says(revocations):
    """And a restart brings none of it back."""
    app, other = revocations.fresh_app(), revocations.fresh_app()
    of_app, of_other = revocations.of(app), revocations.of(other)
    revocations.done({"client_id": app["client_id"]})
    assert not revocations.is_active(of_app) and revocations.is_active(of_other)

    of_self, of_child, of_parent = (revocations.token(ref) for ref in ("self", "child", "parent"))
    revocations.done({"partner_sid": revocations.sids["self"]})
    assert [revocations.is_active(t) for t in (of_self, of_child, of_parent)] == [False, True, True]
    of_self = revocations.token("self")
    revocations.done({"partner_sid": revocations.sids["self"], "descendants": True})
    assert [revocations.is_active(t) for t in (of_self, of_child, of_parent)] == [False, False, True]

    reads, sends = revocations.of(other, scope="calls.manage"), revocations.of(other, scope="sms.manage")
    receipt = revocations.done({"scope": "calls.read", "client_id": other["client_id"]})
    assert receipt["selector"]["scope"] == "calls.read" and "calls.manage" in receipt["selector"]["scopes"]
    assert [revocations.is_active(t) for t in (reads, sends)] == [False, True]

    revocations.bed.restart()
    ended = (of_app, of_other, of_self, of_child, reads)
    assert not any(map(revocations.is_active, ended)) and revocations.is_active(sends)
    assert revocations.is_active(revocations.of(app))


def test_THREATS_63_all_before_a_time(revocations):
    app = revocations.fresh_app()
    token = revocations.of(app)
    issued = claims(token)["iat"]
    revocations.done({"client_id": app["client_id"], "issued_before": at(issued)})
    assert revocations.is_active(token)
    eventually(lambda: time.time() > issued + 1.1, 3)
    receipt = revocations.done({"client_id": app["client_id"], "issued_before": at(issued + 1)})
    assert not revocations.is_active(token) and receipt["selector"]["issued_before"] == at(issued + 1)
    assert revocations.is_active(revocations.of(app))


def test_THREATS_63_by_key(own_bed):
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    kid = header(bed.issue())["kid"]
    tokens = [made.token("self"), made.token("root")]
    made.done({"kid": kid})
    assert not any(map(made.is_active, tokens)) and made.is_active(made.token("self"))


def test_P2_what_a_key_did_not_sign_is_revoked_by_its_sid(own_bed):
    """Of two JWTs of a token a revocation by key ends the one; DELETE then ends the other, whatever the list says."""
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    first = made.token("self", scope="sms.read")
    path = f"/core/v2/oauth/tokens/{token_sid(first)}"
    by = made.caller("self", "oauth.manage_all_tokens oauth.allow_token_scope_update sms.manage")
    for command in (("generate",), ("rotate", "--force")):
        assert bed.scopemint("key", *command).returncode == 0
    bed.reload()
    assert eventually(lambda: header(bed.issue())["kid"] != header(first)["kid"])
    newest = made.call("PATCH", path, {"scopes": ["sms.manage"]}, by).json["access_token"]
    receipt = made.done({"kid": header(newest)["kid"]}, made.root)
    assert made.is_active(first) and not made.is_active(newest)
    assert made.followed(receipt["revocation_sid"])["tokens"] >= 1 and made.is_active(first)
    assert made.call("DELETE", path, token=by).status == 204
    assert not made.is_active(first)


def test_P2_nothing_done_later_brings_a_token_back(revocations):
    """By scope: what the catalogue and the tables say afterwards changes nothing; nor does a change of the token."""
    app = revocations.fresh_app()
    token = revocations.of(app)
    receipt = revocations.done({"scope": "calls.read", "client_id": app["client_id"]})
    path = f"/core/v2/oauth/tokens/{token_sid(token)}"
    assert revocations.call("PATCH", path, {"scopes": ["sms.read"]}).status == 409
    revocations.followed(receipt["revocation_sid"])
    assert revocations.call("PATCH", path, {"name": "again"}).status == 409
    assert revocations.call("DELETE", path).status == 204
    revocations.call("PATCH", f"/core/v2/applications/{app['client_id']}", {"scopes": ["sms.manage"]})
    revocations.call("PATCH", f"/core/v2/applications/{app['client_id']}", {"scopes": ["calls.manage", "sms.manage"]})
    assert not revocations.is_active(token)


def test_P2_a_date_between_two_jwts_of_a_token_ends_the_first(revocations):
    """And leaves the row alone, so that the other is revoked by its sid."""
    app = revocations.fresh_app()
    first = revocations.of(app, scope="sms.read")
    path = f"/core/v2/oauth/tokens/{token_sid(first)}"
    eventually(lambda: time.time() >= claims(first)["iat"] + 1, 3)
    widened = revocations.call("PATCH", path, {"scopes": ["sms.read", "calls.read"]})
    newest = widened.json["access_token"]
    receipt = revocations.done({"client_id": app["client_id"], "issued_before": at(claims(newest)["iat"])})
    assert not revocations.is_active(first) and revocations.is_active(newest)
    assert revocations.followed(receipt["revocation_sid"])["tokens"] == 0
    assert revocations.is_active(newest) and revocations.call("GET", path).status == 200
    assert revocations.call("DELETE", path).status == 204
    assert not revocations.is_active(newest)


@pytest.mark.parametrize("is_dated", [False, True])
def test_P2_narrowing_brings_no_earlier_jwt_back(revocations, is_dated):
    """A selector by scope asks what the token holds now. One that was signed again cannot be narrowed out of its reach:
    it is live by its newest JWT, or its row cannot tell."""
    app = revocations.fresh_app()
    first = revocations.of(app, scope="calls.read")
    path = f"/core/v2/oauth/tokens/{token_sid(first)}"
    plan = None if is_dated else revocations.plan(scope="calls.read", client_id=app["client_id"])["plan_id"]
    newest = revocations.call("PATCH", path, {"scopes": ["calls.read", "sms.read"]}).json["access_token"]
    after = claims(newest)["iat"] + 1
    eventually(lambda: time.time() >= after + 0.1 or plan, 3)
    revocations.done({"plan_id": plan} if plan else {
        "scope": "calls.read", "client_id": app["client_id"], "issued_before": at(after)})
    assert not revocations.is_active(first) and revocations.is_active(newest) == (not is_dated)
    reply = revocations.call("PATCH", path, {"scopes": ["sms.read"]})
    assert reply.status == 409 and "DELETE" in reply.json["errors"][0]["message"]
    assert not revocations.is_active(first) and revocations.is_active(newest) == (not is_dated)
    assert revocations.call("PATCH", path, {"scopes": ["calls.read"]}).status == 200  # stays within its reach
    assert not revocations.is_active(first) and revocations.is_active(newest) == (not is_dated)
    assert revocations.call("DELETE", path).status == 204
    assert not revocations.is_active(first) and not revocations.is_active(newest)


def test_P2_a_token_made_since_is_narrowed_as_ever(revocations):
    app = revocations.fresh_app()
    done = revocations.done({"scope": "calls.read", "client_id": app["client_id"]})["date_executed"]
    eventually(lambda: at(time.time()) > done, 3)  # rows say whole seconds
    token = revocations.of(app, scope="calls.read")
    path = f"/core/v2/oauth/tokens/{token_sid(token)}"
    for scopes in (["calls.read", "sms.read"], ["sms.read"]):
        assert revocations.call("PATCH", path, {"scopes": scopes}).status == 200
    assert revocations.is_active(token)


def test_rows_are_marked(revocations):
    app = revocations.fresh_app()
    tokens = {token_sid(revocations.of(app)) for _ in range(3)}
    admin = revocations.root
    query = f"filter=client_id+eq+{app['client_id']}&limit=1000"
    receipt = revocations.done({"client_id": app["client_id"], "scope": "calls.read"})

    def listed(status):
        items, path = set(), f"/core/v2/oauth/tokens?status={status}&{query}"
        while path:
            page = revocations.call("GET", path, token=admin).json
            items |= {item["token_sid"] for item in page["items"]}
            path = page["pagination"].get("next", "").removeprefix(revocations.bed.issuer)
        return items

    assert listed("active") == set() and listed("revoked") == tokens  # by the index, before the rows follow
    revocations.followed(receipt["revocation_sid"])
    assert listed("active") == set() and listed("revoked") == tokens


def test_P3_revocations_survive_kill_9(own_bed):
    """The rows go on where they were; what was ended stays so."""
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    token, other = made.token("self"), made.token("stranger")
    many_rows(bed, token, 3000)
    receipt = made.done({"client_id": made.apps["self"]})
    for _ in range(3):
        bed.kill()
        bed.start()
        assert not made.is_active(token) and made.is_active(other)
    done = made.followed(receipt["revocation_sid"])
    assert done["tokens"] == 3001
    assert made.plan(client_id=made.apps["self"])["tokens"] == 0
