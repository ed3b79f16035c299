"""What a hostile partner, a careless caller or an unlucky machine sends to the revocations and the leak desk: rooms filled
to lock others out, plans carried out twice, tokens brought back, questions that tell of others (P2, M2, THREATS-63)."""

import asyncio
import contextlib
import json
import socket
import sqlite3
import time

import pytest

from by_selector import REVOCATIONS, SEED, Revocations
from family import TREE, UNKNOWN
from forge import claims, token_sid
from quick import Link
from testbed import eventually

LEAKS = "/core/v2/admin/leaks"
TOKENS = "/core/v2/oauth/tokens"


class Attack(Revocations):
    """And many who ask at once."""

    def crowd(self, bodies, token, path=REVOCATIONS):
        """All of them at the same moment, each on a connection of its own; statuses and bodies."""

        async def one(link, body):
            return await link.json("POST", path, token, body)

        async def run():
            links = [await Link(self.bed.port).open() for _ in bodies]
            try:
                return await asyncio.gather(*(one(link, body) for link, body in zip(links, bodies)))
            finally:
                for link in links:
                    link.close()

        return asyncio.run(run())


def fill_tokens(attack, count):
    """Copies of the first token's row that come before all others, so that walks are under way for a while."""
    bed = attack.bed
    attack.token("stranger")
    bed.stop()
    with contextlib.closing(sqlite3.connect(bed.facts["store"])) as store, store:
        names = [column[1] for column in store.execute("PRAGMA table_info(tokens)")]
        row = dict(zip(names, store.execute("SELECT * FROM tokens").fetchone()))
        copies = ({**row, "token_sid": b"\x01\x80" + bytes(4) + b"\x70\0\x80\0" + n.to_bytes(6, "big")}
                  for n in range(count))
        store.executemany(f"INSERT INTO tokens VALUES ({','.join('?' * len(names))})",
                          (tuple(copy.values()) for copy in copies))
    bed.start()


def without(value, lost):
    """The scope table without that value."""
    if isinstance(value, list):
        return [without(one, lost) for one in value
                if one != lost and not (isinstance(one, dict) and lost in one.values())]
    return {key: without(one, lost) for key, one in value.items()} if isinstance(value, dict) else value


@pytest.fixture(scope="module")
def attack(module_bed):
    return Attack(module_bed(seed=SEED))


@pytest.fixture
def own_attack(own_bed):
    return lambda settings=(): Attack(own_bed(settings, SEED))


# ---- room ----


def test_others_together_leave_the_root_its_room_too(own_attack):
    """64 are in force at a time, 16 of them the root's and 8 of each other partner, also when all are asked for in one
    moment."""
    attack = own_attack()
    for ref in TREE:
        token = attack.caller(ref, "scopemint.revoke")
        replies = attack.crowd([{"scope": "sms.manage", "client_id": attack.apps[ref]}] * 30, token)
        taken = [status for status, _ in replies]
        assert sorted(taken) == [200] * 8 + [409] * 22, (ref, taken)
        assert attack.post({"client_id": attack.apps[ref], "issued_before": "2020-01-01T00:00:00Z"}, token).status == 200
    assert attack.post({"scope": "sms.manage"}).status == 200


def test_a_partner_by_over_ceiling_leaves_others_their_changes_of_scopes(own_attack):
    """One that asks for it again and again has changes of scopes answered 503 for half of the time at most."""
    attack = own_attack()
    fill_tokens(attack, 15_000)
    token = attack.caller("self", "scopemint.revoke scopemint.audit")
    above = attack.caller("root", "scopemint.revoke")
    asked = {"over_ceiling": True, "client_id": attack.apps["self"]}
    first = attack.done(asked, token)
    replies = attack.crowd([asked] * 30, token)
    assert {status for status, _ in replies} == {409}, replies
    assert "over_ceiling followed at a time" in str(replies[0][1])
    assert attack.post({"over_ceiling": True}, above).status == 200, "the root's is no other's"
    path = f"{REVOCATIONS}/{first['revocation_sid']}"
    assert eventually(lambda: attack.call("GET", path, token=token).json["state"] == "done", 60)
    assert attack.post(asked, token).status == 409, "it was followed a moment ago"
    assert eventually(lambda: attack.post(asked, token).status == 200, 60)


def test_plans_of_a_partner_are_bounded(own_attack):
    """Else one partner fills the store, and the lists of all others with it."""
    attack = own_attack()
    token, below = (attack.caller(ref, "scopemint.revoke") for ref in ("self", "child"))
    body = {"client_id": attack.apps["self"], "dry_run": True}

    async def plan(times):
        link = await Link(attack.bed.port).open()
        try:
            return [(await link.json("POST", REVOCATIONS, token, body))[0] for _ in range(times)]
        finally:
            link.close()

    assert asyncio.run(plan(1001)) == [200] * 1000 + [409]
    assert attack.post({"client_id": attack.apps["child"], "dry_run": True}, below).status == 200
    assert attack.post({"client_id": attack.apps["self"]}, token).status == 200, "revoking is not held up"


# ---- once ----


def test_of_many_executions_of_one_plan_one_is_it(attack):
    token = attack.caller("root", "scopemint.revoke")
    plan = attack.done({"client_id": attack.apps["stranger"], "dry_run": True}, token)["plan_id"]
    statuses = sorted(status for status, _ in attack.crowd([{"plan_id": plan}] * 40, token))
    assert statuses[0] == 200 and set(statuses[1:]) == {409}, statuses


# ---- P2: what was ended stays ended ----


def test_P2_a_younger_jwt_of_the_token_does_not_bring_an_older_one_back(attack):
    """A plan ends the JWT that was counted and spares the one signed since; narrowing the token to names that the
    revocation is not about leaves the first as ended as it was."""
    first = attack.token("self", scope="calls.manage oauth.manage_all_tokens oauth.allow_token_scope_update")
    caller = attack.caller("self", "sms.manage calls.manage oauth.manage_all_tokens oauth.allow_token_scope_update")
    plan = attack.done({"scope": "calls.manage", "client_id": attack.apps["self"], "dry_run": True})
    caller = attack.caller("self", "sms.manage calls.manage oauth.manage_all_tokens oauth.allow_token_scope_update")
    reply = attack.call("PATCH", f"{TOKENS}/{token_sid(first)}",
                        {"scopes": ["calls.manage", "sms.manage", "oauth.manage_all_tokens",
                                    "oauth.allow_token_scope_update"]}, caller)
    assert reply.status == 200, reply.body
    second = reply.json["access_token"]
    attack.done({"plan_id": plan["plan_id"]})
    assert not attack.is_active(first)
    assert attack.is_active(second)
    reply = attack.call("PATCH", f"{TOKENS}/{token_sid(first)}", {"scopes": ["sms.manage"]}, caller)
    assert not attack.is_active(first), reply.body


def test_P2_a_scope_given_and_taken_later_does_not_revive_an_older_jwt(attack):
    """Where giving the token what the revocation was about ended its older JWT, taking it back does not undo that."""
    first = attack.token("self", scope="sms.manage oauth.manage_all_tokens oauth.allow_token_scope_update")
    attack.done({"scope": "calls.manage", "client_id": attack.apps["self"]})
    caller = attack.caller("self", "sms.manage calls.manage oauth.manage_all_tokens oauth.allow_token_scope_update")
    seen = [attack.is_active(first)]
    for names in (["sms.manage", "calls.manage"], ["sms.manage"]):
        attack.call("PATCH", f"{TOKENS}/{token_sid(first)}", {"scopes": names}, caller)
        seen.append(attack.is_active(first))
    assert seen == sorted(seen, reverse=True), seen


def test_P2_a_revocation_lasts_as_long_as_tokens_of_an_earlier_policy(own_attack):
    """tokens.access_ttl_max_s was lowered since they were issued."""
    attack = own_attack()
    token = attack.token("self", access_token_ttl="3600")
    with attack.bed.config.open("a") as config:
        config.write("tokens:\n  access_ttl_default_s: 60\n  access_ttl_max_s: 60\n")
    attack.bed.reload()
    assert eventually(lambda: "reloaded" in attack.bed.log()), attack.bed.log()
    short = attack.token("stranger", access_token_ttl="3600")
    assert claims(short)["exp"] - claims(short)["iat"] == 60, "the policy is the new one"
    receipt = attack.done({"client_id": attack.apps["self"]})
    end = receipt["date_end"]
    exp = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(claims(token)["exp"]))
    assert end >= exp, (end, exp)


def test_P2_scope_tables_stay_while_a_revocation_is_decided_by_them(own_attack):
    """A value that comes back with a reload brings no token back that over_ceiling ended for lack of it."""
    attack = own_attack()
    bed, lost = attack.bed, "partners.skip_partner_review"
    token = bed.issue(bed.admin, scope=lost)
    fill_tokens(attack, 15_000)
    table = bed.config.parent / "scopes" / "carrierx.json"
    text = table.read_text()

    def reloaded(text):
        before = bed.log().count('"reload')
        table.write_text(text)
        bed.reload()
        assert eventually(lambda: bed.log().count('"reload') > before)

    reloaded(json.dumps(without(json.loads(text), lost)))
    assert attack.is_active(token)
    made = attack.done({"over_ceiling": True})
    assert not attack.is_active(token)
    reloaded(text)
    assert not attack.is_active(token)
    path = f"{REVOCATIONS}/{made['revocation_sid']}"
    assert eventually(lambda: attack.call("GET", path).json["state"] == "done", 60)
    reloaded(text)
    assert not attack.is_active(token)
    assert bed.token(bed.admin, scope=lost).status == 200, "it is back by now"


def test_P2_no_start_with_other_scope_tables_behind_a_revocation_decided_by_those_of_before(own_attack):
    """Killed half-way through over_ceiling, with the value back in the table: it does not serve, says why, and goes on
    once the table is as it was."""
    attack = own_attack()
    bed, lost = attack.bed, "partners.skip_partner_review"
    token = bed.issue(bed.admin, scope=lost)
    fill_tokens(attack, 15_000)
    table = bed.config.parent / "scopes" / "carrierx.json"
    full = table.read_text()
    less = json.dumps(without(json.loads(full), lost))
    bed.stop()
    table.write_text(less)
    bed.start()
    assert attack.is_active(token)
    made = attack.done({"over_ceiling": True})
    assert not attack.is_active(token)
    bed.kill()
    table.write_text(full)
    refused = bed.scopemint("serve")
    assert refused.returncode == 3, refused
    assert "over_ceiling" in refused.stderr and "start with those until it is done" in refused.stderr, refused
    assert len(refused.stderr.strip().splitlines()) == 1, refused
    table.write_text(json.dumps(json.loads(less), indent=2))
    bed.start()
    assert not attack.is_active(token)
    path = f"{REVOCATIONS}/{made['revocation_sid']}"
    assert eventually(lambda: attack.call("GET", path).json["state"] == "done", 60)
    bed.stop()
    table.write_text(full)
    bed.start()
    assert not attack.is_active(token)
    assert bed.token(bed.admin, scope=lost).status == 200, "it is back by now"


# ---- what is said is what is done ----


def test_descendants_of_no_partner_are_refused_either_way(attack):
    """Without a partner it is about all that is reached: `descendants: false` would be read the other way round."""
    for value in (True, False):
        reply = attack.post({"scope": "sms.manage", "descendants": value, "dry_run": True})
        assert reply.status == 422, reply.body


BODIES = [
    b"", b"null", b"[]", b"{}", b'""', b"{", b'{"dry_run": true}', b'{"over_ceiling": false}',
    b'{"client_id": null, "scope": "sms.manage"}', b'{"partner_sid": null, "scope": "sms.manage"}',
    b'{"kid": null, "scope": "sms.manage"}', b'{"issued_before": null, "scope": "sms.manage"}',
    b'{"scope": null, "over_ceiling": true}', b'{"scope": ""}', b'{"scope": "sms.manage "}', b'{"scope": "*"}',
    b'{"scope": "SMS.manage"}', b'{"scope": ["sms.manage"]}', b'{"scope": "sms.manage calls.manage"}',
    b'{"client_id": ""}', b'{"client_id": "%s", "client_id": "%s"}' % (UNKNOWN.encode(), UNKNOWN.encode()),
    b'{"scope": "sms.manage", "scope": "calls.manage"}', b'{"scope": "sms.manage", "dry-run": true}',
    b'{"scope": "sms.manage", "dryRun": true}', b'{"scope": "sms.manage", "dry_run": "true"}',
    b'{"scope": "sms.manage", "dry_run": 1}', b'{"scope": "sms.manage", "dry_run": null}',
    b'{"scope": "sms.manage", "over_ceiling": "true"}', b'{"plan_id": null}', b'{"plan_id": ""}',
    b'{"plan_id": "%s", "dry_run": false}' % UNKNOWN.encode(), b'{"plan_id": "%s", "dry_run": true}' % UNKNOWN.encode(),
    b'{"plan_id": "%s", "scope": "sms.manage"}' % UNKNOWN.encode(), b'{"plan_id": ["%s"]}' % UNKNOWN.encode(),
    b'{"kid": ""}', b'{"kid": "\\u0000"}', b'{"kid": "' + b"k" * 60000 + b'"}', b'{"' + b"f" * 60000 + b'": 1}',
    b'{"scope": ' + b"[" * 5000 + b"]" * 5000 + b"}", b"[" * 30000, b'{"scope": "sms.manage"} {}',
    b'{"scope": "sms.manage"}\0', b'\xff\xfe{"scope": "sms.manage"}', b'{"scope": "\xff"}',
    b'{"issued_before": 0, "scope": "sms.manage"}', b'{"issued_before": "", "scope": "sms.manage"}',
    b"{" + b",".join(b'"f%d": 1' % i for i in range(4000)) + b"}",
]
DATES = ["9999-12-31T23:59:59.999Z", "10000-01-01T00:00:00.000Z", "2020-01-01T00:00:00.000+23:59", "2020-02-30T00:00:00Z",
         "2020-01-01", "2020-01-01T00:00:60Z", "2020-01-01T24:00:00Z", "1970-01-01T00:00:00Z", "-2020-01-01T00:00:00Z",
         "2020-01-01t00:00:00z", "2020-01-01T00:00:00." + "9" * 500 + "Z", "99999999999999999999", " 2020-01-01T00:00:00Z"]


def test_no_careless_body_revokes_anything(attack):
    """4xx each, and nothing was ended or planned; F-18, F-24."""
    witness = attack.token("stranger", scope="sms.manage")
    token = attack.caller("root", "scopemint.revoke")
    before = attack.call("GET", REVOCATIONS + "?limit=1000", token=token).json["count"]
    for body in BODIES:
        reply = attack.call("POST", REVOCATIONS, body, token)
        assert 400 <= reply.status < 500, (body[:200], reply.status, reply.body[:500])
    for date in DATES:
        reply = attack.post({"issued_before": date, "client_id": attack.apps["stranger"]}, token)
        assert reply.status in (400, 422), (date, reply.status, reply.body)
    assert attack.call("GET", REVOCATIONS + "?limit=1000", token=token).json["count"] == before
    assert attack.is_active(witness)


@pytest.mark.parametrize("date", ["0001-01-01T00:00:00.000Z", "1969-12-31T23:59:58.500Z", "1970-01-01T00:00:00.001Z"])
def test_a_date_before_all_tokens_ends_none(attack, date):
    witness = attack.token("stranger")
    reply = attack.post({"issued_before": date, "client_id": attack.apps["stranger"]})
    assert reply.status in (200, 409, 422), reply.body
    assert attack.is_active(witness)


# ---- questions about others ----


def test_F_35_what_lies_outside_answers_as_what_does_not_exist(attack):
    """Client, partner, plan and revocation of a parent, a sibling and nobody: the same status, the same words."""
    token = attack.caller("self", "scopemint.revoke scopemint.audit")
    foreign = attack.done({"client_id": attack.apps["stranger"], "dry_run": True},
                          attack.caller("stranger", "scopemint.revoke"))["plan_id"]
    above = attack.done({"client_id": attack.apps["self"], "dry_run": True},
                        attack.caller("parent", "scopemint.revoke"))["plan_id"]
    cases = {
        "client_id": [attack.apps["stranger"], attack.apps["parent"], attack.bed.app.client_id, UNKNOWN],
        "partner_sid": [attack.sids["stranger"], attack.sids["parent"], attack.bed.partner_sid, UNKNOWN],
        "plan_id": [foreign, above, UNKNOWN],
    }
    for field, values in cases.items():
        said = set()
        for value in values:
            reply = attack.post({field: value}, token)
            errors = [(error["code"], error["field"], error["message"]) for error in reply.json["errors"]]
            said.add((reply.status, json.dumps(errors), tuple(sorted(name.lower() for name, _ in reply.headers))))
        assert len(said) == 1, said
    replies = {(reply.status, reply.json["errors"][0]["message"])
               for reply in (attack.call("GET", f"{REVOCATIONS}/{value}", token=token)
                             for value in (foreign, above, UNKNOWN))}
    assert len(replies) == 1 and replies.pop()[0] == 404
    listed = attack.call("GET", REVOCATIONS + "?limit=1000", token=token).json
    assert not {foreign, above} & {item["revocation_sid"] for item in listed["items"]}


def test_the_leak_desk_tells_nothing_of_what_is_foreign(attack):
    """A stranger's live secret and token, with one bit turned, and never issued: as far as `known`, alike."""
    token = attack.caller("self", "scopemint.revoke")
    secret = attack.bed.seeded("stranger").client_secret
    foreign = attack.token("stranger")
    answers = []
    for text in (secret, attack.bed.admin.client_secret, foreign):
        reply = attack.call("POST", LEAKS, {"strings": [text], "act": True}, token)
        assert reply.status == 200, reply.body
        answers.append(reply.json["items"][0])
    for item in answers:
        assert not item["known"] and not item["acted"], item
        assert not any(item[name] for name in ("state", "token_sid", "secret_id", "client_id", "application_name",
                                               "partner_sid", "date_last_accessed", "date_last_used", "reason")), item
    assert attack.is_active(foreign)
    assert attack.bed.token(attack.bed.seeded("stranger")).status == 200


def test_leak_desk_bodies(attack):
    token = attack.caller("self", "scopemint.revoke")
    for body in (b"", b"{}", b'{"strings": null}', b'{"strings": []}', b'{"strings": {}}', b'{"strings": "x"}',
                 b'{"strings": [1]}', b'{"strings": [null]}', b'{"strings": [["x"]]}', b'{"strings": ["x"], "act": 1}',
                 b'{"strings": ["x"], "act": null}', b'{"strings": ["x"], "strings": ["y"]}',
                 b'{"strings": ["' + b"x" * 8193 + b'"]}', b'{"strings": ["x"], "acts": true}',
                 json.dumps({"strings": ["x"] * 101}).encode()):
        reply = attack.call("POST", LEAKS, body, token)
        assert 400 <= reply.status < 500, (body[:80], reply.status, reply.body[:200])
    for texts in ([""], ["Bearer"], ["Bearer "], ["sm_cs_"], ["sm_cs_" + "A" * 8000], ["a.b.c"], [".."],
                  ["." * 8192], ["eyJ" + "A" * 8000 + "." + "B" * 100 + "." + "C" * 80], ["\U0001f600" * 2048],
                  ["\"'`,;" * 1600], [" " * 8192]):
        reply = attack.call("POST", LEAKS, {"strings": texts, "act": True}, token)
        assert reply.status == 200, (texts[0][:80], reply.status, reply.body[:200])


# ---- counts that are left ----


def leave(port, request, how):
    link = socket.create_connection(("127.0.0.1", port))
    link.sendall(request)
    if how == "reset":
        link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    elif how == "half":
        link.shutdown(socket.SHUT_WR)
    link.close()


def head(path, token, body, more=b""):
    return (f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body + more


def test_counts_that_were_left_give_their_place_back(attack):
    token = attack.caller("root", "scopemint.revoke")
    for i in range(300):
        leave(attack.bed.port, head(REVOCATIONS, token, b'{"over_ceiling": true, "dry_run": true}'),
              ("reset", "half", "close")[i % 3])
    assert eventually(lambda: all(
        attack.post({"scope": "sms.manage", "dry_run": True}, token).status == 200 for _ in range(4)), 20)


# ---- what comes while a request waits ----


def test_what_comes_behind_a_waiting_request_changes_nothing_of_it(attack):
    """The name that the store is asked to keep does not move when the connection's buffer does."""
    token = attack.caller("self", "oauth.manage_all_tokens sms.manage")
    form = "grant_type=client_credentials&scopes=sms.manage&name="
    clean = 0
    for i in range(120):
        name = (f"{i:04d}" + "n" * 120)[:120]
        body = (form + name).encode()
        request = (f"POST /core/v2/oauth/token HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\nContent-Type: "
                   f"application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body
        with socket.create_connection(("127.0.0.1", attack.bed.port), 10) as link:
            link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            link.sendall(request)
            junk = b"GET /openapi.json HTTP/1.1\r\nHost: x\r\nX: "
            for size in (1, 100, 3000, 5000, 7000):
                link.sendall(junk[:size] if size < len(junk) else junk + b"z" * size)
            answer = b""
            while b"\r\n\r\n" not in answer:
                more = link.recv(65536)
                if not more:
                    break
                answer += more
            if answer.startswith(b"HTTP/1.1 200"):
                while f'"name":"{name}"'.encode() not in answer and (more := link.recv(65536)):
                    answer += more
                clean += f'"name":"{name}"'.encode() in answer
    assert clean >= 110, clean
