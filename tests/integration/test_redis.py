"""Redis as the public read-only interface: what stands there, and that its absence changes no answer."""

import contextlib
import os
import signal
import threading
import time

import pytest

from forge import claims, token_sid
from node import redis_of
from testbed import eventually

FEED = "scopemint:v1:feed"


def key_of(token):
    return f"scopemint:v1:revoked:{token_sid(token)}"


def redis_pid(bed):
    lines = bed.redis("INFO", "server").splitlines()
    return int(next(line for line in lines if line.startswith("process_id:")).split(":")[1])


@contextlib.contextmanager
def frozen(pid):
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def assert_the_job_works(bed, within_s=2.0):
    begin = time.monotonic()
    token = bed.issue()
    assert bed.is_active(token)
    assert bed.revoke(token).status == 200
    assert bed.introspect(token) == {"active": False}
    assert time.monotonic() - begin < within_s
    return token


def test_a_revoked_token_has_a_key_with_its_life_and_an_entry_in_the_feed(own_bed):
    bed = own_bed()
    token = bed.issue(bed.app, access_token_ttl="300")
    assert bed.redis("EXISTS", key_of(token)) == "0"
    bed.revoke(token)
    assert eventually(lambda: bed.redis("EXISTS", key_of(token)) == "1")
    left = claims(token)["exp"] - time.time()
    assert left - 2 <= int(bed.redis("TTL", key_of(token))) <= left + 2
    assert int(bed.redis("GET", key_of(token))) >= 1
    assert token_sid(token) in bed.redis("XRANGE", FEED, "-", "+")


def test_the_numbers_rise_in_commit_order(own_bed):
    bed = own_bed()
    tokens = [bed.issue() for _ in range(20)]
    for token in tokens:
        bed.revoke(token)
    assert eventually(lambda: bed.redis("EXISTS", key_of(tokens[-1])) == "1")
    numbers = [int(bed.redis("GET", key_of(token))) for token in tokens]
    assert numbers == sorted(set(numbers))


def test_F_11_F_14_a_flushed_redis_is_filled_again(own_bed):
    bed = own_bed()
    dead = [bed.issue() for _ in range(30)]
    for token in dead:
        bed.revoke(token)
    assert eventually(lambda: all(bed.redis("EXISTS", key_of(token)) == "1" for token in dead))
    for command in ("FLUSHALL", "FLUSHDB"):
        bed.redis(command)
        begin = time.monotonic()
        for token in dead:
            assert bed.introspect(token) == {"active": False}
        assert eventually(lambda: all(bed.redis("EXISTS", key_of(token)) == "1" for token in dead), timeout_s=10)
        assert time.monotonic() - begin < 2.0
    assert int(bed.redis("TTL", key_of(dead[0]))) > 0


def test_F_11_F_12_F_44_a_stopped_redis(own_bed):
    bed = own_bed()
    before = assert_the_job_works(bed)
    assert eventually(lambda: bed.redis("EXISTS", key_of(before)) == "1")
    with frozen(redis_pid(bed)):
        during = assert_the_job_works(bed)
        assert bed.introspect(before) == {"active": False}
        assert bed.get("/livez", admin=True).status == 200
        assert bed.get("/readyz", admin=True).status == 200
    assert eventually(lambda: bed.redis("EXISTS", key_of(during)) == "1")
    assert_the_job_works(bed)


def test_F_12_F_14_F_44_a_killed_redis_and_an_empty_one_in_its_place(own_bed):
    bed = own_bed()
    before = assert_the_job_works(bed)
    assert eventually(lambda: bed.redis("EXISTS", key_of(before)) == "1")
    os.kill(redis_pid(bed), signal.SIGKILL)
    during = assert_the_job_works(bed)
    assert bed.introspect(before) == {"active": False}

    def degraded():
        reply = bed.get("/readyz", admin=True)
        assert reply.status == 200
        return b"degraded" in reply.body and b"redis" in reply.body.lower()

    assert eventually(degraded)
    with redis_of(bed):
        for token in (before, during):
            assert eventually(lambda token=token: bed.redis("EXISTS", key_of(token)) == "1" if
                              os.path.exists(bed.facts["redis_socket"]) else False, timeout_s=10)
        assert eventually(lambda: b"degraded" not in bed.get("/readyz", admin=True).body)


def test_F_14_restarted_on_its_folder_with_an_empty_redis(own_bed):
    bed = own_bed()
    token = assert_the_job_works(bed)
    bed.restart()
    assert bed.introspect(token) == {"active": False}
    assert eventually(lambda: bed.redis("EXISTS", key_of(token)) == "1")


@pytest.mark.parametrize("settings", [["server.threads=1"], ["server.threads=2"]], ids=lambda value: "F-41-" + value[0])
def test_sigterm_drains(own_bed, settings):
    """What was sent before is answered, nothing is half done, the end is 0; what was answered holds."""
    bed = own_bed(settings)
    revoked, torn, stop = [], [], threading.Event()

    def work():
        link = bed.connect()
        while not stop.is_set():
            try:
                token = bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app,
                                 connection=link).json["access_token"]
                if bed.post("/oauth/revoke", {"token": token}, bed.app, connection=link).status == 200:
                    revoked.append(token)
            except ValueError as error:  # an answer that is not whole
                torn.append(error)
            except Exception:  # noqa: BLE001: the connection was closed between two requests
                return
        link.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    time.sleep(0.5)
    begin = time.monotonic()
    assert bed.stop() == 0
    assert time.monotonic() - begin < 15
    stop.set()
    for thread in threads:
        thread.join()
    assert revoked and not torn
    bed.start()
    for token in revoked[-50:]:
        assert bed.introspect(token) == {"active": False}


def test_F_41_an_idle_connection_does_not_hold_up_the_end(own_bed):
    bed = own_bed()
    link = bed.connect()
    bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app, connection=link)
    begin = time.monotonic()
    assert bed.stop() == 0
    assert time.monotonic() - begin < 5
    link.close()
