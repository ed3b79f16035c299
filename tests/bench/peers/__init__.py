"""Other servers beside us, in one run with the same load: requests per second and core, and our ratio."""

import contextlib

import load
from load import interleave, median
from peers import glewlwyd, oidc_provider
from peers.common import Unavailable
from report import at_least, show_bars, table

BARS = {glewlwyd.NAME: {"introspection": 40, "client_credentials": 18},
        oidc_provider.NAME: {"introspection": 20, "client_credentials": 6}}
OURS = "scopemint"


def enter(stack, peer, folder):
    """What it is asked, or nothing where it cannot be had."""
    try:
        return [stack.enter_context(peer.running(folder))]
    except Unavailable as why:
        print(f"{peer.NAME} is left out: {why}\n")
        return []


def run(folder, rounds, seconds):
    """Introspection first, in all rounds: a peer's store grows with what it issues, and it is to be fresh."""
    with contextlib.ExitStack() as stack:
        bed = stack.enter_context(load.running(folder, "beside"))
        found = [(load.server(bed), load.issue_job(bed, "client_credentials"), load.seen_job(bed, "introspection"))]
        for peer in (glewlwyd, oidc_provider):
            found += enter(stack, peer, folder)
        samples = {}
        for kind in ("introspection", "client_credentials"):
            samples |= interleave(rounds, {
                (job.name, target.name): lambda target=target, job=job: target.measure(job, seconds)
                for target, *jobs in found for job in jobs if job.name == kind})
    show(samples)


def per_core(row):
    """Requests a second of a whole core: what it would answer if it had one to itself and were busy all the time."""
    return 1e6 / median(row, "cpu_us")


def show(samples):
    table(["what", "who", "requests/s", "CPU µs/request", "requests/s and core", "p50 µs", "p99 µs"],
          [[what, who, f"{median(row, 'per_s'):,.0f}", f"{median(row, 'cpu_us'):.1f}", f"{per_core(row):,.0f}",
            f"{median(row, 'p50_us'):.0f}", f"{median(row, 'p99_us'):.0f}"] for (what, who), row in samples.items()])
    show_bars([at_least(f"{what}: ours / {who}", per_core(samples[what, OURS]) / per_core(row), BARS[who][what])
               for (what, who), row in samples.items() if who != OURS])
