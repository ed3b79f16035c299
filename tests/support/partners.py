"""A tree of partners through the API, as its tests write to it and read it."""

import itertools
import json
import urllib.parse

PARTNERS = "/core/v2/partners"
RIGHTS = ["partners.manage", "calls.manage", "sms.read", "app.read"]
APPLICATION = {"type": "confidential", "grant_types": ["client_credentials"],
               "token_endpoint_auth_method": "client_secret_basic", "scopes": RIGHTS}
TREE = {"parent": "root", "self": "parent", "child": "self", "stranger": "root", "grandchild": "child"}
SEED = {
    "partners": [{"ref": ref, "parent": parent, "name": f"Partner {ref}", "login": ref, "available_scopes": RIGHTS}
                 for ref, parent in TREE.items()],
    "applications": [{**APPLICATION, "ref": ref, "name": f"App of {ref}", "partner": ref} for ref in TREE],
}
READ_ONLY = {"partner_sid", "date_created", "date_updated"}
WRITABLE = {"name", "login", "status", "available_scopes", "acls", "parent_assigned_acls"}
UNKNOWN = "018f0000-0000-7000-8000-000000000000"


class Partners:
    """The testbed's partners through the API."""

    def __init__(self, bed):
        self.bed = bed
        self.admin = bed.issue(bed.admin)
        self.sids = bed.partner_sids()
        self.made = itertools.count()

    def token(self, ref, **form):
        return self.bed.issue(self.bed.seeded(ref), **form)

    def ask(self, method, path="", body=None, token=None, headers=(), **query):
        url = PARTNERS + path + ("?" + urllib.parse.urlencode(query) if query else "")
        fields = [("Authorization", f"Bearer {token or self.admin}"), *headers]
        self.bed.seen.secrets.add(token or self.admin)
        if body is not None:
            fields.append(("Content-Type", "application/json"))
            body = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.bed.request(method, url, body, fields)

    def show(self, sid):
        reply = self.ask("GET", f"/{sid}")
        assert reply.status == 200, reply.body
        return reply.json

    def create(self, token=None, **body):
        number = next(self.made)
        reply = self.ask("POST", "", {"name": f"Made {number}", "login": f"made{number}", **body}, token)
        assert reply.status == 200, reply.body
        return reply.json

    def active(self, **body):
        return self.create(skip_email_verification=True, skip_partner_review=True, **body)

    def patch(self, sid, body, token=None, status=200, **more):
        reply = self.ask("PATCH", f"/{sid}", body, token, **more)
        assert reply.status == status, reply.body
        return reply

    def introspect(self, token):
        reply = self.bed.post("/oauth/introspect", {"token": token}, bearer=self.admin)
        assert reply.status == 200, reply.body
        return reply.json

    def scope(self, token):
        answer = self.introspect(token)
        return answer["scope"].split() if answer["active"] else None

    def all(self):
        """Every partner as stored, by SID: nothing changed means this is equal."""
        reply = self.ask("GET", limit=1000)
        assert reply.status == 200 and not reply.json["has_more"]
        return {item["partner_sid"]: item for item in reply.json["items"]}


def error(reply):
    body = reply.json
    assert list(body) == ["errors"] and len(body["errors"]) == 1, body
    return body["errors"][0]


def fields(reply):
    return sorted(error["field"] for error in reply.json["errors"])
