"""/core/v2/applications as its tests ask for them."""

from caller import Caller
from testbed import Client

APPLICATIONS = "/core/v2/applications"
CALLBACK = "https://app.example/cb"


class Applications(Caller):
    """The API as one caller sees it."""

    def __call__(self, method, path="", body=None, **headers):
        return self.send(method, APPLICATIONS + path, body, **headers)

    def make(self, **body):
        reply = self("POST", body={"name": "Made", "scopes": ["calls.read"], **body})
        assert reply.status == 200, reply.body
        return reply.json

    def client(self, **body):
        made = self.make(**body)
        return Client(made["client_id"], made["client_secret"])

    def narrow(self, scopes, **body):
        """A caller of the same partner that holds these scopes and app.manage, no more."""
        return Applications(self.bed, self.bed.issue(self.client(scopes=[*scopes, "app.manage"], **body)))


def both(bed):
    """Audiences that the resource server answers for, and our own."""
    return [bed.issuer, bed.audience]


def only(reply, status, field=None):
    """The one error of an answer."""
    assert reply.status == status, reply.body
    found = reply.json["errors"]
    assert len(found) == 1 and found[0]["field"] == field, found
    return found[0]
