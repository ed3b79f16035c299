"""Instructions a request costs, counted by callgrind: a figure that does not depend on the machine's mood.

The server runs under valgrind; counting begins when it is warm. All its threads count, so issuing includes the writer
and its share of a commit (one row each: one request at a time)."""

import contextlib
import http.client
import os
import re
import subprocess
import time

import testbed
from forge import Forger
from load import SCOPES, bare_server, server
from report import table
from testbed import FORM, Testbed, binary

WARM, COUNTED, TOP = 300, 2000, 25
VALGRIND = ["valgrind", "-q", "--tool=callgrind", "--instr-atstart=no", "--dump-instr=no"]


@contextlib.contextmanager
def counted_server(folder):
    """A testbed whose server, and nothing else, runs under callgrind."""
    program, wrapper = binary(), folder / "counted"
    wrapper.write_text(f'#!/bin/sh\n[ "$1" = serve ] || exec {program} "$@"\n'
                       f'exec {" ".join(VALGRIND)} --callgrind-out-file={folder}/server.%p {program} "$@"\n')
    wrapper.chmod(0o755)
    before = os.environ.get("SCOPEMINT_BIN")
    os.environ["SCOPEMINT_BIN"] = str(wrapper)
    bed = Testbed(folder / "counted-bed", ["server.threads=1", "throttle.unknown_tokens_per_second=1000000"])
    try:
        yield bed.start()
    finally:
        bed.stop()
        del os.environ["SCOPEMINT_BIN"]
        if before is not None:
            os.environ["SCOPEMINT_BIN"] = before


class Client:
    """One kept connection, requests of one shape."""

    def __init__(self, url, path, authorization, bodies):
        self.link = http.client.HTTPConnection(url.split("//")[1], timeout=60)
        self.path, self.bodies = path, bodies
        self.headers = {"Authorization": authorization, "Content-Type": FORM}

    def send(self, count):
        for _ in range(count):
            self.link.request("POST", self.path, next(self.bodies), self.headers)
            answer = self.link.getresponse()
            answer.read()
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}")


def control(pid, *words):
    subprocess.run(["callgrind_control", *words, str(pid)], check=True, stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)


def count(pid, client, folder):
    """Counts some requests: (instructions a request, [(share, function)])."""
    client.send(WARM)
    before = set(folder.glob("server.*"))
    control(pid, "-i", "on")
    client.send(COUNTED)
    control(pid, "-i", "off")
    control(pid, "-d")
    dump = next(path for path in folder.glob("server.*") if path not in before)
    return read(dump)


def read(dump):
    text = subprocess.run(["callgrind_annotate", "--inclusive=yes", "--threshold=100", dump],
                          capture_output=True, text=True, check=True).stdout
    total = int(re.search(r"([\d,]+) \(100\.0%\)\s+PROGRAM TOTALS", text)[1].replace(",", ""))
    rows = re.findall(r"^\s*([\d,]+) \([ \d.]+%\)\s+\S*?:([^\s\[']+)[^\n]*", text, re.M)
    named = {}  # a function called by itself, or split by the compiler, is listed several times: the largest is first
    for cost, name in rows:
        if not name.startswith("0x"):
            named.setdefault(name.split(".")[0], int(cost.replace(",", "")) / COUNTED)
    return total / COUNTED, [(cost, name) for name, cost in named.items()]


def repeat(body):
    while True:
        yield body


def jobs(bed):
    issued = bed.issue(bed.app, scope=SCOPES)
    forger = Forger(bed)
    fresh = ("token=" + token for token in forger.make_many(WARM + COUNTED))
    grant = "grant_type=client_credentials&scope=calls.manage+sms.read"
    return {
        "introspection, token seen": ("/oauth/introspect", bed.resource_server, repeat("token=" + issued)),
        "introspection, token never seen": ("/oauth/introspect", bed.resource_server, fresh),
        "client_credentials": ("/oauth/token", bed.app, repeat(grant)),
    }


def show(name, total, functions):
    table([name, "instructions", "share, with what it calls"],
          [["all", f"{total:,.0f}", ""],
           *([f"`{function}`", f"{cost:,.0f}", f"{cost / total:.0%}"] for cost, function in functions[:TOP])])


def run(folder):
    testbed.START_TIMEOUT_S = 180
    totals = {}
    with counted_server(folder) as bed:
        for name, (path, client, bodies) in jobs(bed).items():
            totals[name], functions = count(bed.pid, Client(server(bed).url, path, client.basic, bodies), folder)
            show(name, totals[name], functions)
        sample = bed.introspection(bed.issue(bed.app, scope=SCOPES)).body
        wrapper = (*VALGRIND, f"--callgrind-out-file={folder}/server.bare.%p")
        basic = bed.resource_server.basic
    totals |= count_bare(folder, wrapper, len(sample), basic)
    table(["what", "instructions a request"], [[name, f"{total:,.0f}"] for name, total in totals.items()])
    say_perf()


def count_bare(folder, wrapper, size, basic):
    """The HTTP library alone, with a request of the same shape."""
    with bare_server(size, 1, wrapper) as bare:
        client = Client(bare.url, "/oauth/introspect", basic, repeat("token=" + "x" * 700))
        wait_for(client)
        total, functions = count(bare.pids[0], client, folder)
    show("bare", total, functions)
    return {"bare": total}


def wait_for(client):
    """Until it listens: under valgrind that takes a while."""
    for _ in range(100):
        try:
            return client.send(1)
        except OSError:
            client.link.close()
            time.sleep(0.1)
    raise RuntimeError("the bare server does not answer")


def say_perf():
    """Whether this machine counts instructions itself."""
    command = ["perf", "stat", "-x,", "-e", "instructions:u", "true"]
    with contextlib.suppress(OSError):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0 and re.match(r"\d+,", done.stderr):
            return
    print("perf counts no instructions on this machine; the kernel's part is not in these figures.")
