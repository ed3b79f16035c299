"""The access control lists of trunk groups and of trunks: every word and null, the rules that they may name, how a rule
goes out of them, and what the audit log tells of it. SPEC 9; SEEDS 1.10; THREATS-54."""

import itertools
import uuid

import pytest

from trunks import LIST, Trunks, named, records, tree_of

ACTIONS = {"voice_action_true": ["accept", "reject403", "reject503", None],
           "voice_action_false": ["accept", "reject403", "reject503", None],
           "sms_action_true": [None], "sms_action_false": [None],
           "direction": ["any", "inbound", "outbound", "undirected"]}
WORDS = ["any", "inbound", "outbound", "undirected", "accept", "reject", "reject403", "reject503", "Accept", "", None, 1,
         True, [], {}]


@pytest.fixture(scope="module")
def root(bed):
    return Trunks(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def tree(root):
    return tree_of(root)


@pytest.mark.parametrize("is_trunk", [False, True])
@pytest.mark.parametrize("member", ACTIONS)
def test_every_word_and_null(root, member, is_trunk):
    """The enumerations by their nullability; an SMS action is null on trunks and their groups (SPEC 9)."""
    path, _ = root.group()
    if is_trunk:
        path, _ = root.trunk(path)
    before = root("GET", path).json
    for method, word in itertools.product(("PATCH", "PUT", "POST"), WORDS):
        body = {"acls": [{**LIST, member: word}]}
        if method == "POST":
            reply = root("POST", path.rsplit("/", 1)[0], body)
        else:
            reply = root(method, path, {**before, **body} if method == "PUT" else body)
        if any(word is taken or (isinstance(word, str) and word == taken) for taken in ACTIONS[member]):
            assert reply.status == 200 and reply.json["acls"] == [{**LIST, member: word}], word
        else:
            assert named(reply, 422) == [f"acls[0].{member}"], (method, word)
    bare = root("PATCH", path, {"acls": [{"access_control_rules": []}]})
    assert bare.json["acls"] == [{**dict.fromkeys(LIST), "access_control_rules": [], "direction": "any"}]
    assert list(bare.json["acls"][0]) == list(LIST), "in the order of the page"


@pytest.mark.parametrize("is_trunk", [False, True])
def test_bad_lists_change_nothing(root, is_trunk):
    path, _ = root.group(acls=[LIST])
    if is_trunk:
        path, _ = root.trunk(path, acls=[LIST])
    before, rule = root("GET", path).json, root.rule()

    def rules(value):
        return [{**LIST, "access_control_rules": value}]

    for acls, field in ((None, "acls"), ({}, "acls"), ("x", "acls"), ([LIST] * 65, "acls"), ([1], "acls[0]"),
                        ([LIST, {**LIST, "x": 1}], "acls[1].x"),
                        (rules(None), "acls[0].access_control_rules"), (rules([1]), "acls[0].access_control_rules"),
                        (rules([rule, rule]), "acls[0].access_control_rules"),
                        (rules([rule.upper()]), "acls[0].access_control_rules"),
                        (rules([str(uuid.uuid4())]), "acls[0].access_control_rules"),
                        (rules([rule] * 1001), "acls[0].access_control_rules")):
        for method, body in (("PATCH", {"name": "Changed", "acls": acls}), ("PUT", {**before, "acls": acls}),
                             ("POST", {"acls": acls})):
            where = path if method != "POST" else path.rsplit("/", 1)[0] if is_trunk else ""
            assert named(root(method, where, body), 422) == [field], (method, field)
    assert root("GET", path).json == before


def test_rules_are_those_of_the_partner_and_above(tree):
    """One that is not there and one that is not to be seen are refused alike (THREATS-54)."""
    rules = {place: caller.rule() for place, (_, caller) in tree.items()}
    rules["nobody"] = str(uuid.uuid4())
    own_sid = tree["self"][0]
    texts = set()
    for asker in ("parent", "self"):
        caller = tree[asker][1]
        path, _ = caller.group(partner_sid=own_sid)
        trunk, _ = caller.trunk(path)
        for place, rule in rules.items():
            acls = [{**LIST, "access_control_rules": [rule]}]
            for method, where, body in (("PATCH", path, {}), ("PATCH", trunk, {}), ("POST", path + "/trunks", {}),
                                        ("POST", "", {"partner_sid": own_sid})):
                reply = caller(method, where, {**body, "acls": acls})
                if place in ("parent", "self"):
                    assert reply.status == 200 and reply.json["acls"] == acls, (asker, place, reply.body)
                else:
                    assert named(reply, 422) == ["acls[0].access_control_rules"]
                    texts.add(reply.json["errors"][0]["message"])
    assert len(texts) == 1


def test_the_log_tells_what_changed(bed, root):
    path, group = root.group(acls=[LIST])
    trunk, made = root.trunk(path)
    root("PATCH", trunk, {"name": "Renamed", "acls": [LIST]})
    root("PATCH", trunk, {"name": "Renamed"})
    root("PATCH", path, {"acls": []})
    root("DELETE", trunk)
    told = records(bed, made["trunk_sid"])
    assert [record["action"] for record in told] == ["trunk.create", "trunk.update", "trunk.delete"]
    assert told[1]["detail"] == {"before": {"name": "Trunk", "acls": []}, "after": {"name": "Renamed", "acls": [LIST]}}
    assert {record["partner_sid"] for record in told} == {bed.facts["partner_sid"]}
    told = records(bed, group["trunk_group_sid"])
    assert told[1]["action"] == "trunk_group.update"
    assert told[1]["detail"] == {"before": {"acls": [LIST]}, "after": {"acls": []}}


def test_the_log_tells_each_that_loses_a_rule(bed, root, tree):
    """With force=true a rule goes out of lists of a group and of a trunk too: a record for each, and its partner's."""
    sid = tree["self"][0]
    rule, other = root.rule(), root.rule()
    used, unused = {**LIST, "access_control_rules": [other, rule]}, {**LIST, "access_control_rules": [other]}
    path, group = root.group(partner_sid=sid, acls=[used, unused, used])
    trunk, made = root.trunk(path, acls=[unused, used])
    assert root("DELETE", f"/core/v2/accesscontrol/rules/{rule}?force=true").status == 204
    assert root("GET", path).json["acls"] == [unused] * 3 and root("GET", trunk).json["acls"] == [unused] * 2
    for action, where, lists in (("trunk_group.update", group["trunk_group_sid"], [0, 2]),
                                 ("trunk.update", made["trunk_sid"], [1])):
        record = records(bed, where)[-1]
        assert (record["action"], record["partner_sid"]) == (action, sid)
        assert record["detail"] == {"detached": {"rule_sid": rule, "acls": lists}}
    assert root("DELETE", path + "?force=true").status == 204


def test_a_rule_goes_out_of_a_thousand_lists_at_once(root):
    """As many objects as one deletion takes it out of, each with its record; of one more it is 409."""
    rule = root.rule()
    trunk = {"acls": [{**LIST, "access_control_rules": [rule]}]}
    groups = [root.group(trunks=[trunk] * count)[0] for count in (256, 256, 256, 233)]
    path = f"/core/v2/accesscontrol/rules/{rule}"
    message = root("DELETE", path).json["errors"][0]["message"]
    assert message.count("trunk ") == 8 and message.endswith(" and 993 more")
    reply = root("DELETE", path + "?force=true")
    assert named(reply, 409) == [""] and "at most 1000" in reply.json["errors"][0]["message"]
    assert root("DELETE", f"{groups[0]}/trunks/{root('GET', groups[0]).json['trunks'][0]}").status == 204
    head = root("GET", "/core/v2/admin/audit/head").json
    assert root("DELETE", path + "?force=true").status == 204
    assert root("GET", "/core/v2/admin/audit/head").json["seq"] == head["seq"] + 1001
    for group in groups:
        page = root("GET", group + "/trunks?limit=1000&include_fields=acls").json
        assert all(item == {"acls": [LIST]} for item in page["items"])
        assert root("DELETE", group + "?force=true").status == 204
