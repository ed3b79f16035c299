"""The command line over files: every command on the real binary, its two forms, its exit codes."""

import base64
import contextlib
import fcntl
import hashlib
import json
import os
import pathlib
import pty
import re
import shutil
import sqlite3
import stat
import struct
import subprocess
import uuid

import pytest

from testbed import ROOT, binary, eventually

OK, FAILED, USAGE, CONFIG, IN_USE = range(5)


class Node:
    """A node's folder without a server: conf/, keys/, store."""

    def __init__(self, folder, *settings):
        self.folder = pathlib.Path(folder)
        shutil.copytree(ROOT / "conf", self.folder / "conf")
        self.config = self.folder / "conf/scopemint.yaml"
        self.keys = self.folder / "keys"
        self.store = self.folder / "var/scopemint.db"
        self.settings = [part for setting in settings for part in ("--set", setting)]

    def run(self, *arguments, stdin="", environment=None):
        return subprocess.run([binary(), *map(str, arguments), "--config", str(self.config), *self.settings],
                              input=stdin, capture_output=True, text=True, timeout=60, check=False, env=environment)

    def json(self, *arguments, stdin="", status=OK):
        result = self.run(*arguments, stdin=stdin)
        assert result.returncode == status, result.stderr
        return json.loads(result.stdout)

    def refused(self, *arguments, status=FAILED, stdin=""):
        result = self.run(*arguments, stdin=stdin)
        assert result.returncode == status, result.stderr + result.stdout
        assert result.stdout == ""
        return result.stderr

    def seed(self, seed):
        path = self.folder / "seed.json"
        path.write_text(seed if isinstance(seed, str) else json.dumps(seed, indent=1))
        return path


@pytest.fixture
def node(tmp_path):
    return Node(tmp_path / "node")


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """Initialised once, for commands that change nothing."""
    node = Node(tmp_path_factory.mktemp("shared") / "node")
    node.made = node.json("init")
    return node


def bare(*arguments, environment=None):
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=20, check=False,
                          env=environment)


# ---- the program itself ----

def test_version_and_help():
    version = bare("--version")
    assert version.returncode == OK and re.fullmatch(r"scopemint \d+\.\d+\.\d+\n", version.stdout)
    overview = bare("help")
    assert overview.returncode == OK and overview.stdout == bare("--help").stdout
    for command in ("serve", "init", "check-config", "scope list", "scope show", "key list", "key generate",
                    "key rotate", "key withdraw", "token inspect", "token list", "partner cancel", "app secret create",
                    "audit list", "rule create", "doctor"):
        assert f"  {command} " in overview.stdout
        usage = bare("help", *command.split())
        assert usage.returncode == OK and usage.stdout.startswith(f"usage: scopemint {command}")
        assert usage.stdout == bare(*command.split(), "--help").stdout
    assert "Exit codes" in overview.stdout


def test_help_of_many_says_once_what_they_have_in_common():
    for group, verbs in (("key", 5), ("token", 8), ("app secret", 3)):
        text = bare("help", *group.split()).stdout
        assert text.count(f"usage: scopemint {group} ") == verbs
        assert text.count("--json ") == text.count("--text ") == 1
        assert text.count("--server URL") == (group != "key")


def test_the_reference_of_the_configuration():
    page, items = bare("config-reference").stdout, json.loads(bare("config-reference", "--json").stdout)["items"]
    assert page.splitlines()[::3] == [item["key"] for item in items]
    assert {"key": "server.threads", "takes": "0 to 60", "default": "0", "meaning": "Event loops; 0 is one a core",
            "variable": "SCOPEMINT_SERVER__THREADS"} in items


@pytest.mark.parametrize("arguments, words", [
    ([], "usage: scopemint COMMAND"),
    (["scop", "list"], "there is no command `scop`"),
    (["scope"], "`scope` needs a verb"),
    (["scope", "lst"], "did you mean `scope list`?"),
    (["serv"], "did you mean `serve`?"),
    (["scope", "show"], "needs VALUE|ID"),
    (["scope", "show", "a", "b"], "does not take `b`"),
    (["scope", "list", "--tabel", "x"], "did you mean --table?"),
    (["scope", "list", "--table"], "--table needs a value"),
    (["key", "generate", "--alg=ES256", "--alg=ES256"], "twice"),
    (["--confg", "x", "scope", "list"], "did you mean --config?"),
    (["help", "nothing"], "there is no command `nothing`"),
    (["app", "secret"], "`app secret` needs a verb"),
    (["app", "secret", "lst"], "did you mean `app secret list`?"),
    (["app", "sercet", "list"], "there is no command `app sercet`"),
])
def test_wrong_command_lines(arguments, words):
    result = bare(*arguments)
    assert result.returncode == USAGE and words in result.stderr and result.stdout == ""


def test_the_configuration_is_found(shared):
    environment = {"SCOPEMINT_CONFIG": str(shared.config), "PATH": os.environ["PATH"]}
    result = bare("check-config", environment=environment)
    assert result.returncode == OK and json.loads(result.stdout)["config"] == str(shared.config)
    here = subprocess.run([binary(), "check-config"], cwd=shared.folder, capture_output=True, text=True, timeout=20,
                          check=False, env={"PATH": os.environ["PATH"]})
    assert here.returncode == OK and json.loads(here.stdout)["config"] == "conf/scopemint.yaml"


# ---- check-config ----

def test_check_config_prints_a_summary(shared):
    summary = shared.json("check-config")
    assert summary["verdict"] == "good" and summary["keys_state"] == "good"
    assert summary["scopes"] == len(shared.json("scope", "list")["items"]) and summary["roles"] == 4


def test_check_config_prints_all_errors(node):
    roles = node.folder / "conf/roles.json"
    roles.write_text(roles.read_text().replace('"iam.account_settings.read"', '"iam.account_settings.raed"', 1))
    node.run("key", "generate")
    [key] = node.keys.glob("*.pem")
    key.chmod(0o644)
    errors = node.refused("check-config", status=CONFIG)
    assert "iam.account_settings.raed" in errors and key.name in errors
    (node.folder / "conf/scopes/carrierx.json").write_text("{")
    assert "carrierx.json:1" in node.refused("check-config", status=CONFIG)


# ---- scope ----

def test_scope_list(shared):
    everything = shared.json("scope", "list")
    assert everything["count"] == len(everything["items"]) == 205
    carrierx = shared.json("scope", "list", "--table", "carrierx")["items"]
    assert len(carrierx) == 124 and {item["table"] for item in carrierx} == {"carrierx"}
    sms = shared.json("scope", "list", "--table", "carrierx", "--category", carrierx[0]["category"])["items"]
    assert 0 < len(sms) < 124
    assert sum(item["restricted"] for item in everything["items"]) == 3
    assert "there is no scope table `carierx`" in shared.refused("scope", "list", "--table", "carierx")
    assert "there is no category" in shared.refused("scope", "list", "--category", "Nope")


def test_scope_list_as_text(shared):
    lines = shared.run("scope", "list", "--text", "--table", "scopemint").stdout.splitlines()
    assert len(lines) == 5 and lines[0].split()[:2] == ["scope", "table"]
    assert len({line.find("scopemint", 1) for line in lines[1:]}) == 1


def test_scope_show(shared):
    manage = shared.json("scope", "show", "calls.manage")
    assert set(manage["implies"]) == {"calls.create", "calls.read", "calls.update", "calls.delete"}
    assert manage["implied_by"] == [] and not manage["restricted"]
    read = shared.json("scope", "show", "calls.read")
    assert read["implies"] == [] and read["implied_by"] == ["calls.manage"]
    assert shared.json("scope", "show", str(manage["id"])) == manage
    assert "did you mean `calls.read`?" in shared.refused("scope", "show", "calls.raed")
    assert "no scope with the id 99999" in shared.refused("scope", "show", "99999")


def test_scope_74_is_ambiguous(shared):
    """SPEC 2: the source prints 74 on five values."""
    lines = shared.refused("scope", "show", "74").splitlines()
    assert "ambiguous" in lines[0] and len(lines) == 6
    for line in lines[1:]:
        assert shared.json("scope", "show", line.strip())["id"] == 74


# ---- init ----

SEED = {
    "root": {"name": "The platform", "login": "platform"},
    "admin": {"audiences": ["https://issuer.example", "https://api.example"]},
    "partners": [
        {"ref": "one", "parent": "root", "name": "One", "login": "one", "available_scopes": "default"},
        {"ref": "two", "parent": "one", "name": "Two", "login": "two", "available_scopes": ["calls.manage"]},
    ],
    "applications": [
        {"ref": "server", "partner": "root", "name": "Server", "scopes": ["calls.read"], "introspection": True,
         "audiences": ["https://api.example"]},
        {"ref": "web", "partner": "two", "name": "Web", "type": "public", "scopes": "all",
         "redirect_uris": ["https://web.example/cb"]},
    ],
}


def test_init_makes_a_node(node):
    made = node.json("init")
    assert set(made) == {"issuer", "partner_sid", "admin", "partners", "applications"}
    assert made["issuer"] == "http://127.0.0.1:8420" and made["partners"] == made["applications"] == {}
    assert uuid.UUID(made["partner_sid"]).version == uuid.UUID(made["admin"]["client_id"]).version == 7
    assert re.fullmatch(r"sm_cs_[0-9A-Za-z]{49}", made["admin"]["client_secret"])
    assert stat.S_IMODE(node.keys.stat().st_mode) == 0o700
    [key] = node.keys.glob("*.pem")
    assert stat.S_IMODE(key.stat().st_mode) == 0o600 and stat.S_IMODE(node.store.stat().st_mode) == 0o600
    [entry] = node.json("key", "list")["items"]
    assert entry["state"] == "active" and entry["alg"] == "ES256"
    for path in node.folder.rglob("*"):  # P5: in no file
        assert not path.is_file() or made["admin"]["client_secret"].encode() not in path.read_bytes(), path


def test_init_with_a_seed(node):
    made = node.json("init", "--seed", node.seed(SEED))
    assert set(made["partners"]) == {"one", "two"} and set(made["applications"]) == {"server", "web"}
    assert made["applications"]["web"]["client_secret"] is None
    assert made["applications"]["web"]["partner_sid"] == made["partners"]["two"]["partner_sid"]
    assert made["applications"]["server"]["partner_sid"] == made["partner_sid"]


def test_init_refuses_a_second_time(node):
    node.json("init")
    before = {path: path.read_bytes() for path in node.keys.iterdir()}
    error = node.refused("init", "--secrets-file", node.folder / "secrets.json")
    assert error.count("\n") == 1 and "has a root partner already; nothing was changed" in error
    assert {path: path.read_bytes() for path in node.keys.iterdir()} == before
    assert not (node.folder / "secrets.json").exists()


def test_init_writes_nothing_when_the_seed_is_wrong(node):
    seed = {**SEED, "applications": [{"ref": "x", "scopes": ["calls.raed"]}, {"ref": "y", "partner": "three"}]}
    errors = node.refused("init", "--seed", node.seed(seed), status=CONFIG)
    assert len(errors.splitlines()) == 3
    assert re.search(r"seed\.json:\d+: applications\[0\]\.scopes: there is no scope `calls.raed`", errors)
    assert re.search(r"seed\.json:\d+: applications\[1\]\.partner: no partner above", errors)
    assert not node.keys.exists() and not node.store.exists()
    assert node.refused("init", "--seed", node.folder / "none.json", status=CONFIG).endswith("No such file or directory\n")


def test_init_writes_a_secrets_file_once(node):
    path = node.folder / "secrets.json"
    path.write_text("mine")
    assert "is there already" in node.refused("init", "--secrets-file", path)
    assert path.read_text() == "mine"
    path.unlink()
    made = node.json("init", "--secrets-file", path)
    assert json.loads(path.read_text()) == made and stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize("call", ["rename,renameat", "renameat2"])
def test_init_killed_between_secrets_and_rows_or_after_them_is_run_again(node, call):
    """The manifest of the keys is renamed before the rows are in, the secrets file after."""
    path = node.folder / "secrets.json"
    command = ["strace", "-f", "-o", "/dev/null", "-e", f"trace={call}", "-e", f"inject={call}:signal=SIGKILL:when=1"]
    killed = subprocess.run([*command, binary(), "init", "--config", str(node.config), "--secrets-file", str(path)],
                            capture_output=True, text=True, timeout=60, check=False)
    if "ptrace" in killed.stderr.lower():
        pytest.skip("processes cannot be traced here")
    assert killed.returncode in (-9, 137) and killed.stdout == "" and not path.exists()
    made = node.json("init", "--secrets-file", path)
    assert json.loads(path.read_text()) == made and stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [entry.name for entry in path.parent.glob("secrets*")] == ["secrets.json"]
    with contextlib.closing(sqlite3.connect(node.store)) as link:
        [[root]] = link.execute("SELECT partner_sid FROM partners WHERE parent_sid IS NULL").fetchall()
        [[digest]] = link.execute("SELECT digest FROM application_secrets").fetchall()
    assert root == uuid.UUID(made["partner_sid"]).bytes
    assert digest == hashlib.sha256(made["admin"]["client_secret"].encode()).digest()
    assert "has a root partner already" in node.refused("init", "--secrets-file", path)


def test_init_does_not_take_up_the_secrets_of_another_node(node):
    path = node.folder / "secrets.json"
    node.json("init")
    left = node.folder / "secrets.json.unfinished"
    left.write_text('{"partner_sid": "019aa9e2-5c6b-7e01-8d4f-0123456789ab"}')
    assert "has a root partner already" in node.refused("init", "--secrets-file", path)
    assert left.exists() and not path.exists()


def test_init_can_be_run_again_after_it_failed(node):
    node.keys.write_text("in the way")
    node.refused("init")
    node.keys.unlink()
    node.json("init")


@pytest.mark.parametrize("damage", ["missing", "empty", "open"])
def test_init_keeps_no_key_that_cannot_sign(node, damage):
    """THREATS-7: the key of an earlier try is only kept when the server could start with it."""
    node.json("key", "generate")
    [key] = node.keys.glob("*.pem")
    pem = key.read_bytes()
    if damage == "missing":
        key.unlink()
    elif damage == "empty":
        key.write_bytes(b"")
    else:
        key.chmod(0o644)
    error = node.refused("init")
    assert key.name in error and "Traceback" not in error
    if damage == "missing":
        assert "scopemint key withdraw" in error
    else:
        key.chmod(0o600)
    key.write_bytes(pem)
    key.chmod(0o600)
    node.json("init")
    assert [entry["kid"] for entry in node.json("key", "list")["items"]] == [key.stem]


def test_init_refuses_a_store_in_memory(tmp_path):
    node = Node(tmp_path / "node", "store.url=memory:")
    assert "memory" in node.refused("init", status=CONFIG)


def test_init_prints_text_on_a_terminal(node):
    main, side = pty.openpty()
    fcntl.ioctl(side, 0x5414, struct.pack("HHHH", 50, 200, 0, 0))  # TIOCSWINSZ
    result = subprocess.run([binary(), "init", "--config", str(node.config)], stdin=side, stdout=side,
                            stderr=subprocess.PIPE, text=True, timeout=60, check=False)
    os.close(side)
    text = os.read(main, 65536).decode()
    os.close(main)
    assert result.returncode == OK and "shown this once" in result.stderr
    assert re.search(r"^  client_secret: +sm_cs_\w{49}\r?$", text, re.MULTILINE)


# ---- key ----

def test_key_life(node):
    node.json("init")
    following = node.json("key", "generate")
    assert following["state"] == "next" and following["activated"] is None
    assert "no server runs" in node.run("key", "list").stderr + node.run("key", "generate", "--alg", "EdDSA").stderr
    refusal = node.refused("key", "rotate")
    assert refusal.startswith("scopemint: ") and refusal.count("\n") == 1
    assert node.json("key", "rotate", "--force")["kid"] == following["kid"]
    states = {item["kid"]: item["state"] for item in node.json("key", "list")["items"] if item["alg"] == "ES256"}
    assert states.pop(following["kid"]) == "active" and sorted(states.values()) == ["next", "retired"]
    [retired] = [kid for kid, state in states.items() if state == "retired"]
    assert node.json("key", "withdraw", retired) == {"kid": retired, "state": "gone"}
    assert retired not in [item["kid"] for item in node.json("key", "list")["items"]]
    assert retired in [item["kid"] for item in node.json("key", "list", "--all")["items"]]


def test_key_refusals(node):
    node.json("init")
    [active] = [item["kid"] for item in node.json("key", "list")["items"]]
    node.refused("key", "withdraw", "unknown")
    node.refused("key", "withdraw", active)
    assert "there is no algorithm `HS256`" in node.refused("key", "generate", "--alg", "HS256", status=USAGE)
    assert node.json("check-config")["keys_state"] == "good"


# ---- token inspect ----

def test_inspect_secrets(shared):
    secret = shared.made["admin"]["client_secret"]
    for pasted in (secret, f"  {secret}\n", f'"{secret}"', f"{secret[:20]}\n  {secret[20:]}"):
        answer = shared.json("token", "inspect", "-", stdin=pasted)
        assert answer["kind"] == "client secret" and answer["checksum"] is True
        assert "not_known_offline" in answer and "next" in answer
    changed = secret[:-1] + ("a" if secret[-1] != "a" else "b")
    for damaged in (changed, secret[:-1], secret + "a"):
        answer = shared.json("token", "inspect", "-", stdin=damaged, status=FAILED)
        assert answer["checksum"] is False and "mistyped" in answer["verdict"]


@pytest.mark.parametrize("text, kind", [
    ("019aa9e2-5c6b-7e01-8d4f-0123456789ab", "id"), ("a.b.c.d.e", "encrypted JWT"), ("hello", "unknown"),
    ("Basic YTpi", "HTTP Basic credentials"), ("-----BEGIN PRIVATE KEY-----", "PEM"), ("a.b.c", "JWT"),
    ("sm_rt_x", "refresh token")])
def test_inspect_other_things(shared, text, kind):
    assert shared.json("token", "inspect", "-", stdin=text, status=FAILED)["kind"] == kind


def test_inspect_takes_files_and_never_arguments(shared, tmp_path):
    path = tmp_path / "secret"
    path.write_text(shared.made["admin"]["client_secret"])
    assert shared.json("token", "inspect", path)["checksum"] is True
    assert "nothing to inspect" in shared.refused("token", "inspect", "-", stdin="\n")
    assert "No such file" in shared.refused("token", "inspect", shared.made["admin"]["client_secret"])


def segment(value):
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode().rstrip("=")


def test_inspect_shows_no_control_characters(shared):
    token = ".".join([segment({"alg": "none", "typ": "\x1b[2J"}), segment({"sub": "x\x9b31m\u202e"}), ""])
    text = shared.run("token", "inspect", "-", "--text", stdin=token).stdout
    assert "sub:" in text and not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", text)


@pytest.fixture(scope="module")
def bed(module_bed):
    return module_bed()


def inspect(bed, token):
    result = subprocess.run([binary(), "token", "inspect", "-", "--config", str(bed.config)], input=token,
                            capture_output=True, text=True, timeout=20, check=False)
    assert token.rsplit(".", 1)[1] not in result.stdout + result.stderr
    return result.returncode, json.loads(result.stdout)


def test_inspect_a_token_of_ours(bed):
    token = bed.issue(scope="calls.read")
    status, answer = inspect(bed, token)
    assert status == OK and answer["verdict"] == "well signed and in time"
    assert answer["header"]["typ"] == "at+jwt" and answer["claims"]["client_id"] == bed.app.client_id
    assert answer["scopes_known"] == ["calls.read"] and answer["scopes_unknown"] == []
    assert 0 < answer["seconds_left"] <= 900 and answer["issued"] < answer["expires"]
    assert "revoked" in answer["not_known_offline"] and "/oauth/introspect" in answer["next"]
    assert inspect(bed, f"Bearer {token}\n") == (status, {**answer, "seconds_left": inspect(bed, token)[1]["seconds_left"]})


def test_inspect_a_forged_token(bed):
    header, payload, signature = bed.issue(scope="calls.read").split(".")
    claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    forged = f"{header}.{segment({**claims, 'scope': 'calls.manage nothing.known'})}.{signature}"
    status, answer = inspect(bed, forged)
    assert status == FAILED and answer["signature"].startswith("does not hold")
    assert answer["scopes_unknown"] == ["nothing.known"]
    foreign = f"{header}.{segment({**claims, 'iss': 'https://other.example'})}.{signature}"
    assert "another server" in inspect(bed, foreign)[1]["verdict"]


# ---- beside a running server ----

def test_serve_says_who_says_it(bed):
    result = bed.scopemint("serve")
    assert result.returncode == IN_USE
    assert result.stderr.startswith("scopemint: store ") and result.stderr.endswith(f" process {bed.pid}\n")


def test_the_variables_of_the_commands_are_none_of_the_server(shared):
    names = ("SERVER", "TOKEN", "CLIENT_ID", "CLIENT_SECRET", "CREDENTIALS", "CA_FILE", "CONFIG", "BIN")
    result = shared.run("check-config", environment={**os.environ, **{f"SCOPEMINT_{name}": "x" for name in names}})
    assert result.returncode == OK, result.stderr


def test_init_beside_a_server(bed):
    result = bed.scopemint("init")
    assert result.returncode == IN_USE and str(bed.pid) in result.stderr


def test_key_commands_tell_the_server(bed):
    result = bed.scopemint("key", "generate")
    assert result.returncode == OK and f"process {bed.pid}" in result.stderr
    kid = json.loads(result.stdout)["kid"]
    assert eventually(lambda: kid in [key["kid"] for key in bed.get("/oauth/jwks").json["keys"]])
