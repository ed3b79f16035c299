"""/core/v2/accesscontrol/effective_acl, the two look-ups: just as the page's samples are, layers from the root to the
trunk, whose SIDs are known to whom. SPEC 9; SEEDS 1.10; THREATS-54. Deciding stands in test_evaluate.py."""

import itertools
import json
import re

import pytest

from access_control import DIRECTIONS, EFFECTIVE, GROUPS, VOICE, AccessControl, acl, call
from family import TREE, UNKNOWN

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
    ("sms", "trunk_sid=" + UNKNOWN, 422, "trunk_sid"), ("sms", "trunk_group_sid=" + UNKNOWN, 422, "trunk_group_sid"),
    ("calls", "partner_sid=" + UNKNOWN, 404, "partner_sid"), ("calls", "partner_sid=x", 404, "partner_sid"),
    ("calls", "trunk_sid=" + UNKNOWN, 404, "trunk_sid"), ("calls", "trunk_sid=%00", 404, "trunk_sid"),
    ("calls", "trunk_group_sid=" + UNKNOWN.upper(), 404, "trunk_group_sid"),
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
    narrow = AccessControl(world.bed, world.bed.issue(world.bed.seeded("self"), scope=scopes))
    assert narrow.calls().status == narrow("GET", f"{EFFECTIVE}/sms").status == status
    assert narrow.evaluate(call()).status == status
    nobody = world.bed.get(f"{EFFECTIVE}/calls")
    assert nobody.status == 401 and world.bed.request("POST", f"{EFFECTIVE}/evaluate", b"{}").status == 401
