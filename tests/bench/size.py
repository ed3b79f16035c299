"""Resident memory, idle and per revocation, and the time from start to ready, empty and with a large store."""

import contextlib
import http.client
import pathlib
import re
import statistics
import subprocess
import time

import stores
from load import running
from report import at_most
from scale import REVOCATIONS, quiet
from testbed import binary, environment

STARTS, DEADLINE_S = 5, 60


def rss_bytes(pid):
    text = pathlib.Path(f"/proc/{pid}/status").read_text()
    return int(re.search(r"VmRSS:\s+(\d+)", text)[1]) * 1024


def is_ready(port):
    with contextlib.suppress(OSError, http.client.HTTPException):
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        link.request("GET", "/readyz")
        return link.getresponse().status == 200
    return False


def start(bed):
    """The server alone on the store of a testbed that is stopped: (process, milliseconds until it is ready)."""
    begin = time.monotonic()
    process = subprocess.Popen(
        [binary(), "serve", "--config", str(bed.config), "--set", f"redis.url={bed.redis_url}"],
        env=environment(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not is_ready(bed.admin_port):
        if process.poll() is not None or time.monotonic() - begin > DEADLINE_S:
            process.kill()
            raise RuntimeError(f"not ready: {bed.state}")
        time.sleep(0.0005)
    return process, (time.monotonic() - begin) * 1000


def starts_ms(bed):
    """Of several starts. The testbed is stopped meanwhile."""
    bed.stop()
    times = []
    for _ in range(STARTS):
        process, took_ms = start(bed)
        times.append(took_ms)
        process.terminate()
        process.wait()
    bed.start()
    return times


@contextlib.contextmanager
def large_server(folder):
    """A server with a million live tokens, all of them revoked; its Redis outlives it."""
    with stores.private_redis(folder / "redis-large") as url, running(folder, "large", redis_url=url) as bed:
        bed.issue(bed.app)
        bed.stop()
        stores.add_revoked_tokens(bed.facts["store"], REVOCATIONS)
        bed.start()
        quiet(bed)
        yield bed


def per_revocation(bed, large):
    """Beside a server without, both as they are after a start, at rest."""
    for one in (bed, large):
        one.restart()
        quiet(one, 1.0)
    return (rss_bytes(large.pid) - rss_bytes(bed.pid)) / REVOCATIONS


def run(bed, large, folder):
    with stores.private_redis(folder / "redis-small") as url:
        with running(folder, "small", ["server.threads=0"], redis_url=url) as small:
            empty_ms, large_ms = starts_ms(small), starts_ms(large)
            quiet(small, 1.0)
            idle_mb = rss_bytes(small.pid) / 1e6
    each = per_revocation(bed, large)
    return [
        at_most("resident memory, idle", idle_mb, 15, "MB"),
        at_most("resident memory, per live revocation", each, 48, "bytes"),
        at_most("start to ready, empty", statistics.median(empty_ms), 100, "ms", f" (slowest {max(empty_ms):.0f})"),
        at_most("start to ready, 1,000,000 tokens and revocations", statistics.median(large_ms), 2000, "ms",
                f" (slowest {max(large_ms):.0f})"),
    ]
