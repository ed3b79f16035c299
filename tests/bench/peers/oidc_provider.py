"""node-oidc-provider from the npm registry, in the version that package-lock.json pins."""

import contextlib
import os
import pathlib
import shutil
import subprocess

from load import SCOPES, SERVER_CORE, Job, Target
from peers.common import CLIENT, SECRET, Unavailable, ask, basic, form, wait_for_port
from testbed import free_port

HERE = pathlib.Path(__file__).resolve().parent
NAME = "node-oidc-provider 9"


def install(folder):
    folder.mkdir()
    for name in ("package.json", "package-lock.json", "oidc_provider.js"):
        shutil.copy(HERE / name, folder)
    try:
        subprocess.run(["npm", "ci", "--no-fund", "--no-audit", "--ignore-scripts"], cwd=folder, check=True,
                       capture_output=True, text=True, timeout=180)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unavailable(f"npm does not install it: {error}") from None


@contextlib.contextmanager
def running(folder):
    """(target, issuing, introspection)"""
    folder = folder / "oidc-provider"
    install(folder)
    port = free_port()
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            ["taskset", "-c", SERVER_CORE, "node", "oidc_provider.js", str(port), CLIENT, SECRET], cwd=folder,
            env={**os.environ, "NODE_ENV": "production"}, stdout=log, stderr=log)
    try:
        wait_for_port(port, process, folder / "log")
        target = Target(NAME, f"http://127.0.0.1:{port}", process.pid)
        grant = {"grant_type": "client_credentials", "scope": SCOPES}
        opaque = ask(target.url, "/token", {**grant, "resource": "https://api.example/opaque"})["access_token"]
        if not ask(target.url, "/token/introspection", {"token": opaque}).get("active"):
            raise Unavailable("its token is not active")
        yield (target,
               Job("client_credentials", "/token", basic(), form({**grant, "resource": "https://api.example/jwt"})),
               Job("introspection", "/token/introspection", basic(), form({"token": opaque})))
    finally:
        process.terminate()
        process.wait()
