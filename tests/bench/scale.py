"""Introspection at one server beside another: with a million revocations, with a hundred thousand applications, with
tables that change once a second, each against a server without."""

import contextlib
import os
import statistics
import threading
import time

import stores
from load import LOAD_CORE, SCOPES, CycleJob, cpu_s, interleave, median, running, server
from report import at_least, show_samples

REVOCATIONS, APPLICATIONS, TOKENS = 1_000_000, 100_000, 4_000
NICE = 10
WHAT = "introspection of 4,000 tokens in turn"


def quiet(bed, seconds=0.3):
    """Waits until the server does nothing: Redis is filled, tables are loaded."""
    while True:
        before = cpu_s(bed.pid)
        time.sleep(seconds)
        if cpu_s(bed.pid) - before < 0.02:
            return


def issue_many(bed, count):
    link = bed.connect()
    form = {"grant_type": "client_credentials", "scope": SCOPES}
    made = [bed.post("/oauth/token", form, bed.app, connection=link).json["access_token"] for _ in range(count)]
    link.close()
    bed.seen.secrets.clear()
    return made


def tokens_job(bed, folder, count=TOKENS):
    tokens = issue_many(bed, count)
    return CycleJob(WHAT, "/oauth/introspect", bed.resource_server.basic, ["token=" + token for token in tokens],
                    folder / f"{bed.port}.bodies")


class Partners:
    """Changes the table of the sub-partner through the API: scopes it has, then without one of them."""

    def __init__(self, bed):
        self.bed, self.count = bed, 0
        self.token = bed.issue(bed.admin)
        self.link = bed.connect()
        self.path = f"/core/v2/partners/{bed.facts['sub_partner']['partner_sid']}"

    def change(self):
        self.count += 1
        scopes = b'["calls.manage", "sms.manage"]' if self.count % 2 else b'["calls.manage"]'
        reply = self.bed.request(
            "PATCH", self.path, b'{"available_scopes": ' + scopes + b"}",
            [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")], connection=self.link)
        if reply.status != 200:
            raise RuntimeError(reply.body)


@contextlib.contextmanager
def repeated(action, every_s):
    """In a thread of its own, until the end; an exception of it is ours. It and what it starts run where the load does,
    and give way to that: neither the server nor who measures it may wait for them."""
    over, failures = threading.Event(), []

    def work():
        try:
            os.sched_setaffinity(0, {int(LOAD_CORE)})
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
            os.setpriority(os.PRIO_PROCESS, 0, NICE)
            while not over.wait(every_s):
                action()
        except Exception as error:  # noqa: BLE001 whatever it is, the measuring thread has to hear of it
            failures.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
    if failures:
        raise failures[0]


def with_changes(target, job, partners, seconds):
    with repeated(partners.change, 1.0):
        return target.measure(job, seconds)


def prepare_applications(bed):
    bed.stop()
    stores.add_applications(bed.facts["store"], APPLICATIONS, bed.app.client_id)
    bed.start()


def run(bed, large, folder, rounds, seconds):
    """large: a server with the revocations."""
    with running(folder, "applications") as many:
        prepare_applications(many)
        beds = {"without": bed, "1,000,000 revocations": large, "100,000 applications": many}
        for one in beds.values():
            quiet(one)
        jobs = {name: tokens_job(one, folder) for name, one in beds.items()}
        measures = {name: lambda name=name, one=one: server(one).measure(jobs[name], seconds)
                    for name, one in beds.items()}
        partners = Partners(bed)
        measures["tables change each second"] = lambda: with_changes(server(bed), jobs["without"], partners, seconds)
        samples = interleave(rounds, measures)
    show_samples({(WHAT, name): row for name, row in samples.items()})
    return [ratio(samples, name) for name in list(measures)[1:]]


def ratio(samples, name):
    """CPU of without by CPU of with: the median of the rounds' own ratios."""
    each = [a["cpu_us"] / b["cpu_us"] for a, b in zip(samples["without"], samples[name])]
    note = f" (requests/s: {median(samples[name], 'per_s') / median(samples['without'], 'per_s'):.2f})"
    return at_least(f"introspection, {name} / without", statistics.median(each), 0.95, note)
