"""/core/v2/partners: whose objects a caller sees, what of them it may write, and what a change does to live tokens."""

import itertools
import json
import threading
import urllib.parse

import pytest

from testbed import Testbed

PARTNERS = "/core/v2/partners"
RIGHTS = ["partners.manage", "calls.manage", "sms.read", "app.read"]
APPLICATION = {"type": "confidential", "grant_types": ["client_credentials"],
               "token_endpoint_auth_method": "client_secret_basic", "scopes": RIGHTS}
TREE = {"parent": "root", "self": "parent", "child": "self", "stranger": "root", "grandchild": "child"}
SEED = {
    "partners": [{"ref": ref, "parent": parent, "name": f"Partner {ref}", "login": ref, "available_scopes": RIGHTS}
                 for ref, parent in TREE.items()],
    "applications": [{**APPLICATION, "ref": ref, "name": f"App of {ref}", "partner": ref} for ref in TREE],
}
READ_ONLY = {"partner_sid", "date_created", "date_updated"}
WRITABLE = {"name", "login", "status", "available_scopes", "acls", "parent_assigned_acls"}
UNKNOWN = "018f0000-0000-7000-8000-000000000000"


class Partners:
    """The testbed's partners through the API."""

    def __init__(self, bed):
        self.bed = bed
        self.admin = bed.issue(bed.admin)
        self.sids = {ref: entry["partner_sid"] for ref, entry in bed.facts["seeded"]["partners"].items()}
        self.sids["root"] = bed.partner_sid
        self.made = itertools.count()

    def token(self, ref, **form):
        return self.bed.issue(self.bed.seeded(ref), **form)

    def ask(self, method, path="", body=None, token=None, headers=(), **query):
        url = PARTNERS + path + ("?" + urllib.parse.urlencode(query) if query else "")
        fields = [("Authorization", f"Bearer {token or self.admin}"), *headers]
        self.bed.seen.secrets.add(token or self.admin)
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.bed.request(method, url, body, fields)

    def show(self, sid):
        reply = self.ask("GET", f"/{sid}")
        assert reply.status == 200, reply.body
        return reply.json

    def create(self, token=None, **body):
        number = next(self.made)
        reply = self.ask("POST", "", {"name": f"Made {number}", "login": f"made{number}", **body}, token)
        assert reply.status == 200, reply.body
        return reply.json

    def active(self, **body):
        return self.create(skip_email_verification=True, skip_partner_review=True, **body)

    def patch(self, sid, body, token=None, status=200, **more):
        reply = self.ask("PATCH", f"/{sid}", body, token, **more)
        assert reply.status == status, reply.body
        return reply

    def introspect(self, token):
        reply = self.bed.post("/oauth/introspect", {"token": token}, bearer=self.admin)
        assert reply.status == 200, reply.body
        return reply.json

    def scope(self, token):
        answer = self.introspect(token)
        return answer["scope"].split() if answer["active"] else None

    def all(self):
        """Every partner as stored, by SID: nothing changed means this is equal."""
        reply = self.ask("GET", limit=1000)
        assert reply.status == 200 and not reply.json["has_more"]
        return {item["partner_sid"]: item for item in reply.json["items"]}


@pytest.fixture(scope="module")
def partners(tmp_path_factory):
    bed = Testbed(tmp_path_factory.mktemp("partners"), seed=SEED).start()
    yield Partners(bed)
    bed.stop()


def error(reply):
    body = reply.json
    assert list(body) == ["errors"] and len(body["errors"]) == 1, body
    return body["errors"][0]


def fields(reply):
    return sorted(error["field"] for error in reply.json["errors"])


# ---- whose objects a caller sees (F-35) ----

OBJECTS = ["root", "parent", "self", "child", "grandchild", "stranger"]
ABOVE = {"root": [], "parent": ["root"], "self": ["parent", "root"], "child": ["self", "parent", "root"],
         "grandchild": ["child", "self", "parent", "root"], "stranger": ["root"]}
CALLS = {
    "GET": ("GET", None),
    "PATCH name": ("PATCH", {"name": "Renamed"}),
    "PATCH login": ("PATCH", {"login": "renamed"}),
    "PATCH status": ("PATCH", {"status": "suspended"}),
    "PATCH scopes": ("PATCH", {"available_scopes": []}),
    "PUT": ("PUT", {"name": "Put", "login": "put", "status": "active", "available_scopes": [], "acls": [],
                    "parent_assigned_acls": []}),
    "DELETE": ("DELETE", None),
}


def expected(caller, target, call):
    if target == caller:
        return 200 if call in ("GET", "PATCH name") else 403
    if caller not in ABOVE[target]:
        return 404
    return 204 if call == "DELETE" else 200


@pytest.mark.parametrize("caller", [name for name in OBJECTS if name != "root"])
@pytest.mark.parametrize("target", OBJECTS)
def test_F_35_n_by_n(partners, caller, target):
    """Each partner's token against each partner's object; what is refused leaves everything as it was. What would be
    done is done as a dry run, so that the tree stays for the next cell."""
    token = partners.token(caller)
    before = partners.all()
    for call, (method, body) in CALLS.items():
        query = {"dry_run": "true"} if method != "GET" else {}
        reply = partners.ask(method, f"/{partners.sids[target]}", body, token, **query)
        want = expected(caller, target, call)
        assert reply.status == (200 if want == 204 else want), (call, reply.body)
    assert partners.all() == before


@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_F_35_unknown_malformed_and_foreign_look_alike(partners, method):
    token = partners.token("self")
    body = CALLS["PUT"][1] if method in ("PATCH", "PUT") else None
    own = partners.sids["child"]
    paths = [UNKNOWN, partners.sids["parent"], partners.sids["stranger"], own.upper(), own[:-1], own + "0", "abc",
             own.replace("-", ""), "%00", "%zz", "..%2f" + own, own.replace("-7", "-4", 1), "null", "*"]
    before = partners.all()
    bodies = set()
    for path in paths:
        reply = partners.ask(method, f"/{path}", body, token)
        assert reply.status == 404, (path, reply.body)
        bodies.add(reply.body)
    assert len(bodies) == 1 and partners.all() == before


@pytest.mark.parametrize("caller", OBJECTS)
def test_F_35_lists_show_the_own_subtree(partners, caller):
    token = None if caller == "root" else partners.token(caller)
    reply = partners.ask("GET", "", None, token, limit=1000)
    found = {item["partner_sid"] for item in reply.json["items"]}
    visible = {partners.sids[name] for name in OBJECTS if name == caller or caller in ABOVE[name]}
    assert visible <= found and reply.json["total"] == len(found)
    if caller != "root":
        assert found & set(partners.sids.values()) == visible


VERBS = {"GET": "read", "PATCH": "update", "PUT": "update", "DELETE": "delete", "POST": "create", "LIST": "read"}


@pytest.mark.parametrize("held", ["partners.manage", "partners.create", "partners.read", "partners.update",
                                  "partners.delete", "calls.manage"])
def test_F_36_each_verb_needs_its_scope(partners, held):
    token = partners.token("self", scope=held)
    for call, verb in VERBS.items():
        method = "GET" if call == "LIST" else call
        path = "" if call in ("LIST", "POST") else f"/{UNKNOWN}"
        body = {} if call in ("POST", "PATCH", "PUT") else None
        reply = partners.ask(method, path, body, token)
        if held in ("partners.manage", f"partners.{verb}"):
            assert reply.status != 403, (call, reply.body)
        else:
            assert reply.status == 403 and error(reply)["code"] == "insufficient_scope", (call, reply.body)
            assert f'scope="partners.manage partners.{verb}"' in reply.header("WWW-Authenticate")


# ---- making them ----

def test_create_below_the_caller_and_below_its_descendants(partners):
    token = partners.token("self")
    made = partners.create(token)
    assert made["parent_sid"] == partners.sids["self"] and made["status"] == "unverified"
    assert made["acls"] == made["parent_assigned_acls"] == [] and set(made) == READ_ONLY | WRITABLE | {"parent_sid"}
    assert partners.create(token, parent_sid=partners.sids["grandchild"])["parent_sid"] == partners.sids["grandchild"]
    assert partners.show(made["partner_sid"]) == made


def test_F_35_no_children_for_others(partners):
    token = partners.token("self")
    before = partners.all()
    bodies = set()
    for parent in (partners.sids["parent"], partners.sids["stranger"], partners.sids["root"], UNKNOWN):
        reply = partners.ask("POST", "", {"name": "x", "parent_sid": parent}, token)
        assert reply.status == 422 and error(reply)["field"] == "parent_sid"
        bodies.add(reply.body)
    assert len(bodies) == 1 and partners.all() == before


def test_default_scopes_are_clipped_to_parent_and_caller(partners):
    made = partners.create()
    defaults = set(made["available_scopes"])
    assert {"partners.read", "lookup.dids.read", "oauth.allow_token_scope_update", "ReadAccounts"} <= defaults
    assert not {"scopemint.audit", "DirectRingOut", "partners.manage"} & defaults
    within = partners.create(partners.token("self"))["available_scopes"]
    assert within == ["calls.manage", "partners.read", "partners.update"], "of the defaults, what RIGHTS include"
    by_less = partners.create(partners.token("self", scope="partners.create calls.read"))
    assert by_less["available_scopes"] == []


def test_skipped_steps_need_their_scopes(partners):
    token = partners.token("self")
    for field, scope in [("skip_email_verification", "partners.skip_email_verifications"),
                         ("skip_partner_review", "partners.skip_partner_review")]:
        reply = partners.ask("POST", "", {"name": "x", field: True}, token)
        assert reply.status == 403 and scope in reply.header("WWW-Authenticate"), reply.body
        assert partners.create(token, **{field: False})["status"] == "unverified"
        assert partners.create(**{field: True})["status"] == "unverified"
    assert partners.active()["status"] == "active"


def test_logins_are_unique(partners):
    taken = partners.create()["login"]
    other = partners.create()
    assert error(partners.ask("POST", "", {"name": "x", "login": taken}))["field"] == "login"
    reply = partners.patch(other["partner_sid"], {"login": taken}, status=409)
    assert error(reply)["field"] == "login" and partners.show(other["partner_sid"]) == other
    assert partners.create(login=None)["login"] is None
    assert partners.create(login=None)["login"] is None


def test_a_tree_is_at_most_32_deep(partners):
    parent = partners.sids["root"]
    for _ in range(31):
        parent = partners.active(parent_sid=parent, available_scopes=["calls.read"])["partner_sid"]
    reply = partners.ask("POST", "", {"name": "x", "parent_sid": parent})
    assert reply.status == 422 and error(reply)["field"] == "parent_sid"


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


# ---- status ----

STATUSES = ["unverified", "active", "suspended", "canceled"]
WAYS = {("unverified", "active"), ("active", "suspended"), ("suspended", "active"), ("unverified", "canceled"),
        ("active", "canceled"), ("suspended", "canceled")}


def in_status(partners, status):
    made = partners.create() if status == "unverified" else partners.active()
    if status in ("suspended", "canceled"):
        partners.patch(made["partner_sid"], {"status": status})
    return made["partner_sid"]


@pytest.mark.parametrize("to", STATUSES)
@pytest.mark.parametrize("status", STATUSES)
def test_status(partners, status, to):
    sid = in_status(partners, status)
    allowed = (status, to) in WAYS or (status == to and status != "canceled")
    partners.patch(sid, {"status": to}, status=200 if allowed else 409)
    assert partners.show(sid)["status"] == (to if allowed else status)


def test_canceled_is_final(partners):
    sid = in_status(partners, "canceled")
    before = partners.show(sid)
    for body in ({"name": "x"}, {"status": "active"}, {"available_scopes": []}, {}):
        partners.patch(sid, body, status=409)
    assert partners.ask("PUT", f"/{sid}", before).status == 409
    assert partners.ask("POST", "", {"name": "x", "parent_sid": sid}).status == 409
    assert partners.ask("DELETE", f"/{sid}").status == 204
    assert partners.show(sid) == before


def test_delete_cancels(partners):
    sid = in_status(partners, "active")
    below = partners.active(parent_sid=sid)
    assert partners.ask("DELETE", f"/{sid}", None, None, [("If-Match", '"9"')]).status == 412
    for _ in range(2):
        reply = partners.ask("DELETE", f"/{sid}")
        assert reply.status == 204 and reply.body == b""
    assert partners.show(sid)["status"] == "canceled"
    assert partners.ask("POST", "", {"name": "x", "parent_sid": below["partner_sid"]}).status == 409


APPLICATIONS, TOKENS = "/core/v2/applications", "/core/v2/oauth/token"


@pytest.mark.parametrize("place", ["itself", "below"])
@pytest.mark.parametrize("status", STATUSES)
def test_what_may_be_made_at_a_partner(partners, status, place):
    """Where all is final nothing is made; what waits may get what waits with it, but no tokens."""
    sid = partners.active()["partner_sid"]
    home = partners.active(parent_sid=sid)["partner_sid"] if place == "below" else sid
    if status == "unverified":
        sid = partners.create()["partner_sid"]
        home = partners.active(parent_sid=sid)["partner_sid"] if place == "below" else sid
    elif status != "active":
        partners.patch(sid, {"status": status})

    def make(path, body):
        headers = [("Authorization", f"Bearer {partners.admin}"), ("Content-Type", "application/json")]
        return partners.bed.request("POST", path, json.dumps(body).encode(), headers)

    tried = {"parent_sid": make(PARTNERS, {"name": "x", "parent_sid": home}),
             "partner_sid": make(APPLICATIONS, {"scopes": [], "partner_sid": home}),
             None: make(f"{TOKENS}/{home}", {"scopes": ["calls.read"]})}
    for field, reply in tried.items():
        refused = status == "canceled" or (status != "active" and field is None)
        assert reply.status == (409 if refused else 200), reply.body
        if refused:
            word = "canceled" if status == "canceled" else "not active"
            assert error(reply)["message"] == f"This partner or one above it is {word}"
            assert error(reply).get("field") == field
    if status == "canceled":  # before what is wrong with the scopes
        assert make(f"{TOKENS}/{home}", {"scopes": ["nosuch"]}).status == 409


def test_the_root_stays(partners):
    sid = partners.sids["root"]
    before = partners.show(sid)
    for body in ({"status": "suspended"}, {"status": "canceled"}, {"available_scopes": []},
                 {"available_scopes": ["calls.read"]}, {"login": "other"}):
        partners.patch(sid, body, status=403)
    assert partners.ask("DELETE", f"/{sid}").status == 403
    assert partners.show(sid) == before
    assert partners.ask("PUT", f"/{sid}", before).status == 200


def test_of_its_own_object_a_partner_writes_name_and_acls(partners):
    token, sid = partners.token("stranger"), partners.sids["stranger"]
    before = partners.show(sid)
    reply = partners.ask("PUT", f"/{sid}", {"name": "By itself", "acls": []}, token)
    assert reply.status == 200 and reply.json["name"] == "By itself"
    assert partners.ask("PUT", f"/{sid}", {**before, "name": "Again"}, token).status == 200
    assert partners.ask("PUT", f"/{sid}", {**before, "status": "suspended"}, token).status == 403
    assert partners.ask("PUT", f"/{sid}", {"name": "x"}, token).status == 422
    partners.patch(sid, {"name": before["name"], "available_scopes": before["available_scopes"]}, token)
    after = partners.show(sid)
    assert {**after, "date_updated": before["date_updated"]} == before


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


# ---- two at the same time ----

def test_if_match(partners):
    made = partners.active()
    path = f"/{made['partner_sid']}"
    first = partners.ask("GET", path).header("ETag")
    second = partners.ask("PATCH", path, {"name": "a"}, None, [("If-Match", first)]).header("ETag")
    assert second != first
    for tag in (first, '"x"', "1", f"W/{second}", "", '"1', "*x"):
        reply = partners.ask("PATCH", path, {"name": "b"}, None, [("If-Match", tag)])
        assert reply.status == (200 if tag == "*" else 412), tag
    reply = partners.ask("PATCH", path, {"name": "a"}, None, [("If-Match", f'"7", {second}')])
    assert reply.status == 200 and reply.header("ETag") == second, "nothing changed, so neither did the tag"


def test_patches_that_race_see_each_other(partners):
    """Each adds a value of its own to what it read: with If-Match none is lost."""
    made = partners.active(available_scopes=[])
    path = f"/{made['partner_sid']}"
    values = ["calls.read", "sms.read", "app.read", "batch.read", "push.read", "tts.read"]
    strange = []

    def add(value):
        while True:
            reply = partners.ask("GET", path)
            body = {"available_scopes": sorted({*reply.json["available_scopes"], value})}
            answer = partners.ask("PATCH", path, body, None, [("If-Match", reply.header("ETag"))])
            if answer.status == 200:
                return
            if answer.status not in (409, 412):
                strange.append(answer.body)
                return

    threads = [threading.Thread(target=add, args=(value,)) for value in values]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not strange and partners.show(made["partner_sid"])["available_scopes"] == sorted(values)


def test_patches_of_different_fields_both_hold(partners):
    made = partners.active()
    path = f"/{made['partner_sid']}"
    replies = []
    bodies = [{"name": f"Race {n}"} if n % 2 else {"login": f"race{n}"} for n in range(8)]
    threads = [threading.Thread(target=lambda b=body: replies.append(partners.ask("PATCH", path, b)))
               for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {reply.status for reply in replies} <= {200, 409}
    after = partners.show(made["partner_sid"])
    assert after["name"].startswith("Race ") and after["login"].startswith("race")


# ---- lists ----

def test_lists(partners):
    parent = partners.active()["partner_sid"]
    made = [partners.active(parent_sid=parent, name=f"Listed {n % 3}")["partner_sid"] for n in range(9)]
    below = f"parent_sid eq {parent}"
    assert partners.ask("GET", filter=below, limit=100).json["total"] == 9
    reply = partners.ask("GET", filter=f"{below} and name like 'Listed 1%'", order="date_created desc")
    assert {item["partner_sid"] for item in reply.json["items"]} == set(made[1::3])
    newest_first = [(item["date_created"], item["partner_sid"]) for item in reply.json["items"]]
    assert newest_first == sorted(newest_first, reverse=True)
    found, path = [], f"?{urllib.parse.urlencode({'filter': below, 'limit': 2, 'include_fields': 'partner_sid'})}"
    while path:
        reply = partners.ask("GET", path)
        found += [item["partner_sid"] for item in reply.json["items"]]
        assert reply.json["total"] == 9
        path = "?" + reply.json["pagination"]["next"].split("?")[1] if reply.json["has_more"] else None
    assert found == sorted(made), "SIDs of one millisecond are in no order of making"
    assert partners.ask("GET", offset=10**9).json["items"] == []
    for bad in ({"filter": "available_scopes eq x"}, {"order": "acls"}, {"filter": "name eq 'x' or 1 eq 1"},
                {"filter": "status eq"}, {"limit": 0}, {"limit": 1001}, {"after": "x"}, {"include_fields": "x"}):
        assert partners.ask("GET", **bad).status == 422, bad
    injected = partners.ask("GET", filter="name eq \"x' or '1' eq '1\"")
    assert injected.status == 200 and injected.json["total"] == 0


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


# ---- the audit log ----

def test_F_37_each_change_is_recorded_once(partners):
    made = partners.active(available_scopes=["calls.read"])
    sid = made["partner_sid"]
    partners.patch(sid, {"name": "Renamed", "available_scopes": []})
    partners.patch(sid, {"name": "Renamed"})
    partners.ask("DELETE", f"/{sid}")
    partners.ask("DELETE", f"/{sid}")
    rows = partners.bed.offline("SELECT record FROM audit ORDER BY seq")
    records = [record for record in (json.loads(row[0]) for row in rows) if record.get("object") == sid]
    assert [record["action"] for record in records] == ["partner.create", "partner.update", "partner.cancel"]
    assert all(record["result"] == "done" and record["partner_sid"] == sid for record in records)
    assert records[0]["detail"]["after"]["available_scopes"] == ["calls.read"]
    assert records[1]["detail"] == {"before": {"name": made["name"], "available_scopes": ["calls.read"]},
                                    "after": {"name": "Renamed", "available_scopes": []}}
    assert records[2]["detail"] == {"before": {"status": "active"}, "after": {"status": "canceled"}}
    refused = [json.loads(row[0]) for row in rows if '"rule":"M3"' in row[0]]
    assert refused and refused[0]["result"] == "refused" and refused[0]["detail"]["field"] == "available_scopes"
    assert refused[0]["detail"]["missing"]
