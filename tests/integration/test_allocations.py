"""Memory that is not there: for each kind of request the first, second, third allocation fails, until none is left that
could; alone, or with all that follow. Never a crash, a wrong verdict, a hang, or half a change: the answer is the one
that it always is, or 503, 500 or none, and the store then holds what was before or what a success makes, and so does the
memory of the server."""

import contextlib
import http.client
import itertools
import json
import random
import sqlite3
import time

import pytest

import assertion
from faults import ALLOCATE, FOR_EVER, OPENSSL, PROGRAM, SQLITE
from feed import Stream
from forge import token_sid
from testbed import Client, eventually

SETTLED = {"tokens": (1, 0, 0)}  # what it takes to see that all is written
SPENT = {"assertions", "audit"}  # an assertion counts as used though the token then could not be made
SCOPES = "calls.read sms.read batch.read"
WRITTEN_BEHIND = {"last_accessed_ms", "last_accessed_ip", "last_used_ms", "last_wall_ms"}
WHOSE = {"program": PROGRAM, "sqlite": SQLITE, "openssl": OPENSSL}
TRIES = 1  # of each request, alone and with all that follow
TRIES_LONG = {"program": 1 << 20, "sqlite": 30, "openssl": 30, "stream": 200}  # those of the program are few: each
COLD = 0.05  # how many of them are a server's first
ANSWER_S = 10
NAMES = itertools.count()
RULE = {"name": "One", "field": "calling", "operation": "prefix", "quantifier": "any", "entries": ["49", "4930", "+1"]}
TOLD_APART = {"reason", "acted", "date_last_used"}  # the desk says what it could not tell
LITERAL = {"scope", "scopes", "active", "sufficient", "status"}


def lists(rules):
    return [{"access_control_rules": list(rules), "voice_action_true": "reject403"}]


class Scene:
    """What the requests are about, made anew for each."""

    def __init__(self, bed):
        self.bed = bed
        self.names = NAMES
        self.admin = bed.issue(bed.admin, access_token_ttl=3600)
        self.alive, self.dead = self.issue(), self.issue()
        assert bed.revoke(self.dead).status == 200
        self.shown = []  # what is looked at after the restart

    def issue(self, **form):
        return self.bed.issue(self.bed.app, **{"scope": SCOPES, "access_token_ttl": 3600, **form})

    def fresh(self):
        token = self.issue()
        self.shown.append(token)
        return token

    def managed(self):
        """The path of a new token."""
        return f"oauth/tokens/{token_sid(self.fresh())}"

    def call(self, method, path, body=None):
        headers = [("Authorization", f"Bearer {self.admin}")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, "/core/v2/" + path, body, headers)

    def made(self, path, body, key):
        reply = self.call("POST", path, body)
        assert reply.status == 200, reply.body
        self.shown.append(f"{path}/{reply.json[key]}")
        return reply.json

    def partner(self):
        return self.made("partners", {"name": "One", "login": f"one{next(self.names)}", "skip_email_verification": True,
                                      "skip_partner_review": True}, "partner_sid")["partner_sid"]

    def application(self, **more):
        return self.made("applications", {
            "partner_sid": self.bed.partner_sid, "name": "One", "type": "confidential", "scopes": ["calls.manage"],
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"], **more},
            "client_id")

    def rule(self, **more):
        return self.made("accesscontrol/rules", {**RULE, **more}, "rule_sid")

    def group(self, rules=()):
        """A trunk group whose lists name these rules, with one trunk."""
        return self.made("trunk_groups", {"acls": lists(rules), "trunks": [{"acls": lists(rules)}]},
                         "trunk_group_sid")

    def views(self):
        """Everything that was touched, as the server tells it."""
        told = {}
        for what in self.shown:
            if what.startswith("eyJ"):
                told[token_sid(what)] = self.bed.introspect(what)
                what = f"oauth/tokens/{token_sid(what)}"
            reply = self.call("GET", what)
            told[what] = (reply.status, {name: value for name, value in reply.json.items() if "last" not in name})
        return told


# ---- the requests: each prepares what it needs, and returns what sends it ----

def of_batch(scene):
    body = json.dumps({"tokens": [scene.fresh(), scene.alive, scene.dead, "nothing"]}).encode()
    headers = [("Authorization", scene.bed.resource_server.basic), ("Content-Type", "application/json")]
    return lambda: scene.bed.request("POST", "/oauth/introspect/batch", body, headers)


def of_introspection(which):
    def prepare(scene):
        token = which(scene)
        return lambda: scene.bed.introspection(token, required_scope="calls.read")
    return prepare


def of_call(method, path, body=None):
    """path, body: values, or functions of the scene."""
    def prepare(scene):
        where = path(scene) if callable(path) else path
        what = body(scene) if callable(body) else body
        return lambda: scene.call(method, where, what)
    return prepare


def of_token(scene):
    return lambda: scene.bed.token(scene.bed.app, scope=SCOPES, access_token_ttl="3600")


def of_assertion(scene):
    made = scene.application(token_endpoint_auth_method="private_key_jwt",
                             jwks=assertion.key_set(*assertion.KEYS.values()))
    form = assertion.fresh(scene.bed, Client(made["client_id"]), grant_type="client_credentials")
    return lambda: scene.bed.post("/oauth/token", form)


def of_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.revoke(token)


def of_bearer_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.post("/oauth/revoke", {"token": token}, bearer=scene.admin)


def of_managed_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.post("/core/v2/oauth/revoke", {"token": token}, bearer=scene.admin)


def of_get(path, admin=False):
    return lambda scene: lambda: scene.bed.get(path, admin=admin)


def new_partner(scene):
    return {"name": "Two", "login": f"two{next(scene.names)}", "skip_email_verification": True}


def new_application(scene):
    return {"partner_sid": scene.bed.partner_sid, "name": "Two", "type": "confidential", "scopes": ["calls.manage"],
            "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
            "jwks": assertion.key_set(*assertion.KEYS.values())}


def application_path(scene):
    return f"applications/{scene.application()['client_id']}"


def of_plan(scene):
    plan = scene.call("POST", "admin/revocations", {"client_id": scene.application()["client_id"], "dry_run": True})
    return {"plan_id": plan.json["plan_id"]}


def secret_path(scene):
    made = scene.application()
    path = f"applications/{made['client_id']}/secrets"
    return f"{path}/{scene.call('POST', path, {'overlap_s': 60}).json['secret_id']}"


def group_path(scene):
    return f"trunk_groups/{scene.group()['trunk_group_sid']}"


def trunk_path(scene):
    group = scene.group()
    return f"trunk_groups/{group['trunk_group_sid']}/trunks/{group['trunks'][0]}"


def used_rule_path(scene):
    rule = scene.rule()["rule_sid"]
    scene.group([rule])
    return f"accesscontrol/rules/{rule}?force=true"


def lists_of(scene):
    return {"acls": lists([scene.rule()["rule_sid"]])}


def call_over(scene):
    """A call over a trunk whose group has a rule of patterns."""
    rule = scene.rule(operation="regexp", entries=["^49(1|2)+$", "^[+]1"])["rule_sid"]
    trunk = scene.group([rule])["trunks"][0]
    return {"call": {"calling": "4912", "called": None, "direction": "inbound"}, "trunk_sid": trunk}


REQUESTS = {
    "token": of_token,
    "token_by_assertion": of_assertion,
    "introspect": of_introspection(Scene.fresh),
    "introspect_revoked": of_introspection(lambda scene: scene.dead),
    "introspect_batch": of_batch,
    "revoke": of_revoke,
    "revoke_by_bearer": of_bearer_revoke,
    "managed_revoke": of_managed_revoke,
    "token_create": of_call("POST", "oauth/token", {"scopes": ["calls.read"]}),
    "token_narrow": of_call("PATCH", Scene.managed, {"scopes": ["calls.read"]}),
    "token_widen": of_call("PATCH", Scene.managed, {"scopes": [*SCOPES.split(), "calls.manage"]}),
    "token_rename": of_call("PATCH", Scene.managed, {"name": "New"}),
    "token_delete": of_call("DELETE", Scene.managed),
    "token_show": of_call("GET", Scene.managed),
    "token_list": of_call("GET", "oauth/tokens?limit=20&filter=name+eq+%22%22&order=date_created+desc&with_related=true"),
    "explain": of_call("GET", lambda scene: f"admin/tokens/{token_sid(scene.fresh())}/explain"),
    "partner_create": of_call("POST", "partners", new_partner),
    "partner_narrow": of_call("PATCH", lambda scene: f"partners/{scene.partner()}", {"available_scopes": ["calls.read"]}),
    "partner_dry_run": of_call("PATCH", lambda scene: f"partners/{scene.bed.facts['sub_partner']['partner_sid']}"
                               "?dry_run=true", {"available_scopes": []}),
    "partner_cancel": of_call("DELETE", lambda scene: f"partners/{scene.partner()}"),
    "partner_list": of_call("GET", "partners?limit=20&with_related=true"),
    "application_create": of_call("POST", "applications", new_application),
    "application_change": of_call("PATCH", application_path, {"scopes": ["sms.read"], "status": "suspended"}),
    "application_delete": of_call("DELETE", application_path),
    "application_list": of_call("GET", "applications?limit=20"),
    "secret_create": of_call("POST", lambda scene: application_path(scene) + "/secrets", {"overlap_s": 60}),
    "secret_list": of_call("GET", lambda scene: application_path(scene) + "/secrets"),
    "secret_delete": of_call("DELETE", secret_path),
    "revocation_count": of_call("POST", "admin/revocations", lambda scene: {
        "client_id": scene.bed.app.client_id, "dry_run": True}),
    "revocation_by_plan": of_call("POST", "admin/revocations", of_plan),
    "revocation_by_scope": of_call("POST", "admin/revocations", lambda scene: {
        "client_id": scene.application()["client_id"], "scope": "calls.read"}),
    "revocation_list": of_call("GET", "admin/revocations?limit=20"),
    "leak": of_call("POST", "admin/leaks", lambda scene: {"strings": [scene.fresh(), scene.dead], "act": True}),
    "leak_look": of_call("POST", "admin/leaks", lambda scene: {"strings": [scene.alive, scene.bed.app.client_secret]}),
    "feed": lambda scene: lambda: scene.bed.get("/oauth/revocations", [
        ("Authorization", scene.bed.resource_server.basic)]),
    "audit": of_call("GET", "admin/audit?limit=20"),
    "audit_head": of_call("GET", "admin/audit/head"),
    "rule_create": of_call("POST", "accesscontrol/rules", {
        **RULE, "operation": "regexp", "entries": ["^49(1|2)+$", "x"]}),
    "rule_change": of_call("PATCH", lambda scene: f"accesscontrol/rules/{scene.rule()['rule_sid']}", {
        "entries": ["1"]}),
    "rule_delete": of_call("DELETE", used_rule_path),
    "rule_list": of_call("GET", "accesscontrol/rules?limit=20&filter=name+eq+%22One%22"),
    "partner_lists": of_call("PATCH", lambda scene: f"partners/{scene.partner()}", lists_of),
    "trunk_group_create": of_call("POST", "trunk_groups", lambda scene: {**lists_of(scene), "trunks": [{}, {}]}),
    "trunk_group_change": of_call("PUT", group_path, lambda scene: {"name": "Two", **lists_of(scene)}),
    "trunk_group_delete": of_call("DELETE", lambda scene: group_path(scene) + "?force=true"),
    "trunk_group_list": of_call("GET", "trunk_groups?limit=20&with_related=true"),
    "trunk_create": of_call("POST", lambda scene: group_path(scene) + "/trunks", lists_of),
    "trunk_change": of_call("PATCH", trunk_path, lists_of),
    "trunk_delete": of_call("DELETE", trunk_path),
    "trunk_list": of_call("GET", lambda scene: group_path(scene) + "/trunks?limit=20"),
    "effective_acl": of_call("GET", lambda scene: "accesscontrol/effective_acl/calls?trunk_sid=" + call_over(
        scene)["trunk_sid"]),
    "evaluate": of_call("POST", "accesscontrol/effective_acl/evaluate", call_over),
    "evaluate_batch": of_call("POST", "accesscontrol/effective_acl/evaluate", lambda scene: {
        "items": [call_over(scene)] * 3}),
    "scopes": of_call("GET", "scopes?filter=table+eq+carrierx&limit=20"),
    "jwks": of_get("/oauth/jwks"),
    "metadata": of_get("/.well-known/oauth-authorization-server"),
    "openapi": of_get("/openapi.json"),
    "readyz": of_get("/readyz", admin=True),
    "metrics": of_get("/metrics", admin=True),
}


# ---- the store, looked into from outside ----

class Stored:
    def __init__(self, bed):
        self.link = sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True)

    def rows(self):
        """Table -> key -> row, without what is written behind."""
        tables = {}
        names = [row[0] for row in self.link.execute(
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")]
        for table in names:
            columns = self.link.execute(f"PRAGMA table_info({table})").fetchall()
            keys = [column[1] for column in columns if column[5] > 0]
            others = [column[1] for column in columns if column[5] == 0 and column[1] not in WRITTEN_BEHIND]
            rows = self.link.execute(f"SELECT {', '.join(keys + others)} FROM {table}").fetchall()
            tables[table] = {row[:len(keys)]: row[len(keys):] for row in rows}
        return tables


def difference(before, after):
    """Table -> (rows added, gone, changed), of those tables that differ."""
    found = {}
    for table, rows in after.items():
        old = before[table]
        counts = (len(rows.keys() - old.keys()), len(old.keys() - rows.keys()),
                  sum(rows[key] != old[key] for key in rows.keys() & old.keys()))
        if any(counts):
            found[table] = counts
    return found


def shape(value, name=""):
    """What answers to the same question have in common."""
    if isinstance(value, dict):
        return {key: shape(one, key) for key, one in value.items()}
    if name in TOLD_APART:
        return None
    if name in LITERAL or value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return sorted({json.dumps(shape(one)) for one in value})
    return type(value).__name__


def told_by(reply):
    with contextlib.suppress(ValueError):
        return shape(reply.json)
    return None


class Trial:
    """One kind of request on one server, again and again."""

    def __init__(self, node, faults, name):
        self.node, self.faults, self.name = node, faults, name
        self.bed, self.prepare = node.bed, REQUESTS[name]
        self.scene, self.stored = Scene(self.bed), Stored(self.bed)
        self.unharmed = self.run(0, 0, 0)
        assert self.unharmed[0] is not None and self.unharmed[0].status < 300, self.unharmed[0].body
        self.failed = 0

    def follows(self):
        return b"degraded" not in self.bed.get("/readyz", admin=True).body

    def settle(self):
        """Everything before it has been through the writer, and the server is well."""
        def is_well():
            reply = self.bed.token(self.bed.app)
            assert reply.status in (200, 503), reply.body
            return reply.status == 200

        def is_through():  # the rows of revocations by selector follow in steps
            return b'"following"' not in self.scene.call("GET", "admin/revocations?limit=1000").body
        assert eventually(is_well, timeout_s=ANSWER_S) and eventually(self.follows, timeout_s=ANSWER_S)
        if "revocation" in self.name:
            assert eventually(is_through, timeout_s=ANSWER_S) and eventually(is_well)

    def restart(self):
        self.node.kill()
        self.node.start()
        assert eventually(self.follows, timeout_s=ANSWER_S)

    def run(self, places, after, times):
        """The answer or None, and what it made of the store."""
        send = self.prepare(self.scene)
        before = self.stored.rows()
        self.faults.rule(ALLOCATE, places, after=after, times=times)
        begin = time.monotonic()
        try:
            reply = send()
        except (ConnectionError, http.client.HTTPException):
            reply = None
        assert time.monotonic() - begin < ANSWER_S, self.name
        self.faults.end()
        self.settle()
        return reply, difference(before, self.stored.rows())

    def fail(self, places, after, times):
        """The answer and the store are one of the two that they may be."""
        reply, change = self.run(places, after, times)
        if not self.faults.fired():
            return
        self.failed += 1
        where = (self.name, places, after, times, reply and (reply.status, reply.body), change)
        good, made = self.unharmed
        if reply is not None and reply.status < 300:
            assert reply.status == good.status and told_by(reply) == told_by(good), where
            # the leak desk answers for each string, and says of which it could not tell
            assert change == made or (change == SETTLED and b'"acted":false,"reason":"' in reply.body), (where, made)
        else:
            assert reply is None or reply.status in (500, 503), where
            assert change in (made, SETTLED) or set(change) - SPENT == set(SETTLED), (where, made)
        assert self.bed.introspect(self.scene.alive)["scope"] == " ".join(sorted(SCOPES.split()))
        assert self.bed.introspect(self.scene.dead) == {"active": False}

    def fail_each(self, places, numbers, tries):
        """Every allocation of the request, or as many as tries; now and then as a server's first request."""
        self.run(places, 1 << 40, 1)
        every = range(1, self.faults.seen() + 3)
        for times in (1, FOR_EVER):
            for n in numbers.sample(every, min(tries, len(every))):
                if numbers.random() < COLD:
                    self.restart()
                self.fail(places, n, times)
        return self.failed

    def look_again(self):
        """What the server tells is what it tells after a restart: its memory and the store are of one mind."""
        views = self.scene.views()
        self.restart()
        self.settle()
        assert self.scene.views() == views


@pytest.mark.parametrize("place", WHOSE)
def test_P1_P4_F_20_the_nth_allocation_fails(faulty, is_long, seed, place, figures):
    """Of the program, or of a library that copes. libh2o is let through, which ends the process by design, and hiredis,
    which does not look at what it got (its next write after a failed one reads through NULL)."""
    node, faults = faulty(["server.threads=1"])
    numbers, failed = random.Random(seed), 0
    for name in REQUESTS:
        trial = Trial(node, faults, name)
        failed += trial.fail_each(WHOSE[place], numbers, TRIES_LONG[place] if is_long else TRIES)
        trial.look_again()
    figures(kinds_of_request=len(REQUESTS), with_a_failed_allocation=failed)


def test_P1_P4_F_20_the_nth_allocation_of_a_first_verification_fails(faulty, is_long, seed, figures):
    """A token counts as seen from its issue on; unless none is kept."""
    node, faults = faulty(["server.threads=1", "tokens.verified_kept=0"])
    numbers, failed = random.Random(seed), 0
    tries = 8 * (TRIES_LONG["openssl"] if is_long else TRIES)
    for name in ("introspect", "introspect_batch", "revoke_by_bearer", "token_narrow"):
        failed += Trial(node, faults, name).fail_each(PROGRAM | OPENSSL, numbers, tries)
    figures(requests_with_a_failed_allocation=failed)


# ---- streams ----

class Follower:
    """Follows the feed on and on: where a stream ends, the next goes on from its last id."""

    def __init__(self, bed):
        self.bed, self.stream, self.told = bed, None, []
        self.last = "{feed_id}.{number}".format(**self.ask().json)

    def ask(self, query=""):
        return self.bed.get(f"/oauth/revocations{query}", [("Authorization", self.bed.resource_server.basic)])

    def close(self):
        if self.stream is not None:
            self.stream.close()
        self.stream = None

    def open(self):
        """Whether there is a stream now."""
        with contextlib.suppress(ConnectionError):
            self.stream = Stream(self.bed, last=self.last)
            if self.stream.status == 200:
                return True
            assert self.stream.status in (500, 503), self.stream.head
        self.close()
        return False

    def listen(self, name, wait_s):
        """Until an event of this name has come; whether it has."""
        if self.stream is None and not self.open():
            return False
        while (event := self.stream.next(wait_s)) is not None:
            assert event.name not in ("", "reset"), event.text
            self.last = event.id
            if event.name == "revoked":
                self.told.append(event.number)
            if event.name == name:
                return True
        if self.stream.closed or self.stream.ended:
            self.close()
        return False

    def all(self, after):
        """The numbers that the documents show."""
        page = self.ask(f"?after={after}").json
        numbers = [entry["number"] for entry in page["entries"]]
        return numbers + self.all(page["after"]) if page["has_more"] else numbers


def test_P2_F_14_the_nth_allocation_of_a_stream_fails(faulty, is_long, seed, figures):
    """However often it breaks off, who follows is told each entry, once and in order: one that came before the stream
    began, and one that comes while it is followed."""
    node, faults = faulty(["server.threads=1"])
    bed, numbers = node.bed, random.Random(seed)
    follower = Follower(bed)
    start, failed = int(follower.last.rsplit(".", 1)[1]), 0

    def is_revoked(token):
        with contextlib.suppress(ConnectionError, http.client.HTTPException):
            return bed.revoke(token).status == 200

    def follow(places, after, times):
        before, during = bed.issue(), bed.issue()
        assert eventually(lambda: is_revoked(before), timeout_s=ANSWER_S)
        faults.rule(ALLOCATE, places, after=after, times=times)
        follower.listen("current", 0.2)
        if is_revoked(during):
            follower.listen("revoked", 0.2)
        faults.end()
        assert node.is_running, bed.log()[-2000:]
        assert eventually(lambda: is_revoked(during), timeout_s=ANSWER_S)
        assert eventually(lambda: follower.ask().status == 200, timeout_s=ANSWER_S)  # the index is whole again
        wanted = follower.ask().json["number"]
        begin = time.monotonic()
        while not follower.told or follower.told[-1] < wanted:
            assert time.monotonic() - begin < ANSWER_S, (places, after, times, follower.told, wanted)
            follower.listen("revoked", 0.5)
        follower.close()

    for places in WHOSE.values():
        follow(places, 1 << 40, 1)
        every = range(1, faults.seen() + 3)
        for times in (1, FOR_EVER):
            for n in numbers.sample(every, min(TRIES_LONG["stream"] if is_long else 8 * TRIES, len(every))):
                follow(places, n, times)
                failed += faults.fired() > 0
    assert failed > 0 and follower.told == follower.all(start)
    figures(streams_with_a_failed_allocation=failed)
