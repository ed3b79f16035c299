"""Glewlwyd from Debian's package: a fresh SQLite store, its OpenID Connect plugin with ES256, one client."""

import contextlib
import json
import pathlib
import shutil
import sqlite3
import subprocess
import urllib.request

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec

from load import SERVER_CORE, Job, Target
from peers.common import CLIENT, SECRET, Unavailable, ask, basic, form, send, wait_for_port
from testbed import free_port

NAME = "Glewlwyd 2.7, fresh"
SCHEMA = pathlib.Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
MODULES = "/usr/lib/glewlwyd"
SCOPES = ("calls", "sms")

CONFIG = """
port={port}
bind_address="127.0.0.1"
external_url="http://127.0.0.1:{port}"
api_prefix="api"
log_mode="file"
log_level="ERROR"
log_file="{folder}/log"
cookie_domain="127.0.0.1"
cookie_secure=0
session_key="GLEWLWYD2_SESSION_ID"
admin_scope="g_admin"
profile_scope="g_profile"
user_module_path="{modules}/user"
user_middleware_module_path="{modules}/user_middleware"
client_module_path="{modules}/client"
user_auth_scheme_module_path="{modules}/scheme"
plugin_module_path="{modules}/plugin"
use_secure_connection=false
secure_connection_key_file="unused"
secure_connection_pem_file="unused"
secure_connection_ca_file="unused"
hash_algorithm="SHA512"
database = {{ type = "sqlite3"; path = "{folder}/glewlwyd.db"; }};
"""


def prepare(folder, port):
    folder.mkdir()
    if not shutil.which("glewlwyd") or not SCHEMA.exists():
        raise Unavailable("the package glewlwyd is not installed")
    (folder / "glewlwyd.conf").write_text(CONFIG.format(port=port, folder=folder, modules=MODULES))
    with contextlib.closing(sqlite3.connect(folder / "glewlwyd.db")) as link:
        link.executescript(SCHEMA.read_text())


def key_pair():
    key = ec.generate_private_key(ec.SECP256R1())
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
                                serialization.NoEncryption())
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    return private.decode(), public.decode()


def plugin(url):
    private, public = key_pair()
    return {
        "module": "oidc", "name": "oidc", "display_name": "OpenID Connect", "order_rank": 0, "enabled": True,
        "readonly": False,
        "parameters": {
            "iss": url, "jwt-type": "ecdsa", "jwt-key-size": "256", "key": private, "cert": public,
            "access-token-duration": 3600, "refresh-token-duration": 1209600, "code-duration": 600,
            "refresh-token-rolling": False, "allow-non-oidc": True, "auth-type-client-enabled": True,
            "auth-type-code-enabled": False, "auth-type-token-enabled": False, "auth-type-id-token-enabled": True,
            "auth-type-none-enabled": False, "auth-type-password-enabled": False, "auth-type-refresh-enabled": False,
            "auth-type-device-enabled": False, "subject-type": "public", "scope": [],
            "introspection-revocation-allowed": True, "introspection-revocation-allow-target-client": True,
            "introspection-revocation-auth-scope": [],
        },
    }


def set_up(url):
    """Through its API, as its administrator."""
    def call(path, body, cookie=""):
        return send(urllib.request.Request(url + "/api" + path, json.dumps(body).encode(),
                                           {"Content-Type": "application/json", "Cookie": cookie}))[0]

    answer = call("/auth/", {"username": "admin", "password": "password"})
    cookie = answer.headers["Set-Cookie"].split(";")[0]
    for name in SCOPES:
        call("/scope/", {"name": name, "display_name": name, "password_required": False, "scheme": {}}, cookie)
    call("/mod/plugin/", plugin(url), cookie)
    call("/client/", {
        "client_id": CLIENT, "name": CLIENT, "confidential": True, "enabled": True, "client_secret": SECRET,
        "password": SECRET, "authorization_type": ["client_credentials"], "scope": list(SCOPES), "redirect_uri": [],
        "token_endpoint_auth_method": ["client_secret_basic"]}, cookie)


@contextlib.contextmanager
def running(folder):
    """(target, issuing, introspection)"""
    folder, port = folder / "glewlwyd", free_port()
    prepare(folder, port)
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(["taskset", "-c", SERVER_CORE, "glewlwyd", f"--config-file={folder}/glewlwyd.conf"],
                                   stdout=output, stderr=output)
    try:
        wait_for_port(port, process, folder / "output")
        target = Target(NAME, f"http://127.0.0.1:{port}", process.pid)
        set_up(target.url)
        grant = {"grant_type": "client_credentials", "scope": " ".join(SCOPES)}
        token = ask(target.url, "/api/oidc/token", grant)["access_token"]
        if not ask(target.url, "/api/oidc/introspect", {"token": token}).get("active"):
            raise Unavailable("its token is not active")
        yield (target, Job("client_credentials", "/api/oidc/token", basic(), form(grant)),
               Job("introspection", "/api/oidc/introspect", basic(), form({"token": token})))
    finally:
        process.terminate()
        process.wait()
