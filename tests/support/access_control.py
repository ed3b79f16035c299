"""Access control as tests ask for it: a tree of partners (family.py) with a caller of each, their rules and lists, and
what is decided by them."""

from caller import Caller
from family import TREE, seed

RULES = "/core/v2/accesscontrol/rules"
EFFECTIVE = "/core/v2/accesscontrol/effective_acl"
GROUPS = "/core/v2/trunk_groups"
RIGHTS = ["accesscontrol.manage", "partners.manage", "trunk_groups.manage", "trunk_groups.trunks.manage"]
SEED = seed(RIGHTS)
DIRECTIONS = ["any", "inbound", "outbound", "undirected"]
VOICE = ["accept", "reject403", "reject503", None]


def acl(rules=(), direction="any", **actions):
    """A list with all its members, in the order of the page."""
    none = {"sms_action_false": None, "sms_action_true": None, "voice_action_false": None, "voice_action_true": None}
    return {"access_control_rules": list(rules), "direction": direction, **none, **actions}


def call(calling="+15550001", called="+15550002", direction="outbound", **about):
    return {"call": {"calling": calling, "called": called, "direction": direction}, **about}


def message(sender="+15550001", to="+15550002", text="hello", direction="outbound", **about):
    return {"message": {"from": sender, "to": to, "message": text, "direction": direction}, **about}


class AccessControl(Caller):
    """The API as one caller sees it."""

    def __call__(self, method, path, body=None):
        if isinstance(body, bytes):
            return self.send(method, path, body, content_type="application/json")
        return self.send(method, path, body)

    def good(self, method, path, body=None):
        reply = self(method, path, body)
        assert reply.status in (200, 204), (method, path, reply.status, reply.body)
        return reply.json if reply.body else None

    def rule(self, field, entries, operation="exact", quantifier="any"):
        return self.good("POST", RULES, {"field": field, "operation": operation, "quantifier": quantifier,
                                         "entries": entries})["rule_sid"]

    def group(self, **body):
        return self.good("POST", GROUPS, {"name": "Group", **body})["trunk_group_sid"]

    def trunk(self, group, **body):
        return self.good("POST", f"{GROUPS}/{group}/trunks", {"name": "Trunk", **body})["trunk_sid"]

    def lists(self, partner_sid, **fields):
        self.good("PATCH", f"/core/v2/partners/{partner_sid}", fields)

    def calls(self, query=""):
        return self("GET", f"{EFFECTIVE}/calls{query}")

    def layers(self, kind="calls", query=""):
        """The lists of each layer, whose numbers have no hole."""
        answer = self.good("GET", f"{EFFECTIVE}/{kind}{query}")
        count = len(answer["items"])
        assert [item["layer"] for item in answer["items"]] == list(range(1, count + 1))
        assert {name: value for name, value in answer.items() if name != "items"} == {
            "count": count, "has_more": False, "limit": count, "offset": 0, "pagination": {}, "total": count}
        return [item["effective_acls"] for item in answer["items"]]

    def evaluate(self, body):
        return self("POST", f"{EFFECTIVE}/evaluate", body)

    def decide(self, body):
        return self.good("POST", f"{EFFECTIVE}/evaluate", body)


class World:
    """The seeded tree, with a caller of each partner."""

    def __init__(self, bed):
        self.bed = bed
        self.root = AccessControl(bed, bed.issue(bed.admin))
        self.api = {ref: AccessControl(bed, bed.issue(bed.seeded(ref))) for ref in TREE}
        self.sids = bed.partner_sids()

    def clear(self):
        """No partner has any list."""
        for sid in self.sids.values():
            self.root.lists(sid, acls=[])
        for ref in TREE:
            self.root.lists(self.sids[ref], parent_assigned_acls=[])
