"""Revocations by selector as tests ask for them: a tree of partners (family.py), an application for each, and whoever
reads back what became of a token."""

import datetime
import itertools
import json
import sqlite3

from family import TREE, seed
from forge import token_sid
from testbed import Client, eventually

REVOCATIONS = "/core/v2/admin/revocations"
RIGHTS = ["partners.manage", "app.manage", "calls.manage", "sms.manage", "scopemint.audit", "scopemint.revoke",
          "oauth.manage", "oauth.manage_all_tokens", "oauth.allow_token_scope_update"]
SEED = seed(RIGHTS)
LONG_AGO = "2020-01-01T00:00:00.000Z"


def at(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.000Z")


class Revocations:
    def __init__(self, bed):
        self.bed = bed
        self.sids = bed.partner_sids()
        self.apps = {ref: bed.seeded(ref).client_id for ref in TREE}
        self.apps["root"] = bed.app.client_id
        self.count = itertools.count()

    @property
    def root(self):
        """A fresh one: revocations end the caller's too."""
        return self.bed.issue(self.bed.admin)

    def token(self, ref, **form):
        client = self.bed.app if ref == "root" else self.bed.seeded(ref)
        return self.bed.issue(client, **{"scope": "calls.manage", **form})

    def caller(self, ref, scope):
        return self.bed.issue(self.bed.admin if ref == "root" else self.bed.seeded(ref), scope=scope)

    def call(self, method, path, body=None, token=None, headers=()):
        token = token or self.root
        self.bed.seen.secrets.add(token)
        fields = [("Authorization", f"Bearer {token}"), *headers]
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.bed.request(method, path, body, fields)

    def post(self, body, token=None):
        return self.call("POST", REVOCATIONS, body, token)

    def done(self, body, token=None):
        reply = self.post(body, token)
        assert reply.status == 200, reply.body
        return reply.json

    def refused(self, body, status, field, token=None):
        reply = self.post(body, token)
        assert reply.status == status, reply.body
        assert [error["field"] for error in reply.json["errors"]] == field, reply.body
        return reply.json["errors"]

    def plan(self, token=None, **body):
        return self.done({**body, "dry_run": True}, token)

    def show(self, sid, token=None):
        reply = self.call("GET", f"{REVOCATIONS}/{sid}", token=token)
        assert reply.status == 200, reply.body
        return reply.json

    def followed(self, sid):
        assert eventually(lambda: self.show(sid)["state"] == "done", 30), self.show(sid)
        return self.show(sid)

    def is_active(self, token):
        reply = self.bed.post("/oauth/introspect", {"token": token}, bearer=self.root)
        assert reply.status == 200, reply.body
        return reply.json["active"]

    def fresh_app(self, ref="root", **fields):
        """An application of its own, for tests that count."""
        body = {"name": f"Fresh {next(self.count)}", "scopes": ["calls.manage", "sms.manage"], **fields}
        reply = self.call("POST", "/core/v2/applications", {**body, "partner_sid": self.sids[ref]})
        assert reply.status == 200, reply.body
        return reply.json

    def of(self, app, **form):
        return self.bed.issue(Client(app["client_id"], app["client_secret"]), **{"scope": "calls.manage", **form})


def many_rows(bed, token, count):
    """Copies of the token's row, live and unmarked."""
    bed.stop()
    with sqlite3.connect(bed.facts["store"]) as link:
        columns = [name for _, name, *_ in link.execute("PRAGMA table_info(tokens)") if name != "token_sid"]
        (kind,), = link.execute("SELECT typeof(token_sid) FROM tokens LIMIT 1")
        prefix, suffix = token_sid(token).replace("-", "")[:20], iter(range(count))
        for number in suffix:
            key = prefix + f"{number:012x}"
            value = bytes.fromhex(key) if kind == "blob" else \
                f"{key[:8]}-{key[8:12]}-{key[12:16]}-{key[16:20]}-{key[20:]}"
            own = bytes.fromhex(token_sid(token).replace("-", "")) if kind == "blob" else token_sid(token)
            link.execute(f"INSERT INTO tokens (token_sid, {', '.join(columns)}) SELECT ?, {', '.join(columns)} "
                         "FROM tokens WHERE token_sid = ?", (value, own))
    link.close()
    bed.start()
