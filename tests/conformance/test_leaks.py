"""The leak desk: what strings that were found somewhere open, and the end of that, at once (THREATS-63)
and with a record of each (F-37)."""

import json
import time

import pytest

import canary
from forge import token_sid
from testbed import Client, eventually

PATH = "/core/v2/admin/leaks"
# A partner with a desk of its own, and one below it.
SEED = {
    "partners": [
        {"ref": "upper", "parent": "root", "name": "Upper", "login": "upper", "status": "active",
         "available_scopes": ["scopemint.revoke", "calls.read"]},
        {"ref": "lower", "parent": "upper", "name": "Lower", "login": "lower", "status": "active",
         "available_scopes": ["calls.read"]},
    ],
    "applications": [
        {"type": "confidential", "status": "active", "grant_types": ["client_credentials"],
         "token_endpoint_auth_method": "client_secret_basic", "ref": ref, "name": ref, "partner": ref, "scopes": scopes}
        for ref, scopes in (("upper", ["scopemint.revoke", "calls.read"]), ("lower", ["calls.read"]))
    ],
}
NOTHING = {"known": False, "state": None, "token_sid": None, "secret_id": None, "client_id": None,
           "application_name": None, "partner_sid": None, "date_last_accessed": None, "ip_last_accessed": None,
           "date_last_used": None, "acted": False, "reason": None}


@pytest.fixture(scope="module")
def desk(bed):
    return bed.issue(bed.admin, scope="scopemint.revoke")


def send(bed, bearer, body):
    for text in body["strings"] if isinstance(body.get("strings"), list) else []:
        if isinstance(text, str):
            bed.seen.secrets.add(text)
    return bed.request("POST", PATH, json.dumps(body).encode(),
                       [("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json")])


def check(bed, bearer, *strings, act=False):
    reply = send(bed, bearer, {"strings": list(strings), "act": act})
    assert reply.status == 200, reply.body
    assert reply.json["count"] == len(strings) == len(reply.json["items"])
    assert int(reply.header("Scopemint-Sequence")) >= 0
    for text in strings:
        assert len(text) < 16 or text.encode() not in reply.body
    return reply.json["items"]


def create(bed, path, body, bearer=None):
    bearer = bearer or bed.issue(bed.admin, scope="app.manage calls.manage scopemint.revoke")
    reply = bed.request("POST", f"/core/v2/{path}", json.dumps(body).encode(),
                        [("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json")])
    assert reply.status == 200, reply.body
    return reply.json


def application(bed, name="Leaky", scope="calls.read"):
    """One whose tokens the resource server answers for."""
    made = create(bed, "applications", {"name": name, "scopes": [scope], "audiences": [bed.issuer, bed.audience]})
    bed.seen.secrets.add(made["client_secret"])
    return made


def records(bed, since):
    bearer = bed.issue(bed.admin, scope="scopemint.audit")
    reply = bed.get("/core/v2/admin/audit?limit=1000&order=seq%20desc", [("Authorization", f"Bearer {bearer}")])
    return [row for row in reply.json["items"] if row["seq"] > since]


def last_record(bed):
    return max((row["seq"] for row in records(bed, 0)), default=0)


# ---- looking ----

def test_a_live_token_is_named(bed, desk):
    token = bed.issue(bed.app, scope="calls.read", name="in a log")
    assert bed.is_active(token)
    item, = check(bed, desk, token)
    introspection = bed.introspect(token)
    assert item == {
        **NOTHING, "kind": "access_token", "checked": True, "known": True, "state": "live",
        "token_sid": introspection["token_sid"], "client_id": bed.app.client_id,
        "application_name": item["application_name"], "partner_sid": bed.partner_sid,
        "date_last_accessed": item["date_last_accessed"], "ip_last_accessed": item["ip_last_accessed"]}
    assert item["application_name"]
    assert bed.is_active(token)  # nobody asked for more


def test_the_last_use_is_told(bed, desk):
    token = bed.issue(bed.app, scope="calls.read")
    # used again until it is noted: a use in a crowd may be passed over
    assert eventually(lambda: bed.is_active(token) and check(bed, desk, token)[0]["date_last_accessed"], 10, 0.1)
    item, = check(bed, desk, token)
    assert item["ip_last_accessed"] == "127.0.0.1" and item["date_last_accessed"][:2] == "20"


def test_a_secret_is_named(bed, desk):
    made = application(bed)
    item, = check(bed, desk, made["client_secret"])
    assert item == {**NOTHING, "kind": "client_secret", "checked": True, "known": True, "state": "live",
                    "secret_id": item["secret_id"], "client_id": made["client_id"], "application_name": "Leaky",
                    "partner_sid": bed.partner_sid}
    assert bed.token(Client(made["client_id"], made["client_secret"])).status == 200
    client = Client(made["client_id"], made["client_secret"])
    assert eventually(lambda: bed.token(client).status == 200 and
                      check(bed, desk, made["client_secret"])[0]["date_last_used"], 10, 0.1)


@pytest.mark.parametrize("text,kind,checked", [
    ("hunter2", "unknown", False), ("", "unknown", False), ("eyJ.a.b", "access_token", False),
    ("sm_cs_" + "a" * 49, "client_secret", False), ("sm_rt_x", "refresh_token", False),
    ("sm_ak_x", "access_key_id", False), ("sm_sk_x", "secret_access_key", False),
    ("https://x.example/?t=eyJ.a.b", "unknown", False), ("\x01\x7f", "unknown", False), ("é" * 4000, "unknown", False),
])
def test_what_is_none_of_ours(bed, desk, text, kind, checked):
    assert check(bed, desk, text) == [{**NOTHING, "kind": kind, "checked": checked}]


@pytest.mark.parametrize("around", ["Authorization: Bearer {}", "bearer {}\r\n", "  \"{}\",", "'{}'", "`{}`;", "\t{}\n"])
def test_as_it_was_pasted(bed, desk, around):
    token = bed.issue(bed.app, scope="calls.read")
    assert check(bed, desk, around.format(token))[0]["state"] == "live"


def test_a_forged_token_is_not_known(bed, desk):
    token = bed.issue(bed.app, scope="calls.read")
    head, payload, signature = token.split(".")
    other = "A" if signature[5] != "A" else "B"
    forged = f"{head}.{payload}.{signature[:5]}{other}{signature[6:]}"
    assert check(bed, desk, forged) == [{**NOTHING, "kind": "access_token", "checked": False}]


def test_a_hundred_in_order(bed, desk):
    tokens = [bed.issue(bed.app, scope="calls.read") for _ in range(5)]
    secret = application(bed)["client_secret"]
    strings = [tokens[i % 5] if i % 2 else secret if i % 4 else f"nothing {i}" for i in range(100)]
    kinds = ["access_token" if i % 2 else "client_secret" if i % 4 else "unknown" for i in range(100)]
    assert [item["kind"] for item in check(bed, desk, *strings)] == kinds


def test_states(bed, desk):
    revoked = bed.issue(bed.app, scope="calls.read")
    bed.revoke(revoked)
    made = application(bed)
    token = bed.issue(Client(made["client_id"], made["client_secret"]), scope="calls.read")
    admin = bed.issue(bed.admin, scope="app.manage calls.manage")
    reply = bed.request("PATCH", f"/core/v2/applications/{made['client_id']}", json.dumps({"status": "suspended"}).encode(),
                        [("Authorization", f"Bearer {admin}"), ("Content-Type", "application/json")])
    assert reply.status == 200, reply.body
    assert [item["state"] for item in check(bed, desk, revoked, token, made["client_secret"])] == [
        "revoked", "disabled", "disabled"]


# ---- acting ----

def test_F_37_THREATS_63_a_token_is_revoked(bed, desk):
    token, other = bed.issue(bed.app, scope="calls.read"), bed.issue(bed.app, scope="calls.read")
    assert bed.is_active(token)
    before = last_record(bed)
    reply = send(bed, desk, {"strings": [token, token, "hunter2"], "act": True})
    items = reply.json["items"]
    assert [(item["state"], item["acted"]) for item in items] == [("revoked", True)] * 2 + [(None, False)]
    assert bed.introspect(token, min_sequence=reply.header("Scopemint-Sequence")) == {"active": False}
    assert bed.is_active(other)
    done, = [row for row in records(bed, before) if row["action"] == "token.revoke"]
    assert (done["object"], done["result"], done["detail"]) == (items[0]["token_sid"], "done", {"leaked": True})
    item, = check(bed, desk, token, act=True)
    assert (item["state"], item["acted"]) == ("revoked", False)


def test_THREATS_63_P2_what_may_only_look_expired_ends_too(bed, desk, forger):
    """In the first hour the clock may be ahead: whether a token is over for good is the store's to say."""
    now = int(time.time())
    expired = forger.make(payload={"iat": now - 100, "exp": now - 1})
    assert [(item["state"], item["acted"]) for act in (False, True, True) for item in check(bed, desk, expired, act=act)
            ] == [("expired", False), ("revoked", True), ("revoked", False)]


def test_THREATS_63_P2_a_jwt_that_a_selector_ended_ends_the_token(bed, desk):
    """The plan was counted before the token was widened, so it left the later JWT alone."""
    made = application(bed, scope="calls.manage")
    first = bed.issue(Client(made["client_id"], made["client_secret"]), scope="calls.read")
    master = bed.issue(bed.admin)

    def call(method, path, value):
        reply = bed.request(method, f"/core/v2/{path}", json.dumps(value).encode(),
                            [("Authorization", f"Bearer {master}"), ("Content-Type", "application/json")])
        assert reply.status == 200, reply.body
        return reply.json

    plan = call("POST", "admin/revocations", {"client_id": made["client_id"], "dry_run": True})
    wider = call("PATCH", f"oauth/tokens/{token_sid(first)}", {"scopes": ["calls.read", "calls.create"]})["access_token"]
    call("POST", "admin/revocations", {"plan_id": plan["plan_id"]})
    assert not bed.is_active(first)
    assert bed.is_active(wider)
    item, = check(bed, desk, first, act=True)
    assert (item["state"], item["acted"]) == ("revoked", True)
    assert not bed.is_active(wider)
    item, = check(bed, desk, first, act=True)
    assert (item["state"], item["acted"]) == ("revoked", False)


def test_F_37_THREATS_63_a_secret_is_deleted(bed, desk):
    made = application(bed)
    client = Client(made["client_id"], made["client_secret"])
    assert bed.token(client).status == 200
    before = last_record(bed)
    items = check(bed, desk, made["client_secret"], f"\"{made['client_secret']}\"", act=True)
    assert [(item["state"], item["acted"], item["reason"]) for item in items] == [("disabled", True, None)] * 2
    assert bed.token(client).status == 401
    done, = [row for row in records(bed, before) if row["action"] == "secret.delete"]
    assert done["detail"] == {"secret_id": items[0]["secret_id"], "leaked": True}
    assert done["object"] == made["client_id"]
    item, = check(bed, desk, made["client_secret"])
    assert item == {**NOTHING, "kind": "client_secret", "checked": True}  # its digest is gone


def test_THREATS_63_what_is_suspended_ends_too(bed, desk):
    """It would work again tomorrow."""
    made = application(bed)
    token = bed.issue(Client(made["client_id"], made["client_secret"]), scope="calls.read")
    assert bed.is_active(token)
    admin = bed.issue(bed.admin, scope="app.manage calls.manage")

    def set_status(status):
        reply = bed.request("PATCH", f"/core/v2/applications/{made['client_id']}", json.dumps({"status": status}).encode(),
                            [("Authorization", f"Bearer {admin}"), ("Content-Type", "application/json")])
        assert reply.status == 200

    set_status("suspended")
    items = check(bed, desk, token, made["client_secret"], act=True)
    assert [(item["state"], item["acted"]) for item in items] == [("revoked", True), ("disabled", True)]
    set_status("active")
    assert not bed.is_active(token)
    assert bed.token(Client(made["client_id"], made["client_secret"])).status == 401


def test_THREATS_63_every_jwt_of_the_token_ends(bed, desk):
    """Two generations of one token: a PATCH that widens it signs a second."""
    manager = bed.issue(bed.admin, scope="oauth.manage_all_tokens oauth.allow_token_scope_update calls.manage")
    made = create(bed, "oauth/token", {"scopes": ["calls.read"], "access_token_expires_in": 600}, manager)
    reply = bed.request("PATCH", f"/core/v2/oauth/tokens/{made['token_sid']}",
                        json.dumps({"scopes": ["calls.manage"]}).encode(),
                        [("Authorization", f"Bearer {manager}"), ("Content-Type", "application/json")])
    younger = reply.json["access_token"]
    assert bed.is_active(made["access_token"]) and bed.is_active(younger)
    items = check(bed, desk, made["access_token"], younger, act=True)
    assert [(item["token_sid"], item["state"], item["acted"]) for item in items] == [
        (made["token_sid"], "revoked", True)] * 2
    assert not bed.is_active(made["access_token"]) and not bed.is_active(younger)


def test_its_own_token_can_be_shown(bed):
    own = bed.issue(bed.admin, scope="scopemint.revoke")
    item, = check(bed, own, own, act=True)
    assert (item["state"], item["acted"]) == ("revoked", True)
    assert send(bed, own, {"strings": ["x"]}).status == 401


def test_THREATS_63_a_narrowed_token_that_a_selector_spared(bed, desk):
    """Its JWT says more than it has now; suspended it is only disabled, and so it has to end too."""
    made = application(bed, "Narrowed", "calls.manage")
    client = Client(made["client_id"], made["client_secret"])
    token = bed.issue(client, scope="calls.manage")
    admin = bed.issue(bed.admin, scope="app.manage calls.manage scopemint.revoke oauth.manage_all_tokens "
                                       "oauth.allow_token_scope_update")

    def manage(method, path, body):
        reply = bed.request(method, f"/core/v2/{path}", json.dumps(body).encode(),
                            [("Authorization", f"Bearer {admin}"), ("Content-Type", "application/json")])
        assert reply.status == 200, reply.body

    manage("PATCH", f"oauth/tokens/{token_sid(token)}", {"scopes": ["calls.read"]})
    manage("POST", "admin/revocations", {"client_id": made["client_id"], "scope": "calls.manage"})
    assert bed.is_active(token)
    manage("PATCH", f"applications/{made['client_id']}", {"status": "suspended"})
    assert check(bed, desk, token)[0]["state"] == "disabled"
    assert check(bed, desk, token, act=True)[0]["acted"] is True
    manage("PATCH", f"applications/{made['client_id']}", {"status": "active"})
    assert not bed.is_active(token)


# ---- whose ----

def test_M2_what_is_outside_is_as_unknown(bed):
    below = bed.issue(bed.sub_partner, scope="oauth.manage_all_tokens")
    token = bed.issue(bed.app, scope="calls.read")
    items = check(bed, below, bed.app.client_secret, token, act=True)
    assert items == [{**NOTHING, "kind": "client_secret", "checked": True},
                     {**NOTHING, "kind": "access_token", "checked": True}]
    assert bed.is_active(token) and bed.token(bed.app).status == 200
    item, = check(bed, below, bed.issue(bed.sub_partner), act=True)
    assert (item["partner_sid"], item["acted"]) == (bed.facts["sub_partner"]["partner_sid"], True)


def test_the_subtree_is_for_scopemint_revoke(bed, desk):
    token = bed.issue(bed.sub_partner)
    manager = bed.issue(bed.admin, scope="oauth.manage_all_tokens")
    assert check(bed, manager, token, act=True) == [{**NOTHING, "kind": "access_token", "checked": True}]
    assert check(bed, desk, token)[0]["state"] == "live"
    own = bed.issue(bed.app, scope="calls.read")
    assert check(bed, manager, own, act=True)[0]["acted"] is True


@pytest.mark.parametrize("scope", ["oauth.manage", "scopemint.audit", "scopemint.introspect", "app.manage"])
def test_others_may_not(bed, scope):
    reply = send(bed, bed.issue(bed.admin, scope=scope), {"strings": ["x"]})
    assert reply.status == 403
    assert "scopemint.revoke" in reply.header("WWW-Authenticate")


def test_a_bearer_alone(bed):
    assert bed.request("POST", PATH, b'{"strings":["x"]}', [("Content-Type", "application/json")]).status == 401
    reply = bed.request("POST", PATH, b'{"strings":["x"]}',
                        [("Content-Type", "application/json"), ("Authorization", bed.app.basic)])
    assert reply.status == 401


# ---- what is wrong with a request ----

@pytest.mark.parametrize("body,code,field", [
    ({}, "missing_field", "strings"), ({"strings": []}, "invalid_value", "strings"),
    ({"strings": ["x"] * 101}, "invalid_value", "strings"), ({"strings": "x"}, "wrong_type", "strings"),
    ({"strings": {"x": "y"}}, "wrong_type", "strings"), ({"strings": [1]}, "wrong_type", "strings"),
    ({"strings": ["x", None]}, "wrong_type", "strings"), ({"strings": ["x" * 8193]}, "invalid_value", "strings"),
    ({"strings": ["x"], "act": "true"}, "wrong_type", "act"), ({"strings": ["x"], "act": None}, "wrong_type", "act"),
    ({"strings": ["x"], "dry_run": True}, "unknown_field", "dry_run"),
])
def test_a_wrong_body(bed, desk, body, code, field):
    reply = send(bed, desk, body)
    assert reply.status == 422
    assert [(error["code"], error["field"]) for error in reply.json["errors"]] == [(code, field)]


def test_a_wrong_body_ends_nothing(bed, desk):
    token = bed.issue(bed.app, scope="calls.read")
    assert send(bed, desk, {"strings": [token, 1], "act": True}).status == 422
    assert send(bed, desk, {"strings": [token] * 101, "act": True}).status == 422
    assert bed.is_active(token)


def test_the_longest_hundred(bed, desk):
    token = bed.issue(bed.app, scope="calls.read")
    reply = send(bed, desk, {"strings": ["eyJ" + "a" * 4093 + "." + "b" * 2000 + "." + "c" * 2094] * 99 + [token]})
    assert reply.status == 200
    assert [item["known"] for item in reply.json["items"]] == [False] * 99 + [True]


# ---- P5 ----

@pytest.fixture(scope="module")
def own_bed(module_bed):
    return module_bed(seed=SEED)


def test_M2_a_desk_reaches_what_is_below_it(own_bed):
    upper, lower = own_bed.seeded("upper"), own_bed.seeded("lower")
    desk = own_bed.issue(upper, scope="scopemint.revoke")
    token = own_bed.issue(lower)
    above = own_bed.issue(own_bed.app, scope="calls.read")
    strings = [token, lower.client_secret, above, own_bed.app.client_secret]
    items = check(own_bed, desk, *strings, act=True)
    assert [(item["known"], item["acted"]) for item in items] == [(True, True)] * 2 + [(False, False)] * 2
    assert items[2:] == [{**NOTHING, "kind": "access_token", "checked": True},
                         {**NOTHING, "kind": "client_secret", "checked": True}]
    assert own_bed.is_active(above) and own_bed.token(own_bed.app).status == 200
    assert own_bed.token(lower).status == 401


def test_F_37_P5_nothing_of_a_string_is_kept(own_bed):
    """Good ones and bad ones, looked at, ended and refused; then all that the server wrote is searched."""
    bed = own_bed
    desk = bed.issue(bed.admin, scope="scopemint.revoke")
    strings = [bed.issue(bed.app, scope="calls.read"), application(bed)["client_secret"], bed.sub_partner.client_secret,
               "a string that opens something else", "sm_cs_" + "q" * 49,
               "eyJhbGciOiJFUzI1NiJ9.c29tZWJvZHkgZWxzZSdz." + "dG9rZW4gb2Ygc29tZWJvZHkgZWxzZQ" * 2]
    check(bed, desk, *strings)
    check(bed, desk, *strings, act=True)
    assert send(bed, desk, {"strings": [*strings, 1]}).status == 422
    assert send(bed, bed.issue(bed.app), {"strings": strings}).status == 403
    assert canary.leaks(bed) == []


def test_the_metric(bed, desk):
    def value():
        line, = [line for line in bed.get("/metrics", admin=True).body.decode().splitlines()
                 if line.startswith("scopemint_leaks_live_total")]
        return int(line.split()[1])

    before = value()
    check(bed, desk, bed.issue(bed.app, scope="calls.read"), "hunter2")
    assert value() == before + 1
