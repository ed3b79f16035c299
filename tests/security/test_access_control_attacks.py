"""What a hostile partner, a careless caller or an unlucky machine sends to access control: answers that nobody reads, rules
that go while lists take them, values of every wrong type, and a kill in the middle (THREATS-54, F-40, P3)."""

import collections
import contextlib
import json
import random
import socket
import sqlite3
import threading
import time

import pytest

from family import TREE, UNKNOWN, seed

CORE = "/core/v2/"
RULES = "accesscontrol/rules"
EVALUATE = "accesscontrol/effective_acl/evaluate"
RIGHTS = ["accesscontrol.manage", "partners.manage", "trunk_groups.manage", "trunk_groups.trunks.manage", "scopemint.audit"]
SEED = seed(RIGHTS)
RULE = {"name": "x", "entries": ["49"], "field": "calling", "operation": "prefix", "quantifier": "any"}
LARGE = [f"{number:038}" for number in range(99_000)]  # 4 MB as a rule's entries
SLOW = 150
MB = 1024
RACE_S = 4
CALL = {"call": {"calling": "4911", "called": "1", "direction": "inbound"}}
WRONG = [None, True, 0, -1, 1.5, 10**30, "", "\0", "\ud800", "\udfff\ud800", "a" * 5000, [], [[]], [None], [1], {}, [{}],
         "\u202e", "any\n", "ANY", UNKNOWN, [UNKNOWN], ["\ud800"], ["("], "[" * 20]


class Attack:
    def __init__(self, bed):
        self.bed = bed
        self.sids = {ref: entry["partner_sid"] for ref, entry in bed.facts["seeded"]["partners"].items()}
        self.tokens = {ref: bed.issue(bed.seeded(ref), access_token_ttl=3600) for ref in TREE}
        bed.seen.secrets.update(self.tokens.values())

    def ask(self, method, path, body=None, headers=(), raw=None):
        fields = [("Authorization", f"Bearer {self.tokens['self']}"), *headers]
        if body is not None or raw is not None:
            fields.append(("Content-Type", "application/json"))
            raw = raw if raw is not None else json.dumps(body).encode()
        return self.bed.request(method, CORE + path, raw, fields)

    def good(self, method, path, body=None):
        reply = self.ask(method, path, body)
        assert reply.status in (200, 204), reply.body[:500]
        return reply.json if reply.body else None

    def rule(self, **more):
        return self.good("POST", RULES, {**RULE, **more})["rule_sid"]

    def group(self):
        """A group with a trunk, both by SID."""
        group = self.good("POST", "trunk_groups", {})["trunk_group_sid"]
        return group, self.good("POST", f"trunk_groups/{group}/trunks", {})["trunk_sid"]


@pytest.fixture(scope="module")
def attack(module_bed):
    return Attack(module_bed(seed=SEED))


@pytest.fixture
def own_attack(own_bed):
    return lambda settings=(): Attack(own_bed(settings, SEED))


# ---- memory ----

def unread(attack, method, path, body=b""):
    """A connection that asks and reads nothing."""
    link = socket.socket()
    link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    link.connect(("127.0.0.1", attack.bed.port))
    link.sendall(f"{method} {CORE}{path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {attack.tokens['self']}\r\n"
                 f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
    return link


@pytest.mark.parametrize(("method", "path", "body"), [
    ("GET", "{0}/{1}", b""), ("GET", "{0}?limit=1", b""), ("PATCH", "{0}/{1}", b'{"name":"y"}'),
], ids=["show", "list", "patch"])
def test_F_40_large_answers_that_nobody_reads_are_bounded(own_attack, method, path, body):
    """Each is 4 MB, kept until it is sent: beyond some of them others are 503, and what is small goes on."""
    attack = own_attack(["server.threads=1"])
    sid, small = attack.rule(entries=LARGE), attack.rule()
    before = attack.bed.rss_kib()
    with contextlib.ExitStack() as links:
        for _ in range(SLOW):
            links.enter_context(contextlib.closing(unread(attack, method, path.format(RULES, sid), body)))
        most = 0
        refused = None
        deadline = time.monotonic() + 20
        while refused is None and time.monotonic() < deadline:
            reply = attack.ask("GET", f"{RULES}/{sid}")
            refused = reply if reply.status == 503 else None
            most = max(most, attack.bed.rss_kib() - before)
        assert refused is not None and refused.header("Retry-After"), most
        assert attack.ask("GET", f"{RULES}/{small}").status == 200
        assert attack.ask("POST", EVALUATE, CALL).status == 200
        assert attack.bed.is_sanitized or most < 300 * MB, most
    deadline = time.monotonic() + 20
    while attack.ask("GET", f"{RULES}/{sid}").status != 200:
        assert time.monotonic() < deadline


def test_lists_that_are_too_large_to_lose_a_rule_at_once(own_attack):
    """409 that says so and changes nothing; out of some of them it goes."""
    attack = own_attack()
    rules = [attack.rule() for _ in range(1000)]
    lists = {"acls": [{"access_control_rules": rules, "voice_action_true": "reject403"}]}
    groups = [attack.good("POST", "trunk_groups?include_fields=trunk_group_sid", lists)["trunk_group_sid"]
              for _ in range(270)]
    path = f"{RULES}/{rules[0]}?force=true"
    reply = attack.ask("DELETE", path)
    assert reply.status == 409 and "too large to be changed at once" in reply.json["errors"][0]["message"], reply.body
    assert attack.good("GET", f"trunk_groups/{groups[0]}")["acls"][0]["access_control_rules"] == rules
    for group in groups[100:]:
        attack.good("DELETE", f"trunk_groups/{group}")
    attack.good("DELETE", path)
    assert attack.good("GET", f"trunk_groups/{groups[0]}")["acls"][0]["access_control_rules"] == rules[1:]


# ---- wrong types ----

def places(value, path=()):
    yield path
    if isinstance(value, (dict, list)):
        for key in value if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))


def replaced(value, path, wrong):
    if not path:
        return wrong
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[path[0]] = replaced(copy[path[0]], path[1:], wrong)
    return copy


def bodies(attack):
    """What is asked, with a body that is right."""
    rule = attack.rule()
    group, trunk = attack.group()
    acl = {"access_control_rules": [rule], "direction": "any", "voice_action_true": "reject403"}
    lists = {"name": "x", "acls": [acl]}
    yield "POST", RULES, RULE
    yield "PUT", f"{RULES}/{rule}", RULE
    yield "PATCH", f"partners/{attack.sids['self']}", {"acls": [acl]}
    yield "PATCH", f"partners/{attack.sids['child']}", {"parent_assigned_acls": [acl]}
    yield "POST", "trunk_groups", {**lists, "partner_sid": attack.sids["self"], "trunks": [lists]}
    yield "PUT", f"trunk_groups/{group}", lists
    yield "PUT", f"trunk_groups/{group}/trunks/{trunk}", lists
    yield "POST", EVALUATE, {**CALL, "partner_sid": attack.sids["self"], "trunk_group_sid": group, "trunk_sid": trunk}
    yield "POST", EVALUATE, {"items": [{"message": {"from": "1", "to": None, "message": "x", "direction": "inbound"}}]}


def test_values_of_every_wrong_type_are_the_callers_fault(attack):
    for method, path, body in bodies(attack):
        for place in places(body):
            for wrong in WRONG:
                reply = attack.ask(method, path, raw=json.dumps(replaced(body, place, wrong)).encode())
                assert reply.status in (200, 400, 404, 422), (method, path, place, wrong, reply.body[:500])
                assert reply.status == 200 or reply.json["errors"], reply.body[:500]


# ---- all at the same time ----

class Race:
    """Many clients at three rules, one trunk and two partners."""

    def __init__(self, attack):
        self.attack, self.bed = attack, attack.bed
        self.rules = [attack.rule() for _ in range(3)]
        self.group, self.trunk = attack.group()
        self.answers, self.wrong = collections.Counter(), []
        self.until = time.monotonic() + RACE_S

    def note(self, what, reply, *allowed):
        self.answers[what, reply.status] += 1
        if reply.status not in allowed or (reply.status == 409 and b"at most" in reply.body):
            self.wrong.append((what, reply.status, reply.body[:300]))
        return reply

    def change(self, rng):
        path = f"{RULES}/{rng.choice(self.rules)}"
        etag = self.attack.ask("GET", path).header("ETag")
        body = {**RULE, "entries": rng.choice([[], ["4"], LARGE[:20_000]])}
        headers = [("If-Match", etag)] if etag and rng.random() < 0.5 else []
        self.note("put", self.attack.ask("PUT", path, body, headers), 200, 404, 409, 412)
        self.note("patch", self.attack.ask("PATCH", path, {"entries": ["(4|5)+$"], "operation": "regexp"}), 200, 404, 409)

    def delete(self, rng):
        which = rng.randrange(len(self.rules))
        path = f"{RULES}/{self.rules[which]}" + rng.choice(["", "?force=true"])
        if self.note("delete", self.attack.ask("DELETE", path), 204, 404, 409).status == 204:
            self.rules[which] = self.attack.rule()

    def attach(self, rng):
        lists = [{"access_control_rules": rng.sample(self.rules, rng.randint(0, 3)), "voice_action_true": "reject403"}]
        path, field = rng.choice([
            (f"partners/{self.attack.sids['self']}", "acls"),
            (f"partners/{self.attack.sids['child']}", "parent_assigned_acls"),
            (f"trunk_groups/{self.group}", "acls"), (f"trunk_groups/{self.group}/trunks/{self.trunk}", "acls")])
        self.note("attach", self.attack.ask("PATCH", path, {field: lists}), 200, 409, 422)

    def evaluate(self, _):
        question = {**CALL, "trunk_sid": self.trunk}
        self.note("evaluate", self.attack.ask("POST", EVALUATE, {"items": [question] * 20}), 200)
        self.note("look up", self.attack.ask("GET", f"accesscontrol/effective_acl/calls?trunk_sid={self.trunk}"), 200)

    def reload(self, _):
        self.bed.reload()
        time.sleep(0.2)

    def go_on(self, act, number):
        rng = random.Random(number)
        try:
            while time.monotonic() < self.until:
                act(rng)
        except Exception as error:  # noqa: BLE001: of a thread, told by the test
            self.wrong.append((act.__name__, repr(error)))

    def run(self):
        acts = [self.change, self.change, self.delete, self.delete, self.attach, self.attach, self.evaluate, self.reload]
        threads = [threading.Thread(target=self.go_on, args=(act, number)) for number, act in enumerate(acts)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not self.wrong, self.wrong[:5]

    def state(self):
        paths = [f"{RULES}?limit=100&order=rule_sid+asc", "trunk_groups", f"trunk_groups/{self.group}/trunks",
                 f"partners/{self.attack.sids['child']}", f"accesscontrol/effective_acl/calls?trunk_sid={self.trunk}",
                 f"accesscontrol/effective_acl/calls?partner_sid={self.attack.sids['child']}"]
        return [self.attack.good("GET", path) for path in paths]


def dangling(bed):
    """SIDs in lists of the store that are no rule's."""
    with contextlib.closing(sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True)) as store:
        rules = {sid.hex() for (sid,) in store.execute("SELECT rule_sid FROM acl_rules")}
        columns = [("partners", "acls"), ("partners", "parent_assigned_acls"), ("trunk_groups", "acls"), ("trunks", "acls")]
        named = {sid.replace("-", "") for table, column in columns
                 for (text,) in store.execute(f"SELECT {column} FROM {table}")
                 for one in json.loads(text) for sid in one["access_control_rules"]}
    return named - rules


def test_P3_rules_that_come_and_go_under_lists_and_a_kill(own_attack):
    """No list names a rule that is gone, no decision fails, and what was answered holds after kill -9."""
    race = Race(own_attack())
    race.run()
    assert dangling(race.bed) == set()
    told = race.state()
    race.bed.kill()
    race.bed.start()
    assert race.state() == told
