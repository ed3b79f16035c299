"""Client authentication by private_key_jwt (RFC 7523, RFC 7521) over the wire. Keys are registered by value, and each
key is good for the one algorithm it names."""

import concurrent.futures
import json
import time

import pytest
from jwcrypto import jwk

from assertion import KEYS, SINGLE, STRANGER, TYPE, claims_of, form, fresh, key_set, sign
from forge import b64, hs256, sign_with
from testbed import eventually

GRANT = {"grant_type": "client_credentials", "scope": "calls.read"}


class Now(int):
    """Seconds from the moment of the test, which may come long after its parameters were made."""


def by_now(changes):
    return {name: value + int(time.time()) if isinstance(value, Now) else value for name, value in changes.items()}


@pytest.fixture(scope="module")
def me(bed):
    return bed.seeded("by_key")


@pytest.fixture(scope="module")
def endpoint_client(bed):
    """Registered for the token endpoint's URL, with a single key."""
    return bed.seeded("by_endpoint")


@pytest.fixture
def ask(bed):
    """A token request by this assertion, from an address that has not failed yet."""
    def send(assertion, **more):
        return bed.post("/oauth/token", {**GRANT, **form(assertion), **more}, source=bed.addresses.fresh())
    return send


def refused(reply):
    assert (reply.status, reply.error) == (401, "invalid_client"), reply.body
    assert reply.json["error_description"] == "Client authentication failed"  # and nothing of why
    return True


# ---- what is taken ----

@pytest.mark.parametrize("alg", KEYS)
def test_7523_2_2_a_each_algorithm(bed, me, ask, alg):
    reply = ask(sign(claims_of(bed, me), KEYS[alg]))
    assert reply.status == 200, reply.body
    assert bed.is_active(reply.json["access_token"])


@pytest.mark.parametrize("typ", [None, "JWT", "jwt", "client-authentication+jwt"])
@pytest.mark.parametrize("alg", ["ES256", "PS256"])
def test_types_that_clients_write(bed, me, ask, alg, typ):
    assert ask(sign(claims_of(bed, me), KEYS[alg], {"typ": typ})).status == 200


def test_client_id_may_be_repeated(bed, me, ask):
    assert ask(sign(claims_of(bed, me)), client_id=me.client_id).status == 200


@pytest.mark.parametrize("changes", [
    {"iat": None}, {"nbf": 1}, {"exp": Now(3600)}, {"iat": Now(30)}, {"more": [{}]},
    {"jti": "x" * 256}, {"jti": "ünïcode"}])
def test_claims_that_are_fine(bed, me, ask, changes):
    """Authlib lets its assertions live for an hour; five minutes of it count."""
    reply = ask(sign(claims_of(bed, me, **by_now(changes))))
    assert reply.status == 200, reply.body


def test_every_endpoint_takes_it(bed, me):
    """The same audience at all of them (SPEC 4)."""
    token = bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}).json["access_token"]
    answer = bed.post("/oauth/introspect", fresh(bed, me, token=token))
    assert answer.json["active"] is True
    body = {**fresh(bed, me), "tokens": [token, "x"]}
    batch = bed.request("POST", "/oauth/introspect/batch", json.dumps(body).encode(),
                        [("Content-Type", "application/json")])
    assert [item["active"] for item in batch.json["items"]] == [True, False]
    assert bed.post("/oauth/revoke", fresh(bed, me, token=token)).json == {}
    assert bed.post("/oauth/introspect", fresh(bed, me, token=token)).json == {"active": False}


def test_several_requests_on_one_connection(bed, me):
    link = bed.connect()
    for _ in range(5):
        assert bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}, connection=link).status == 200
    link.close()


# ---- 7523-2.2-b: the parameters ----

@pytest.mark.parametrize("kind", [None, "", TYPE.upper(), TYPE + " ", TYPE.replace("jwt", "saml2"), "jwt-bearer"])
def test_7523_2_2_b_the_type_is_just_this(bed, me, kind, address):
    body = {**GRANT, "client_assertion": sign(claims_of(bed, me))}
    if kind is not None:
        body["client_assertion_type"] = kind
    assert refused(bed.post("/oauth/token", body, source=address))


def test_6749_2_3_a_one_method(bed, me, ask):
    reply = ask(sign(claims_of(bed, me)), client_secret="x")
    assert (reply.status, reply.error) == (400, "invalid_request")


def test_6749_2_3_a_not_beside_a_header(bed, me):
    for extra in ({"client": bed.app}, {"bearer": bed.issue()}):
        reply = bed.post("/oauth/introspect", fresh(bed, me, token="x"), **extra)
        assert (reply.status, reply.error) == (400, "invalid_request")


@pytest.mark.parametrize("name", ["client_assertion", "client_assertion_type"])
def test_a_parameter_twice(bed, me, name):
    pairs = [*{**GRANT, **fresh(bed, me)}.items()]
    pairs.append((name, dict(pairs)[name]))
    assert bed.post("/oauth/token", pairs).error == "invalid_request"


# ---- 7523-3-a to 7523-3-d: the claims ----

WRONG = [
    *({name: None} for name in ("iss", "sub", "aud", "exp", "jti")),
    *({name: 7} for name in ("iss", "sub", "aud", "jti")), {"exp": "9999999999"}, {"exp": 9999999999.5},
    {"exp": [9999999999]}, {"iat": "1"}, {"nbf": True}, {"jti": ""}, {"jti": "x" * 257}, {"iss": "other"},
    {"sub": "other"}, {"iss": ["a"]}, {"exp": Now(-1)}, {"exp": 0}, {"exp": -1}, {"exp": 2**62},
    {"exp": Now(86400)}, {"iat": None, "exp": Now(600)},
    {"iat": Now(-900), "exp": Now(600)}, {"iat": Now(900)},
    {"nbf": Now(900)}, {"aud": "https://evil.example"}, {"aud": ""}, {"aud": {}},
]


@pytest.mark.parametrize("changes", WRONG, ids=[json.dumps(row) for row in WRONG])
def test_7523_3_a_7523_3_d_each_claim(bed, me, ask, changes):
    assert refused(ask(sign(claims_of(bed, me, **by_now(changes)))))


def test_7523_3_b_of_one_client_alone(bed, me, endpoint_client, ask):
    other = endpoint_client.client_id
    assert refused(ask(sign(claims_of(bed, me, iss=other))))
    assert refused(ask(sign(claims_of(bed, me, sub=other))))
    assert refused(ask(sign(claims_of(bed, me, iss=other, sub=other))))  # 7523-3-e: another's key
    assert refused(ask(sign(claims_of(bed, me)), client_id=other))


@pytest.mark.parametrize("audience", [
    "{0}/", "{0}/oauth/token", "{0}/oauth/introspect", "{0}x", "https://evil.example",
    ["{0}"], ["{0}", "https://evil.example"], ["{0}", "{0}/oauth/token"]], ids=str)
def test_7523_3_c_THREATS_16_the_issuer_as_one_string(bed, me, ask, audience):
    written = [a.format(bed.issuer) for a in audience] if isinstance(audience, list) else audience.format(bed.issuer)
    assert refused(ask(sign(claims_of(bed, me, aud=written))))


def test_7523_3_c_or_the_token_endpoint_never_both(bed, endpoint_client, ask):
    endpoint = bed.issuer + "/oauth/token"
    assert ask(sign(claims_of(bed, endpoint_client, aud=endpoint), SINGLE)).status == 200
    for audience in (bed.issuer, [endpoint], [endpoint, bed.issuer], endpoint + "/", bed.issuer + "/oauth/introspect"):
        assert refused(ask(sign(claims_of(bed, endpoint_client, aud=audience), SINGLE)))
    # at the other endpoints too
    good = form(sign(claims_of(bed, endpoint_client, aud=endpoint), SINGLE), token="x")
    assert bed.post("/oauth/revoke", good).status == 200
    wrong = form(sign(claims_of(bed, endpoint_client, aud=bed.issuer + "/oauth/revoke"), SINGLE), token="x")
    assert refused(bed.post("/oauth/revoke", wrong, source=bed.addresses.fresh()))


def test_8725_x_a_claims_that_two_readers_could_read_differently(bed, me, ask):
    good = json.dumps(claims_of(bed, me))
    for text in (good[:-1] + ',"exp":1}', good[:-1] + ',"aud":"x"}', good + " {}", good[:-1], "[" * 100,
                 good.replace('"exp"', '"ex\\u0000p"'), "null", '"x"'):
        assert refused(ask(sign(text)))


# ---- 7523-3-e: the signature ----

@pytest.mark.parametrize("alg", ["none", "None", "NONE", "", "HS256", "RS256", "ES384", ["ES256"], None])
def test_7523_3_e_8725_3_1_a_8725_3_2_a_the_key_says_the_algorithm(bed, me, ask, alg):
    token = sign(claims_of(bed, me))
    head = {"kid": "es256"} if alg is None else {"alg": alg, "kid": "es256"}
    body = token.split(".")[1]
    for signature in (token.split(".")[2], ""):
        assert refused(ask(f"{b64(json.dumps(head).encode())}.{body}.{signature}"))


@pytest.mark.parametrize("alg", KEYS)
def test_8725_3_1_b_THREATS_2_the_public_key_is_no_secret(bed, me, ask, alg):
    key = KEYS[alg]
    pem = key.export_to_pem()
    body = b64(json.dumps(claims_of(bed, me)).encode())
    for secret in (pem, pem.strip(), key.export_public().encode(), b""):
        data = f'{b64(json.dumps({"alg": "HS256", "kid": key["kid"]}).encode())}.{body}'
        assert refused(ask(f"{data}.{b64(hs256(secret, data.encode()))}"))


def test_7523_3_e_the_signature_of_others(bed, me, endpoint_client, ask):
    assert refused(ask(sign(claims_of(bed, me), STRANGER)))  # the right kid
    assert refused(ask(sign(claims_of(bed, me), SINGLE)))  # another client's
    assert refused(ask(sign(claims_of(bed, me), KEYS["RS256"], {"kid": "es256"})))
    assert refused(ask(sign(claims_of(bed, me), header={"kid": "ps256"})))
    assert refused(ask(sign(claims_of(bed, me), header={"kid": "unknown"})))
    assert refused(ask(sign(claims_of(bed, me), header={"kid": "../../keys"})))
    assert refused(ask(sign(claims_of(bed, me), header={"kid": None})))  # four keys: which?
    token = sign(claims_of(bed, me)).split(".")
    assert refused(ask(".".join([token[0], b64(json.dumps(claims_of(bed, me)).encode()), token[2]])))
    single = claims_of(bed, endpoint_client, aud=bed.issuer + "/oauth/token")
    assert ask(sign(single, SINGLE, {"kid": None})).status == 200  # its one key


def test_rsa_keys_are_of_one_algorithm(bed, me, ask):
    """PS256 by the key that is registered for RS256, and back."""
    for registered, used in (("RS256", "PS256"), ("PS256", "RS256")):
        key = jwk.JWK(**{**KEYS[registered].export(as_dict=True), "alg": used})
        assert refused(ask(sign(claims_of(bed, me), key)))


@pytest.mark.parametrize("member", [
    {"crit": ["exp"], "exp": 1}, {"jku": "http://127.0.0.1:1/keys"}, {"x5u": "http://127.0.0.1:1/cert"}, {"x5c": ["MII"]},
    {"jwk": json.loads(STRANGER.export_public())}, {"typ": "at+jwt"}, {"typ": "dpop+jwt"}, {"zip": "DEF"}], ids=str)
def test_7523_3_g_8725_x_b_headers_are_plain(bed, me, ask, member):
    token = sign(claims_of(bed, me)).split(".")
    head = b64(json.dumps({"alg": "ES256", "kid": "es256", **member}).encode())
    key = KEYS["ES256"].get_op_key("sign")  # signs the changed header truly
    data = f"{head}.{token[1]}"
    assert refused(ask(f"{data}.{b64(sign_with(key, data.encode()))}"))


def test_7523_3_g_long_ones(bed, me, ask):
    assert refused(ask(sign(claims_of(bed, me, more="x" * 20_000))))
    assert ask("e" * 100_000).status == 413
    assert refused(ask(".".join("e" * 1000 for _ in range(3))))
    for odd in ("", "a", "a.b", "a.b.c", "a.b.c.d.e", "..", "\x00", "ü", sign(claims_of(bed, me)) + "=",
                " " + sign(claims_of(bed, me))):
        assert refused(ask(odd))


def test_8725_3_12_a_our_own_tokens_are_none(bed, me, ask):
    assert refused(ask(bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}).json["access_token"]))


# ---- who ----

def test_6749_2_3_1_e_the_registered_method_alone(bed, me, ask):
    assert refused(ask(sign(claims_of(bed, bed.app))))
    assert refused(ask(sign(claims_of(bed, bed.seeded("public")))))
    assert refused(bed.post("/oauth/token", GRANT, me, source=bed.addresses.fresh()))
    alone = {**GRANT, "client_id": me.client_id}
    assert refused(bed.post("/oauth/token", alone, source=bed.addresses.fresh()))


def test_whoever_does_not_work_is_refused(bed, ask):
    assert refused(ask(sign(claims_of(bed, bed.seeded("by_key_suspended")))))


def test_6749_2_3_1_d_failures_are_counted(bed, me):
    """Per client and address: ten in a minute, then even a good one waits; elsewhere it is served."""
    address = bed.addresses.fresh()
    for _ in range(10):
        assert refused(bed.post("/oauth/token", {**GRANT, **fresh(bed, me, STRANGER)}, source=address))
    reply = bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}, source=address)
    assert reply.status == 429 and 0 < int(reply.header("Retry-After")) <= 60
    assert bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}, source=bed.addresses.fresh()).status == 200


# ---- 7523-3-f: single use ----

def test_7523_3_f_THREATS_17_once(bed, me):
    body = {**GRANT, **fresh(bed, me)}
    assert bed.post("/oauth/token", body).status == 200
    for path in ("/oauth/token", "/oauth/introspect", "/oauth/revoke"):  # whatever it is for
        assert refused(bed.post(path, {**body, "token": "x"}, source=bed.addresses.fresh()))


def test_7523_3_f_the_jti_not_the_text(bed, me, endpoint_client, ask):
    """Signed anew it is still the same; another client's is another."""
    claims = claims_of(bed, me)
    assert ask(sign(claims)).status == 200
    assert refused(ask(sign(claims, KEYS["EdDSA"])))
    assert refused(ask(sign({**claims, "exp": claims["exp"] + 1})))
    other = claims_of(bed, endpoint_client, aud=bed.issuer + "/oauth/token", jti=claims["jti"])
    assert ask(sign(other, SINGLE)).status == 200


def test_7523_3_f_a_refused_one_is_not_used_up(bed, me, ask):
    claims = claims_of(bed, me)
    assert refused(ask(sign(claims, STRANGER)))
    assert ask(sign(claims)).status == 200


def test_7523_3_f_THREATS_17_a_hundred_at_once(bed, me):
    """On as many connections, and so on every thread."""
    body = {**GRANT, **fresh(bed, me)}
    sources = [bed.addresses.fresh() for _ in range(100)]
    with concurrent.futures.ThreadPoolExecutor(50) as pool:
        replies = list(pool.map(lambda source: bed.post("/oauth/token", body, source=source), sources))
    assert sorted({reply.status for reply in replies}) == [200, 401]
    assert sum(reply.status == 200 for reply in replies) == 1


def test_7523_3_f_THREATS_17_after_a_restart_and_a_kill(own_bed):
    bed = own_bed(seed={"applications": [{
        "ref": "by_key", "scopes": ["calls.read"], "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(KEYS["ES256"])}]})
    me = bed.seeded("by_key")
    used = []
    for again in (bed.restart, lambda: (bed.kill(), bed.start())):
        used.append({**GRANT, **fresh(bed, me)})
        assert bed.post("/oauth/token", used[-1]).status == 200
        again()
        for body in used:
            assert refused(bed.post("/oauth/token", body, source=bed.addresses.fresh()))
    assert bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}).status == 200


# ---- under load, and the log ----

def test_many_clients_leave_before_their_answer(bed, me):
    """Nothing completes into a request that is gone, and the server goes on."""
    for _ in range(30):
        link = bed.connect()
        body = "&".join(f"{name}={value}" for name, value in {**GRANT, **fresh(bed, me)}.items())
        link.putrequest("POST", "/oauth/token")
        link.putheader("Content-Type", "application/x-www-form-urlencoded")
        link.putheader("Content-Length", str(len(body)))
        link.endheaders(body.encode())
        link.close()
    assert bed.post("/oauth/token", {**GRANT, **fresh(bed, me)}).status == 200


def test_why_is_for_the_log_alone(own_bed):
    bed = own_bed(["log.level=debug"], seed={"applications": [{
        "ref": "by_key", "scopes": ["calls.read"], "token_endpoint_auth_method": "private_key_jwt",
        "jwks": key_set(KEYS["ES256"])}]})
    token = sign(claims_of(bed, bed.seeded("by_key"), aud="https://evil.example"))
    assert refused(bed.post("/oauth/token", {**GRANT, **form(token)}))
    assert eventually(lambda: "assertion_refused" in bed.log())
    [line] = [json.loads(line) for line in bed.log().splitlines() if "assertion_refused" in line]
    assert line["why"] == "aud is not the one it is registered for" and line["request_id"]
    assert token.split(".")[2] not in bed.log()


def test_metadata_says_so(bed):
    metadata = bed.get("/.well-known/oauth-authorization-server").json
    for name in ("token", "introspection", "revocation"):
        assert "private_key_jwt" in metadata[f"{name}_endpoint_auth_methods_supported"]
        assert set(metadata[f"{name}_endpoint_auth_signing_alg_values_supported"]) == set(KEYS)
