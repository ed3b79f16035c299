"""/core/v2/applications: who sees and writes them, bad input, races, what a change does to tokens that are out. SPEC 3
and 5; F-35, F-36; THREATS 34, 43, 47. What an application may hold stands in test_application_scopes.py, what it
authenticates with in test_application_secrets.py."""

import concurrent.futures
import json
import uuid

import pytest

import assertion
from applications import CALLBACK, Applications, both, only
from testbed import Client

MANY = 10
READ_ONLY = ["client_id", "date_created", "date_updated", "partner", "secret_id", "client_secret"]


@pytest.fixture(scope="module")
def root(bed):
    """Of the application that holds everything."""
    return Applications(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def sub(bed):
    """Of the sub-partner's application."""
    return Applications(bed, bed.issue(bed.sub_partner))


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


def test_suspended_deleted_and_back(own_bed):
    """P1: acts on the next introspection; deletion is final, after a restart too."""
    own = own_bed()
    api = Applications(own, own.issue(own.admin))
    made = api.make(audiences=both(own), scopes=["calls.manage"])
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
    assert Applications(own, own.issue(own.admin))("GET", path).status == 404


def test_an_application_may_delete_itself(bed, root):
    caller = root.narrow(["calls.read"], audiences=both(bed))
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


# ---- who may, and whose (F-35, F-36) ----

VERBS = [("GET", "", None, "read"), ("POST", "", {"scopes": []}, "create"), ("GET", "/{}", None, "read"),
         ("PATCH", "/{}", {}, "update"), ("PUT", "/{}", None, "update"), ("GET", "/{}/secrets", None, "read"),
         ("POST", "/{}/secrets", {}, "create"), ("DELETE", "/{}/secrets/{}", None, "delete"),
         ("DELETE", "/{}", None, "delete")]


@pytest.mark.parametrize("held", ["manage", "create", "read", "update", "delete", None])
def test_each_verb_needs_its_scope(bed, root, held):
    caller = Applications(bed, bed.issue(root.client(scopes=["calls.read", *([f"app.{held}"] if held else [])])))
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


def test_partners_see_their_own_subtree(root, sub):
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


def test_tokens_without_our_audience(bed, root):
    caller = bed.issue(root.client(scopes=["app.manage"], audiences=[bed.audience]))
    assert Applications(bed, caller)("GET").status == 401


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
    weak = Applications(bed, bed.issue(root.client(scopes=["calls.read"])))
    assert weak("PATCH", "/nothing", b"{").status == 403
    assert root("PATCH", "/nothing", b"{").status == 404
    assert root("PATCH", path, b"{", If_Match='"77"', Content_Type="application/json").status == 400
    assert root("PATCH", path, {"foo": 1}, If_Match='"77"').status == 412
    caller = root.narrow(["calls.read"])
    assert caller("PATCH", path, {"foo": 1, "scopes": ["sms.read"]}).status == 422
    assert caller("PATCH", path, {"scopes": ["sms.read", "nope"]}).status == 422
    assert caller("PATCH", path, {"scopes": ["sms.read"]}).status == 403


# ---- at the same time ----


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
