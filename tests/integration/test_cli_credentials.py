"""Where commands take server and credentials from, what they refuse to take (P5), and whom they trust."""

import json
import subprocess

import pytest

from cli import FAILED, NOT_FOUND, OK, UNAUTHORISED, UNAVAILABLE, USAGE, Cli, run
from testbed import Testbed, free_port


@pytest.fixture(scope="module")
def bed(module_bed):
    return module_bed()


@pytest.fixture(scope="module")
def admin(bed):
    return Cli(bed, bed.admin)


def private(path, contents, mode=0o600):
    path.write_text(json.dumps(contents))
    path.chmod(mode)
    return path


def test_the_secrets_file_of_init_does(bed):
    result = run("partner", "show", bed.partner_sid, "--credentials", bed.state / "secrets.json")
    assert result.returncode == OK, result.stderr
    assert json.loads(result.stdout)["partner_sid"] == bed.partner_sid


def test_the_file_of_the_user(bed, tmp_path):
    token = bed.issue(bed.admin)
    folder = tmp_path / "scopemint"
    folder.mkdir()
    private(folder / "credentials.json", {"server": bed.issuer, "token": token})
    assert run("partner", "list", XDG_CONFIG_HOME=str(tmp_path)).returncode == OK
    (tmp_path / ".config").mkdir()
    folder.rename(tmp_path / ".config/scopemint")
    assert run("partner", "list", HOME=str(tmp_path)).returncode == OK
    assert run("partner", "list", HOME=str(tmp_path), SCOPEMINT_TOKEN="other").returncode == UNAUTHORISED


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_file_that_others_can_read_is_refused(bed, tmp_path, mode):
    path = private(tmp_path / "c.json", {"server": bed.issuer, "client_id": bed.admin.client_id,
                                         "client_secret": bed.admin.client_secret}, mode)
    result = run("partner", "list", SCOPEMINT_CREDENTIALS=str(path))
    assert result.returncode == UNAUTHORISED and result.stdout == ""
    assert result.stderr == f"scopemint: {path} can be read by others (mode {mode:03o}); run: chmod 600 {path}\n"


@pytest.mark.parametrize("contents", ["", "[]", '{"client_id":', "client_id=x"])
def test_a_file_that_is_none(bed, tmp_path, contents):
    path = tmp_path / "c.json"
    path.write_text(contents)
    path.chmod(0o600)
    result = run("partner", "list", "--server", bed.issuer, "--credentials", path)
    assert result.returncode == UNAUTHORISED and "is not a JSON object" in result.stderr
    result = run("partner", "list", "--credentials", tmp_path)
    assert result.returncode == UNAUTHORISED and "is not a file" in result.stderr
    result = run("partner", "list", "--credentials", tmp_path / "none")
    assert result.returncode == UNAUTHORISED and "No such file" in result.stderr


def test_nobody_is_nobody(bed):
    result = run("partner", "list", "--server", bed.issuer)
    assert result.returncode == UNAUTHORISED and "as whom?" in result.stderr
    result = run("partner", "list", SCOPEMINT_CONFIG="/nonexistent.yaml")
    assert result.returncode == USAGE and "which server?" in result.stderr
    result = run("partner", "list", SCOPEMINT_CONFIG=str(bed.config), SCOPEMINT_TOKEN=bed.issue(bed.admin))
    assert result.returncode == OK  # the issuer of the configuration


def test_wrong_credentials(bed, admin):
    secret = bed.admin.client_secret[:-1] + ("a" if bed.admin.client_secret[-1] != "a" else "b")
    error = admin.refused("partner", "list", status=UNAUTHORISED, SCOPEMINT_CLIENT_SECRET=secret)
    assert error.startswith("scopemint: invalid_client: ") and secret not in error
    error = admin.refused("partner", "list", status=UNAUTHORISED, SCOPEMINT_TOKEN="not.a.token")
    assert error.startswith("scopemint: invalid_token: ") and "not.a.token" not in error
    assert "the server's log has this request as " in error


@pytest.mark.parametrize("server, status, words", [
    ("http://s.example", USAGE, "clear text"), ("s.example", USAGE, "write it as https://"),
    ("https://s.example/path", USAGE, "nothing behind it"), ("https://a:b@s.example", USAGE, "nothing behind it"),
    (f"http://127.0.0.1:{free_port()}", UNAVAILABLE, "cannot be asked")])
def test_wrong_servers(admin, server, status, words):
    assert words in admin.refused("partner", "list", "--server", server, status=status)


def test_a_server_that_is_another(bed, admin):
    """The admin listener answers, but is no API: what it says is told, and nothing is followed."""
    admin.refused("partner", "list", "--server", f"http://127.0.0.1:{bed.admin_port}", status=NOT_FOUND)


def test_a_proxy_gets_no_clear_text(admin):
    result = admin.run("partner", "list", http_proxy="http://127.0.0.1:1", ALL_PROXY="http://127.0.0.1:1")
    assert result.returncode == OK, result.stderr


def test_a_token_is_no_operand(bed):
    """P5: command lines are seen by every user of the machine."""
    token = bed.issue(bed.app)
    result = run("token", "revoke", token, "--server", bed.issuer, SCOPEMINT_TOKEN="x")
    assert result.returncode == FAILED and "name too long" in result.stderr.lower() and bed.is_active(token)


def test_certificates_are_verified(tmp_path):
    """With the authority known and the name right, and in no other case."""
    folder = tmp_path / "tls"
    folder.mkdir()
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-subj", "/CN=testbed", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2",
                    "-keyout", folder / "key.pem", "-out", folder / "cert.pem"], check=True, capture_output=True)
    (folder / "key.pem").chmod(0o600)
    port, tls_port = free_port(), free_port()
    tls = f"{{address: 127.0.0.1:{tls_port}, tls: {{certificate: {folder}/cert.pem, key: {folder}/key.pem}}}}"
    bed = Testbed(tmp_path / "bed", [f"server.listen=[127.0.0.1:{port}, {tls}]"], port=port).start()
    try:
        cli = Cli(bed, bed.admin)
        trusted = {"SCOPEMINT_CA_FILE": str(folder / "cert.pem")}
        here = ["partner", "list", "--server", f"https://127.0.0.1:{tls_port}"]
        assert "certificate" in cli.refused(*here, status=UNAVAILABLE)
        assert cli.run(*here, **trusted).returncode == OK
        assert "localhost" in cli.refused(*here[:-1], f"https://localhost:{tls_port}", status=UNAVAILABLE, **trusted)
        path = private(tmp_path / "c.json", {"server": here[-1], "ca_file": trusted["SCOPEMINT_CA_FILE"],
                                             "client_id": bed.admin.client_id,
                                             "client_secret": bed.admin.client_secret})
        assert run("partner", "list", "--credentials", path).returncode == OK
    finally:
        bed.stop()
