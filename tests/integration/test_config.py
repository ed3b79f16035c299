"""Start-up: errors in one clear line each (F-42), keys that may not be used (F-43), health (F-44)."""

import pathlib
import re
import shutil
import socket
import subprocess

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from testbed import ROOT, Testbed, basic, binary, environment, eventually

PEM = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())


def run(*arguments, **variables):
    result = subprocess.run([binary(), *map(str, arguments)], capture_output=True, text=True, timeout=20, check=False,
                            env=environment(**variables))
    return result.returncode, (result.stderr + result.stdout).strip()


@pytest.fixture(scope="module")
def idle(tmp_path_factory):
    """The folder of a testbed that is not running."""
    bed = Testbed(tmp_path_factory.mktemp("idle")).start()
    bed.stop()
    return bed


@pytest.fixture
def folder(idle, tmp_path):
    """A copy of it to break."""
    shutil.copytree(idle.state, tmp_path / "bed", ignore=shutil.ignore_patterns("*.sock"))
    return tmp_path / "bed"


def key_file(folder):
    [path] = [path for path in (folder / "keys").rglob("*") if path.is_file() and b"PRIVATE KEY" in path.read_bytes()]
    return path


def test_the_sample_configuration_is_right():
    status, output = run("check-config", "--config", ROOT / "conf/scopemint.yaml")
    assert status == 0, output


@pytest.mark.parametrize("text, line, words", [
    pytest.param("server:\n  lisen: 127.0.0.1:1\n", 2, ["lisen", "did you mean", "listen"], id="F-42-unknown-key"),
    pytest.param("sever:\n  listen: 127.0.0.1:1\n", 1, ["sever", "server"], id="F-42-unknown-section"),
    pytest.param("server:\n  issuer: http://issuer.example\n", 2, ["server.issuer", "https"], id="F-42-http"),
    pytest.param("tokens:\n  alg: HS256\n", 2, ["tokens.alg", "ES256"], id="F-42-alg"),
    pytest.param("tokens:\n  access_ttl_max_s: soon\n", 2, ["tokens.access_ttl_max_s"], id="F-42-number"),
    pytest.param("store:\n  url: mysql://x\n", 2, ["store.url", "sqlite:"], id="F-42-store"),
    pytest.param("redis:\n  url: redis://192.0.2.1:6379\n", 2, ["redis", "password"], id="F-42-THREATS-77-open-redis"),
    pytest.param("server:\n  listen: localhost:80\n", 2, ["server.listen"], id="F-42-name"),
    pytest.param("server: [\n", None, [], id="F-42-yaml"),
    pytest.param("server:\n\tlisten: x\n", 2, [], id="F-42-tab"),
    pytest.param("log:\n  level: info\n  level: debug\n", 3, ["level"], id="F-42-twice"),
])
def test_errors_name_file_line_and_remedy(tmp_path, text, line, words):
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    status, output = run("check-config", "--config", path)
    assert status != 0
    where = re.search(r"bad\.yaml:(\d+):(\d+)", output)
    assert where, output
    if line is not None:
        assert int(where[1]) == line, output
    for word in words:
        assert word in output, output


def test_F_42_all_errors_at_once(tmp_path):
    path = tmp_path / "bad.yaml"
    path.write_text("server:\n  lisen: x\ntokens:\n  alg: none\nlog:\n  level: loud\n")
    status, output = run("check-config", "--config", path)
    assert status != 0
    assert {int(number) for number in re.findall(r"bad\.yaml:(\d+):", output)} == {2, 4, 6}
    assert run("serve", "--config", path)[0] != 0


def test_F_42_variables_and_settings_are_checked_too(idle):
    for arguments, variables, word in (
            (["--set", "server.threads=-1"], {}, "server.threads"),
            (["--set", "server.thread=1"], {}, "server.threads"),
            ([], {"SCOPEMINT_TOKENS__ALG": "none"}, "SCOPEMINT_TOKENS__ALG"),
            ([], {"SCOPEMINT_TOKENS__ALGO": "ES256"}, "SCOPEMINT_TOKENS__ALG")):
        status, output = run("check-config", "--config", idle.config, *arguments, **variables)
        assert status != 0 and word in output, output
    assert run("check-config", "--config", idle.config, SCOPEMINT_TOKENS__ALG="ES256")[0] == 0


def test_F_42_a_missing_file():
    status, output = run("serve", "--config", "/nonexistent/scopemint.yaml")
    assert status != 0 and "/nonexistent/scopemint.yaml" in output


def weak_rsa():
    return rsa.generate_private_key(65537, 1024).private_bytes(*PEM)


@pytest.mark.parametrize("content", [
    pytest.param(weak_rsa, id="F-43-rsa-1024"), pytest.param(lambda: b"", id="F-43-THREATS-7-empty"),
    pytest.param(lambda: b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", id="F-43-broken"),
    pytest.param(lambda: ec.generate_private_key(ec.SECP256K1()).private_bytes(*PEM), id="F-43-curve"),
])
def test_keys_that_may_not_sign(folder, content):
    path = key_file(folder)
    path.write_bytes(content())
    path.chmod(0o600)
    status, output = run("serve", "--config", folder / "conf/scopemint.yaml")
    assert status not in (0, 124) and path.name in output
    assert len([line for line in output.splitlines() if path.name in line]) == 1, output


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o666], ids=lambda value: f"F-43-{value:o}")
def test_keys_others_can_read(folder, mode):
    path = key_file(folder)
    path.chmod(mode)
    status, output = run("serve", "--config", folder / "conf/scopemint.yaml")
    assert status != 0 and path.name in output and "600" in output


def test_F_44_without_any_key_nothing_is_served(folder):
    key_file(folder).unlink()
    status, output = run("serve", "--config", folder / "conf/scopemint.yaml")
    assert status != 0 and "key" in output


@pytest.mark.parametrize("text, words", [
    ("{", []),
    ('{"table":"zz-broken","values":[{"name":"zz.a","category":"c","description":"d","includes":["zz.b"]},'
     '{"name":"zz.b","category":"c","description":"d","includes":["zz.a"]}]}', ["zz.a"]),
    ('{"table":"zz-broken","values":[{"name":"zz.a","category":"c","description":"d","includes":["zz.none"]}]}', ["zz.none"]),
    ('{"table":"zz-broken","values":[{"name":"calls.read","category":"c","description":"d"}]}', ["calls.read"]),
], ids=["F-42-table-json", "F-42-table-cycle", "F-42-table-unknown", "F-42-table-twice"])
def test_scope_tables_are_checked_at_start(folder, text, words):
    path = folder / "conf/scopes/zz-broken.json"
    path.write_text(text)
    status, output = run("check-config", "--config", folder / "conf/scopemint.yaml")
    assert status != 0 and path.name in output
    for word in words:
        assert word in output


def test_a_port_in_use_is_said(folder):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        status, output = run("serve", "--config", folder / "conf/scopemint.yaml", "--set",
                             f"server.listen=127.0.0.1:{port}")
    assert status != 0 and str(port) in output


def test_init_a_second_time_is_refused(folder):
    status, output = run("init", "--config", folder / "conf/scopemint.yaml")
    assert status != 0 and output


# ---- the admin listener ----


def test_F_44_health(bed):
    assert bed.get("/livez", admin=True).status == 200
    ready = bed.get("/readyz", admin=True)
    assert ready.status == 200
    parts = ready.body.decode().lower()
    for part in ("store", "redis", "key"):
        assert part in parts
    for path in ("/livez", "/readyz", "/metrics"):
        assert bed.get(path).status == 404


def test_the_metrics_are_well_formed(bed):
    """Prometheus text format: HELP and TYPE once before a name's samples, counters end in _total, base units."""
    bed.revoke(bed.issue())
    reply = bed.get("/metrics", admin=True)
    assert reply.header("Content-Type").startswith("text/plain; version=0.0.4")
    types, helped, closed, last = {}, set(), set(), None
    for line in reply.body.decode().splitlines():
        if line.startswith("# HELP "):
            name = line.split(" ")[2]
            assert name not in helped
            helped.add(name)
        elif line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ")
            types[name] = kind
        elif line:
            sample = re.fullmatch(r'([a-z_]+)(\{[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*\})? (\S+)', line)
            assert sample, line
            float(sample[4].replace("+Inf", "inf"))
            name = re.sub(r"_(bucket|sum|count)$", "", sample[1]) if sample[1] not in types else sample[1]
            assert name in types and name in helped, line
            if name != last:
                assert name not in closed, line
                closed.add(name)
            last = name
    for name, kind in types.items():
        assert (kind == "counter") == name.endswith("_total"), name
        assert name.startswith(("scopemint_", "process_"))
    assert types["scopemint_tokens_issued_total"] == "counter"


def test_a_second_server_on_one_store_says_who_holds_it(bed):
    done = bed.scopemint("serve", "--set", "server.listen=127.0.0.1:9", "--set", "admin.listen=127.0.0.1:10")
    assert done.returncode == 4
    assert str(bed.pid) in done.stderr


def test_a_reload_takes_over_limits_without_a_restart(own_bed):
    bed = own_bed()
    for _ in range(3):
        wrong = bed.post("/oauth/token", {"grant_type": "client_credentials"},
                         authorization=basic(bed.app.client_id, "wrong"))
        assert wrong.status == 401
    assert bed.token(bed.app).status == 200
    conf = pathlib.Path(bed.config)
    conf.write_text(conf.read_text() + "throttle:\n  failures_per_client_address_per_minute: 2\n")
    bed.reload()
    assert eventually(lambda: bed.token(bed.app).status == 429)
