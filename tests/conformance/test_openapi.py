"""/openapi.json and the server say the same: its examples run, every answer is just what its schemas say, the scopes it
asks for are those that are asked for, and so are the attributes of lists."""

import functools
import itertools
import json
import re
import urllib.parse

import jsonschema
import pytest

from testbed import FORM, ROOT, eventually

METHODS = ("get", "post", "put", "patch", "delete")
JSON = "application/json"
NOBODY = "01995f2a-7c00-7aaa-8000-0123456789ab"
LONG_AGO = {"issued_before": "2020-01-01T00:00:00.000Z"}  # a revocation that ends nothing
RULE = {"entries": ["49"], "field": "calling", "operation": "prefix", "quantifier": "any"}
GIVEN = ["calls.manage", "sms.read"]  # what a test's own partner, application and token hold


@functools.lru_cache
def source():
    """The document from its source, so that tests have names before a server runs."""
    def join(into, piece):
        for name, value in piece.items():
            if isinstance(value, dict):
                join(into.setdefault(name, {}), value)
            else:
                into[name] = value
        return into

    document = {}
    for path in sorted((ROOT / "src/manage/openapi").glob("*.json")):
        join(document, json.loads(path.read_text()))
    return document


def resolved(piece):
    while "$ref" in piece:
        target = source()
        for name in piece["$ref"].removeprefix("#/").split("/"):
            target = target[name]
        piece = target
    return piece


class Operation:
    def __init__(self, method, path, item):
        self.method, self.path = method.upper(), path
        self.said = item[method]
        self.id = self.said["operationId"]
        self.parameters = [resolved(p) for p in item.get("parameters", []) + self.said.get("parameters", [])]
        self.security = self.said["security"]
        self.scopes = [names[0] for choice in self.security for names in choice.values() if names]
        self.is_management = path.startswith("/core/v2/")

    def examples(self):
        """Bodies as (media type, value); a body that may be left out is one of them."""
        body = resolved(self.said.get("requestBody", {}))
        if not body.get("required"):
            yield None, None
        for media, content in body.get("content", {}).items():
            for example in content["examples"].values():
                yield media, example["value"]

    def named(self, place):
        return [p for p in self.parameters if p["in"] == place]

    def parameter(self, name):
        return next((p for p in self.parameters if p["in"] == "query" and p["name"] == name), None)

    def response(self, status):
        assert str(status) in self.said["responses"], f"{self.id} answers {status}, which is not described"
        return resolved(self.said["responses"][str(status)])


OPERATIONS = [Operation(method, path, item) for path, item in source()["paths"].items()
              for method in METHODS if method in item]
each_operation = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda o: o.id)
each_guarded = pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.scopes], ids=lambda o: o.id)
each_managing = pytest.mark.parametrize("operation", [o for o in OPERATIONS if o.is_management], ids=lambda o: o.id)


def problems(schema, value):
    resolver = jsonschema.RefResolver("", source())
    return [error.message for error in jsonschema.Draft202012Validator(schema, resolver=resolver).iter_errors(value)]


class World:
    """Real objects in the place of those that examples name; each request gets fresh ones."""

    def __init__(self, bed):
        self.bed = bed
        flow = source()["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]
        self.scopes = {*flow["scopes"], *GIVEN, "oauth.allow_token_scope_update",
                       "partners.skip_email_verifications", "partners.skip_partner_review"}
        self.admin = self.bearer(*self.scopes)
        self.plain = self.bearer("calls.read")
        self.count = itertools.count()

    def bearer(self, *scopes):
        return self.bed.issue(self.bed.admin, scope=" ".join(sorted(scopes)))

    def create(self, path, body):
        reply = self.send("POST", path, JSON, body, self.admin)
        assert reply.status == 200, reply.body
        return reply.json

    def path(self, operation):
        """The operation's path with something there, and the object that the last name stands for."""
        known, made = {}, None
        for parameter in operation.named("path"):
            name = parameter["name"]
            if name == "partner_sid":
                made = self.create("/core/v2/partners", {
                    "name": "Example", "login": f"example-{next(self.count)}", "available_scopes": GIVEN,
                    "skip_email_verification": True, "skip_partner_review": True})
            elif name == "client_id":
                made = self.create("/core/v2/applications", {"name": "Example", "scopes": GIVEN})
            elif name == "token_sid":
                made = self.create("/core/v2/oauth/token", {"scopes": ["calls.manage"], "access_token_expires_in": 600})
            elif name == "rule_sid":
                made = self.create("/core/v2/accesscontrol/rules", RULE)
            elif name == "trunk_group_sid":
                made = self.create("/core/v2/trunk_groups", {"name": "Example"})
            elif name == "trunk_sid":
                made = self.create(f"/core/v2/trunk_groups/{known['trunk_group_sid']}/trunks", {"name": "Example"})
            elif name == "revocation_sid":
                made = self.create("/core/v2/admin/revocations", LONG_AGO)
            elif name != "secret_id":  # which came with the application
                made = {name: parameter["example"]}
            known[name] = made[name]
        return operation.path.format(**known), made

    def real(self, value, made, name=None):
        """An example with what is real in it: SIDs, JWTs and times."""
        if isinstance(value, dict):
            return {key: self.real(part, made, key) for key, part in value.items()}
        if isinstance(value, list):
            return [self.real(part, made, name) for part in value]
        if name in ("partner_sid", "parent_sid") and value == NOBODY:
            return self.bed.partner_sid
        if isinstance(value, str) and value.startswith("eyJ"):
            return self.bed.issue(scope="calls.read")
        if name == "date_expiration_access_token":
            return made[name]
        if name == "plan_id":
            return self.create("/core/v2/admin/revocations", {**LONG_AGO, "dry_run": True})["plan_id"]
        if name == "login":
            return f"{value}-{next(self.count)}"
        return value

    def send(self, method, path, media, value, bearer=None, client=None, query=(), headers=()):
        fields, body = list(headers), None
        if bearer is not None:
            self.bed.seen.secrets.add(bearer)
            fields.append(("Authorization", f"Bearer {bearer}"))
        if client is not None:
            fields.append(("Authorization", client.basic))
        if media is not None:
            fields.append(("Content-Type", media))
            body = (urllib.parse.urlencode(value) if media == FORM else json.dumps(value)).encode()
        elif method in ("POST", "PUT", "PATCH"):
            body = b""
        if query:
            path += "?" + urllib.parse.urlencode(query)
        return self.bed.request(method, path, body, fields)

    def credentials(self, operation):
        """Every way of the description to authenticate, each as arguments of send."""
        kinds = {kind for choice in operation.security for kind in choice}
        server = "/introspect" in operation.path or operation.path == "/oauth/revocations"
        if not operation.security:
            yield {}
        if "basic" in kinds:
            yield {"client": self.bed.resource_server if server else self.bed.app}
        if kinds & {"bearer", "oauth2"}:
            yield {"bearer": self.bearer(*self.scopes)}  # one of its own: a request may revoke it


@pytest.fixture(scope="module")
def world(bed):
    return World(bed)


def has_no_etag(operation, reply):
    """A change that was tried alone, and a page of the feed with more behind it."""
    return "dry_run" in reply.body.decode() or (operation.id == "followRevocations" and reply.json["has_more"])


def check_answer(operation, reply):
    """Just what is described, whatever it is: status, headers, media type, body. The body, if it is JSON."""
    said = operation.response(reply.status)
    for name in said.get("headers", {}):
        assert reply.header(name) or (name == "ETag" and has_no_etag(operation, reply)), f"no {name}"
    if "content" not in said:
        assert reply.body == b""
        return None
    media = reply.header("Content-Type").split(";")[0]
    assert media in said["content"]
    if media != JSON:
        return None
    assert problems(said["content"][media]["schema"], reply.json) == []
    return reply.json


def check_closed(operation, status, value):
    """The schema takes no member that it does not name: what the server adds is noticed here."""
    schema = operation.response(status)["content"][JSON]["schema"]
    assert problems(schema, {**value, "surprise": 1})
    if value.get("items"):
        first = value["items"][0]
        assert not isinstance(first, dict) or problems(schema, {**value, "items": [{**first, "surprise": 1}]})


def test_what_is_served_is_the_source(bed):
    assert bed.get("/openapi.json").json == source()


def test_it_may_be_kept(bed):
    reply = bed.get("/openapi.json", [("Origin", "https://docs.example")])
    assert reply.status == 200 and reply.header("Access-Control-Allow-Origin") == "*"
    assert reply.header("Cache-Control") == bed.get("/oauth/jwks").header("Cache-Control")
    again = bed.get("/openapi.json", [("If-None-Match", f"\"other\", W/{reply.header('ETag')}")])
    assert (again.status, again.body, again.header("ETag")) == (304, b"", reply.header("ETag"))


def test_names_are_unique_and_scopes_known():
    ids = [operation.id for operation in OPERATIONS]
    assert len(set(ids)) == len(ids)
    known = {value["name"] for path in (ROOT / "conf/scopes").glob("*.json")
             for value in json.loads(path.read_text())["values"]}
    flow = source()["components"]["securitySchemes"]["oauth2"]["flows"]["clientCredentials"]["scopes"]
    used = {scope for operation in OPERATIONS for scope in operation.scopes}
    assert set(flow) == used and used <= known


@each_operation
def test_examples_run(world, operation):
    """As they stand, by every way to authenticate; the examples are what the schema of the body says."""
    for media, value in operation.examples():
        if media is not None:
            said = resolved(operation.said["requestBody"])["content"][media]["schema"]
            assert problems(said, value) == []
        for credentials in world.credentials(operation):
            path, made = world.path(operation)
            reply = world.send(operation.method, path, media, world.real(value, made), **credentials)
            assert reply.status in (200, 204), (value, reply.body)
            body = check_answer(operation, reply)
            if body is not None:
                check_closed(operation, reply.status, body)


@each_operation
def test_parameters_run(world, operation):
    """Each parameter's example beside the first body, and none but those described are named."""
    media, value = next(operation.examples())
    credentials = next(world.credentials(operation))
    for parameter in operation.named("query") + operation.named("header"):
        if "example" not in parameter:
            continue
        path, made = world.path(operation)
        pair = [(parameter["name"], str(parameter["example"]))]
        where = {"query" if parameter["in"] == "query" else "headers": pair}
        reply = world.send(operation.method, path, media, world.real(value, made), **credentials, **where)
        assert reply.status in (200, 204), (pair, reply.body)
        check_answer(operation, reply)


LISTS = [o for o in OPERATIONS if o.parameter("after") and o.is_management]


@pytest.mark.parametrize("operation", LISTS, ids=lambda o: o.id)
def test_lists_take_what_is_said(world, operation):
    """Orders, cursors and fields; and a wrong attribute is answered with those that are taken."""
    path, _ = world.path(operation)
    if operation.id == "listRevocations":
        world.create(path, LONG_AGO)
    if operation.id == "listRules":
        world.create(path, RULE)
    if operation.id == "listTrunks":
        world.create(path, {"name": "Example"})
    get = functools.partial(world.send, "GET", path, None, None, world.admin)
    names = re.match(r"\^\(([a-z_|]+)\)", operation.parameter("order")["schema"]["pattern"])[1].split("|")
    for name in names:
        for order in (name, f"{name} asc", f"{name} desc"):
            assert get(query={"order": order}).status == 200, order
    wrong = get(query={"filter": "nothing eq 1"})
    taken = set(re.findall(r"[a-z_]+", wrong.json["errors"][0]["message"]))
    said = set(names) if len(names) > 1 else set(re.findall(r"[a-z_]+", operation.parameter("filter")["description"]))
    attributes = set(get().json["items"][0])
    assert wrong.status == 422 and taken & attributes == said & attributes
    page = get(query={"limit": 1}).json
    if operation.parameter("status") is None and page["has_more"]:
        assert check_answer(operation, get(query={"limit": 1, "after": page["items"][0][names_key(operation)]}))
    assert check_answer(operation, get(query={"before": page["items"][0][names_key(operation)]}))["items"] == []


def names_key(operation):
    return {"listScopes": "value", "listAuditRecords": "seq", "listSecrets": "secret_id", "listTokens": "token_sid",
            "listPartners": "partner_sid", "listApplications": "client_id",
            "listRevocations": "revocation_sid", "listTrunkGroups": "trunk_group_sid",
            "listTrunks": "trunk_sid", "listRules": "rule_sid"}[operation.id]


@each_guarded
def test_scopes_are_those_that_are_asked_for(world, operation):
    """Without them 403, which names them; each of them by itself is enough to get further."""
    path = operation.path.format(**{p["name"]: NOBODY for p in operation.named("path")})
    media, value = next(operation.examples())
    refused = world.send(operation.method, path, media, value, world.plain)
    check_answer(operation, refused)
    named = re.search(r'scope="([^"]*)"', refused.header("WWW-Authenticate"))[1]
    assert refused.status == 403 and set(named.split()) == set(operation.scopes)
    for scope in operation.scopes:
        unreadable = [("token", "x"), ("token", "y")] if media == FORM else []
        reply = world.send(operation.method, path, media, unreadable, world.bearer(scope))
        assert reply.status in (200, 204, 400, 404), (scope, reply.body)


@each_managing
def test_refusals_are_described(world, operation):
    """What every endpoint refuses alike: no token, nothing there, what cannot be read."""
    nowhere = operation.path.format(**{p["name"]: NOBODY for p in operation.named("path")})
    media, value = next((pair for pair in operation.examples() if pair[0] == JSON), next(operation.examples()))
    reply = world.send(operation.method, nowhere, media, value)
    assert reply.status == 401
    check_answer(operation, reply)
    if operation.named("path"):
        reply = world.send(operation.method, nowhere, media, value, world.admin)
        assert reply.status == 404, reply.body
        check_answer(operation, reply)
    if "requestBody" in operation.said:
        path, made = world.path(operation)
        for sent, body, expected in (("text/plain", value, {415}), (JSON, [], {400, 415}), (JSON, {"x": 1}, {422, 415})):
            reply = world.send(operation.method, path, sent, body, world.admin)
            assert reply.status in expected, (sent, body, reply.body)
            check_answer(operation, reply)
    if operation.parameter("include_fields"):
        path, made = world.path(operation)
        for query, expected in (({"include_fields": "nothing"}, 422), ([("include_fields", "x")] * 2, 400)):
            reply = world.send(operation.method, path, media, world.real(value, made), world.admin, query=query)
            assert reply.status == expected, reply.body
            check_answer(operation, reply)
    if operation.parameter("limit"):
        path, made = world.path(operation)
        reply = world.send(operation.method, path, media, world.real(value, made), world.admin, query={"limit": 0})
        assert reply.status == 422
        check_answer(operation, reply)
    if operation.named("header") and operation.method != "GET":
        path, made = world.path(operation)
        reply = world.send(operation.method, path, media, world.real(value, made), world.admin,
                           headers=[("If-Match", '"0"')])
        assert reply.status == 412
        check_answer(operation, reply)


def check_get(world, operation_id, path):
    operation = next(o for o in OPERATIONS if o.id == operation_id)
    return check_answer(operation, world.send("GET", path, None, None, world.admin))


@pytest.mark.parametrize("road", ["DELETE", "/core/v2/oauth/revoke", "/oauth/revoke"])
def test_who_revoked_is_explained(world, road):
    """Whichever way it went: members that answers about a live token do not have."""
    token = world.create("/core/v2/oauth/token", {"scopes": ["calls.read"]})
    path = f"/core/v2/oauth/tokens/{token['token_sid']}"
    if road == "DELETE":
        reply = world.send("DELETE", path, None, None, world.admin)
    else:
        reply = world.send("POST", road, FORM, {"token": token["access_token"]}, world.admin)
    assert reply.status in (200, 204)
    explained = check_get(world, "explainToken", f"/core/v2/admin/tokens/{token['token_sid']}/explain")
    check = explained["checks"][0]
    assert not explained["active"] and check["check"] == "revocation" and not check["holds"]
    assert check["by"]["client_id"] == world.bed.admin.client_id


def test_a_dry_run_that_takes_something(world):
    update = next(o for o in OPERATIONS if o.id == "updatePartner")
    path, partner = world.path(update)
    world.create(f"/core/v2/oauth/token/{partner['partner_sid']}", {"scopes": ["calls.manage"]})
    reply = world.send("PATCH", path, JSON, {"available_scopes": ["calls.read"]}, world.admin,
                       query={"dry_run": "true"})
    answer = check_answer(update, reply)
    assert answer["total"] == 1 and answer["items"][0]["scopes"] == ["calls.read"]
    check_closed(update, 200, answer)


@pytest.mark.parametrize("path, field", [("/core/v2/applications", "scopes"), ("/core/v2/oauth/token", "scopes"),
                                         ("/core/v2/partners", "available_scopes")])
def test_handing_out_is_refused_alike(world, path, field):
    """M3: 403 names the field, and in the challenge the scopes that are missing."""
    weak = world.bearer("app.create", "oauth.create", "partners.create")
    reply = world.send("POST", path, JSON, {"name": "Example", field: ["sms.read"]}, weak)
    assert reply.status == 403 and reply.json["errors"][0]["field"] == field
    assert re.search(r'scope="([^"]*)"', reply.header("WWW-Authenticate"))[1] == "sms.read"
    log = "/core/v2/admin/audit?order=seq+desc&filter=rule+eq+M3"  # which follows behind the answer
    refused = eventually(lambda: check_get(world, "listAuditRecords", log)["items"])
    assert refused[0]["result"] == "refused" and refused[0]["detail"]["missing"]
