"""Where the microseconds of a request go, by perf: the kernel, each library, our code."""

import collections
import re
import shutil
import signal
import subprocess

from forge import Forger
from limits import TOKENS_S
from load import FreshJob, issue_job, running, seen_job, server
from report import table

SECONDS, SAMPLES_S = 4, 2000
NAMES = {"[kernel.kallsyms]": "kernel", "scopemint": "ours", "libh2o": "libh2o", "libcrypto": "libcrypto",
         "libsqlite3": "SQLite", "libc.so": "libc", "libyajl": "yajl"}


def name_of(binary):
    return next((name for begin, name in NAMES.items() if binary.startswith(begin)), "others")


def profile(bed, job, folder):
    """{where: microseconds of CPU a request}"""
    data = folder / "perf.data"
    recorder = subprocess.Popen(
        ["perf", "record", "-q", "-e", "cpu-clock", "-F", str(SAMPLES_S), "-o", data, "-p", str(bed.pid)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        cpu_us = server(bed).measure(job, SECONDS)["cpu_us"]
    finally:
        recorder.send_signal(signal.SIGINT)
        recorder.wait()
    text = subprocess.run(["perf", "report", "-i", data, "--sort", "dso"], capture_output=True, text=True,
                          check=True).stdout
    data.unlink()
    found = collections.Counter()
    for share, binary in re.findall(r"^\s+([\d.]+)%\s+(\S+)", text, re.M):
        found[name_of(binary)] += cpu_us * float(share) / 100
    return found


def run(folder):
    if not shutil.which("perf"):
        print("Where the microseconds go is not shown: perf is not installed (package linux-perf).\n")
        return
    with running(folder, "where") as bed:
        fresh = FreshJob("introspection, token never seen", "/oauth/introspect", bed.resource_server.basic, Forger(bed),
                         folder / "bodies", SECONDS * TOKENS_S)
        jobs = [seen_job(bed), fresh, issue_job(bed)]
        found = [profile(bed, job, folder) for job in jobs]
    places = ["ours", *sorted({place for one in found for place in one} - {"ours"}, key=lambda place: -found[0][place])]
    print("Where the microseconds of CPU of a request go, by perf:\n")
    table(["what", *places, "together"],
          [[job.name, *(f"{one[place]:.1f}" for place in places), f"{one.total():.1f}"]
           for job, one in zip(jobs, found)])
