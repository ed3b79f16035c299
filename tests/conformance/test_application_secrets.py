"""Secrets of applications: two with an overlap and never a third, shown once (F-28, F-38); and when they, and the tokens
made with them, were last used. SPEC 3 and 5."""

import concurrent.futures
import json
import sqlite3
import time
import uuid

import pytest

from applications import Applications, both, only
from testbed import Client, eventually

MANY = 10


@pytest.fixture(scope="module")
def root(bed):
    """Of the application that holds everything."""
    return Applications(bed, bed.issue(bed.admin))


def test_two_secrets_with_an_overlap(bed, root):
    made = root.make()
    first = Client(made["client_id"], made["client_secret"])
    path = f"/{made['client_id']}/secrets"
    reply = root("POST", path, {"overlap_s": 2})
    assert reply.status == 200 and set(reply.json) == {
        "secret_id", "client_secret", "date_created", "date_expiration", "date_last_used"}
    second = Client(made["client_id"], reply.json["client_secret"])
    assert bed.token(first).status == bed.token(second).status == 200
    only(root("POST", path, {}), 409)
    listed = root("GET", path).json
    assert listed["total"] == 2 and all("client_secret" not in item for item in listed["items"])
    assert listed["items"][0]["date_expiration"] and listed["items"][1]["date_expiration"] is None
    assert eventually(lambda: bed.token(first, source=bed.addresses.fresh()).status == 401, 5, 0.2)
    assert bed.token(second).status == 200
    third = root("POST", path, {"overlap_s": 0})
    assert third.status == 200
    assert bed.token(second, source=bed.addresses.fresh()).status == 401, "no overlap at all"
    assert bed.token(Client(made["client_id"], third.json["client_secret"])).status == 200


def test_secrets_are_deleted_to_the_last(bed, root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    assert root("DELETE", f"{path}/{made['secret_id']}").status == 204
    assert root("DELETE", f"{path}/{made['secret_id']}").status == 404
    client = Client(made["client_id"], made["client_secret"])
    assert bed.token(client, source=bed.addresses.fresh()).status == 401
    assert root("GET", path).json["items"] == []
    for body in ({"overlap_s": -1}, {"overlap_s": "1"}, {"overlap_s": 10**9}, {"secret": "x"}, {"overlap_s": 1.5}):
        assert root("POST", path, body).status == 422, body


def test_parallel_secrets_never_make_a_third(root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    with concurrent.futures.ThreadPoolExecutor(MANY) as pool:
        replies = list(pool.map(lambda _: root("POST", path, {}).status, range(MANY)))
    assert sorted(replies) == [200] + [409] * (MANY - 1)
    assert root("GET", path).json["total"] == 2


def test_secrets_are_nowhere_but_in_the_answer(bed, root):
    """P5, F-38: digests in the store, no secret in the audit log."""
    made = root.make()
    more = root("POST", f"/{made['client_id']}/secrets", {}).json
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        records = [row[0] for row in link.execute("SELECT record FROM audit WHERE record LIKE ?",
                                                  (f"%{made['client_id']}%",))]
    assert [json.loads(record)["action"] for record in records] == ["application.create", "secret.create"]
    for record in records:
        assert made["client_secret"] not in record and more["client_secret"] not in record
    assert json.loads(records[0])["detail"]["after"]["scopes"] == ["calls.read"]
    assert json.loads(records[0])["detail"]["after"]["secret_id"] == made["secret_id"]
    assert json.loads(records[1])["detail"]["secret_id"] == more["secret_id"]


# ---- last used ----


def test_when_a_secret_was_used_last(bed, root):
    made = root.make()
    path = f"/{made['client_id']}/secrets"
    before = time.time()
    bed.issue(Client(made["client_id"], made["client_secret"]))

    def used():
        return root("GET", path + "?include_fields=date_last_used").json["items"][0]["date_last_used"]

    assert eventually(used, 5, 0.1)
    assert used() >= time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(before))


def last_access(bed, token):
    sid = bed.introspect(token)["token_sid"]
    with sqlite3.connect(f"file:{bed.facts['store']}?mode=ro", uri=True) as link:
        return link.execute("SELECT last_accessed_ms, last_accessed_ip FROM tokens WHERE token_sid = ?",
                            (uuid.UUID(sid).bytes,)).fetchone()


def test_when_and_from_where_a_token_was_used_last(bed, root):
    """Introspection names the end user's address, or the caller's is taken; at most once a minute."""
    time.sleep(1.2)  # a crowd of uses by the tests before may have passed some over: until theirs are written
    client = root.client(audiences=both(bed))
    named, unnamed = bed.issue(client), bed.issue(client)
    for wrong in ("nonsense", "192.0.2.7:80", "[::1]", "::", "192.0.2.7, 192.0.2.8"):
        assert bed.introspection(named, client_ip=wrong).status == 400, wrong
    assert bed.introspection(named, client_ip="2001:DB8::7").json["active"]
    assert bed.is_active(unnamed)
    assert bed.introspection(named, client_ip="192.0.2.9").json["active"], "within the minute: not noted"
    assert eventually(lambda: last_access(bed, named)[0] > 0 and last_access(bed, unnamed)[0] > 0, 5, 0.1)
    assert last_access(bed, named)[1] == "2001:db8::7"
    assert last_access(bed, unnamed)[1] == "127.0.0.1"
    bearer = Applications(bed, bed.issue(root.client(scopes=["app.read"], audiences=both(bed))))
    assert bearer("GET").status == 200
    assert eventually(lambda: last_access(bed, bearer.token)[0] > 0, 5, 0.1)
