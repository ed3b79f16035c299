"""RFC 8414 metadata, and the key set behind it."""

import re
import subprocess
import threading
import time

import pytest
from jwcrypto import jwk, jws

import assertion
from forge import claims, header
from testbed import binary, environment, eventually

METADATA = "/.well-known/oauth-authorization-server"
JWKS = "/oauth/jwks"


@pytest.fixture(scope="module")
def metadata(bed):
    return bed.get(METADATA).json


def path_of(bed, url):
    assert url.startswith(bed.issuer + "/"), url
    return url[len(bed.issuer):]


def test_8414_3_a_a_json_object(bed):
    reply = bed.get(METADATA)
    assert reply.status == 200 and isinstance(reply.json, dict)
    assert reply.header("Content-Type").split(";")[0] == "application/json"


def test_8414_3_3_a_one_issuer_everywhere(bed, metadata):
    token = bed.issue(bed.app)
    assert metadata["issuer"] == claims(token)["iss"] == bed.introspect(token)["iss"] == bed.issuer


def test_8414_2_a_the_issuer(metadata):
    """https, but for loopback, where the testbed is; no path, query or fragment."""
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+|https://[^/?#]+", metadata["issuer"])


def test_8414_2_b_required_members(bed, metadata):
    assert metadata["response_types_supported"] == []
    assert path_of(bed, metadata["token_endpoint"]) == "/oauth/token"
    assert "authorization_endpoint" not in metadata


def test_8414_2_c_what_is_listed_works_and_nothing_else(bed, metadata, address):
    assert metadata["grant_types_supported"] == ["client_credentials"]
    for grant in ("authorization_code", "refresh_token", "implicit",
                  "urn:ietf:params:oauth:grant-type:token-exchange"):
        assert bed.post("/oauth/token", {"grant_type": grant}, bed.app).error == "unsupported_grant_type"
    clients = {"client_secret_basic": bed.app, "client_secret_post": bed.seeded("post")}
    assert set(metadata["token_endpoint_auth_methods_supported"]) == {*clients, "private_key_jwt"}
    by_key = {"grant_type": "client_credentials", **assertion.fresh(bed, bed.seeded("by_key"))}
    assert bed.post("/oauth/token", by_key).status == 200
    for method, client in clients.items():
        form = {"grant_type": "client_credentials"}
        if method == "client_secret_post":
            form |= {"client_id": client.client_id, "client_secret": client.client_secret}
            client = None
        assert bed.post("/oauth/token", form, client).status == 200


def test_8414_2_e_introspection_and_revocation_are_told_truly(bed, metadata):
    token = bed.issue(bed.app)
    introspect = path_of(bed, metadata["introspection_endpoint"])
    revoke = path_of(bed, metadata["revocation_endpoint"])
    assert bed.post(introspect, {"token": token}, bed.resource_server).json["active"] is True
    assert bed.post(revoke, {"token": token}, bed.app).status == 200
    for name in ("introspection", "revocation"):
        methods = metadata[f"{name}_endpoint_auth_methods_supported"]
        assert "client_secret_basic" in methods and "client_secret_jwt" not in methods


def test_7009_2_1_j_a_public_client_is_taken_by_its_id_alone(bed):
    """It has no tokens yet; what matters is that `none` is honoured where metadata lists it."""
    public = bed.seeded("public")
    reply = bed.post("/oauth/revoke", {"token": "x", "client_id": public.client_id})
    assert (reply.status, reply.json) == (200, {})


def test_8414_2_f_the_key_set(bed, metadata):
    assert path_of(bed, metadata["jwks_uri"]) == JWKS
    keys = bed.get(JWKS).json["keys"]
    assert keys and len({key["kid"] for key in keys}) == len(keys)
    for key in keys:
        assert not set(key) & {"d", "p", "q", "dp", "dq", "qi", "k", "oth"}
        assert key["use"] == "sig" and key["alg"] in ("ES256", "EdDSA", "RS256", "PS256")
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,64}", key["kid"])
    assert header(bed.issue())["kid"] in {key["kid"] for key in keys}


def test_8414_3_2_a_members_without_value_are_left_out(metadata):
    for name, value in metadata.items():
        assert value is not None, name
        assert value != [] or name == "response_types_supported", name


def test_8414_6_2_a_the_host_header_changes_nothing(bed, metadata):
    reply = bed.raw(f"GET {METADATA} HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n".encode(), shut=False)
    assert b"evil.example" not in reply
    assert metadata["issuer"].encode() in reply


@pytest.mark.parametrize("path", [METADATA, JWKS])
def test_8414_x_a_caching(bed, path):
    reply = bed.get(path)
    assert re.search(r"max-age=\d+", reply.header("Cache-Control"))
    etag = reply.header("ETag")
    assert re.fullmatch(r'(W/)?"[^"]+"', etag)
    for condition in (etag, "*", f'"other", {etag}'):
        again = bed.get(path, [("If-None-Match", condition)])
        assert (again.status, again.body) == (304, b"")
        assert again.header("ETag") == etag
    assert bed.get(path, [("If-None-Match", '"other"')]).status == 200


@pytest.mark.parametrize("path", [METADATA, JWKS])
def test_any_page_may_read_what_is_public(bed, path):
    assert bed.get(path, [("Origin", "https://app.example")]).header("Access-Control-Allow-Origin") == "*"


@pytest.mark.parametrize("path", ["/oauth/token", "/oauth/revoke", "/oauth/introspect"])
def test_no_other_page_may_call_us(bed, path):
    reply = bed.post(path, {}, headers=[("Origin", "https://app.example")])
    assert reply.header("Access-Control-Allow-Origin") is None


def test_8414_x_b_F_29_rotation_seen_from_outside(own_bed):
    """A new key is published a max-age (and a margin) before it signs; the old one stays for the tokens it signed; a
    verifier that keeps the key set for max-age never meets a key it does not know. The command's clock is moved."""
    bed = own_bed(["keys.jwks_max_age_s=120"])

    def published():
        return {key["kid"] for key in bed.get(JWKS).json["keys"]}

    old = bed.issue()
    first = header(old)["kid"]
    assert bed.scopemint("key", "generate").returncode == 0
    assert eventually(lambda: len(published()) == 2)
    cached = published()  # what a verifier keeps
    [second] = cached - {first}
    for too_early_s in (0, 60, 119):
        assert bed.scopemint("key", "rotate", later_s=too_early_s).returncode != 0
        assert header(bed.issue())["kid"] == first
    result = bed.scopemint("key", "rotate", later_s=240)
    assert result.returncode == 0, result.stderr
    assert eventually(lambda: header(bed.issue())["kid"] == second)
    assert cached < published()  # and the one after it
    assert bed.is_active(old) and bed.is_active(bed.issue())


class Verifier:
    """Verifies JWTs by a key set that it keeps, and asks for no other when a key is not in it."""

    def __init__(self, bed):
        self.bed = bed
        self.keys = None
        self.fetch()

    def fetch(self):
        reply = self.bed.get(JWKS)
        assert "max-age=120" in reply.header("Cache-Control")
        self.keys = jwk.JWKSet.from_json(reply.body.decode())

    def accepts(self, token):
        key = self.keys.get_key(header(token)["kid"])
        presented = jws.JWS()
        presented.deserialize(token)
        try:
            presented.verify(key)
        except jws.InvalidJWSSignature:  # by the wrong key, or by none
            return False
        return True


def test_8414_x_b_F_29_no_verification_fails_while_keys_rotate(own_bed, is_long, figures):
    """Under load, by the worst verifier that max-age allows: its set is from when the next key had just been
    published, and it fetches another only when the one after that is there. Earlier tokens verify by it as well."""
    rounds = 10 if is_long else 3
    bed = own_bed(["keys.jwks_max_age_s=120"])
    verifier, stop, lock = Verifier(bed), threading.Event(), threading.Lock()
    tokens, refused = [], []

    def load():
        link = bed.connect()
        while not stop.is_set():
            token = bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app,
                             connection=link).json["access_token"]
            with lock:  # no other set comes in between
                tokens.append(token)
                if not verifier.accepts(token):
                    refused.append(header(token)["kid"])
        link.close()

    assert bed.scopemint("key", "generate").returncode == 0
    assert eventually(lambda: len(bed.get(JWKS).json["keys"]) == 2)
    verifier.fetch()
    threads = [threading.Thread(target=load) for _ in range(4)]
    begin = time.monotonic()
    for thread in threads:
        thread.start()
    for number in range(1, rounds + 1):
        assert eventually(lambda count=len(tokens): len(tokens) >= count + 100, 20)
        result = bed.scopemint("key", "rotate", later_s=240 * number)
        assert result.returncode == 0, result.stderr
        assert eventually(lambda kids=number + 1: len({header(token)["kid"] for token in tokens[-9:]}) == 1 and
                          len({header(token)["kid"] for token in tokens}) == kids)
        with lock:
            verifier.fetch()  # the one after it was published with the rotation
            assert all(verifier.accepts(token) for token in tokens[::50])
    stop.set()
    for thread in threads:
        thread.join()
    per_s = len(tokens) / (time.monotonic() - begin)
    figures(rotations=rounds, tokens_verified=len(tokens), tokens_a_second=round(per_s))
    assert not refused
    assert len({header(token)["kid"] for token in tokens}) == rounds + 1
    assert bed.is_sanitized or per_s >= 200
    assert all(bed.is_active(token) for token in tokens[::100])


@pytest.mark.parametrize("issuer", ["http://127.0.0.1:8420/path", "https://issuer.example/path",
                                    "https://issuer.example?x=1", "https://issuer.example#x", "http://issuer.example",
                                    "ftp://issuer.example", "issuer.example", "https://user@issuer.example", ""],
                         ids=lambda value: "8414-3.1-a-" + value)
def test_an_issuer_that_may_not_be_one_is_refused_at_start(bed, issuer):
    result = subprocess.run([binary(), "check-config", "--config", bed.config, "--set", f"server.issuer={issuer}"],
                            capture_output=True, text=True, timeout=30, check=False, env=environment())
    assert result.returncode != 0
    lines = (result.stderr + result.stdout).strip().splitlines()
    assert sum("server.issuer" in line for line in lines) == 1
