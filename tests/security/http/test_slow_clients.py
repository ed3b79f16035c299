"""Clients that hold connections and say little (THREATS-74, F-40): one that behaves is served all the same, and about
as fast. The slow ones are held by a process of their own, so that they cost the measuring one nothing."""

import socket
import subprocess
import sys
import time

import pytest

from testbed import FORM

IDLE, SLOW = 1000, 100
ROUNDS, REQUESTS = 5, 500
FLOOR_S = 0.025  # ratios are for the benchmark, on a machine of its own; here nobody may be held up

# Opens connections and prints a line when they stand; then sends a byte on each slow one every half second, and opens
# each again that the server closed.
HOLDER = """
import contextlib, resource, socket, sys, time
port, idle, slow = map(int, sys.argv[1:4])
resource.setrlimit(resource.RLIMIT_NOFILE, (resource.getrlimit(resource.RLIMIT_NOFILE)[1],) * 2)
HEAD = b"GET /oauth/jwks HTTP/1.1\\r\\nHost: x\\r\\nX: "
BODY = (b"POST /oauth/introspect HTTP/1.1\\r\\nHost: x\\r\\nContent-Type: FORM\\r\\n"
        b"Content-Length: 60000\\r\\n\\r\\ntoken=")
begins = [b""] * idle + [HEAD] * slow + [BODY] * slow

def begin(place):
    links[place] = socket.create_connection(("127.0.0.1", port), 5)
    links[place].sendall(begins[place])

links = [None] * len(begins)
for place in range(len(begins)):
    begin(place)
print("held", flush=True)
while True:
    for place in range(idle, len(begins)):
        try:
            links[place].sendall(b"a")
        except OSError:
            links[place].close()
            begin(place)
    time.sleep(0.5)
""".replace("FORM", FORM)


class Holder:
    def __init__(self, bed, idle, slow):
        self.process = subprocess.Popen([sys.executable, "-c", HOLDER, str(bed.port), str(idle), str(slow)],
                                        stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "held\n"

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.process.kill()
        self.process.communicate()


def p99(bed, token):
    """Of one client on one connection."""
    times = []
    link = bed.connect()
    for _ in range(REQUESTS):
        begin = time.perf_counter()
        assert bed.introspection(token, connection=link).json["active"] is True
        times.append(time.perf_counter() - begin)
    link.close()
    return sorted(times)[REQUESTS * 99 // 100]


def test_THREATS_74_F_40_a_good_client_beside_slow_ones(bed):
    token = bed.issue()
    bed.introspect(token)
    calm = min(p99(bed, token) for _ in range(ROUNDS))
    with Holder(bed, IDLE, SLOW):
        beside = min(p99(bed, token) for _ in range(ROUNDS))
    assert beside < 2 * max(calm, FLOOR_S), (calm, beside)


@pytest.mark.parametrize("slow", [0, SLOW], ids=["F-40-idle", "THREATS-74-slow"])
def test_a_good_client_finds_room_at_the_cap(own_bed, slow):
    """Far more connections than there may be: the longest idle make room for each new one."""
    bed = own_bed(["server.max_connections=64", "server.max_in_flight=64"])
    token = bed.issue()
    with Holder(bed, IDLE, slow):
        for _ in range(100):
            assert bed.is_active(token)
    assert bed.is_active(token)


def is_cut(link):
    """Sends one more byte."""
    try:
        link.sendall(b"a")
        return link.recv(65536, socket.MSG_DONTWAIT) == b""
    except BlockingIOError:
        return False
    except OSError:
        return True


def test_THREATS_74_slow_ones_are_cut(own_bed):
    """However they trickle: a head and a body have a time in total."""
    bed = own_bed(["server.head_timeout_s=1", "server.body_timeout_s=1"])
    starts = (b"", b"GET /oauth/jwks HTTP/1.1\r\nX: ",
              b"POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
    links = [socket.create_connection(("127.0.0.1", bed.port)) for _ in starts]
    for link, start in zip(links, starts):
        link.sendall(start)
    deadline = time.monotonic() + 5
    while links and time.monotonic() < deadline:
        links = [link for link in links if not is_cut(link)]
        time.sleep(0.05)
    assert not links
