"""/core/v2/accesscontrol/effective_acl: the two look-ups, just as the page's samples are, and evaluate, held against a
naive reference over random trees. SPEC 9; SEEDS 1.10; THREATS-54."""

import itertools
import json
import os
import pathlib
import random
import re
import subprocess
import uuid

import pytest

from caller import Caller
from testbed import Testbed

RULES = "/core/v2/accesscontrol/rules"
EFFECTIVE = "/core/v2/accesscontrol/effective_acl"
GROUPS = "/core/v2/trunk_groups"
README = pathlib.Path(__file__).parents[2] / "README.md"
NOBODY = "01995f2a-7c00-7aaa-8000-0123456789ab"
RIGHTS = ["accesscontrol.manage", "partners.manage", "trunk_groups.manage", "trunk_groups.trunks.manage"]
TREE = {"parent": "root", "self": "parent", "child": "self", "stranger": "root"}
APPLICATION = {"type": "confidential", "grant_types": ["client_credentials"],
               "token_endpoint_auth_method": "client_secret_basic", "scopes": RIGHTS}
SEED = {
    "partners": [{"ref": ref, "parent": parent, "name": f"Partner {ref}", "login": ref, "available_scopes": RIGHTS}
                 for ref, parent in TREE.items()],
    "applications": [{**APPLICATION, "ref": ref, "name": f"App of {ref}", "partner": ref} for ref in TREE],
}
DIRECTIONS = ["any", "inbound", "outbound", "undirected"]
VOICE = ["accept", "reject403", "reject503", None]
SMS = ["accept", "reject", None]
SEEDED = 0x5C0  # of the random trees: a failure names what to look at
TREES, QUESTIONS = 12, 60


def acl(rules=(), direction="any", **actions):
    """A list with all its members, in the order of the page."""
    none = {"sms_action_false": None, "sms_action_true": None, "voice_action_false": None, "voice_action_true": None}
    return {"access_control_rules": list(rules), "direction": direction, **none, **actions}


class Api(Caller):
    def __call__(self, method, path, body=None):
        if isinstance(body, bytes):
            return self.send(method, path, body, content_type="application/json")
        return self.send(method, path, body)

    def good(self, method, path, body=None):
        reply = self(method, path, body)
        assert reply.status in (200, 204), (method, path, reply.status, reply.body)
        return reply.json if reply.body else None

    def rule(self, field, entries, operation="exact", quantifier="any"):
        return self.good("POST", RULES, {"field": field, "operation": operation, "quantifier": quantifier,
                                         "entries": entries})["rule_sid"]

    def group(self, **body):
        return self.good("POST", GROUPS, {"name": "Group", **body})["trunk_group_sid"]

    def trunk(self, group, **body):
        return self.good("POST", f"{GROUPS}/{group}/trunks", {"name": "Trunk", **body})["trunk_sid"]

    def lists(self, partner_sid, **fields):
        self.good("PATCH", f"/core/v2/partners/{partner_sid}", fields)

    def calls(self, query=""):
        return self("GET", f"{EFFECTIVE}/calls{query}")

    def layers(self, kind="calls", query=""):
        """The lists of each layer, whose numbers have no hole."""
        answer = self.good("GET", f"{EFFECTIVE}/{kind}{query}")
        count = len(answer["items"])
        assert [item["layer"] for item in answer["items"]] == list(range(1, count + 1))
        assert {name: value for name, value in answer.items() if name != "items"} == {
            "count": count, "has_more": False, "limit": count, "offset": 0, "pagination": {}, "total": count}
        return [item["effective_acls"] for item in answer["items"]]

    def evaluate(self, body):
        return self("POST", f"{EFFECTIVE}/evaluate", body)

    def decide(self, body):
        return self.good("POST", f"{EFFECTIVE}/evaluate", body)


class World:
    """The seeded tree; what a test has set is gone when it ends."""

    def __init__(self, bed):
        self.bed = bed
        self.root = Api(bed, bed.issue(bed.admin))
        self.api = {ref: Api(bed, bed.issue(bed.seeded(ref))) for ref in TREE}
        self.sids = bed.partner_sids()

    def clear(self):
        for sid in self.sids.values():
            self.root.good("PATCH", f"/core/v2/partners/{sid}", {"acls": []})
        for ref in TREE:
            self.root.lists(self.sids[ref], parent_assigned_acls=[])


@pytest.fixture(scope="module")
def whole(tmp_path_factory):
    bed = Testbed(tmp_path_factory.mktemp("effective"), seed=SEED).start()
    yield World(bed)
    bed.stop()


@pytest.fixture
def world(whole):
    yield whole
    whole.clear()


def call(calling="+15550001", called="+15550002", direction="outbound", **about):
    return {"call": {"calling": calling, "called": called, "direction": direction}, **about}


def message(sender="+15550001", to="+15550002", text="hello", direction="outbound", **about):
    return {"message": {"from": sender, "to": to, "message": text, "direction": direction}, **about}


# ---- the samples of the page ----

SAMPLE_CALLS = """
{
"count": 1,
"has_more": false,
"items": [
{
"effective_acls": [
{
"access_control_rules": [
"dafd993d-0e99-4af9-b8fc-436fb01b0bbe",
"6fd782fa-c80b-4299-9b91-78797eb392e1"
],
"direction": "outbound",
"sms_action_false": null,
"sms_action_true": null,
"voice_action_false": null,
"voice_action_true": "reject503"
}
],
"layer": 1
}
],
"limit": 1,
"offset": 0,
"pagination": {},
"total": 1
}
"""
SAMPLE_SMS = """
{
"count": 1,
"has_more": false,
"items": [
{
"effective_acls": [
{
"access_control_rules": [
"93525bae-f9a9-446b-b92a-7f421df7a11e"
],
"direction": "outbound",
"sms_action_false": null,
"sms_action_true": "accept",
"voice_action_false": null,
"voice_action_true": null
}
],
"layer": 1
}
],
"limit": 1,
"offset": 0,
"pagination": {},
"total": 1
}
"""


@pytest.mark.parametrize(("kind", "sample", "field", "actions"), [
    ("calls", SAMPLE_CALLS, "called", {"voice_action_true": "reject503"}),
    ("sms", SAMPLE_SMS, "to", {"sms_action_true": "accept"}),
], ids=["calls", "sms"])
def test_the_samples_of_the_page(world, kind, sample, field, actions):
    """Byte for byte, but for blanks and the SIDs, which here are of version 7."""
    api = world.api["self"]
    theirs = re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", sample)
    ours = [api.rule(field, ["+1555"], "prefix") for _ in theirs]
    api.lists(world.sids["self"], acls=[{"access_control_rules": ours, "direction": "outbound", **actions}])
    for their, our in zip(theirs, ours):
        sample = sample.replace(their, our)
    expected = json.dumps(json.loads(sample), separators=(",", ":")).encode()
    assert api("GET", f"{EFFECTIVE}/{kind}").body == expected
    assert api("GET", f"{EFFECTIVE}/{kind}?direction=outbound").body == expected
    assert api("GET", f"{EFFECTIVE}/{kind}?direction=any").body == expected
    assert api.layers(kind, "?direction=inbound") == []


# ---- the look-ups ----

def test_nothing_at_all_is_an_empty_page(world):
    for kind in ("calls", "sms"):
        assert world.api["self"].layers(kind) == []


def test_layers_go_from_the_root_to_the_trunk(world):
    root, self = world.root, world.api["self"]
    rule = root.rule("called", ["1"])
    marks = {name: acl([rule], voice_action_true=action, voice_action_false=other)
             for (name, (action, other)) in zip(
                 ["root", "assigned to parent", "parent", "assigned to self", "self", "group", "trunk"],
                 itertools.product(VOICE[:3], VOICE[:3]))}
    group = self.group(acls=[marks["group"]])
    trunk = self.trunk(group, acls=[marks["trunk"]])
    root.lists(world.sids["root"], acls=[marks["root"]])
    root.lists(world.sids["parent"], acls=[marks["parent"]], parent_assigned_acls=[marks["assigned to parent"]])
    root.lists(world.sids["self"], acls=[marks["self"]], parent_assigned_acls=[marks["assigned to self"]])
    partners = [[marks["root"]], [marks["assigned to parent"], marks["parent"]],
                [marks["assigned to self"], marks["self"]]]
    assert self.layers() == partners
    assert self.layers("sms") == partners  # what they say of messages is null
    assert self.layers(query=f"?trunk_group_sid={group}") == [*partners, [marks["group"]]]
    whole = [*partners, [marks["group"]], [marks["trunk"]]]
    for query in (f"?trunk_sid={trunk}", f"?trunk_sid={trunk}&trunk_group_sid={group}",
                  f"?trunk_sid={trunk}&partner_sid={world.sids['self']}"):
        assert self.layers(query=query) == whole
    # One without lists is no layer, and those above and below move up.
    root.lists(world.sids["parent"], acls=[], parent_assigned_acls=[])
    assert self.layers(query=f"?trunk_sid={trunk}") == [whole[0], *whole[2:]]
    # Whoever looks from above sees the same, and so does who is below what is above it.
    assert world.api["parent"].layers(query=f"?partner_sid={world.sids['self']}") == [whole[0], whole[2]]
    assert world.api["child"].layers() == [whole[0], whole[2]]
    assert world.api["stranger"].layers() == [whole[0]]
    root.good("DELETE", f"{GROUPS}/{group}?force=true")
    assert self.calls(f"?trunk_sid={trunk}").status == 404


def test_a_direction_chooses_lists_and_any_goes_with_all(world):
    api, sid = world.api["self"], world.sids["self"]
    lists = {direction: acl(direction=direction, voice_action_false="accept") for direction in DIRECTIONS}
    api.lists(sid, acls=list(lists.values()))
    assert api.layers() == api.layers(query="?direction=any") == [list(lists.values())]
    for direction in DIRECTIONS[1:]:
        for kind in ("calls", "sms"):
            assert api.layers(kind, f"?direction={direction}") == [[lists["any"], lists[direction]]]


def test_layers_are_counted_over_what_is_shown(world):
    world.root.lists(world.sids["root"], acls=[acl(direction="inbound", voice_action_false="accept")])
    world.root.lists(world.sids["self"], acls=[acl(direction="outbound", voice_action_false="reject403")])
    assert len(world.api["self"].layers()) == 2
    assert len(world.api["self"].layers(query="?direction=outbound")) == 1


def test_fields_are_chosen(world):
    api = world.api["self"]
    api.lists(world.sids["self"], acls=[acl(voice_action_false="accept")])
    assert api.good("GET", f"{EFFECTIVE}/calls?include_fields=layer")["items"] == [{"layer": 1}]
    assert list(api.good("GET", f"{EFFECTIVE}/sms?exclude_fields=layer")["items"][0]) == ["effective_acls"]
    assert api.calls("?include_fields=rule").status == 422


@pytest.mark.parametrize(("kind", "query", "status", "field"), [
    ("calls", "direction=sideways", 422, "direction"), ("calls", "direction=Inbound", 422, "direction"),
    ("calls", "limit=1", 422, "limit"), ("calls", "filter=layer%20eq%201", 422, "filter"),
    ("calls", "order=layer", 422, "order"), ("calls", "status=all", 422, "status"),
    ("sms", "trunk_sid=" + NOBODY, 422, "trunk_sid"), ("sms", "trunk_group_sid=" + NOBODY, 422, "trunk_group_sid"),
    ("calls", "partner_sid=" + NOBODY, 404, "partner_sid"), ("calls", "partner_sid=x", 404, "partner_sid"),
    ("calls", "trunk_sid=" + NOBODY, 404, "trunk_sid"), ("calls", "trunk_sid=%00", 404, "trunk_sid"),
    ("calls", "trunk_group_sid=" + NOBODY.upper(), 404, "trunk_group_sid"),
    ("calls", "direction=any&direction=any", 400, "direction"), ("calls", "partner_sid", 400, None),
    ("calls", "direction=%zz", 400, None),
])
def test_a_query_that_is_none(world, kind, query, status, field):
    reply = world.api["self"]("GET", f"{EFFECTIVE}/{kind}?{query}")
    assert (reply.status, reply.json["errors"][0]["field"]) == (status, field), reply.body


def test_whose_sids_are_known(world):
    """Parent, self, child and stranger, by partner, by group and by trunk."""
    groups = {ref: world.api[ref].group() for ref in TREE}
    trunks = {ref: world.api[ref].trunk(groups[ref]) for ref in TREE}
    below = {"parent": {"parent", "self", "child"}, "self": {"self", "child"}, "child": {"child"},
             "stranger": {"stranger"}}
    for caller, whose in itertools.product(TREE, TREE):
        expected = 200 if whose in below[caller] else 404
        for query in (f"partner_sid={world.sids[whose]}", f"trunk_group_sid={groups[whose]}",
                      f"trunk_sid={trunks[whose]}"):
            assert world.api[caller].calls("?" + query).status == expected, (caller, whose, query)
        about = {"trunk_sid": trunks[whose]}
        assert world.api[caller].evaluate(call(**about)).status == expected
    mismatched = [f"trunk_sid={trunks['self']}&trunk_group_sid={groups['child']}",
                  f"trunk_sid={trunks['self']}&partner_sid={world.sids['child']}",
                  f"trunk_group_sid={groups['child']}&partner_sid={world.sids['self']}",
                  f"trunk_sid={trunks['self']}&trunk_group_sid={trunks['self']}",
                  f"trunk_group_sid={trunks['self']}", f"partner_sid={groups['self']}"]
    for query in mismatched:
        assert world.api["parent"].calls("?" + query).status == 404, query
    for group in groups.values():
        world.root.good("DELETE", f"{GROUPS}/{group}?force=true")


@pytest.mark.parametrize(("scopes", "status"), [
    ("accesscontrol.manage", 200), ("accesscontrol.read", 200), ("accesscontrol.create", 403),
    ("partners.manage", 403)])
def test_scopes(world, scopes, status):
    narrow = Api(world.bed, world.bed.issue(world.bed.seeded("self"), scope=scopes))
    assert narrow.calls().status == narrow("GET", f"{EFFECTIVE}/sms").status == status
    assert narrow.evaluate(call()).status == status
    nobody = world.bed.get(f"{EFFECTIVE}/calls")
    assert nobody.status == 401 and world.bed.request("POST", f"{EFFECTIVE}/evaluate", b"{}").status == 401


# ---- evaluate ----

def test_the_worked_example_of_the_README(world):
    """Its commands, just as they stand there, answer what the text below them says."""
    text = README.read_text().split("### Access control\n")[1]
    blocks = re.findall(r"```sh\n(.*?)```", text, re.DOTALL)[:2]
    script = "set -euo pipefail\n" + "".join(blocks).replace("http://127.0.0.1:8420", world.bed.issuer)
    admin = world.bed.admin
    run = subprocess.run(["bash", "-c", script], capture_output=True, text=True, timeout=60,
                         env={**os.environ, "ADMIN": f"{admin.client_id}:{admin.client_secret}"})
    assert run.returncode == 0, run.stderr
    refusal, = [line for line in run.stdout.splitlines() if line.startswith("Access control lists")]
    assert refusal == f"Access control lists use this rule: partner {world.sids['root']}"
    told = json.loads("[" + ",".join(re.split(r"(?<=[\]}])\n(?=[\[{])", run.stdout.replace(refusal + "\n", ""))) + "]")
    acls, first, inbound, hidden, text_message, look_up, cleared = told
    (premium,), (unknown,) = (one["access_control_rules"] for one in acls)
    assert acls == [acl([premium], "outbound", voice_action_true="reject403"),
                    acl([unknown], voice_action_true="reject503", voice_action_false="accept")]
    assert (first["decision"], first["layer"], first["list"], first["rules"]) == ("reject403", 1, 0, [premium])
    assert inbound == ["accept", True, 1, 1, [], [{"layer": 1, "list": 0, "why": "direction"}]]
    assert hidden == ["reject503", True, 1, 1, [unknown], [{"layer": 1, "list": 0, "why": "unmatched"}]]
    assert text_message == ["accept", False, None, None, [], [
        {"layer": 1, "list": number, "why": "no_action"} for number in (0, 1)]]
    assert look_up["items"] == [{"effective_acls": acls, "layer": 1}] and cleared == []
    assert {world.root("GET", f"{RULES}/{rule}").status for rule in (premium, unknown)} == {404}


def test_a_decision_and_what_made_it(world):
    """Everything that an answer has."""
    api, sid = world.api["self"], world.sids["self"]
    premium = world.api["parent"].rule("called", ["+1900", "+44909"], "prefix")
    known, late = api.rule("calling", ["+15550001"]), api.rule("called", ["^\\+1"], "regexp")
    world.api["parent"].lists(sid, parent_assigned_acls=[
        acl([premium], "inbound", voice_action_true="reject403"),
        acl([premium], "outbound", voice_action_true="reject403")])
    own = [acl([premium], sms_action_true="reject"), acl([known, premium, late], voice_action_true="accept",
                                                         voice_action_false="reject503")]
    api.lists(sid, acls=own)
    assert api.decide(call(called="+19005550100")) == {
        "decision": "reject403", "decided": True, "layer": 1, "list": 1, "object": {"kind": "partner", "sid": sid},
        "field": "parent_assigned_acls", "acl": acl([premium], "outbound", voice_action_true="reject403"),
        "matched": True, "rules": [premium], "passed": [{"layer": 1, "list": 0, "why": "direction"}]}
    found = api.decide(call())
    assert list(found) == ["decision", "decided", "layer", "list", "object", "field", "acl", "matched", "rules",
                           "passed"]
    assert found == {
        "decision": "accept", "decided": True, "layer": 1, "list": 3, "object": {"kind": "partner", "sid": sid},
        "field": "acls", "acl": own[1], "matched": True, "rules": [known, late],
        "passed": [{"layer": 1, "list": 0, "why": "direction"}, {"layer": 1, "list": 1, "why": "unmatched"},
                   {"layer": 1, "list": 2, "why": "no_action"}]}
    found = api.decide(call(calling=None, called="+4420"))
    assert (found["decision"], found["matched"], found["rules"]) == ("reject503", False, [])
    # Seen from below, whose list it was is not said (F-35), but that there is one is.
    below = world.api["child"].decide(call())
    assert below["object"] == {"kind": "partner", "sid": None} and below["acl"] == own[1]


def test_without_a_decision_it_is_accepted(world):
    nothing = {"decision": "accept", "decided": False, "layer": None, "list": None, "object": None, "field": None,
               "acl": None, "matched": None, "rules": [], "passed": []}
    assert world.api["self"].decide(call()) == nothing
    assert world.api["self"].decide(message()) == nothing


def test_a_rule_on_messages_says_nothing_of_calls(world):
    api = world.api["self"]
    rule = api.rule("message", [], quantifier="none")
    api.lists(world.sids["self"], acls=[acl([rule], voice_action_true="reject403", sms_action_true="reject")])
    assert api.decide(call())["decided"] is False
    assert api.decide(message())["decision"] == "reject"


def test_a_change_is_seen_at_once(world):
    """P1: whatever was answered 2xx holds from the next evaluation on."""
    api, sid = world.api["self"], world.sids["self"]
    rule = api.rule("called", ["+15550002"])
    api.lists(sid, acls=[acl([rule], voice_action_true="reject403")])
    for number in range(20):
        entries = ["+15550002"] if number % 2 else [f"+{number}"]
        api.good("PATCH", f"{RULES}/{rule}", {"entries": entries})
        assert api.decide(call())["decided"] is bool(number % 2)
    api.good("DELETE", f"{RULES}/{rule}?force=true")
    assert api.decide(call())["passed"] == [{"layer": 1, "list": 0, "why": "unmatched"}]


def test_all_is_there_after_a_restart(world):
    api, sid = world.api["self"], world.sids["self"]
    rules = [api.rule("called", ["+1900"], "prefix"), api.rule("called", ["^\\+44\\d+$"], "regexp"),
             api.rule("calling", ["+15550009"])]
    group = api.group()
    trunk = api.trunk(group, acls=[acl(rules, voice_action_true="reject503")])
    api.lists(sid, acls=[acl(rules[:1], "inbound", voice_action_true="reject403")])
    items = {"items": [call(called=called, direction=direction, trunk_sid=trunk)
                       for called in ("+19001", "+4420", "+44x") for direction in DIRECTIONS[1:]]}
    before = api.decide(items)
    assert {item["decision"] for item in before["items"]} == {"reject403", "reject503", "accept"}
    layers = api.layers(query=f"?trunk_sid={trunk}")
    world.bed.reload()
    assert api.decide(items) == before
    world.bed.restart()
    assert api.decide(items) == before and api.layers(query=f"?trunk_sid={trunk}") == layers
    world.root.good("DELETE", f"{GROUPS}/{group}?force=true")


def test_a_rule_of_a_hundred_thousand_entries(world):
    api = world.api["self"]
    rule = api.rule("called", [f"+1555{n:07}" for n in range(100_000)])
    api.lists(world.sids["self"], acls=[acl([rule], voice_action_true="reject403")])
    assert api.decide(call(called="+15550099999"))["decision"] == "reject403"
    assert api.decide(call(called="+15550100000"))["decision"] == "accept"


def test_a_pattern_over_its_limit_is_no_decision(world):
    """THREATS-54: neither accepted nor rejected, and nobody else waits for it."""
    api, sid = world.api["self"], world.sids["self"]
    hard = api.rule("called", ["(a+)+$"], "regexp")
    api.lists(sid, acls=[acl([hard], voice_action_true="reject403")])
    value = "a" * 60 + "b"
    reply = api.evaluate(call(called=value))
    assert reply.status == 503 and reply.header("Retry-After") == "1"
    assert reply.json["errors"] == [{"code": "temporarily_unavailable", "field": None,
                                     "message": f"The rule {hard} takes too many steps on this value"}]
    reply = api.evaluate({"items": [call(), call(called=value), call()]})
    assert (reply.status, reply.json["errors"][0]["field"]) == (503, "items[1]")
    assert api.decide(call(called="b"))["decided"] is False
    # Another rule of the list that matches decides all the same.
    easy = api.rule("called", ["aaa"], "prefix")
    api.lists(sid, acls=[acl([hard, easy], voice_action_true="reject403")])
    found = api.decide(call(called=value))
    assert (found["decision"], found["rules"]) == ("reject403", [easy])


def test_a_stored_rule_that_does_not_compile_any_more(world):
    """No failed start and no guess: what hangs on it cannot be told until it is written again."""
    api, sid = world.api["self"], world.sids["self"]
    rule, other = api.rule("called", ["^1"], "regexp"), api.rule("called", ["+2"], "prefix")
    api.lists(sid, acls=[acl([rule, other], voice_action_true="reject403")])
    world.bed.offline("UPDATE acl_rules SET entries = '[\"(\"]' WHERE rule_sid = ?", uuid.UUID(rule).bytes)
    assert f'"rule_not_compiled","rule_sid":"{rule}"' in world.bed.log()
    reply = api.evaluate(call(called="+15"))
    assert reply.status == 503 and rule in reply.json["errors"][0]["message"]
    assert api.decide(call(called="+25"))["rules"] == [other]
    api.good("PATCH", f"{RULES}/{rule}", {"entries": ["^\\+1"]})
    assert api.decide(call(called="+15"))["rules"] == [rule]


def test_a_batch_is_answered_in_its_order(world):
    api = world.api["self"]
    rule = api.rule("called", ["+1"], "prefix")
    api.lists(world.sids["self"], acls=[acl([rule], voice_action_true="reject403")])
    items = [call(called=f"+{1 + n % 2}{n}") for n in range(100)]
    answer = api.decide({"items": items})
    assert list(answer) == ["items"]
    assert [item["decision"] for item in answer["items"]] == ["reject403", "accept"] * 50
    assert answer["items"] == [api.decide(item) for item in items]


def broken(**change):
    body = call()
    body["call"] = {name: value for name, value in {**body["call"], **change}.items() if value is not ...}
    return body


@pytest.mark.parametrize(("body", "status", "field"), [
    ({}, 422, "call"), ({"call": None}, 422, "call"), ({"call": []}, 422, "call"), ({"call": "x"}, 422, "call"),
    ({**call(), **message()}, 422, "message"), ({**call(), "trunk": NOBODY}, 422, "trunk"),
    (broken(direction=...), 422, "call.direction"), (broken(direction="any"), 422, "call.direction"),
    (broken(direction="in"), 422, "call.direction"), (broken(direction=None), 422, "call.direction"),
    (broken(calling=...), 422, "call.calling"), (broken(called=1), 422, "call.called"),
    (broken(called=["1"]), 422, "call.called"), (broken(called="1" * 8193), 422, "call.called"),
    (broken(message="x"), 422, "call.message"), (broken(**{"x" * 5000: "x"}), 422, "call." + "x" * 32),
    (message(trunk_sid=NOBODY), 422, "trunk_sid"), (message(trunk_group_sid=NOBODY), 422, "trunk_group_sid"),
    (call(partner_sid=7), 422, "partner_sid"), (call(partner_sid=NOBODY), 404, "partner_sid"),
    (call(partner_sid=""), 404, "partner_sid"), (call(trunk_sid="x"), 404, "trunk_sid"),
    ({"items": []}, 422, "items"), ({"items": {}}, 422, "items"), ({"items": None}, 422, "items"),
    ({"items": [call()] * 101}, 422, "items"), ({"items": [call()], **call()}, 422, "call"),
    ({"items": [call(), 7]}, 422, "items[1]"), ({"items": [call(), broken(called=1)]}, 422, "items[1].call.called"),
    ({"items": [call(), call(partner_sid=NOBODY)]}, 404, "items[1].partner_sid"),
    ({"items": [{"items": [call()]}]}, 422, "items[0].items"),
    (b"", 400, None), (b"[]", 400, None), (b"{", 400, None), (b'{"call":{"called":"\\u0000"}}', 400, None),
], ids=lambda value: str(value)[:40])
def test_a_question_that_is_none(world, body, status, field):
    reply = world.api["self"].evaluate(body)
    assert reply.status == status, reply.body
    assert field in [error["field"] for error in reply.json["errors"]], reply.body


def test_all_that_is_wrong_is_said_at_once(world):
    reply = world.api["self"].evaluate({"items": [broken(called=1, direction="x"), message(partner_sid=1)]})
    assert [error["field"] for error in reply.json["errors"]] == [
        "items[0].call.called", "items[0].call.direction", "items[1].partner_sid"]


def test_an_answer_that_would_be_too_long(world):
    """Every list that is passed over is named; a full batch of such is more than one answer takes."""
    api = world.api["child"]
    lists = [acl() for _ in range(64)]
    for ref in ("root", *(ref for ref in TREE if ref != "stranger")):
        world.root.lists(world.sids[ref], acls=lists, **({} if ref == "root" else {"parent_assigned_acls": lists}))
    group = api.group(acls=lists)
    question = call(trunk_sid=api.trunk(group, acls=lists))
    assert len(api.decide(question)["passed"]) == 9 * 64
    reply = api.evaluate({"items": [question] * 100})
    assert (reply.status, reply.json["errors"][0]["field"]) == (422, "items")
    assert len(api.decide({"items": [question] * 50})["items"]) == 50
    world.root.good("DELETE", f"{GROUPS}/{group}?force=true")


def test_evaluations_are_counted_by_their_result(world):
    api, sid = world.api["self"], world.sids["self"]

    def counted():
        text = world.bed.get("/metrics", admin=True).body.decode()
        found = dict(re.findall(r"^(scopemint_acl_\S+) (\d+)$", text, re.MULTILINE))
        return {name: int(value) for name, value in found.items()}

    before = counted()
    hard, easy = api.rule("called", ["(a+)+$"], "regexp"), api.rule("called", ["+1"], "prefix")
    api.lists(sid, acls=[acl([hard, easy], voice_action_true="reject403")])
    api.decide({"items": [call(called="+1"), call(called="+2"), message()]})
    assert api.evaluate({"items": [call(called="+1"), call(called="a" * 60 + "b"), call()]}).status == 503
    assert api.evaluate(broken(called=1)).status == 422
    after = counted()
    assert {name: after[name] - before[name] for name in after} == {
        'scopemint_acl_evaluations_total{result="decided"}': 2,
        'scopemint_acl_evaluations_total{result="undecided"}': 2,
        'scopemint_acl_evaluations_total{result="cannot_tell"}': 1,
        "scopemint_acl_rules": 2, "scopemint_acl_objects": 1}


# ---- against a naive reference ----

def naive_matches(rule, subject):
    value = subject.get(rule["field"])
    if value is None:
        return False
    holds = {"exact": lambda entry: value == entry, "prefix": value.startswith,
             "regexp": lambda entry: re.search(entry, value) is not None}[rule["operation"]]
    found = [holds(entry) for entry in rule["entries"]]
    return {"all": all(found), "any": any(found), "none": not any(found)}[rule["quantifier"]]


def naive_decision(layers, rules, question):
    """As the page says it: layers of lists from the top down; the first action that is not null decides."""
    kind = "voice" if "call" in question else "sms"
    subject = question.get("call") or question["message"]
    for layer, lists in enumerate(layers, 1):
        for number, one in enumerate(lists):
            if one["direction"] not in ("any", subject["direction"]):
                continue
            matching = [sid for sid in one["access_control_rules"]
                        if rules[sid]["field"] in FIELDS[kind] and naive_matches(rules[sid], subject)]
            action = one[f"{kind}_action_{'true' if matching else 'false'}"]
            if action is not None:
                return action, layer, number, matching
    return "accept", None, None, []


FIELDS = {"voice": ["calling", "called"], "sms": ["from", "to", "message"]}


class Random:
    """One random tree: its rules, its lists and where they stand."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.rules, self.owner = {}, {}
        for ref in ("root", *TREE):
            for _ in range(rng.randint(0, 4)):
                self.make_rule(ref)
        self.lists = {(ref, field): self.random_lists(ref) for ref in ("root", *TREE)
                      for field in ("acls", "parent_assigned_acls") if (ref, field) != ("root", "parent_assigned_acls")}
        for (ref, field), lists in self.lists.items():
            world.root.lists(world.sids[ref], **{field: lists})
        self.groups = [self.make_group(ref) for ref in ("self", "child", "stranger")]

    def text(self):
        return "".join(self.rng.choices("+12", k=self.rng.randint(0, 3)))

    def make_rule(self, ref):
        operation = self.rng.choice(["exact", "prefix", "regexp"])
        entries = [self.text() for _ in range(self.rng.randint(0, 3))]
        if operation == "regexp":
            entries = [self.rng.choice(["", "^"]) + re.escape(entry) + self.rng.choice(["", "$"]) for entry in entries]
        rule = {"field": self.rng.choice(FIELDS["voice"] + FIELDS["sms"]), "operation": operation,
                "quantifier": self.rng.choice(["all", "any", "none"]), "entries": entries}
        api = self.world.root if ref == "root" else self.world.api[ref]
        sid = api.good("POST", RULES, rule)["rule_sid"]
        self.rules[sid], self.owner[sid] = rule, ref

    def chain(self, ref):
        return ["root"] if ref == "root" else [*self.chain(TREE[ref]), ref]

    def random_lists(self, ref, sms=True):
        seen = [sid for sid, owner in self.owner.items() if owner in self.chain(ref)]
        actions = {"voice_action_true": VOICE, "voice_action_false": VOICE}
        if sms:
            actions |= {"sms_action_true": SMS, "sms_action_false": SMS}
        return [acl(self.rng.sample(seen, self.rng.randint(0, min(3, len(seen)))), self.rng.choice(DIRECTIONS),
                    **{name: self.rng.choice([None, *values]) for name, values in actions.items()})
                for _ in range(self.rng.choice([0, 0, 1, 2, 3]))]

    def make_group(self, ref):
        api = self.world.api[ref]
        of_group, of_trunk = self.random_lists(ref, sms=False), self.random_lists(ref, sms=False)
        group = api.group(acls=of_group)
        return ref, group, api.trunk(group, acls=of_trunk), of_group, of_trunk

    def layers(self, ref, group=None, with_trunk=False):
        """All lists of each that has some, in order."""
        layers = [self.lists.get((each, "parent_assigned_acls"), []) + self.lists[each, "acls"]
                  for each in self.chain(ref)]
        if group is not None:
            layers.append(group[3])
        if with_trunk:
            layers.append(group[4])
        return [lists for lists in layers if lists]

    def question(self):
        """What is asked, by whom, and the layers that it goes through."""
        direction = self.rng.choice(DIRECTIONS[1:])
        values = [self.rng.choice([None, self.text(), self.text(), self.text()]) for _ in range(3)]
        if self.rng.random() < 0.5:
            ref = self.rng.choice(list(TREE))
            asked = message(*values, direction=direction, partner_sid=self.world.sids[ref])
            return asked, self.layers(ref)
        asked = call(*values[:2], direction=direction)
        way = self.rng.randrange(3)
        if way == 0:
            ref = self.rng.choice(list(TREE))
            return {**asked, "partner_sid": self.world.sids[ref]}, self.layers(ref)
        group = self.rng.choice(self.groups)
        if way == 1:
            return {**asked, "trunk_group_sid": group[1]}, self.layers(group[0], group)
        return {**asked, "trunk_sid": group[2]}, self.layers(group[0], group, with_trunk=True)

    def clear(self):
        for _, group, *_ in self.groups:
            self.world.root.good("DELETE", f"{GROUPS}/{group}?force=true")


@pytest.mark.parametrize("number", range(TREES))
def test_random_trees_decide_as_the_page_says(world, number):
    rng = random.Random(SEEDED + number)
    tree = Random(world, rng)
    asked = [tree.question() for _ in range(QUESTIONS)]
    answers = world.root.decide({"items": [question for question, _ in asked]})["items"]
    for (question, layers), answer in zip(asked, answers, strict=True):
        action, layer, number, rules = naive_decision(layers, tree.rules, question)
        assert (answer["decision"], answer["layer"], answer["list"], answer["rules"]) == (
            action, layer, number, rules), (question, layers, answer)
        assert answer["decided"] is (layer is not None)
        if layer is not None:
            assert answer["acl"] == layers[layer - 1][number]
        before = [(at, one) for at, lists in enumerate(layers, 1) for one in range(len(lists))
                  if layer is None or (at, one) < (layer, number)]
        assert [(each["layer"], each["list"]) for each in answer["passed"]] == before
    for ref in TREE:  # and the look-up shows what they went through
        assert world.root.layers(query=f"?partner_sid={world.sids[ref]}") == tree.layers(ref)
    tree.clear()
