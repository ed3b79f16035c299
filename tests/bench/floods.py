"""What is left for good clients (64 kept connections, introspection) beside a flood (F-40, THREATS-69, THREATS-74)."""

import contextlib
import subprocess
import time

from load import BUILD, LOAD_CORE, interleave, issue_job, median, running, seen_job, server
from report import at_least, show_bars, table
from testbed import FORM

FLOODS = {
    "calm": None,
    "new connections": ["connect"],
    "half-sent requests": ["half"],
    "introspections whose client leaves": ["leave", "introspection"],
    "issuings whose client leaves": ["leave", "issuing"],
}


def write_request(job, path):
    path.write_text(f"POST {job.path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {job.authorization}\r\n"
                    f"Content-Type: {FORM}\r\nContent-Length: {len(job.body)}\r\n\r\n{job.body}")
    return path


@contextlib.contextmanager
def flooded(words, port, files, counts):
    """A flood that takes all that good clients leave of the load's core: as the server, not their own core, is what
    holds them up."""
    kind, *request = words
    process = subprocess.Popen(
        ["nice", "-n", "19", "taskset", "-c", LOAD_CORE, BUILD / "bench_flood", kind, str(port),
         *(files[name] for name in request)], stdout=subprocess.PIPE, text=True)
    begin = time.monotonic()
    time.sleep(0.3)
    try:
        yield
    finally:
        process.terminate()
        output, _ = process.communicate()
    done, failed = map(int, output.split())
    counts.append({"per_s": done / (time.monotonic() - begin), "failed": failed / max(done, 1)})


def run(folder, rounds, seconds):
    with running(folder, "flooded") as bed:
        good = seen_job(bed)
        files = {"introspection": write_request(good, folder / "introspection"),
                 "issuing": write_request(issue_job(bed), folder / "issuing")}
        counts = {name: [] for name in FLOODS}

        def measure(name, words):
            with flooded(words, bed.port, files, counts[name]) if words else contextlib.nullcontext():
                return server(bed).measure(good, seconds, refusals=True)

        samples = interleave(rounds, {
            name: lambda name=name, words=words: measure(name, words) for name, words in FLOODS.items()})
    show(samples, counts)


def show(samples, counts):
    table(["flood", "its connections/s", "not taken", "good answers/s", "answered 503", "p99 µs", "load's cores"],
          [[name, f"{median(counts[name], 'per_s'):,.0f}" if counts[name] else "",
            f"{median(counts[name], 'failed'):.0%}" if counts[name] else "",
            f"{median(row, 'per_s'):,.0f}", f"{median(row, 'refused'):.0%}", f"{median(row, 'p99_us'):.0f}",
            f"{median(row, 'load_cores'):.2f}"] for name, row in samples.items()])
    calm = median(samples["calm"], "per_s")
    show_bars([at_least(f"good clients' throughput beside {name} / calm", median(row, "per_s") / calm, 0.5)
               for name, row in samples.items() if name != "calm"])
