"""/core/v2/trunk_groups and their trunks as tests ask for them, and a tree of partners to ask from."""

import json
import sqlite3

from caller import Caller
from testbed import Client

GROUPS = "/core/v2/trunk_groups"
RULE = {"field": "calling", "operation": "exact", "quantifier": "any", "entries": ["+12025550100"]}
LIST = {"access_control_rules": [], "direction": "inbound", "sms_action_false": None, "sms_action_true": None,
        "voice_action_false": "reject403", "voice_action_true": "accept"}
FAMILIES = ["trunk_groups", "trunk_groups.trunks"]


class Trunks(Caller):
    """The API as one caller sees it."""

    def __call__(self, method, path="", body=None, **headers):
        return self.send(method, path if path.startswith("/core") else GROUPS + path, body, **headers)

    def make(self, path="", **body):
        reply = self("POST", path, body)
        assert reply.status == 200, reply.body
        return reply.json

    def group(self, **body):
        made = self.make(**{"name": "Group", **body})
        return "/" + made["trunk_group_sid"], made

    def trunk(self, group, **body):
        made = self.make(group + "/trunks", **{"name": "Trunk", **body})
        return f"{group}/trunks/{made['trunk_sid']}", made

    def rule(self, **body):
        return self.make("/core/v2/accesscontrol/rules", **RULE, **body)["rule_sid"]


def application(bed, scopes, partner_sid=None):
    """A caller of that partner, with these scopes alone."""
    body = {"scopes": scopes, **({"partner_sid": partner_sid} if partner_sid else {})}
    reply = Trunks(bed, bed.issue(bed.admin))("POST", "/core/v2/applications", body)
    assert reply.status == 200, reply.body
    return Trunks(bed, bed.issue(Client(reply.json["client_id"], reply.json["client_secret"])))


def everything(bed, partner_sid):
    return application(bed, ["accesscontrol.manage", *(f"{family}.manage" for family in FAMILIES)], partner_sid)


def tree_of(root):
    """SIDs and callers by their place: each may do everything, where it sees anything."""
    def partner(parent_sid):
        made = root.make("/core/v2/partners", name="Of the trunks", parent_sid=parent_sid, skip_email_verification=True,
                         skip_partner_review=True)
        return made["partner_sid"]

    parent = root.bed.partner_sid
    own = partner(parent)
    sids = {"parent": parent, "self": own, "child": partner(own), "stranger": partner(parent)}
    return {place: (sid, everything(root.bed, sid)) for place, sid in sids.items()}


def named(reply, status):
    """The fields of an answer's errors."""
    assert reply.status == status, reply.body
    return sorted(error["field"] or "" for error in reply.json["errors"])


def records(bed, sid):
    """The audit log on one object, from its begin."""
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        return [json.loads(row[0]) for row in link.execute(
            "SELECT record FROM audit WHERE record LIKE ? ORDER BY seq", (f'%"object":"{sid}"%',))]
