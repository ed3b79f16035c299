"""/core/v2/trunk_groups and their trunks: an object's life, scopes of two families, who sees what, bad input, races, and
the access control lists that stand in them. SPEC 5 and 9; SEEDS 1.10; THREATS-54."""

import concurrent.futures
import itertools
import json
import sqlite3
import uuid

import pytest

from caller import Caller
from testbed import Client

GROUPS = "/core/v2/trunk_groups"
MANY = 8
RULE = {"field": "calling", "operation": "exact", "quantifier": "any", "entries": ["+12025550100"]}
LIST = {"access_control_rules": [], "direction": "inbound", "sms_action_false": None, "sms_action_true": None,
        "voice_action_false": "reject403", "voice_action_true": "accept"}
FAMILIES = ["trunk_groups", "trunk_groups.trunks"]


class Api(Caller):
    """The API as one caller sees it."""

    def __call__(self, method, path="", body=None, **headers):
        return self.send(method, path if path.startswith("/core") else GROUPS + path, body, **headers)

    def make(self, path="", **body):
        reply = self("POST", path, body)
        assert reply.status == 200, reply.body
        return reply.json

    def group(self, **body):
        made = self.make(**{"name": "Group", **body})
        return "/" + made["trunk_group_sid"], made

    def trunk(self, group, **body):
        made = self.make(group + "/trunks", **{"name": "Trunk", **body})
        return f"{group}/trunks/{made['trunk_sid']}", made

    def rule(self, **body):
        return self.make("/core/v2/accesscontrol/rules", **RULE, **body)["rule_sid"]


def application(bed, scopes, partner_sid=None):
    """A caller of that partner, with these scopes alone."""
    body = {"scopes": scopes, **({"partner_sid": partner_sid} if partner_sid else {})}
    reply = Api(bed, bed.issue(bed.admin))("POST", "/core/v2/applications", body)
    assert reply.status == 200, reply.body
    return Api(bed, bed.issue(Client(reply.json["client_id"], reply.json["client_secret"])))


def everything(bed, partner_sid):
    return application(bed, ["accesscontrol.manage", *(f"{family}.manage" for family in FAMILIES)], partner_sid)


@pytest.fixture(scope="module")
def root(bed):
    return Api(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def tree(bed, root):
    """Callers by their place: each may do everything, where it sees anything."""
    def partner(parent_sid, **body):
        made = root("POST", "/core/v2/partners", {
            "name": "Of the trunks", "parent_sid": parent_sid, "skip_email_verification": True,
            "skip_partner_review": True, **body})
        assert made.status == 200, made.body
        return made.json["partner_sid"]

    own = partner(bed.facts["partner_sid"])
    sids = {"parent": bed.facts["partner_sid"], "self": own, "child": partner(own),
            "stranger": partner(bed.facts["partner_sid"])}
    return {place: (sid, everything(bed, sid)) for place, sid in sids.items()}


def named(reply, status):
    """The fields of an answer's errors."""
    assert reply.status == status, reply.body
    return sorted(error["field"] or "" for error in reply.json["errors"])


def records(bed, sid):
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        return [json.loads(row[0]) for row in link.execute(
            "SELECT record FROM audit WHERE record LIKE ? ORDER BY seq", (f'%"object":"{sid}"%',))]


# ---- an object's life ----


def test_created_with_defaults_and_shown(bed, root):
    reply = root("POST", body={})
    assert reply.status == 200 and reply.header("ETag") == '"1"'
    group = reply.json
    assert group == {
        "trunk_group_sid": group["trunk_group_sid"], "partner_sid": bed.facts["partner_sid"],
        "name": group["trunk_group_sid"], "acls": [], "trunks": [], "date_created": group["date_created"],
        "date_updated": group["date_created"]}
    assert list(group) == ["trunk_group_sid", "partner_sid", "name", "acls", "trunks", "date_created", "date_updated"]
    path = "/" + group["trunk_group_sid"]
    assert root("GET", path).json == group
    related = root("GET", path + "?with_related=true&include_fields=partner").json
    assert related == {"partner": {"partner_sid": group["partner_sid"], "name": "root", "status": "active"}}
    reply = root("POST", path + "/trunks", {})
    assert reply.status == 200 and reply.header("ETag") == '"1"'
    trunk = reply.json
    assert trunk == {
        "trunk_sid": trunk["trunk_sid"], "trunk_group_sid": group["trunk_group_sid"], "name": trunk["trunk_sid"],
        "acls": [], "date_created": trunk["date_created"], "date_updated": trunk["date_created"]}
    assert root("GET", f"{path}/trunks/{trunk['trunk_sid']}").json == trunk
    assert root("GET", path).json["trunks"] == [trunk["trunk_sid"]]


@pytest.mark.parametrize("is_trunk", [False, True])
def test_changed_whole_and_in_part(root, is_trunk):
    """GET, edit, PUT; a change of nothing is none; If-Match."""
    path, _ = root.group()
    if is_trunk:
        path, _ = root.trunk(path)
    before = root("GET", path)
    same = root("PUT", path, before.json)
    assert same.status == 200 and same.json == before.json and same.header("ETag") == '"1"'
    assert root("PATCH", path, {}).header("ETag") == '"1"'
    edited = {**before.json, "name": "Other", "acls": [LIST]}
    changed = root("PUT", path, edited)
    assert changed.status == 200 and changed.header("ETag") == '"2"'
    assert changed.json == {**edited, "date_updated": changed.json["date_updated"]}
    assert root("PUT", path, changed.json).header("ETag") == '"2"', "with lists it is the same still"
    assert root("PATCH", path, {"name": "Third"}).json["acls"] == [LIST]
    assert root("PATCH", path, {"name": "Late"}, If_Match='"2"').status == 412
    assert root("PUT", path, b"{", If_Match='"2"', Content_Type="application/json").status == 400
    assert root("DELETE", path, If_Match='"2"').status == 412
    assert root("PATCH", path, {"acls": []}, If_Match='"9", "3"').json["acls"] == []
    assert root("DELETE", path, If_Match='"4"').status == 204
    assert root("DELETE", path).status == 404 and root("GET", path).status == 404


def test_created_with_trunks(bed, root):
    """In one step, all or nothing."""
    rule = root.rule()
    path, group = root.group(acls=[LIST], trunks=[{"name": "First"}, {}, {"acls": [{**LIST, "access_control_rules": [rule]}]}])
    assert len(group["trunks"]) == 3 and group["trunks"] == sorted(group["trunks"])
    listed = root("GET", path + "/trunks").json
    assert [item["trunk_sid"] for item in listed["items"]] == group["trunks"] and listed["total"] == 3
    assert [item["name"] for item in listed["items"]] == ["First", *group["trunks"][1:]]
    assert listed["items"][2]["acls"] == [{**LIST, "access_control_rules": [rule]}]
    assert root("GET", path).header("ETag") == '"1"'
    record, = records(bed, group["trunk_group_sid"])
    assert record["action"] == "trunk_group.create"
    assert record["detail"]["after"]["trunks"] == group["trunks"]
    for item in listed["items"]:
        told, = records(bed, item["trunk_sid"])
        assert (told["action"], told["partner_sid"]) == ("trunk.create", group["partner_sid"])
        assert told["detail"] == {"after": {name: item[name] for name in item if name != "date_updated"}}
    assert root("DELETE", path + "?force=true").status == 204
    for sid in group["trunks"]:
        told = records(bed, sid)[-1]
        assert (told["action"], told["detail"]) == (
            "trunk.delete", {"before": {"trunk_group_sid": group["trunk_group_sid"]}})
    total = root("GET", "?limit=1").json["total"]
    reply = root("POST", body={"name": "", "acls": [{}], "trunks": [
        {}, {"name": 1, "x": 1}, "trunk", {"acls": [{"access_control_rules": [], "direction": "up"}]},
        {"trunk_sid": group["trunks"][0]}]})
    assert named(reply, 422) == [
        "acls[0].access_control_rules", "name", "trunks[1].name", "trunks[1].x", "trunks[2]",
        "trunks[3].acls[0].direction", "trunks[4].trunk_sid"]
    assert root("GET", "?limit=1").json["total"] == total


def test_a_group_of_many_trunks(bed, root):
    path, group = root.group(trunks=[{"name": f"n{i:03}"} for i in range(256)])
    reply = root("POST", path + "/trunks", {})
    assert named(reply, 409) == [""] and "256" in reply.json["errors"][0]["message"]
    assert named(root("POST", body={"trunks": [{}] * 257}), 422) == ["trunks"]
    assert len(records(bed, group["trunk_group_sid"])[0]["detail"]["after"]["trunks"]) == 256
    seen, page = [], path + "/trunks?limit=100&order=name+desc"
    while page:
        answer = root("GET", page).json
        seen += [item["name"] for item in answer["items"]]
        page = answer["pagination"].get("next", "").removeprefix(bed.issuer)
    assert seen == [f"n{i:03}" for i in reversed(range(256))]
    refusal = root("DELETE", path)
    assert named(refusal, 409) == [""]
    message = refusal.json["errors"][0]["message"]
    assert all(sid in message for sid in group["trunks"][:8]) and "248 more" in message
    head = root("GET", "/core/v2/admin/audit/head").json
    assert root("DELETE", path + "?force=true").status == 204
    assert len(records(bed, group["trunk_group_sid"])[1]["detail"]["before"]["trunks"]) == 256
    assert root("GET", "/core/v2/admin/audit/head").json["seq"] == head["seq"] + 257


def test_deleted_with_its_trunks_by_force_alone(bed, root):
    path, group = root.group()
    trunk, made = root.trunk(path)
    for query in ("", "?force=false"):
        reply = root("DELETE", path + query)
        assert named(reply, 409) == [""] and made["trunk_sid"] in reply.json["errors"][0]["message"]
    for query in ("?force=yes", "?force=1"):
        assert named(root("DELETE", path + query), 422) == ["force"]
    assert root("DELETE", path + "?force=true&force=true").status == 400
    assert root("DELETE", path + "?force=true", If_Match='"1"').status == 412, "the trunk came since"
    assert root("GET", trunk).status == 200
    assert root("DELETE", path + "?force=true").status == 204
    for gone in (path, trunk, path + "/trunks"):
        assert root("GET", gone).status == 404
    assert root("POST", path + "/trunks", {}).status == 404
    assert [record["action"] for record in records(bed, group["trunk_group_sid"])] == [
        "trunk_group.create", "trunk_group.delete"]
    path, _ = root.group()
    trunk, _ = root.trunk(path)
    assert root("DELETE", trunk).status == 204 and root("DELETE", path).status == 204


def test_listed(bed, root, tree):
    sid, own = tree["self"]
    made = [own.group(name=f"Listed {i}")[1] for i in range(3)]
    page = root("GET", f"?filter=name+like+'Listed+%25'+and+partner_sid+eq+{sid}&order=name+desc"
                       "&include_fields=trunk_group_sid")
    assert page.status == 200, page.body
    assert page.json["items"] == [{"trunk_group_sid": item["trunk_group_sid"]} for item in reversed(made)]
    assert page.json["total"] == 3
    for query in ("filter=acls+eq+x", "order=trunks", "limit=0", "offset=1&after=x", "include_fields=nothing"):
        assert root("GET", "?" + query).status in (400, 422), query
        assert root("GET", f"/{made[0]['trunk_group_sid']}/trunks?{query}").status in (400, 422), query
    assert {item["trunk_group_sid"] for item in made} == {
        item["trunk_group_sid"] for item in own("GET", "?filter=name+like+'Listed+%25'").json["items"]}


@pytest.mark.parametrize("is_trunk", [False, True])
def test_every_indexed_attribute_orders_and_filters(tree, is_trunk):
    """And no other; pages follow each other in any order, with the fields that were asked for."""
    sid, own = tree["stranger"]
    base, key, indexed = "", "trunk_group_sid", ["trunk_group_sid", "partner_sid", "name", "date_created", "date_updated"]
    if is_trunk:
        base, key = own.group()[0] + "/trunks", "trunk_sid"
        indexed = ["trunk_sid", "name", "date_created", "date_updated"]
    made = [own.make(base, name=f"Indexed {i % 3}") for i in range(5)]
    ours = "filter=name+like+'Indexed+%25'"
    for attribute, direction in itertools.product(indexed, ("asc", "desc")):
        seen, query = [], f"?{ours}&limit=2&order={attribute}+{direction}&exclude_fields=acls"
        while query:
            page = own("GET", base + query).json
            assert page["total"] == 5 and page["count"] == len(page["items"]) <= 2
            seen += page["items"]
            query = page["pagination"].get("next")
            query = query and query[query.index("?"):]
        assert sorted(item[key] for item in seen) == sorted(item[key] for item in made)
        assert not any("acls" in item for item in seen)
        values = [item[attribute] for item in seen]
        assert values == sorted(values, reverse=direction == "desc")
        first = values[0].replace(" ", "+")
        found = own("GET", f"{base}?{ours}+and+{attribute}+eq+'{first}'&limit=1000").json["items"]
        assert sorted(item[key] for item in found) == sorted(item[key] for item in made if item[attribute] == values[0])
    for attribute in {*made[0], "revision"} - {*indexed}:
        for query in (f"order={attribute}", f"filter={attribute}+eq+x"):
            refusal = own("GET", f"{base}?{query}")
            assert refusal.status == 422 and ", ".join(indexed) in refusal.json["errors"][0]["message"], refusal.body
    for item in made if not is_trunk else []:
        assert own("DELETE", "/" + item[key]).status == 204


def test_a_list_of_the_longest_lists_goes_on(root, tree):
    """A page that gets too large ends early; nothing of it is lost."""
    sid, own = tree["child"]
    rules = [own.rule() for _ in range(1200)]
    lists = [{**LIST, "access_control_rules": rules[:1000]}, {**LIST, "access_control_rules": rules[1000:]}]
    made = [own.group(acls=lists)[1]["trunk_group_sid"] for _ in range(30)]
    one = own("GET", "/" + made[0])
    assert own("PUT", "/" + made[0], one.json).header("ETag") == '"1"', "what GET shows is taken by PUT"
    seen, query = [], "?limit=1000&include_fields=trunk_group_sid,acls&order=trunk_group_sid"
    while query:
        reply = own("GET", query)
        assert reply.status == 200, reply.body
        seen += [item["trunk_group_sid"] for item in reply.json["items"] if item["acls"] == lists]
        query = reply.json["pagination"].get("next")
        query = query and query[query.index("?"):]
    assert seen == made
    assert named(own("PATCH", "/" + made[0], {"acls": [*lists, {**LIST, "access_control_rules": rules[:1]}]}), 422) == [
        "acls"]


# ---- access control lists ----

ACTIONS = {"voice_action_true": ["accept", "reject403", "reject503", None],
           "voice_action_false": ["accept", "reject403", "reject503", None],
           "sms_action_true": [None], "sms_action_false": [None],
           "direction": ["any", "inbound", "outbound", "undirected"]}
WORDS = ["any", "inbound", "outbound", "undirected", "accept", "reject", "reject403", "reject503", "Accept", "", None, 1,
         True, [], {}]


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


def test_a_rule_goes_out_of_a_thousand_lists_at_once(bed, root):
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


# ---- who may, and whose ----

VERBS = [("GET", "", None, "read"), ("POST", "", {}, "create"), ("GET", "/{}", None, "read"),
         ("PATCH", "/{}", {"name": "x"}, "update"), ("PUT", "/{}", {"name": "y", "acls": []}, "update"),
         ("DELETE", "/{}", None, "delete")]


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("held", ["manage", "create", "read", "update", "delete", None])
def test_each_verb_needs_its_scope(bed, root, family, held):
    """A scope speaks of its own family alone: trunk_groups.manage says nothing about trunks, nor the other way."""
    caller = application(bed, ["calls.read", *([f"{family}.{held}"] if held else [])])
    for other in FAMILIES:
        for method, pattern, body, verb in VERBS:
            group, _ = root.group()
            sid = group[1:]
            if other != FAMILIES[0]:
                trunk, made = root.trunk(group)
                sid, pattern = made["trunk_sid"], f"{group}/trunks{pattern}"
            reply = caller(method, pattern.format(sid), body)
            if family == other and held in ("manage", verb):
                assert reply.status in (200, 204), (method, pattern, reply.body)
            else:
                assert reply.status == 403, (other, method, reply.body)
                assert f"{other}.manage, {other}.{verb}" in reply.json["errors"][0]["message"]
                assert reply.header("WWW-Authenticate").endswith(f'scope="{other}.manage {other}.{verb}"')


@pytest.mark.parametrize("groups", ["manage", "verb", None])
@pytest.mark.parametrize("trunks", ["manage", "verb", None])
def test_both_families_make_and_delete_both(bed, root, groups, trunks):
    def scopes(verb):
        return [f"{family}.{verb if held == 'verb' else held}"
                for family, held in zip(FAMILIES, (groups, trunks)) if held]

    may = bool(groups and trunks)
    total = root("GET", "?limit=1").json["total"]
    maker = application(bed, ["calls.read", *scopes("create")])
    reply = maker("POST", body={"trunks": [{"name": "x"}]})
    assert reply.status == (200 if may else 403), reply.body
    assert root("GET", "?limit=1").json["total"] == total + may
    if groups:
        assert maker("POST", body={"trunks": []}).status == 200, "without trunks nothing is asked about them"
    if groups and not trunks:
        assert reply.header("WWW-Authenticate").endswith('scope="trunk_groups.trunks.manage trunk_groups.trunks.create"')
        assert maker("POST", body={"trunks": 1}).status == 422
        assert maker("POST", body={"trunks": [1], "x": 1}).status == 403, "who may not is told first"
    ender = application(bed, ["calls.read", *scopes("delete")])
    path, _ = root.group(trunks=[{}])
    assert ender("DELETE", path + "?force=true").status == (204 if may else 403)
    assert root("GET", path).status == (404 if may else 200)
    if groups and not may:
        assert ender("DELETE", path).status == 409


PLACES = ["parent", "self", "child", "stranger"]


@pytest.mark.parametrize("asker", PLACES)
@pytest.mark.parametrize("owner", PLACES)
def test_partners_see_their_own_subtree(tree, asker, owner):
    """The caller's own and what lies below; above, beside and nowhere are 404 alike, for every verb."""
    below = {"parent": PLACES, "self": ["self", "child"], "child": ["child"], "stranger": ["stranger"]}
    seen = owner in below[asker]
    caller, keeper = tree[asker][1], tree[owner][1]
    for is_trunk in (False, True):
        for method, pattern, body, _ in VERBS[2:]:
            path, _ = keeper.group()
            if is_trunk:
                path, _ = keeper.trunk(path)
            before = keeper("GET", path)
            reply = caller(method, path, body)
            assert (reply.status in (200, 204)) == seen, (method, path, reply.body)
            if not seen:
                assert reply.status == 404 and reply.json["errors"][0]["code"] == "not_found"
                nowhere = caller(method, f"/{uuid.uuid4()}" + (f"/trunks/{uuid.uuid4()}" if is_trunk else ""), body)
                assert nowhere.body == reply.body
                assert keeper("GET", path).json == before.json
    path, group = keeper.group()
    assert caller("GET", f"?filter=trunk_group_sid+eq+{path[1:]}").json["items"] == ([group] if seen else [])
    assert caller("GET", path + "/trunks").status == (200 if seen else 404)
    assert caller("POST", path + "/trunks", {}).status == (200 if seen else 404)
    reply = caller("POST", body={"partner_sid": tree[owner][0]})
    assert (reply.status, reply.json.get("partner_sid")) == (200, tree[owner][0]) if seen else named(reply, 422) == [
        "partner_sid"]


def test_a_trunk_is_found_in_its_own_group_alone(root):
    (one, _), (other, _) = root.group(), root.group()
    trunk, made = root.trunk(one)
    wrong = f"{other}/trunks/{made['trunk_sid']}"
    for method, _, body, _ in VERBS[2:]:
        assert root(method, wrong, body).status == 404
        assert root(method, trunk.upper().replace("/TRUNKS/", "/trunks/"), body).status == 404
    assert root("GET", trunk).json == made
    assert root("GET", other + "/trunks").json["items"] == []


@pytest.mark.parametrize("status", ["suspended", "unverified", "canceled"])
def test_of_a_partner_that_is_not_active(bed, root, status):
    """As with applications: what waits with its partner is written; below a canceled one nothing is made."""
    skip = {"skip_email_verification": True, "skip_partner_review": True} if status != "unverified" else {}
    made = root("POST", "/core/v2/partners", {"name": "Of the trunks", **skip}).json
    path, _ = root.group(partner_sid=made["partner_sid"])
    trunk, _ = root.trunk(path)
    assert root("PATCH", f"/core/v2/partners/{made['partner_sid']}", {"status": status}).json["status"] == status
    expected = 409 if status == "canceled" else 200
    reply = root("POST", body={"partner_sid": made["partner_sid"]})
    assert reply.status == expected and (expected == 200 or named(reply, 409) == ["partner_sid"])
    reply = root("POST", path + "/trunks", {})
    assert reply.status == expected and (expected == 200 or named(reply, 409) == [""])
    assert root("PATCH", trunk, {"name": "x"}).status == 200
    assert root("DELETE", path + "?force=true").status == 204


# ---- bad input ----

BAD = [("name", ""), ("name", "x" * 129), ("name", 1), ("name", " x"), ("name", None), ("name", "a\nb"), ("unknown", 1),
       ("revision", 7), ("allow_forward", True)]


@pytest.mark.parametrize("is_trunk", [False, True])
def test_bad_fields_change_nothing(root, is_trunk):
    path, _ = root.group()
    collection = ""
    if is_trunk:
        collection = path + "/trunks"
        path, _ = root.trunk(path)
    before = root("GET", path).json
    for field, value in BAD:
        for method, where, body in (("PATCH", path, {"acls": [], field: value}),
                                    ("PUT", path, {**before, field: value}), ("POST", collection, {field: value})):
            assert named(root(method, where, body), 422) == [field], (method, field)
    read_only = set(before) - {"name", "acls", "trunks", "partner_sid"}
    for field in read_only:
        assert named(root("PATCH", path, {field: before[field]}), 422) == [field]
        assert named(root("POST", collection, {field: before[field]}), 422) == [field]
    if not is_trunk:
        for field in ("partner_sid", "trunks", "partner"):
            assert named(root("PATCH", path, {field: before.get(field, {})}), 422) == [field]
    assert root("PUT", path, {**before, **dict.fromkeys(read_only, "x")}).json == before, "passed over"
    for field in ("name", "acls"):
        less = {name: value for name, value in before.items() if name != field}
        assert named(root("PUT", path, less), 422) == [field]
    assert named(root("PUT", path, {"x": 1}), 422) == ["acls", "name", "x"]
    assert root("GET", path).json == before


@pytest.mark.parametrize("body, media, status", [
    (b"null", "application/json", 400), (b"[]", "application/json", 400), (b"", "application/json", 400),
    (b'{"name":"a","name":"b"}', "application/json", 400), (b"\xff", "application/json", 400),
    (b"{}", "text/plain", 415), (b"name=x", "application/x-www-form-urlencoded", 415),
    (b'{"acls":[' + b"[" * 20 + b"]" * 20 + b"]}", "application/json", 400),
    (b'{"acls":[' + b'"x",' * 100000 + b'"x"]}', "application/json", 413),
])
def test_bodies_that_are_none(root, body, media, status):
    path, _ = root.group()
    trunk, _ = root.trunk(path)
    for method, where in (("POST", ""), ("PATCH", path), ("PUT", path), ("POST", path + "/trunks"), ("PATCH", trunk),
                          ("PUT", trunk)):
        assert root(method, where, body, Content_Type=media).status == status, (method, where)


def test_refused_in_order(bed, root):
    """SPEC 5: 403, 404, the query, 415 or 400, 412, 422, 409."""
    path, _ = root.group()
    root.trunk(path)
    weak = application(bed, ["calls.read"])
    assert weak("PATCH", "/nothing", b"{").status == 403
    assert root("PATCH", "/nothing", b"{").status == 404
    assert root("PATCH", path + "?include_fields=x", b"{").status == 422
    assert root("PATCH", path, b"{", If_Match='"77"', Content_Type="application/json").status == 400
    assert root("PATCH", path, {"foo": 1}, If_Match='"77"').status == 412
    assert root("PATCH", path, {"foo": 1}).status == 422
    assert root("DELETE", path + "?force=x", If_Match='"77"').status == 422
    assert root("DELETE", path, If_Match='"77"').status == 412
    assert root("DELETE", path).status == 409


# ---- at the same time ----


def test_parallel_writes_lose_nothing(root):
    path, _ = root.group()
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        made = list(pool.map(lambda i: root("POST", path + "/trunks", {"name": f"n{i}"}).status, range(MANY)))
    assert made == [200] * MANY and len(root("GET", path).json["trunks"]) == MANY
    changes = [{"name": "Raced"}, {"acls": [LIST]}]
    with concurrent.futures.ThreadPoolExecutor(len(changes)) as pool:
        assert [r.status for r in pool.map(lambda change: root("PATCH", path, change), changes)] == [200, 200]
    after = root("GET", path)
    assert after.json["name"] == "Raced" and after.json["acls"] == [LIST]
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        raced = list(pool.map(lambda i: root("PATCH", path, {"name": f"r{i}"}, If_Match=after.header("ETag")).status,
                              range(MANY)))
    assert sorted(raced) == [200] + [412] * (MANY - 1)


def test_kept_over_a_restart(own_bed):
    own = own_bed()
    root = Api(own, own.issue(own.admin))
    rule = root.rule()
    path, _ = root.group(trunks=[{"name": "Kept", "acls": [{**LIST, "access_control_rules": [rule]}]}])
    before, trunks = root("GET", path).json, root("GET", path + "/trunks").json
    own.restart()
    root = Api(own, own.issue(own.admin))
    assert root("GET", path).json == before and root("GET", path + "/trunks").json == {
        **trunks, "pagination": root("GET", path + "/trunks").json["pagination"]}
