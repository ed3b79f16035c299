"""GET /core/v2/admin/tokens/{token_sid}/explain: why a token is active or not and what holds or takes each scope; the
same answer as introspection, and nothing of ancestors that the caller may not see."""

import contextlib
import json
import sqlite3
import uuid

import pytest

from family import TREE, UNKNOWN, seed
from forge import header, token_sid
from testbed import Client, eventually

RIGHTS = ["partners.manage", "app.manage", "calls.manage", "sms.read", "scopemint.audit", "scopemint.revoke",
          "oauth.read", "oauth.manage_all_tokens"]
SEED = seed(RIGHTS)


class Explain:
    def __init__(self, bed):
        self.bed = bed
        self.root = bed.issue(bed.admin)
        self.sids = {ref: entry["partner_sid"] for ref, entry in bed.facts["seeded"]["partners"].items()}

    def call(self, method, path, body=None, token=None):
        headers = [("Authorization", f"Bearer {token or self.root}")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, path, body, headers)

    def token(self, ref, **form):
        return self.bed.issue(self.bed.seeded(ref), **form)

    def ask(self, token, by=None):
        return self.call("GET", f"/core/v2/admin/tokens/{token_sid(token)}/explain", token=by)

    def show(self, token, by=None):
        """The explanation, which agrees with introspection."""
        reply = self.ask(token, by)
        assert reply.status == 200, reply.body
        answer = reply.json
        found = self.bed.post("/oauth/introspect", {"token": token}, bearer=self.root).json
        assert answer["active"] == found["active"], answer
        assert answer["scope"] == found.get("scope", ""), answer
        assert answer["active"] == all(check["holds"] for check in answer["checks"])
        assert {scope["scope"] for scope in answer["scopes"] if scope["held"]} <= set(found.get("scope", "").split()) \
            or not answer["active"]
        return answer

    def partner(self, ref, **body):
        reply = self.call("PATCH", f"/core/v2/partners/{self.sids[ref]}", body)
        assert reply.status == 200, reply.body

    def application(self, ref, **body):
        reply = self.call("PATCH", f"/core/v2/applications/{self.bed.seeded(ref).client_id}", body)
        assert reply.status == 200, reply.body


def check(answer, name, which=0):
    return [item for item in answer["checks"] if item["check"] == name][which]


@pytest.fixture(scope="module")
def explain(module_bed):
    return Explain(module_bed(seed=SEED))


def test_a_live_token(explain):
    token = explain.token("self", scope="calls.read sms.read")
    answer = explain.show(token)
    assert list(answer) == ["token_sid", "client_id", "partner_sid", "name", "checks", "active", "scope", "scopes"]
    assert answer["active"] and answer["scope"] == "calls.read sms.read"
    assert [item["check"] for item in answer["checks"]] == [
        "revocation", "selector", "key", "expiry", "application", "partner", "partner", "partner"]
    assert [item["name"] for item in answer["checks"][5:]][:2] == ["Partner self", "Partner parent"]
    scope = answer["scopes"][0]
    assert scope["held"] and scope["known"] and scope["instead"] == []
    assert [layer["layer"] for layer in scope["layers"]] == ["application", "partner", "partner", "partner"]
    assert [layer["by"] for layer in scope["layers"]] == ["calls.manage", "calls.manage", "calls.manage", "all"]


def test_what_takes_a_scope(explain):
    token = explain.token("child", scope="calls.manage sms.read")
    explain.partner("parent", available_scopes=[name for name in RIGHTS if name != "calls.manage"] + ["calls.read"])
    try:
        lost, kept = explain.show(token)["scopes"]
        assert lost["scope"] == "calls.manage" and not lost["held"] and lost["instead"] == ["calls.read"]
        assert kept["held"]
        assert [(layer["name"], layer["holds"]) for layer in lost["layers"]][:4] == [
            ("App of child", True), ("Partner child", True), ("Partner self", True), ("Partner parent", False)]
        explain.application("child", scopes=[name for name in RIGHTS if name != "sms.read"])
        kept = explain.show(token)["scopes"][1]
        assert not kept["held"] and kept["layers"][0] == {
            "layer": "application", "client_id": explain.bed.seeded("child").client_id, "name": "App of child",
            "holds": False, "by": None}
    finally:
        explain.partner("parent", available_scopes=RIGHTS)
        explain.application("child", scopes=RIGHTS)
    assert all(scope["held"] for scope in explain.show(token)["scopes"]), "P1: it comes back"


def test_suspensions(explain):
    token = explain.token("child", scope="sms.read")
    explain.partner("parent", status="suspended")
    try:
        answer = explain.show(token)
        assert check(answer, "partner", 2) == {
            "check": "partner", "holds": False, "reason": "this partner is suspended",
            "partner_sid": explain.sids["parent"], "name": "Partner parent"}
        assert answer["scope"] == "" and answer["scopes"][0]["held"], "the scope is there, the token is not active"
    finally:
        explain.partner("parent", status="active")
    explain.application("child", status="suspended")
    try:
        assert check(explain.show(token), "application")["reason"] == "its application is suspended"
    finally:
        explain.application("child", status="active")
    assert explain.show(token)["active"]


def test_a_revocation_says_by_whom_and_when(explain):
    token, by = explain.token("child", scope="sms.read"), explain.token("parent")
    assert explain.bed.post("/oauth/revoke", {"token": token}, bearer=by).status == 200
    found = check(explain.show(token), "revocation")
    assert not found["holds"] and found["reason"] == "it was revoked"
    assert found["at"].endswith("Z") and found["number"] > 0
    assert found["by"]["client_id"] == explain.bed.seeded("parent").client_id
    assert found["by"]["token_sid"] == token_sid(by)
    below = check(explain.show(token, by=explain.token("child")), "revocation")
    assert below["by"] == {"hidden": True}, "an ancestor's credentials are not the caller's to see (F-35)"


def test_a_deleted_application(explain):
    made = explain.call("POST", "/core/v2/applications", {
        "name": "Short-lived", "type": "confidential", "scopes": ["sms.read"], "grant_types": ["client_credentials"],
        "token_endpoint_auth_method": "client_secret_basic"}).json
    token = explain.bed.issue(Client(made["client_id"], made["client_secret"]))
    assert explain.show(token)["active"]
    assert explain.call("DELETE", f"/core/v2/applications/{made['client_id']}").status == 204
    answer = explain.show(token)
    assert check(answer, "application")["reason"] == "its application was deleted"
    assert not answer["scopes"][0]["held"] and answer["scopes"][0]["layers"][0]["name"] is None


@pytest.mark.parametrize("caller", ["parent", "self", "child", "stranger"])
def test_who_may_ask(explain, caller):
    """F-35: the partner itself and those above it."""
    token = explain.token("self", scope="sms.read")
    reply = explain.ask(token, by=explain.token(caller))
    unknown = explain.call("GET", f"/core/v2/admin/tokens/{UNKNOWN}/explain", token=explain.token(caller))
    assert unknown.status == 404
    if caller in ("child", "stranger"):
        assert (reply.status, reply.body) == (404, unknown.body), "as for one that does not exist"
    else:
        assert reply.status == 200
        names = [item["name"] for item in reply.json["checks"] if item["check"] == "partner"]
        assert names == {"parent": ["Partner self", "Partner parent", "an ancestor"],
                         "self": ["Partner self", "an ancestor", "an ancestor"]}[caller]
        hidden = [layer for layer in reply.json["scopes"][0]["layers"] if layer["name"] == "an ancestor"]
        assert hidden and all(set(layer) == {"layer", "partner_sid", "name", "holds"} and layer["partner_sid"] is None
                              for layer in hidden)


def test_m2_decides_without_the_audit_scope(explain):
    """M2: its own, or all of its partner."""
    token = explain.token("self", scope="sms.read")
    reader = explain.token("self", scope="oauth.read")
    assert explain.ask(token, by=reader).status == 404
    assert explain.ask(reader, by=reader).status == 200
    assert explain.ask(token, by=explain.token("self", scope="oauth.manage_all_tokens")).status == 200
    assert explain.ask(token, by=explain.token("parent", scope="oauth.manage_all_tokens")).status == 404
    reply = explain.ask(token, by=token)
    assert reply.status == 403 and "oauth.read" in reply.header("www-authenticate")


@pytest.mark.parametrize("path", ["x", UNKNOWN.upper(), UNKNOWN + "0", "%00", "018f0000-0000-4000-8000-000000000000"])
def test_a_malformed_sid_names_nothing(explain, path):
    assert explain.call("GET", f"/core/v2/admin/tokens/{path}/explain").status == 404


def test_current_is_the_presented_token(explain):
    token = explain.token("self", scope="oauth.read")
    reply = explain.call("GET", "/core/v2/admin/tokens/current/explain", token=token)
    assert reply.status == 200 and reply.json["token_sid"] == token_sid(token)
    assert reply.json == explain.ask(token, by=token).json


def test_selectors_and_keys_are_told_apart(own_bed):
    """What a selector revocation leaves in the store, and a key that was withdrawn."""
    bed = own_bed(seed=SEED)
    explain = Explain(bed)
    tokens = {ref: explain.token(ref, scope="sms.read") for ref in TREE}
    bed.stop()
    with contextlib.closing(sqlite3.connect(bed.facts["store"])) as store, store:
        number = store.execute("SELECT last_number FROM store").fetchone()[0]
        for kind, text in (("partner_tree", explain.sids["self"]), ("partner", explain.sids["parent"]),
                           ("application", bed.seeded("stranger").client_id)):
            number += 1
            store.execute("INSERT INTO entries VALUES (?, ?, ?, '', ?, ?, '', 0, ?, 0)",
                          (number, kind, uuid.UUID(text).bytes, 2**40, 1000, number))
        store.execute("UPDATE store SET last_number = ?", (number,))
    bed.start()
    explain.root = bed.issue(bed.admin)
    reasons = {ref: check(explain.show(token), "selector") for ref, token in tokens.items()}
    for ref, named in (("child", "Partner self"), ("self", "Partner self"), ("parent", "Partner parent")):
        assert reasons[ref]["reason"] == "all tokens of a partner up to then were revoked"
        assert reasons[ref]["name"] == named
    assert reasons["stranger"]["reason"] == "all tokens of its application up to then were revoked"

    fresh = explain.token("stranger", scope="sms.read")
    assert explain.show(fresh)["active"]
    kid = header(fresh)["kid"]
    assert bed.scopemint("key", "generate").returncode in (0, 1)
    assert bed.scopemint("key", "rotate", "--force").returncode == 0
    assert eventually(lambda: header(bed.issue(bed.admin))["kid"] != kid)
    assert bed.scopemint("key", "withdraw", kid).returncode == 0
    assert eventually(lambda: not bed.is_active(fresh))
    explain.root = bed.issue(bed.admin)
    found = check(explain.show(fresh), "key")
    assert found == {"check": "key", "holds": False, "reason": "the key of its newest JWT is gone", "kid": kid}
