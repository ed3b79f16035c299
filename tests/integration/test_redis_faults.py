"""F-11 to F-14, F-13 above all: whatever is where Redis should be, right answers go on from the index in bounded time,
nothing crashes, nothing that it says brings a token back to life, and once there is a Redis again it is filled."""

import random
import time

import pytest

from fake_redis import (FakeRedis, closing, from_command, half_closing, in_pieces, saying, silent, truncating,
                        truthfully)
from forge import token_sid
from testbed import eventually

ANSWER_S = 2.0
GROWTH_KIB = 64 * 1024
ERRORS = ["ERR unknown", "LOADING Redis is loading the dataset in memory", "MOVED 3999 127.0.0.1:6381",
          "ASK 3999 127.0.0.1:6381", "READONLY You can't write against a read only replica.",
          "OOM command not allowed when used memory > 'maxmemory'.", "MISCONF errors writing to disk",
          "NOAUTH Authentication required.", "WRONGPASS invalid", "NOPERM no", "BUSY script", "MASTERDOWN Link",
          "CLUSTERDOWN The cluster is down", "WRONGTYPE Operation against a key", "EXECABORT", "", "x" * 70_000]
REPLIES = {
    "an_integer": b":1\r\n", "a_huge_integer": b":99999999999999999999999\r\n", "nothing": b"$-1\r\n",
    "no_array": b"*-1\r\n", "an_empty_array": b"*0\r\n", "an_array": b"*2\r\n$1\r\na\r\n:1\r\n",
    "a_status": b"+QUEUED\r\n", "a_string": b"$3\r\nabc\r\n", "a_length_below_0": b"$-5\r\n", "a_count_below_0": b"*-7\r\n",
    "a_length_beyond_all": b"$99999999999999999999\r\nx", "half_a_gigabyte_announced": b"$536870911\r\n" + b"x" * 4096,
    "a_million_elements": b"*1000000\r\n:1\r\n", "depth": b"*1\r\n" * 40, "a_line_without_end": b"+" + b"x" * 65536,
    "a_string_without_end": b"$100000000\r\n" + b"y" * 262144, "two_answers": b"+OK\r\n+OK\r\n",
    "RESP3": b"%1\r\n+server\r\n+redis\r\n", "a_push": b">2\r\n+invalidate\r\n*0\r\n", "HTTP": b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "TLS": bytes.fromhex("15030300020228"), "NULs": bytes(512),
    "a_stream_from_the_future": b"*1\r\n*2\r\n$20\r\n9223372036854775807-1\r\n*2\r\n$1\r\na\r\n$1\r\nb\r\n",
    "a_stream_of_another_kind": b"*1\r\n*2\r\n:5\r\n$1\r\na\r\n", "an_entry_without_an_id": b"*1\r\n*0\r\n",
}
CASES = {
    **{f"error_{text.split(' ')[0][:9].lower() or 'empty'}": saying(b"-%s\r\n" % text.encode()) for text in ERRORS},
    **{name: saying(text) for name, text in REPLIES.items()},
    **{f"{name}_to_{verb.lower()}": from_command(verb.encode(), saying(text)) for verb in ("GET", "XREVRANGE", "SET", "XADD")
       for name, text in REPLIES.items() if name in ("an_integer", "a_string", "no_array", "a_stream_from_the_future")},
    "readonly_to_writes": from_command(b"SET", saying(b"-READONLY replica\r\n")),
    "full_to_writes": from_command(b"XADD", saying(b"-OOM command not allowed\r\n")),
    "closes": closing, "closes_at_writes": from_command(b"SET", closing), "half_closes": half_closing,
    "truncates": truncating, "truncates_the_stream": from_command(b"XREVRANGE", truncating), "pieces": in_pieces,
    "silent": silent, "silent_to_writes": from_command(b"SET", silent),
}


def noise(seed):
    """Anything at all, some of it nearly right."""
    numbers = random.Random(seed)
    pieces = [*REPLIES.values(), b"\r\n", b"*", b"$", b"+OK\r\n", b"-ERR\r\n"]

    def behave(link, command, truth):
        text = bytearray(numbers.choice([truth, numbers.choice(pieces), numbers.randbytes(40)]))
        for _ in range(numbers.randint(0, 3)):
            if text:
                text[numbers.randrange(len(text))] = numbers.randrange(256)
        link.send(bytes(text))
        return True
    return behave


def job(bed, dead):
    """The main job while Redis is not right."""
    begin = time.monotonic()
    token = bed.issue()
    assert bed.is_active(token)
    assert bed.revoke(token).status == 200
    for one in (token, *dead[-3:]):
        assert bed.introspect(one) == {"active": False}
    assert time.monotonic() - begin < ANSWER_S
    return token


def test_F_11_F_12_F_13_F_14_whatever_is_in_the_place_of_Redis(faulty, is_long, seed, figures):
    node, _ = faulty(with_redis=False, starts=False)
    bed, numbers = node.bed, random.Random(seed)
    names = sorted(CASES) if is_long else numbers.sample(sorted(CASES), 8)
    behaviours = [(name, CASES[name]) for name in names]
    behaviours += [("noise", noise(numbers.random())) for _ in range(40 if is_long else 4)]
    redis = FakeRedis(bed.facts["redis_socket"]).start()
    node.start()
    dead, alive = [], bed.issue(access_token_ttl="3600")
    before_kib = bed.rss_kib()
    for name, behave in behaviours:
        redis.turn(behave)
        dead.append(job(bed, dead))
        assert eventually(lambda: redis.hits > 0, timeout_s=5), name
        dead.append(job(bed, dead))
        assert bed.is_active(alive), name
        reply = bed.get("/readyz", admin=True)
        assert reply.status == 200, (name, reply.body)
        assert node.is_running, name
    assert bed.is_sanitized or bed.rss_kib() - before_kib < GROWTH_KIB

    redis.turn(truthfully)
    keys = [f"scopemint:v1:revoked:{token_sid(token)}".encode() for token in dead]
    assert eventually(lambda: all(key in redis.keys for key in keys), timeout_s=5)
    assert eventually(lambda: b"degraded" not in bed.get("/readyz", admin=True).body)
    redis.stop()
    dead.append(job(bed, dead))
    for token in dead:
        assert bed.introspect(token) == {"active": False}
    assert node.stop() == 0
    figures(cases=len(behaviours), revocations=len(dead))


@pytest.mark.parametrize("name", ["silent", "half_gigabyte", "closes"])
def test_F_13_it_ends_in_time_with_such_a_Redis(faulty, name):
    """SIGTERM waits for no Redis, and a start for none either."""
    node, _ = faulty(with_redis=False, starts=False)
    cases = {"silent": silent, "closes": closing, "half_gigabyte": saying(REPLIES["half_a_gigabyte_announced"])}
    redis = FakeRedis(node.bed.facts["redis_socket"]).start()
    redis.turn(cases[name])
    begin = time.monotonic()
    node.start()
    job(node.bed, [])
    assert node.stop() == 0
    assert time.monotonic() - begin < 5
    redis.stop()
