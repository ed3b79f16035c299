"""The audit log as tests read it and write to it: over a tree of partners (family.py)."""

import contextlib
import itertools
import json
import sqlite3
import urllib.parse

from family import TREE

AUDIT = "/core/v2/admin/audit"


class Log:
    """The audit log of a testbed: read over the API, from the file, and by `scopemint audit verify`."""

    def __init__(self, bed):
        self.bed = bed
        self.sids = bed.partner_sids()
        self.tokens = {"root": bed.issue(bed.admin)}
        self.tokens |= {ref: bed.issue(bed.seeded(ref)) for ref in TREE}
        self.made = itertools.count()

    def call(self, method, path, body=None, token=None):
        headers = [("Authorization", f"Bearer {token or self.tokens['root']}")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, path, body, headers)

    def ask(self, token=None, **query):
        return self.call("GET", AUDIT + ("?" + urllib.parse.urlencode(query) if query else ""), token=token)

    def items(self, token=None, **query):
        """Every page of them."""
        reply = self.ask(token, **query)
        found = []
        while True:
            assert reply.status == 200, reply.body
            page = reply.json
            assert page["count"] == len(page["items"]) and page["total"] is None
            found += page["items"]
            assert ("next" in page["pagination"]) == page["has_more"]
            if not page["has_more"]:
                return found
            reply = self.call("GET", page["pagination"]["next"].removeprefix(self.bed.issuer), token=token)

    def seq(self):
        return self.head()["seq"]

    def head(self, token=None):
        reply = self.call("GET", AUDIT + "/head", token=token)
        assert reply.status == 200, reply.body
        return reply.json

    def rename(self, ref, by="root"):
        name = f"Renamed {next(self.made)}"
        reply = self.call("PATCH", f"/core/v2/partners/{self.sids[ref]}", {"name": name}, self.tokens[by])
        assert reply.status == 200, reply.body
        return name

    def change(self):
        """Some of everything, each one record."""
        before = self.seq()
        for ref in TREE:
            self.rename(ref)
        self.rename("child", by="parent")
        made = self.call("POST", "/core/v2/applications", {
            "name": "Made", "type": "confidential", "scopes": ["sms.read"], "grant_types": ["client_credentials"],
            "token_endpoint_auth_method": "client_secret_basic"}, self.tokens["self"])
        assert made.status == 200, made.body
        token = self.bed.issue(self.bed.seeded("child"))
        assert self.bed.post("/oauth/revoke", {"token": token}, bearer=self.tokens["parent"]).status == 200
        own = self.bed.issue(self.bed.seeded("stranger"))
        assert self.bed.revoke(own, self.bed.seeded("stranger")).status == 200
        assert self.bed.revoke(own, self.bed.seeded("stranger")).status == 200, "again, which changes nothing"
        assert self.seq() == before + 8, [item["action"] for item in self.items(after=before)]

    def copy(self, path):
        """The store as of now, in a file of its own."""
        with contextlib.closing(sqlite3.connect(self.bed.facts["store"])) as store, \
             contextlib.closing(sqlite3.connect(path)) as copy:
            store.backup(copy)
        return path

    def verify(self, path=None, head=None, status=None):
        arguments = ["audit", "verify", "--json"]
        if path:
            arguments += ["--set", f"store.url=sqlite:{path}"]
        if head:
            arguments += ["--head", str(head)]
        result = self.bed.scopemint(*arguments)
        assert result.stderr == "", result.stderr
        answer = json.loads(result.stdout)
        assert result.returncode == (0 if answer["holds"] else 1)
        if status is not None:
            assert answer["holds"] == status, answer
        return answer
