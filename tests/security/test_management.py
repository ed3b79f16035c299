"""What a hostile partner and a careless client try on the management API beside what its own suites ask of it."""

import json
import re
import threading
import time

import pytest

from testbed import Client, eventually

CLIENT = {"type": "confidential", "status": "active", "grant_types": ["client_credentials"],
          "token_endpoint_auth_method": "client_secret_basic"}
TOKENS = "/core/v2/oauth/tokens/"
APPLICATIONS = "/core/v2/applications/"
AUDIT = "/core/v2/admin/audit?order=seq+desc&limit=100"


def call(bed, method, path, token, body=None, **more):
    headers = [("Authorization", "Bearer " + token)]
    if body is not None:
        headers.append(("Content-Type", "application/json"))
    return bed.request(method, path, None if body is None else json.dumps(body).encode(), headers, **more)


def sid_of(bed, token):
    return bed.introspect(token)["token_sid"]


@pytest.fixture
def churned(own_bed):
    """A testbed whose sub-partner never stops changing applications of its own."""
    testbed = own_bed(seed={"partners": [], "applications": [
        {**CLIENT, "ref": "hostile", "partner": "sub", "name": "Hostile", "scopes": ["app.manage"]}]})
    ending = threading.Event()
    token = testbed.issue(testbed.seeded("hostile"))

    def churn():
        path = APPLICATIONS + call(testbed, "POST", APPLICATIONS[:-1], token, {"scopes": []}).json["client_id"]
        link, number = testbed.connect(), 0
        while not ending.is_set():
            number += 1
            call(testbed, "PATCH", path, token, {"name": f"n{number}"}, connection=link)
        link.close()

    threads = [threading.Thread(target=churn) for _ in range(16)]
    for thread in threads:
        thread.start()
    yield testbed
    ending.set()
    for thread in threads:
        thread.join()


def test_P2_nobody_holds_up_a_revocation_by_changing_tables(churned):
    """What is decided on the tables is decided again when they move; a revocation does not wait for that."""
    admin = churned.issue(churned.admin)
    for _ in range(60):
        token = churned.issue(churned.app)
        assert call(churned, "DELETE", TOKENS + sid_of(churned, token), admin).status == 204
        assert not churned.is_active(token)


def test_a_reload_while_tables_change(churned):
    """The reload once counted scopes of tables that a change had replaced and freed meanwhile."""
    for _ in range(60):
        churned.reload()
        time.sleep(0.01)
    assert eventually(lambda: len(reloads(churned)) >= 2)
    assert len(set(reloads(churned))) == 1
    assert churned.is_active(churned.issue())


def reloads(bed):
    return re.findall(r'"event":"reloaded","scopes":(\d+)', bed.log())


# ---- M2 in the audit log (F-37) ----


def records(bed, token, rule="M2"):
    return [item for item in call(bed, "GET", AUDIT, token).json["items"] if item["rule"] == rule]


@pytest.mark.parametrize("road", ["GET", "PATCH", "PUT", "DELETE", "revoke", "explain"])
@pytest.mark.parametrize("target", ["other", "foreign"])
def test_F_37_what_M2_refuses_is_recorded_with_the_caller(own_bed, road, target):
    """The first of its minute. Of the partner that asked, so that nobody else's log tells which tokens there are."""
    bed = own_bed(seed={"partners": [], "applications": [
        {**CLIENT, "ref": "nosy", "partner": "sub", "name": "Nosy",
         "scopes": ["oauth.manage" if target == "other" else "oauth.manage_all_tokens", "scopemint.audit"]}]})
    token, root = bed.issue(bed.seeded("nosy"), scope=""), bed.issue(bed.admin)
    theirs = bed.issue(bed.sub_partner if target == "other" else bed.app)
    sid = sid_of(bed, theirs)
    for _ in range(2):
        if road == "revoke":
            assert bed.post("/core/v2/oauth/revoke", {"token": theirs}, bearer=token).status == 204
        elif road == "explain":
            assert call(bed, "GET", f"/core/v2/admin/tokens/{sid}/explain", token).status == 404 or target == "other"
        else:
            assert call(bed, road, TOKENS + sid, token, {} if road in ("PATCH", "PUT") else None).status == 404
    assert bed.is_active(theirs)
    if road == "explain" and target == "other":
        return  # scopemint.audit over its partner shows it
    assert eventually(lambda: records(bed, root))
    [record] = records(bed, root)
    assert record["object"] == sid and record["result"] == "refused"
    assert record["partner_sid"] == record["actor"]["partner_sid"] == bed.facts["sub_partner"]["partner_sid"]


# ---- a careless client ----


def test_a_dry_run_where_there_is_none_changes_nothing(bed):
    """Partners' changes can be tried; what is not tried elsewhere must not be done instead."""
    admin = bed.issue(bed.admin)
    application = call(bed, "POST", APPLICATIONS[:-1], admin, {"scopes": ["calls.read"]}).json
    token = call(bed, "POST", "/core/v2/oauth/token", admin, {"scopes": ["calls.read"]}).json
    own = APPLICATIONS + application["client_id"]
    for method, path, body in (
            ("DELETE", own, None), ("PATCH", own, {"name": "x"}), ("POST", own + "/secrets", {}),
            ("POST", APPLICATIONS[:-1], {"scopes": []}), ("POST", "/core/v2/partners", {"name": "x"}),
            ("POST", "/core/v2/oauth/token", {"scopes": ["calls.read"]}),
            ("PATCH", TOKENS + token["token_sid"], {"scopes": []}), ("DELETE", TOKENS + token["token_sid"], None)):
        reply = call(bed, method, path + "?dry_run=true", admin, body)
        assert reply.status == 422 and reply.json["errors"][0]["field"] == "dry_run", (method, path, reply.body)
    assert bed.post("/core/v2/oauth/revoke?dry_run=true", {}, bearer=admin).status == 422
    assert call(bed, "GET", own, admin).json["name"] == application["name"]
    assert call(bed, "GET", TOKENS + token["token_sid"], admin).json["scopes"] == ["calls.read"]
    assert call(bed, "DELETE", own + "?dry_run=false", admin).status == 204


def test_THREATS_40_a_token_too_large_to_sign_stays_as_it_was(bed):
    admin = bed.issue(bed.admin)
    names = [item["value"] for item in call(bed, "GET", "/core/v2/scopes?limit=1000", admin).json["items"]
             if not item["restricted"]]
    audiences = [bed.issuer, *(f"https://{number:0>240}.example" for number in range(15))]
    application = call(bed, "POST", APPLICATIONS[:-1], admin, {"scopes": names, "audiences": audiences}).json
    client = Client(application["client_id"], application["client_secret"])
    bed.issue(client, scope="calls.read")
    path = TOKENS + next(item["token_sid"] for item in call(
        bed, "GET", f"{TOKENS[:-1]}?filter=client_id+eq+{client.client_id}", admin).json["items"])
    before = call(bed, "GET", path, admin)
    reply = call(bed, "PATCH", path, admin, {"scopes": names, "name": "changed"})
    assert reply.status == 422 and "8 KB" in reply.json["errors"][0]["message"]
    after = call(bed, "GET", path, admin)
    assert after.header("ETag") == before.header("ETag") and after.json["scopes"] == ["calls.read"]


# ---- M3: what one does not hold oneself ----


def test_M3_a_widened_token_s_jwt_goes_to_who_holds_all_of_it(bed):
    """Who may add one scope to another's token does not get the rest of it along."""
    target = bed.issue(bed.admin, scope="partners.manage calls.read")
    path = TOKENS + sid_of(bed, target)
    weak = bed.issue(bed.admin, scope="oauth.manage_all_tokens oauth.allow_token_scope_update sms.read")
    reply = call(bed, "PATCH", path, weak, {"scopes": ["partners.manage", "calls.read", "sms.read"]})
    assert reply.status == 200 and reply.json["access_token"] is None
    assert sorted(reply.json["scopes"]) == ["calls.read", "partners.manage", "sms.read"]
    strong = bed.issue(bed.admin, scope="oauth.manage_all_tokens oauth.allow_token_scope_update sms.manage calls.manage"
                                        " partners.manage")
    reply = call(bed, "PATCH", path, strong, {"scopes": ["partners.manage", "calls.read", "sms.manage"]})
    assert bed.introspect(reply.json["access_token"])["scope"] == "calls.read partners.manage sms.manage"
    own = bed.issue(bed.admin, scope="oauth.update oauth.allow_token_scope_update sms.manage")
    narrowed = {"scopes": ["oauth.update", "oauth.allow_token_scope_update", "sms.read"]}
    assert call(bed, "PATCH", TOKENS + "current", own, narrowed).status == 200


def test_M3_a_token_kept_to_some_audiences_begets_none_for_others(bed):
    asking = bed.issue(bed.admin, resource=bed.issuer)
    made = call(bed, "POST", "/core/v2/oauth/token", asking, {"scopes": ["calls.read"]}).json["access_token"]
    assert not bed.is_active(made), "the resource server's audience is not the asking token's"
    asking = bed.issue(bed.admin)
    made = call(bed, "POST", "/core/v2/oauth/token", asking, {"scopes": ["calls.read"]}).json["access_token"]
    assert bed.introspect(made)["aud"] == [bed.issuer, bed.audience]


@pytest.mark.parametrize("method, body", [
    ("PATCH", {"scopes": ["calls.read"]}), ("PATCH", {"status": "suspended"}), ("DELETE", None)])
def test_the_last_that_holds_all_stays(bed, method, body):
    """Nobody would be left who could hand out what it takes to mend that."""
    path = APPLICATIONS + bed.admin.client_id
    token = bed.issue(bed.admin)
    before = call(bed, "GET", path, token).json
    assert call(bed, method, path, token, body).status == 409
    assert call(bed, "GET", path, token).json == before
    assert call(bed, "PATCH", path, token, {"name": before["name"] + "x"}).status == 200
    assert call(bed, "PATCH", path, token, {"name": before["name"]}).status == 200


# ---- what is not for the API to say ----

@pytest.mark.parametrize("member", ["audit", "log", "store", "keys", "dir", "path", "url", "file"])
@pytest.mark.parametrize("method, path", [
    ("POST", "/core/v2/partners"), ("PATCH", "/core/v2/partners/{partner_sid}"), ("POST", "/core/v2/applications"),
    ("PATCH", APPLICATIONS + "{client_id}"), ("POST", APPLICATIONS + "{client_id}/secrets"),
    ("POST", "/core/v2/oauth/token"), ("PATCH", TOKENS + "{token_sid}"),
    ("POST", "/core/v2/admin/revocations"), ("POST", "/core/v2/admin/leaks")],
    ids=lambda value: "THREATS-64-" + value)
def test_where_the_server_writes_is_not_set_by_the_api(bed, tmp_path, method, path, member):
    """The greatest caller there is, and a member that would say it in a body that is good without: refused by its
    name, and nothing is there."""
    admin = bed.issue(bed.admin)
    path = path.format(partner_sid=bed.partner_sid, client_id=bed.app.client_id, token_sid=sid_of(bed, bed.issue()))
    target = tmp_path / "written"
    body = {"dry_run": True, "client_id": bed.app.client_id} if "revocations" in path else \
        {"strings": []} if "leaks" in path else {}
    reply = call(bed, method, path, admin, {**body, member: str(target)})
    assert reply.status in (400, 422), reply.body
    assert member in reply.body.decode()
    assert not target.exists()


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"], ids=lambda value: "THREATS-64-" + value)
@pytest.mark.parametrize("path", ["/core/v2/admin/audit", "/core/v2/admin/audit/head", "/core/v2/admin/config",
                                  "/core/v2/admin/log"])
def test_the_log_is_read_and_nothing_else(bed, method, path):
    reply = call(bed, method, path, bed.issue(bed.admin), {"dir": "/tmp"})
    assert reply.status in (404, 405), reply.body
