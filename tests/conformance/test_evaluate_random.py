"""/core/v2/accesscontrol/effective_acl/evaluate and the look-ups, held against a naive reference over random trees. SPEC
9; SEEDS 1.10."""

import random
import re

import pytest

from access_control import DIRECTIONS, GROUPS, RULES, VOICE, acl, call, message
from family import TREE

SMS = ["accept", "reject", None]
SEEDED = 0x5C0  # of the random trees: a failure names what to look at
TREES, QUESTIONS = 12, 60
FIELDS = {"voice": ["calling", "called"], "sms": ["from", "to", "message"]}


def naive_matches(rule, subject):
    value = subject.get(rule["field"])
    if value is None:
        return False
    holds = {"exact": lambda entry: value == entry, "prefix": value.startswith,
             "regexp": lambda entry: re.search(entry, value) is not None}[rule["operation"]]
    found = [holds(entry) for entry in rule["entries"]]
    return {"all": all(found), "any": any(found), "none": not any(found)}[rule["quantifier"]]


def naive_decision(layers, rules, question):
    """As the page says it: layers of lists from the top down; the first action that is not null decides."""
    kind = "voice" if "call" in question else "sms"
    subject = question.get("call") or question["message"]
    for layer, lists in enumerate(layers, 1):
        for number, one in enumerate(lists):
            if one["direction"] not in ("any", subject["direction"]):
                continue
            matching = [sid for sid in one["access_control_rules"]
                        if rules[sid]["field"] in FIELDS[kind] and naive_matches(rules[sid], subject)]
            action = one[f"{kind}_action_{'true' if matching else 'false'}"]
            if action is not None:
                return action, layer, number, matching
    return "accept", None, None, []


class Random:
    """One random tree: its rules, its lists and where they stand."""

    def __init__(self, world, rng):
        self.world, self.rng = world, rng
        self.rules, self.owner = {}, {}
        for ref in ("root", *TREE):
            for _ in range(rng.randint(0, 4)):
                self.make_rule(ref)
        self.lists = {(ref, field): self.random_lists(ref) for ref in ("root", *TREE)
                      for field in ("acls", "parent_assigned_acls") if (ref, field) != ("root", "parent_assigned_acls")}
        for (ref, field), lists in self.lists.items():
            world.root.lists(world.sids[ref], **{field: lists})
        self.groups = [self.make_group(ref) for ref in ("self", "child", "stranger")]

    def text(self):
        return "".join(self.rng.choices("+12", k=self.rng.randint(0, 3)))

    def make_rule(self, ref):
        operation = self.rng.choice(["exact", "prefix", "regexp"])
        entries = [self.text() for _ in range(self.rng.randint(0, 3))]
        if operation == "regexp":
            entries = [self.rng.choice(["", "^"]) + re.escape(entry) + self.rng.choice(["", "$"]) for entry in entries]
        rule = {"field": self.rng.choice(FIELDS["voice"] + FIELDS["sms"]), "operation": operation,
                "quantifier": self.rng.choice(["all", "any", "none"]), "entries": entries}
        api = self.world.root if ref == "root" else self.world.api[ref]
        sid = api.good("POST", RULES, rule)["rule_sid"]
        self.rules[sid], self.owner[sid] = rule, ref

    def chain(self, ref):
        return ["root"] if ref == "root" else [*self.chain(TREE[ref]), ref]

    def random_lists(self, ref, sms=True):
        seen = [sid for sid, owner in self.owner.items() if owner in self.chain(ref)]
        actions = {"voice_action_true": VOICE, "voice_action_false": VOICE}
        if sms:
            actions |= {"sms_action_true": SMS, "sms_action_false": SMS}
        return [acl(self.rng.sample(seen, self.rng.randint(0, min(3, len(seen)))), self.rng.choice(DIRECTIONS),
                    **{name: self.rng.choice([None, *values]) for name, values in actions.items()})
                for _ in range(self.rng.choice([0, 0, 1, 2, 3]))]

    def make_group(self, ref):
        api = self.world.api[ref]
        of_group, of_trunk = self.random_lists(ref, sms=False), self.random_lists(ref, sms=False)
        group = api.group(acls=of_group)
        return ref, group, api.trunk(group, acls=of_trunk), of_group, of_trunk

    def layers(self, ref, group=None, with_trunk=False):
        """All lists of each that has some, in order."""
        layers = [self.lists.get((each, "parent_assigned_acls"), []) + self.lists[each, "acls"]
                  for each in self.chain(ref)]
        if group is not None:
            layers.append(group[3])
        if with_trunk:
            layers.append(group[4])
        return [lists for lists in layers if lists]

    def question(self):
        """What is asked, by whom, and the layers that it goes through."""
        direction = self.rng.choice(DIRECTIONS[1:])
        values = [self.rng.choice([None, self.text(), self.text(), self.text()]) for _ in range(3)]
        if self.rng.random() < 0.5:
            ref = self.rng.choice(list(TREE))
            asked = message(*values, direction=direction, partner_sid=self.world.sids[ref])
            return asked, self.layers(ref)
        asked = call(*values[:2], direction=direction)
        way = self.rng.randrange(3)
        if way == 0:
            ref = self.rng.choice(list(TREE))
            return {**asked, "partner_sid": self.world.sids[ref]}, self.layers(ref)
        group = self.rng.choice(self.groups)
        if way == 1:
            return {**asked, "trunk_group_sid": group[1]}, self.layers(group[0], group)
        return {**asked, "trunk_sid": group[2]}, self.layers(group[0], group, with_trunk=True)

    def clear(self):
        for _, group, *_ in self.groups:
            self.world.root.good("DELETE", f"{GROUPS}/{group}?force=true")


@pytest.mark.parametrize("number", range(TREES))
def test_random_trees_decide_as_the_page_says(world, number):
    rng = random.Random(SEEDED + number)
    tree = Random(world, rng)
    asked = [tree.question() for _ in range(QUESTIONS)]
    answers = world.root.decide({"items": [question for question, _ in asked]})["items"]
    for (question, layers), answer in zip(asked, answers, strict=True):
        action, layer, number, rules = naive_decision(layers, tree.rules, question)
        assert (answer["decision"], answer["layer"], answer["list"], answer["rules"]) == (
            action, layer, number, rules), (question, layers, answer)
        assert answer["decided"] is (layer is not None)
        if layer is not None:
            assert answer["acl"] == layers[layer - 1][number]
        before = [(at, one) for at, lists in enumerate(layers, 1) for one in range(len(lists))
                  if layer is None or (at, one) < (layer, number)]
        assert [(each["layer"], each["list"]) for each in answer["passed"]] == before
    for ref in TREE:  # and the look-up shows what they went through
        assert world.root.layers(query=f"?partner_sid={world.sids[ref]}") == tree.layers(ref)
    tree.clear()
