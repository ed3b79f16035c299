#!/usr/bin/env python3
"""A million live tokens and one revocation by selector: how long the count takes, the answer, until introspection says
so, until the rows have followed, and what introspections and issuing cost meanwhile."""

import argparse
import json
import pathlib
import sys
import tempfile
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "support"))

import stores  # noqa: E402
from testbed import Testbed  # noqa: E402

REVOCATIONS = "/core/v2/admin/revocations"
ASKED_PER_S = 500


class Others:
    """Introspections of another application's token at one rate, and issuings: milliseconds each."""

    def __init__(self, bed):
        self.bed, self.times, self.over = bed, {"introspection": [], "issuing": []}, threading.Event()
        self.threads = [threading.Thread(target=self.introspect), threading.Thread(target=self.issue)]

    def take(self, name, pause_s, call):
        link = self.bed.connect()
        due = time.monotonic()
        while not self.over.is_set():
            due += pause_s
            time.sleep(max(0, due - time.monotonic()))
            begun = time.monotonic()
            reply = call(link)
            self.times[name].append((time.monotonic() - begun) * 1000)
            assert reply.status == 200, reply.body
        link.close()

    def introspect(self):
        token = self.bed.issue(self.bed.sub_partner, scope="calls.read")
        self.take("introspection", 1 / ASKED_PER_S, lambda link: self.bed.post(
            "/oauth/introspect", {"token": token}, self.bed.resource_server, connection=link))

    def issue(self):
        self.take("issuing", 0.05, lambda link: self.bed.post(
            "/oauth/token", {"grant_type": "client_credentials"}, self.bed.sub_partner, connection=link))

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        for thread in self.threads:
            thread.join()

    def show(self, when):
        for name, times in self.times.items():
            part = sorted(times[len(times) // 50:])
            self.times[name] = []
            if part:
                print(f"  {name} {when}: p50 {part[len(part) // 2]:.2f} ms, "
                      f"p99 {part[len(part) * 99 // 100]:.2f} ms, max {part[-1]:.2f} ms of {len(part)}")


class Admin:
    def __init__(self, bed):
        self.bed = bed
        self.token = bed.issue(bed.admin, scope="scopemint.revoke app.manage", access_token_expires_in=3600)

    def ask(self, method, path, body=None):
        headers = [("Authorization", f"Bearer {self.token}"), ("Content-Type", "application/json")]
        link = self.bed.connect(timeout=120)
        reply = self.bed.request(method, path, body and json.dumps(body).encode(), headers, connection=link)
        link.close()
        assert reply.status == 200, reply.body
        return reply.json


def timed(what, call):
    begun = time.monotonic()
    answer = call()
    print(f"  {what}: {(time.monotonic() - begun) * 1000:.1f} ms")
    return answer


def revoke(bed, selector, others):
    """One way through: count, carry out, the first introspection, the rows."""
    admin = Admin(bed)
    victim = bed.issue(scope="calls.read")
    if "over_ceiling" in selector:
        admin.ask("PATCH", f"/core/v2/applications/{bed.app.client_id}", {"scopes": ["sms.manage"]})
    time.sleep(2)
    others.show("before")
    plan = timed("count", lambda: admin.ask("POST", REVOCATIONS, {**selector, "dry_run": True}))
    others.show("during the count")
    receipt = timed("carry out", lambda: admin.ask("POST", REVOCATIONS, {"plan_id": plan["plan_id"]}))
    active = timed("first introspection", lambda: bed.is_active(victim))
    print(f"  counted {plan['tokens']}, the next introspection said active: {active}")
    begun = time.monotonic()
    while True:
        shown = admin.ask("GET", f"{REVOCATIONS}/{receipt['revocation_sid']}")
        if shown["state"] == "done":
            break
        time.sleep(0.2)
    took = time.monotonic() - begun
    print(f"  the rows had followed after {took:.1f} s: {shown['tokens']} of them")
    others.show("meanwhile")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tokens", type=int, default=1_000_000)
    parser.add_argument("--ceiling", action="store_true", help="those that hold more than the application has by then")
    parser.add_argument("--scope", help="by this scope, which is a selector, in place of the application's epoch")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        bed = Testbed(pathlib.Path(folder) / "bed").start()
        try:
            bed.issue(scope="calls.read")
            bed.stop()
            stores.add_live_tokens(bed.facts["store"], options.tokens, bed.app.client_id)
            bed.start()
            selector = {"client_id": bed.app.client_id}
            if options.ceiling:
                selector = {"over_ceiling": True}
            if options.scope:
                selector["scope"] = options.scope
            print(f"{options.tokens} tokens, {json.dumps(list(selector))}")
            with Others(bed) as others:
                revoke(bed, selector, others)
        finally:
            bed.seen.secrets.clear()
            bed.stop()


if __name__ == "__main__":
    main()
