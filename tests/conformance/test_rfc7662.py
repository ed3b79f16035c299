"""RFC 7662: introspection."""

import itertools
import json
import os
import threading
import time
import uuid

import pytest

from bed_seed import SEED
from forge import assemble, b64, claims, header, token_sid, unb64
from testbed import Client, eventually

INACTIVE = b'{"active":false}'


@pytest.fixture
def token(bed):
    return bed.issue(bed.app, scope="calls.read sms.read")


# ---- the request ----


def test_7662_2_1_a_a_form_with_a_token(bed, token):
    reply = bed.introspection(token)
    assert reply.status == 200
    assert reply.header("Content-Type").split(";")[0] == "application/json"
    assert reply.json["active"] is True  # 7662-2.2-a


@pytest.mark.parametrize("form", [{}, {"token": ""}, {"token_type_hint": "access_token"}])
def test_7662_2_1_b_without_token(bed, form):
    reply = bed.post("/oauth/introspect", form, bed.resource_server)
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_7662_2_1_c_without_credentials(bed, token, address):
    reply = bed.post("/oauth/introspect", {"token": token}, source=address)
    assert reply.status == 401 and "active" not in reply.json
    assert reply.header("WWW-Authenticate")


def test_7662_2_1_d_wrong_secret(bed, token, address):
    reply = bed.post("/oauth/introspect", {"token": token}, Client(bed.resource_server.client_id, "wrong"),
                     source=address)
    assert (reply.status, reply.error) == (401, "invalid_client")
    assert reply.header("WWW-Authenticate").startswith("Basic ")


def test_7662_2_1_e_a_caller_without_any_right(bed, token):
    for value in (token, "unknown", bed.issue(bed.admin)):
        reply = bed.introspection(value, bed.app)
        assert (reply.status, reply.error) == (403, "insufficient_scope")


@pytest.mark.parametrize("hint", [pytest.param("refresh_token", id="7662-2.1-f"),
                                  pytest.param("pizza", id="7662-2.1-g"), pytest.param("", id="7662-2.1-g-empty")])
def test_hints_are_only_hints(bed, token, hint):
    assert bed.introspect(token, token_type_hint=hint)["active"] is True


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_7662_2_1_h_only_post_and_no_token_in_the_log(bed, token, method):
    reply = bed.request(method, f"/oauth/introspect?token={token}",
                        headers=[("Authorization", bed.resource_server.basic)])
    assert reply.status == 405 and "POST" in reply.header("Allow")
    assert token not in bed.log()


def test_7662_2_1_i_public_clients_do_not_introspect(bed, token, address):
    public = bed.seeded("public")
    reply = bed.post("/oauth/introspect", {"token": token, "client_id": public.client_id}, source=address)
    assert reply.status == 401


def test_7662_2_1_j_unknown_parameters_are_ignored(bed, token):
    assert bed.introspect(token, foo="bar", resource="x")["active"] is True


# ---- active ----


def test_7662_2_2_i_7662_2_2_j_the_fields(bed, token):
    answer, signed = bed.introspect(token), claims(token)
    assert set(answer) == {"active", "scope", "client_id", "token_type", "exp", "iat", "sub", "aud", "iss", "jti",
                           "partner_sid", "token_sid"}
    for name in ("exp", "iat"):
        assert type(answer[name]) is int
    for name in ("scope", "client_id", "sub", "iss", "jti", "partner_sid", "token_sid"):
        assert type(answer[name]) is str
    assert answer["token_type"] == "Bearer"
    for name in set(answer) & set(signed):
        assert answer[name] == signed[name], name
    assert answer["token_sid"] == token_sid(token)
    assert answer["scope"] == "calls.read sms.read"


def test_7662_2_2_i_one_audience_is_a_string_several_are_an_array(bed):
    several = bed.introspect(bed.issue(bed.seeded("many")))["aud"]
    assert isinstance(several, list) and len(several) == 3
    assert isinstance(bed.introspect(bed.issue(bed.seeded("brief")))["aud"], str)


@pytest.mark.parametrize("required, sufficient", [
    ("calls.read", True), ("calls.read calls.update", True), ("sms.read", True), ("sms.update", False),
    ("calls.read_descendant", False), ("calls.read sms.update", False),
])
def test_required_scope_is_judged_by_closure(bed, required, sufficient):
    token = bed.issue(bed.app, scope="calls.manage sms.read")
    assert bed.introspect(token, required_scope=required)["sufficient"] is sufficient


@pytest.mark.parametrize("required", ["calls.reed", "CALLS.READ", "calls.read nonsense", "a\"b"])
def test_required_scope_that_does_not_exist(bed, token, required):
    assert bed.introspection(token, required_scope=required).status == 400


def test_required_scope_says_nothing_about_inactive_tokens(bed):
    assert bed.introspection("garbage", required_scope="calls.read").body == INACTIVE


# ---- inactive ----


def flipped(token, part, position, bit=1):
    parts = token.split(".")
    raw = bytearray(unb64(parts[part]))
    raw[position] ^= bit
    parts[part] = b64(bytes(raw))
    return ".".join(parts)


def inactive_tokens(bed, forger):
    """One of every kind, by id."""
    now = int(time.time())
    good = bed.issue(bed.app, scope="calls.read")
    revoked = bed.issue(bed.app, scope="calls.read")
    bed.revoke(revoked)
    own = claims(good)
    id_token = {"iss": bed.issuer, "sub": own["sub"], "aud": bed.app.client_id, "exp": now + 60, "iat": now}
    return {
        "7662-2.2-b-expired": forger.make(payload={"iat": now - 100, "exp": now - 1}),
        "7662-2.2-c-revoked": revoked,
        "7662-2.2-d-random": os.urandom(32).hex(),
        "7662-2.2-d-blank": " ",
        "7662-2.2-d-id-token": forger.make(head={"typ": "JWT"}, payload=json.dumps(id_token)),
        "7662-2.2-d-other-server": forger.make(payload={"iss": "https://other.example"}),
        "7662-2.2-d-refresh-shape": "sm_rt_" + "A" * 43,
        "7662-2.2-d-over-long": "a" * 8193,
        "7662-2.2-e-nbf": forger.make(payload={"nbf": now + 3600}),
        "7662-2.2-f-flipped-signature": flipped(good, 2, 5),
        "7662-2.2-f-swapped-payload": ".".join([good.split(".")[0], revoked.split(".")[1], good.split(".")[2]]),
        "7662-2.2-f-alg": assemble({**header(good), "alg": "RS256"}, own, lambda data: unb64(good.split(".")[2])),
        "7662-2.2-g-audience": bed.issue(bed.seeded("legacy")),
        "9068-4-b-typ-JWT": forger.make(head={"typ": "JWT"}),
        "9068-4-b-no-typ": forger.make(drop=("typ",)),
    }


def without_request_id(reply):
    return reply.status, reply.body, sorted(
        (name.lower(), value) for name, value in reply.headers if name.lower() not in ("date", "x-request-id"))


def test_7662_2_2_h_7662_2_3_a_every_inactive_answer_is_the_same_bytes(bed, forger):
    answers = {name: without_request_id(bed.introspection(value))
               for name, value in inactive_tokens(bed, forger).items()}
    first = next(iter(answers.values()))
    assert first[:2] == (200, INACTIVE)
    for name, answer in answers.items():
        assert answer == first, name


def test_7662_4_d_no_store(bed, token):
    for value in (token, "garbage"):
        assert bed.introspection(value).header("Cache-Control") == "no-store"


@pytest.mark.parametrize("accept", [
    "application/json", "application/token-introspection+jwt", "*/*", "text/html", "application/jwt", "", "x" * 1000,
], ids=lambda value: "F-06-" + (value[:20] or "empty"))
def test_no_claim_of_an_inactive_token_in_any_representation(bed, accept):
    revoked = bed.issue()
    bed.revoke(revoked)
    reply = bed.post("/oauth/introspect", {"token": revoked}, bed.resource_server, headers=[("Accept", accept)])
    assert (reply.status, reply.body) == (200, INACTIVE)


def test_7662_2_2_g_F_07_THREATS_31_only_who_the_token_is_for(bed, token):
    """Same partner, other audience: nothing; same audience, partner below: nothing; bearer likewise."""
    assert bed.introspection(token, bed.seeded("other_server")).body == INACTIVE
    assert bed.introspection(token, bed.seeded("sub_server")).body == INACTIVE
    assert bed.is_active(token)
    of_sub = bed.issue(bed.sub_partner, scope="calls.manage")
    assert bed.is_active(of_sub) and bed.is_active(of_sub, bed.seeded("sub_server"))
    both = bed.issue(bed.seeded("many"))
    assert bed.is_active(both, bed.seeded("other_server")) and bed.is_active(both)


def test_THREATS_30_two_callers_with_different_rights_and_a_warm_cache(bed, token):
    for _ in range(20):
        assert bed.is_active(token)
        assert bed.introspection(token, bed.seeded("other_server")).body == INACTIVE
    bearer = bed.issue(bed.admin, scope="scopemint.introspect")
    assert bed.post("/oauth/introspect", {"token": token}, bearer=bearer).json["active"] is True


# ---- time ----


def test_7662_4_a_THREATS_22_the_last_second(bed, forger):
    """Active while now < exp, never from exp on, also for a token revoked shortly before."""
    exp = int(time.time()) + 2
    token = forger.make(payload={"iat": exp - 60, "exp": exp})
    revoked = forger.make(payload={"iat": exp - 60, "exp": exp, "jti": "0190a000-0000-7000-8000-00000000dead.1"})
    assert bed.is_active(revoked)
    bed.revoke(revoked)
    while True:
        before = time.time()
        active = bed.is_active(token)
        after = time.time()
        assert not bed.is_active(revoked)
        if after < exp:
            assert active
        if before >= exp:
            assert not active
        if before > exp + 2:
            break
        time.sleep(0.01)


def test_THREATS_22_a_revoked_token_never_comes_back_around_its_expiry(own_bed):
    bed = own_bed(["tokens.access_ttl_min_s=1"])
    token = bed.issue(bed.app, access_token_ttl="2")
    bed.revoke(token)
    end = time.time() + 5
    while time.time() < end:
        assert not bed.is_active(token)
        time.sleep(0.01)


# ---- what changes outside the token ----


def test_7662_4_b_a_withdrawn_key_ends_all_its_tokens(own_bed):
    bed = own_bed()
    token = bed.issue(bed.app)
    kid = header(token)["kid"]
    assert bed.is_active(token)
    assert bed.scopemint("key", "generate").returncode == 0
    assert eventually(lambda: len(bed.get("/oauth/jwks").json["keys"]) >= 2)
    assert bed.scopemint("key", "rotate", "--force").returncode == 0
    assert eventually(lambda: header(bed.issue(bed.app))["kid"] != kid)
    assert bed.is_active(token)
    result = bed.scopemint("key", "withdraw", kid)
    assert result.returncode == 0, result.stderr
    assert eventually(lambda: not bed.is_active(token))
    assert kid not in [key["kid"] for key in bed.get("/oauth/jwks").json["keys"]]
    assert bed.is_active(bed.issue(bed.app))


def owner_of(bed, table):
    """The key column and the id of the sub-partner's application, or of the sub-partner itself."""
    if table == "applications":
        return "client_id", uuid.UUID(bed.sub_partner.client_id).bytes
    return "partner_sid", uuid.UUID(bed.facts["sub_partner"]["partner_sid"]).bytes


@pytest.mark.parametrize("table", ["applications", "partners"])
def test_7662_4_c_THREATS_34_a_suspended_owner_ends_its_tokens(own_bed, table):
    bed = own_bed()
    token, other = bed.issue(bed.sub_partner), bed.issue(bed.app)
    key, owner = owner_of(bed, table)
    bed.offline(f"UPDATE {table} SET status = 'suspended' WHERE {key} = ?", owner)
    assert bed.introspection(token).body == INACTIVE
    assert bed.token(bed.sub_partner).status == 401
    assert bed.is_active(other)
    bed.offline(f"UPDATE {table} SET status = 'active' WHERE {key} = ?", owner)
    assert bed.is_active(token)  # P1: undone, it holds again


@pytest.mark.parametrize("table, column", [("applications", "scopes"), ("partners", "available_scopes")])
def test_P1_what_a_table_takes_is_gone_now_and_comes_back(own_bed, table, column):
    """calls.manage whose owner keeps calls.read alone answers calls.read; nothing left: active, without scope."""
    bed = own_bed()
    token = bed.issue(bed.sub_partner, scope="calls.manage")
    key, owner = owner_of(bed, table)
    [[before]] = bed.offline(f"SELECT {column} FROM {table} WHERE {key} = ?", owner)
    for kept, answered in (("calls.read", "calls.read"), ("sms.read", ""), (before, "calls.manage")):
        bed.offline(f"UPDATE {table} SET {column} = ? WHERE {key} = ?", kept, owner)
        answer = bed.introspect(token)
        assert (answer["active"], answer["scope"]) == (True, answered)


# ---- floods ----


def test_7662_4_f_a_flood_of_unknown_tokens_slows_only_its_sender(own_bed):
    bed = own_bed(["throttle.unknown_tokens_per_second=50"], SEED)
    seen = bed.issue(bed.app)
    for _ in range(50):  # each event loop remembers what it has seen; connections are dealt out among them
        assert bed.is_active(seen)
    head, payload, _ = seen.split(".")
    statuses, stop = [], threading.Event()

    def flood():
        link = bed.connect()
        while not stop.is_set():
            guess = f"{head}.{payload}.{b64(os.urandom(64))}"
            statuses.append(bed.post("/oauth/introspect", {"token": guess}, bed.resource_server, connection=link).status)
        link.close()

    thread = threading.Thread(target=flood)
    thread.start()
    try:
        assert eventually(lambda: 429 in statuses)
        for _ in range(50):
            assert bed.is_active(seen)
            assert bed.introspection("garbage", bed.seeded("other_server")).status == 200
    finally:
        stop.set()
        thread.join()
    assert set(statuses) == {200, 429}


# ---- batch ----


def batch(bed, tokens, **more):
    body = json.dumps({"tokens": tokens, **more}).encode() if not isinstance(tokens, bytes) else tokens
    for value in tokens if isinstance(tokens, list) else []:
        if isinstance(value, str):
            bed.seen.secrets.add(value)
    return bed.request("POST", "/oauth/introspect/batch", body,
                       [("Content-Type", "application/json"), ("Authorization", bed.resource_server.basic)])


def test_a_batch_is_answered_in_order(bed, token):
    revoked = bed.issue()
    bed.revoke(revoked)
    reply = batch(bed, [token, "garbage", revoked, token, ""])
    assert reply.status == 200 and list(reply.json) == ["items"]
    items = reply.json["items"]
    single = bed.introspect(token)
    assert items[0] == items[3] == single
    assert items[1] == items[2] == items[4] == {"active": False}
    assert batch(bed, []).json == {"items": []}


def test_THREATS_62_a_batch_with_one_bad_item_at_each_place(bed, token):
    for place in range(5):
        tokens = [token] * 5
        tokens[place] = "garbage"
        actives = [item["active"] for item in batch(bed, tokens).json["items"]]
        assert actives == [index != place for index in range(5)]
        tokens[place] = 7
        assert batch(bed, tokens).status == 400


@pytest.mark.parametrize("body", [
    b"", b"{", b"[]", b"null", b'{"tokens":null}', b'{"tokens":"x"}', b'{"tokens":[null]}', b'{"tokens":[["x"]]}',
    b'{"tokens":["a"],"tokens":["b"]}', b'{"tokens":["a"]}x', b'{"tokens":["\\ud800"]}', b'{"tokens":["\\u0000"]}',
    b'{"tokens":["\xff"]}', b"[" * 100_000, b'{"tokens":' + b"[" * 17 + b"]" * 17 + b"}", b"{}",
    b'{"tokens":[' + b",".join([b'"x"'] * 101) + b"]}",
], ids=lambda value: "THREATS-75-" + repr(value[:24]))
def test_broken_batches(bed, body):
    reply = batch(bed, body)
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_THREATS_75_a_broken_batch_is_told_where_it_breaks(bed):
    for body, problem in (
            (b'{"tokens":\n[}', "line 2, column 3: the text is not well-formed"),
            (b"[]", "line 1, column 1: the value is no object"),
            (b'{"tokens":[],\n "tokens":[]}', "line 2, column 10: an object names a member twice"),
            (b'{"tokens":[' + b"1," * 5000 + b"1]}", "line 1, column 8201: too many values")):
        reply = batch(bed, body)
        assert reply.json["error_description"] == f"The body is not the JSON this endpoint takes: {problem}"


def test_a_full_batch(bed):
    tokens = [bed.issue(bed.app) for _ in range(3)] * 33 + ["x"]
    items = batch(bed, tokens).json["items"]
    assert [item["active"] for item in items] == [True] * 99 + [False]


def test_THREATS_75_every_truncation_of_a_valid_batch(bed):
    whole = json.dumps({"tokens": ["a.b.c", "x\u00e9"]}).encode()
    for size in range(len(whole)):
        assert batch(bed, whole[:size]).status == 400, size
    assert batch(bed, whole).status == 200


def test_a_batch_needs_credentials_and_json(bed, address):
    path, body = "/oauth/introspect/batch", b'{"tokens":[]}'
    auth = ("Authorization", bed.resource_server.basic)
    assert bed.request("POST", path, body, [("Content-Type", "application/json")], source=address).status == 401
    assert bed.request("POST", path, body, [("Content-Type", "text/plain"), auth]).status in (400, 415)
    assert bed.request("POST", path, body, [("Content-Type", "application/json"),
                                            ("Authorization", bed.app.basic)]).status == 403


# ---- P1 by the tables as they stand ----


def test_the_answer_is_catalogue_order_whatever_was_asked(bed):
    for order in itertools.permutations(["accesscontrol.read", "calls.read", "sms.read"]):
        assert bed.introspect(bed.issue(bed.app, scope=" ".join(order)))["scope"] == \
            "accesscontrol.read calls.read sms.read"
