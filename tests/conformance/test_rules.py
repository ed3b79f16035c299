"""/core/v2/accesscontrol/rules: who sees and writes which rule, what a rule may be, bad input of every size, and what
becomes of lists when a rule goes. SPEC 9; THREATS-54. M3 has nothing to say here: rules hold no scopes."""

import concurrent.futures
import hashlib
import json
import time
import urllib.parse

import pytest

from testbed import eventually

RULES = "/core/v2/accesscontrol/rules"
PARTNERS = "/core/v2/partners"
RIGHTS = ["accesscontrol.manage", "partners.manage"]
VERBS = ["create", "read", "update", "delete"]
APPLICATION = {"type": "confidential", "grant_types": ["client_credentials"],
               "token_endpoint_auth_method": "client_secret_basic"}
TREE = {"parent": "root", "self": "parent", "child": "self", "stranger": "root", "sibling": "parent"}
SEED = {
    "partners": [{"ref": ref, "parent": above, "name": f"Partner {ref}", "login": ref,
                  "available_scopes": [*RIGHTS, "calls.read", "scopemint.audit"]} for ref, above in TREE.items()],
    "applications": [{**APPLICATION, "ref": ref, "name": f"App of {ref}", "partner": ref,
                      "scopes": [*RIGHTS, "calls.read", "scopemint.audit"]} for ref in TREE],
}
RULE = {"entries": ["4930"], "field": "calling", "name": "Berlin", "operation": "prefix", "quantifier": "any"}
SHOWN = ["entries", "field", "name", "operation", "quantifier", "read_only", "rule_sid"]
UNKNOWN = "018f0000-0000-7000-8000-000000000000"
MB = 1024 * 1024


class Rules:
    def __init__(self, bed):
        self.bed = bed
        self.sids = {ref: bed.facts["seeded"]["partners"][ref]["partner_sid"] for ref in TREE}
        self.sids["root"] = bed.partner_sid
        self.tokens = {ref: bed.issue(bed.seeded(ref)) for ref in TREE}
        self.tokens["root"] = bed.issue(bed.admin)
        bed.seen.secrets.update(self.tokens.values())

    def ask(self, method, path="", body=None, ref="self", token=None, base=RULES, headers=(), **query):
        url = base + path + ("?" + urllib.parse.urlencode(query) if query else "")
        fields = [("Authorization", f"Bearer {token or self.tokens[ref]}"), *headers]
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.bed.request(method, url, body, fields)

    def make(self, ref="self", **body):
        reply = self.ask("POST", "", {**RULE, **body}, ref)
        assert reply.status == 200, reply.body[:500]
        return reply.json

    def sid(self, ref="self", **body):
        return self.make(ref, **body)["rule_sid"]

    def set_acls(self, ref, rules, by=None, field="acls"):
        lists = [{"access_control_rules": rules, "voice_action_true": "reject403"}] if rules else []
        reply = self.ask("PATCH", f"/{self.sids[ref]}", {field: lists}, by or ref, base=PARTNERS)
        assert reply.status == 200, reply.body
        return reply.json

    def log(self, ref="root", **query):
        """The audit log as that partner reads it, the newest first."""
        reply = self.ask("GET", ref=ref, base="/core/v2/admin/audit", order="seq desc", **query)
        assert reply.status == 200, reply.body
        return reply.json["items"]


@pytest.fixture(scope="module")
def rules(module_bed):
    return Rules(module_bed(seed=SEED))


def only(reply, status, field=None):
    assert reply.status == status, reply.body[:500]
    found = reply.json["errors"]
    assert len(found) == 1 and found[0]["field"] == field, found
    return found[0]


def fields(reply, status=422):
    assert reply.status == status, reply.body[:500]
    return sorted(error["field"] for error in reply.json["errors"])


# ---- who sees and writes what ----

# Whose rule, from where the caller (self) stands: seen, written.
PLACES = {"self": (True, True), "parent": (True, False), "root": (True, False), "child": (False, False),
          "stranger": (False, False), "sibling": (False, False)}
WRITES = {"PATCH": {"name": "Other"}, "PUT": {**RULE, "name": "Other"}, "DELETE": None}


@pytest.mark.parametrize("owner", PLACES)
def test_the_visibility_matrix(rules, owner):
    """Parent, self, child and stranger by verb; what is refused leaves the rule as it was."""
    seen, written = PLACES[owner]
    sid = rules.sid(owner)
    before = rules.ask("GET", f"/{sid}", ref=owner).json
    reply = rules.ask("GET", f"/{sid}")
    assert reply.status == (200 if seen else 404)
    if seen:
        assert reply.json == {**before, "read_only": owner != "self"}
    listed = rules.ask("GET", limit=1000, order="rule_sid").json
    assert (sid in {item["rule_sid"] for item in listed["items"]}) == seen
    assert all(list(item) == SHOWN for item in listed["items"])
    for method, body in WRITES.items():
        want = (204 if method == "DELETE" else 200) if written else 403 if seen else 404
        reply = rules.ask(method, f"/{sid}", body)
        assert reply.status == want, (method, reply.body)
        if want == 403:
            assert only(reply, 403)["code"] == "access_denied" and reply.header("WWW-Authenticate") is None
    after = rules.ask("GET", f"/{sid}", ref=owner)
    assert after.status == 404 if written else after.json == before


def test_descendants_rules_are_unseen_by_all_above(rules):
    sid = rules.sid("child")
    for ref in ("root", "parent", "self"):
        assert rules.ask("GET", f"/{sid}", ref=ref).status == 404
        assert only(rules.ask("DELETE", f"/{sid}", ref=ref, force="true"), 404)["code"] == "not_found"
    assert rules.ask("GET", f"/{sid}", ref="child").json["read_only"] is False


@pytest.mark.parametrize("held", VERBS)
def test_each_verb_needs_its_scope(rules, held):
    """One scope does its verb alone; what is refused names what it takes, before it looks at anything."""
    sid = rules.sid()
    token = rules.bed.issue(rules.bed.seeded("self"), scope=f"accesscontrol.{held}")
    calls = {"create": ("POST", "", RULE), "read": ("GET", f"/{sid}", None), "update": ("PATCH", f"/{sid}", {}),
             "delete": ("DELETE", f"/{sid}", None)}
    for verb, (method, path, body) in calls.items():
        reply = rules.ask(method, path, body, token=token)
        if verb == held:
            assert reply.status in (200, 204), (verb, reply.body)
        else:
            assert reply.status == 403 and f'scope="accesscontrol.manage accesscontrol.{verb}"' in reply.header(
                "WWW-Authenticate")
    if held != "read":
        assert rules.ask("GET", token=token).status == 403
    nothing = rules.bed.issue(rules.bed.seeded("self"), scope="calls.read")
    assert rules.ask("PATCH", f"/{UNKNOWN}", b"{", token=nothing).status == 403


# ---- what a rule is ----

def test_it_comes_back_as_it_was_sent(rules):
    reply = rules.ask("POST", "", RULE)
    made = reply.json
    assert list(made) == SHOWN and {**made, **RULE} == made and made["read_only"] is False
    assert reply.header("ETag") == '"1"'
    again = rules.ask("GET", f"/{made['rule_sid']}")
    assert again.json == made and again.header("ETag") == '"1"'
    assert rules.ask("GET", f"/{made['rule_sid']}", include_fields="name,read_only").json == {
        "name": "Berlin", "read_only": False}
    bare = rules.ask("POST", "", {k: v for k, v in RULE.items() if k != "name"}).json
    assert bare["name"] == "N/A"  # CarrierX's default


@pytest.mark.parametrize("field", ["calling", "called", "from", "to", "message"])
@pytest.mark.parametrize("operation", ["exact", "prefix", "regexp"])
@pytest.mark.parametrize("quantifier", ["all", "any", "none"])
def test_every_word_is_taken(rules, field, operation, quantifier):
    words = {"field": field, "operation": operation, "quantifier": quantifier}
    assert words.items() <= rules.make(**words).items()


# None of these can be null, and none takes another word: legacy names, other cases and types least of all.
WRONG = {
    "field": ["from_did", "to_did", "Calling", "caller", "", None, 1, ["calling"]],
    "operation": ["equals", "Exact", "regex", "", None, True],
    "quantifier": ["some", "ANY", "", None, {}],
    "name": ["", None, 1, "x" * 129, "a\nb", []],
    "entries": ["4930", None, {}, {"a": "b"}, 1, [1], ["1", None], [["1"]]],
}


@pytest.mark.parametrize("field", WRONG)
@pytest.mark.parametrize("verb", ["POST", "PATCH", "PUT"])
def test_enumerations_and_null(rules, verb, field):
    sid = rules.sid()
    before = rules.ask("GET", f"/{sid}")
    for value in WRONG[field]:
        body = {field: value} if verb == "PATCH" else {**RULE, field: value}
        found = rules.ask(verb, "" if verb == "POST" else f"/{sid}", body)
        named = fields(found)
        assert len(named) == 1 and named[0].split("[")[0] == field, (value, named)
    after = rules.ask("GET", f"/{sid}")
    assert (after.json, after.header("ETag")) == (before.json, before.header("ETag"))


def test_fields_that_are_missing_unknown_or_read_only(rules):
    sid = rules.sid()
    assert fields(rules.ask("POST", "", {"name": "x"})) == ["entries", "field", "operation", "quantifier"]
    assert fields(rules.ask("POST", "", {**RULE, "rule_sid": UNKNOWN, "read_only": False, "no\u00e9\n": 1})) == [
        "no\u00e9\n", "read_only", "rule_sid"]
    assert fields(rules.ask("PATCH", f"/{sid}", {"rule_sid": sid, "partner_sid": UNKNOWN})) == [
        "partner_sid", "rule_sid"]
    for left_out in RULE:  # PUT carries every writable field
        body = {k: v for k, v in RULE.items() if k != left_out}
        assert only(rules.ask("PUT", f"/{sid}", body), 422, left_out)["code"] == "missing_field"
    got = rules.ask("GET", f"/{sid}").json
    assert rules.ask("PUT", f"/{sid}", {**got, "entries": []}).json == {**got, "entries": []}  # GET, edit, PUT


def test_a_change_that_changes_nothing_leaves_the_etag(rules):
    sid = rules.sid()
    for method, body in (("PATCH", {}), ("PATCH", {"entries": RULE["entries"]}), ("PUT", RULE)):
        reply = rules.ask(method, f"/{sid}", body)
        assert reply.status == 200 and reply.header("ETag") == '"1"'
    reply = rules.ask("PATCH", f"/{sid}", {"quantifier": "none"})
    assert reply.json["quantifier"] == "none" and reply.header("ETag") == '"2"'
    assert rules.ask("GET", f"/{sid}").json == reply.json


def test_the_order_of_refusals(rules):
    own, above = rules.sid(), rules.sid("parent")
    stale = [("If-Match", '"7"')]
    bad = {"field": "no"}
    assert rules.ask("PATCH", f"/{UNKNOWN}", b"{", headers=stale).status == 404
    assert rules.ask("PATCH", "/no-sid", bad).status == 404
    assert rules.ask("PATCH", f"/{above}", b"{", headers=stale, include_fields="no").status == 403
    assert rules.ask("PATCH", f"/{own}", b"{", headers=stale, include_fields="no").status == 422
    assert rules.ask("PATCH", f"/{own}", b"{", headers=stale).status == 400
    assert rules.ask("PATCH", f"/{own}", bad, headers=stale).status == 412
    assert rules.ask("PATCH", f"/{own}", bad, headers=[("If-Match", '"1"')]).status == 422
    assert rules.ask("PUT", f"/{own}", RULE, headers=stale).status == 412
    assert rules.ask("PUT", f"/{own}", RULE, headers=[("If-Match", '"7", "1"')]).status == 200
    assert rules.ask("DELETE", f"/{own}", headers=stale).status == 412
    for media, want in (("text/plain", 415), ("application/json, text/plain", 415), (None, 415)):
        headers = [("Authorization", f"Bearer {rules.tokens['self']}")] + ([("Content-Type", media)] if media else [])
        assert rules.bed.request("POST", RULES, json.dumps(RULE).encode(), headers).status == want
    for body in (b"", b"[]", b"null", b'{"field":"calling","field":"called"}', b'{"name":"\xff"}', b"{} {}"):
        assert only(rules.ask("POST", "", body), 400)["code"] == "invalid_request"
    for base in (RULES, PARTNERS):
        told = only(rules.ask("POST", "", b'{"name":"a",\n "name":"b"}', base=base), 400)
        assert told["message"].endswith("takes: line 2, column 8: an object names a member twice")
    assert only(rules.ask("POST", "", RULE, dry_run="true"), 422, "dry_run")


def test_lists(rules):
    """The one list machinery: own rules and those of all above, in one order."""
    sids = {name: rules.sid("sibling", name=name, field=field, operation="exact") for name, field in
            (("L1", "from"), ("L2", "to"), ("L3", "message"), ("L4", "to"))}

    def names(**query):
        reply = rules.ask("GET", ref="sibling", **{"filter": "name like 'L%'", **query})
        assert reply.status == 200, reply.body
        return [item["name"] for item in reply.json["items"]]

    assert names() == ["L1", "L2", "L3", "L4"]
    assert names(order="name desc") == ["L4", "L3", "L2", "L1"]
    assert names(order="field") == ["L1", "L3", "L2", "L4"]
    assert names(filter="field eq to and operation eq exact and quantifier eq any") == ["L2", "L4"]
    assert names(after=sids["L2"]) == ["L3", "L4"] and names(before=sids["L3"]) == ["L1", "L2"]
    assert names(limit=1, offset=2) == ["L3"] and names(filter=f"rule_sid eq {sids['L4']}") == ["L4"]
    page = rules.ask("GET", ref="sibling", limit=3, filter="name like 'L%'", include_fields="rule_sid").json
    assert (page["count"], page["has_more"], page["total"]) == (3, True, 4) and "after=" in page["pagination"]["next"]
    assert page["items"][0] == {"rule_sid": sids["L1"]}
    for attribute in ("entries", "read_only", "partner_sid", "nothing"):
        for query in ({"order": attribute}, {"filter": f"{attribute} eq 1"}):
            found = only(rules.ask("GET", **query), 422, next(iter(query)))
            assert "field, name, operation, quantifier, rule_sid" in found["message"]


def test_a_list_is_gone_through_by_its_next(rules):
    """Own rules and those of above in one order, whatever it is; each once, and with the fields that were asked for."""
    for i in range(7):
        rules.sid("parent" if i % 2 else "self", name=f"Walk {i % 3}", quantifier="any" if i < 4 else "all")
    for order, up in (("rule_sid", True), ("rule_sid desc", False), ("name", True), ("name desc", False)):
        query = {"limit": 2, "order": order, "filter": "name like 'Walk %'", "exclude_fields": "entries,field,operation"}
        page = rules.ask("GET", **query).json
        seen = []
        while True:
            assert page["count"] == len(page["items"]) <= page["limit"] == 2 and page["total"] == 7
            seen += page["items"]
            assert page["has_more"] == ("next" in page["pagination"])
            if not page["has_more"]:
                break
            page = rules.ask("GET", base=page["pagination"]["next"].removeprefix(rules.bed.issuer)).json
        assert all(list(item) == ["name", "quantifier", "read_only", "rule_sid"] for item in seen)
        assert len({item["rule_sid"] for item in seen}) == len(seen) == 7
        keys = [item[order.split()[0]] for item in seen]
        assert keys == sorted(keys, reverse=not up)
        assert [item["read_only"] for item in seen].count(True) == 3
    for condition, want in (("ne 'Walk 1'", 5), ("gt 'Walk 1'", 2), ("ge 'Walk 1'", 4), ("lt 'Walk 1'", 3),
                            ("le 'Walk 1'", 5), ("eq 'Walk 1' and quantifier eq all", 1)):
        found = rules.ask("GET", filter=f"name like 'Walk %' and name {condition}", include_fields="name")
        assert found.json["total"] == want, (condition, found.body)


# ---- entries ----

@pytest.mark.parametrize("entries", [
    [], [""], ["a", "a"], ["4930", "49", "+49 (0)30"], ["\n", "\x00x"[1:], "\x7f", "\"quoted\"", "back\\slash", "caf\u00e9",
    "\U0001f600", "</script>"], ["x" * 4096]], ids=range(6))
def test_entries_come_back_byte_by_byte(rules, entries):
    made = rules.make(operation="exact", entries=entries)
    assert made["entries"] == entries and rules.ask("GET", f"/{made['rule_sid']}").json["entries"] == entries


def numbers(n, first=0):
    return [f"+4930{first + i:08d}" for i in range(n)]


def test_100_000_entries(rules):
    """As many as there may be, made, read, listed, changed and deleted; one more is refused by its number."""
    many = numbers(100_000)
    made = rules.make(operation="exact", entries=many)
    path = f"/{made['rule_sid']}"
    assert made["entries"] == many and rules.ask("GET", path).json["entries"] == many
    other = [rules.sid(name=f"Other {i}") for i in range(3)]
    listed, after = [], {}
    while True:
        page = rules.ask("GET", limit=1000, **after)
        assert page.status == 200 and len(page.body) < 6 * MB
        listed += page.json["items"]
        if not page.json["has_more"]:
            break
        after = {"after": page.json["items"][-1]["rule_sid"]}
    assert {made["rule_sid"], *other} <= {item["rule_sid"] for item in listed}
    assert next(item for item in listed if item["rule_sid"] == made["rule_sid"])["entries"] == many
    back = rules.ask("GET", limit=1000, before=other[0]).json
    assert back["items"][-1]["entries"] == many
    assert rules.ask("PATCH", path, {"operation": "prefix"}).json == {**made, "operation": "prefix"}
    too_many = rules.ask("PATCH", path, {"entries": numbers(100_001)})
    assert "100000" in only(too_many, 422, "entries")["message"]
    assert rules.ask("PATCH", path, json.dumps({"entries": numbers(200_000)}).encode()).status == 400
    assert rules.ask("GET", path).json["operation"] == "prefix"
    assert rules.ask("DELETE", path).status == 204


def test_long_entries(rules):
    sid = rules.sid()
    assert "4096" in only(rules.ask("POST", "", {**RULE, "entries": ["1", "x" * 4097]}), 422, "entries[1]")["message"]
    assert fields(rules.ask("PATCH", f"/{sid}", {"entries": ["x" * MB]})) == ["entries[0]"]
    fits = [f"{i:04d}" + "x" * 4092 for i in range(4 * MB // 4099 - 1)]
    made = rules.make(operation="exact", entries=fits)
    assert rules.ask("GET", f"/{made['rule_sid']}").json["entries"] == fits
    assert rules.ask("PUT", f"/{made['rule_sid']}", {**RULE, "entries": fits, "operation": "exact"}).status == 200
    assert rules.ask("DELETE", f"/{made['rule_sid']}").status == 204
    swollen = ["\x7f" * 4096] * 200  # six bytes each as they are answered
    body = json.dumps({**RULE, "operation": "exact", "entries": swollen}, ensure_ascii=False).encode()
    assert "4 MiB" in only(rules.ask("POST", "", body), 422, "entries")["message"]
    head = f"POST {RULES} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: {4 * MB + 1}\r\n\r\n"
    assert rules.bed.raw(head.encode()).split(b" ")[1] == b"413"
    assert rules.ask("POST", "", b'{"entries":' + b"[" * 100_000).status == 400


# ---- patterns ----

BAD_PATTERNS = {"(": 1, "a)": 1, "[z-a]": 3, "a**": None, "(?<n>a)(?<n>b)": None, r"\C": None, "(*UCP)a": None, "(?P<": None,
                "x{99999}": None, "(?R": None}


@pytest.mark.parametrize("pattern", BAD_PATTERNS)
def test_a_bad_pattern_is_named_with_its_position(rules, pattern):
    found = only(rules.ask("POST", "", {**RULE, "operation": "regexp", "entries": ["^49", pattern]}), 422, "entries[1]")
    assert found["code"] == "invalid_value" and found["message"].startswith("At byte ")
    if BAD_PATTERNS[pattern] is not None:
        assert found["message"].startswith(f"At byte {BAD_PATTERNS[pattern]}: ")


def test_a_pattern_is_compiled_whatever_makes_it_one(rules):
    """A rule whose entries are no patterns does not become a rule of patterns."""
    sid = rules.sid(operation="exact", entries=["("])
    assert fields(rules.ask("PATCH", f"/{sid}", {"operation": "regexp"})) == ["entries[0]"]
    assert rules.ask("GET", f"/{sid}").json["operation"] == "exact"


def test_THREATS_54_catastrophic_patterns_cost_nothing_here(rules):
    """They are taken, for they may never meet a value that is bad for them, and compiling them is bounded."""
    bad = ["(a+)+$", "(a|aa)+$", "(.*)*x", "((a{0,100}){0,100}){0,100}", "(?i)" + "[a-zA-Z]" * 100]
    begun = time.monotonic()
    for pattern in bad:
        reply = rules.ask("POST", "", {**RULE, "operation": "regexp", "entries": [pattern]})
        assert reply.status in (200, 422), reply.body
    many = [f"(a+)+{i:04d}$" for i in range(1000)]
    assert rules.ask("POST", "", {**RULE, "operation": "regexp", "entries": many}).status == 200
    assert time.monotonic() - begun < 20
    assert "1000" in only(rules.ask("POST", "", {**RULE, "operation": "regexp", "entries": [*many, "x"]}), 422,
                          "entries")["message"]
    assert "1024" in only(rules.ask("POST", "", {**RULE, "operation": "regexp", "entries": ["x" * 1025]}), 422,
                          "entries[0]")["message"]


def test_nobody_waits_while_rules_are_compiled(rules):
    """Large rules by many at a time: each is made, or refused with Retry-After, and other requests go on."""
    body = json.dumps({**RULE, "operation": "exact", "entries": numbers(50_000)}).encode()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        waiting = [pool.submit(rules.ask, "POST", "", body, "stranger") for _ in range(12)]
        slowest = 0
        while not all(w.done() for w in waiting):
            begun = time.monotonic()
            assert rules.ask("GET", limit=1, ref="child", include_fields="name").status == 200
            slowest = max(slowest, time.monotonic() - begun)
    for done in (w.result() for w in waiting):
        assert done.status == 200 or (done.status == 503 and done.header("Retry-After")), done.status
        if done.status == 200:
            assert rules.ask("DELETE", f"/{done.json['rule_sid']}", ref="stranger").status == 204


# ---- at the same time ----

def test_one_of_those_who_say_if_match_gets_through(rules):
    sid = rules.sid()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda i: rules.ask("PATCH", f"/{sid}", {"name": f"Winner {i}"},
                                                    headers=[("If-Match", '"1"')]), range(8)))
    assert sorted(reply.status for reply in replies) == [200] + [412] * 7
    with concurrent.futures.ThreadPoolExecutor(8) as pool:  # without it each is decided again on what others left
        replies = list(pool.map(lambda i: rules.ask("PATCH", f"/{sid}", {"entries": numbers(10, i)}), range(8)))
    assert [reply.status for reply in replies] == [200] * 8
    assert rules.ask("GET", f"/{sid}").header("ETag") == '"10"'


# ---- rules that lists use ----

def test_a_rule_in_use_stays(rules):
    sid = rules.sid("parent")
    rules.set_acls("parent", [sid])
    rules.set_acls("self", [sid])
    rules.set_acls("child", [sid], by="self", field="parent_assigned_acls")
    found = only(rules.ask("DELETE", f"/{sid}", ref="parent"), 409)
    assert found["code"] == "conflict"
    assert all(f"partner {rules.sids[ref]}" in found["message"] for ref in ("parent", "self", "child"))
    for value, want in (("false", 409), ("", 409), ("yes", 422), ("1", 422)):
        assert rules.ask("DELETE", f"/{sid}", ref="parent", force=value).status == want
    before = {ref: rules.ask("GET", f"/{rules.sids[ref]}", ref="root", base=PARTNERS).json for ref in TREE}
    assert rules.ask("DELETE", f"/{sid}", ref="parent", force="true").status == 204
    for ref in TREE:
        now = rules.ask("GET", f"/{rules.sids[ref]}", ref="root", base=PARTNERS).json
        for field in ("acls", "parent_assigned_acls"):  # the lists stay, without it
            assert now[field] == [{**acl, "access_control_rules": [r for r in acl["access_control_rules"] if r != sid]}
                                  for acl in before[ref][field]]
    log = rules.log(limit=4)
    assert log[0]["action"] == "rule.delete" and log[0]["detail"]["detached"]["count"] == 3
    assert set(log[0]["detail"]["detached"]["from"]) == {rules.sids[ref] for ref in ("parent", "self", "child")}
    assert {record["object"]: (record["action"], record["partner_sid"], record["detail"]) for record in log[1:]} == {
        rules.sids[ref]: ("partner.update", rules.sids[ref], {"detached": {
            "rule_sid": sid, "acls": acls, "parent_assigned_acls": assigned}})
        for ref, acls, assigned in (("parent", [0], []), ("self", [0], []), ("child", [], [0]))}
    assert {(record["actor"]["partner_sid"], record["request_id"]) for record in log} == {
        (rules.sids["parent"], log[0]["request_id"])}
    # Who lost a rule reads it in its own log, though neither the rule nor who deleted it is below.
    seen = rules.log("self", limit=2)
    assert {record["object"] for record in seen} == {rules.sids["self"], rules.sids["child"]}
    assert {json.dumps(record["actor"]) for record in seen} == {'{"hidden": true}'}
    for ref in ("parent", "self", "child"):
        rules.set_acls(ref, [])
    rules.set_acls("child", [], by="self", field="parent_assigned_acls")


def test_a_rule_that_goes_while_a_list_takes_it(rules):
    """Whichever comes first, no list is left with a rule that is not there."""
    for _ in range(5):
        sid = rules.sid("parent")
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            take = pool.submit(rules.ask, "PATCH", f"/{rules.sids['self']}",
                               {"acls": [{"access_control_rules": [sid]}]}, "self", base=PARTNERS)
            drop = pool.submit(rules.ask, "DELETE", f"/{sid}", ref="parent")
        assert (take.result().status, drop.result().status) in ((200, 409), (422, 204)), (
            take.result().body, drop.result().body)
    rules.set_acls("self", [])


def test_the_audit_log_tells_entries_by_number_and_digest(rules):
    many = numbers(5000)
    made = rules.make("stranger", entries=many, operation="exact")
    path = f"/{made['rule_sid']}"
    rules.ask("PATCH", path, {"entries": ["a\"b", "c"], "name": "New"}, "stranger")
    rules.ask("DELETE", path, ref="stranger")
    log = rules.log(limit=1000, filter="action like 'rule.%'")
    delete, update, create = [r for r in log if r.get("object") == made["rule_sid"]]
    assert [r["action"] for r in (create, update, delete)] == ["rule.create", "rule.update", "rule.delete"]
    assert {r["partner_sid"] for r in (create, update, delete)} == {rules.sids["stranger"]}

    def digest(entries):
        text = json.dumps(entries, separators=(",", ":"), ensure_ascii=False)
        return {"count": len(entries), "sha256": hashlib.sha256(text.encode()).hexdigest()}

    assert create["detail"]["after"] == {"entries": digest(many), "field": "calling", "name": "Berlin",
                                         "operation": "exact", "quantifier": "any"}
    assert update["detail"] == {"before": {"entries": digest(many), "name": "Berlin"},
                                "after": {"entries": digest(['a"b', "c"]), "name": "New"}}
    assert delete["detail"]["before"]["entries"] == digest(['a"b', "c"]) and "after" not in delete["detail"]


def test_rules_outlive_a_restart(rules):
    sid = rules.sid(operation="regexp", entries=["^49(30|40)", "caf\u00e9"])
    before = rules.ask("GET", f"/{sid}")
    rules.bed.restart()
    after = eventually(lambda: rules.ask("GET", f"/{sid}"))
    assert (after.json, after.header("ETag")) == (before.json, before.header("ETag"))
