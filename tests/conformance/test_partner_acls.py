"""`acls` and `parent_assigned_acls` of partners: who writes which, which rules a list may name, every word and null,
bounds, and what becomes of them beside each other. SPEC 3, 9; SEEDS 1.10, oddities 19-21."""

import itertools
import json
import urllib.parse

import pytest

from family import TREE, UNKNOWN, seed

RULES = "/core/v2/accesscontrol/rules"
PARTNERS = "/core/v2/partners"
RIGHTS = ["accesscontrol.manage", "partners.manage", "calls.read"]
SEED = seed(RIGHTS)
RULE = {"entries": ["49"], "field": "calling", "operation": "prefix", "quantifier": "any"}
FIELDS = ["acls", "parent_assigned_acls"]
NOTHING = {"access_control_rules": [], "direction": "any", "sms_action_false": None, "sms_action_true": None,
           "voice_action_false": None, "voice_action_true": None}


class Acls:
    def __init__(self, bed):
        self.bed = bed
        self.sids = {ref: bed.facts["seeded"]["partners"][ref]["partner_sid"] for ref in TREE}
        self.sids["root"] = bed.partner_sid
        self.tokens = {ref: bed.issue(bed.seeded(ref)) for ref in TREE}
        self.tokens["root"] = bed.issue(bed.admin)
        bed.seen.secrets.update(self.tokens.values())
        self.rules = {ref: self.rule(ref) for ref in self.sids}

    def ask(self, method, path, body=None, by="self", headers=(), **query):
        path += "?" + urllib.parse.urlencode(query) if query else ""
        fields = [("Authorization", f"Bearer {self.tokens[by]}"), *headers]
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, path, body, fields)

    def rule(self, ref):
        reply = self.ask("POST", RULES, RULE, ref)
        assert reply.status == 200, reply.body
        return reply.json["rule_sid"]

    def path(self, ref):
        return f"{PARTNERS}/{self.sids[ref]}"

    def show(self, ref, by="root"):
        reply = self.ask("GET", self.path(ref), by=by)
        assert reply.status == 200, reply.body
        return reply.json

    def patch(self, ref, field, lists, by=None):
        return self.ask("PATCH", self.path(ref), {field: lists}, by or ref)


@pytest.fixture(scope="module")
def acls(module_bed):
    return Acls(module_bed(seed=SEED))


@pytest.fixture(autouse=True)
def clean(acls):
    yield
    for ref in acls.sids:
        assert acls.ask("PATCH", acls.path(ref), {"acls": []}, "root").status == 200
        if ref != "root":
            assert acls.ask("PATCH", acls.path(ref), {"parent_assigned_acls": []}, "root").status == 200


def named(reply, status=422):
    assert reply.status == status, reply.body[:500]
    return sorted(error["field"] for error in reply.json["errors"])


def lists(*rules, **members):
    return [{"access_control_rules": list(rules), **members}]


# ---- who writes ----

ABOVE = {"root": [], "parent": ["root"], "self": ["parent", "root"], "child": ["self", "parent", "root"],
         "stranger": ["root"]}


@pytest.mark.parametrize("by", ABOVE)
@pytest.mark.parametrize("target", ABOVE)
def test_who_writes_which(acls, by, target):
    """Its own are the partner's and its ancestors' to write; those assigned to it its ancestors' alone."""
    before = acls.show(target)
    for field in FIELDS:
        want = 200 if by in ABOVE[target] or (by == target and field == "acls") else 403 if by == target else 404
        reply = acls.patch(target, field, lists(voice_action_true="accept"), by)
        assert reply.status == want, (field, reply.body)
        if want == 403:
            assert reply.json["errors"][0]["field"] == field
    after = acls.show(target)
    if by not in ABOVE[target] and by != target:
        assert after == before
    for field in FIELDS:
        written = by in ABOVE[target] or (by == target and field == "acls")
        assert after[field] == ([{**NOTHING, "voice_action_true": "accept"}] if written else [])


@pytest.mark.parametrize("by", ABOVE)
@pytest.mark.parametrize("target", ABOVE)
def test_the_visibility_matrix(acls, by, target):
    """Parent, self, child and stranger by verb: who sees the partner sees both fields; all others get one 404."""
    given = {"acls": lists(acls.rules["root"], sms_action_true="reject"),
             "parent_assigned_acls": lists(acls.rules["root"], voice_action_false="reject403")}
    if target == "root":
        del given["parent_assigned_acls"]
    assert acls.ask("PATCH", acls.path(target), given, "root").status == 200
    before = acls.show(target)
    seen = by == target or by in ABOVE[target]
    reply = acls.ask("GET", acls.path(target), by=by)
    assert reply.status == (200 if seen else 404)
    if seen:
        assert all(reply.json[field] == [{**NOTHING, **given[field][0]}] for field in given)
    listed = acls.ask("GET", PARTNERS, by=by, filter=f"partner_sid eq {acls.sids[target]}").json["items"]
    assert listed == ([reply.json] if seen else [])
    for method, body in (("PATCH", {"acls": []}), ("PUT", {**before, "acls": []}), ("DELETE", None)):
        if method == "DELETE" and seen:  # of partners, not of their lists
            continue
        got = acls.ask(method, acls.path(target), body, by)
        assert got.status == (200 if seen else 404), (method, got.body)
        if not seen:
            assert got.body == acls.ask(method, f"{PARTNERS}/{UNKNOWN}", body, by).body
        assert (acls.show(target)["acls"] == []) == seen
        assert acls.ask("PATCH", acls.path(target), {"acls": given["acls"]}, "root").status == 200


def test_put_of_its_own_object(acls):
    """GET, edit, PUT: what the parent assigned may be repeated or left out, and not be changed."""
    given = lists(acls.rules["parent"], voice_action_true="reject503")
    assert acls.patch("self", "parent_assigned_acls", given, "parent").status == 200
    got = acls.show("self", "self")
    assert got["parent_assigned_acls"] == [{**NOTHING, **given[0]}]
    edited = {**got, "acls": lists(acls.rules["self"], acls.rules["root"], direction="inbound")}
    reply = acls.ask("PUT", acls.path("self"), edited)
    assert reply.status == 200 and reply.json["parent_assigned_acls"] == got["parent_assigned_acls"]
    assert reply.json["acls"] == [{**NOTHING, **edited["acls"][0]}]
    left_out = {k: v for k, v in edited.items() if k != "parent_assigned_acls"}
    assert acls.ask("PUT", acls.path("self"), left_out).json["parent_assigned_acls"] == got["parent_assigned_acls"]
    assert named(acls.ask("PUT", acls.path("self"), {**edited, "parent_assigned_acls": []}), 403) == [
        "parent_assigned_acls"]
    assert named(acls.ask("PUT", acls.path("self"), {k: v for k, v in edited.items() if k != "acls"})) == ["acls"]


# ---- which rules ----

@pytest.mark.parametrize("owner", ABOVE)
@pytest.mark.parametrize("field", FIELDS)
def test_rules_are_those_of_the_partner_and_above(acls, field, owner):
    """Whoever writes: a rule of a child, a stranger's, and one that is not there look alike."""
    for by in ("parent", "root") if field == "parent_assigned_acls" else ("self", "parent"):
        reply = acls.patch("self", field, lists(acls.rules[owner]), by)
        if owner == "self" or owner in ABOVE["self"]:
            assert reply.status == 200 and reply.json[field][0]["access_control_rules"] == [acls.rules[owner]]
        else:
            dangling = acls.patch("self", field, lists(UNKNOWN), by)
            assert named(reply) == [f"{field}[0].access_control_rules"] and reply.json == dangling.json


def test_a_new_partner_has_its_parents(acls):
    body = {"name": "Made", "acls": lists(acls.rules["parent"], acls.rules["self"]),
            "parent_assigned_acls": lists(acls.rules["root"])}
    made = acls.ask("POST", PARTNERS, body)
    assert made.status == 200, made.body
    assert made.json["acls"][0]["access_control_rules"] == [acls.rules["parent"], acls.rules["self"]]
    assert acls.ask("GET", f"{PARTNERS}/{made.json['partner_sid']}").json == made.json
    for rule in (acls.rules["child"], acls.rules["stranger"], UNKNOWN):
        assert named(acls.ask("POST", PARTNERS, {"name": "Made", "acls": lists(rule)})) == [
            "acls[0].access_control_rules"]
    assert "acls" in acls.ask("GET", PARTNERS, filter=f"partner_sid eq {made.json['partner_sid']}").json["items"][0]


@pytest.mark.parametrize("rules, why", [
    (["x"], "position 0"), ([""], "position 0"), ([None], "position 0"), ([1], "position 0"), ([["x"]], "position 0"),
    (["OWN", "OWN"], "position 1"), (["OWN", "UPPER"], "position 1"), (None, "array"), ("OWN", "array"), ({}, "array")])
def test_rules_that_are_none(acls, rules, why):
    own = acls.rules["self"]
    sent = json.loads(json.dumps(rules).replace("OWN", own).replace("UPPER", own.upper()))
    reply = acls.patch("self", "acls", [{"access_control_rules": []}, {"access_control_rules": sent}])
    assert named(reply) == ["acls[1].access_control_rules"] and why in reply.json["errors"][0]["message"]
    assert acls.show("self")["acls"] == []


# ---- words and null (oddities 19-21) ----

VOICE, SMS = ["accept", "reject403", "reject503"], ["accept", "reject"]
MEMBERS = {"direction": ["any", "inbound", "outbound", "undirected"], "sms_action_false": SMS, "sms_action_true": SMS,
           "voice_action_false": VOICE, "voice_action_true": VOICE}
EVERY = sorted({word for words in MEMBERS.values() for word in words} | {"", "Any", "reject504", "null", "none"})


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("member", MEMBERS)
def test_every_word_and_null(acls, member, field):
    """Each member takes its own words and, but for the direction, null, which is no decision."""
    for method, value in itertools.product(("PATCH", "PUT", "POST"), [*EVERY, None, 1, True, [], {}]):
        body = {field: lists(**{member: value})}
        if method == "POST":
            reply = acls.ask("POST", PARTNERS, {"name": "Made", **body})
        else:
            reply = acls.ask(method, acls.path("child"), {**acls.show("child"), **body} if method == "PUT" else body)
        if value in MEMBERS[member] if isinstance(value, str) else value is None and member != "direction":
            assert reply.status == 200 and reply.json[field] == [{**NOTHING, member: value}]
            assert list(reply.json[field][0]) == list(NOTHING)  # the order of the page
        else:
            assert named(reply) == [f"{field}[0].{member}"], (method, value)
            assert reply.json["errors"][0]["code"] == ("invalid_value" if isinstance(value, str) else "wrong_type")


def test_everything_that_is_wrong_is_said_at_once(acls):
    sent = [{"direction": "up", "x": 1}, [], {"access_control_rules": [], "sms_action_true": "reject403"}]
    assert named(acls.patch("self", "acls", sent)) == [
        "acls[0].access_control_rules", "acls[0].direction", "acls[0].x", "acls[1]", "acls[2].sms_action_true"]
    for value in (None, {}, "x", 1, True):
        assert named(acls.patch("self", "acls", value)) == ["acls"]


# ---- bounds ----

def test_bounds(acls):
    reply = acls.patch("self", "acls", lists() * 64)
    assert reply.status == 200 and reply.json["acls"] == [NOTHING] * 64
    assert named(acls.patch("self", "acls", lists() * 65)) == ["acls"]
    many = [UNKNOWN] * 1001
    assert "1000" in acls.patch("self", "acls", lists(*many)).json["errors"][0]["message"]
    split = [*lists(*many[:700]), *lists(*many[:700])]
    assert any("1200" in error["message"] for error in acls.patch("self", "acls", split).json["errors"])
    assert acls.patch("self", "acls", "x" * 256 * 1024).status == 413


def test_as_many_rules_as_there_may_be(acls):
    """What GET shows is taken by PUT, with both fields full; the list of partners shows them all."""
    rules = [acls.rule("root") for _ in range(600)]
    full = [*lists(*rules, direction="outbound"), *lists(*rules), *lists() * 62]
    for field in FIELDS:
        assert acls.patch("self", field, full, "parent").status == 200
        assert acls.patch("child", field, full, "self").status == 200
    got = acls.show("self", "parent")
    assert got["acls"] == got["parent_assigned_acls"] == [{**NOTHING, **one} for one in full]
    reply = acls.ask("PUT", acls.path("self"), {**got, "name": "Renamed"}, "parent")
    assert reply.status == 200 and reply.json["acls"] == got["acls"] and reply.json["name"] == "Renamed"
    listed = acls.ask("GET", PARTNERS, by="root", limit=1000)
    assert listed.status == 200 and {**got, "name": "Renamed", "date_updated": None} in [
        {**item, "date_updated": None} for item in listed.json["items"]]


# ---- the rest of the object ----

def test_etag_and_audit(acls):
    before = acls.ask("GET", acls.path("child"), by="self").header("ETag")
    reply = acls.patch("child", "acls", lists(acls.rules["self"]))
    changed = reply.header("ETag")
    assert changed != before and acls.patch("child", "acls", lists(acls.rules["self"])).header("ETag") == changed
    assert acls.ask("PATCH", acls.path("child"), {"acls": []}, "self", [("If-Match", before)]).status == 412
    log = acls.ask("GET", "/core/v2/admin/audit", by="root", order="seq desc", limit=1).json["items"][0]
    assert log["action"] == "partner.update" and log["object"] == acls.sids["child"]
    assert log["detail"] == {"before": {"acls": []}, "after": {"acls": reply.json["acls"]}}
    rules = [acls.rule("self") for _ in range(60)]
    assert acls.patch("child", "acls", lists(*rules)).status == 200
    log = acls.ask("GET", "/core/v2/admin/audit", by="root", order="seq desc", limit=1).json["items"][0]
    assert log["detail"]["after"]["acls"]["lists"] == 1 and len(log["detail"]["after"]["acls"]["sha256"]) == 64


def test_a_dry_run_changes_nothing(acls):
    assert acls.ask("PATCH", acls.path("child"), {"acls": lists()}, "self", dry_run="true").status == 200
    assert acls.show("child")["acls"] == []
