"""Tokens under /core/v2 (SPEC 3 and 5): what may be written, what a creation grants, lists, revoking, races, audit."""

import datetime
import json
import threading
import uuid

import pytest

from forge import claims

TOKEN, TOKENS, REVOKE = "/core/v2/oauth/token", "/core/v2/oauth/tokens", "/core/v2/oauth/revoke"
FIELDS = ["access_token", "client_id", "date_created", "date_expiration_access_token",
          "date_expiration_refresh_token", "date_last_accessed", "ip_last_accessed", "name", "partner_sid",
          "refresh_token", "scopes", "token_sid", "token_type"]
READ_ONLY = [name for name in FIELDS if name not in (
    "name", "scopes", "date_expiration_access_token", "date_expiration_refresh_token")]
JSON = "application/json"


@pytest.fixture(scope="module")
def admin(bed):
    return bed.issue(bed.admin)


@pytest.fixture(scope="module")
def call(bed, admin):
    def ask(method, path, body=None, token=admin, content_type=JSON, **headers):
        fields = [("Authorization", f"Bearer {token}"), *((k.replace("_", "-"), v) for k, v in headers.items())]
        if body is not None:
            fields.append(("Content-Type", content_type))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        bed.seen.secrets.add(token)
        return bed.request(method, path, body, fields)
    return ask


@pytest.fixture
def made(call):
    """A token of the admin's partner that nobody else changes."""
    reply = call("POST", TOKEN, {"scopes": ["calls.manage", "sms.read"], "name": "made"})
    assert reply.status == 200, reply.body
    return reply


def path_of(token):
    return f"{TOKENS}/{token['token_sid']}"


def errors(reply, status):
    assert reply.status == status, reply.body
    assert reply.header("Cache-Control") == "no-store"
    return [(error["code"], error["field"]) for error in reply.json["errors"]]


def later(text, **delta):
    moved = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")) + datetime.timedelta(**delta)
    return moved.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moved.microsecond // 1000:03d}Z"


# ---- the object ----

def test_a_created_token_is_carrierx_s_object(call, made):
    token = made.json
    assert list(token) == [*FIELDS, "expires_in", "scope"]
    assert token["scopes"] == ["calls.manage", "sms.read"] and token["scope"] == "calls.manage sms.read"
    assert token["refresh_token"] is None and token["date_expiration_refresh_token"] is None
    assert token["expires_in"] == 900 and token["token_type"] == "bearer"
    assert claims(token["access_token"])["jti"] == token["token_sid"] + ".1"
    shown = call("GET", path_of(token))
    assert shown.json == {**{name: token[name] for name in FIELDS}, "access_token": None}  # P5
    assert shown.header("ETag") == made.header("ETag") == '"1"'


def test_fields_and_the_partner_are_shown_when_asked_for(call, made):
    assert list(call("GET", path_of(made.json) + "?include_fields=name,scopes").json) == ["name", "scopes"]
    assert "partner" not in call("GET", path_of(made.json)).json
    related = call("GET", path_of(made.json) + "?with_related=true").json["partner"]
    assert related["partner_sid"] == made.json["partner_sid"]


def test_current_is_the_presented_one(call, bed):
    token = bed.issue(scope="oauth.read")
    assert call("GET", TOKENS + "/current", token=token).json["token_sid"] + ".1" == claims(token)["jti"]


@pytest.mark.parametrize("sid", ["x", "CURRENT", str(uuid.uuid4()), "%00", "0" * 36, "current%20", "a" * 3000])
def test_what_names_no_token_is_404_with_one_body(call, made, sid):
    bodies = {call(method, f"{TOKENS}/{sid}", body).body
              for method, body in (("GET", None), ("PATCH", {}), ("PUT", {}), ("DELETE", None))}
    assert len(bodies) == 1
    assert errors(call("GET", f"{TOKENS}/{made.json['token_sid'].upper()}"), 404) == [("not_found", None)]


# ---- what may be written (THREATS-43) ----

@pytest.mark.parametrize("field", [*READ_ONLY, "partner"])
def test_a_read_only_field_is_refused_by_patch_and_passed_over_by_put(call, made, field):
    token = call("GET", path_of(made.json)).json
    for value in ("x", None, 1, ["x"], {"x": 1}, token.get(field)):
        assert errors(call("PATCH", path_of(token), {"name": "other", field: value}), 422) == [
            ("read_only_field", field)]
        assert call("PUT", path_of(token), {**token, field: value}).json == token
    assert call("GET", path_of(token)).json == token


@pytest.mark.parametrize("field", ["is_admin", "scope", "Name", "client_secret", "user_sid", "epoch", "", "name "])
def test_a_foreign_field_is_refused(call, made, field):
    token = call("GET", path_of(made.json)).json
    for method, body in (("PATCH", {"name": "other"}), ("PUT", token)):
        assert ("unknown_field", field or None) in errors(call(method, path_of(token), {**body, field: 1}), 422)
    assert call("GET", path_of(token)).json == token


@pytest.mark.parametrize("body", [
    {"name": None}, {"name": 1}, {"name": ["x"]}, {"name": "x" * 129}, {"name": "a\nb"}, {"name": "a\x7fb"},
    {"scopes": "calls.read"}, {"scopes": {}}, {"scopes": [1]}, {"scopes": [None]}, {"scopes": [["calls.read"]]},
    {"scopes": ["calls.read"] * 513}, {"scopes": True}, {"scopes": ["calls.read sms.read"]}, {"scopes": [""]},
    {"scopes": ["x" * 5000]}, {"scopes": ["calls.*"]}, {"scopes": ["CALLS.READ"]}, {"scopes": ["74"]},
    {"date_expiration_access_token": None}, {"date_expiration_access_token": 5},
    {"date_expiration_access_token": "tomorrow"}, {"date_expiration_access_token": "2020-01-01T00:00:00Z"},
    {"date_expiration_access_token": "9999-01-01T00:00:00Z"}, {"date_expiration_access_token": "1970-01-01T00:00:00Z"},
    {"date_expiration_refresh_token": "2030-01-01T00:00:00Z"}, {"date_expiration_refresh_token": 0},
], ids=lambda body: json.dumps(body)[:60])
def test_a_wrong_value_is_422_and_changes_nothing(call, made, body):
    token = call("GET", path_of(made.json)).json
    field = next(iter(body))
    assert [name for _, name in errors(call("PATCH", path_of(token), body), 422)] == [field]
    assert [name for _, name in errors(call("PUT", path_of(token), {**token, "name": "other", **body}), 422)] == [field]
    assert call("GET", path_of(token)).json == token


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"x"', b'{"name":"a","name":"b"}', b"\xff",
                                  b'{"name":"\xff"}', b'{"name":"a\\u0000b"}', b"[" * 5000, b'{"a":' * 40 + b"1" + b"}" * 40,
                                  b'{"name":"x"}{}', json.dumps({f"f{i}": i for i in range(65)}).encode()])
def test_a_body_that_is_no_object_is_400(call, made, body):
    for method in ("PATCH", "PUT"):
        assert errors(call(method, path_of(made.json), body), 400) == [("invalid_request", None)]
    assert call("GET", path_of(made.json)).header("ETag") == '"1"'


def test_only_json_is_taken(call, made):
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/json, text/plain"):
        reply = call("PATCH", path_of(made.json), b"{}", content_type=content_type)
        assert errors(reply, 415) == [("unsupported_media_type", None)]


def test_put_carries_every_writable_field(call, made):
    token = call("GET", path_of(made.json)).json
    for field in ("name", "scopes", "date_expiration_access_token", "date_expiration_refresh_token"):
        body = {name: value for name, value in token.items() if name != field}
        assert errors(call("PUT", path_of(token), body), 422) == [("missing_field", field)]
    assert len(errors(call("PUT", path_of(token), {}), 422)) == 4
    assert errors(call("PUT", path_of(token), {**token, "scopes": None}), 422) == [("wrong_type", "scopes")]


def test_the_order_of_refusals(call, bed, made):
    """401; 403 verb; 404; 415, 400; 412; 422 field; 403 M1; 422 grant rule; 403 M3."""
    path, stale = path_of(made.json), {"If_Match": '"9"'}
    reader = bed.issue(bed.admin, scope="oauth.read oauth.manage_all_tokens".split()[0])
    gateless = bed.issue(bed.admin, scope="oauth.manage_all_tokens")
    gated = bed.issue(bed.admin, scope="oauth.manage_all_tokens oauth.allow_token_scope_update")
    wide = {"scopes": ["calls.manage", "sms.read", "invoices.read"]}
    assert call("PATCH", path, b"{", token="x").status == 401
    assert errors(call("PATCH", TOKENS + "/x", b"{", token=reader, content_type="x", **stale), 403)
    assert errors(call("PATCH", TOKENS + "/x", b"{", content_type="x", **stale), 404)
    assert errors(call("PATCH", path, b"{", content_type="x", **stale), 415)
    assert errors(call("PATCH", path, b"{", **stale), 400)
    assert errors(call("PATCH", path, {"x": 1}, **stale), 412)
    assert errors(call("PATCH", path, {"x": 1, **wide}, token=gateless), 422)
    assert errors(call("PATCH", path, {"scopes": ["nosuch"], "name": "x"}, token=gateless), 403)
    assert errors(call("PATCH", path, {"scopes": ["nosuch", "invoices.read"]}, token=gated), 422)
    reply = call("PATCH", path, wide, token=gated)
    assert errors(reply, 403) == [("insufficient_scope", "scopes")]
    assert 'scope="invoices.read"' in reply.header("WWW-Authenticate")
    assert call("GET", path).header("ETag") == '"1"'


def test_if_match(call, made):
    path = path_of(made.json)
    assert errors(call("PATCH", path, {"name": "x"}, If_Match='W/"1"'), 412) == [("precondition_failed", None)]
    assert errors(call("DELETE", path, If_Match='"2"'), 412)
    assert call("PATCH", path, {"name": "x"}, If_Match='"1"').header("ETag") == '"2"'
    assert errors(call("PUT", path, {**call("GET", path).json, "name": "y"}, If_Match='"1"'), 412)
    assert call("PATCH", path, {"name": "y"}, If_Match='"7", "2"').json["name"] == "y"
    assert call("PATCH", path, {"name": "y"}, If_Match="*").header("ETag") == '"3"', "nothing changed"
    assert call("DELETE", path, If_Match='"3"').status == 204


# ---- life and its end ----

def test_an_end_may_be_moved_back_up_to_the_signed_one(bed, call, made):
    """SPEC 3: earlier acts on the next introspection, which answers the earlier exp."""
    jwt, path, end = made.json["access_token"], path_of(made.json), made.json["date_expiration_access_token"]
    signed = claims(jwt)["exp"]
    assert errors(call("PATCH", path, {"date_expiration_access_token": later(end, milliseconds=1)}), 422)
    earlier = call("PATCH", path, {"date_expiration_access_token": later(end, seconds=-300, milliseconds=500)})
    assert earlier.json["date_expiration_access_token"] == later(end, seconds=-300)
    assert bed.introspect(jwt, bed.resource_server)["exp"] == signed - 300
    again = call("PATCH", path, {"scopes": ["calls.manage", "sms.manage"]}).json  # keeps the row's end
    assert claims(again["access_token"])["exp"] == signed - 300
    assert claims(again["access_token"])["iat"] >= claims(jwt)["iat"]
    assert errors(call("PATCH", path, {"date_expiration_access_token": end}), 422), "the newest was signed for less"
    assert bed.introspect(jwt, bed.resource_server)["scope"] == "calls.manage sms.read", "within its own claim"
    assert bed.introspect(again["access_token"], bed.resource_server)["scope"] == "calls.manage sms.manage"


def test_an_end_moved_back(bed, call, made):
    jwt, path, end = made.json["access_token"], path_of(made.json), made.json["date_expiration_access_token"]
    call("PATCH", path, {"date_expiration_access_token": later(end, seconds=-60)})
    assert call("PATCH", path, {"date_expiration_access_token": end}).status == 200
    assert bed.introspect(jwt, bed.resource_server)["exp"] == claims(jwt)["exp"]


def test_revoked_is_409_and_deleting_again_204(bed, call, made):
    path = path_of(made.json)
    assert call("DELETE", path).status == 204
    assert not bed.is_active(made.json["access_token"])
    token = call("GET", path).json
    assert errors(call("PATCH", path, {"name": "x"}), 409) == [("conflict", None)]
    assert errors(call("PUT", path, token), 409) == [("conflict", None)]
    assert call("DELETE", path).status == 204 and call("GET", path).json == token


def test_narrowing_and_revoking_oneself_act_after_the_answer(bed, call):
    own = call("POST", TOKEN, {"scopes": ["oauth.manage", "oauth.allow_token_scope_update", "calls.read"]}).json
    token = own["access_token"]
    assert call("PATCH", TOKENS + "/current", {"scopes": ["oauth.delete"]}, token=token).status == 200
    assert errors(call("PATCH", TOKENS + "/current", {"name": "x"}, token=token), 403)
    assert bed.introspect(token, bed.resource_server)["scope"] == "oauth.delete"
    assert call("DELETE", TOKENS + "/current", token=token).status == 204
    assert call("DELETE", TOKENS + "/current", token=token).status == 401


def test_two_patches_at_once_each_see_the_other(call, made):
    """Neither change is lost, and each answer shows what was stored by it."""
    path, replies = path_of(made.json), []

    def patch(body):
        replies.append(call("PATCH", path, body))
    threads = [threading.Thread(target=patch, args=(body,)) for i in range(10)
               for body in ({"name": f"racer {i}"}, {"scopes": ["calls.manage"] if i % 2 else ["sms.read"]})]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(reply.status == 200 for reply in replies), [reply.body for reply in replies]
    revisions = sorted(int(reply.header("ETag").strip('"')) for reply in replies)
    last = call("GET", path)
    assert revisions[-1] == int(last.header("ETag").strip('"'))
    newest = max(replies, key=lambda reply: int(reply.header("ETag").strip('"')))
    assert {**newest.json, "access_token": None} == last.json
    written = [revision for revision in revisions if revisions.count(revision) == 1]
    assert len(set(revisions)) >= 10 and written, "a repeated revision is a PATCH that changed nothing"


# ---- creating ----

def test_absent_scopes_are_all_that_is_allowed(call, bed):
    caller = bed.issue(bed.app, scope="oauth.create calls.read")
    token = call("POST", TOKEN, b"", token=caller, content_type="application/x-www-form-urlencoded").json
    assert token["scopes"] == ["calls.read", "oauth.create"], "no more than the caller holds (M3)"
    assert call("POST", TOKEN, {}, token=caller).json["scopes"] == token["scopes"]


@pytest.mark.parametrize(("form", "status", "field"), [
    ({"scopes": "calls.read"}, 200, None), ({"scopes": "calls.read sms.read calls.read"}, 200, None),
    ({"scopes": ""}, 422, "scopes"), ({"scopes": " "}, 422, "scopes"), ({"scopes": "calls.read  sms.read"}, 422, "scopes"),
    ({"scopes": "nosuch"}, 422, "scopes"), ({"scope": "calls.read"}, 422, "scope"),
    ({"name": "x" * 129}, 422, "name"), ({"name": "a\nb"}, 422, "name"), ({"name": "x" * 128}, 200, None),
    ({"access_token_expires_in": "0"}, 422, "access_token_expires_in"),
    ({"access_token_expires_in": "-1"}, 422, "access_token_expires_in"),
    ({"access_token_expires_in": "1.5"}, 422, "access_token_expires_in"),
    ({"access_token_expires_in": "9" * 40}, 200, None), ({"access_token_expires_in": "1"}, 200, None),
    ({"grant_type": "client_credentials"}, 200, None), ({"grant_type": "password"}, 400, "grant_type"),
    ({"grant_type": "password", "name": "x" * 129}, 400, "grant_type"),
    ({"client_id": "x"}, 401, "client_id"), ({"client_secret": "x"}, 401, None),
    ([("name", "a"), ("name", "b")], 400, None), (b"name=%zz", 400, None), (b"name", 400, None),
    ({"is_admin": "1"}, 422, "is_admin"), ({"partner_sid": "x"}, 422, "partner_sid"),
])
def test_a_form(bed, admin, form, status, field):
    reply = bed.post(TOKEN, form, bearer=admin)
    assert reply.status == status, reply.body
    if status == 200:
        assert reply.json["expires_in"] == {"1": 60, "9" * 40: 3600}.get(form.get("access_token_expires_in"), 900)
    else:
        assert [name for _, name in errors(reply, status)] == [field]


@pytest.mark.parametrize(("body", "status", "field"), [
    ({"scopes": ["calls.read"]}, 200, None), ({"scopes": "calls.read sms.read"}, 200, None),
    ({"scopes": []}, 422, "scopes"), ({"scopes": ""}, 422, "scopes"), ({"scopes": None}, 422, "scopes"),
    ({"scopes": [1]}, 422, "scopes"), ({"scopes": ["nosuch"]}, 422, "scopes"), ({"scopes": {}}, 422, "scopes"),
    ({"scopes": ["calls.read"] * 513}, 422, "scopes"), ({"name": None}, 422, "name"),
    ({"access_token_expires_in": "60"}, 422, "access_token_expires_in"),
    ({"access_token_expires_in": 0}, 422, "access_token_expires_in"),
    ({"access_token_expires_in": 120}, 200, None), ({"grant_type": "refresh_token"}, 400, "grant_type"),
    ({"grant_type": 5}, 422, "grant_type"), ({"client_id": "x"}, 401, "client_id"),
    ({"token_sid": "x"}, 422, "token_sid"), ([], 400, None), ("x", 400, None),
])
def test_json(call, body, status, field):
    reply = call("POST", TOKEN, body)
    assert reply.status == status, reply.body
    if status != 200:
        assert [name for _, name in errors(reply, status)] == [field]


def test_a_wrong_query_creates_and_changes_nothing(bed, call, made):
    before = bed.get(TOKENS + "?status=all&limit=1000", [("Authorization", f"Bearer {bed.issue(bed.sub_partner)}")])
    caller = bed.issue(bed.sub_partner)
    assert errors(call("POST", TOKEN + "?include_fields=nosuch", {}, token=caller), 422)
    after = call("GET", TOKENS + "?status=all&limit=1000", token=caller).json
    assert after["count"] == before.json["count"] + 1, "the caller's own token alone"
    assert errors(call("PATCH", path_of(made.json) + "?include_fields=nosuch", {"name": "x"}), 422)
    assert call("GET", path_of(made.json)).json["name"] == "made"


def test_the_application_s_own_credentials_may_come_along(bed, admin):
    form = {"client_id": bed.admin.client_id, "client_secret": bed.admin.client_secret, "scopes": "calls.read"}
    assert bed.post(TOKEN, form, bearer=admin).status == 200
    others = {"client_id": bed.app.client_id, "client_secret": bed.app.client_secret}
    assert bed.post(TOKEN, {**form, **others}, bearer=admin).status == 401
    wrong = {**form, "client_secret": "sm_cs_wrong"}
    source = bed.addresses.fresh()
    assert bed.post(TOKEN, wrong, bearer=admin, source=source).status == 401
    for _ in range(12):
        last = bed.post(TOKEN, wrong, bearer=admin, source=source)
    assert last.status == 429 and last.header("Retry-After")


def test_only_a_form_or_json(call):
    assert errors(call("POST", TOKEN, b"<x/>", content_type="text/xml"), 415)


def test_a_descendant_s_token(bed, call):
    sub = bed.facts["sub_partner"]["partner_sid"]
    reply = call("POST", f"{TOKEN}/{sub}", {"scopes": ["calls.read"]})
    token = reply.json
    assert reply.status == 200 and token["partner_sid"] == sub and token["client_id"] == bed.admin.client_id
    assert claims(token["access_token"])["sub"] == bed.admin.client_id
    assert errors(call("GET", path_of(token)), 404), "managed with a token of that descendant (M2)"
    own = bed.issue(bed.sub_partner)
    assert call("GET", path_of(token), token=own).json["token_sid"] == token["token_sid"]
    assert errors(call("POST", f"{TOKEN}/{sub}", {"scopes": ["scopemint.revoke"]}), 422), "its partner has it not"
    for sid in (bed.partner_sid, sub.upper(), "x", str(uuid.uuid4())):
        assert errors(call("POST", f"{TOKEN}/{sid}", {"scopes": ["calls.read"]}), 404) == [("not_found", None)]
    for sid in (sub, bed.partner_sid):
        assert errors(call("POST", f"{TOKEN}/{sid}", {"scopes": ["calls.read"]}, token=own), 404)


def test_m3_of_a_creation(bed, call):
    caller = bed.issue(bed.app, scope="oauth.create calls.manage")
    assert call("POST", TOKEN, {"scopes": ["calls.read"]}, token=caller).status == 200
    reply = call("POST", TOKEN, {"scopes": ["calls.read", "sms.read"]}, token=caller)
    assert errors(reply, 403) == [("insufficient_scope", "scopes")] and "sms.read" in reply.json["errors"][0]["message"]
    assert errors(call("POST", TOKEN, {"scopes": ["oauth.read", "invoices.read"]}, token=caller), 422)


def test_verbs(bed, call, made):
    """Each endpoint by each of the rights alone (SPEC 5)."""
    rights = ("oauth.manage_all_tokens", "oauth.manage", "oauth.create", "oauth.read", "oauth.update", "oauth.delete")
    takes = {("POST", TOKEN): "create", ("GET", TOKENS): "read", ("GET", TOKENS + "/current"): "read",
             ("PATCH", TOKENS + "/current"): "update", ("DELETE", TOKENS + "/current"): "delete",
             ("POST", REVOKE): None}
    for (method, path), verb in takes.items():
        for right in rights:
            token = bed.issue(bed.admin, scope=right)
            body = {} if method == "PATCH" or path == TOKEN else None
            reply = call(method, path, body, token=token)
            good = right in rights[:2] or right == f"oauth.{verb}"
            assert (reply.status in (200, 204)) == good, (method, path, right, reply.body)
            if not good:
                assert errors(reply, 403) == [("insufficient_scope", None)]
                assert 'scope="oauth.manage_all_tokens oauth.manage' in reply.header("WWW-Authenticate")


# ---- revoking ----

def test_revoking_by_form(bed, call, admin, made):
    jwt = made.json["access_token"]
    without = bed.issue(bed.admin, scope="oauth.manage")
    for token in (jwt, "garbage", "", "a" * 9000):
        if token:
            assert bed.post(REVOKE, {"token": token}, bearer=without).status == 204
    assert bed.is_active(jwt) and bed.is_active(without), "another's, and what is none (M2)"
    assert bed.post(REVOKE, {"token": jwt, "token_type": "x"}, bearer=admin).status == 204
    assert not bed.is_active(jwt)
    assert bed.post(REVOKE, {"token": jwt}, bearer=admin).status == 204
    sub = bed.issue(bed.sub_partner)
    assert bed.post(REVOKE, {"token": sub}, bearer=admin).status == 204 and bed.is_active(sub), "a descendant's"
    assert bed.post(REVOKE, {"token": ""}, bearer=without).status == 204, "empty counts as not sent"
    assert not bed.is_active(without)
    assert errors(call("POST", REVOKE, {"token": jwt}), 415)
    assert errors(bed.post(REVOKE, [("token", "a"), ("token", "b")], bearer=admin), 400)
    assert errors(bed.post(REVOKE, {"token": jwt, "client_id": bed.app.client_id}, bearer=admin), 401)


# ---- lists ----

@pytest.fixture(scope="module")
def listed(bed, call):
    """Tokens of the sub-partner, some of them revoked, and a caller for them."""
    caller = bed.issue(bed.sub_partner)
    made = [call("POST", TOKEN, {"name": f"n{i % 3}", "scopes": ["calls.read"]}, token=caller).json for i in range(30)]
    for token in made[::3]:
        assert call("DELETE", path_of(token), token=caller).status == 204
    return caller, made


def pages(bed, call, caller, **query):
    path = TOKENS + "?" + "&".join(f"{name}={value}" for name, value in query.items())
    seen = []
    while path:
        page = call("GET", path, token=caller).json
        assert page["total"] is None and page["count"] == len(page["items"])
        seen += [item["token_sid"] for item in page["items"]]
        assert page["has_more"] == ("next" in page["pagination"])
        path = page["pagination"].get("next", "").removeprefix(bed.issuer)
    return seen


def test_lists_by_status_and_pages(bed, call, listed):
    caller, made = listed
    revoked = {token["token_sid"] for token in made[::3]}
    live = {token["token_sid"] for token in made} - revoked
    for limit in (1, 7, 1000):
        active = pages(bed, call, caller, limit=limit)
        assert active == sorted(set(active)) and live <= set(active) and not revoked & set(active)
        assert set(pages(bed, call, caller, limit=limit, status="revoked")) >= revoked
        assert pages(bed, call, caller, limit=limit, status="expired") == []
        every = pages(bed, call, caller, limit=limit, status="all")
        assert every == sorted(set(every)) and set(every) >= live | revoked
        down = pages(bed, call, caller, limit=limit, status="all", order="token_sid+desc")
        assert down == every[::-1]
        back = call("GET", f"{TOKENS}?status=all&limit=1000&before={every[-1]}", token=caller).json["items"]
        assert [item["token_sid"] for item in back] == every[:-1]


def test_lists_are_filtered(bed, call, listed):
    caller, made = listed
    named = sorted(token["token_sid"] for token in made if token["name"] == "n1")
    assert pages(bed, call, caller, limit=4, status="all", filter="name+eq+n1") == named
    assert pages(bed, call, caller, status="all", filter=f"token_sid+eq+{made[0]['token_sid']}") == [
        made[0]["token_sid"]]
    assert call("GET", TOKENS + "?offset=100000", token=caller).json["items"] == []
    for query in ("filter=access_token+like+a%25", "order=scopes", "status=x", "limit=0", "limit=1001", "offset=-1",
                  "after=x", "filter=name+eq+'a'+or+1=1", "filter=name);DROP+eq+x", "order=name;--",
                  f"after={made[0]['token_sid']}&offset=1"):
        assert errors(call("GET", f"{TOKENS}?{query}", token=caller), 422), query
    injection = call("GET", TOKENS + "?filter=name+eq+\"'+OR+1=1+--\"", token=caller)
    assert injection.status == 200 and injection.json["items"] == []


def test_m2_of_lists(bed, call, listed):
    reader = bed.issue(bed.sub_partner, scope="oauth.manage")
    sid = claims(reader)["jti"].split(".")[0]
    page = call("GET", TOKENS, token=reader).json
    assert [item["token_sid"] for item in page["items"]] == [sid] and not page["has_more"]
    for query, shown in (("status=revoked", 0), ("status=all", 1), (f"after={sid}", 0), (f"filter=token_sid+eq+{sid}", 1),
                         ("filter=name+eq+x", 0), ("offset=1", 0)):
        assert call("GET", f"{TOKENS}?{query}", token=reader).json["count"] == shown, query
    root = call("GET", TOKENS + "?limit=1000&status=all").json["items"]
    assert {item["partner_sid"] for item in root} == {bed.partner_sid}, "no descendant's"


# ---- the audit log ----

def test_f_37_every_change_is_one_record(bed, call):
    token = call("POST", TOKEN, {"scopes": ["calls.manage"], "name": "audited"}).json
    jwt = token["access_token"]
    path = path_of(token)
    again = call("PATCH", path, {"scopes": ["calls.manage", "sms.read"], "name": "renamed"}).json["access_token"]
    call("PATCH", path, {"name": "renamed"})
    call("PATCH", path, {"scopes": ["calls.manage"] * 3 + ["nosuch"]})
    call("DELETE", path)
    call("DELETE", path)
    rows = bed.offline("SELECT record FROM audit ORDER BY seq")
    records = [json.loads(row[0]) for row in rows]
    mine = [record for record in records if record.get("object") == token["token_sid"]]
    assert [record["action"] for record in mine] == ["token.create", "token.update", "token.revoke"]
    assert mine[1]["detail"] == {"before": {"name": "audited", "scopes": ["calls.manage"]},
                                 "after": {"name": "renamed", "scopes": ["calls.manage", "sms.read"]}}
    assert mine[1]["actor"]["client_id"] == bed.admin.client_id and mine[1]["partner_sid"] == bed.partner_sid
    text = json.dumps(records)
    assert jwt not in text and again not in text and jwt.split(".")[2] not in text
    assert not any(record["action"] == "token.issue" for record in records)
