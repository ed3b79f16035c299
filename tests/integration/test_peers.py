"""Real clients, unchanged: Authlib here, jose, oauth4webapi and openid-client in Node, libjwt in C; and a validator of
OpenAPI, in Node too."""

import pathlib
import subprocess

import pytest
import requests
from authlib.integrations.requests_client import OAuth2Session
from authlib.jose import JsonWebKey, JsonWebToken
from authlib.oauth2.rfc7523 import PrivateKeyJWT

from assertion import KEYS, SINGLE
from forge import header
from testbed import ROOT

NODE = ROOT / "tests/conformance/node"


@pytest.fixture(scope="session")
def node_modules():
    """As the lock file says; npm is asked only when something is missing."""
    lock, installed = NODE / "package-lock.json", NODE / "node_modules/.package-lock.json"
    if not installed.exists() or installed.stat().st_mtime < lock.stat().st_mtime:
        subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=NODE, check=True, timeout=300)


def node_flags():
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout
    return ["--experimental-global-webcrypto"] if version.startswith("v18.") else []


@pytest.mark.parametrize("name", ["jose", "oauth4webapi", "openid-client"])
def test_node(bed, node_modules, name):
    result = subprocess.run(["node", *node_flags(), "peers.mjs", name, str(bed.state / "testbed.json")], cwd=NODE,
                            capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize("alg", ["ES256", "EdDSA", "RS256", "PS256"])
def test_7523_2_2_a_node_by_key(bed, node_modules, tmp_path, alg):
    """private_key_jwt as openid-client and oauth4webapi do it."""
    key = tmp_path / "key.json"
    key.write_text(KEYS[alg].export())
    result = subprocess.run(
        ["node", *node_flags(), "peers.mjs", "private_key_jwt", str(bed.state / "testbed.json"), str(key)], cwd=NODE,
        capture_output=True, text=True, timeout=60, check=False)
    assert result.returncode == 0, result.stdout + result.stderr


def test_7523_2_2_a_authlib_by_key(bed):
    """Its assertions are addressed to the token endpoint, at each endpoint, and say they live for an hour."""
    client = bed.seeded("by_endpoint")
    endpoint = bed.issuer + "/oauth/token"
    session = OAuth2Session(client.client_id, SINGLE.export_to_pem(private_key=True, password=None),
                            token_endpoint_auth_method="private_key_jwt",
                            revocation_endpoint_auth_method="private_key_jwt", scope="calls.read")
    session.register_client_auth_method(PrivateKeyJWT(endpoint))
    token = session.fetch_token(endpoint, grant_type="client_credentials")["access_token"]
    assert session.revoke_token(bed.issuer + "/oauth/revoke", token=token).status_code == 200


def test_authlib(bed):
    """Discovery, client credentials, introspection, revocation; the JWT by the served key set."""
    metadata = requests.get(bed.issuer + "/.well-known/oauth-authorization-server", timeout=10).json()

    def session(client, method="client_secret_basic"):
        return OAuth2Session(client.client_id, client.client_secret, token_endpoint_auth_method=method,
                             revocation_endpoint_auth_method=method, scope="calls.read")

    app, server = session(bed.app), session(bed.resource_server)
    granted = app.fetch_token(metadata["token_endpoint"], grant_type="client_credentials")
    token = granted["access_token"]
    assert granted["scope"] == "calls.read" and granted.is_expired() is False

    keys = JsonWebKey.import_key_set(requests.get(metadata["jwks_uri"], timeout=10).json())
    claims = JsonWebToken(["ES256"]).decode(token, keys, claims_options={
        "iss": {"essential": True, "value": metadata["issuer"]}, "aud": {"essential": True, "value": bed.audience}})
    claims.validate()
    assert claims["client_id"] == bed.app.client_id

    def introspect():
        return server.introspect_token(metadata["introspection_endpoint"], token=token).json()

    assert introspect()["active"] is True
    assert app.revoke_token(metadata["revocation_endpoint"], token=token).status_code == 200
    assert introspect() == {"active": False}


def test_authlib_with_the_secret_in_the_body(bed):
    post = bed.seeded("post")
    session = OAuth2Session(post.client_id, post.client_secret, token_endpoint_auth_method="client_secret_post")
    assert session.fetch_token(bed.issuer + "/oauth/token", grant_type="client_credentials")["token_type"] == "Bearer"


def test_curl(bed):
    """The request a person types: blanks in the form as curl encodes them."""
    result = subprocess.run(
        ["curl", "-sS", "-u", f"{bed.app.client_id}:{bed.app.client_secret}", bed.issuer + "/oauth/token",
         "-d", "grant_type=client_credentials", "--data-urlencode", "scope=calls.read sms.read"],
        capture_output=True, text=True, timeout=20, check=True)
    assert '"scope":"calls.read sms.read"' in result.stdout


def test_libjwt(bed, tmp_path):
    """libjwt 1.10 knows `typ: JWT` only, which is what audiences under tokens.jwt_type get."""
    program = tmp_path / "verify"
    source = pathlib.Path(__file__).parent / "libjwt_verify.c"
    flags = subprocess.run(["pkg-config", "--cflags", "--libs", "libjwt"], capture_output=True, text=True, check=True)
    subprocess.run(["cc", "-std=c17", "-Wall", "-Wextra", "-Werror", str(source), "-o", str(program),
                    *flags.stdout.split()], check=True, timeout=60)
    key = tmp_path / "public.pem"
    token = bed.issue(bed.seeded("legacy"))
    keys = JsonWebKey.import_key_set(bed.get("/oauth/jwks").json)
    key.write_bytes(keys.find_by_kid(header(token)["kid"]).as_pem(is_private=False))

    def verify(text):
        return subprocess.run([program, key], input=text, capture_output=True, text=True, timeout=10, check=False)

    good = verify(token)
    assert good.returncode == 0 and good.stdout.strip() == bed.issuer, good.stderr
    head, payload, signature = token.split(".")
    assert verify(f"{head}.{payload[:-2]}AA.{signature}").returncode != 0


def test_openapi_is_valid(bed, node_modules):
    document = requests.get(bed.issuer + "/openapi.json", timeout=10).text
    result = subprocess.run(["node", "openapi.mjs"], input=document, cwd=NODE, capture_output=True, text=True, timeout=60,
                            check=False)
    assert (result.returncode, result.stdout) == (0, "3.1\n"), result.stdout + result.stderr
