"""M1, M2 and M3 for PATCH and PUT of a token's scopes: every cell of verb, caller's scopes, target and asked scopes,
with the status and the state of the stored token after it. What is expected is worked out here from the contract
(SPEC 5), in its order of refusals, and knows nothing of how the server does it."""

import itertools
import json
import uuid

import pytest

from forge import claims
from testbed import Testbed, free_port

GATE, ALL, MANAGE, UPDATE = ("oauth.allow_token_scope_update", "oauth.manage_all_tokens", "oauth.manage",
                             "oauth.update")
RIGHTS = (GATE, ALL, MANAGE, UPDATE)
COMBINATIONS = [frozenset(c) for n in range(len(RIGHTS) + 1) for c in itertools.combinations(RIGHTS, n)]

# What callers hold besides their rights, and what a target holds.
BASE = frozenset({"calls.create", "calls.read", "sms.read", "storage.manage"})
STORED = frozenset({"calls.create", "calls.read"})

# The application declares push, which its partner has not; the partner has rating, which it does not declare.
PARTNER_HAS = ["calls.manage", "sms.manage", "storage.manage", "rating.manage", *RIGHTS]
DECLARED = ["calls.manage", "sms.manage", "storage.manage", "push.manage", *RIGHTS]
FAMILIES = {"calls", "sms", "storage", "rating", "push", "oauth"}
PLAIN_VERBS = ("create", "read", "update", "delete")

CASES = {
    "absent": None,
    "null": None,
    "same": lambda stored: list(stored),
    "reordered": lambda stored: [*reversed(stored), stored[0]],
    "narrowed": lambda stored: [name for name in stored if name != "calls.create"],
    "empty": lambda stored: [],
    "within": lambda stored: [*stored, "storage.read"],
    "beyond the caller": lambda stored: [*stored, "sms.update"],
    "beyond the application": lambda stored: [*stored, "rating.read"],
    "beyond the partner": lambda stored: [*stored, "push.read"],
    "unknown": lambda stored: [*stored, "no.such.scope"],
    "swapped": lambda stored: ["calls.read", "storage.read"],
}
TARGETS = ("own", "current", "other", "of another application", "parent's", "child's", "stranger's", "unknown")


def closure(names):
    """manage gives the plain verbs of its own family, and nothing gives anything else."""
    out = set(names)
    for name in names:
        family, _, verb = name.rpartition(".")
        if verb == "manage" and family in FAMILIES:
            out |= {f"{family}.{plain}" for plain in PLAIN_VERBS}
    return out


GRANTABLE = closure(PARTNER_HAS) & closure(DECLARED)


def expected(method, rights, target, case, stored, asked):
    """(status, changed, widened)."""
    if not rights & {UPDATE, MANAGE, ALL}:
        return 403, False, False
    if target not in ("own", "current") and not (ALL in rights and target in ("other", "of another application")):
        return 404, False, False
    if case in ("absent", "null"):
        return (200 if method == "PATCH" else 422), False, False
    if set(asked) == set(stored):
        return 200, False, False
    if GATE not in rights:
        return 403, False, False
    added = set(asked) - closure(stored)
    if not added:
        return 200, True, False
    if added - GRANTABLE:
        return 422, False, False
    if added - closure(rights | BASE):
        return 403, False, False
    return 200, True, True


def application(ref, partner, scopes):
    return {"ref": ref, "partner": partner, "name": ref, "scopes": scopes, "type": "confidential",
            "status": "active", "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic"}


def partner(ref, parent, scopes):
    return {"ref": ref, "parent": parent, "name": ref, "login": ref, "status": "active", "available_scopes": scopes}


SEED = {
    "partners": [partner("middle", "root", PARTNER_HAS), partner("child", "middle", PARTNER_HAS),
                 partner("stranger", "root", PARTNER_HAS)],
    "applications": [application("m_app", "middle", DECLARED), application("m_other", "middle", DECLARED),
                     application("m_server", "root", ["calls.read"]),
                     application("m_parent", "root", DECLARED), application("m_child", "child", DECLARED),
                     application("m_stranger", "stranger", DECLARED)],
}
for one in SEED["applications"]:
    one["audiences"] = ["{issuer}"]


class Matrix:
    """A server, one connection, and a caller for each combination of rights."""

    def __init__(self, bed):
        self.bed = bed
        self.link = bed.connect()
        self.cells = 0
        self.wrong = []
        self.callers = {}
        self.changed = []  # (JWT, the closure of what introspection answers from now on)
        self.owners = {target: self.token(bed.seeded(ref), {GATE, ALL} | BASE) for target, ref in {
            "own": "m_app", "current": "m_app", "other": "m_app", "of another application": "m_app",
            "parent's": "m_parent", "child's": "m_child", "stranger's": "m_stranger"}.items()}

    def token(self, client, scopes):
        reply = self.bed.token(client, connection=self.link, scope=" ".join(sorted(scopes)), name="before")
        assert reply.status == 200, reply.body
        return reply.json["access_token"]

    def request(self, method, path, token, body=None):
        headers = [("Authorization", f"Bearer {token}")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, path, body, headers, connection=self.link)

    def caller(self, rights):
        if rights not in self.callers:
            self.callers[rights] = self.token(self.bed.seeded("m_app"), rights | BASE)
        return self.callers[rights]

    def target(self, kind, rights):
        """(the caller's token, the target's, its stored scopes)."""
        if kind in ("own", "current"):
            own = self.token(self.bed.seeded("m_app"), rights | BASE)
            return own, own, sorted(rights | BASE)
        clients = {"other": "m_app", "of another application": "m_other", "parent's": "m_parent",
                   "child's": "m_child", "stranger's": "m_stranger"}
        if kind == "unknown":
            return self.caller(rights), None, sorted(STORED)
        return self.caller(rights), self.token(self.bed.seeded(clients[kind]), STORED), sorted(STORED)

    def read(self, kind, sid):
        reply = self.request("GET", f"/core/v2/oauth/tokens/{sid}", self.owners[kind])
        assert reply.status == 200, reply.body
        return reply

    def fail(self, *what):
        self.wrong.append(" ".join(map(str, what)))

    def cell(self, method, rights, kind, case):
        self.cells += 1
        caller, token, stored = self.target(kind, rights)
        sid = claims(token)["jti"].split(".")[0] if token else str(uuid.uuid4())
        before = self.read(kind, sid) if token else None
        asked = CASES[case](stored) if CASES[case] else None
        body = {"name": "after"}
        if method == "PUT":
            body |= {"date_expiration_refresh_token": None,
                     "date_expiration_access_token": before.json["date_expiration_access_token"] if before
                     else "2030-01-01T00:00:00Z"}
        if case != "absent":
            body["scopes"] = asked
        status, changes, widens = expected(method, rights, kind, case, stored, asked)
        path = "current" if kind == "current" else sid
        reply = self.request(method, f"/core/v2/oauth/tokens/{path}", caller, body)
        where = (method, sorted(rights), kind, case)
        if reply.status != status:
            return self.fail(*where, "answered", reply.status, "not", status, reply.body)
        if before is None:
            return None
        after = self.read(kind, sid)
        self.check_stored(where, before, after, status, asked if changes else stored)
        if status == 200:
            self.check_answer(where, reply, after, asked, widens)
            self.changed.append((token, closure(stored) & closure(asked if changes else stored)))
        return None

    def check_stored(self, where, before, after, status, scopes):
        """All or nothing."""
        old, new = before.json, after.json
        want = {**old, "name": "after" if status == 200 else "before"}
        got = {**new, "scopes": old["scopes"]}
        for volatile in ("date_last_accessed", "ip_last_accessed"):
            want[volatile] = got[volatile] = None
        if got != want or set(new["scopes"]) != set(scopes) or len(new["scopes"]) != len(set(scopes)):
            self.fail(*where, "left", new)
        if (after.header("ETag") != before.header("ETag")) != (status == 200):
            self.fail(*where, "left the revision", after.header("ETag"))

    def check_answer(self, where, reply, after, asked, widens):
        answer = reply.json
        jwt = answer.pop("access_token")
        rest = {**after.json}
        del rest["access_token"]
        for volatile in ("date_last_accessed", "ip_last_accessed"):
            answer[volatile] = rest[volatile] = None
        if answer != rest or reply.header("ETag") != after.header("ETag"):
            self.fail(*where, "answered", answer, "and shows", rest)
        if (jwt is not None) != widens:
            return self.fail(*where, "answered the token", jwt)
        if jwt is None:
            return None
        signed = claims(jwt)
        if not signed["jti"].endswith(".2") or set(signed["scope"].split()) != set(asked):
            self.fail(*where, "signed", signed)
        self.changed.append((jwt, closure(asked)))
        return None

    def check_introspection(self):
        """P1: the earlier JWT within its claim and what is stored now, the new one what was asked for."""
        for jwt, scopes in self.changed:
            answer = self.bed.post("/oauth/introspect", {"token": jwt}, self.bed.resource_server, connection=self.link)
            got = answer.json
            if not got["active"] or closure(got["scope"].split()) != scopes:
                self.fail("introspection answers", got, "not", scopes)


@pytest.fixture(scope="module")
def matrix_bed(tmp_path_factory):
    port = free_port()
    seed = json.loads(json.dumps(SEED).replace("{issuer}", f"http://127.0.0.1:{port}"))
    for one in seed["applications"]:
        one["audiences"].append("https://api.testbed.example")
    bed = Testbed(tmp_path_factory.mktemp("matrix"), seed=seed, port=port).start()
    yield bed
    bed.stop()


def test_every_cell_of_m1_m2_m3(matrix_bed):
    """SPEC 5; THREATS-43; and what was narrowed stays narrowed across a restart (P1)."""
    matrix = Matrix(matrix_bed)
    for cell in itertools.product(("PATCH", "PUT"), COMBINATIONS, TARGETS, CASES):
        matrix.cell(*cell)
    assert not matrix.wrong, f"{len(matrix.wrong)} of {matrix.cells}:\n" + "\n".join(matrix.wrong[:20])
    assert matrix.cells == 2 * 16 * len(TARGETS) * len(CASES)
    matrix.check_introspection()
    assert not matrix.wrong, "\n".join(matrix.wrong[:20])
    matrix_bed.restart()
    matrix.link = matrix_bed.connect()
    matrix.check_introspection()
    assert not matrix.wrong, "after a restart:\n" + "\n".join(matrix.wrong[:20])
