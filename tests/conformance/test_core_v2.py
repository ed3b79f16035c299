"""/core/v2: bearer tokens alone, one shape of errors, one kind of list; and the catalogue of scopes, which any valid
bearer may read."""

import json
import random
import urllib.parse

import pytest

from forge import claims
from testbed import ROOT

SCOPES = "/core/v2/scopes"
AMBIGUOUS = {"phonenumber.delete", "phonenumber.emergency.manage", "phonenumber.emergency.read",
             "phonenumber.line_information.manage", "phonenumber.line_information.read"}


def tables():
    """What the files say, by name."""
    found = {}
    for path in (ROOT / "conf" / "scopes").glob("*.json"):
        table = json.loads(path.read_text())
        for value in table["values"]:
            found[value["name"]] = {**value, "table": table["table"]}
    return found


TABLES = tables()


@pytest.fixture(scope="module")
def bearer(bed):
    """An ordinary token: no scope is needed."""
    return bed.issue(bed.admin, scope="calls.read")


@pytest.fixture(scope="module")
def get(bed, bearer):
    def ask(path=SCOPES, token=bearer, authorization=None, method="GET", **parameters):
        if parameters:
            path += "?" + urllib.parse.urlencode(parameters)
        if token is not None and authorization is None:
            bed.seen.secrets.add(token)
            authorization = f"Bearer {token}"
        headers = [("Authorization", authorization)] if authorization else []
        return bed.request(method, path, None, headers)
    return ask


def errors(reply):
    """The errors of an answer, which has the one shape."""
    assert reply.header("Content-Type") == "application/json"
    assert reply.header("Cache-Control") == "no-store"
    body = reply.json
    assert list(body) == ["errors"] and body["errors"], body
    for error in body["errors"]:
        assert list(error) == ["code", "field", "message"] and error["code"] and error["message"], error
    return body["errors"]


def fields(reply):
    return [error["field"] for error in errors(reply)]


def names(reply):
    assert reply.status == 200, reply.body
    return [item["value"] for item in reply.json["items"]]


# ---- who may ask ----

def test_6750_3_a_no_credentials(get):
    reply = get(token=None)
    assert reply.status == 401 and errors(reply)
    assert reply.header("WWW-Authenticate").startswith("Bearer ")
    assert "error=" not in reply.header("WWW-Authenticate")


def test_6750_3_a_basic_is_no_bearer(bed, get):
    reply = get(authorization=bed.admin.basic)
    assert reply.status == 401 and errors(reply)
    assert reply.header("WWW-Authenticate") == 'Bearer realm="scopemint"'


def test_6750_2_3_a_no_tokens_in_the_query(get, bearer):
    assert get(f"{SCOPES}?access_token={bearer}", token=None).status == 401


@pytest.mark.parametrize("scheme", ["bearer", "BEARER"])
def test_6750_2_1_a_the_scheme_has_no_case(get, bearer, scheme):
    assert get(authorization=f"{scheme} {bearer}").status == 200


@pytest.mark.parametrize("value", ["Bearer", "Bearer a b", "Bearer a, Bearer b", 'Bearer "a"'])
def test_6750_3_1_c_no_single_token(get, value):
    reply = get(authorization=value)
    assert reply.status == 400 and errors(reply)[0]["code"] == "invalid_request"


def test_6750_3_1_a_bad_tokens(bed, forger, get):
    revoked = bed.issue(bed.admin, scope="calls.read")
    bed.revoke(revoked, bed.admin)
    good = claims(bed.issue(bed.admin, scope="calls.read"))
    bad = {
        "revoked": revoked,
        "expired": forger.make(payload={**good, "iat": good["iat"] - 1000, "exp": good["iat"] - 1}),
        "forged": forger.make(payload=good, sign=lambda data: b"\x01" * 64),
        "malformed": "abc",
        "other-issuer": forger.make(payload={**good, "iss": "https://other.example"}),
    }
    for kind, token in bad.items():
        reply = get(token=token)
        assert reply.status == 401 and errors(reply)[0]["code"] == "invalid_token", kind
        assert 'error="invalid_token"' in reply.header("WWW-Authenticate"), kind


def test_F_36_a_token_without_our_audience(bed, get):
    """An ordinary client's token is for its resource server, not for this API."""
    token = bed.issue(bed.seeded("many"))
    assert bed.issuer not in claims(token)["aud"]
    reply = get(token=token)
    assert reply.status == 401 and errors(reply)[0]["code"] == "invalid_token"


# ---- errors below /core/v2, whoever refuses ----

@pytest.mark.parametrize("path", ["/core/v2/", "/core/v2/nope", f"{SCOPES}/", f"{SCOPES}/a/b", f"{SCOPES}/calls.read/",
                                  "/core/v2//scopes", "/core/v2/Scopes", "/core/v2/%73copes", f"{SCOPES}/%zz"])
def test_unknown_paths(get, path):
    reply = get(path)
    assert reply.status == 404
    assert errors(reply) == [{"code": "not_found", "field": None, "message": "There is nothing at this path"}]


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", [SCOPES, f"{SCOPES}/calls.read"])
def test_other_methods(get, path, method):
    reply = get(path, method=method)
    assert (reply.status, reply.header("Allow")) == (405, "GET")
    if method != "HEAD":
        assert errors(reply)[0]["code"] == "method_not_allowed"


def test_a_body_is_not_taken(bed, bearer):
    reply = bed.request("GET", SCOPES, b"{}", [("Authorization", f"Bearer {bearer}")])
    assert reply.status == 413 and errors(reply)


# ---- one value ----

@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_value_is_there(get, name):
    told = get(f"{SCOPES}/{name}").json
    for member in ("table", "category", "description"):
        assert told[member] == TABLES[name][member]
    assert told["value"] == name and told["id"] == TABLES[name].get("id")
    assert told["restricted"] is TABLES[name].get("restricted", False)
    assert set(told["implies"]) >= set(TABLES[name].get("includes", []))
    assert name not in told["implies"] and name not in told["implied_by"]


def test_implies_and_implied_by_agree(get):
    items = get(limit=1000).json["items"]
    forward = {(item["value"], other) for item in items for other in item["implies"]}
    backward = {(other, item["value"]) for item in items for other in item["implied_by"]}
    assert forward == backward and len(forward) > 100


def test_an_id_that_several_values_carry_names_none(get):
    reply = get(f"{SCOPES}/74")
    assert reply.status == 409 and errors(reply)[0]["code"] == "conflict"
    assert AMBIGUOUS <= set(errors(reply)[0]["message"].split())


def test_an_id_of_its_own_names_a_value(get):
    assert get(f"{SCOPES}/110").json["value"] == "calls.manage"


@pytest.mark.parametrize("name", ["nope", "Calls.read", "calls", "*", "%25", "0110", "999999", "-1", "..",
                                  "calls.read%00", "calls.read%20", "%C3%A9", "a" * 8000])
def test_unknown_values(get, name):
    reply = get(f"{SCOPES}/{name}")
    assert reply.status == 404 and errors(reply)


# ---- lists ----

def walk(bed, get, **parameters):
    """All pages by following next, as a client would."""
    path, seen, pages = f"{SCOPES}?{urllib.parse.urlencode(parameters)}", [], 0
    while path:
        reply = get(path)
        body = reply.json
        assert list(body) == ["count", "has_more", "items", "limit", "offset", "pagination", "total"]
        assert body["count"] == len(body["items"]) <= body["limit"]
        assert body["has_more"] is ("next" in body["pagination"])
        seen += names(reply)
        pages += 1
        url = body["pagination"].get("next", "")
        assert url == "" or url.startswith(bed.issuer + SCOPES + "?")
        path = url[len(bed.issuer):]
    return seen, pages


@pytest.mark.parametrize("limit", [1, 7, 10, 100, 204, 205, 206, 1000])
@pytest.mark.parametrize("way", [{}, {"offset": 0}, {"order": "value desc"}, {"order": "table"}, {"order": "id desc"}])
def test_every_value_once_on_whatever_pages(bed, get, limit, way):
    seen, pages = walk(bed, get, limit=limit, **way)
    assert sorted(seen) == sorted(TABLES) and len(seen) == len(set(seen))
    assert pages == -(-len(TABLES) // limit)
    if not way or "offset" in way:
        assert seen == sorted(TABLES)


def test_backwards_too(bed, get):
    seen, _ = walk(bed, get, limit=7, before="zzz")
    assert sorted(seen) == sorted(TABLES)
    assert names(get(limit=3, before="calls.delete")) == sorted(name for name in TABLES if name < "calls.delete")[-3:]


def test_beyond_the_end(get):
    for parameters in ({"offset": 205}, {"offset": 2**63 - 1}, {"after": "zzz"}, {"before": "!"}):
        body = get(**parameters).json
        assert (body["count"], body["items"], body["has_more"], body["pagination"]) == (0, [], False, {})
        assert body["total"] == len(TABLES)


def test_defaults(get):
    body = get().json
    assert (body["limit"], body["offset"], body["count"], body["total"]) == (10, 0, 10, len(TABLES))


@pytest.mark.parametrize("expression, wanted", [
    ("table eq ringcentral", lambda v: v["table"] == "ringcentral"),
    ("table ne carrierx and restricted eq true", lambda v: v["table"] != "carrierx" and v.get("restricted", False)),
    ("value like calls.%", lambda v: v["name"].startswith("calls.")),
    ("value like %.manage", lambda v: v["name"].endswith(".manage")),
    ("value like '%a%e%'", lambda v: "a" in v["name"] and "e" in v["name"][v["name"].index("a"):]),
    ("id ge 70 and id le 80", lambda v: 70 <= v.get("id", -1) <= 80),
    ("id ne 74", lambda v: v.get("id", 74) != 74),
    ("id lt 5", lambda v: v.get("id", 9) < 5),
    ('category eq "Trunk Groups"', lambda v: v["category"] == "Trunk Groups"),
    ("value gt t and value lt u", lambda v: "t" < v["name"] < "u"),
    ("value eq ''", lambda v: False),
])
def test_filters(get, expression, wanted):
    reply = get(filter=expression, limit=1000)
    assert names(reply) == sorted(name for name, value in TABLES.items() if wanted(value))
    assert reply.json["total"] == reply.json["count"]


INJECTIONS = [
    "value eq x' OR '1'='1", "value eq 'x' or 1=1", "value eq x; drop table token", "value eq x --",
    "value eq (select 1)",
    "value like '%' union select secret", "1=1", "secret like a%", "client_secret like %", "access_token gt a",
    "value eq \"x\" and secret like 'a%'", "value eq 'a'||'b'", "value in (a,b)", "value is null", "not value eq a",
    "description like %", "implies eq calls.read", "value eq x\x00", "value eq \x1b", "value eq 'unterminated",
    "value eq a b", "value", "value eq", "and", "value eq a and", "VALUE eq a", "value EQ a", "value regexp .*",
    "id eq 74.0", "id eq 0x4a", "id eq 1e2", "id like 7%", "id eq 74 or id eq 75", "restricted eq 1",
    " and ".join(["id eq 1"] * 9), "value eq " + "a" * 257,
]


@pytest.mark.parametrize("expression", INJECTIONS)
def test_THREATS_78_filters_are_not_a_way_in(get, expression):
    reply = get(filter=expression)
    assert reply.status == 422 and fields(reply) == ["filter"]


@pytest.mark.parametrize("expression", [
    "value eq );drop", "value eq x--", "value eq %27", "value eq \"' or '1'='1\"", "value like %%%%%%%%%%%%%%%%%%%%x",
    "value eq \\", "value eq $(id)",
    "value eq ${jndi:ldap://x}", "value eq ../../etc/passwd"])
def test_THREATS_78_odd_values_are_only_compared(get, expression):
    reply = get(filter=expression)
    assert reply.status == 200 and names(reply) == []


@pytest.mark.parametrize("order", ["description", "implies", "secret", "shuffle", "value,id", "value desc, id", "1",
                                   "(select 1)", "value;", "value DESC", "value desc desc", "value\x00"])
def test_THREATS_78_orders(get, order):
    reply = get(order=order)
    assert reply.status == 422 and fields(reply) == ["order"]


def test_what_is_indexed_is_named(get):
    message = errors(get(order="description"))[0]["message"]
    assert "value, id, table, category, title, restricted" in message and "description" not in message


@pytest.mark.parametrize("parameters, wrong", [
    ({"limit": "0"}, ["limit"]), ({"limit": "1001"}, ["limit"]), ({"limit": "-1"}, ["limit"]),
    ({"limit": "x"}, ["limit"]),
    ({"limit": "1e1"}, ["limit"]), ({"offset": "-1"}, ["offset"]), ({"offset": str(2**63)}, ["offset"]),
    ({"after": "a", "offset": "0"}, ["offset"]), ({"before": "a", "offset": "1"}, ["offset"]),
    ({"after": "a", "before": "b"}, ["before"]), ({"after": "a", "order": "value desc"}, ["order"]),
    ({"before": "a", "order": "id"}, ["order"]), ({"include_fields": "nope"}, ["include_fields"]),
    ({"exclude_fields": "value,nope"}, ["exclude_fields"]), ({"with_related": "yes"}, ["with_related"]),
    ({"limit": "0", "offset": "x", "filter": "x", "order": "x"}, ["order", "filter", "limit", "offset"]),
])
def test_what_is_wrong_is_named(get, parameters, wrong):
    reply = get(**parameters)
    assert reply.status == 422 and fields(reply) == wrong


@pytest.mark.parametrize("query", ["limit=1&limit=1", "limit=1&limi%74=2", "filter=&filter=x", "order=id&order=id",
                                   "after=a&after=a", "include_fields=id&include_fields=id"])
def test_repeated_parameters(get, query):
    reply = get(f"{SCOPES}?{query}")
    assert reply.status == 400 and len(errors(reply)) == 1


@pytest.mark.parametrize("query", ["limit", "=1", "limit=%", "limit=%zz", "a=b&c"])
def test_query_strings_that_are_none(get, query):
    reply = get(f"{SCOPES}?{query}")
    assert reply.status == 400 and errors(reply)


def test_unknown_parameters_are_passed_over_and_kept(get):
    reply = get(f"{SCOPES}?x=1&x=2&limit=5&status=whatever")
    assert len(names(reply)) == 5
    assert "?x=1&x=2&limit=5&status=whatever&after=" in reply.json["pagination"]["next"]


def test_fields_are_picked(get):
    assert get(include_fields="value,table", limit=1).json["items"] == [{"value": "A2PSMS", "table": "ringcentral"}]
    item = get(exclude_fields="implies,implied_by,description", limit=1).json["items"][0]
    assert list(item) == ["value", "id", "table", "category", "title", "restricted", "default"]
    assert get(f"{SCOPES}/calls.read?include_fields=value").json == {"value": "calls.read"}
    assert get(f"{SCOPES}/calls.read?include_fields=nope").status == 422


def test_any_text_as_a_filter_is_answered(get, is_long):
    """Seeded noise: an answer of the two shapes, and never a fault."""
    dice = random.Random(36)
    words = ["value", "id", "eq", "like", "and", "'", '"', " ", "%", "74", "calls.read", "\\", "\u00e9", "\x01", "or",
             "("]
    for _ in range(2000 if is_long else 200):
        text = "".join(dice.choice(words) for _ in range(dice.randrange(1, 12)))
        reply = get(filter=text)
        assert reply.status in (200, 422), text
        if reply.status == 422:
            errors(reply)
