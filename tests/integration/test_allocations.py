"""Memory that is not there: for each kind of request the first, second, third allocation fails, until none is left that
could; alone, or with all that follow. Never a crash, a wrong verdict, a hang, or half a change: the answer is the one
that it always is, or 503, 500 or none, and the store then holds what was before or what a success makes, and so does the
memory of the server."""

import contextlib
import http.client
import json
import random
import sqlite3
import time

import pytest

from every_request import REQUESTS, SCOPES, Scene
from faults import ALLOCATE, FOR_EVER, OPENSSL, PROGRAM, SQLITE
from feed import Stream
from testbed import eventually

SETTLED = {"tokens": (1, 0, 0)}  # what it takes to see that all is written
SPENT = {"assertions", "audit"}  # an assertion counts as used though the token then could not be made
WRITTEN_BEHIND = {"last_accessed_ms", "last_accessed_ip", "last_used_ms", "last_wall_ms"}
WHOSE = {"program": PROGRAM, "sqlite": SQLITE, "openssl": OPENSSL}
TRIES = 1  # of each request, alone and with all that follow
TRIES_LONG = {"program": 1 << 20, "sqlite": 30, "openssl": 30, "stream": 200}  # those of the program are few: each
COLD = 0.05  # how many of them are a server's first
ANSWER_S = 10
TOLD_APART = {"reason", "acted", "date_last_used"}  # the desk says what it could not tell
LITERAL = {"scope", "scopes", "active", "sufficient", "status"}


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


def shape(value, name="", literal=LITERAL):
    """What answers to the same question have in common. Of a list it is not known which tokens are the newest by now."""
    if isinstance(value, dict):
        return {key: shape(one, key, literal) for key, one in value.items()}
    if name in TOLD_APART:
        return None
    if name in literal or value is None or isinstance(value, bool):
        return value
    if isinstance(value, list):
        return sorted({json.dumps(shape(one, literal=literal - {"scopes"})) for one in value})
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
            # the leak desk answers for each string, and says of which it could not tell
            is_partly = b'"acted":false,"reason":"' in reply.body
            assert reply.status == good.status and (is_partly or told_by(reply) == told_by(good)), where
            assert change == made or (change == SETTLED and is_partly), (where, made)
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
