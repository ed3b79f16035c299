"""Two server threads against one, and the slowest answers at half of the maximum rate, calm and with changes of every
kind going on."""

import subprocess

from forge import token_sid
from load import (BOTH_CORES, BUILD, CONNECTIONS, LOAD_CORE, bare_server, interleave, median, running, server)
from report import Bar, table
from scale import TOKENS, Partners, issue_many, repeated, tokens_job
from testbed import FORM

CHANGES_S = 20  # of each kind a second


def requests_file(bed, tokens, path):
    """What bench_rate reads."""
    head = (f"POST /oauth/introspect HTTP/1.1\r\nHost: bench\r\nAuthorization: {bed.resource_server.basic}\r\n"
            f"Content-Type: {FORM}\r\nContent-Length: ")
    with path.open("w") as file:
        for token in tokens:
            file.write(f"{head}{len(token) + 6}\r\n\r\ntoken={token}\0")
    return path


def rate_command(port, rate, seconds, file, connections=CONNECTIONS):
    return ["taskset", "-c", LOAD_CORE, BUILD / "bench_rate", str(port), str(rate), str(seconds), str(connections),
            str(file)]


def at_rate(port, rate, seconds, file):
    output = subprocess.run(rate_command(port, rate, seconds, file), capture_output=True, text=True, check=True).stdout
    answers, errors, p50, p99, p999, longest = map(int, output.split())
    if errors:
        raise RuntimeError(f"{errors} of {answers} answers are errors")
    return {"p50_us": p50, "p99_us": p99, "p999_us": p999, "max_us": longest}


class Changes:
    """Revocations and patches of tokens; a table once a second; with rotations, a new signing key each two seconds."""

    def __init__(self, bed, rotations):
        self.bed, self.rotations, self.steps = bed, rotations, 0
        self.partners = Partners(bed)
        self.admin = bed.issue(bed.admin)
        self.link = bed.connect()

    def patch(self, token):
        return self.bed.request(
            "PATCH", f"/core/v2/oauth/tokens/{token_sid(token)}", b'{"scopes": ["sms.read"]}',
            [("Authorization", f"Bearer {self.admin}"), ("Content-Type", "application/json")], connection=self.link)

    def step(self):
        patched, revoked = issue_many(self.bed, 2)
        replies = [self.patch(patched),
                   self.bed.post("/oauth/revoke", {"token": revoked}, self.bed.app, connection=self.link)]
        for reply in replies:
            if reply.status != 200:
                raise RuntimeError(reply.body)
        self.steps += 1
        if self.steps % CHANGES_S == 0:
            self.partners.change()
        if self.rotations and self.steps % (2 * CHANGES_S) == CHANGES_S:
            self.rotate()

    def rotate(self):
        self.bed.scopemint("key", "generate")  # fails where the next key is there already
        done = self.bed.scopemint("key", "rotate", "--force")
        if done.returncode:
            raise RuntimeError(done.stderr)


def with_changes(changes, measure):
    with repeated(changes.step, 1 / CHANGES_S):
        return measure()


def run_tail(folder, rounds, seconds):
    with running(folder, "tail") as bed:
        tokens = issue_many(bed, TOKENS)
        file = requests_file(bed, tokens, folder / "requests")
        most = server(bed).measure(tokens_job(bed, folder), seconds)["per_s"]
        rate = int(most / 2)
        changes, rotations = Changes(bed, False), Changes(bed, True)
        answer = bed.introspection(tokens[0]).body
        with bare_server(len(answer), 1) as bare:
            bare_port = bare.url.rsplit(":", 1)[1]
            calm = lambda: at_rate(bed.port, rate, seconds, file)  # noqa: E731
            samples = interleave(rounds, {
                "bare": lambda: at_rate(bare_port, rate, seconds, file),
                "calm": calm,
                "with changes": lambda: with_changes(changes, calm),
                "with changes and new keys": lambda: with_changes(rotations, calm)})
    print(f"At half of the maximum rate ({rate:,} introspections/s of {TOKENS:,} tokens, latency from when each was "
          "due):\n")
    table(["who", "p50 µs", "p99 µs", "p99.9 µs", "longest µs"],
          [[name, *(f"{median(row, what):.0f}" for what in ("p50_us", "p99_us", "p999_us", "max_us"))]
           for name, row in samples.items()])
    ratio = median(samples["calm"], "p99_us") / median(samples["bare"], "p99_us")
    return [Bar("p99 at half of our maximum rate: ours / bare", f"{ratio:.2f}", "≤ 1.5", ratio <= 1.5)]


def run_threads(folder, rounds, seconds):
    """Both cores for the server and the load, so that each has what the other leaves."""
    with running(folder, "one", cores=BOTH_CORES) as one, \
            running(folder, "two", ["server.threads=2"], cores=BOTH_CORES) as two:
        jobs = {"one thread": (one, tokens_job(one, folder)), "two threads": (two, tokens_job(two, folder))}
        samples = interleave(rounds, {
            name: lambda bed=bed, job=job: server(bed).measure(job, seconds, BOTH_CORES)
            for name, (bed, job) in jobs.items()})
    print("Threads, server and load on the same two cores:\n")
    table(["server", "requests/s", "CPU µs/request", "server's cores", "load's cores"],
          [[name, f"{median(row, 'per_s'):,.0f}", f"{median(row, 'cpu_us'):.1f}", f"{median(row, 'server_cores'):.2f}",
            f"{median(row, 'load_cores'):.2f}"] for name, row in samples.items()])
