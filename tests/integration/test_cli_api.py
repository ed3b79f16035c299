"""Commands that ask a server: each against a real one, in both forms, with their exit codes. Where
server and credentials come from stands in test_cli_credentials.py."""

import json
import shlex
import subprocess

import pytest

from cli import FAILED, NOT_FOUND, OK, UNAUTHORISED, UNAVAILABLE, USAGE, Cli, clean, run
from testbed import Client, free_port

NOBODY = "019aa9e2-5c6b-7e01-8d4f-0123456789ab"

SEED = {"applications": [{"ref": "reader", "partner": "root", "name": "Reader", "scopes": ["oauth.read", "app.read"]}]}


@pytest.fixture(scope="module")
def bed(module_bed):
    return module_bed(seed=SEED)


@pytest.fixture(scope="module")
def admin(bed):
    return Cli(bed, bed.admin)


def make_partner(admin, name, *more):
    return admin.json("partner", "create", "--name", name, "--login", name, "--skip-email-verification",
                      "--skip-partner-review", *more)


def make_app(admin, name, *more):
    return admin.json("app", "create", "--name", name, "--scopes", "calls.manage sms.read", *more)


# ---- --curl ----

def test_curl_is_the_request(bed, admin):
    """What it prints does what the command does."""
    token = bed.issue(bed.admin)
    for arguments in (["partner", "list", "--filter", "name eq 'it is' or", "--limit", "3"],
                      ["partner", "show", bed.partner_sid],
                      ["partner", "update", bed.partner_sid, "--name", "it's \"root\" $HOME `x`"]):
        line = admin.run(*arguments, "--curl").stdout
        assert token not in line and line.startswith("curl ") and line.endswith("\n")
        curled = subprocess.run(["sh", "-c", line], capture_output=True, text=True, timeout=20, check=True,
                                env=clean(SCOPEMINT_TOKEN=token))
        result = admin.run(*arguments)
        answer = json.loads(curled.stdout)
        assert ("errors" in answer) == (result.returncode != OK)
        if result.returncode == OK:
            shown = json.loads(result.stdout)
            assert {**answer, "date_updated": None} == {**shown, "date_updated": None}
    admin.json("partner", "update", bed.partner_sid, "--name", "root")


def test_curl_needs_no_credentials_and_asks_nobody():
    result = run("partner", "cancel", NOBODY, "--curl", "--server", "https://nobody.example")
    assert result.returncode == OK
    assert shlex.split(result.stdout) == ["curl", "-sS", "-X", "DELETE", "-H", "Authorization: Bearer $SCOPEMINT_TOKEN",
                                          f"https://nobody.example/core/v2/partners/{NOBODY}"]


# ---- partners ----

def test_partner_life(admin):
    made = make_partner(admin, "life", "--available-scopes", "calls.manage sms.read")
    sid = made["partner_sid"]
    assert made["status"] == "active" and made["available_scopes"] == ["calls.manage", "sms.read"]
    assert admin.json("partner", "show", sid) == made
    assert admin.json("partner", "update", sid, "--name", "renamed")["name"] == "renamed"
    assert admin.json("partner", "suspend", sid)["status"] == "suspended"
    assert admin.json("partner", "resume", sid)["status"] == "active"
    assert admin.json("partner", "cancel", sid) == {"result": "canceled"}
    assert admin.json("partner", "show", sid)["status"] == "canceled"
    assert "final" in admin.refused("partner", "resume", sid)


def test_partner_dry_runs_change_nothing(bed, admin):
    partner = make_partner(admin, "dry")
    sid = partner["partner_sid"]
    for arguments in (["update", sid, "--available-scopes", "calls.read"], ["suspend", sid], ["cancel", sid]):
        result = admin.run("partner", *arguments, "--dry-run")
        assert result.returncode == OK and "nothing was changed" in result.stderr
        assert json.loads(result.stdout)["dry_run"] is True
        assert admin.json("partner", "show", sid) == partner


def test_partner_from_a_file(admin, tmp_path):
    path = tmp_path / "partner.json"
    path.write_text('{"name": "from a file", "login": "file", "available_scopes": ["calls.read"]}')
    made = admin.json("partner", "create", "--body", path)
    assert made["name"] == "from a file" and made["status"] == "unverified"
    assert "beside it" in admin.run("partner", "create", "--body", path, "--name", "x").stderr


# ---- lists ----

def test_lists(admin):
    parent = make_partner(admin, "parent")["partner_sid"]
    children = [make_partner(admin, f"child{n}", "--parent", parent)["partner_sid"] for n in range(5)]
    chosen = ["--filter", f"parent_sid eq {parent}"]
    page = admin.json("partner", "list", *chosen, "--limit", "2")
    assert [item["partner_sid"] for item in page["items"]] == children[:2] and page["has_more"] is True
    everything = admin.json("partner", "list", *chosen, "--limit", "2", "--all")
    assert everything["count"] == 5 and [item["partner_sid"] for item in everything["items"]] == children
    assert admin.json("partner", "list", *chosen, "--all") == everything
    backwards = admin.json("partner", "list", *chosen, "--order", "name desc", "--limit", "2", "--all")
    assert [item["name"] for item in backwards["items"]] == [f"child{n}" for n in (4, 3, 2, 1, 0)]
    text = admin.run("partner", "list", *chosen, "--text", "--limit", "3", "--include-fields", "name,status")
    assert text.stdout.splitlines() == ["name    status", "child0  active", "child1  active", "child2  active"]
    assert "--all fetches them" in text.stderr
    brief = admin.run("partner", "list", *chosen, "--text", "--include-fields", "name,available_scopes")
    assert " +" in brief.stdout.splitlines()[1], brief.stderr
    assert max(map(len, brief.stdout.splitlines())) < 120
    assert admin.json("partner", "list", "--filter", "name eq nobody")["items"] == []
    assert admin.run("partner", "list", "--filter", "name eq nobody", "--text").stdout == ""


def test_a_list_shows_no_control_characters(admin):
    partner = make_partner(admin, "terminal")["partner_sid"]
    admin.json("partner", "update", partner, "--name", "a\u009b31m\u202ered")
    text = admin.run("partner", "list", "--text", "--filter", f"partner_sid eq {partner}").stdout
    assert "a?31m?red" in text


# ---- errors ----

def test_errors_name_every_field(bed, admin):
    error = admin.refused("partner", "create", "--name", "x", "--login", "x", "--parent", "nobody",
                          "--available-scopes", "calls.raed")
    assert "parent_sid: " in error and error.count("scopemint: ") >= 2
    assert "filter: " in admin.refused("partner", "list", "--filter", "color eq red")
    assert "limit: " in admin.refused("partner", "list", "--limit", "many")
    admin.refused("partner", "show", NOBODY, status=NOT_FOUND)
    admin.refused("partner", "show", "../partners", status=NOT_FOUND)
    reader = Cli(bed, bed.seeded("reader"))
    assert "insufficient_scope: " in reader.refused("partner", "list")


# ---- audit ----

def test_audit_list(admin):
    sid = make_partner(admin, "audited")["partner_sid"]
    items = admin.json("audit", "list", "--filter", f"object eq {sid}")["items"]
    assert [item["action"] for item in items] == ["partner.create"]
    table = admin.run("audit", "list", "--text", "--filter", f"object eq {sid}").stdout.splitlines()
    assert table[0].split() == ["seq", "at", "action", "result", "object", "partner_sid"] and sid in table[1]


# ---- applications ----

def test_app_life(bed, admin):
    made = make_app(admin, "life", "--access-token-ttl", "120")
    client_id = made["client_id"]
    assert made["scopes"] == ["calls.manage", "sms.read"] and made["access_token_ttl"] == 120
    assert bed.token(Client(client_id, made["client_secret"])).status == 200
    shown = admin.json("app", "show", client_id)
    assert not shown.get("client_secret")
    assert admin.json("app", "update", client_id, "--scopes", "calls.read", "--access-token-ttl", "none") == {
        **shown, "scopes": ["calls.read"], "access_token_ttl": None,
        "date_updated": admin.json("app", "show", client_id)["date_updated"]}
    assert admin.json("app", "suspend", client_id)["status"] == "suspended"
    assert admin.json("app", "resume", client_id)["status"] == "active"
    dry = admin.run("app", "delete", client_id, "--dry-run")
    assert dry.returncode == OK and json.loads(dry.stdout)["client_id"] == client_id
    assert client_id in [item["client_id"] for item in admin.json("app", "list", "--all")["items"]]
    assert admin.json("app", "delete", client_id) == {"result": "deleted"}
    admin.refused("app", "show", client_id, status=NOT_FOUND)


def test_app_secrets(bed, admin):
    app = make_app(admin, "secrets")
    client_id = app["client_id"]
    second = admin.json("app", "secret", "create", client_id, "--overlap-s", "3600")
    assert bed.token(Client(client_id, app["client_secret"])).status == 200
    assert bed.token(Client(client_id, second["client_secret"])).status == 200
    assert len(admin.json("app", "secret", "list", client_id)["items"]) == 2
    admin.refused("app", "secret", "create", client_id, "--overlap-s", "3600")
    admin.json("app", "secret", "delete", client_id, second["secret_id"])
    assert bed.token(Client(client_id, second["client_secret"])).status == 401


def test_app_approve(bed, admin):
    app = admin.json("app", "create", "--name", "approve", "--scopes", "DirectRingOut")
    assert admin.json("app", "approve", app["client_id"], "--scopes", "DirectRingOut")["approved_restricted"] == [
        "DirectRingOut"]


# ---- tokens ----

def test_token_life(bed, admin):
    made = admin.json("token", "create", "--scopes", "calls.manage sms.read", "--name", "mine",
                      "--access-token-expires-in", "120")
    sid, token = made["token_sid"], made["access_token"]
    assert admin.json("token", "show", sid)["access_token"] is None
    assert admin.json("token", "update", sid, "--scopes", "calls.read")["scopes"] == ["calls.read"]
    assert bed.introspect(token)["scope"] == "calls.read"
    assert sid in [item["token_sid"] for item in admin.json("token", "list", "--all")["items"]]
    dry = admin.run("token", "delete", sid, "--dry-run")
    assert dry.returncode == OK and json.loads(dry.stdout)["token_sid"] == sid and bed.is_active(token)
    assert admin.json("token", "delete", sid) == {"result": "revoked"}
    assert not bed.is_active(token)


def test_token_show_is_the_presented_one(admin):
    assert admin.json("token", "show")["name"] == "scopemint command"


def test_token_revoke_reads_the_token(bed, admin, tmp_path):
    for give in ("stdin", "file"):
        token = admin.json("token", "create", "--scopes", "calls.read")["access_token"]
        path = tmp_path / "token"
        path.write_text(token + "\n")
        source, stdin = ("-", f" {token}\n") if give == "stdin" else (path, "")
        dry = admin.run("token", "revoke", source, "--dry-run", stdin=stdin)
        assert json.loads(dry.stdout)["active"] is True and bed.is_active(token)
        assert admin.json("token", "revoke", source, stdin=stdin) == {"result": "accepted"}
        assert not bed.is_active(token)
    assert "is empty" in admin.run("token", "revoke", "-", stdin="\n").stderr


def test_token_of_a_partner_below(bed, admin):
    made = admin.json("token", "create", "--partner", bed.facts["sub_partner"]["partner_sid"], "--scopes", "calls.read")
    assert made["partner_sid"] == bed.facts["sub_partner"]["partner_sid"]
    admin.refused("token", "create", "--partner", NOBODY, status=NOT_FOUND)


def test_token_explain(bed, admin):
    sid = bed.introspect(bed.issue(scope="calls.read"))["token_sid"]
    assert "calls.read" in json.dumps(admin.json("token", "explain", sid))
    text = admin.run("token", "explain", sid, "--text")
    assert text.returncode == OK and "calls.read" in text.stdout


# ---- revocations by selector ----

def test_revoke_counts_and_carries_out(bed, admin):
    app = make_app(admin, "revoked", "--audiences", bed.audience)
    token = bed.issue(Client(app["client_id"], app["client_secret"]), scope="calls.manage")
    dry = admin.run("revoke", "--client-id", app["client_id"], "--dry-run")
    plan = json.loads(dry.stdout)
    assert dry.returncode == OK and plan["tokens"] == 1 and bed.is_active(token)
    receipt = admin.json("revoke", "--plan", plan["plan_id"])
    assert receipt["revocation_sid"] == plan["plan_id"] and not bed.is_active(token)
    text = admin.run("revocation", "show", plan["plan_id"], "--text")
    assert text.returncode == OK and app["client_id"] in text.stdout
    table = admin.run("revocation", "list", "--filter", "state ne planned", "--all", "--text")
    assert table.returncode == OK and plan["plan_id"] in table.stdout and "STATE" in table.stdout.upper()
    assert "carried out" in admin.refused("revoke", "--plan", plan["plan_id"])
    admin.refused("revocation", "show", NOBODY, status=NOT_FOUND)


def test_revoke_is_never_sent_in_passing(bed, admin):
    app = make_app(admin, "spared", "--audiences", bed.audience)
    token = bed.issue(Client(app["client_id"], app["client_secret"]), scope="calls.manage")
    assert "--dry-run" in admin.refused("revoke", "--client-id", app["client_id"], status=USAGE)
    admin.refused("revoke", status=USAGE)
    admin.refused("revoke", "--yes", status=USAGE)
    curl = admin.run("revoke", "--scope", "calls.read", "--over-ceiling", "--curl")
    assert curl.returncode == OK and '{"scope":"calls.read","over_ceiling":true}' in curl.stdout
    assert bed.is_active(token)
    done = admin.json("revoke", "--client-id", app["client_id"], "--scope", "calls.read", "--yes")
    assert done["selector"]["scope"] == "calls.read" and not bed.is_active(token)


# ---- the leak desk ----

def test_THREATS_63_what_leaked_is_found_and_ended(bed, admin):
    """One a line, as a scanner writes them; what is printed of a string is its beginning."""
    token, secret = bed.issue(bed.app), make_app(admin, "Leaky")["client_secret"]
    lines = f"# from the scanner\n\nAuthorization: Bearer {token}\r\n  \"{secret}\",\nhunter2 or so\n"
    result = admin.run("leak", "check", "-", stdin=lines)
    assert result.returncode == FAILED and "2 of them opened something" in result.stderr, result.stderr
    items = json.loads(result.stdout)["items"]
    assert [(item["line"], item["kind"], item["state"], item["acted"]) for item in items] == [
        (3, "access_token", "live", False), (4, "client_secret", "live", False), (5, "unknown", None, False)]
    assert [item["string"] for item in items] == [token[:8], secret[:8], "hun"]
    assert items[1]["application_name"] == "Leaky"
    assert bed.is_active(token)

    result = admin.run("leak", "check", "-", "--act", "--text", stdin=lines)
    assert result.returncode == FAILED
    title, *rows = result.stdout.splitlines()
    assert title.split() == ["line", "string", "kind", "state", "application", "id", "last_used", "acted"]
    assert [(row.split()[3], row.split()[-1]) for row in rows] == [("revoked", "yes"), ("disabled", "yes"), ("-", "no")]
    assert not bed.is_active(token)
    for text in (token, secret, "hunter2"):
        assert text not in result.stdout + result.stderr

    result = admin.run("leak", "check", "-", "--act", stdin=lines)
    assert (result.returncode, result.stderr) == (OK, "")
    assert [item["state"] for item in json.loads(result.stdout)["items"]] == ["revoked", None, None]


def test_leaks_more_than_a_batch(bed, admin, tmp_path):
    token = bed.issue(bed.app)
    path = tmp_path / "found.txt"
    path.write_text("\n".join(f"nothing {i}" for i in range(250)) + f"\n{token}")
    result = admin.run("leak", "check", path)
    assert result.returncode == FAILED
    items = json.loads(result.stdout)["items"]
    assert [item["line"] for item in items] == list(range(1, 252)) and items[-1]["state"] == "live"


def test_leaked_lines_that_cannot_be_sent(bed, admin, tmp_path):
    path = tmp_path / "found.txt"
    path.write_bytes(b"x" * 9000 + b"\n\xff\xfe\nplain\n" + b"\x01" * 8000 + b"\n")
    result = admin.run("leak", "check", path)
    assert result.returncode == OK
    assert [item["line"] for item in json.loads(result.stdout)["items"]] == [3, 4]
    assert "line 1 is longer" in result.stderr and "line 2 is no text" in result.stderr


def test_leaks_nothing_to_look_at(bed, admin):
    result = admin.run("leak", "check", "-", stdin="# nothing\n\n")
    assert result.returncode == OK and json.loads(result.stdout) == {"items": [], "count": 0}


def test_leaks_who_may_not(bed, admin):
    reader = Cli(bed, bed.seeded("reader"))
    assert "scopemint.revoke" in reader.refused("leak", "check", "-", stdin="x\n")
    assert admin.run("leak", "check").returncode == USAGE
    admin.refused("leak", "check", "/nonexistent", status=FAILED)
    admin.refused("leak", "check", "-", stdin="x\n", SCOPEMINT_CLIENT_SECRET="wrong", status=UNAUTHORISED)
    admin.refused("leak", "check", "-", stdin="x\n", SCOPEMINT_SERVER=f"http://127.0.0.1:{free_port()}",
                  SCOPEMINT_TOKEN="x", status=UNAVAILABLE)


# ---- access control rules ----

def test_rules(admin, tmp_path):
    words = ("--field", "calling", "--operation", "prefix", "--quantifier", "any")
    made = admin.json("rule", "create", "--name", "Berlin", *words, "--entries", "4930 4933")
    assert made["entries"] == ["4930", "4933"] and made["read_only"] is False
    sid = made["rule_sid"]
    assert admin.json("rule", "show", sid) == made
    assert admin.json("rule", "update", sid, "--name", "Other")["name"] == "Other"
    many = tmp_path / "many.json"
    many.write_text(json.dumps({"entries": [f"+4930{i:08d}" for i in range(100_000)]}))
    assert len(admin.json("rule", "update", sid, "--body", str(many))["entries"]) == 100_000
    listed = admin.json("rule", "list", "--all", "--filter", f"rule_sid eq {sid}", "--exclude-fields", "entries")
    assert [rule["name"] for rule in listed["items"]] == ["Other"]
    lists = tmp_path / "acls.json"
    lists.write_text(json.dumps({"acls": [{"access_control_rules": [sid]}]}))
    partner = make_partner(admin, "rule-user")["partner_sid"]
    admin.json("partner", "update", partner, "--body", str(lists))
    assert admin.json("rule", "delete", sid, "--dry-run")["rule_sid"] == sid
    assert partner in admin.refused("rule", "delete", sid)
    assert admin.run("rule", "delete", sid, "--force").returncode == OK
    assert admin.json("partner", "show", partner)["acls"][0]["access_control_rules"] == []
