"""The audit log (F-37): every change and every revocation is one record of a chain that shows it when it was touched;
who may read it; its signed heads; what of refusals goes in."""

import contextlib
import hashlib
import json
import pathlib
import re
import sqlite3
import time

import pytest

import canary
from audit_log import AUDIT, Log
from family import application, seed
from forge import header
from testbed import binary, eventually

RIGHTS = ["partners.manage", "app.manage", "calls.manage", "sms.read", "scopemint.audit", "scopemint.revoke"]
ABOVE = {"root": ["root"], "parent": ["parent", "root"], "self": ["self", "parent", "root"],
         "child": ["child", "self", "parent", "root"], "stranger": ["stranger", "root"]}
SEED = seed(RIGHTS, application("poor", "self", ["partners.manage"], "Holds little"))


@pytest.fixture(scope="module")
def log(module_bed):
    made = Log(module_bed(seed=SEED))
    made.change()
    yield made
    found = canary.leaks(made.bed)  # P5, F-37: neither the store nor the log holds a secret
    assert not found, found


def link(prev, seq, at_ms, node, record):
    """The chain, as store/audit.h says it."""
    text = prev + seq.to_bytes(8, "big") + at_ms.to_bytes(8, "big") + bytes([len(node)]) + node.encode()
    return hashlib.sha256(text + record.encode()).digest()


def rows(path):
    with contextlib.closing(sqlite3.connect(path)) as store:
        return store.execute("SELECT seq, node, at_ms, prev, digest, record FROM audit ORDER BY seq").fetchall()


# ---- the chain ----


def test_the_chain_is_as_written_down(log, tmp_path):
    """By another implementation than the server's."""
    prev = bytes(32)
    found = rows(log.copy(tmp_path / "copy.db"))
    for number, (seq, node, at_ms, row_prev, digest, record) in enumerate(found, 1):
        assert (seq, row_prev) == (number, prev)
        prev = link(prev, seq, at_ms, node, record)
        assert digest == prev
        assert node == "node-1"
        assert list(json.loads(record))[:3] == ["at", "action", "result"]
    assert log.head()["digest"] == prev.hex()
    answer = log.verify(status=True)
    assert answer["records"] == answer["seq"] == len(found)
    assert answer["digest"] == prev.hex()
    assert answer["bad_seq"] is None


def test_records_say_who_what_when_and_the_result(log):
    """F-37."""
    before = log.seq()
    name = log.rename("self", by="parent")
    token = log.bed.issue(log.bed.seeded("child"))
    log.bed.post("/oauth/revoke", {"token": token}, bearer=log.tokens["parent"])
    update, revocation = log.items(after=before)
    assert update["action"] == "partner.update" and update["result"] == "done" and update["rule"] is None
    assert update["object"] == update["partner_sid"] == log.sids["self"]
    assert update["actor"]["client_id"] == log.bed.seeded("parent").client_id
    assert update["actor"]["partner_sid"] == log.sids["parent"]
    assert update["actor"]["address"] == "127.0.0.1"
    assert update["detail"]["after"]["name"] == name
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", update["at"])
    assert update["request_id"]
    assert revocation["action"] == "token.revoke" and revocation["partner_sid"] == log.sids["child"]
    assert revocation["prev"] == update["digest"] and len(update["digest"]) == 64


TAMPERINGS = {
    "a changed record": ["UPDATE audit SET record = replace(record, 'done', 'd0ne') WHERE seq = 4"],
    "another time": ["UPDATE audit SET at_ms = at_ms - 1000 WHERE seq = 4"],
    "another time within": ["UPDATE audit SET record = replace(record, '\"at\":\"20', '\"at\":\"19') WHERE seq = 4"],
    "another node": ["UPDATE audit SET node = 'node-2' WHERE seq = 4"],
    "one taken out": ["DELETE FROM audit WHERE seq = 4"],
    "one taken out, the rest moved up": [
        "DELETE FROM audit WHERE seq = 4",
        "UPDATE audit SET prev = (SELECT digest FROM audit WHERE seq = 3) WHERE seq = 5",
        "UPDATE audit SET seq = -seq WHERE seq > 4", "UPDATE audit SET seq = -seq - 1 WHERE seq < 0"],
    "one put in": [
        "UPDATE audit SET seq = -seq WHERE seq > 3", "UPDATE audit SET seq = -seq + 1 WHERE seq < 0",
        "INSERT INTO audit SELECT 4, node, at_ms, digest, digest, record FROM audit WHERE seq = 3"],
    "two exchanged": [
        "UPDATE audit SET seq = -5 WHERE seq = 4", "UPDATE audit SET seq = 4 WHERE seq = 5",
        "UPDATE audit SET seq = 5 WHERE seq = -5"],
    "a digest of another size": ["PRAGMA ignore_check_constraints = ON", "UPDATE audit SET digest = x'00' WHERE seq = 4"],
    "a record that is none": ["UPDATE audit SET record = '' WHERE seq = 4"],
}


@pytest.mark.parametrize("name", TAMPERINGS)
def test_what_was_touched_is_found(log, tmp_path, name):
    """F-37."""
    path = log.copy(tmp_path / "copy.db")
    log.verify(path, status=True)
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        for statement in TAMPERINGS[name]:
            store.execute(statement)
    answer = log.verify(path, status=False)
    assert answer["bad_seq"] in (4, 5) and answer["records"] == answer["seq"] == answer["bad_seq"] - 1 or \
        name == "one taken out" and answer["bad_seq"] == 5 and answer["seq"] == 3


def rebuild(path, change):
    """All digests anew, as whoever may write the file can."""
    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        prev = bytes(32)
        for seq, node, at_ms, _, _, record in rows(path):
            record = change(seq, record)
            digest = link(prev, seq, at_ms, node, record)
            store.execute("UPDATE audit SET prev = ?, digest = ?, record = ? WHERE seq = ?", (prev, digest, record, seq))
            prev = digest


def test_a_kept_head_proves_what_the_chain_alone_cannot(log, tmp_path):
    head = log.head()["head"]
    log.rename("self")
    path = log.copy(tmp_path / "copy.db")
    answer = log.verify(path, head, status=True)
    assert answer["heads"] == {"held": 1, "pruned": 0, "unknown_key": 0, "forged": 0}
    assert "records" in answer and answer["seq"] > 0

    with contextlib.closing(sqlite3.connect(path, isolation_level=None)) as store:
        store.execute("DELETE FROM audit WHERE seq > (SELECT max(seq) - 2 FROM audit)")
    log.verify(path, status=True)
    cut = log.verify(path, head, status=False)
    assert cut["verdict"].startswith("cut off") and cut["bad_seq"] > cut["seq"]

    path = log.copy(tmp_path / "rebuilt.db")
    rebuild(path, lambda seq, record: record.replace("done", "d0ne") if seq == 3 else record)
    log.verify(path, status=True)
    replaced = log.verify(path, head, status=False)
    assert replaced["verdict"].startswith("replaced")


def test_heads_are_found_in_files_and_forged_ones_told(log, tmp_path):
    head = log.head()["head"]
    file = tmp_path / "heads.txt"
    file.write_text(f'{{"event":"audit_head","head":"{head}"}}\nother text {log.tokens["root"]}\n{log.head()["head"]}\n')
    assert log.verify(head=file, status=True)["heads"]["held"] == 2

    file.write_text(head[:-6] + ("AAAAAA" if not head.endswith("AAAAAA") else "BBBBBB"))
    answer = log.verify(head=file, status=False)
    assert answer["heads"]["forged"] == 1

    file.write_text("no head at all")
    result = log.bed.scopemint("audit", "verify", "--head", str(file))
    assert result.returncode == 1 and "no head" in result.stderr
    result = log.bed.scopemint("audit", "verify", "--head", str(tmp_path / "missing"))
    assert result.returncode == 1 and "missing" in result.stderr
    result = log.bed.scopemint("audit", "verify", "--set", f"store.url=sqlite:{tmp_path}/none.db")
    assert result.returncode == 1 and "cannot be read" in result.stderr
    assert not (tmp_path / "none.db").exists()


def test_a_head_is_no_access_token(log):
    """8725-3.11-a."""
    head = log.head()["head"]
    assert log.call("GET", AUDIT, token=head).status == 401
    assert log.bed.introspect(head) == {"active": False}
    assert header(head)["typ"] == "audit-head+jwt"



# ---- who may read it (F-35) ----


@pytest.mark.parametrize("caller", ABOVE)
def test_who_sees_whose_records(log, caller):
    """F-35: root, parent, self, child and stranger."""
    names = {sid: ref for ref, sid in log.sids.items()}
    everything = log.items(limit=1000)
    seen = log.items(log.tokens[caller], limit=3)
    expected = [item["seq"] for item in everything
                if caller == "root" or caller in ABOVE.get(names.get(item["partner_sid"]), [])]
    assert [item["seq"] for item in seen] == expected
    assert (caller == "root") == (len(seen) == len(everything))
    for item in seen:
        actor = item["actor"]
        if actor == {"hidden": True}:
            assert caller != "root"
            continue
        assert caller in ABOVE[names[actor["partner_sid"]]], "an ancestor's credentials are not the caller's to see"
    if caller in ("self", "child"):
        assert {"hidden": True} in [item["actor"] for item in seen]


def test_without_the_scope_nothing_is_shown(log):
    token = log.bed.issue(log.bed.admin, scope="calls.read oauth.manage")
    for path in (AUDIT, AUDIT + "/head"):
        reply = log.call("GET", path, token=token)
        assert reply.status == 403
        assert 'scope="scopemint.audit"' in reply.header("www-authenticate")
        assert log.bed.get(path).status == 401


# ---- the list ----


def test_paging_goes_both_ways(log):
    everything = [item["seq"] for item in log.items(limit=1000)]
    assert everything == sorted(everything) and len(everything) > 8
    assert [item["seq"] for item in log.items(limit=3)] == everything
    assert [item["seq"] for item in log.items(limit=3, order="seq desc")] == everything[::-1]
    page = log.ask(limit=2, before=everything[4]).json
    assert [item["seq"] for item in page["items"]] == everything[2:4]
    page = log.ask(limit=2, before=everything[4], order="seq desc").json
    assert [item["seq"] for item in page["items"]] == everything[6:4:-1]
    assert log.ask(after=everything[-1]).json["items"] == []
    assert log.ask(before=everything[0]).json["items"] == []
    assert log.ask(before=0).json == {"count": 0, "has_more": False, "items": [], "limit": 10, "offset": 0,
                                      "pagination": {}, "total": None}
    assert log.ask(after=-1, limit=1).json["items"][0]["seq"] == everything[0]
    assert log.ask(after=2**63 - 1).json["items"] == []


def test_filters(log):
    everything = log.items(limit=1000)
    for filter_, wanted in {
        "action eq token.revoke": lambda item: item["action"] == "token.revoke",
        "action like partner.%": lambda item: item["action"].startswith("partner."),
        f"partner_sid eq {log.sids['self']}": lambda item: item["partner_sid"] == log.sids["self"],
        f"object eq {log.sids['child']} and result eq done": lambda item: item["object"] == log.sids["child"],
        "seq gt 3 and seq le 5": lambda item: 3 < item["seq"] <= 5,
        f"at ge {everything[3]['at']}": lambda item: item["at"] >= everything[3]["at"],
        "rule ne M1": lambda item: item["rule"] not in (None, "M1"),
        "action eq nothing": lambda item: False,
    }.items():
        found = log.items(limit=2, filter=filter_)
        assert [item["seq"] for item in found] == [item["seq"] for item in everything if wanted(item)], filter_
    assert list(log.ask(include_fields="seq,action", limit=1).json["items"][0]) == ["seq", "action"]


@pytest.mark.parametrize("query,status", [
    ({"offset": 1}, 422), ({"offset": 0}, 422), ({"order": "at"}, 422), ({"order": "action desc"}, 422),
    ({"filter": "actor eq x"}, 422), ({"filter": "detail eq x"}, 422), ({"filter": "seq eq x"}, 422),
    ({"filter": "action eq 'x' or 1=1"}, 422), ({"after": "x"}, 422), ({"after": 1, "before": 2}, 422),
    ({"limit": 0}, 422), ({"limit": 1001}, 422), ({"after": 2**63}, 422)])
def test_what_the_list_does_not_take(log, query, status):
    """THREATS-78."""
    reply = log.ask(**query)
    assert reply.status == status, reply.body
    assert reply.json["errors"][0]["code"] in ("invalid_value", "invalid_request")


# ---- refusals ----


def refusals(log):
    text = log.bed.get("/metrics", admin=True).body.decode()
    return {key: int(value) for key, value in
            re.findall(r'scopemint_rule_refusals_total\{audit="(\w+)"\} (\d+)', text)}


def test_of_refusals_the_first_is_recorded_and_the_rest_counted(log):
    """Of each caller, rule and minute."""
    token = log.bed.issue(log.bed.seeded("poor"))
    before, counted = log.seq(), refusals(log)
    for _ in range(20):
        reply = log.call("POST", "/core/v2/partners",
                         {"name": "More", "login": "more", "available_scopes": ["sms.read"]}, token)
        assert reply.status == 403, reply.body
    records = eventually(lambda: log.items(after=before, filter="result eq refused"))
    assert len(records) in (1, 2), "a minute may end in between"
    assert records[0]["rule"] == "M3" and records[0]["action"] == "partner.create"
    assert records[0]["actor"]["client_id"] == log.bed.seeded("poor").client_id
    now = refusals(log)
    assert now["recorded"] - counted["recorded"] == len(records)
    assert now["counted"] - counted["counted"] == 20 - len(records)


# ---- its life ----


def test_issuing_writes_no_record(log):
    before = log.seq()
    log.bed.issue(log.bed.seeded("self"))
    assert log.seq() == before


def keys(bed, *arguments):
    result = bed.scopemint("key", *arguments)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_F37_what_becomes_of_keys_is_recorded(own_bed):
    """By the server that takes it up, also what was done while it was down; and nothing of a key but its name."""
    log = Log(own_bed([], SEED))
    [first] = [key["kid"] for key in log.bed.get("/oauth/jwks").json["keys"]]
    log.rename("self")
    tail = log.seq()
    log.bed.reload()
    second = keys(log.bed, "generate")["kid"]

    def found():
        return [(item["action"], item["object"]) for item in log.items(after=tail) if item["action"].startswith("key.")]

    assert eventually(lambda: found() == [("key.create", second)]), found()
    log.bed.stop()
    keys(log.bed, "rotate", "--force")
    log.bed.start()
    log.tokens["root"] = log.bed.issue(log.bed.admin)
    assert eventually(lambda: {("key.activate", second), ("key.retire", first)} <= set(found())), found()
    keys(log.bed, "withdraw", first)
    assert eventually(lambda: found()[-1] == ("key.withdraw", first)), found()
    [item] = [item for item in log.items(after=tail) if item["action"] == "key.withdraw"]
    assert item["detail"].keys() == {"alg", "date"} and item["partner_sid"] == log.bed.partner_sid
    assert "token_sid" not in (item["actor"] or {})
    assert log.verify()["records"] == log.seq()


def test_F37_a_key_that_no_reload_took_up_is_recorded_as_the_server_stops(own_bed):
    """A reload that is refused for something else shows the server no keys, and a start comes after it was last open."""
    log = Log(own_bed([], SEED))
    log.rename("self")
    tail = log.seq()
    tables = log.bed.config.parent / "roles.json"
    good = tables.read_text()
    tables.write_text("[")
    made = keys(log.bed, "generate")["kid"]
    made_s = int(time.time())
    assert eventually(lambda: '"reload_refused"' in log.bed.log())
    assert eventually(lambda: time.time() >= made_s + 1)  # in that second it is recorded at the start too
    assert log.seq() == tail
    tables.write_text(good)
    log.bed.restart()
    log.tokens["root"] = log.bed.issue(log.bed.admin)
    assert [(item["action"], item["object"]) for item in log.items(after=tail)] == [("key.create", made)]


def test_a_restart_keeps_the_chain(own_bed):
    log = Log(own_bed(["node.name=east"], SEED))
    made_s = int(time.time())  # a key of the second in which the store was last open is recorded again
    assert eventually(lambda: time.time() >= made_s + 1)
    log.change()
    kept = log.head()
    log.bed.restart()
    assert {**log.head(), "head": None} == {**kept, "head": None}
    lines = [json.loads(line) for line in log.bed.log().splitlines() if '"audit_head"' in line]
    assert [(line["node"], line["seq"]) for line in lines] == [("east", kept["seq"])], "said as it stopped"
    log.tokens["root"] = log.bed.issue(log.bed.admin)
    log.rename("self")
    answer = log.verify(head=log.bed.state / "server.log", status=True)
    assert answer["heads"]["held"] == 1 and answer["records"] == kept["seq"] + 1


@pytest.fixture
def hurried(tmp_path, monkeypatch, own_bed):
    """A log whose server's clocks, both of them, can be moved forward as if time had passed."""
    script, offset = tmp_path / "serve", tmp_path / "offset"
    program = binary()

    def move(seconds):
        new = pathlib.Path(f"{offset}.new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(offset)

    move(0)
    script.write_text(f'#!/bin/sh\n[ "$1" = serve ] || exec "{program}" "$@"\n'
                      f"FAKETIME_TIMESTAMP_FILE='{offset}' FAKETIME_NO_CACHE=1 "
                      "ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 "
                      f"LD_PRELOAD='/usr/$LIB/faketime/libfaketimeMT.so.1' exec \"{program}\" \"$@\"\n")
    script.chmod(0o755)
    monkeypatch.setenv("SCOPEMINT_BIN", str(script))
    return Log(own_bed(["audit.kept_s=60"], SEED)), move


def heads_said(log):
    return [json.loads(line) for line in log.bed.log().splitlines() if '"audit_head"' in line]


def test_after_an_hour_the_head_is_logged_and_pruning_leaves_a_checkpoint(hurried):
    log, move = hurried
    log.change()
    kept = log.head()
    assert heads_said(log) == []
    move(3700)  # nothing is forgotten in the first hour after a start
    log.bed.issue()
    assert eventually(lambda: heads_said(log))
    assert log.verify(head=heads_said(log)[0]["head"])["seq"] == heads_said(log)[0]["seq"] == kept["seq"]
    assert eventually(lambda: log.bed.issue() and log.verify()["pruned_to_seq"] == kept["seq"])
    log.tokens["root"] = log.bed.issue(log.bed.admin)
    assert log.items() == []
    log.rename("self")
    assert [item["seq"] for item in log.items()] == [kept["seq"] + 1]
    answer = log.verify(status=True)
    assert (answer["records"], answer["seq"], answer["pruned_to_seq"]) == (1, kept["seq"] + 1, kept["seq"])
    assert log.verify(head=log.head()["head"], status=True)["heads"]["held"] == 1
    log.bed.restart()
    log.tokens["root"] = log.bed.issue(log.bed.admin)
    log.rename("self")
    assert log.verify(head=kept["head"], status=True)["seq"] == kept["seq"] + 2, "the checkpoint is that head"
