"""/core/v2/partners: what a write may say, in which order it is refused, what of scopes it may hand out (M3), and what
it does to live tokens, tried or done."""

import itertools

import pytest

from partners import PARTNERS, RIGHTS, SEED, UNKNOWN, WRITABLE, Partners, error, fields


@pytest.fixture(scope="module")
def partners(module_bed):
    return Partners(module_bed(seed=SEED))


# ---- what is wrong with a body ----

BAD = [
    ({"name": ""}, "name"), ({"name": " x"}, "name"), ({"name": "x\n"}, "name"), ({"name": "x" * 129}, "name"),
    ({"name": None}, "name"), ({"name": 1}, "name"), ({"name": ["x"]}, "name"), ({"name": {"a": {"b": []}}}, "name"),
    ({"login": ""}, "login"), ({"login": "a b"}, "login"), ({"login": "\u00fc"}, "login"), ({"login": True}, "login"),
    ({"login": "x" * 129}, "login"),
    ({"available_scopes": "calls.read"}, "available_scopes"), ({"available_scopes": {}}, "available_scopes"),
    ({"available_scopes": [1]}, "available_scopes"),
    ({"available_scopes": [["calls.read"]]}, "available_scopes"),
    ({"available_scopes": ["calls.read"] * 513}, "available_scopes"),
    ({"available_scopes": ["calls.read", "calls.fly"]}, "available_scopes"),
    ({"available_scopes": ["Calls.read"]}, "available_scopes"), ({"available_scopes": ["*"]}, "available_scopes"),
    ({"available_scopes": [""]}, "available_scopes"), ({"available_scopes": ["calls.read sms.read"]}, "available_scopes"),
    ({"acls": None}, "acls"), ({"acls": {}}, "acls"), ({"acls": [{}]}, "acls[0].access_control_rules"), ({"acls": "[]"}, "acls"),
    ({"parent_assigned_acls": [1]}, "parent_assigned_acls[0]"),
    ({"partner_sid": UNKNOWN}, "partner_sid"), ({"date_created": "2026-01-01T00:00:00.000Z"}, "date_created"),
    ({"date_updated": None}, "date_updated"),
    ({"is_admin": True}, "is_admin"), ({"scopes": []}, "scopes"), ({"revision": 1}, "revision"), ({"": 1}, None),
    ({"scopes_all": True}, "scopes_all"), ({"Name": "x"}, "Name"), ({"password": "x"}, "password"),
]
BAD_AT_CREATE = [({"available_scopes": None}, "available_scopes"), ({"status": "active"}, "status"),
                 ({"parent_sid": None}, "parent_sid"), ({"parent_sid": "abc"}, "parent_sid"),
                 ({"parent_sid": UNKNOWN.upper()}, "parent_sid"),
                 ({"skip_partner_review": 1}, "skip_partner_review"),
                 ({"skip_email_verification": "true"}, "skip_email_verification")]
BAD_AT_PATCH = [({"status": "Active"}, "status"), ({"status": None}, "status"), ({"status": "deleted"}, "status"),
                ({"parent_sid": UNKNOWN}, "parent_sid"), ({"skip_partner_review": True}, "skip_partner_review")]


@pytest.mark.parametrize("body, field", BAD + BAD_AT_CREATE, ids=str)
def test_THREATS_43_bad_fields_at_creation(partners, body, field):
    before = len(partners.all())
    reply = partners.ask("POST", "", {"name": "x", **body})
    assert reply.status == 422 and fields(reply) == [field], reply.body
    assert len(partners.all()) == before


@pytest.mark.parametrize("body, field", BAD + BAD_AT_PATCH, ids=str)
def test_THREATS_43_bad_fields_in_a_patch(partners, body, field):
    sid = partners.sids["child"]
    before = partners.show(sid)
    reply = partners.patch(sid, {"name": "Changed", **body}, status=422)
    assert fields(reply) == [field], reply.body
    assert partners.show(sid) == before


def test_M1_null_scopes_are_no_change_in_a_patch_and_nothing_in_a_put(partners):
    made = partners.active(available_scopes=["calls.read"])
    sid = made["partner_sid"]
    changed = partners.patch(sid, {"name": "Changed", "available_scopes": None}).json
    assert changed["name"] == "Changed" and changed["available_scopes"] == ["calls.read"]
    reply = partners.ask("PUT", f"/{sid}", {**changed, "available_scopes": None})
    assert reply.status == 422 and fields(reply) == ["available_scopes"]


def test_unknown_scopes_are_named(partners):
    reply = partners.patch(partners.sids["child"], {"available_scopes": ["calls.fly", "calls.read", "a b"]}, status=422)
    assert error(reply)["message"] == "Unknown: calls.fly, (not the name of a scope)"


@pytest.mark.parametrize("missing", sorted(WRITABLE))
def test_a_put_carries_every_writable_field(partners, missing):
    sid = partners.sids["child"]
    before = partners.show(sid)
    body = {name: value for name, value in before.items() if name != missing}
    reply = partners.ask("PUT", f"/{sid}", {**body, **({} if missing == "name" else {"name": "Changed"})})
    assert reply.status == 422 and fields(reply) == [missing] and error(reply)["code"] == "missing_field"
    assert partners.show(sid) == before


def test_get_edit_put(partners):
    made = partners.active()
    sid = made["partner_sid"]
    edited = {**partners.show(sid), "name": "Edited", "partner_sid": UNKNOWN, "date_created": "never"}
    reply = partners.ask("PUT", f"/{sid}", edited)
    assert reply.status == 200 and reply.json["name"] == "Edited" and reply.json["partner_sid"] == sid
    assert {name for name in made if made[name] != reply.json[name]} == {"name", "date_updated"}
    assert partners.ask("PUT", f"/{sid}", {**edited, "more": 1}).status == 422


BAD_BODIES = [(b"", 400), (b"[]", 400), (b"null", 400), (b"{", 400), (b'{"name":"a","name":"b"}', 400),
              (b'{"name":"a"} x', 400), (b'{"name":"\xff"}', 400), (b"[" * 100 + b"]" * 100, 400),
              (b'{"name":"a",}', 400), (b"{" + b" " * 256 * 1024 + b"}", 413)]


@pytest.mark.parametrize("body, status", BAD_BODIES, ids=[repr(body[:30]) for body, _ in BAD_BODIES])
def test_bodies_that_are_no_object(partners, body, status):
    for method, path in [("POST", ""), ("PATCH", f"/{partners.sids['child']}"), ("PUT", f"/{partners.sids['child']}")]:
        assert partners.ask(method, path, body).status == status, method


def test_bodies_of_other_types(partners):
    for kind in ("application/x-www-form-urlencoded", "text/plain", "application/json, text/plain"):
        fields = [("Authorization", f"Bearer {partners.admin}"), ("Content-Type", kind)]
        path = f"{PARTNERS}/{partners.sids['child']}"
        assert partners.bed.request("PATCH", path, b'{"name":"x"}', fields).status == 415
        assert partners.bed.request("POST", PARTNERS, b'{"name":"x"}', fields).status == 415


# ---- order of refusals ----

def test_order_of_refusals(partners):
    """Each request is wrong in all the ways that come later too."""
    sid = partners.sids["child"]
    narrow = partners.token("parent", scope="partners.update")
    stale = [("If-Match", '"999"')]
    bad = {"name": 1, "available_scopes": ["nope"]}
    above = {"available_scopes": ["partners.manage", "lookup.dids.read"]}
    not_held = {"available_scopes": RIGHTS}
    partners.patch(sid, {"available_scopes": []})
    asks = [
        (partners.ask("PATCH", f"/{UNKNOWN}", b"{", partners.token("self", scope="calls.read"), stale), 403),
        (partners.ask("PATCH", f"/{UNKNOWN}", b"{", narrow, stale), 404),
        (partners.ask("PATCH", f"/{sid}", b"{", narrow, stale), 400),
        (partners.ask("PATCH", f"/{sid}", bad, narrow, stale), 412),
        (partners.ask("PATCH", f"/{sid}", bad, narrow), 422),
        (partners.ask("PATCH", f"/{sid}", above, narrow), 422),
        (partners.ask("PATCH", f"/{sid}", not_held, narrow), 403),
        (partners.ask("PATCH", f"/{partners.sids['self']}", {"status": "suspended", "available_scopes": ["nope"]},
                      partners.token("self")), 403),
    ]
    for reply, status in asks:
        assert reply.status == status, reply.body
    assert partners.patch(sid, {"available_scopes": RIGHTS}).json["available_scopes"] == sorted(RIGHTS)


# ---- scopes: within the parent's, and within the caller's (M3) ----

def test_M3_nobody_hands_out_what_they_do_not_hold(partners):
    sid = partners.sids["grandchild"]
    partners.patch(sid, {"available_scopes": ["sms.read"]})
    token = partners.token("parent", scope="partners.manage calls.read")
    before = partners.show(sid)
    reply = partners.patch(sid, {"name": "x", "available_scopes": ["calls.manage", "sms.read"]}, token, status=403)
    assert error(reply)["field"] == "available_scopes" and "calls.manage" in error(reply)["message"]
    assert partners.show(sid) == before
    reply = partners.ask("POST", "", {"name": "x", "available_scopes": ["app.read"]}, token)
    assert reply.status == 403 and "app.read" in error(reply)["message"]
    for scopes in (["calls.read", "sms.read"], ["calls.read"], [], ["partners.read"]):
        assert partners.patch(sid, {"available_scopes": scopes}, token).json["available_scopes"] == scopes
    partners.patch(sid, {"available_scopes": ["calls.manage"]})
    partners.patch(sid, {"available_scopes": ["calls.create", "calls.read"]}, token)
    partners.patch(sid, {"available_scopes": RIGHTS})


def test_within_the_parents_scopes(partners):
    parent = partners.active(available_scopes=["calls.manage", "sms.read"])["partner_sid"]
    child = partners.active(parent_sid=parent, available_scopes=["calls.read"])["partner_sid"]
    reply = partners.patch(child, {"available_scopes": ["calls.delete", "sms.manage", "app.read"]}, status=422)
    message = error(reply)["message"]
    assert "sms.manage" in message and "app.read" in message and "calls.delete" not in message
    partners.patch(child, {"available_scopes": ["calls.delete", "sms.read"]})
    partners.patch(parent, {"available_scopes": ["calls.manage"]})
    stored = partners.show(child)
    assert stored["available_scopes"] == ["calls.delete", "sms.read"]
    assert partners.ask("PUT", f"/{child}", stored).status == 200, "repeating is no change"
    reply = partners.patch(child, {"available_scopes": ["sms.read"]}, status=422)
    assert "sms.read" in error(reply)["message"]


def test_F_34_shrinking_and_growing_anywhere_acts_at_once(partners):
    """P1: on the next introspection, for tokens of every descendant, and back again."""
    token = partners.token("grandchild", scope="calls.manage sms.read")
    for ref in ("parent", "self", "child", "grandchild"):
        sid = partners.sids[ref]
        assert partners.scope(token) == ["calls.manage", "sms.read"]
        partners.patch(sid, {"available_scopes": ["partners.manage", "calls.read"]})
        assert partners.scope(token) == ["calls.read"], ref
        refused = partners.bed.token(partners.bed.seeded("grandchild"), scope="sms.read")
        assert refused.status == 400 and refused.error == "invalid_scope"
        partners.patch(sid, {"available_scopes": []})
        assert partners.introspect(token)["scope"] == ""
        partners.patch(sid, {"available_scopes": RIGHTS})
        partners.patch(sid, {"status": "suspended"})
        assert partners.scope(token) is None, ref
        partners.patch(sid, {"status": "active"})
    assert partners.scope(token) == ["calls.manage", "sms.read"]


# ---- dry runs ----

def test_a_dry_run_says_what_the_change_does(partners):
    """Its list is that of the tokens whose introspection the change then changes; itself it changes nothing."""
    tokens = [partners.token(ref, scope=scope) for ref in ("self", "child", "grandchild")
              for scope in ("calls.manage", "calls.read", "sms.read", "calls.manage sms.read app.read")]
    outside = [partners.token(ref) for ref in ("parent", "stranger")]
    revoked = partners.token("child")
    partners.bed.revoke(revoked, partners.bed.seeded("child"))
    changes = [{"available_scopes": ["partners.manage", "calls.read", "app.read"]}, {"available_scopes": []},
               {"available_scopes": RIGHTS}, {"name": "Renamed"}, {"status": "suspended"}]
    for ref, body in itertools.product(("self", "child"), changes):
        sid = partners.sids[ref]
        stored = partners.all()
        before = {token: partners.introspect(token) for token in tokens + outside}
        reply = partners.patch(sid, body, dry_run="true", limit=1000).json
        assert partners.all() == stored
        assert before == {token: partners.introspect(token) for token in tokens + outside}
        assert reply["complete"] and not reply["has_more"] and reply["count"] == len(reply["items"]) == reply["total"]
        partners.patch(sid, body)
        after = {token: partners.introspect(token) for token in tokens + outside}
        listed = {item["token_sid"]: item for item in reply["items"]}
        for token in tokens + outside:
            item = listed.get(before[token]["token_sid"])
            assert (item is not None) == (before[token] != after[token]), (ref, body)
            if item is not None:
                assert item["active"] == after[token]["active"]
                assert " ".join(item["scopes"]) == after[token].get("scope", "")
                assert item["scopes_lost"] and not set(item["scopes_lost"]) & set(item["scopes"])
        assert reply["stopped"] == sum(not item["active"] for item in reply["items"])
        partners.patch(sid, {"available_scopes": RIGHTS, "status": "active", "name": stored[sid]["name"]})


def test_a_dry_run_refuses_as_the_change_would(partners):
    sid = partners.sids["child"]
    token = partners.token("self")
    for body in ({"status": "gone"}, {"available_scopes": ["lookup.dids.read"]}, {"x": 1}, {"status": "unverified"}):
        asked = partners.ask("PATCH", f"/{sid}", body, token, dry_run="true")
        done = partners.ask("PATCH", f"/{sid}", body, token)
        assert (asked.status, asked.body) == (done.status, done.body) and asked.status >= 400
    for query in ({"dry_run": "yes"}, {"dry_run": "1"}, {"dry_run": "true", "limit": "0"}, {"limit": "x"}):
        assert partners.ask("PATCH", f"/{sid}", {"name": "Changed"}, token, **query).status == 422
    assert partners.ask("PATCH", f"/{sid}?dry_run=true&dry_run=false", {"name": "Changed"}, token).status == 400
    assert partners.show(sid)["name"] != "Changed"
    assert partners.ask("DELETE", f"/{sid}", None, token, dry_run="true").status == 200
    assert partners.show(sid)["status"] == "active"


def test_a_dry_run_lists_as_many_as_asked_for(partners):
    sid = partners.sids["grandchild"]
    for _ in range(5):
        partners.token("grandchild", scope="sms.read")
    reply = partners.patch(sid, {"status": "suspended"}, dry_run="true", limit=3).json
    assert reply["count"] == len(reply["items"]) == 3 and reply["has_more"] and reply["total"] >= 5
    assert reply["examined"] >= reply["total"] and reply["partner"]["status"] == "suspended"
