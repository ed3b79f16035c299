"""/core/v2/admin/revocations: who may revoke what by selector, what a count promises, how many there may be, and what is
told about them afterwards (THREATS-63, F-33, F-37). What they end stands in test_revocations_end.py."""

import datetime
import json

import pytest

from by_selector import LONG_AGO, REVOCATIONS, RIGHTS, SEED, Revocations, many_rows
from family import UNKNOWN
from forge import token_sid
from testbed import eventually


@pytest.fixture(scope="module")
def revocations(module_bed):
    return Revocations(module_bed(seed=SEED))


# ---- who may ----

# Whom each caller reaches, of own, child, parent, stranger; None: not even the endpoint.
CALLERS = {
    "none": ("self", "calls.manage", None),
    "audit": ("self", "scopemint.audit", None),
    "manage": ("self", "oauth.manage", None),
    "all_tokens": ("self", "oauth.manage_all_tokens", {"self"}),
    "revoke": ("self", "scopemint.revoke", {"self", "child"}),
    "root": ("root", "scopemint.revoke", {"self", "child", "parent", "stranger", "root"}),
}
TARGETS = ["self", "child", "parent", "stranger"]


def selectors(revocations, target):
    """Each dimension about the target, with which callers beside those that reach it may not say it."""
    partner, app = revocations.sids[target], revocations.apps[target]
    return [
        ({"client_id": app}, "client_id", set()),
        ({"partner_sid": partner}, "partner_sid", set()),
        ({"partner_sid": partner, "descendants": True}, "partner_sid", {"all_tokens"}),
        ({"client_id": app, "partner_sid": partner}, "client_id", set()),
        ({"partner_sid": partner, "scope": "calls.read"}, "partner_sid", set()),
        ({"partner_sid": partner, "issued_before": LONG_AGO}, "partner_sid", set()),
        ({"client_id": app, "over_ceiling": True}, "client_id", set()),
    ]


@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("caller", CALLERS)
def test_M2_who_revokes_what(revocations, caller, target):
    """Outside the reach a SID is answered as one that names nothing; without the right nothing is answered at all."""
    ref, scope, reach = CALLERS[caller]
    token = revocations.caller(ref, scope)
    victim = revocations.token(target)
    for body, field, barred in selectors(revocations, target):
        reply = revocations.post({**body, "dry_run": True}, token)
        if reach is None:
            assert reply.status == 403 and "insufficient_scope" in reply.header("WWW-Authenticate")
        elif target not in reach:
            unknown = {**body, field: UNKNOWN, "dry_run": True}
            assert reply.status == 422 and field in [e["field"] for e in reply.json["errors"]]
            if len({"client_id", "partner_sid"} & set(body)) == 1:
                assert reply.json == revocations.post(unknown, token).json
        elif caller in barred:
            assert reply.status == 403 and reply.json["errors"][0]["field"] == "descendants"
        else:
            assert reply.status == 200, reply.body
            if "issued_before" not in body and "over_ceiling" not in body:
                assert reply.json["tokens"] > 0
    assert revocations.is_active(victim)


@pytest.mark.parametrize("caller", [name for name, (_, _, reach) in CALLERS.items() if reach])
def test_M2_without_a_partner_it_is_about_the_reach(revocations, caller):
    ref, scope, reach = CALLERS[caller]
    for name in TARGETS:
        revocations.token(name)
    plan = revocations.plan(revocations.caller(ref, scope), scope="calls.read")
    names = {revocations.sids[name] for name in reach}
    assert {p["partner_sid"] for p in plan["partners"]} <= names and plan["partners_total"] == len(plan["partners"])
    said = plan["selector"]
    if caller == "root":
        assert "partner_sid" not in said
    else:
        assert said["partner_sid"] == revocations.sids["self"] and said["descendants"] == (caller == "revoke")


@pytest.mark.parametrize("caller", [name for name, (_, _, reach) in CALLERS.items() if reach])
def test_M2_keys_and_bare_dates_are_the_roots(revocations, caller):
    ref, scope, _ = CALLERS[caller]
    token = revocations.caller(ref, scope)
    kid = revocations.bed.get("/oauth/jwks").json["keys"][0]["kid"]
    for body, field in (({"kid": kid}, "kid"), ({"kid": kid, "scope": "calls.read"}, "kid"),
                        ({"issued_before": LONG_AGO}, "issued_before")):
        reply = revocations.post({**body, "dry_run": True}, token)
        assert reply.status == (200 if caller == "root" else 403), reply.body
        if reply.status == 403:
            assert [e["field"] for e in reply.json["errors"]] == [field]
    log = eventually(lambda: [r for r in revocations.call(
        "GET", "/core/v2/admin/audit?order=seq+desc&limit=1000&filter=rule+eq+M2").json["items"]
        if r["action"] == "revocation.execute"])
    assert log and log[0]["result"] == "refused"


def test_M2_root_with_manage_all_tokens_reaches_its_own(revocations):
    token = revocations.caller("root", "oauth.manage_all_tokens")
    plan = revocations.plan(token, scope="calls.read")
    assert {p["partner_sid"] for p in plan["partners"]} == {revocations.sids["root"]}
    revocations.refused({"client_id": revocations.apps["self"]}, 422, ["client_id"], token)


# ---- what is taken ----

FUTURE = "2999-01-01T00:00:00.000Z"


@pytest.mark.parametrize("body, fields", [
    ({}, [None]),
    ({"dry_run": True}, [None]),
    ({"over_ceiling": False}, [None]),
    ({"descendants": True}, ["partner_sid"]),
    ({"nothing": 1}, ["nothing"]),
    ({"client_id": 1, "scope": [], "over_ceiling": "yes"}, ["client_id", "scope", "over_ceiling"]),
    ({"client_id": "x", "issued_before": "yesterday", "kid": ""}, ["client_id", "kid", "issued_before"]),
    ({"client_id": None}, ["client_id"]),
    ({"client_id": UNKNOWN, "partner_sid": UNKNOWN, "user_sid": UNKNOWN, "kid": "none", "scope": "no.such",
      "issued_before": FUTURE}, ["client_id", "partner_sid", "user_sid", "kid", "scope", "issued_before"]),
    ({"issued_before": "1970-01-01T00:00:00.000Z"}, ["issued_before"]),
    ({"user_sid": UNKNOWN}, ["user_sid"]),
    ({"plan_id": UNKNOWN}, ["plan_id"]),
    ({"plan_id": UNKNOWN, "scope": "calls.read", "dry_run": False}, ["scope", "dry_run"]),
])
def test_what_is_wrong_is_said_at_once(revocations, body, fields):
    errors = revocations.refused(body, 422, fields)
    assert all(error["message"] for error in errors)


def test_nothing_of_what_was_sent_is_repeated(revocations):
    reply = revocations.post({"kid": "eyJhbGciOiJ", "scope": "eyJhbGciOiJ"})
    assert b"eyJhbGciOiJ" not in reply.body


# ---- a plan ----

def test_a_plan_ends_what_it_counted_and_nothing_younger(revocations):
    app = revocations.fresh_app()
    old = [revocations.of(app) for _ in range(3)]
    reply = revocations.post({"client_id": app["client_id"], "dry_run": True})
    plan = reply.json
    assert reply.header("Scopemint-Sequence") == str(plan["sequence"])
    assert plan["tokens"] == 3 and plan["applications"] == [
        {"client_id": app["client_id"], "name": app["name"], "partner_sid": app["partner_sid"], "tokens": 3}]
    assert plan["selector"] == {"client_id": app["client_id"]}
    young = revocations.of(app)
    assert all(map(revocations.is_active, [*old, young]))
    assert revocations.show(plan["plan_id"])["state"] == "planned"

    reply = revocations.post({"plan_id": plan["plan_id"]})
    receipt = reply.json
    assert reply.status == 200 and receipt["revocation_sid"] == plan["plan_id"]
    assert reply.header("Scopemint-Sequence") == str(receipt["sequence"])
    assert receipt["epoch"] == plan["sequence"] < receipt["sequence"]
    assert not any(map(revocations.is_active, old)) and revocations.is_active(young)
    done = revocations.followed(plan["plan_id"])
    assert done["tokens"] == 3 and done["date_done"] >= done["date_executed"] >= done["date_created"]
    assert revocations.is_active(young)
    revocations.refused({"plan_id": plan["plan_id"]}, 409, ["plan_id"])  # single use


def test_a_plan_is_its_partners_alone(revocations):
    plan = revocations.plan(revocations.caller("self", "scopemint.revoke"), scope="calls.read")["plan_id"]
    for ref in ("root", "parent", "stranger", "child"):
        revocations.refused({"plan_id": plan}, 422, ["plan_id"], revocations.caller(ref, "scopemint.revoke"))
    assert revocations.show(plan)["state"] == "planned"  # the root sees it, and all below may be watched


def test_M2_a_plan_is_carried_out_by_the_rights_of_then(revocations):
    """Made with scopemint.revoke for the whole tree; with oauth.manage_all_tokens alone it is too much."""
    plan = revocations.plan(revocations.caller("self", "scopemint.revoke"), client_id=revocations.apps["child"])
    weak = revocations.caller("self", "oauth.manage_all_tokens")
    revocations.refused({"plan_id": plan["plan_id"]}, 403, ["plan_id"], weak)
    assert revocations.show(plan["plan_id"])["state"] == "planned"


def test_a_plan_lasts_ten_minutes(own_bed):
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    plan = made.plan(scope="calls.read")
    created = made.show(plan["plan_id"])["date_created"]
    begun = datetime.datetime.fromisoformat(created.replace("Z", "+00:00"))
    over = datetime.datetime.fromisoformat(plan["date_expiration"].replace("Z", "+00:00"))
    assert over - begun == datetime.timedelta(minutes=10)
    bed.offline("UPDATE revocations SET expires_ms = expires_ms - 601000, created_ms = created_ms - 601000")
    made.refused({"plan_id": plan["plan_id"]}, 409, ["plan_id"])
    assert made.show(plan["plan_id"])["state"] == "expired"


# ---- above the ceiling ----

def test_F_33_live_tokens_above_the_ceiling_are_counted_and_revoked_in_one_call(own_bed):
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    over, within, elsewhere = made.token("self"), made.token("self", scope="sms.manage"), made.token("stranger")
    kept = [r for r in RIGHTS if r != "calls.manage"]
    partner = f"/core/v2/partners/{made.sids['self']}"
    assert made.call("PATCH", partner, {"available_scopes": kept}).status == 200
    plan = made.plan(over_ceiling=True)
    assert plan["tokens"] == 1 and plan["partners"] == [
        {"partner_sid": made.sids["self"], "name": "Partner self", "tokens": 1}]
    receipt = made.done({"plan_id": plan["plan_id"]})
    assert not made.is_active(over)
    assert made.followed(receipt["revocation_sid"])["tokens"] == 1
    assert made.call("PATCH", partner, {"available_scopes": RIGHTS}).status == 200
    assert [made.is_active(t) for t in (over, within, elsewhere)] == [False, True, True]
    assert made.plan(over_ceiling=True)["tokens"] == 0
    explained = made.call("GET", f"/core/v2/admin/tokens/{token_sid(over)}/explain").json
    check = next(c for c in explained["checks"] if c["check"] == "revocation")
    assert not check["holds"] and check["revocation_sid"] == receipt["revocation_sid"]
    assert check["selector"] == {"over_ceiling": True} and check["by"]["client_id"] == bed.admin.client_id
    bed.restart()
    assert [made.is_active(t) for t in (over, within, elsewhere)] == [False, True, True]


def test_scopes_do_not_change_while_what_they_decide_is_followed(own_bed):
    """503 with Retry-After; what is no change of scopes goes through; and kill -9 in between loses nothing."""
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    over = made.token("self")
    many_rows(bed, over, 3000)
    kept = [r for r in RIGHTS if r != "calls.manage"]
    partner = f"/core/v2/partners/{made.sids['self']}"
    assert made.call("PATCH", partner, {"available_scopes": kept}).status == 200
    receipt = made.done({"over_ceiling": True})
    reply = made.call("PATCH", partner, {"available_scopes": RIGHTS})
    assert reply.status == 503 and reply.header("Retry-After") == "1", reply.body
    assert made.call("PATCH", f"/core/v2/applications/{made.apps['self']}", {"scopes": ["sms.read"]}).status == 503
    assert made.call("PATCH", partner, {"name": "Renamed"}).status == 200
    bed.kill()
    bed.start()
    assert not made.is_active(over)
    assert made.followed(receipt["revocation_sid"])["tokens"] == 3001
    assert made.call("PATCH", partner, {"available_scopes": RIGHTS}).status == 200
    assert not made.is_active(over)


# ---- how many ----

def test_at_most_64_selectors_and_some_are_the_roots(own_bed):
    bed = own_bed(seed=SEED)
    made = Revocations(bed)
    below = made.caller("self", "oauth.manage_all_tokens")
    old = {"scope": "sms.read", "issued_before": LONG_AGO}
    for number in range(8):
        made.done({**old, "issued_before": f"2019-01-01T00:00:{number:02}.000Z"}, below)
    reply = made.post(old, below)
    assert reply.status == 409 and "client_id" in reply.json["errors"][0]["message"]
    root = made.root
    for number in range(56):
        made.done({**old, "issued_before": f"2018-01-01T00:00:{number:02}.000Z"}, root)
    assert made.post(old, root).status == 409
    victim = made.token("self")
    plan = made.plan(root, scope="calls.read")["plan_id"]  # counting takes no place
    assert made.post({"plan_id": plan}, root).status == 409 and made.is_active(victim)
    made.done({"client_id": made.apps["self"]}, root)  # by one dimension there is always room
    assert not made.is_active(victim)


# ---- what is told ----

def test_F37_every_plan_and_execution_is_one_record(revocations):
    app = revocations.fresh_app()
    token = revocations.of(app)
    plan = revocations.plan(client_id=app["client_id"])["plan_id"]
    revocations.done({"plan_id": plan})
    revocations.followed(plan)
    log = revocations.call("GET", f"/core/v2/admin/audit?limit=1000&filter=object+eq+{plan}").json["items"]
    assert [(r["action"], r["result"]) for r in log] == [
        ("revocation.plan", "done"), ("revocation.execute", "done"), ("revocation.done", "done")]
    assert log[0]["detail"] == log[1]["detail"] == {"selector": {"client_id": app["client_id"]}}
    assert log[2]["detail"] == {"tokens": 1}
    assert all(r["actor"]["client_id"] == revocations.bed.admin.client_id for r in log)
    assert all(r["partner_sid"] == app["partner_sid"] for r in log)
    assert token not in json.dumps(log)


def test_explain_names_what_ended_it(revocations):
    """By whom, when, which; who asked is hidden from a partner below, and so is what was asked."""
    app = revocations.fresh_app("self")
    token = revocations.of(app)
    receipt = revocations.done({"client_id": app["client_id"]})
    path = f"/core/v2/admin/tokens/{token_sid(token)}/explain"

    def selector(caller):
        explained = revocations.call("GET", path, token=caller).json
        assert not explained["active"]
        assert next(c for c in explained["checks"] if c["check"] == "revocation")["holds"]
        return next(c for c in explained["checks"] if c["check"] == "selector")

    for _ in range(2):  # while the rows follow, and behind
        seen = selector(revocations.root)
        assert not seen["holds"] and seen["revocation_sid"] == receipt["revocation_sid"]
        assert seen["number"] == receipt["sequence"] and seen["at"] == receipt["date_executed"]
        assert seen["by"] == {"client_id": revocations.bed.admin.client_id, "partner_sid": revocations.sids["root"]}
        assert seen["selector"] == {"client_id": app["client_id"]}
        hidden = selector(revocations.caller("self", "scopemint.audit"))
        assert hidden["by"] == {"hidden": True} and "selector" not in hidden
        revocations.followed(receipt["revocation_sid"])


def test_lists_are_of_the_reach(revocations):
    """Each of self, child and the root makes one; who sees which, in every way of paging."""
    made = {ref: revocations.plan(revocations.caller(ref, "scopemint.revoke"), scope="sms.read")["plan_id"]
            for ref in ("root", "self", "child")}

    def listed(token, query=""):
        found, path = [], f"{REVOCATIONS}?limit=2{query}"
        while path:
            page = revocations.call("GET", path, token=token)
            assert page.status == 200, page.body
            found += [item["revocation_sid"] for item in page.json["items"]]
            path = page.json["pagination"].get("next", "").removeprefix(revocations.bed.issuer)
        return found

    for ref, scope, sees in (("root", "scopemint.audit", {"root", "self", "child"}),
                             ("self", "scopemint.revoke", {"self", "child"}),
                             ("self", "scopemint.audit", {"self", "child"}),
                             ("self", "oauth.manage_all_tokens", {"self"}), ("stranger", "scopemint.revoke", set())):
        token = revocations.caller(ref, scope)
        found = listed(token)
        assert {name for name in made if made[name] in found} == sees and found == sorted(found)
        assert listed(token, "&order=revocation_sid+desc") == found[::-1]
        assert listed(token, "&order=state") and sorted(listed(token, "&order=state")) == found or not found
        for name in made:
            reply = revocations.call("GET", f"{REVOCATIONS}/{made[name]}", token=token)
            assert reply.status == (200 if name in sees else 404)
    planned = listed(revocations.root, "&filter=state+eq+planned")
    assert set(made.values()) <= set(planned)
    assert revocations.call("GET", REVOCATIONS, token=revocations.caller("self", "oauth.manage")).status == 403
