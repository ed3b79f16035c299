"""What went wrong elsewhere (incidents by number), where it is not a matter of one RFC: those are under conformance."""

import os
import pathlib
import random
import re
import signal
import socket
import threading
import time

import pytest

import canary
from bed_seed import SEED
from forge import Forger, b64
from testbed import FORM, ROOT, Client, eventually

INACTIVE = b'{"active":false}'


# ---- nothing is fetched ----


@pytest.mark.parametrize("member", ["jku", "x5u", "kid"], ids=lambda value: "THREATS-6-THREATS-7-THREATS-8-" + value)
def test_no_connection_goes_out(bed, forger, member):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/jwks"
        for signer in (None, lambda data: bytes(64)):
            assert bed.introspection(forger.make(head={member: url}, sign=signer)).body == INACTIVE
        with pytest.raises(TimeoutError):
            listener.accept()


# ---- cost ----


@pytest.mark.parametrize("value", [
    pytest.param("." * 60_000, id="THREATS-15-dots"), pytest.param("a" * 60_000, id="THREATS-15-letters"),
    pytest.param("eyJ" + "." * 8_000, id="THREATS-15-short-dots"),
    pytest.param(".".join([b64(b"{}")] * 2_000), id="THREATS-15-segments"),
    pytest.param(".".join([b64(os.urandom(300))] * 5), id="THREATS-13-jwe"),
])
def test_tokens_made_to_be_slow(bed, value):
    link = bed.connect()
    begin = time.monotonic()
    for _ in range(20):
        reply = bed.post("/oauth/introspect", {"token": value}, bed.resource_server, connection=link)
        assert reply.body == INACTIVE
    link.close()
    assert time.monotonic() - begin < 2


def sources():
    return [path for path in (ROOT / "src").rglob("*.[ch]")]


def test_THREATS_54_no_backtracking_expressions():
    for path in sources():
        assert not re.search(r"\b(regcomp|regexec|fnmatch|pcre_)", path.read_text()), path


def test_THREATS_12_secrets_are_not_compared_by_strcmp():
    """Where credentials are judged, digests and secrets go through ct_equal."""
    for path in (ROOT / "src/client").glob("*.c"):
        for line in path.read_text().splitlines():
            if re.search(r"\b(strcmp|memcmp|str_eq)\(", line):
                assert not re.search(r"secret|digest|password", line.split("//")[0]), f"{path}: {line}"


def test_THREATS_76_redis_commands_have_literal_formats():
    for path in sources():
        for call in re.findall(r"redis(?:Async)?Command\(([^;]*)", path.read_text()):
            assert '"' in call, f"{path}: {call}"


# ---- canary ----


@pytest.mark.parametrize("level", ["debug", "info", "error"], ids=lambda value: "THREATS-55-THREATS-56-THREATS-57-7662-4-e-" + value)
def test_no_secret_in_any_log_at_any_level(own_bed, level):
    bed = own_bed([f"log.level={level}", "server.access_log=true"], SEED)
    forger = Forger(bed)
    here = bed.addresses.fresh()
    token = bed.issue(bed.admin, scope="scopemint.introspect scopemint.revoke")
    post = bed.seeded("post")
    bed.post("/oauth/token", {"grant_type": "client_credentials", "client_id": post.client_id,
                              "client_secret": post.client_secret})
    bed.post("/oauth/token", {"grant_type": "client_credentials", "client_id": post.client_id,
                              "client_secret": bed.app.client_secret}, source=here)
    bed.token(Client(bed.app.client_id, "sm_cs_" + os.urandom(30).hex()), source=here)
    bed.post(f"/oauth/token?client_secret={bed.app.client_secret}", {}, source=here)
    bed.get(f"/oauth/introspect?token={token}")
    bed.get(f"/{token}")
    bed.post("/oauth/introspect", {"token": "x"}, bearer=token)
    bed.post("/oauth/introspect", {"token": "x"}, bearer=token[:-4])
    for value in (token, forger.make(sign=lambda data: bytes(64)), token + "x", "garbage-" + os.urandom(16).hex()):
        bed.introspection(value)
        bed.revoke(value)
    bed.revoke(token, bed.admin)
    bed.reload()
    bed.is_active(bed.issue())
    assert canary.leaks(bed) == []
    wanted = canary.needles(bed)
    bed.stop()
    assert not [needle for needle in wanted if needle.decode() in bed.log()]


def test_THREATS_58_the_canary_sings(bed, tmp_path):
    """It would find what it looks for."""
    secret = bed.app.client_secret
    path = bed.state / "planted"
    path.write_text(f"x{secret}y")
    try:
        assert [leak for leak in canary.leaks(bed) if leak.startswith("planted")]
    finally:
        path.unlink()


def test_P5_what_the_server_writes_is_private(bed):
    for path in [*bed.keys.rglob("*"), pathlib.Path(bed.facts["store"])]:
        if path.is_file() and path.suffix != ".md" and path.name != ".gitignore":
            assert path.stat().st_mode & 0o077 == 0, path


# ---- signals, connections ----


def test_THREATS_66_signals_under_load(bed):
    token, stop, wrong = bed.issue(), threading.Event(), []

    def load():
        link = bed.connect()
        while not stop.is_set():
            reply = bed.post("/oauth/introspect", {"token": token}, bed.resource_server, connection=link)
            if reply.json.get("active") is not True:
                wrong.append(reply.body)
        link.close()

    threads = [threading.Thread(target=load) for _ in range(2)]
    for thread in threads:
        thread.start()
    source = random.Random(66)
    for _ in range(300):
        os.kill(bed.pid, source.choice([signal.SIGHUP, signal.SIGPIPE, signal.SIGCHLD, signal.SIGWINCH, signal.SIGCONT]))
        time.sleep(0.003)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS_FRAME = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"


@pytest.mark.parametrize("frames", [
    pytest.param(b"\x00\x00\x04\x03\x00\x00\x00\x00\x01\x00\x00\x00\x08" * 1000, id="THREATS-67-THREATS-68-resets"),
    pytest.param(b"\x00\x00\x08\x06\x00\x00\x00\x00\x00" + bytes(8), id="THREATS-69-pings"),
    pytest.param(SETTINGS_FRAME * 1000, id="THREATS-69-settings"),
])
def test_http2_is_not_spoken(bed, frames):
    before = bed.rss_kib()
    answer = bed.raw(PREFACE + SETTINGS_FRAME + frames, shut=False)
    assert not answer or answer.startswith(b"HTTP/1.1 4"), answer[:60]
    assert bed.is_sanitized or bed.rss_kib() - before < 1024


def test_THREATS_67_no_upgrade_to_http2(bed):
    answer = bed.raw(b"GET /oauth/jwks HTTP/1.1\r\nHost: x\r\nConnection: Upgrade, HTTP2-Settings, close\r\n"
                     b"Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n\r\n", shut=False)
    assert b"101" not in answer.split(b"\r\n")[0]
    assert not answer or answer.startswith(b"HTTP/1.1 ")


def introspection_bytes(bed, token):
    body = f"token={token}".encode()
    return (f"POST /oauth/introspect HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\n"
            f"Authorization: {bed.resource_server.basic}\r\nContent-Length: {len(body)}\r\n\r\n").encode() + body


@pytest.mark.parametrize("verb", ["introspect", "token", "revoke"], ids=lambda value: "THREATS-70-" + value)
def test_clients_that_leave_at_every_byte(bed, verb):
    token = bed.issue()
    whole = introspection_bytes(bed, token)
    if verb == "token":
        body = b"grant_type=client_credentials"
        whole = (f"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nAuthorization: {bed.app.basic}\r\n"
                 f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    if verb == "revoke":
        whole = whole.replace(b"/oauth/introspect", b"/oauth/revoke")
    step = 1 if verb != "introspect" else 3
    for size in range(1, len(whole) + 1, step):
        with socket.create_connection(("127.0.0.1", bed.port)) as link:
            link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # leaves by RST
            link.sendall(whole[:size])
    assert bed.is_active(token)
    assert os.geteuid() != 0 or eventually(lambda: open_connections(bed) < 20)


def open_connections(bed):
    """A server that may not be dumped shows its files to root alone."""
    return sum("socket:" in os.readlink(path) for path in map(str, pathlib.Path(f"/proc/{bed.pid}/fd").iterdir())
               if os.path.islink(path))


@pytest.mark.parametrize("head", [
    pytest.param(b"GET /" + b"a" * 65536 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="THREATS-70-path"),
    pytest.param(b"GET /oauth/jwks HTTP/1.1\r\nHost: x\r\nUser-Agent: " + b"a" * 65536 + b"\r\n\r\n", id="THREATS-70-agent"),
    pytest.param(b"GET /oauth/jwks HTTP/1.1\r\nHost: x\r\n" + b"X: y\r\n" * 5000 + b"\r\n", id="THREATS-70-fields"),
])
def test_heads_that_are_too_large(bed, head):
    answer = bed.raw(head, shut=False)
    assert not answer or int(answer.split(b" ")[1]) in (400, 414, 431)
    assert bed.get("/oauth/jwks").status == 200


def test_THREATS_74_many_slow_clients(bed):
    token = bed.issue()
    whole = introspection_bytes(bed, token)
    links = [socket.create_connection(("127.0.0.1", bed.port)) for _ in range(200)]
    worst = 0.0
    for place in range(0, 40):
        for link in links:
            link.sendall(whole[place:place + 1])
        begin = time.monotonic()
        assert bed.is_active(token)
        worst = max(worst, time.monotonic() - begin)
    for link in links:
        link.close()
    assert worst < 1


def test_THREATS_59_no_core_is_written(own_bed):
    """A core would hold the signing keys."""
    bed = own_bed()
    limits = pathlib.Path(f"/proc/{bed.pid}/limits").read_text()
    assert re.search(r"Max core file size\s+0\s+0\s", limits)
    os.kill(bed.pid, signal.SIGSEGV)
    process, bed.process = bed.process, None
    assert process.wait(30) == 1
    assert not [path for path in bed.state.rglob("core*")]
