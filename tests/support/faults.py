"""Faults in a running server from outside: the library of tests/support/faults is loaded before it (LD_PRELOAD), and
what is to happen is written into a file that both have mapped. The layout is that of faults/faults.h."""

import errno
import mmap
import pathlib
import struct
import subprocess

from testbed import ROOT, binary

WRITE, SYNC, TRUNCATE, ALLOCATE = (1 << bit for bit in range(4))
STORE, WAL, SHM, REDIS, CLIENT, PROGRAM, SQLITE, HIREDIS, OPENSSL = (1 << bit for bit in range(9))
FILES = STORE | WAL | SHM
FAIL, SHORT, KILL_BEFORE, KILL_AFTER, KILL_TORN, PRETEND, SLOW = range(7)
FOR_EVER = -1

RULES, RULE = 4, struct.Struct("=8q")
HEAD = struct.Struct("=2q")
AT_TIMES, AT_SEEN, AT_FIRED = 5 * 8, 6 * 8, 7 * 8
WORD = struct.Struct("=q")


def library():
    """Of the same build as the program; made now if it is not there."""
    build = pathlib.Path(binary()).parents[2]
    build = build if (build / "build.ninja").exists() else ROOT / "build"
    name = "tests/support/faults/libfaults.so"
    if not (build / name).exists():
        subprocess.run(["ninja", "-C", str(build), name], check=True, capture_output=True)
    return build / name


class Faults:
    """Rules of one server, also across its restarts. Power fails with each kill: what was not synced is lost."""

    def __init__(self, bed):
        path = bed.state / "faults"
        path.write_bytes(bytes(HEAD.size + RULES * RULE.size))
        with open(path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 0)
        self.variables = {"LD_PRELOAD": str(library()), "FAULTS_CONTROL": str(path), "FAULTS_STORE": bed.facts["store"],
                          "ASAN_OPTIONS": "verify_asan_link_order=0:detect_leaks=0:strict_string_checks=1"}

    def put(self, place, value):
        WORD.pack_into(self.memory, place, value)

    def word(self, place):
        return WORD.unpack_from(self.memory, place)[0]

    def rule(self, operations, places, action=FAIL, error=errno.EIO, after=1, times=1, index=0):
        """From now on; the first call that it covers is number 1."""
        place = HEAD.size + index * RULE.size
        self.put(place + AT_TIMES, 0)
        RULE.pack_into(self.memory, place, operations, places, action, error, after, 0, 0, 0)
        self.put(place + AT_TIMES, times)

    def end(self, index=0):
        self.put(HEAD.size + index * RULE.size + AT_TIMES, 0)

    def seen(self, index=0):
        return self.word(HEAD.size + index * RULE.size + AT_SEEN)

    def fired(self, index=0):
        return self.word(HEAD.size + index * RULE.size + AT_FIRED)

    def move_clock(self, seconds):
        """How far the wall clock stands from the true one."""
        self.put(0, round(seconds * 1_000_000_000))

    def keep_unsynced(self, keeps):
        """Whether a kill is that of a process alone."""
        self.put(WORD.size, int(keeps))
