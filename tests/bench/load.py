"""wrk against a process: who is measured, with which requests, and what a request costs it."""

import contextlib
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import time
import urllib.parse

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "support"))

from testbed import ROOT, Testbed, free_port  # noqa: E402

BUILD = ROOT / "build/tests/bench"
SERVER_CORE, LOAD_CORE, BOTH_CORES = "0", "1", "0,1"
CONNECTIONS = 64
SCOPES = "calls.manage sms.read"
TICKS_S = os.sysconf("SC_CLK_TCK")
# One caller presents more tokens nobody has seen than any honest one does.
SETTINGS = ["server.threads=1", "throttle.unknown_tokens_per_second=1000000"]


def say(text):
    print(text, file=sys.stderr)


def cpu_s(pid):
    """User and system, of all its threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_S


def children_cpu_s():
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def pin(pid, cores):
    """All its threads, those it starts later too."""
    subprocess.run(["taskset", "-acp", cores, str(pid)], check=True, stdout=subprocess.DEVNULL)


class Job:
    """One kind of request."""

    def __init__(self, name, path, authorization, body):
        self.name, self.path, self.authorization, self.body = name, path, authorization, body

    def bodies(self, _target):
        return {"BODY": self.body}


class CycleJob(Job):
    """Many bodies in turn, over and over."""

    def __init__(self, name, path, authorization, bodies, file):
        super().__init__(name, path, authorization, bodies[0])
        file.write_text("\n".join(bodies) + "\n")
        self.file = file

    def bodies(self, _target):
        return {"BODIES": str(self.file), "CYCLE": "1"}


class FreshJob(Job):
    """Every request with another token. The library alone does not care and gets one."""

    def __init__(self, name, path, authorization, forger, file, count):
        super().__init__(name, path, authorization, "token=" + forger.sample)
        self.forger, self.file, self.count = forger, file, count

    def bodies(self, target):
        if target.name == "bare":
            return super().bodies(target)
        with self.file.open("w") as file:
            file.writelines(f"token={token}\n" for token in self.forger.make_many(self.count))
        self.forger.bed.seen.secrets.clear()
        return {"BODIES": str(self.file)}


class Target:
    """A process under load. pids: all that work for its answers."""

    def __init__(self, name, url, *pids):
        self.name, self.url, self.pids = name, url, pids

    def spent_s(self):
        return sum(cpu_s(pid) for pid in self.pids)

    def measure(self, job, seconds, cores=LOAD_CORE, refusals=False):
        """refusals: some of the answers may be errors; per_s counts the others."""
        environment = {**os.environ, "PATH_ASKED": job.path, "AUTHORIZATION": job.authorization, **job.bodies(self)}
        load_before, before = children_cpu_s(), self.spent_s()
        output = subprocess.run(
            ["taskset", "-c", cores, "wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--timeout", "10s", "--latency",
             "-s", str(HERE / "load.lua"), self.url],
            env=environment, capture_output=True, text=True, check=True).stdout
        spent, load = self.spent_s() - before, children_cpu_s() - load_before
        result = re.search(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+)", output)
        if not result:
            raise RuntimeError(output)
        requests, errors, p50, p99, p999 = map(int, result.groups())
        if requests == 0 or (errors and not refusals):
            raise RuntimeError(f"{self.name}: {errors} errors in {requests} requests of {job.name}: {output}")
        return {"cpu_us": spent * 1e6 / requests, "per_s": (requests - errors) / seconds, "p50_us": p50, "p99_us": p99,
                "p999_us": p999, "server_cores": spent / seconds, "load_cores": load / seconds,
                "refused": errors / requests}


def median(samples, what):
    return statistics.median(sample[what] for sample in samples)


def interleave(rounds, measures, warm_up=1):
    """measures: name -> function. All of them in turn, round after round; name -> samples."""
    samples = {name: [] for name in measures}
    for number in range(warm_up + rounds):
        for name, measure in measures.items():
            sample = measure()
            if number >= warm_up:
                samples[name].append(sample)
    return samples


@contextlib.contextmanager
def running(folder, name, settings=(), cores=SERVER_CORE, **more):
    """A testbed of our own on some cores."""
    bed = Testbed(folder / name, [*SETTINGS, *settings], **more).start()
    try:
        pin(bed.pid, cores)
        yield bed
    finally:
        bed.stop()


@contextlib.contextmanager
def bare_server(introspection_bytes, token_bytes, wrapped_by=("taskset", "-c", SERVER_CORE)):
    """The HTTP library alone."""
    port = free_port()
    process = subprocess.Popen(
        [*wrapped_by, BUILD / "bench_bare", str(port), str(introspection_bytes), str(token_bytes)])
    try:
        time.sleep(0.2)
        yield Target("bare", f"http://127.0.0.1:{port}", process.pid)
    finally:
        process.terminate()
        process.wait()


def server(bed, name="scopemint"):
    return Target(name, bed.issuer, bed.pid)


def seen_job(bed, name="introspection, token seen"):
    return Job(name, "/oauth/introspect", bed.resource_server.basic, "token=" + bed.issue(bed.app, scope=SCOPES))


def issue_job(bed, name="client_credentials, durable"):
    body = urllib.parse.urlencode({"grant_type": "client_credentials", "scope": SCOPES})
    return Job(name, "/oauth/token", bed.app.basic, body)
