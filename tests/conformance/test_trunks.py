"""/core/v2/trunk_groups and their trunks: an object's life, lists of them, bad input, races. SPEC 5 and 9; SEEDS 1.10.
Who may do it stands in test_trunk_rights.py, what their access control lists take in test_trunk_acls.py."""

import concurrent.futures
import itertools

import pytest

from trunks import LIST, Trunks, application, named, records, tree_of

MANY = 8


@pytest.fixture(scope="module")
def root(bed):
    return Trunks(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def tree(root):
    return tree_of(root)


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
    ruled = [{**LIST, "access_control_rules": [rule]}]
    path, group = root.group(acls=[LIST], trunks=[{"name": "First"}, {}, {"acls": ruled}])
    assert len(group["trunks"]) == 3 and group["trunks"] == sorted(group["trunks"])
    listed = root("GET", path + "/trunks").json
    assert [item["trunk_sid"] for item in listed["items"]] == group["trunks"] and listed["total"] == 3
    assert [item["name"] for item in listed["items"]] == ["First", *group["trunks"][1:]]
    assert listed["items"][2]["acls"] == ruled
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


def test_listed(root, tree):
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
    base, key = "", "trunk_group_sid"
    indexed = ["trunk_group_sid", "partner_sid", "name", "date_created", "date_updated"]
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


def test_a_list_of_the_longest_lists_goes_on(tree):
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
    root = Trunks(own, own.issue(own.admin))
    rule = root.rule()
    path, _ = root.group(trunks=[{"name": "Kept", "acls": [{**LIST, "access_control_rules": [rule]}]}])
    before, trunks = root("GET", path).json, root("GET", path + "/trunks").json
    own.restart()
    root = Trunks(own, own.issue(own.admin))
    assert root("GET", path).json == before and root("GET", path + "/trunks").json == {
        **trunks, "pagination": root("GET", path + "/trunks").json["pagination"]}
