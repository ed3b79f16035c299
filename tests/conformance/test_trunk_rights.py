"""Who may do what to trunk groups and trunks, and to whose: the scopes of two families, the caller's subtree, partners
that are not active. SPEC 5 and 9."""

import uuid

import pytest

from trunks import FAMILIES, Trunks, application, named, tree_of

VERBS = [("GET", "", None, "read"), ("POST", "", {}, "create"), ("GET", "/{}", None, "read"),
         ("PATCH", "/{}", {"name": "x"}, "update"), ("PUT", "/{}", {"name": "y", "acls": []}, "update"),
         ("DELETE", "/{}", None, "delete")]
PLACES = ["parent", "self", "child", "stranger"]


@pytest.fixture(scope="module")
def root(bed):
    return Trunks(bed, bed.issue(bed.admin))


@pytest.fixture(scope="module")
def tree(root):
    return tree_of(root)


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
def test_of_a_partner_that_is_not_active(root, status):
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
