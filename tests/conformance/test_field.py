"""From the field: what went wrong in real servers, held against this one (F rows)."""

import os
import random
import socket
import threading
import time

import pytest

from forge import b64, claims, compact, header, token_sid
from testbed import eventually

INACTIVE = b'{"active":false}'


def test_F_01_revoked_stays_revoked_over_a_restart(own_bed):
    bed = own_bed()
    dead, alive = bed.issue(), bed.issue()
    bed.revoke(dead)
    bed.restart()
    assert bed.introspection(dead).body == INACTIVE
    assert bed.is_active(alive)


def test_F_02_revoked_stays_revoked_over_kill_9(own_bed):
    bed = own_bed()
    dead, alive = bed.issue(), bed.issue()
    assert bed.revoke(dead).status == 200
    assert bed.kill() == 1  # the testbed noticed
    bed.start()
    assert bed.introspection(dead).body == INACTIVE
    assert bed.is_active(alive)


@pytest.mark.parametrize("foreign", ["epochs", "feed", "revoked", "CLIENT", "PARTNER", "KID"],
                         ids=lambda value: "F-05-THREATS-32-" + value)
def test_keys_of_one_kind_do_not_reach_another(bed, forger, foreign):
    """A token that calls itself what something else is called touches nothing but itself."""
    witness = bed.issue()
    value = {"CLIENT": bed.app.client_id, "PARTNER": bed.partner_sid, "KID": forger.kid}.get(foreign, foreign)
    before = sorted(bed.redis("KEYS", "*").split())
    bed.revoke(value)
    bed.revoke(forger.make(payload={"jti": value}))
    assert sorted(bed.redis("KEYS", "*").split()) == before
    bed.revoke(forger.make(payload={"jti": f"{bed.app.client_id}.1"}))
    assert bed.is_active(witness)
    assert bed.token(bed.app).status == 200


def test_F_05_THREATS_32_every_key_in_redis_has_its_kind(bed):
    bed.revoke(bed.issue())
    assert eventually(lambda: bed.redis("KEYS", "*") != "")
    for key in bed.redis("KEYS", "*").split():
        assert key in ("scopemint:v1:feed", "scopemint:v1:epochs") or key.startswith("scopemint:v1:"), key


def test_F_15_revoked_in_its_first_second(bed):
    for _ in range(50):
        token = bed.issue()
        assert bed.revoke(token).status == 200
        assert bed.introspection(token).body == INACTIVE


def mutations(token, count):
    """Truncated, reordered, bit-flipped: seeded, so that a failure can be repeated."""
    source = random.Random(7662)
    parts = token.split(".")
    for size in range(0, len(token), 7):
        yield token[:size]
    for _ in range(count):
        raw = bytearray(token.encode())
        kind = source.randrange(4)
        if kind == 0:
            raw[source.randrange(len(raw))] ^= 1 << source.randrange(7)
        elif kind == 1:
            start = source.randrange(len(raw))
            del raw[start:start + source.randrange(1, 20)]
        elif kind == 2:
            raw.insert(source.randrange(len(raw)), source.randrange(33, 127))
        else:
            source.shuffle(parts)
            raw = bytearray(".".join(parts).encode())
        if bytes(raw) != token.encode():
            yield raw.decode("latin-1")


def test_F_21_mutated_tokens(bed, is_long, figures):
    token = bed.issue()
    link = bed.connect()
    count = 0
    for count, value in enumerate(mutations(token, 100_000 if is_long else 800), 1):
        if value:
            reply = bed.post("/oauth/introspect", {"token": value}, bed.resource_server, connection=link)
            assert (reply.status, reply.body) == (200, INACTIVE), value
    link.close()
    assert bed.is_active(token)
    figures(tokens=count)


@pytest.mark.parametrize("path", [
    "/../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/%252e%252e/etc/passwd", "/errors/../../etc/passwd",
    "/errors/..%2f..%2fetc%2fpasswd", "/errors/%00", "/oauth/token/../jwks", "//etc/passwd", "/oauth//jwks", "/oauth/jwks/",
    "/OAUTH/JWKS", "/oauth/jwks;x=1", "/.well-known/../oauth/jwks", "/errors/", "/errors/invalid_scope/x", "/",
    "/%6fauth/jwks", "/oauth\\jwks", "/keys/active.pem", "/metrics", "/readyz",
], ids=lambda value: "F-22-" + value)
def test_no_path_leads_to_a_file(bed, path):
    answer = bed.raw(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode(), shut=False)
    status = int(answer.split(b" ")[1])
    assert status in (400, 404), answer[:200]
    assert b"root:" not in answer and b"PRIVATE KEY" not in answer


def test_F_30_a_flood_of_random_kids(bed, forger):
    """No look outside, no reload: the key set keeps its ETag, and one takes as long as another."""
    etag = bed.get("/oauth/jwks").header("ETag")
    link = bed.connect()

    def seconds(count):
        begin = time.monotonic()
        for _ in range(count):
            value = forger.make(head={"kid": b64(os.urandom(16))}, sign=lambda data: bytes(64))
            assert bed.post("/oauth/introspect", {"token": value}, bed.resource_server, connection=link).body == INACTIVE
        return time.monotonic() - begin

    first, last = seconds(300), seconds(300)
    link.close()
    assert last < 3 * first + 0.5
    assert bed.get("/oauth/jwks").header("ETag") == etag


def test_F_32_active_at_the_first_look(bed):
    for _ in range(50):
        assert bed.is_active(bed.issue())


def test_F_13_F_14_THREATS_77_nothing_in_redis_makes_a_token_active(bed):
    dead = bed.issue()
    bed.revoke(dead)
    key = f"scopemint:v1:revoked:{token_sid(dead)}"
    assert eventually(lambda: bed.redis("EXISTS", key) == "1")
    for command in (("DEL", key), ("SET", key, "active"), ("SET", key, "0"), ("SET", "scopemint:v1:feed", "x"),
                    ("DEL", "scopemint:v1:feed"), ("FLUSHALL",)):
        bed.redis(*command)
        assert bed.introspection(dead).body == INACTIVE


def test_F_40_a_slow_client_keeps_nobody_waiting(bed):
    token = bed.issue()
    idle = [socket.create_connection(("127.0.0.1", bed.port)) for _ in range(300)]
    for link in idle:
        link.sendall(b"POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nContent-Le")
    begin = time.monotonic()
    for _ in range(50):
        assert bed.is_active(token)
    assert time.monotonic() - begin < 5
    for link in idle:
        link.close()


def test_F_45_linear_histories_of_one_node(bed, is_long):
    """Many threads issue, introspect, revoke. No introspection that starts after a revoke of the token was answered
    says active; none that ended before the revoke was sent says inactive."""
    seconds, failures, stop = (60 if is_long else 3), [], threading.Event()
    registers = [{"token": bed.issue(), "sent": None, "answered": None} for _ in range(4)]

    def introspect():
        link = bed.connect()
        while not stop.is_set():
            register = random.choice(registers)
            token, begin = register["token"], time.monotonic()
            active = b'"active":true' in bed.post("/oauth/introspect", {"token": token}, bed.resource_server,
                                                  connection=link).body
            end = time.monotonic()
            if register["token"] != token:
                continue
            if active and register["answered"] is not None and register["answered"] < begin:
                failures.append(("active after the revoke", token_sid(token)))
            if not active and (register["sent"] is None or register["sent"] > end):
                failures.append(("inactive before the revoke", token_sid(token)))
        link.close()

    def revoke():
        link = bed.connect()
        while not stop.is_set():
            index = random.randrange(len(registers))
            register = registers[index]
            if register["sent"] is None:
                register["sent"] = time.monotonic()
                assert bed.post("/oauth/revoke", {"token": register["token"]}, bed.app, connection=link).status == 200
                register["answered"] = time.monotonic()
            else:
                token = bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app, connection=link)
                registers[index] = {"token": token.json["access_token"], "sent": None, "answered": None}
            time.sleep(0.005)
        link.close()

    threads = [threading.Thread(target=work) for work in (introspect, introspect, introspect, revoke)]
    for thread in threads:
        thread.start()
    time.sleep(seconds)
    stop.set()
    for thread in threads:
        thread.join()
    assert not failures


def test_F_21_the_payload_of_another_token(bed):
    one, two = bed.issue(), bed.issue()
    head, payload, signature = one.split(".")
    swapped = f"{head}.{two.split('.')[1]}.{signature}"
    longer = f"{b64(compact(header(one)))}.{b64(compact({**claims(one), 'exp': 9999999999}))}.{signature}"
    for value in (swapped, longer):
        assert bed.introspection(value).body == INACTIVE
