"""A disk whose sync takes half a second: what is to be durable waits for it (P3), and nothing else does. Pages, look-ups
and introspection show what was committed before, as though nothing were under way (P1, P2)."""

import itertools
import statistics
import threading
import time

from faults import FILES, FOR_EVER, SLOW, SYNC
from forge import token_sid

SYNC_MS = 500
ROUNDS = 120
TYPICAL_MS, LONGEST_MS = 30, SYNC_MS * 0.6  # of a read; the second leaves room for a busy machine


class Writer(threading.Thread):
    """Keeps commits of each kind that tells of something under way, one behind the other."""

    def __init__(self, bed, master):
        super().__init__()
        self.bed, self.master = bed, master
        self.stopping = False
        self.took_ms, self.wrong = [], []

    def write(self, method, path, body):
        reply = self.bed.request(method, path, body.encode(), [
            ("Authorization", f"Bearer {self.master}"), ("Content-Type", "application/json")])
        if reply.status not in (200, 204):
            self.wrong.append(reply.body)

    def run(self):
        for number in itertools.count():
            if self.stopping:
                return
            token = self.bed.issue()
            path = f"/core/v2/oauth/tokens/{token_sid(token)}"
            for call in (("PATCH", path, '{"scopes": ["calls.read"]}'), ("DELETE", path, ""),
                         ("PATCH", f"/core/v2/partners/{self.bed.partner_sid}", f'{{"name": "number {number}"}}')):
                begin = time.monotonic()
                self.write(*call)
                self.took_ms.append((time.monotonic() - begin) * 1000)


def test_P3_a_slow_sync_holds_no_reader(faulty, figures):
    node, faults = faulty()
    bed = node.bed
    master = bed.issue(bed.admin)
    bearer = [("Authorization", f"Bearer {master}")]
    token = bed.issue()
    reads = {
        "list": lambda: bed.get("/core/v2/oauth/tokens", bearer),
        "get": lambda: bed.get(f"/core/v2/oauth/tokens/{token_sid(token)}", bearer),
        "partners": lambda: bed.get("/core/v2/partners", bearer),
        "introspect": lambda: bed.introspection(token),
    }
    faults.rule(SYNC, FILES, SLOW, SYNC_MS, times=FOR_EVER)
    writer = Writer(bed, master)
    writer.start()
    took_ms = {name: [] for name in reads}
    try:
        for _, (name, read) in itertools.product(range(ROUNDS), reads.items()):
            begin = time.monotonic()
            reply = read()
            took_ms[name].append((time.monotonic() - begin) * 1000)
            assert reply.status == 200, reply.body
            time.sleep(0.005)
    finally:
        writer.stopping = True
        writer.join()
        faults.end()
    assert not writer.wrong
    assert min(writer.took_ms) >= SYNC_MS
    for name, times in took_ms.items():
        assert statistics.median(times) < TYPICAL_MS, (name, sorted(times)[-5:])
        assert max(times) < LONGEST_MS, (name, sorted(times)[-5:])
    figures(writes=len(writer.took_ms), **{f"longest_{name}_ms": round(max(times), 1)
                                           for name, times in took_ms.items()})
    assert node.stop() == 0
