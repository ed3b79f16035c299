"""What an application may hold and who hands it out: M3 by every road, restricted scopes and their approval. SPEC 3 and
5; F-34."""

import pytest

import assertion
from applications import CALLBACK, Applications, both, only
from testbed import Client

RESTRICTED = ["DirectRingOut", "EditReportingSettings"]


@pytest.fixture(scope="module")
def root(bed):
    """Of the application that holds everything."""
    return Applications(bed, bed.issue(bed.admin))


# ---- M3 ----


def test_scopes_are_handed_out_within_the_callers(root):
    caller = root.narrow(["calls.read"])
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
    caller = root.narrow(["calls.read"])
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
    caller = root.narrow(["calls.read"])
    strong = root.make(scopes=["calls.manage"])
    path = f"/{strong['client_id']}/secrets"
    assert caller("POST", path, {}).status == 403
    admin = f"/{bed.admin.client_id}/secrets"
    assert caller("POST", admin, {"overlap_s": 60}).status == 403, "the first application holds everything"
    assert root("GET", path).json["total"] == 1 and root("GET", admin).json["total"] == 1
    root("PATCH", "/" + strong["client_id"], {"scopes": ["calls.read"]})
    assert caller("POST", path, {}).status == 200


def test_what_takes_away_or_repeats_hands_out_nothing(root):
    caller = root.narrow(["calls.read"])
    strong = root.make(scopes=["calls.manage", "sms.manage"], redirect_uris=[CALLBACK, CALLBACK + "2"],
                       introspection=True)
    path = "/" + strong["client_id"]
    for change in ({"redirect_uris": [CALLBACK + "2"]}, {"introspection": False}, {"status": "suspended"},
                   {"scopes": ["sms.manage", "calls.read"]}, {"name": "Weaker"}, {"scopes": ["sms.manage"]},
                   {"scopes": ["sms.read"]}, {"redirect_uris": []}):
        assert caller("PATCH", path, change).status == 200, change
    only(caller("PATCH", path, {"scopes": ["sms.manage"]}), 403, "scopes")


# ---- restricted scopes and their approval ----


def test_restricted_scopes_count_once_an_ancestor_approved_them(bed, root):
    partner_sid = bed.facts["sub_partner"]["partner_sid"]
    name = RESTRICTED[0]
    made = root.make(partner_sid=partner_sid, scopes=["calls.read", name], audiences=both(bed))
    assert set(made["scopes"]) == {"calls.read", name} and made["approved_restricted"] == []
    path = "/" + made["client_id"]
    sub_api = Applications(bed, bed.issue(bed.sub_partner))
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


def test_the_root_approves_its_own(bed, root):
    """Until then the scope is neither granted nor handed out; taken back, it is lost at once."""
    name = RESTRICTED[0]
    made = root.make(scopes=["calls.read", name], audiences=both(bed))
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
    updates = Applications(bed, bed.issue(root.client(scopes=["app.update", name], approved_restricted=[name])))
    only(updates("PATCH", path, {"approved_restricted": [name]}), 403, "approved_restricted")
    lacking = root.narrow(["calls.read"])
    error = only(lacking("PATCH", path, {"approved_restricted": [name]}), 403, "approved_restricted")
    assert name in error["message"]
    holding = root.narrow([name], approved_restricted=[name])
    assert holding("PATCH", path, {"approved_restricted": [name]}).status == 200
