"""One request of each kind, for tests that let it fail: Scene has what it is about, REQUESTS prepare it and return what
sends it."""

import itertools
import json

import assertion
from forge import token_sid
from testbed import Client

SCOPES = "calls.read sms.read batch.read"
NAMES = itertools.count()
RULE = {"name": "One", "field": "calling", "operation": "prefix", "quantifier": "any", "entries": ["49", "4930", "+1"]}


def lists(rules):
    return [{"access_control_rules": list(rules), "voice_action_true": "reject403"}]


class Scene:
    """What the requests are about, made anew for each."""

    def __init__(self, bed):
        self.bed = bed
        self.names = NAMES
        self.admin = bed.issue(bed.admin, access_token_ttl=3600)
        self.alive, self.dead = self.issue(), self.issue()
        assert bed.revoke(self.dead).status == 200
        self.shown = []  # what is looked at after the restart

    def issue(self, **form):
        return self.bed.issue(self.bed.app, **{"scope": SCOPES, "access_token_ttl": 3600, **form})

    def fresh(self):
        token = self.issue()
        self.shown.append(token)
        return token

    def managed(self):
        """The path of a new token."""
        return f"oauth/tokens/{token_sid(self.fresh())}"

    def call(self, method, path, body=None):
        headers = [("Authorization", f"Bearer {self.admin}")]
        if body is not None:
            headers.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, "/core/v2/" + path, body, headers)

    def made(self, path, body, key):
        reply = self.call("POST", path, body)
        assert reply.status == 200, reply.body
        self.shown.append(f"{path}/{reply.json[key]}")
        return reply.json

    def partner(self):
        return self.made("partners", {"name": "One", "login": f"one{next(self.names)}", "skip_email_verification": True,
                                      "skip_partner_review": True}, "partner_sid")["partner_sid"]

    def application(self, **more):
        return self.made("applications", {
            "partner_sid": self.bed.partner_sid, "name": "One", "type": "confidential", "scopes": ["calls.manage"],
            "token_endpoint_auth_method": "client_secret_basic", "grant_types": ["client_credentials"], **more},
            "client_id")

    def rule(self, **more):
        return self.made("accesscontrol/rules", {**RULE, **more}, "rule_sid")

    def group(self, rules=()):
        """A trunk group whose lists name these rules, with one trunk."""
        return self.made("trunk_groups", {"acls": lists(rules), "trunks": [{"acls": lists(rules)}]},
                         "trunk_group_sid")

    def views(self):
        """Everything that was touched, as the server tells it."""
        told = {}
        for what in self.shown:
            if what.startswith("eyJ"):
                told[token_sid(what)] = self.bed.introspect(what)
                what = f"oauth/tokens/{token_sid(what)}"
            reply = self.call("GET", what)
            told[what] = (reply.status, {name: value for name, value in reply.json.items() if "last" not in name})
        return told


# ---- the requests: each prepares what it needs, and returns what sends it ----

def of_batch(scene):
    body = json.dumps({"tokens": [scene.fresh(), scene.alive, scene.dead, "nothing"]}).encode()
    headers = [("Authorization", scene.bed.resource_server.basic), ("Content-Type", "application/json")]
    return lambda: scene.bed.request("POST", "/oauth/introspect/batch", body, headers)


def of_introspection(which):
    def prepare(scene):
        token = which(scene)
        return lambda: scene.bed.introspection(token, required_scope="calls.read")
    return prepare


def of_call(method, path, body=None):
    """path, body: values, or functions of the scene."""
    def prepare(scene):
        where = path(scene) if callable(path) else path
        what = body(scene) if callable(body) else body
        return lambda: scene.call(method, where, what)
    return prepare


def of_token(scene):
    return lambda: scene.bed.token(scene.bed.app, scope=SCOPES, access_token_ttl="3600")


def of_assertion(scene):
    made = scene.application(token_endpoint_auth_method="private_key_jwt",
                             jwks=assertion.key_set(*assertion.KEYS.values()))
    form = assertion.fresh(scene.bed, Client(made["client_id"]), grant_type="client_credentials")
    return lambda: scene.bed.post("/oauth/token", form)


def of_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.revoke(token)


def of_bearer_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.post("/oauth/revoke", {"token": token}, bearer=scene.admin)


def of_managed_revoke(scene):
    token = scene.fresh()
    return lambda: scene.bed.post("/core/v2/oauth/revoke", {"token": token}, bearer=scene.admin)


def of_get(path, admin=False):
    return lambda scene: lambda: scene.bed.get(path, admin=admin)


def new_partner(scene):
    return {"name": "Two", "login": f"two{next(scene.names)}", "skip_email_verification": True}


def new_application(scene):
    return {"partner_sid": scene.bed.partner_sid, "name": "Two", "type": "confidential", "scopes": ["calls.manage"],
            "token_endpoint_auth_method": "private_key_jwt", "grant_types": ["client_credentials"],
            "jwks": assertion.key_set(*assertion.KEYS.values())}


def application_path(scene):
    return f"applications/{scene.application()['client_id']}"


def of_plan(scene):
    plan = scene.call("POST", "admin/revocations", {"client_id": scene.application()["client_id"], "dry_run": True})
    return {"plan_id": plan.json["plan_id"]}


def secret_path(scene):
    made = scene.application()
    path = f"applications/{made['client_id']}/secrets"
    return f"{path}/{scene.call('POST', path, {'overlap_s': 60}).json['secret_id']}"


def group_path(scene):
    return f"trunk_groups/{scene.group()['trunk_group_sid']}"


def trunk_path(scene):
    group = scene.group()
    return f"trunk_groups/{group['trunk_group_sid']}/trunks/{group['trunks'][0]}"


def used_rule_path(scene):
    rule = scene.rule()["rule_sid"]
    scene.group([rule])
    return f"accesscontrol/rules/{rule}?force=true"


def lists_of(scene):
    return {"acls": lists([scene.rule()["rule_sid"]])}


def call_over(scene):
    """A call over a trunk whose group has a rule of patterns."""
    rule = scene.rule(operation="regexp", entries=["^49(1|2)+$", "^[+]1"])["rule_sid"]
    trunk = scene.group([rule])["trunks"][0]
    return {"call": {"calling": "4912", "called": None, "direction": "inbound"}, "trunk_sid": trunk}


REQUESTS = {
    "token": of_token,
    "token_by_assertion": of_assertion,
    "introspect": of_introspection(Scene.fresh),
    "introspect_revoked": of_introspection(lambda scene: scene.dead),
    "introspect_batch": of_batch,
    "revoke": of_revoke,
    "revoke_by_bearer": of_bearer_revoke,
    "managed_revoke": of_managed_revoke,
    "token_create": of_call("POST", "oauth/token", {"scopes": ["calls.read"]}),
    "token_narrow": of_call("PATCH", Scene.managed, {"scopes": ["calls.read"]}),
    "token_widen": of_call("PATCH", Scene.managed, {"scopes": [*SCOPES.split(), "calls.manage"]}),
    "token_rename": of_call("PATCH", Scene.managed, {"name": "New"}),
    "token_delete": of_call("DELETE", Scene.managed),
    "token_show": of_call("GET", Scene.managed),
    "token_list": of_call("GET", "oauth/tokens?limit=20&filter=name+eq+%22%22&order=date_created+desc"
                          "&with_related=true"),
    "explain": of_call("GET", lambda scene: f"admin/tokens/{token_sid(scene.fresh())}/explain"),
    "partner_create": of_call("POST", "partners", new_partner),
    "partner_narrow": of_call("PATCH", lambda scene: f"partners/{scene.partner()}", {
        "available_scopes": ["calls.read"]}),
    "partner_dry_run": of_call("PATCH", lambda scene: f"partners/{scene.bed.facts['sub_partner']['partner_sid']}"
                               "?dry_run=true", {"available_scopes": []}),
    "partner_cancel": of_call("DELETE", lambda scene: f"partners/{scene.partner()}"),
    "partner_list": of_call("GET", "partners?limit=20&with_related=true"),
    "application_create": of_call("POST", "applications", new_application),
    "application_change": of_call("PATCH", application_path, {"scopes": ["sms.read"], "status": "suspended"}),
    "application_delete": of_call("DELETE", application_path),
    "application_list": of_call("GET", "applications?limit=20"),
    "secret_create": of_call("POST", lambda scene: application_path(scene) + "/secrets", {"overlap_s": 60}),
    "secret_list": of_call("GET", lambda scene: application_path(scene) + "/secrets"),
    "secret_delete": of_call("DELETE", secret_path),
    "revocation_count": of_call("POST", "admin/revocations", lambda scene: {
        "client_id": scene.bed.app.client_id, "dry_run": True}),
    "revocation_by_plan": of_call("POST", "admin/revocations", of_plan),
    "revocation_by_scope": of_call("POST", "admin/revocations", lambda scene: {
        "client_id": scene.application()["client_id"], "scope": "calls.read"}),
    "revocation_list": of_call("GET", "admin/revocations?limit=20"),
    "leak": of_call("POST", "admin/leaks", lambda scene: {"strings": [scene.fresh(), scene.dead], "act": True}),
    "leak_look": of_call("POST", "admin/leaks", lambda scene: {"strings": [scene.alive, scene.bed.app.client_secret]}),
    "feed": lambda scene: lambda: scene.bed.get("/oauth/revocations", [
        ("Authorization", scene.bed.resource_server.basic)]),
    "audit": of_call("GET", "admin/audit?limit=20"),
    "audit_head": of_call("GET", "admin/audit/head"),
    "rule_create": of_call("POST", "accesscontrol/rules", {
        **RULE, "operation": "regexp", "entries": ["^49(1|2)+$", "x"]}),
    "rule_change": of_call("PATCH", lambda scene: f"accesscontrol/rules/{scene.rule()['rule_sid']}", {
        "entries": ["1"]}),
    "rule_delete": of_call("DELETE", used_rule_path),
    "rule_list": of_call("GET", "accesscontrol/rules?limit=20&filter=name+eq+%22One%22"),
    "partner_lists": of_call("PATCH", lambda scene: f"partners/{scene.partner()}", lists_of),
    "trunk_group_create": of_call("POST", "trunk_groups", lambda scene: {**lists_of(scene), "trunks": [{}, {}]}),
    "trunk_group_change": of_call("PUT", group_path, lambda scene: {"name": "Two", **lists_of(scene)}),
    "trunk_group_delete": of_call("DELETE", lambda scene: group_path(scene) + "?force=true"),
    "trunk_group_list": of_call("GET", "trunk_groups?limit=20&with_related=true"),
    "trunk_create": of_call("POST", lambda scene: group_path(scene) + "/trunks", lists_of),
    "trunk_change": of_call("PATCH", trunk_path, lists_of),
    "trunk_delete": of_call("DELETE", trunk_path),
    "trunk_list": of_call("GET", lambda scene: group_path(scene) + "/trunks?limit=20"),
    "effective_acl": of_call("GET", lambda scene: "accesscontrol/effective_acl/calls?trunk_sid=" + call_over(
        scene)["trunk_sid"]),
    "evaluate": of_call("POST", "accesscontrol/effective_acl/evaluate", call_over),
    "evaluate_batch": of_call("POST", "accesscontrol/effective_acl/evaluate", lambda scene: {
        "items": [call_over(scene)] * 3}),
    "scopes": of_call("GET", "scopes?filter=table+eq+carrierx&limit=20"),
    "jwks": of_get("/oauth/jwks"),
    "metadata": of_get("/.well-known/oauth-authorization-server"),
    "openapi": of_get("/openapi.json"),
    "readyz": of_get("/readyz", admin=True),
    "metrics": of_get("/metrics", admin=True),
}
