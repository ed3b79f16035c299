"""Clients that leave before their answer, and such as only look like it (F-40; THREATS-70). Whoever resets the connection
while a signature is still to be made costs none; whoever closes one direction alone is answered."""

import os
import re
import signal
import socket
import struct

import pytest

from forge import Forger
from testbed import FORM, eventually

RESET = struct.pack("ii", 1, 0)
LEAVING = 60  # no more than wait to be accepted, and than one portion of work
ISSUED, VERIFIED = "scopemint_tokens_issued_total", "scopemint_signature_verifications_total"
FORSAKEN = "scopemint_http_forsaken_total"


def counter(bed, name):
    text = bed.get("/metrics", admin=True).body.decode()
    return sum(int(value) for value in re.findall(rf"^{name}(?:{{[^}}]*}})? (\d+)$", text, re.M))


def request(bed, path, authorization, form, version="1.1"):
    body = form.encode()
    return (f"POST {path} HTTP/{version}\r\nHost: x\r\nContent-Type: {FORM}\r\nAuthorization: {authorization}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def issuing(bed, version="1.1"):
    return request(bed, "/oauth/token", bed.app.basic, "grant_type=client_credentials", version)


def leave_at_once(bed, data, count):
    """So many connections, each with a whole request and a reset behind it before the server looks at any."""
    bed.get("/livez", admin=True)
    os.kill(bed.pid, signal.SIGSTOP)
    try:
        for _ in range(count):
            with socket.create_connection(("127.0.0.1", bed.port)) as link:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                link.sendall(data)
    finally:
        os.kill(bed.pid, signal.SIGCONT)


def test_F_40_issuings_whose_client_left_are_not_signed(own_bed):
    bed = own_bed(["server.threads=1"])
    before = counter(bed, ISSUED)
    leave_at_once(bed, issuing(bed), LEAVING)
    assert eventually(lambda: counter(bed, FORSAKEN) == LEAVING), counter(bed, FORSAKEN)
    assert counter(bed, ISSUED) == before
    assert bed.is_active(bed.issue())


def test_F_40_tokens_never_seen_whose_client_left_are_not_verified(own_bed):
    bed = own_bed(["server.threads=1"])
    data = request(bed, "/oauth/introspect", bed.resource_server.basic, "token=" + Forger(bed).make())
    bed.is_active(bed.issue())  # the caller's secret is known from here on
    before = counter(bed, VERIFIED)
    leave_at_once(bed, data, LEAVING)
    assert eventually(lambda: counter(bed, FORSAKEN) == LEAVING), counter(bed, FORSAKEN)
    assert counter(bed, VERIFIED) == before


@pytest.mark.parametrize("version", ["1.0", "1.1"])
@pytest.mark.parametrize("verb", ["token", "introspect-seen", "introspect-new"])
def test_whoever_closes_one_direction_alone_is_answered(bed, forger, verb, version):
    for _ in range(20):
        data = issuing(bed, version)
        if verb != "token":
            token = bed.issue() if verb == "introspect-seen" else forger.make()
            data = request(bed, "/oauth/introspect", bed.resource_server.basic, "token=" + token, version)
        answer = bed.raw(data)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert answer.endswith(b"}")


def test_requests_behind_one_that_waits_are_answered_in_turn(bed, forger):
    """In pieces of every size, so that some come with it, some while it waits, and some behind its answer."""
    parts = []
    for i in range(4):
        parts += [issuing(bed), request(bed, "/oauth/introspect", bed.resource_server.basic, "token=" + forger.make()),
                  f"GET /nothing/{i} HTTP/1.1\r\nHost: x\r\n\r\n".encode()]
    data = b"".join(parts)
    for size in (1, 7, 100, 333, 1000, len(data)):
        with socket.create_connection(("127.0.0.1", bed.port), 10) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for at in range(0, len(data), size):
                link.sendall(data[at:at + size])
            link.shutdown(socket.SHUT_WR)
            answer = b"".join(iter(lambda: link.recv(65536), b""))
        assert re.findall(rb"HTTP/1\.1 (\d+) ", answer) == [b"200", b"200", b"404"] * 4, answer
        assert re.findall(rb'"(access_token|active)":', answer) == [b"access_token", b"active"] * 4


def test_THREATS_70_a_reset_at_any_moment_of_a_request_that_waits(bed):
    """With something behind it or not: nothing is lost but the answer."""
    for i in range(200):
        behind = issuing(bed)[:i] if i % 2 else b""
        with socket.create_connection(("127.0.0.1", bed.port)) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            link.sendall(issuing(bed) + behind)
            if i % 3 == 0:
                link.shutdown(socket.SHUT_WR)
            if i % 5 == 0:
                link.recv(1)
    assert bed.is_active(bed.issue())
