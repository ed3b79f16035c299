"""GET /oauth/revocations (SPEC 7): who sees what (F-07, THREATS-31), where the feed is and what came since, and its
events: in order, each once (P2), resumed exactly (F-14), ended with the caller's rights, bounded in number and size."""

import base64
import contextlib
import json
import os
import socket
import sqlite3
import threading
import time
import uuid

import pytest

from feed import Stream
from testbed import eventually

PATH = "/oauth/revocations"
HEARTBEAT_S = 1
STREAMS = 6
PAGE = 256
SERVER = {"type": "confidential", "status": "active", "partner": "root", "grant_types": ["client_credentials"],
          "token_endpoint_auth_method": "client_secret_basic", "scopes": ["calls.read"], "introspection": True}
SEED = {"applications": [
    {**SERVER, "ref": "sub_server", "name": "Below", "partner": "sub", "audiences": ["https://api.testbed.example"]},
    {**SERVER, "ref": "other_server", "name": "Other", "audiences": ["https://other.testbed.example"]},
    {**SERVER, "ref": "brief", "name": "To be changed"},
]}


@pytest.fixture(scope="module")
def short(module_bed):
    """A server whose streams are few, and which does not wait long."""
    return module_bed([
        f"feed.heartbeat_s={HEARTBEAT_S}", f"feed.streams_max={STREAMS}", "server.body_timeout_s=1",
        "server.idle_timeout_s=2", "server.max_in_flight=4"], SEED)


def ask(bed, query="", client=None, bearer=None, headers=()):
    authorization = f"Bearer {bearer}" if bearer else (client or bed.resource_server).basic
    return bed.get(PATH + query, [("Authorization", authorization), *headers])


def entries(bed, after, **who):
    reply = ask(bed, f"?after={after}", **who)
    assert reply.status == 200, reply.body
    return reply.json["entries"]


def now(bed):
    return ask(bed).json["number"]


def issue(bed, client=None, **form):
    return bed.issue(client or bed.app, scope="calls.read", **form)


def revoke(bed, client=None, token=None, **form):
    """The sid of a token that is revoked."""
    token = token or issue(bed, client, **form)
    assert bed.revoke(token, client or bed.app).status == 200
    return sid_of(token)


def sid_of(token):
    return json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))["jti"].split(".")[0]


def manage(bed, method, path, body=None):
    reply = bed.request(method, f"/core/v2/{path}", None if body is None else json.dumps(body).encode(),
                        [("Authorization", f"Bearer {bed.issue(bed.admin)}"), ("Content-Type", "application/json")])
    assert reply.status in (200, 204), reply.body
    return reply.json if reply.body else None


# ---- the document ----

def test_where_it_is_and_nothing_since(bed):
    first = ask(bed)
    assert set(first.json) == {"feed_id", "number", "tables_version"} and uuid.UUID(first.json["feed_id"])
    tag = first.header("ETag")
    again = ask(bed, headers=[("If-None-Match", f'"x", W/{tag}')])
    assert (again.status, again.body, again.header("ETag")) == (304, b"", tag)
    revoke(bed)
    later = ask(bed, headers=[("If-None-Match", tag)])
    assert later.status == 200 and later.json["number"] == first.json["number"] + 1
    assert later.json["tables_version"] == first.json["tables_version"]
    assert later.header("Cache-Control") == "no-store"


def test_nothing_since_is_said_of_what_was_all_told(bed):
    """A page of more has no ETag, and one of elsewhere does not stand for what was never told (P2)."""
    start = now(bed)
    tag = ask(bed).header("ETag")
    for _ in range(PAGE + 1):
        revoke(bed)
    page = ask(bed, f"?after={start}")
    assert page.json["has_more"] and page.header("ETag") is None
    rest = ask(bed, f"?after={page.json['after']}", headers=[("If-None-Match", tag)])
    assert rest.status == 200 and len(rest.json["entries"]) == 1 and not rest.json["has_more"]
    known = [("If-None-Match", rest.header("ETag"))]
    assert ask(bed, f"?after={rest.json['after']}", headers=known).status == 304
    assert len(ask(bed, f"?after={start}", headers=known).json["entries"]) == PAGE
    assert len(ask(bed, f"?after={rest.json['after'] - 1}", headers=[("If-None-Match", "*")]).json["entries"]) == 1


def test_entries_behind_a_number(bed):
    start = now(bed)
    sids = [revoke(bed) for _ in range(3)]
    reply = ask(bed, f"?after={start}").json
    assert [e["token_sid"] for e in reply["entries"]] == sids
    assert [e["number"] for e in reply["entries"]] == [start + 1, start + 2, start + 3]
    assert (reply["after"], reply["has_more"], reply["reset"]) == (start + 3, False, False)
    assert entries(bed, f"{reply['feed_id']}.{start + 2}")[0]["token_sid"] == sids[2]
    assert entries(bed, start + 3) == []


@pytest.mark.parametrize("far", ["9223372036854775807", "01995f2a-7c00-7aaa-8000-0123456789ab.1"])
def test_a_position_of_another_feed_resets(bed, far):
    sid = revoke(bed)
    reply = ask(bed, f"?after={far}").json
    assert reply["reset"] and reply["entries"][0]["number"] <= reply["number"]
    while reply["has_more"]:
        reply = ask(bed, f"?after={reply['after']}").json
    assert reply["entries"][-1]["token_sid"] == sid and reply["after"] == reply["number"]


@pytest.mark.parametrize("query", ["?after=x", "?after=-1", "?after=1.1", "?after=18446744073709551616", "?after=1&after=1",
                                   "?after=x.1", "?after=01", "?after=%00", "?after"])
def test_a_position_that_is_none_is_refused(bed, query):
    assert ask(bed, query).status == 400


def test_each_kind_is_told(bed):
    """And a plan, which ends nothing, is not."""
    start = now(bed)
    made = manage(bed, "POST", "oauth/token", {"scopes": ["calls.manage"], "access_token_expires_in": 600})
    audience = manage(bed, "GET", f"applications/{bed.admin.client_id}")["audiences"]
    assert bed.issuer in audience
    client = {"client_id": bed.sub_partner.client_id}
    manage(bed, "PATCH", f"oauth/tokens/{made['token_sid']}", {"scopes": ["calls.read"]})
    manage(bed, "POST", "admin/revocations", client)
    manage(bed, "POST", "admin/revocations", {**client, "scope": "calls.read"})
    manage(bed, "POST", "admin/revocations", {**client, "dry_run": True})
    manage(bed, "POST", "admin/revocations", {"partner_sid": bed.partner_sid, "issued_before": "2020-01-01T00:00:00.000Z"})
    kid = bed.get("/oauth/jwks").json["keys"][0]["kid"]
    manage(bed, "POST", "admin/revocations", {"kid": kid, "issued_before": "2020-01-01T00:00:00.000Z"})
    told = entries(bed, start, bearer=bed.issue(bed.admin))
    kinds = [entry["kind"] for entry in told]
    assert kinds == ["narrowed", "application", "selector", "partner", "key"]
    narrowed, application, selector, partner, key = told
    assert narrowed["token_sid"] == made["token_sid"] and "below" not in narrowed
    assert application["client_id"] == bed.sub_partner.client_id and application["below"] == application["number"]
    assert selector["client_id"] == bed.sub_partner.client_id and "calls.read" in selector["scopes"]
    assert partner["partner_sid"] == bed.partner_sid and partner["issued_before"] == 1577836800
    assert key["kid"] == kid and all(entry["until"] > time.time() for entry in told)


# ---- who ----

def test_7662_2_1_who_may_not_introspect_may_not_follow(bed):
    assert bed.get(PATH).status == 401
    assert ask(bed, client=bed.app).status == 403
    assert ask(bed, bearer=issue(bed, bed.admin)).status == 403
    assert ask(bed, bearer="eyJ.a.b").status == 401
    assert bed.request("HEAD", PATH).status == 405
    assert bed.post(PATH, {}, bed.resource_server).status == 405
    for client, status in ((bed.app, 403), (bed.resource_server, 200)):
        with Stream(bed, client) as stream:
            assert stream.status == status


def test_F_07_audience_and_subtree_decide(bed):
    """THREATS-31: as at introspection, entry by entry."""
    start = now(bed)
    ours, below = revoke(bed, resource=bed.audience), revoke(bed, bed.sub_partner)
    other = revoke(bed, bed.seeded("many"), resource="https://other.testbed.example")
    shown = {who: [e["token_sid"] for e in entries(bed, start, client=client)] for who, client in (
        ("ours", bed.resource_server), ("sub", bed.seeded("sub_server")), ("other", bed.seeded("other_server")))}
    assert shown == {"ours": [ours, below], "sub": [below], "other": [other]}


def test_M2_a_bearer_sees_its_own(bed):
    start = now(bed)
    own = bed.issue(bed.admin, scope="oauth.manage")
    mates, alien = revoke(bed), revoke(bed, bed.sub_partner)
    assert entries(bed, start, bearer=own) == []
    partner = bed.issue(bed.admin, scope="oauth.manage_all_tokens")
    assert [e["token_sid"] for e in entries(bed, start, bearer=partner)] == [mates]
    whole = bed.issue(bed.admin, scope="scopemint.introspect")
    assert [e["token_sid"] for e in entries(bed, start, bearer=whole)] == [mates, alien]


def test_epochs_of_others_are_not_shown(bed):
    """Those that can concern a token of the caller's are."""
    start = now(bed)
    manage(bed, "POST", "admin/revocations", {"client_id": bed.app.client_id})
    manage(bed, "POST", "admin/revocations", {"client_id": bed.sub_partner.client_id})
    manage(bed, "POST", "admin/revocations", {"partner_sid": bed.partner_sid, "issued_before": "2020-01-01T00:00:00Z",
                                              "descendants": True})
    kinds = [(e["kind"], e.get("client_id")) for e in entries(bed, start, client=bed.seeded("sub_server"))]
    assert kinds == [("application", bed.sub_partner.client_id), ("partner_tree", None)]


# ---- events ----

def test_how_it_is_framed(short):
    with Stream(short) as stream:
        assert stream.status == 200 and stream.header("content-type") == "text/event-stream"
        assert stream.header("transfer-encoding") == "chunked" and stream.header("content-length") is None
        assert stream.header("connection") == "close" and stream.header("cache-control") == "no-store"
        events = stream.until("current")
        assert [e.name for e in events] == ["tables", "current"]
        assert events[0].data == ask(short).json
    with Stream(short, version="1.0") as stream:
        assert stream.header("transfer-encoding") is None and stream.until("current")
        sid = revoke(short)
        assert stream.next().data["token_sid"] == sid


def test_P2_an_event_for_each_entry(short):
    with Stream(short) as first, Stream(short) as second:
        at = first.until("current")[-1].number
        second.until("current")
        sids = [revoke(short) for _ in range(20)]
        for stream in (first, second):
            events = [stream.next() for _ in sids]
            assert [e.data["token_sid"] for e in events] == sids
            assert [e.number for e in events] == list(range(at + 1, at + 21))
            assert all(e.name == e.data["kind"] == "revoked" for e in events)


def test_P2_who_is_told_is_answered_by_it(short):
    """The index has heard of an entry before its event leaves."""
    with Stream(short) as stream:
        stream.until("current")
        for _ in range(50):
            token = issue(short)
            done = threading.Thread(target=short.revoke, args=(token,))
            done.start()
            assert stream.next().data["token_sid"] == sid_of(token)
            assert short.introspect(token) == {"active": False}
            done.join()


def test_a_heartbeat_moves_the_position(short):
    """Past entries that the caller does not see, so that they are not read again."""
    with Stream(short, short.seeded("other_server")) as stream:
        stream.until("current")
        revoke(short)
        at = now(short)
        beats = [stream.next(3 * HEARTBEAT_S, comments=True) for _ in range(2)]
        assert [beat.text.split("\n")[0] for beat in beats] == [": heartbeat"] * 2
        assert beats[1].number == at and 0.5 * HEARTBEAT_S < beats[1].at - beats[0].at < 2 * HEARTBEAT_S


def test_F_14_it_is_resumed_exactly(short):
    with Stream(short) as stream:
        stream.until("current")
        revoke(short)
        last = stream.next().id
    missed = [revoke(short) for _ in range(5)]
    for more in ({"last": last}, {"path": f"{PATH}?after={last}"}, {"last": last, "path": f"{PATH}?after=0"},
                 {"path": f"{PATH}?after={last.rsplit('.', 1)[1]}"}):
        with Stream(short, **more) as stream:
            events = stream.until("current")
            assert [e.name for e in events] == ["tables", *["revoked"] * 5, "current"]
            assert [e.data["token_sid"] for e in events[1:-1]] == missed


@pytest.mark.parametrize("last", ["x", "9223372036854775807", "99999999999999999999999", "-1", "a.b", "\"", "é", "1 2",
                                  "01995f2a-7c00-7aaa-8000-0123456789ab.1", "x" * 8000], ids=lambda last: last[:20])
def test_what_cannot_be_resumed_begins_anew(short, last):
    sid = revoke(short)
    with Stream(short, last=last) as stream:
        events = stream.until("current")
        assert [e.name for e in events[:2]] == ["reset", "tables"] and events[0].number == 0
        assert events[-2].data["token_sid"] == sid
        numbers = [e.number for e in events[2:-1]]
        assert numbers == sorted(set(numbers))


def test_after_a_start_the_tables_are_new(own_bed):
    """F-14: and the sequence is the one it was."""
    bed = own_bed(["feed.heartbeat_s=1"])
    with Stream(bed) as stream:
        before = stream.until("current")[0].data
        revoke(bed)
        last = stream.next().id
        stopping = threading.Thread(target=bed.stop)
        stopping.start()
        assert stream.is_over() and stream.ended  # by SIGTERM, as it ought to end
        stopping.join()
    bed.start()
    with Stream(bed, last=last) as stream:
        events = stream.until("current")
    assert [e.name for e in events] == ["tables", "current"]
    assert events[0].data["feed_id"] == before["feed_id"]
    assert events[0].data["tables_version"] != before["tables_version"]


def test_P1_changes_of_tables_are_told(short):
    with Stream(short) as stream:
        versions = [stream.until("current")[0].data["tables_version"]]
        path = f"applications/{short.seeded('brief').client_id}"
        for change in (lambda: manage(short, "PATCH", path, {"scopes": ["sms.read"]}),
                       lambda: manage(short, "PATCH", path, {"scopes": ["calls.read"]}),
                       short.reload,
                       lambda: (short.scopemint("key", "rotate", "--force"), short.reload())):
            change()
            event = stream.next()
            assert event.name == "tables"
            versions.append(event.data["tables_version"])
        assert len(set(versions)) == len(versions)
        sid = revoke(short)  # and it goes on
        assert stream.next().data["token_sid"] == sid


# ---- its end ----

def test_it_ends_with_the_callers_token(short):
    """RFC 7009 2.2, P2: within a second, whatever else the caller may hold."""
    bearer = short.issue(short.admin, scope="scopemint.introspect")
    with Stream(short, bearer=bearer) as stream, Stream(short) as other:
        stream.until("current")
        other.until("current")
        short.revoke(bearer, short.admin)
        assert stream.is_over(1.5) and stream.ended
        assert not other.is_over(0.1)


@pytest.mark.parametrize("what", ["suspended", "not its right", "secret"])
def test_it_ends_with_the_application(short, what):
    server = short.seeded("sub_server") if what != "secret" else short.seeded("other_server")
    path = f"applications/{server.client_id}"
    with Stream(short, server) as stream:
        stream.until("current")
        if what == "secret":
            made = manage(short, "POST", f"{path}/secrets", {})
            assert not stream.is_over(0.6)
            ids = [s["secret_id"] for s in manage(short, "GET", f"{path}/secrets")["items"]]
            manage(short, "DELETE", f"{path}/secrets/{next(i for i in ids if i != made['secret_id'])}")
        else:
            field = {"status": "suspended"} if what == "suspended" else {"introspection": False}
            manage(short, "PATCH", path, field)
        assert stream.is_over(1.5) and stream.ended
    if what != "secret":
        with Stream(short, server) as stream:
            assert stream.status in (401, 403)
        manage(short, "PATCH", path, {"status": "active", "introspection": True})


# ---- its bounds ----

def may_follow(bed):
    with Stream(bed) as stream:
        return stream.status == 200


def test_streams_have_a_bound_of_their_own(short):
    """Which no other request meets, and which a client that leaves gives back."""
    with contextlib.ExitStack() as opened:
        streams = [opened.enter_context(Stream(short)) for _ in range(STREAMS)]
        assert [s.status for s in streams] == [200] * STREAMS
        with Stream(short) as more:
            assert more.status == 503 and int(more.header("retry-after")) > 0
        assert all(short.is_active(issue(short)) for _ in range(10))  # max_in_flight is 4
        for stream, reset in zip(streams, (True, False)):
            assert not may_follow(short)
            stream.close(reset)
            assert eventually(lambda: may_follow(short), 3, 0.2)
            opened.enter_context(Stream(short))


def test_who_sends_no_more_may_still_read(short):
    """RFC9112-9.6. One that has left is found out by writing to it."""
    with Stream(short) as stream:
        stream.until("current")
        stream.link.shutdown(socket.SHUT_WR)
        time.sleep(1.5)
        sid = revoke(short)
        assert stream.next().data["token_sid"] == sid and not stream.is_over(0.1)


def test_what_else_comes_is_thrown_away(short):
    """No request behind it is answered, and no amount of them held."""
    with Stream(short) as stream:
        stream.until("current")
        stream.link.settimeout(0.5)
        with contextlib.suppress(TimeoutError, ConnectionError):
            for _ in range(200):
                stream.link.send(b"GET /oauth/jwks HTTP/1.1\r\nHost: x\r\n\r\n" * 100)
        sid = revoke(short)
        assert stream.next().data["token_sid"] == sid


def test_silence_outlives_every_time_limit(short):
    """idle_timeout_s is 2, body_timeout_s 1."""
    with Stream(short) as stream:
        stream.until("current")
        assert not stream.is_over(4)
        sid = revoke(short)
        assert stream.next().data["token_sid"] == sid


def put_entries(bed, count):
    """Revocations of tokens whose rows are gone, straight into the store; the number of the first."""
    bed.stop()
    with contextlib.closing(sqlite3.connect(bed.facts["store"])) as link, link:
        last = link.execute("SELECT last_number FROM store").fetchone()[0]
        columns = {row[1]: row for row in link.execute("PRAGMA table_info(entries)")}
        fixed = {"kind": "token", "kid": "", "end_s": int(time.time()) + 3600, "at_ms": int(time.time() * 1000)}
        names = list(columns)
        def value(name, number):
            if name == "number":
                return number
            if name == "id":
                return os.urandom(16)
            return fixed.get(name, {"TEXT": "", "INTEGER": 0, "BLOB": b""}[columns[name][2]])
        link.executemany(
            f"INSERT INTO entries ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})",
            [[value(name, last + 1 + i) for name in names] for i in range(count)])
        link.execute("UPDATE store SET last_number = ?", (last + count,))
    bed.start()
    return last + 1


def test_ten_thousand_at_once_and_a_slow_reader(own_bed):
    """Who reads gets all, in order, each once; who does not is cut, resumes and has missed nothing; nobody else waits."""
    count = 40_000
    bed = own_bed(["feed.heartbeat_s=1", "server.body_timeout_s=1"])
    first = put_entries(bed, count)
    with Stream(bed, path=f"{PATH}?after=0", buffer=4096) as slow, Stream(bed, path=f"{PATH}?after=0") as good:
        events = good.until("current", 60)
        assert [e.number for e in events if e.name == "revoked"] == list(range(first, first + count))
        time.sleep(2.5)
        sid = revoke(bed)
        assert good.until("revoked")[-1].data["token_sid"] == sid
        seen = []
        while (event := slow.next(5)) is not None:
            seen += [event] if event.name == "revoked" else []
        assert slow.closed and not slow.ended and 0 < len(seen) < count
    with Stream(bed, last=seen[-1].id) as again:
        seen += [e for e in again.until("current", 60) if e.name == "revoked"]
    assert [e.number for e in seen] == list(range(first, first + count + 1))
    page = ask(bed, "?after=0").json
    assert page["has_more"] and page["after"] == page["entries"][-1]["number"]
