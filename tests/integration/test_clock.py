"""THREATS-65: the wall clock steps by a second, an hour and ten years, forward and back, while the server runs and across
restarts. What was revoked stays so whatever the clock says (P2), nothing is forgotten by a clock in doubt, and durations
run on the monotonic clock. The clock is moved in the server alone; Redis and the tests keep the true one."""

import contextlib
import json
import random
import socket
import sqlite3
import time

import pytest

from forge import claims, token_sid
from ledger import Ledger
from testbed import eventually

HOUR_S, DAY_S, YEARS_S = 3600, 86400, 10 * 365 * 86400
TTL_MAX_S = 3600
STEPS = {"second": 1, "hour": HOUR_S, "years": YEARS_S}
OFFSETS = [sign * step for step in STEPS.values() for sign in (1, -1)]


def is_in_redis(bed, token):
    return bed.redis("EXISTS", f"scopemint:v1:revoked:{token_sid(token)}") == "1"


def is_degraded(bed):
    reply = bed.get("/readyz", admin=True)
    assert reply.status == 200, reply.body
    return b"degraded" in reply.body and b"clock" in reply.body


@pytest.mark.parametrize("across", ["running", "restart"])
@pytest.mark.parametrize("offset", OFFSETS, ids=lambda value: f"{value:+d}s")
def test_THREATS_65_P2_one_step_and_back(faulty, seed, offset, across):
    node, faults = faulty(["server.threads=1"])
    bed = node.bed
    dead, alive, brief = (bed.issue(access_token_ttl=str(ttl_s)) for ttl_s in (3600, 3600, 60))
    assert bed.revoke(dead).status == 200
    assert eventually(lambda: is_in_redis(bed, dead))

    def step(seconds):
        if across == "restart":
            node.kill()
        faults.move_clock(seconds)
        if across == "restart":
            node.start()

    step(offset)
    assert bed.introspect(dead) == {"active": False}
    # What was issued longer ago than it may live, or is to be issued later than that, is not active.
    assert bed.is_active(alive) == (-TTL_MAX_S <= offset < 3000)
    assert bed.is_active(brief) == (-TTL_MAX_S <= offset < 30)
    # Also where the clock is ahead by less than a day at the start, which looks like time that passed, and it is over by
    # it: only what is over for sure needs no revocation (SPEC 6).
    assert bed.revoke(alive).status == 200
    made = bed.issue()
    assert bed.is_active(made)
    assert bed.revoke(made).status == 200
    if abs(offset) > 60 and (across == "running" or offset < 0 or offset > DAY_S):
        assert eventually(lambda: is_degraded(bed))
    # more of them than the index had room for, and time for a clean-up
    ledger = Ledger(bed, seed)
    ledger.walk_together(60)
    if offset > 0:
        time.sleep(1.2)
    ledger.check()
    step(0)
    for token in (dead, alive, made):
        assert bed.introspect(token) == {"active": False}
    for token in (dead, alive):
        assert eventually(lambda token=token: is_in_redis(bed, token))
    assert bed.is_active(brief)
    assert bed.is_active(bed.issue())
    assert node.stop() == 0


@pytest.mark.parametrize("flushed", [False, True], ids=["followed", "filled"])
@pytest.mark.parametrize("across", ["running", "restart"])
def test_P2_redis_has_what_was_over_by_a_wrong_clock(faulty, across, flushed):
    """Gateways that read Redis have clocks of their own: a token that is over by ours alone is told to them as any other,
    by itself, by its application, and with Redis filled from nothing meanwhile."""
    node, faults = faulty(["server.threads=1"])
    bed = node.bed
    token = bed.issue(access_token_ttl=str(TTL_MAX_S))
    if across == "restart":
        node.kill()
    faults.move_clock(HOUR_S + 300)
    if across == "restart":
        node.start()
    assert bed.revoke(token).status == 200
    by_client = bed.request("POST", "/core/v2/admin/revocations", json.dumps({"client_id": bed.app.client_id}).encode(), [
        ("Authorization", f"Bearer {bed.issue(bed.admin, scope='scopemint.revoke')}"),
        ("Content-Type", "application/json")])
    assert by_client.status == 200, by_client.body
    if flushed:
        assert eventually(lambda: is_in_redis(bed, token))
        bed.redis("FLUSHALL")
    assert eventually(lambda: is_in_redis(bed, token))
    followed = bed.get("/oauth/revocations?after=0", [("Authorization", bed.resource_server.basic)]).json["entries"]
    assert token_sid(token) in [entry.get("token_sid") for entry in followed]
    faults.move_clock(0)
    time.sleep(1.2)  # for a look at what has ended
    assert is_in_redis(bed, token)
    assert bed.redis("HEXISTS", "scopemint:v1:epochs", f"application:{bed.app.client_id}") == "1"
    assert bed.introspect(token) == {"active": False}
    assert node.stop() == 0


def test_P2_revoked_by_selector_for_as_long_as_tokens_of_an_earlier_policy_live(faulty):
    """The longest life is lowered by a reload while tokens of longer life are there: what revokes them lasts as long as
    they would, not as long as one that is issued by then."""
    node, faults = faulty(["server.threads=1"])
    bed = node.bed
    dead = bed.issue(access_token_ttl=str(TTL_MAX_S))
    other = bed.issue(bed.sub_partner, access_token_ttl=str(TTL_MAX_S))
    bed.config.write_text(bed.config.read_text() + "tokens: {access_ttl_max_s: 60, access_ttl_default_s: 60}\n")
    bed.reload()
    assert eventually(lambda: bed.token(bed.app).json["expires_in"] == 60)

    reply = bed.request("POST", "/core/v2/admin/revocations", json.dumps({"client_id": bed.app.client_id}).encode(), [
        ("Authorization", f"Bearer {bed.issue(bed.admin, scope='scopemint.revoke')}"),
        ("Content-Type", "application/json")])
    assert reply.status == 200, reply.body
    assert bed.introspect(dead) == {"active": False}
    with contextlib.closing(sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True)) as store:
        ends = store.execute("SELECT end_s FROM entries WHERE kind = 'application' UNION SELECT end_s FROM revocations"
                             ).fetchall()
    assert ends and all(end_s >= claims(dead)["exp"] for end_s, in ends)

    for later_s in (300, TTL_MAX_S - 60):
        node.kill()
        faults.move_clock(later_s)
        node.start()
        time.sleep(1.2)  # for a clean-up
        assert bed.introspect(dead) == {"active": False}
        assert bed.is_active(other)  # as it would be
    assert node.stop() == 0


def test_THREATS_65_P2_over_ceiling_ends_what_a_leap_made_look_expired(faulty):
    """What follows a revocation by over_ceiling takes its entry away in the end: so it passes over no token that only
    looks expired, and that would have its time again with the clock put right."""
    node, faults = faulty(["server.threads=1"])
    bed = node.bed

    def manage(method, path, body):
        reply = bed.request(method, path, json.dumps(body).encode(), [
            ("Authorization", f"Bearer {bed.issue(bed.admin)}"), ("Content-Type", "application/json")])
        assert reply.status == 200, reply.body
        return reply.json

    application = f"/core/v2/applications/{bed.app.client_id}"
    scopes = manage("PATCH", application, {"name": "The same"})["scopes"]
    token = bed.issue(access_token_ttl=str(TTL_MAX_S))
    manage("PATCH", application, {"scopes": []})
    assert bed.introspect(token)["scope"] == ""
    faults.move_clock(2 * HOUR_S)
    made = manage("POST", "/core/v2/admin/revocations", {"over_ceiling": True, "client_id": bed.app.client_id})
    path = f"/core/v2/admin/revocations/{made['revocation_sid']}"

    def is_done():
        bearer = bed.issue(bed.admin, scope="scopemint.revoke")
        return bed.get(path, [("Authorization", f"Bearer {bearer}")]).json["state"] == "done"

    assert eventually(is_done, 20)
    faults.move_clock(0)
    assert bed.introspect(token) == {"active": False}
    manage("PATCH", application, {"scopes": scopes})
    assert bed.introspect(token) == {"active": False}
    assert node.stop() == 0


def test_THREATS_65_P2_a_change_brings_no_older_jwt_back_though_the_clock_went_back(faulty):
    """A revocation that by the clock was made before the token is about it all the same."""
    node, faults = faulty(["server.threads=1"])
    bed = node.bed
    names = ["calls.manage", "oauth.manage_all_tokens", "oauth.allow_token_scope_update"]
    first = bed.issue(bed.admin, scope=" ".join(names), access_token_ttl=str(TTL_MAX_S))
    faults.move_clock(-HOUR_S / 2)

    def manage(method, path, body, bearer=None):
        return bed.request(method, path, json.dumps(body).encode(), [
            ("Authorization", f"Bearer {bearer or bed.issue(bed.admin, scope='scopemint.revoke')}"),
            ("Content-Type", "application/json")])

    plan = manage("POST", "/core/v2/admin/revocations", {"scope": "calls.manage", "dry_run": True}).json["plan_id"]
    token = f"/core/v2/oauth/tokens/{token_sid(first)}"
    by = bed.issue(bed.admin)
    assert manage("PATCH", token, {"scopes": [*names, "sms.read"]}, by).status == 200
    assert manage("POST", "/core/v2/admin/revocations", {"plan_id": plan}).status == 200
    assert bed.introspect(first) == {"active": False}
    manage("PATCH", token, {"scopes": ["sms.read"]}, bed.issue(bed.admin))
    assert bed.introspect(first) == {"active": False}
    assert node.stop() == 0


def test_THREATS_65_P2_P3_a_clock_that_will_not_stand_still(faulty, is_long, seed, figures):
    """Steps at random under load and across kills; with the true time back, all is as it was answered."""
    node, faults = faulty()
    numbers = random.Random(seed)
    ledger = Ledger(node.bed, seed)
    rounds = 300 if is_long else 12
    for _ in range(rounds):
        faults.move_clock(numbers.choice([0, *OFFSETS]))
        if numbers.random() < 0.3:
            node.kill()
            node.start()
        walker = Ledger(node.bed, numbers.random())  # with a token of this time to act by
        walker.walk_together(15)
        walker.check()
        faults.move_clock(0)
        walker.check_dead()
        ledger.walk_together(5)
        ledger.check()
    node.kill()
    node.start()
    ledger.check()
    assert node.stop() == 0
    figures(rounds=rounds, **ledger.counts())


@pytest.mark.parametrize("offset", [HOUR_S, -HOUR_S, YEARS_S, -YEARS_S], ids=lambda value: f"{value:+d}s")
def test_THREATS_65_durations_run_on_the_monotonic_clock(faulty, offset):
    """What waits, waits as long as it should: half a request, an answer, Redis that was flushed, the end."""
    node, faults = faulty(["server.threads=1", "server.head_timeout_s=1", "server.idle_timeout_s=5"])
    bed = node.bed
    dead = bed.issue(access_token_ttl="3600")
    assert bed.revoke(dead).status == 200
    key = f"scopemint:v1:revoked:{token_sid(dead)}"
    assert eventually(lambda: bed.redis("EXISTS", key) == "1")
    with socket.create_connection(("127.0.0.1", bed.port)) as half:
        half.sendall(b"POST /oauth/token HTTP/1.1\r\nHost: x\r\n")
        begin = time.monotonic()
        faults.move_clock(offset)
        assert bed.is_active(bed.issue())
        half.settimeout(5)
        while half.recv(4096):
            pass
        assert time.monotonic() - begin < 4
    faults.move_clock(0)
    bed.redis("FLUSHALL")
    begin = time.monotonic()
    faults.move_clock(-abs(offset))
    assert eventually(lambda: bed.redis("EXISTS", key) == "1", timeout_s=4)
    assert time.monotonic() - begin < 2.5
    faults.move_clock(offset)
    begin = time.monotonic()
    assert node.stop() == 0
    assert time.monotonic() - begin < 5
