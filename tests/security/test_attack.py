"""What a careless operator and an unlucky machine do to a running server: streams left closed, a log nobody reads, too
few descriptors, a wrong clock. Each of these once broke it."""

import contextlib
import fcntl
import os
import pathlib
import re
import select
import socket
import threading
import time

import pytest

from testbed import binary, eventually

FAKETIME = "/usr/$LIB/faketime/libfaketimeMT.so.1"


@pytest.fixture
def wrapped(tmp_path, monkeypatch, own_bed):
    """Makes testbeds whose server is started by a line of shell; {} stands for the program and its arguments."""

    def make(line, settings=(), **more):
        script = tmp_path / "serve"
        script.write_text(f'#!/bin/sh\n[ "$1" = serve ] || exec "{binary()}" "$@"\n'
                          + line.format(f'"{binary()}" "$@"') + "\n")
        script.chmod(0o755)
        monkeypatch.setenv("SCOPEMINT_BIN", str(script))
        return own_bed(settings, **more)

    return make


# ---- streams ----


@pytest.mark.skipif(os.geteuid() != 0, reason="a server that may not be dumped shows its files to root alone")
@pytest.mark.parametrize("closed", ["0<&-", "1>&-", "2>&-", "0<&- 1>&- 2>&-"], ids=lambda value: "P5-" + value)
def test_closed_standard_streams_are_no_files_of_ours(wrapped, closed):
    """Else the first file opened takes the place, and the log is written into the store's."""
    bed = wrapped("exec {} " + closed, ["server.access_log=true"])
    assert bed.is_active(bed.issue())
    for descriptor in range(3):
        target = os.readlink(f"/proc/{bed.pid}/fd/{descriptor}")
        assert str(bed.state) not in target or target.endswith("server.log"), target
        assert not target.startswith(("socket:", "anon_inode:")), target


def test_a_log_that_nobody_reads_holds_nothing_up(wrapped, tmp_path):
    """F-41 too: neither requests nor the stop wait for it."""
    fifo = tmp_path / "log"
    os.mkfifo(fifo)
    reader = os.open(fifo, os.O_RDONLY | os.O_NONBLOCK)
    fcntl.fcntl(reader, fcntl.F_SETPIPE_SZ, 4096)
    bed = wrapped(f"exec {{}} 2>{fifo}")
    for _ in range(200):
        bed.reload()  # two lines each
        time.sleep(0.002)
    token = bed.issue()
    assert bed.is_active(token)
    assert select.select([reader], [], [], 5)[0]
    assert bed.stop() == 0
    os.close(reader)


# ---- descriptors ----


def keep_open(port, links, ending):
    """Holds silent connections, and opens each again that the server closes."""
    while not ending.wait(0.02):
        for place, link in enumerate(links):
            with contextlib.suppress(BlockingIOError):
                try:
                    gone = link.recv(1, socket.MSG_DONTWAIT) == b""
                except ConnectionError:
                    gone = True
                if gone:
                    link.close()
                    links[place] = socket.create_connection(("127.0.0.1", port), 5)


def test_F_40_silent_connections_do_not_use_up_the_descriptors(wrapped):
    bed = wrapped("ulimit -n 96; exec {}", ["server.threads=2"])
    token = bed.issue()
    links = [socket.create_connection(("127.0.0.1", bed.port), 5) for _ in range(150)]
    ending = threading.Event()
    attacker = threading.Thread(target=keep_open, args=(bed.port, links, ending))
    attacker.start()
    try:
        answered = 0
        for _ in range(20):
            with contextlib.suppress(OSError):  # closed for a newer one, now and then
                answered += bed.introspection(token).status == 200
        assert answered >= 15
    finally:
        ending.set()
        attacker.join()
        for link in links:
            link.close()
    assert "accept_failed" not in bed.log()
    assert "connections_limited" in bed.log()


# ---- latency ----


def test_one_kept_connection_is_not_made_to_wait(bed):
    """An answer that came from the store once left its connection unread for a tenth of a second."""
    link = bed.connect()
    begin = time.monotonic()
    for _ in range(30):
        assert bed.post("/oauth/token", {"grant_type": "client_credentials"}, bed.app, connection=link).status == 200
    link.close()
    assert time.monotonic() - begin < 2


# ---- the clock ----


@pytest.fixture
def clock(tmp_path, wrapped):
    """A testbed, and a function that moves its server's wall clock by so many seconds."""
    path = tmp_path / "clock"
    path.write_text("+0\n")
    bed = wrapped(f"FAKETIME_TIMESTAMP_FILE={path} FAKETIME_NO_CACHE=1 FAKETIME_DONT_RESET=1 DONT_FAKE_MONOTONIC=1 "
                  f"FAKETIME_DONT_FAKE_MONOTONIC=1 ASAN_OPTIONS=verify_asan_link_order=0:detect_leaks=0 "
                  f"LD_PRELOAD='{FAKETIME}' exec {{}}")

    def move(seconds):
        new = pathlib.Path(f"{path}.new")
        new.write_text(f"{seconds:+d}\n")
        new.replace(path)

    return bed, move


def uptime_s(bed):
    text = bed.get("/metrics", admin=True).body.decode()
    return float(re.search(r"^scopemint_uptime_seconds (\S+)", text, re.M).group(1))


def doubts(bed):
    return b"leapt" in bed.get("/readyz", admin=True).body


@pytest.mark.parametrize("leap_s", [3600, 10 * 366 * 86400, -3600], ids=lambda value: f"P2-THREATS-65-{value}")
def test_what_is_revoked_while_the_clock_is_wrong_stays_revoked(clock, leap_s):
    bed, move = clock
    before, during, alive = (bed.issue() for _ in range(3))
    assert bed.revoke(before).status == 200
    move(leap_s)
    assert eventually(lambda: doubts(bed))
    assert bed.revoke(during).status == 200
    move(0)
    assert eventually(lambda: bed.is_active(alive))
    assert bed.introspect(before) == {"active": False} and bed.introspect(during) == {"active": False}


@pytest.mark.parametrize("ahead_s", [2 * 86400, 7200], ids=lambda value: f"P2-THREATS-65-{value}")
def test_a_start_with_a_clock_that_is_ahead_forgets_nothing(clock, ahead_s):
    bed, move = clock
    revoked, alive = bed.issue(), bed.issue()
    assert bed.revoke(revoked).status == 200
    bed.stop()
    move(ahead_s)
    bed.start()
    assert doubts(bed) == (ahead_s > 86400)
    assert eventually(lambda: uptime_s(bed) >= 3)  # the clean-up has had its turn, twice
    move(0)
    assert eventually(lambda: bed.is_active(alive))
    assert bed.introspect(revoked) == {"active": False}
    bed.restart()
    assert bed.introspect(revoked) == {"active": False}
