"""Many connections that each send a long body and never the end of it (THREATS-74). The library below buffers a body
before anybody looks at it; all of them together hold no more than the budget."""

import contextlib
import re
import socket

from testbed import FORM, eventually

CONNECTIONS, BODY = 300, 400_000
BUDGET_KIB = 64 * 1024
BUFFER_KIB = 512  # what a body of this length is kept in


def flood(bed, path):
    """One more connection: a head, most of a body, and silence."""
    link = socket.create_connection(("127.0.0.1", bed.port), 5)
    with contextlib.suppress(OSError):  # cut while it sends
        link.sendall(f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nContent-Length: 1048576\r\n\r\n"
                     .encode() + b"a" * BODY)
    link.setblocking(False)
    return link


def is_open(link):
    try:
        return link.recv(1) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def cuts(bed):
    text = bed.get("/metrics", admin=True).body.decode()
    return int(re.search(r"^scopemint_http_input_cuts_total (\d+)$", text, re.M)[1])


def test_THREATS_74_bodies_on_their_way_have_a_budget(own_bed):
    bed = own_bed(["server.threads=2"], environment={"ASAN_OPTIONS": "detect_leaks=1:quarantine_size_mb=1"})
    slack_kib = (96 if bed.is_sanitized else 24) * 1024
    token = bed.issue()
    before = bed.rss_kib()
    links = []
    for path in ("/oauth/token", "/oauth/introspect/batch", "/nowhere"):
        for _ in range(CONNECTIONS // 3):
            links.append(flood(bed, path))
            if len(links) % 10 == 0:
                assert bed.is_active(token)  # a good client meanwhile
    assert eventually(lambda: sum(map(is_open, links)) * BUFFER_KIB <= BUDGET_KIB)
    assert eventually(lambda: bed.rss_kib() - before < BUDGET_KIB + slack_kib), bed.rss_kib() - before
    assert eventually(lambda: cuts(bed) == len(links) - sum(map(is_open, links)))
    assert '"event":"input_budget_exceeded"' in bed.log()
    for link in links:
        link.close()
    assert bed.is_active(token)
    if not bed.is_sanitized:  # and what was held is given back
        assert eventually(lambda: bed.rss_kib() - before < slack_kib), bed.rss_kib() - before
