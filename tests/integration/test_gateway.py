"""The example gateway (support/feed_gateway.py) against a real server (SPEC 7, P1, P2): it verifies JWTs by itself, refuses
what the feed has ended, asks introspection where only that can tell, and fails closed when the feed is silent."""

import base64
import contextlib
import json
import os
import re
import signal
import threading
import time

import pytest

from feed import Stream
from feed_gateway import Gateway
from testbed import eventually

HEARTBEAT_S = 1


@contextlib.contextmanager
def gateway_of(bed):
    gateway = Gateway(f"127.0.0.1:{bed.port}", bed.issuer, bed.audience, bed.resource_server.client_id,
                      bed.resource_server.client_secret, HEARTBEAT_S)
    thread = threading.Thread(target=gateway.follow)
    thread.start()
    try:
        assert eventually(lambda: gateway.heard_at > 0)
        yield gateway
    finally:
        gateway.stopping.set()
        thread.join()


@pytest.fixture(scope="module")
def bed(module_bed):
    return module_bed([f"feed.heartbeat_s={HEARTBEAT_S}"])


@pytest.fixture
def gateway(bed):
    with gateway_of(bed) as made:
        yield made


@pytest.fixture
def token(bed):
    return bed.issue(bed.app, scope="calls.read", resource=bed.audience)


def manage(bed, method, path, body=None):
    bearer = bed.issue(bed.admin)  # all that it may have
    reply = bed.request(method, f"/core/v2/{path}", None if body is None else json.dumps(body).encode(),
                        [("Authorization", f"Bearer {bearer}"), ("Content-Type", "application/json")])
    assert reply.status in (200, 204), reply.body
    return reply


def test_what_it_knows_it_does_not_ask(gateway, token):
    assert gateway.check(token) == "calls.read"
    asked = gateway.asked
    assert all(gateway.check(token) == "calls.read" for _ in range(50)) and gateway.asked == asked
    assert gateway.check(token[:-4] + "AAAA") is None and gateway.check("nonsense") is None
    assert gateway.asked == asked


def test_P2_a_revoked_token_is_refused(bed, gateway, token):
    assert gateway.check(token)
    asked = gateway.asked
    bed.revoke(token)
    assert eventually(lambda: gateway.check(token) is None, 1)
    assert gateway.asked == asked


def test_P2_epochs_and_selectors_are_decided_or_asked(bed, gateway):
    """By its claims alone, but for a partner that may lie below another: that introspection knows."""
    whole = {"partner_sid": bed.partner_sid, "descendants": True}
    for client, selector, asks in ((bed.app, {"client_id": bed.app.client_id}, 0), (bed.app, whole, 0),
                                   (bed.app, {"client_id": bed.app.client_id, "scope": "calls.read"}, 0),
                                   (bed.sub_partner, whole, 1)):
        token = bed.issue(client, scope="calls.read", resource=bed.audience)
        assert gateway.check(token) == "calls.read"
        asked = gateway.asked
        made = manage(bed, "POST", "admin/revocations", selector).json["selector"]
        assert eventually(lambda: gateway.check(token) is None, 1), made  # noqa: B023
        assert (gateway.asked > asked) == bool(asks), made
        assert bed.introspect(token) == {"active": False}
        assert gateway.check(bed.issue(client, scope="calls.read", resource=bed.audience)) == "calls.read"


def sid_of(token):
    return claims_of(token)["jti"].split(".")[0]


def claims_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))


def test_P1_a_narrowing_is_asked_about(bed, gateway):
    """Its JWT says more than the token has by now."""
    token = bed.issue(bed.app, scope="calls.manage", resource=bed.audience)
    assert gateway.check(token) == "calls.manage"
    asked = gateway.asked
    manage(bed, "PATCH", f"oauth/tokens/{sid_of(token)}", {"scopes": ["calls.read"]})
    assert eventually(lambda: gateway.check(token) == "calls.read", 1)
    assert gateway.asked == asked + 1 and gateway.check(token) == "calls.read" and gateway.asked == asked + 1


def test_a_table_that_changes_makes_it_ask(bed, gateway, token):
    """P1: a ceiling that falls, with no entry of the sequence about it."""
    assert gateway.check(token) == "calls.read"
    asked = gateway.asked
    path = f"applications/{bed.app.client_id}"
    before = manage(bed, "GET", path).json["scopes"]
    try:
        manage(bed, "PATCH", path, {"scopes": ["sms.read"]})
        assert eventually(lambda: gateway.check(token) == "", 1)
        assert gateway.asked > asked
    finally:
        manage(bed, "PATCH", path, {"scopes": before})
    assert eventually(lambda: gateway.check(token) == "calls.read", 1)


def test_silence_fails_closed(bed, gateway, token):
    """A server that stands still, as behind a network that is cut."""
    assert gateway.check(token)
    os.kill(bed.pid, signal.SIGSTOP)
    try:
        stopped = time.monotonic()
        assert eventually(lambda: gateway.check(token) is None, 4 * HEARTBEAT_S)
        assert time.monotonic() - stopped >= HEARTBEAT_S
    finally:
        os.kill(bed.pid, signal.SIGCONT)
    assert eventually(lambda: gateway.check(token) == "calls.read", 10)


def test_P2_a_restart_loses_nothing(bed, token):
    """F-14: what is revoked while the gateway is away it hears of when it comes back, from where it was."""
    other = bed.issue(bed.app, scope="calls.read", resource=bed.audience)
    with gateway_of(bed) as gateway:
        assert gateway.check(token) and gateway.check(other)
        position = gateway.known.feed_position
    bed.revoke(token)
    bed.restart()
    with Stream(bed, last=position) as stream:
        events = stream.until("current")
        assert [e.name for e in events] == ["tables", "revoked", "current"]
    bed.revoke(other)
    known = gateway.known
    with gateway_of(bed) as gateway:
        assert gateway.check(token) is None and gateway.check(other) is None
    assert known.feed_position == position


def refusals(bed):
    metrics = bed.get("/metrics", admin=True).body.decode()
    return int(re.search(r'scopemint_introspections_total\{result="refused"\} (\d+)', metrics)[1])


def test_no_signature_is_enough_without_the_feed(bed, token):
    before = refusals(bed)
    gateway = Gateway(f"127.0.0.1:{bed.port}", bed.issuer, bed.audience, bed.app.client_id, bed.app.client_secret)
    thread = threading.Thread(target=gateway.follow)
    thread.start()
    assert eventually(lambda: refusals(bed) > before)  # its client may not follow
    assert gateway.check(token) is None
    gateway.stopping.set()
    thread.join()
