"""A disk that fails under the store: what cannot be written is not answered 2xx and has not happened (P3, P4), what was
answered stands, and introspection goes on. After a failed sync nothing is promised any more: the process ends."""

import errno
import json
import random
import signal

import pytest

from faults import FAIL, FILES, FOR_EVER, SHORT, SHM, STORE, SYNC, TRUNCATE, WAL, WRITE
from ledger import Ledger
from testbed import eventually

FULL = [(WRITE, WAL, FAIL, errno.ENOSPC), (WRITE, WAL, FAIL, errno.EIO), (WRITE, WAL, SHORT, 0),
        (WRITE, STORE, FAIL, errno.ENOSPC), (WRITE, STORE, FAIL, errno.EIO), (WRITE, FILES, FAIL, errno.EDQUOT),
        (TRUNCATE, FILES, FAIL, errno.EIO)]
CHECKPOINT_STEPS = 1200


def name_of(fault):
    operation, places, action, error = fault
    operations = {WRITE: "write", SYNC: "sync", TRUNCATE: "truncate"}
    files = {WAL: "log", STORE: "database", SHM: "index", FILES: "any"}
    return f"{operations[operation]}-{files[places]}-{errno.errorcode[error] if action == FAIL else 'short'}"


def assert_unavailable(reply):
    assert (reply.status, reply.error) == (503, "temporarily_unavailable"), reply.body
    assert int(reply.header("Retry-After")) > 0


@pytest.mark.parametrize("error", [errno.ENOSPC, errno.EIO], ids=["ENOSPC", "EIO"])
def test_THREATS_24_P4_no_write_goes_through(faulty, seed, error):
    node, faults = faulty()
    bed, ledger = node.bed, Ledger(node.bed, seed)
    ledger.walk_together(20)
    alive = ledger.issue()
    faults.rule(WRITE, WAL, FAIL, error, times=FOR_EVER)
    for _ in range(3):
        assert_unavailable(bed.revoke(alive.text))
        assert_unavailable(bed.token(bed.app))
    ledger.walk_together(10)
    ledger.check()
    assert bed.is_active(alive.text)  # refused means not done
    assert eventually(lambda: bed.get("/readyz", admin=True).status == 503)
    assert bed.get("/livez", admin=True).status == 200
    faults.end()
    assert eventually(lambda: bed.revoke(alive.text).status == 200)
    alive.dead = {True}
    assert eventually(lambda: bed.get("/readyz", admin=True).status == 200)
    ledger.walk_together(20)
    node.kill()
    node.start()
    ledger.check()
    assert node.stop() == 0


def test_THREATS_24_P3_access_control_on_a_full_disk(faulty):
    """No change goes through, none is half done, and decisions go on as they were."""
    node, faults = faulty()
    bed = node.bed
    headers = [("Authorization", f"Bearer {bed.issue(bed.admin, access_token_ttl=3600)}"),
               ("Content-Type", "application/json")]

    def call(method, path, body=None):
        return bed.request(method, "/core/v2/" + path, None if body is None else json.dumps(body).encode(), headers)

    rule = {"name": "One", "field": "calling", "operation": "prefix", "quantifier": "any", "entries": ["49"]}
    rule_sid = call("POST", "accesscontrol/rules", rule).json["rule_sid"]
    lists = {"acls": [{"access_control_rules": [rule_sid], "voice_action_true": "reject403"}]}
    group = call("POST", "trunk_groups", {**lists, "trunks": [lists]}).json
    of_group = f"trunk_groups/{group['trunk_group_sid']}"
    question = {"call": {"calling": "4911", "called": None, "direction": "inbound"}, "trunk_sid": group["trunks"][0]}

    def told():
        return [call("POST", "accesscontrol/effective_acl/evaluate", question).json,
                *(call("GET", path).json for path in ("accesscontrol/rules", of_group, of_group + "/trunks"))]

    before = told()
    assert before[0]["decision"] == "reject403"
    faults.rule(WRITE, WAL, FAIL, errno.ENOSPC, times=FOR_EVER)
    for method, path, body in [
            ("POST", "accesscontrol/rules", rule), ("PATCH", f"accesscontrol/rules/{rule_sid}", {"entries": []}),
            ("DELETE", f"accesscontrol/rules/{rule_sid}?force=true", None), ("PATCH", of_group, {"acls": []}),
            ("POST", of_group + "/trunks", lists), ("DELETE", of_group + "?force=true", None)]:
        assert call(method, path, body).status == 503, (method, path)
    assert told() == before
    faults.end()
    assert eventually(lambda: call("DELETE", f"accesscontrol/rules/{rule_sid}?force=true").status == 204)
    after = told()
    assert after[0]["decision"] == "accept" and after[2]["acls"][0]["access_control_rules"] == []
    node.kill()
    node.start()
    assert told() == after
    assert node.stop() == 0


@pytest.mark.parametrize("fault", FULL, ids=name_of)
def test_THREATS_24_P3_the_nth_call_fails(faulty, is_long, seed, fault, figures):
    """One call, or a few in a row; 503 or not noticed; never anything between before and after."""
    node, faults = faulty()
    numbers = random.Random(seed)
    ledger = Ledger(node.bed, seed)
    operation, places, action, error = fault
    rounds = 200 if is_long else 12
    survived = 0
    for _ in range(rounds):
        faults.rule(operation, places, action, error, after=numbers.randint(1, 25), times=numbers.randint(1, 4))
        ledger.walk_together(12)
        survived += faults.fired()
        faults.end()
        ledger.check()
    if places & STORE:
        faults.rule(operation, places, action, error, times=3)
        ledger.walk_together(CHECKPOINT_STEPS // 4)
        survived += faults.fired()
        faults.end()
    assert survived > 0 and node.is_running
    node.kill()
    node.start()
    ledger.check()
    assert node.stop() == 0
    figures(failed_calls=survived, **ledger.counts())


@pytest.mark.parametrize("error", [errno.EIO, errno.ENOSPC], ids=["EIO", "ENOSPC"])
@pytest.mark.parametrize("place", [WAL, STORE], ids=["log", "database"])
def test_THREATS_24_P3_a_failed_sync_is_never_taken_back(faulty, seed, place, error, figures):
    """The kernel may have thrown the pages away: a second sync that succeeds would promise what is lost. So the server
    ends with the first, without an answer to those it was for, and starts again on what the disk has."""
    node, faults = faulty()
    ledger = Ledger(node.bed, seed)
    ledger.walk_together(20)
    for _ in range(3):
        faults.rule(SYNC, place, FAIL, error)
        while node.is_running:
            ledger.walk_together(CHECKPOINT_STEPS)
        assert node.wait() == -signal.SIGABRT
        assert faults.fired() == 1
        faults.end()
        assert "store_fsync_failed" in node.bed.log()
        node.start()
        ledger.check()
    ledger.walk_together(20)
    ledger.check()
    assert node.stop() == 0
    figures(failed_syncs=3, **ledger.counts())


@pytest.mark.parametrize("fault", [(WRITE, FILES, FAIL, errno.ENOSPC), (WRITE, SHM, FAIL, errno.ENOSPC),
                                   (SYNC, FILES, FAIL, errno.EIO)], ids=name_of)
def test_P3_a_disk_that_fails_at_the_start(faulty, seed, fault):
    """The start says so in one line and ends, or serves rightly; once the disk is well again all is there."""
    node, faults = faulty()
    ledger = Ledger(node.bed, seed)
    ledger.walk_together(20)
    node.kill()
    operation, places, action, error = fault
    for after in range(1, 5):
        faults.rule(operation, places, action, error, after=after, times=FOR_EVER)
        node.launch()
        assert eventually(lambda: not node.is_running or node.is_ready(), timeout_s=20)
        if node.is_running:
            ledger.check()
            node.kill()
    faults.end()
    node.start()
    ledger.check()
    assert node.stop() == 0
