"""What a server has answered, and so has to stand by: after faults, crashes and restarts every token is what the answers
allow. An answer 2xx is certain (P3), a refusal changed nothing, and where no answer came either may be the case,
until a look shows which; from then on it stays so."""

import http.client
import json
import random
import threading
from dataclasses import dataclass, field

from forge import token_sid

SCOPES = ("calls.read", "sms.read", "batch.read")
BATCH = 100
REFUSED = (500, 503)


@dataclass
class Entry:
    text: str
    scopes: set = field(default_factory=lambda: {frozenset(SCOPES)})  # those that it may have
    dead: set = field(default_factory=lambda: {False})


class Ledger:
    def __init__(self, bed, seed):
        self.bed = bed
        self.random = random.Random(seed)
        self.entries = []
        self.lock = threading.Lock()
        self.answered = self.refused = self.unanswered = self.looked = 0
        self.master = bed.issue(bed.admin, access_token_ttl=3600)

    # ---- acting: True when the request was answered 2xx, False when refused, None without an answer ----

    def send(self, request):
        try:
            reply = request()
        except (OSError, http.client.HTTPException):
            self.count("unanswered")
            return None
        if 200 <= reply.status < 300:
            self.count("answered")
            return reply
        assert reply.status in REFUSED, (reply.status, reply.body)
        self.count("refused")
        return False

    def count(self, name):
        with self.lock:
            setattr(self, name, getattr(self, name) + 1)

    def issue(self, connection=None):
        reply = self.send(lambda: self.bed.post("/oauth/token", {
            "grant_type": "client_credentials", "scope": " ".join(SCOPES), "access_token_ttl": "3600"}, self.bed.app,
            connection=connection))
        if reply:
            entry = Entry(reply.json["access_token"])
            with self.lock:
                self.entries.append(entry)
            return entry
        return reply

    @staticmethod
    def settle(possible, new, reply):
        """What is possible now that this was asked for."""
        if reply:
            possible.clear()
        if reply or reply is None:
            possible.add(new)

    def revoke(self, entry, connection=None):
        reply = self.send(lambda: self.bed.post("/oauth/revoke", {"token": entry.text}, self.bed.app,
                                                connection=connection))
        self.settle(entry.dead, True, reply)
        return reply

    def delete(self, entry, connection=None):
        reply = self.send(lambda: self.manage("DELETE", entry, None, connection))
        self.settle(entry.dead, True, reply)
        return reply

    def patch(self, entry, connection=None):
        scopes = frozenset(self.random.sample(SCOPES, self.random.randint(1, len(SCOPES))))
        reply = self.send(lambda: self.manage("PATCH", entry, {"scopes": sorted(scopes)}, connection))
        self.settle(entry.scopes, scopes, reply)
        return reply

    def manage(self, method, entry, value, connection):
        headers = [("Authorization", f"Bearer {self.master}"), ("Content-Type", "application/json")]
        body = json.dumps(value).encode() if value is not None else None
        return self.bed.request(method, f"/core/v2/oauth/tokens/{token_sid(entry.text)}", body, headers,
                                connection=connection)

    def walk(self, steps):
        """Issues and changes until done or no answer comes any more."""
        connection = self.bed.connect(timeout=10)
        mine = []
        try:
            for _ in range(steps):
                # what may be dead is not asked to change any more
                usable = [entry for entry in mine if entry.dead == {False}]
                step = self.random.choice([self.issue, self.patch, self.patch, self.revoke, self.delete])
                if step == self.issue or not usable:
                    done = self.issue(connection)
                    if done:
                        mine.append(done)
                else:
                    done = step(self.random.choice(usable), connection)
                if done is None:
                    return
        finally:
            connection.close()

    def walk_together(self, steps, threads=4):
        """So that several requests share a transaction."""
        walks = [Walk(self, steps) for _ in range(threads)]
        for walk in walks:
            walk.start()
        for walk in walks:
            walk.join()
            if walk.error is not None:
                raise walk.error

    # ---- looking ----

    def check(self):
        """Every token is one of the things that it may be, and stays what it was seen to be."""
        for begin in range(0, len(self.entries), BATCH):
            some = self.entries[begin:begin + BATCH]
            body = json.dumps({"tokens": [entry.text for entry in some]}).encode()
            reply = self.bed.request("POST", "/oauth/introspect/batch", body, [
                ("Authorization", self.bed.resource_server.basic), ("Content-Type", "application/json")])
            assert reply.status == 200, reply.body
            for entry, got in zip(some, reply.json["items"], strict=True):
                self.see(entry, got)

    def check_dead(self):
        """What was revoked is, at whatever time it now is."""
        for entry in self.entries:
            if entry.dead == {True}:
                self.see(entry, self.bed.introspect(entry.text))

    def see(self, entry, got):
        self.looked += 1
        is_dead = not got["active"]
        assert is_dead in entry.dead, (token_sid(entry.text), got, entry.dead)
        entry.dead = {is_dead}
        if is_dead:
            assert got == {"active": False}
            return
        scopes = frozenset(got["scope"].split())
        assert scopes in entry.scopes, (token_sid(entry.text), got, entry.scopes)
        entry.scopes = {scopes}

    def counts(self):
        return {"answered": self.answered, "refused": self.refused, "without_an_answer": self.unanswered,
                "looks": self.looked}


class Walk(threading.Thread):
    def __init__(self, ledger, steps):
        super().__init__()
        self.ledger, self.steps, self.error = ledger, steps, None

    def run(self):
        try:
            self.ledger.walk(self.steps)
        except Exception as error:  # noqa: BLE001: raised again by who waits
            self.error = error
