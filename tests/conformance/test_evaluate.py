"""/core/v2/accesscontrol/effective_acl/evaluate: an answer and what made it, batches, questions that are none, patterns
that take too long. SPEC 9; SEEDS 1.10; THREATS-54. Random trees stand in test_evaluate_random.py."""

import json
import os
import re
import subprocess
import uuid

import pytest

from access_control import DIRECTIONS, GROUPS, RULES, acl, call, message
from family import TREE, UNKNOWN
from testbed import ROOT


def test_the_worked_example_of_the_README(world):
    """Its commands, just as they stand there, answer what the text below them says."""
    text = (ROOT / "README.md").read_text().split("### Access control\n")[1]
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
    ({**call(), **message()}, 422, "message"), ({**call(), "trunk": UNKNOWN}, 422, "trunk"),
    (broken(direction=...), 422, "call.direction"), (broken(direction="any"), 422, "call.direction"),
    (broken(direction="in"), 422, "call.direction"), (broken(direction=None), 422, "call.direction"),
    (broken(calling=...), 422, "call.calling"), (broken(called=1), 422, "call.called"),
    (broken(called=["1"]), 422, "call.called"), (broken(called="1" * 8193), 422, "call.called"),
    (broken(message="x"), 422, "call.message"), (broken(**{"x" * 5000: "x"}), 422, "call." + "x" * 32),
    (message(trunk_sid=UNKNOWN), 422, "trunk_sid"), (message(trunk_group_sid=UNKNOWN), 422, "trunk_group_sid"),
    (call(partner_sid=7), 422, "partner_sid"), (call(partner_sid=UNKNOWN), 404, "partner_sid"),
    (call(partner_sid=""), 404, "partner_sid"), (call(trunk_sid="x"), 404, "trunk_sid"),
    ({"items": []}, 422, "items"), ({"items": {}}, 422, "items"), ({"items": None}, 422, "items"),
    ({"items": [call()] * 101}, 422, "items"), ({"items": [call()], **call()}, 422, "call"),
    ({"items": [call(), 7]}, 422, "items[1]"), ({"items": [call(), broken(called=1)]}, 422, "items[1].call.called"),
    ({"items": [call(), call(partner_sid=UNKNOWN)]}, 404, "items[1].partner_sid"),
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
