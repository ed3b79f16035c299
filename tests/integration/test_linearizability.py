"""P2, F-45: what many clients at once see of a token is what some order of their requests would show. Issued, shown,
narrowed, widened and revoked over connections that reach all threads; every answer is recorded with the moments its
request left and its answer arrived, and the history of each token is searched for such an order (support/history.py).
Every tenth round an application is revoked by selector while tokens of it are issued, shown and narrowed. The seed is
printed; 10^5 rounds with --long."""

import asyncio
import random
import time

import pytest

from forge import token_sid
from history import REVOKED, Operation, apply_to_token, is_linearizable
from quick import Link
from testbed import Client

SCOPES = ["calls.read", "endpoints.read", "countries.read"]
LINKS, TOGETHER = 24, 4  # connections; tokens at a time
LOOKS, PATCHES = 6, 2


class Run:
    def __init__(self, bed, links, seed):
        self.bed, self.links, self.random = bed, links, random.Random(seed)
        self.master = bed.issue(bed.admin, access_token_ttl=3600)
        self.operations = self.after_revoke = self.rounds = 0

    async def timed(self, history, kind, argument, request, answer_of):
        start = time.monotonic_ns()
        reply = await request
        history.append(Operation(start, time.monotonic_ns(), kind, argument, answer_of(*reply)))
        self.operations += 1

    def judge(self, history, certain, perhaps=None):
        """certain: revocations that answered; perhaps: one that may have come before the token's issue."""
        revoked = min((one.end for one in certain), default=None)
        if revoked is not None:
            self.after_revoke += sum(one.start > revoked for one in history if one.kind == "introspect")
        explained = is_linearizable(history, frozenset(SCOPES), apply_to_token) or (
            perhaps is not None and is_linearizable([*history, perhaps], frozenset(SCOPES), apply_to_token))
        assert explained, sorted(history, key=lambda one: one.start)
        self.rounds += 1

    async def pause(self):
        await asyncio.sleep(self.random.random() * 0.004)

    async def look(self, link, token, history):
        def shown(status, body):
            assert status == 200, body
            return frozenset(body["scope"].split()) if body["active"] else None

        for _ in range(LOOKS):
            await self.pause()
            request = link.form("/oauth/introspect", self.bed.resource_server.basic, token=token)
            await self.timed(history, "introspect", frozenset(SCOPES), request, shown)

    async def patch(self, link, token, history):
        for _ in range(PATCHES):
            await self.pause()
            scopes = self.random.sample(SCOPES, self.random.randint(1, len(SCOPES)))
            request = link.json("PATCH", f"/core/v2/oauth/tokens/{token_sid(token)}", self.master, {"scopes": scopes})
            await self.timed(history, "patch", frozenset(scopes), request, lambda status, body: status)

    async def revoke(self, link, token, history):
        def done(status, body):
            assert status in (200, 204), body

        await asyncio.sleep(self.random.random() * 0.02)
        if self.random.random() < 0.5:
            request = link.form("/oauth/revoke", self.bed.app.basic, token=token)
        else:
            request = link.json("DELETE", f"/core/v2/oauth/tokens/{token_sid(token)}", self.master)
        await self.timed(history, "revoke", None, request, done)

    async def issue(self, link, client):
        status, body = await link.form("/oauth/token", client.basic, grant_type="client_credentials",
                                       scope=" ".join(SCOPES))
        assert status == 200, body
        return body["access_token"]

    async def round(self, links):
        """The history of one token, from its issue on."""
        history = []
        token = await self.issue(links[0], self.bed.app)
        actors = [self.look, self.look, self.look, self.patch, self.patch, self.revoke]
        self.random.shuffle(actors)
        await asyncio.gather(*(actor(link, token, history) for actor, link in zip(actors, links, strict=True)))
        self.judge(history, [one for one in history if one.kind == "revoke"])

    async def application(self, link):
        status, body = await link.json("POST", "/core/v2/applications", self.master, {
            "name": "cut", "type": "confidential", "token_endpoint_auth_method": "client_secret_basic",
            "grant_types": ["client_credentials"], "scopes": SCOPES,
            "audiences": [self.bed.issuer, self.bed.audience]})
        assert status == 200, body
        return Client(body["client_id"], body["client_secret"])

    async def select(self, link, client, cuts):
        def done(status, body):
            assert status == 200, body

        await asyncio.sleep(self.random.random() * 0.02)
        request = link.json("POST", "/core/v2/admin/revocations", self.master, {"client_id": client.client_id})
        await self.timed(cuts, "revoke", None, request, done)

    async def live(self, link, client, lives):
        """Issues a token and looks at it; its issue is an operation too, for the time it took."""
        for _ in range(2):
            await self.pause()
            start = time.monotonic_ns()
            token, history = await self.issue(link, client), []
            lives.append((start, time.monotonic_ns(), history))
            await self.look(link, token, history)

    async def round_of_all(self, links, client):
        """One application, whose tokens are ended all at once."""
        lives, cuts = [], []
        await asyncio.gather(self.select(links[0], client, cuts),
                             *(self.live(link, client, lives) for link in links[1:]))
        cut = cuts[0]
        for start, end, history in lives:
            if end < cut.start:
                self.judge([*history, cut], [cut])
            elif start > cut.end:
                self.judge(history, [])
            else:
                self.judge(history, [], cut)


async def run(bed, seed, rounds):
    links = [await Link(bed.port).open() for _ in range(LINKS)]
    walk = Run(bed, links, seed)
    each = LINKS // TOGETHER

    async def worker(mine):
        client = await walk.application(mine[0])
        while walk.rounds < rounds:
            if walk.random.random() < 0.1:
                await walk.round_of_all(mine, client)
            else:
                await walk.round(mine)

    try:
        await asyncio.gather(*(worker(links[at * each:(at + 1) * each]) for at in range(TOGETHER)))
    finally:
        for link in links:
            link.close()
    return walk


def test_F_45_P2_histories_are_linearizable(own_bed, is_long, request, figures):
    seed = request.config.getoption("--seed") or random.randrange(1 << 32)
    rounds = 100_000 if is_long else 400
    print(f"seed {seed}, {rounds} rounds")
    bed = own_bed(settings=["server.threads=2", "throttle.unknown_tokens_per_second=1000000"])
    walk = asyncio.run(run(bed, seed, rounds))
    figures(rounds=walk.rounds, operations=walk.operations, looks_begun_after_a_revocation=walk.after_revoke)
    assert walk.after_revoke > 0


# ---- the checker itself ----

ALL = frozenset(SCOPES)
ONE = frozenset(SCOPES[:1])


def op(start, end, kind, answer=None, argument=ALL):
    return Operation(start, end, kind, argument, answer)


@pytest.mark.parametrize(("history", "holds"), [
    ([op(0, 1, "introspect", ALL), op(2, 3, "revoke"), op(4, 5, "introspect")], True),
    ([op(2, 3, "revoke"), op(4, 5, "introspect", ALL)], False),  # stale
    ([op(0, 9, "revoke"), op(1, 2, "introspect", ALL), op(3, 4, "introspect")], True),
    ([op(0, 9, "revoke"), op(1, 2, "introspect"), op(3, 4, "introspect", ALL)], False),  # came back
    ([op(0, 1, "introspect"), op(2, 3, "revoke")], False),  # from the future
    ([op(0, 1, "patch", 200, ONE), op(2, 3, "introspect", ONE)], True),
    ([op(0, 1, "patch", 200, ONE), op(2, 3, "introspect", ALL)], False),
    ([op(0, 9, "patch", 200, ONE), op(1, 2, "introspect", ONE), op(3, 4, "introspect", ALL)], False),
    ([op(0, 9, "patch", 200, ONE), op(0, 9, "patch", 200, ALL), op(1, 2, "introspect", ONE),
      op(3, 4, "introspect", ALL)], True),
    ([op(0, 1, "revoke"), op(2, 3, "patch", 200, ONE)], False),
    ([op(0, 5, "revoke"), op(2, 3, "patch", 409, ONE)], True),
    ([op(0, 1, "patch", 409, ONE), op(2, 3, "revoke")], False),
])
def test_the_checker_finds_what_no_order_explains(history, holds):
    assert is_linearizable(history, ALL, apply_to_token) is holds
    assert apply_to_token(REVOKED, op(0, 1, "introspect", ALL)) is None
