"""P2 and P3 under kill -9: what was answered 200 is true after the restart. The server is killed the moment the first
answer of a burst is seen; whatever else of the burst was answered by then counts too."""

import contextlib
import socket
import sqlite3
import statistics
import subprocess
import uuid

import pytest

from forge import token_sid
from node import Node, redis_of
from testbed import FORM, binary, environment

BURST = 8


def revoke_bytes(bed, token):
    body = f"token={token}".encode()
    return (f"POST /oauth/revoke HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nAuthorization: {bed.app.basic}\r\n"
            f"Content-Length: {len(body)}\r\n\r\n").encode() + body


def burst_and_kill(node, tokens):
    """Revokes all at once, kills at the first 200; the tokens whose 200 had left by then."""
    links = []
    for token in tokens:
        link = socket.create_connection(("127.0.0.1", node.bed.port))
        link.sendall(revoke_bytes(node.bed, token))
        links.append((token, link))
    first = links[0][1].recv(4096)
    node.kill()
    answers = {links[0][0]: first}
    for token, link in links[1:]:
        with contextlib.suppress(OSError):
            answers[token] = link.recv(4096)
    for _, link in links:
        link.close()
    return [token for token, answer in answers.items() if answer.startswith(b"HTTP/1.1 200")]


@pytest.mark.parametrize("redis", ["with", "without"])
def test_F_02_P3_what_was_answered_200_holds(own_bed, is_long, redis, figures):
    rounds = (1000 if is_long else 50) if redis == "with" else (100 if is_long else 5)
    bed = own_bed()
    bed.stop()
    node = Node(bed)
    issued, revoked, alive = set(), set(), []
    with redis_of(bed) if redis == "with" else contextlib.nullcontext():
        node.start()
        for number in range(rounds):
            fresh = [bed.issue(bed.app, scope="calls.read") for _ in range(BURST + 1)]
            issued.update(map(token_sid, fresh))
            alive = [fresh.pop()]
            acknowledged = burst_and_kill(node, fresh)
            assert acknowledged, f"round {number}: no answer at all"
            revoked.update(map(token_sid, acknowledged))
            node.start()
            for token in acknowledged:
                assert bed.introspect(token) == {"active": False}, f"round {number}"
            for token in alive:
                assert bed.is_active(token), f"round {number}"
        assert node.stop() == 0
    with contextlib.closing(sqlite3.connect(bed.facts["store"])) as link:
        assert link.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        kept = {str(uuid.UUID(bytes=row[0])) for row in link.execute("SELECT token_sid FROM tokens")}
        entries = {str(uuid.UUID(bytes=row[0])) for row in link.execute("SELECT id FROM entries WHERE kind = 'token'")}
    assert issued <= kept
    assert revoked <= entries
    figures(rounds=rounds, revocations_answered=len(revoked),
            ms_from_start_to_ready=round(statistics.median(node.starts_ms), 1))


def test_P3_a_second_server_on_the_same_store_is_refused(own_bed):
    bed = own_bed()
    result = subprocess.run(
        [binary(), "serve", "--config", str(bed.config), "--set", "server.listen=127.0.0.1:1", "--set",
         "admin.listen=127.0.0.1:2"], capture_output=True, text=True, timeout=20, check=False, env=environment())
    assert result.returncode != 0
    assert str(bed.pid) in result.stderr + result.stdout
    assert bed.is_active(bed.issue())
