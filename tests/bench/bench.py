#!/usr/bin/python3
"""The server against the HTTP library alone, interleaved: server on one core, load on another. See README.md.

    bench.py [--rounds N] [--seconds S]"""

import argparse
import contextlib
import os
import pathlib
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from forge import Forger  # noqa: E402
from testbed import ROOT, Testbed, free_port  # noqa: E402

SERVER_CORE, LOAD_CORE = "0", "1"
CONNECTIONS = "64"
TICKS_S = os.sysconf("SC_CLK_TCK")


def cpu_s(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


class Target:
    """A process under load."""

    def __init__(self, name, pid, url):
        self.name, self.pid, self.url = name, pid, url

    def measure(self, job, seconds):
        environment = {**os.environ, "PATH_ASKED": job.path, "AUTHORIZATION": job.authorization, **job.bodies(self)}
        before = cpu_s(self.pid)
        output = subprocess.run(
            ["taskset", "-c", LOAD_CORE, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", "-s",
             str(HERE / "load.lua"), self.url], env=environment, capture_output=True, text=True, check=True).stdout
        spent = cpu_s(self.pid) - before
        result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+)", output)
        if not result:
            raise RuntimeError(output)
        requests, errors, p50, p99 = map(int, result.groups())
        if errors or not requests:
            raise RuntimeError(f"{self.name}: {errors} errors in {requests} requests of {job.name}")
        return {"cpu_us": spent * 1e6 / requests, "per_s": requests / seconds, "p50_us": p50, "p99_us": p99}


class Job:
    """One kind of request."""

    def __init__(self, name, path, authorization, body):
        self.name, self.path, self.authorization, self.body = name, path, authorization, body

    def bodies(self, _target):
        return {"BODY": self.body}


class FreshJob(Job):
    """Every request with another token. The library alone does not care and gets one."""

    def __init__(self, name, path, authorization, forger, folder, count):
        super().__init__(name, path, authorization, "token=" + forger.sample)
        self.forger, self.folder, self.count, self.made = forger, folder, count, 0

    def bodies(self, target):
        if target.name == "bare":
            return {"BODY": self.body}
        path = self.folder / "bodies"
        with path.open("w") as file:
            for _ in range(self.count):
                self.made += 1
                jti = f"0190a000-0000-7000-8000-{self.made:012x}.1"
                file.write("token=" + self.forger.make(payload={"jti": jti}) + "\n")
        self.forger.bed.seen.secrets.clear()
        return {"BODIES": str(path)}


@contextlib.contextmanager
def bare_server(introspection_bytes, token_bytes):
    port = free_port()
    process = subprocess.Popen(["taskset", "-c", SERVER_CORE, ROOT / "build/tests/bench/bench_bare", str(port),
                                str(introspection_bytes), str(token_bytes)])
    try:
        time.sleep(0.2)
        yield Target("bare", process.pid, f"http://127.0.0.1:{port}")
    finally:
        process.kill()
        process.wait()


def costs(folder):
    schemas = sorted((ROOT / "src/store/schema").glob("*.sql"))
    output = subprocess.run(
        ["taskset", "-c", SERVER_CORE, ROOT / "build/tests/bench/bench_costs", folder / "costs.db", *schemas],
        capture_output=True, text=True, check=True)
    return dict(zip(("sign", "verify", "row"), map(float, output.stdout.split())))


def median(samples, what):
    return statistics.median(sample[what] for sample in samples)


def run(rounds, seconds, folder):
    bed = Testbed(folder / "bed", ["server.threads=1", "throttle.unknown_tokens_per_second=1000000"]).start()
    try:
        subprocess.run(["taskset", "-acp", SERVER_CORE, str(bed.pid)], check=True, stdout=subprocess.DEVNULL)
        forger = Forger(bed)
        grant = "grant_type=client_credentials&" + urllib.parse.urlencode({"scope": "calls.manage sms.read"})
        answer = bed.token(bed.app, scope="calls.manage sms.read")
        introspection = bed.introspection(answer.json["access_token"])
        jobs = [
            Job("introspection, token seen", "/oauth/introspect", bed.resource_server.basic,
                "token=" + answer.json["access_token"]),
            FreshJob("introspection, token never seen", "/oauth/introspect", bed.resource_server.basic, forger, folder,
                     int(seconds * 25_000)),
            Job("client_credentials, durable", "/oauth/token", bed.app.basic, grant),
        ]
        samples = {(job.name, name): [] for job in jobs for name in ("bare", "scopemint")}
        with bare_server(len(introspection.body), len(answer.body)) as bare:
            server = Target("scopemint", bed.pid, bed.issuer)
            for number in range(rounds + 1):
                for job in jobs:
                    for target in (bare, server):
                        sample = target.measure(job, seconds)
                        if number > 0:  # the first round warms up
                            samples[job.name, target.name].append(sample)
                print(f"round {number} of {rounds}", file=sys.stderr)
        return jobs, samples, costs(folder)
    finally:
        bed.stop()


def show(jobs, samples, cost):
    print(f"Costs by themselves (µs of CPU): ES256 sign {cost['sign']:.1f}, verify {cost['verify']:.1f}, "
          f"SQLite row {cost['row']:.1f}.\n")
    print("| what | | CPU µs/request | requests/s | p50 µs | p99 µs |\n| --- | --- | --: | --: | --: | --: |")
    for job in jobs:
        for name in ("bare", "scopemint"):
            row = samples[job.name, name]
            print(f"| {job.name} | {name} | {median(row, 'cpu_us'):.1f} | {median(row, 'per_s'):,.0f} | "
                  f"{median(row, 'p50_us'):.0f} | {median(row, 'p99_us'):.0f} |")
    print("\n| what | limit, CPU µs | ours | ratio | bar |\n| --- | --: | --: | --: | --: |")
    added = {jobs[0].name: (0, 0.85), jobs[1].name: (cost["verify"], 0.80), jobs[2].name: (cost["sign"] + cost["row"], 0.75)}
    for job in jobs:
        extra, bar = added[job.name]
        limit = median(samples[job.name, "bare"], "cpu_us") + extra
        ours = median(samples[job.name, "scopemint"], "cpu_us")
        print(f"| {job.name} | {limit:.1f} | {ours:.1f} | {limit / ours:.2f} | ≥ {bar:.2f} |")
    tail = median(samples[jobs[0].name, "scopemint"], "p99_us") / median(samples[jobs[0].name, "bare"], "p99_us")
    print(f"\np99 of a seen token: {tail:.2f} × bare (bar: ≤ 1.50).")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scopemint-bench") as folder:
        show(*run(options.rounds, options.seconds, pathlib.Path(folder)))


if __name__ == "__main__":
    main()
