"""How long after the answer to a revocation the gateways that follow the feed are told of it."""

import select
import time

from feed import Stream
from load import cpu_s, running
from report import table
from scale import issue_many
from stale import Link

COUNTS, REVOCATIONS = (1, 10, 100), 500


def told(bed, revoker, streams, token):
    """Microseconds from the answer to each stream's event; 0 for one that came before it."""
    waiting, moments = {stream.link.fileno(): stream.link for stream in streams}, []
    with select.epoll() as poll:
        for file in (*waiting, revoker.socket.fileno()):
            poll.register(file, select.EPOLLIN)
        revoker.send("/oauth/revoke", bed.app, token)
        answered = None
        while waiting or answered is None:
            for file, _ in poll.poll(10) or [(None, None)]:
                if file is None:
                    raise RuntimeError(f"{len(waiting)} streams were not told")
                now = time.perf_counter()
                if file == revoker.socket.fileno():
                    revoker.answer()
                    answered = now
                elif b"event: revoked" in waiting[file].recv(65536):
                    moments.append(now)
                    poll.unregister(file)
                    del waiting[file]
    return [max(0, moment - answered) * 1e6 for moment in moments]


def measure(bed, count, revocations):
    streams = [Stream(bed) for _ in range(count)]
    for stream in streams:
        stream.until("current")
    revoker = Link(bed.port)
    times, tokens = [], issue_many(bed, revocations)
    before = cpu_s(bed.pid)
    for token in tokens:
        times += told(bed, revoker, streams, token)
    spent = cpu_s(bed.pid) - before
    for one in (revoker, *streams):
        one.close()
    return sorted(times), spent


def run(folder, revocations=REVOCATIONS):
    rows = []
    with running(folder, "feed", [f"feed.streams_max={max(COUNTS)}"]) as bed:
        for count in COUNTS:
            times, spent = measure(bed, count, revocations)
            rows.append([count, revocations, len(times), f"{times[len(times) // 2]:.0f}",
                         f"{times[len(times) * 99 // 100]:.0f}", f"{times[-1]:.0f}",
                         f"{spent * 1e6 / revocations:.0f}"])
    print("Event streams, from the answer of a revocation to its event:\n")
    table(["streams", "revocations", "events", "p50 µs", "p99 µs", "longest µs", "server's CPU µs/revocation"], rows)
