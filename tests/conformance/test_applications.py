"""/core/v2/applications and their secrets: who sees and writes them, M3 by every road, bad input, races, what a change
does to tokens that are out. SPEC 3 and 5; F-34, F-35, F-36, F-38; THREATS 34, 43, 47."""

import concurrent.futures
import json
import sqlite3
import time
import uuid

import pytest

import assertion
from caller import Caller
from testbed import Client, eventually

APPLICATIONS = "/core/v2/applications"
MANY = 10
READ_ONLY = ["client_id", "date_created", "date_updated", "partner", "secret_id", "client_secret"]
RESTRICTED = ["DirectRingOut", "EditReportingSettings", "RoleManagement"]
CALLBACK = "https://app.example/cb"


class Api(Caller):
    """The API as one caller sees it."""

    def __call__(self, method, path="", body=None, **headers):
        return self.send(method, APPLICATIONS + path, body, **headers)

    def make(self, **body):
        reply = self("POST", body={"name": "Made", "scopes": ["calls.read"], **body})
        assert reply.status == 200, reply.body
        return reply.json

    def client(self, **body):
        made = self.make(**body)
        return Client(made["client_id"], made["client_secret"])


@pytest.fixture(scope="module")
def audience(bed):
    return bed.facts["resource_server"]["audience"]


@pytest.fixture(scope="module")
def both(bed, audience):
    """Audiences that the resource server answers for, and our own."""
    return [bed.issuer, audience]


@pytest.fixture(scope="module")
def root(bed):
    """Of the application that holds everything."""
    return Api(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def sub(bed):
    """Of the sub-partner's application."""
    return Api(bed, bed.issue(bed.sub_partner))


def narrow(bed, api, scope, **body):
    """A caller of the same partner that holds these scopes and app.manage, no more."""
    client = api.client(scopes=[*scope, "app.manage"], **body)
    return Api(bed, bed.issue(client))


def only(reply, status, field=None):
    """The one error of an answer."""
    assert reply.status == status, reply.body
    found = reply.json["errors"]
    assert len(found) == 1 and found[0]["field"] == field, found
    return found[0]


# ---- an object's life ----


def test_created_with_defaults_and_shown(bed, root):
    reply = root("POST", body={"scopes": ["sms.read", "calls.read", "sms.read"]})
    assert reply.status == 200 and reply.header("ETag") == '"1"'
    made = reply.json
    assert made.pop("client_secret").startswith("sm_cs_")
    uuid.UUID(made.pop("secret_id"))
    assert made == {
        "client_id": made["client_id"], "partner_sid": bed.facts["partner_sid"], "name": made["client_id"],
        "type": "confidential", "status": "active", "token_endpoint_auth_method": "client_secret_basic",
        "token_endpoint_auth_audience": "issuer", "grant_types": ["client_credentials"], "redirect_uris": [],
        "scopes": ["calls.read", "sms.read"], "approved_restricted": [], "audiences": [bed.issuer],
        "introspection": False, "access_token_ttl": None, "refresh_token_ttl": None, "jwks": None,
        "date_created": made["date_created"], "date_updated": made["date_created"]}
    shown = root("GET", "/" + made["client_id"])
    assert shown.status == 200 and shown.json == made
    related = root("GET", f"/{made['client_id']}?with_related=true&include_fields=partner").json
    assert related == {"partner": {"partner_sid": made["partner_sid"], "name": "root", "status": "active"}}


@pytest.mark.parametrize("body, shown", [
    ({"type": "public", "redirect_uris": [CALLBACK]},
     {"token_endpoint_auth_method": "none", "grant_types": ["authorization_code"]}),
    ({"token_endpoint_auth_method": "private_key_jwt", "jwks": assertion.key_set(assertion.SINGLE)},
     {"grant_types": ["client_credentials"]}),
])
def test_without_a_secret(root, body, shown):
    made = root.make(**body)
    assert "client_secret" not in made and "secret_id" not in made
    assert {name: made[name] for name in shown} == shown
    path = f"/{made['client_id']}/secrets"
    assert root("GET", path).json["items"] == []
    only(root("POST", path, {}), 409)


def test_changed_whole_and_in_part(root):
    """GET, edit, PUT; a change of nothing is none; If-Match."""
    made = root.make()
    path = "/" + made["client_id"]
    before = root("GET", path)
    same = root("PUT", path, before.json)
    assert same.status == 200 and same.json == before.json and same.header("ETag") == '"1"'
    assert root("PATCH", path, {}).header("ETag") == '"1"'
    assert root("PATCH", path, {"scopes": None}).json["scopes"] == ["calls.read"]
    edited = {**before.json, "name": "Other", "access_token_ttl": 60, "redirect_uris": [CALLBACK]}
    changed = root("PUT", path, edited)
    assert changed.status == 200 and changed.header("ETag") == '"2"'
    assert changed.json == {**edited, "date_updated": changed.json["date_updated"]}
    assert root("PATCH", path, {"name": "Late"}, If_Match='"1"').status == 412
    assert root("PUT", path, b"{", If_Match='"1"', Content_Type="application/json").status == 400
    assert root("DELETE", path, If_Match='"1"').status == 412
    assert root("PATCH", path, {"name": "Third"}, If_Match='"9", "2"').status == 200
    assert root("DELETE", path, If_Match='"3"').status == 204
    assert root("DELETE", path).status == 404


def test_listed(bed, root, sub):
    made = [root.make(name=f"Listed {i}", partner_sid=bed.facts["sub_partner"]["partner_sid"]) for i in range(3)]
    page = root("GET", "?filter=name+like+'Listed+%25'+and+status+eq+active&order=name+desc&include_fields=client_id")
    assert page.status == 200, page.body
    assert page.json["items"] == [{"client_id": item["client_id"]} for item in reversed(made)]
    assert page.json["total"] == 3
    assert {item["client_id"] for item in made} <= {
        item["client_id"] for item in sub("GET", "?limit=1000").json["items"]}
    for query in ("filter=client_secret+eq+x", "order=jwks", "filter=scopes+eq+x", "limit=0", "offset=1&after=x"):
        assert root("GET", "?" + query).status in (400, 422), query
    for item in made:
        assert sub("DELETE", "/" + item["client_id"]).status == 204


# ---- what it does to tokens ----


def test_suspended_deleted_and_back(bed, root, both, own_bed):
    """P1: acts on the next introspection; deletion is final, after a restart too."""
    own = own_bed()
    api = Api(own, own.issue(own.admin))
    made = api.make(audiences=[own.issuer, own.facts["resource_server"]["audience"]], scopes=["calls.manage"])
    client, path = Client(made["client_id"], made["client_secret"]), "/" + made["client_id"]
    token = own.issue(client)
    assert own.introspect(token)["scope"] == "calls.manage"
    api("PATCH", path, {"status": "suspended"})
    assert own.introspect(token) == {"active": False} and own.token(client).status == 401
    api("PATCH", path, {"status": "active", "scopes": ["calls.read"]})
    assert own.introspect(token)["scope"] == "calls.read"
    api("PATCH", path, {"scopes": ["calls.manage", "sms.read"]})
    assert own.introspect(token)["scope"] == "calls.manage"
    assert api("DELETE", path).status == 204
    assert own.introspect(token) == {"active": False} and own.token(client).status == 401
    own.restart()
    assert own.introspect(token) == {"active": False} and own.token(client).status == 401
    assert Api(own, own.issue(own.admin))("GET", path).status == 404


def test_an_application_may_delete_itself(bed, root, both):
    caller = narrow(bed, root, ["calls.read"], audiences=both)
    claims = bed.introspect(caller.token)
    assert caller("DELETE", "/" + claims["client_id"]).status == 204
    assert not bed.is_active(caller.token)
    assert caller("GET").status == 401


def test_audiences_of_a_resource_server_change(bed, root):
    """Who introspects answers for the audiences it has now (SPEC 3)."""
    own, other = f"https://{uuid.uuid4()}.example", f"https://{uuid.uuid4()}.example"
    server = root.client(introspection=True, audiences=[own])
    token = bed.issue(root.client(audiences=[own]))
    path = "/" + server.client_id
    assert bed.is_active(token, server)
    root("PATCH", path, {"audiences": [other]})
    assert not bed.is_active(token, server)
    root("PATCH", path, {"audiences": [other, own]})
    assert bed.is_active(token, server)
    root("PATCH", path, {"introspection": False})
    assert bed.introspection(token, server).status == 403


# ---- M3 ----


def test_scopes_are_handed_out_within_the_callers(bed, root):
    caller = narrow(bed, root, ["calls.read"])
    error = only(caller("POST", body={"scopes": ["calls.read", "calls.manage", "sms.read"]}), 403, "scopes")
    assert "calls.manage, sms.read" in error["message"] and error["code"] == "insufficient_scope"
    path = "/" + caller.make()["client_id"]
    before = root("GET", path)
    for method, body in (("PATCH", {"scopes": ["calls.update"], "name": "Changed"}),
                         ("PUT", {**before.json, "scopes": ["calls.read", "sms.read"], "name": "Changed"})):
        reply = caller(method, path, body)
        only(reply, 403, "scopes")
        assert "insufficient_scope" in reply.header("WWW-Authenticate")
        after = root("GET", path)
        assert after.json == before.json and after.header("ETag") == before.header("ETag")
    assert caller("PATCH", path, {"scopes": []}).status == 200


def equipment(bed):
    return [
        ("PATCH", {"redirect_uris": [CALLBACK]}, "redirect_uris"),
        ("PATCH", {"audiences": [bed.issuer, "https://more.example"]}, "audiences"),
        ("PATCH", {"introspection": True}, "introspection"),
        ("PATCH", {"jwks": assertion.key_set(assertion.SINGLE)}, "jwks"),
        ("PATCH", {"token_endpoint_auth_method": "private_key_jwt", "jwks": assertion.key_set(assertion.SINGLE)},
         "jwks"),
        ("PATCH", {"token_endpoint_auth_method": "client_secret_post"}, "token_endpoint_auth_method"),
        ("PUT", {"redirect_uris": [CALLBACK]}, "redirect_uris"),
        ("PUT", {"introspection": True}, "introspection"),
    ]


@pytest.mark.parametrize("road", range(8))
def test_nobody_equips_an_application_that_holds_more(bed, root, road):
    method, change, field = equipment(bed)[road]
    caller = narrow(bed, root, ["calls.read"])
    strong = root.make(scopes=["calls.manage"])
    path = "/" + strong["client_id"]
    before = root("GET", path)
    body = change if method == "PATCH" else {**before.json, **change}
    error = only(caller(method, path, {**body, "name": "Changed"}), 403, field)
    assert "calls.manage" in error["message"]
    assert root("GET", path).json == before.json
    weak = "/" + root.make(scopes=["calls.read"])["client_id"]
    assert caller("PATCH", weak, change).status == 200


def test_nobody_makes_a_secret_for_an_application_that_holds_more(bed, root):
    caller = narrow(bed, root, ["calls.read"])
    strong = root.make(scopes=["calls.manage"])
    path = f"/{strong['client_id']}/secrets"
    assert caller("POST", path, {}).status == 403
    admin = f"/{bed.admin.client_id}/secrets"
    assert caller("POST", admin, {"overlap_s": 60}).status == 403, "the first application holds everything"
    assert root("GET", path).json["total"] == 1 and root("GET", admin).json["total"] == 1
    root("PATCH", "/" + strong["client_id"], {"scopes": ["calls.read"]})
    assert caller("POST", path, {}).status == 200


def test_what_takes_away_or_repeats_hands_out_nothing(bed, root):
    caller = narrow(bed, root, ["calls.read"])
    strong = root.make(scopes=["calls.manage", "sms.manage"], redirect_uris=[CALLBACK, CALLBACK + "2"],
                       introspection=True)
    path = "/" + strong["client_id"]
    for change in ({"redirect_uris": [CALLBACK + "2"]}, {"introspection": False}, {"status": "suspended"},
                   {"scopes": ["sms.manage", "calls.read"]}, {"name": "Weaker"}, {"scopes": ["sms.manage"]},
                   {"scopes": ["sms.read"]}, {"redirect_uris": []}):
        assert caller("PATCH", path, change).status == 200, change
    only(caller("PATCH", path, {"scopes": ["sms.manage"]}), 403, "scopes")


# ---- restricted scopes and their approval ----


def test_restricted_scopes_count_once_an_ancestor_approved_them(bed, root, both):
    partner_sid = bed.facts["sub_partner"]["partner_sid"]
    name = RESTRICTED[0]
    made = root.make(partner_sid=partner_sid, scopes=["calls.read", name], audiences=both)
    assert set(made["scopes"]) == {"calls.read", name} and made["approved_restricted"] == []
    path = "/" + made["client_id"]
    sub_api = Api(bed, bed.issue(bed.sub_partner))
    only(sub_api("PATCH", path, {"approved_restricted": [name]}), 403, "approved_restricted")
    only(sub_api("POST", body={"scopes": [name], "approved_restricted": [name]}), 403, "approved_restricted")
    only(root("PATCH", path, {"approved_restricted": ["calls.read"]}), 422, "approved_restricted")
    only(root("PATCH", path, {"approved_restricted": [RESTRICTED[1]]}), 422, "approved_restricted")
    assert root("PATCH", path, {"approved_restricted": [name]}).json["approved_restricted"] == [name]
    # a PUT that repeats it is no change; what is declared no more is approved no more
    whole = sub_api("GET", path).json
    assert sub_api("PUT", path, whole).status == 200
    less = sub_api("PUT", path, {**whole, "scopes": ["calls.read"]})
    assert less.status == 200 and less.json["approved_restricted"] == []
    again = sub_api("PATCH", path, {"scopes": ["calls.read", name]})
    assert again.status == 200 and again.json["approved_restricted"] == []


def test_the_root_approves_its_own(bed, root, both):
    """Until then the scope is neither granted nor handed out; taken back, it is lost at once."""
    name = RESTRICTED[0]
    made = root.make(scopes=["calls.read", name], audiences=both)
    client, path = Client(made["client_id"], made["client_secret"]), "/" + made["client_id"]
    assert bed.token(client, scope=name).status == 400
    assert bed.introspect(bed.issue(client))["scope"] == "calls.read"
    assert root("PATCH", path, {"approved_restricted": [name]}).status == 200
    token = bed.issue(client)
    assert bed.introspect(token)["scope"].split() == ["calls.read", name]
    assert root("PATCH", path, {"approved_restricted": []}).status == 200
    assert bed.introspect(token)["scope"] == "calls.read"


def test_approving_needs_app_manage_and_the_scope_itself(bed, root):
    name = RESTRICTED[0]
    made = root.make(scopes=[name])
    path = "/" + made["client_id"]
    updates = Api(bed, bed.issue(root.client(scopes=["app.update", name], approved_restricted=[name])))
    only(updates("PATCH", path, {"approved_restricted": [name]}), 403, "approved_restricted")
    lacking = narrow(bed, root, ["calls.read"])
    error = only(lacking("PATCH", path, {"approved_restricted": [name]}), 403, "approved_restricted")
    assert name in error["message"]
    holding = narrow(bed, root, [name], approved_restricted=[name])
    assert holding("PATCH", path, {"approved_restricted": [name]}).status == 200


# ---- who may, and whose (F-35, F-36) ----

VERBS = [("GET", "", None, "read"), ("POST", "", {"scopes": []}, "create"), ("GET", "/{}", None, "read"),
         ("PATCH", "/{}", {}, "update"), ("PUT", "/{}", None, "update"), ("GET", "/{}/secrets", None, "read"),
         ("POST", "/{}/secrets", {}, "create"), ("DELETE", "/{}/secrets/{}", None, "delete"),
         ("DELETE", "/{}", None, "delete")]


@pytest.mark.parametrize("held", ["manage", "create", "read", "update", "delete", None])
def test_each_verb_needs_its_scope(bed, root, held):
    caller = Api(bed, bed.issue(root.client(scopes=["calls.read", *([f"app.{held}"] if held else [])])))
    for method, pattern, body, verb in VERBS:
        made = root.make(scopes=[])
        if method == "PUT":
            body = root("GET", "/" + made["client_id"]).json
        reply = caller(method, pattern.format(made["client_id"], made["secret_id"]), body)
        if held in ("manage", verb):
            assert reply.status in (200, 204), (method, pattern, reply.body)
        else:
            assert reply.status == 403, (method, pattern)
            assert f"app.manage, app.{verb}" in reply.json["errors"][0]["message"]
            assert f'scope="app.manage app.{verb}"' in reply.header("WWW-Authenticate")


def test_partners_see_their_own_subtree(bed, root, sub):
    """F-35: partners by endpoints. The root sees and writes below it; nobody sees above or beside."""
    for asker, target, seen in (("root", "sub", True), ("root", "root", True), ("sub", "sub", True),
                                ("sub", "root", False), ("sub", None, False), ("sub", "upper", False)):
        own = {name: api.make(scopes=[]) for name, api in (("root", root), ("sub", sub))}
        api = {"root": root, "sub": sub}[asker]
        made = own.get(target) or {"client_id": str(uuid.uuid4()), "secret_id": str(uuid.uuid4())}
        if target == "upper":
            made = {name: own["sub"][name].upper() for name in ("client_id", "secret_id")}
        for method, pattern, body, _ in VERBS[2:-1]:
            if method == "PUT":
                body = root("GET", "/" + made["client_id"]).json if seen else {"any": "thing"}
            reply = api(method, pattern.format(made["client_id"], made["secret_id"]), body)
            assert (reply.status in (200, 204)) == seen, (asker, target, method, pattern, reply.body)
            if not seen:
                assert reply.status == 404 and reply.json["errors"][0]["code"] == "not_found"
    assert sub("DELETE", "/" + own["root"]["client_id"]).status == 404
    assert root("DELETE", "/" + own["sub"]["client_id"]).status == 204
    other = root.make(scopes=[])
    assert root("DELETE", f"/{own['root']['client_id']}/secrets/{other['secret_id']}").status == 404


def test_made_in_a_partner_of_the_callers_subtree(bed, root, sub):
    below, above = bed.facts["sub_partner"]["partner_sid"], bed.facts["partner_sid"]
    assert root.make(partner_sid=below)["partner_sid"] == below
    assert sub.make(partner_sid=below)["partner_sid"] == below
    for wrong in (above, str(uuid.uuid4()), below.upper(), "x", None, 1):
        reply = sub("POST", body={"scopes": [], "partner_sid": wrong})
        only(reply, 422, "partner_sid")


def test_tokens_without_our_audience(bed, root, audience):
    caller = bed.issue(root.client(scopes=["app.manage"], audiences=[audience]))
    assert Api(bed, caller)("GET").status == 401


# ---- bad input ----

BAD = [
    ("scopes", "calls.read"), ("scopes", ["calls.read", 1]), ("scopes", ["nope"]), ("scopes", {"a": "b"}),
    ("scopes", ["calls.read"] * 600), ("scopes", ["calls.*"]), ("approved_restricted", ["nope"]),
    ("approved_restricted", "x"), ("name", ""), ("name", "x" * 129), ("name", 1), ("name", " x"), ("name", None),
    ("name", "a\nb"), ("type", "secret"), ("status", "canceled"), ("status", None),
    ("token_endpoint_auth_method", "client_secret_jwt"), ("token_endpoint_auth_method", "none"),
    ("token_endpoint_auth_method", "private_key_jwt"), ("token_endpoint_auth_audience", "both"),
    ("token_endpoint_auth_audience", ["issuer"]), ("grant_types", ["password"]), ("grant_types", "x"),
    ("grant_types", ["authorization_code"]), ("grant_types", ["refresh_token", "refresh_token"]),
    ("redirect_uris", ["http://app.example/cb"]), ("redirect_uris", ["https://app.example/#x"]),
    ("redirect_uris", ["https://*.example/"]), ("redirect_uris", ["/cb"]), ("redirect_uris", [CALLBACK, CALLBACK]),
    ("redirect_uris", [f"{CALLBACK}{i}" for i in range(17)]), ("redirect_uris", ["https://a@b@app.example/"]),
    ("audiences", []), ("audiences", [""]), ("audiences", ["a b"]), ("audiences", [f"x{i}" for i in range(17)]),
    ("audiences", ["x" * 257]), ("audiences", None), ("introspection", "yes"), ("introspection", 1),
    ("introspection", None), ("access_token_ttl", 0), ("access_token_ttl", 59), ("access_token_ttl", 3601),
    ("access_token_ttl", "900"), ("access_token_ttl", 900.5), ("refresh_token_ttl", 1), ("refresh_token_ttl", -1),
    ("refresh_token_ttl", 10**12), ("jwks", {}), ("jwks", []), ("jwks", {"keys": []}), ("jwks", "x"),
    ("jwks", {"keys": [json.loads(assertion.SINGLE.export_private())]}), ("jwks_uri", "https://app.example/jwks"),
    ("jwks_uri", None), ("unknown", 1), ("is_admin", True), ("scopes_all", True), ("revision", 7),
    ("type", "public"),
]


@pytest.mark.parametrize("field, value", BAD, ids=lambda value: str(value)[:24])
def test_bad_fields_change_nothing(root, target, field, value):
    path, before = target
    for method, body in (("PATCH", {"name": "Changed", field: value}), ("PUT", {**before, field: value}),
                         ("POST", {"scopes": [], field: value})):
        reply = root(method, path if method != "POST" else "", body)
        assert reply.status == 422, (method, reply.body)
        named = {error["field"] for error in reply.json["errors"]}
        assert field in named or (field, value) == ("type", "public") or field.startswith(("grant", "token_end")), named
    assert root("GET", path).json == before


@pytest.fixture(scope="module")
def target(root):
    made = root.make(name="Target")
    path = "/" + made["client_id"]
    return path, root("GET", path).json


def test_what_is_read_only(root, target):
    """THREATS-43: 422 in a PATCH or POST, passed over in a PUT."""
    path, before = target
    for field in READ_ONLY:
        only(root("PATCH", path, {field: before.get(field, "x")}), 422, field)
        only(root("POST", body={"scopes": [], field: "x"}), 422, field)
    only(root("PATCH", path, {"partner_sid": before["partner_sid"]}), 422, "partner_sid")
    passed = {**before, **{field: "x" for field in READ_ONLY}, "partner_sid": "x"}
    assert root("PUT", path, passed).json == before


def test_a_put_carries_every_writable_field(root, target):
    path, before = target
    writable = set(before) - set(READ_ONLY) - {"partner_sid"}
    for field in writable:
        less = {name: value for name, value in before.items() if name != field}
        assert only(root("PUT", path, less), 422, field)["code"] == "missing_field"
    for field in ("scopes", "approved_restricted"):
        only(root("PUT", path, {**before, field: None}), 422, field)
    assert {e["field"] for e in root("PUT", path, {}).json["errors"]} == writable


@pytest.mark.parametrize("body, media, status", [
    (b"null", "application/json", 400), (b"[]", "application/json", 400), (b"", "application/json", 400),
    (b'{"name":"a","name":"b"}', "application/json", 400), (b"{" * 100, "application/json", 400),
    (b'{"scopes":' + b"[" * 20 + b"]" * 20 + b"}", "application/json", 400), (b"\xff", "application/json", 400),
    (b"{}", "text/plain", 415), (b"scopes=x", "application/x-www-form-urlencoded", 415),
    (b"{}", "application/json, text/plain", 415), (b'{"scopes":[' + b'"x",' * 20000 + b'"x"]}', "application/json", 413),
])
def test_bodies_that_are_none(root, target, body, media, status):
    path, before = target
    for method, where in (("POST", ""), ("PATCH", path), ("PUT", path), ("POST", path + "/secrets")):
        assert root(method, where, body, Content_Type=media).status == status, (method, where)
    assert root("GET", path).json == before


def test_refused_in_order(bed, root, target):
    """SPEC 5: 403 verb, 404, 415 or 400, 412, 422, 403."""
    path, _ = target
    weak = Api(bed, bed.issue(root.client(scopes=["calls.read"])))
    assert weak("PATCH", "/nothing", b"{").status == 403
    assert root("PATCH", "/nothing", b"{").status == 404
    assert root("PATCH", path, b"{", If_Match='"77"', Content_Type="application/json").status == 400
    assert root("PATCH", path, {"foo": 1}, If_Match='"77"').status == 412
    caller = narrow(bed, root, ["calls.read"])
    assert caller("PATCH", path, {"foo": 1, "scopes": ["sms.read"]}).status == 422
    assert caller("PATCH", path, {"scopes": ["sms.read", "nope"]}).status == 422
    assert caller("PATCH", path, {"scopes": ["sms.read"]}).status == 403


# ---- secrets (F-28, F-38) ----


def test_two_secrets_with_an_overlap(bed, root):
    made = root.make()
    first = Client(made["client_id"], made["client_secret"])
    path = f"/{made['client_id']}/secrets"
    reply = root("POST", path, {"overlap_s": 2})
    assert reply.status == 200 and set(reply.json) == {
        "secret_id", "client_secret", "date_created", "date_expiration", "date_last_used"}
    second = Client(made["client_id"], reply.json["client_secret"])
    assert bed.token(first).status == bed.token(second).status == 200
    only(root("POST", path, {}), 409)
    listed = root("GET", path).json
    assert listed["total"] == 2 and all("client_secret" not in item for item in listed["items"])
    assert listed["items"][0]["date_expiration"] and listed["items"][1]["date_expiration"] is None
    assert eventually(lambda: bed.token(first, source=bed.addresses.fresh()).status == 401, 5, 0.2)
    assert bed.token(second).status == 200
    third = root("POST", path, {"overlap_s": 0})
    assert third.status == 200
    assert bed.token(second, source=bed.addresses.fresh()).status == 401, "no overlap at all"
    assert bed.token(Client(made["client_id"], third.json["client_secret"])).status == 200


def test_secrets_are_deleted_to_the_last(bed, root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    assert root("DELETE", f"{path}/{made['secret_id']}").status == 204
    assert root("DELETE", f"{path}/{made['secret_id']}").status == 404
    client = Client(made["client_id"], made["client_secret"])
    assert bed.token(client, source=bed.addresses.fresh()).status == 401
    assert root("GET", path).json["items"] == []
    for body in ({"overlap_s": -1}, {"overlap_s": "1"}, {"overlap_s": 10**9}, {"secret": "x"}, {"overlap_s": 1.5}):
        assert root("POST", path, body).status == 422, body


def test_parallel_secrets_never_make_a_third(root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        replies = list(pool.map(lambda _: root("POST", path, {}).status, range(MANY)))
    assert sorted(replies) == [200] + [409] * (MANY - 1)
    assert root("GET", path).json["total"] == 2


def test_parallel_changes_lose_nothing(root):
    """The later sees the earlier: each change of another field stays, and each counts once."""
    made = root.make()
    path = "/" + made["client_id"]
    changes = [{"name": "Raced"}, {"access_token_ttl": 61}, {"redirect_uris": [CALLBACK]}, {"introspection": True}]
    with concurrent.futures.ThreadPoolExecutor(len(changes)) as pool:
        replies = list(pool.map(lambda change: root("PATCH", path, change).status, changes))
    assert replies == [200] * len(changes)
    after = root("GET", path)
    assert after.header("ETag") == f'"{len(changes) + 1}"'
    for change in changes:
        assert {name: after.json[name] for name in change} == change
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        raced = list(pool.map(lambda i: root("PATCH", path, {"name": f"n{i}"}, If_Match=after.header("ETag")).status,
                              range(MANY)))
    assert sorted(raced) == [200] + [412] * (MANY - 1)


def test_secrets_are_nowhere_but_in_the_answer(bed, root):
    """P5, F-38: digests in the store, no secret in the audit log."""
    made = root.make()
    more = root("POST", f"/{made['client_id']}/secrets", {}).json
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        records = [row[0] for row in link.execute("SELECT record FROM audit WHERE record LIKE ?",
                                                  (f"%{made['client_id']}%",))]
    assert [json.loads(record)["action"] for record in records] == ["application.create", "secret.create"]
    for record in records:
        assert made["client_secret"] not in record and more["client_secret"] not in record
    assert json.loads(records[0])["detail"]["after"]["scopes"] == ["calls.read"]
    assert json.loads(records[0])["detail"]["after"]["secret_id"] == made["secret_id"]
    assert json.loads(records[1])["detail"]["secret_id"] == more["secret_id"]


# ---- last used ----


def test_when_a_secret_was_used_last(bed, root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    before = time.time()
    bed.issue(Client(made["client_id"], made["client_secret"]))

    def used():
        return root("GET", path + "?include_fields=date_last_used").json["items"][0]["date_last_used"]

    assert eventually(used, 5, 0.1)
    assert used() >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before))


def last_access(bed, token):
    sid = bed.introspect(token)["token_sid"]
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        return link.execute("SELECT last_accessed_ms, last_accessed_ip FROM tokens WHERE token_sid = ?",
                            (uuid.UUID(sid).bytes,)).fetchone()


def test_when_and_from_where_a_token_was_used_last(bed, root, both):
    """Introspection names the end user's address, or the caller's is taken; at most once a minute."""
    time.sleep(1.2)  # a crowd of uses by the tests before may have passed some over: until theirs are written
    client = root.client(audiences=both)
    named, unnamed = bed.issue(client), bed.issue(client)
    for wrong in ("nonsense", "192.0.2.7:80", "[::1]", "::", "192.0.2.7, 192.0.2.8"):
        assert bed.introspection(named, client_ip=wrong).status == 400, wrong
    assert bed.introspection(named, client_ip="2001:DB8::7").json["active"]
    assert bed.is_active(unnamed)
    assert bed.introspection(named, client_ip="192.0.2.9").json["active"], "within the minute: not noted"
    assert eventually(lambda: last_access(bed, named)[0] > 0 and last_access(bed, unnamed)[0] > 0, 5, 0.1)
    assert last_access(bed, named)[1] == "2001:db8::7"
    assert last_access(bed, unnamed)[1] == "127.0.0.1"
    bearer = Api(bed, bed.issue(root.client(scopes=["app.read"], audiences=both)))
    assert bearer("GET").status == 200
    assert eventually(lambda: last_access(bed, bearer.token)[0] > 0, 5, 0.1)
