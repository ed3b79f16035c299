"""Large stores, written straight into the SQLite file of a server that is stopped, and a Redis that outlives it."""

import contextlib
import os
import pathlib
import sqlite3
import struct
import subprocess
import time
import uuid

BATCH = 50_000
HOUR_S = 3600


def sids(count, start_ms):
    """UUIDs of version 7 that rise, as the server makes them."""
    for first in range(0, count, BATCH):
        noise = os.urandom(8 * min(BATCH, count - first))
        for at in range(0, len(noise), 8):
            number = first + at // 8
            head = (start_ms + (number >> 10) << 16) | 0x7000 | (number & 0x3FF)
            yield struct.pack(">QQ", head, int.from_bytes(noise[at:at + 8], "big") >> 2 | 1 << 63)


@contextlib.contextmanager
def opened(path):
    """One transaction, without the care that a throwaway file does not need; indexes of tokens are made at its end."""
    link = sqlite3.connect(path, isolation_level=None)
    link.execute("PRAGMA synchronous=OFF")
    link.execute("BEGIN")
    indexes = link.execute(
        "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND tbl_name IN ('tokens', 'entries') "
        "AND sql IS NOT NULL").fetchall()
    for name, _ in indexes:
        link.execute(f"DROP INDEX {name}")
    yield link
    for _, sql in indexes:
        link.execute(sql)
    link.execute("COMMIT")
    link.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    link.close()


def columns(link, table, like):
    """The columns of a table, and one row of it to imitate."""
    cursor = link.execute(f"SELECT * FROM {table} {like} LIMIT 1")
    return [column[0] for column in cursor.description], list(cursor.fetchone() or ())


def insert(link, table, rows):
    first = next(rows)
    marks = ",".join("?" * len(first))
    link.execute(f"INSERT INTO {table} VALUES ({marks})", first)
    link.executemany(f"INSERT INTO {table} VALUES ({marks})", rows)


def copies(link, table, like, count, vary):
    """count copies of one row; vary(number) -> {column: value}."""
    names, model = columns(link, table, like)
    at = {name: place for place, name in enumerate(names)}

    def rows():
        for number in range(count):
            for name, value in vary(number).items():
                model[at[name]] = value
            yield tuple(model)

    insert(link, table, rows())


def add_revoked_tokens(path, count):
    """Live tokens, each of them revoked. The store holds at least one token of the application to imitate."""
    now_ms = int(time.time() * 1000)
    end_s = now_ms // 1000 + HOUR_S
    start_ms = now_ms - count // 1024 - 1000
    with opened(path) as link:
        made = list(sids(count, start_ms))
        copies(link, "tokens", "", count, lambda number: {
            "token_sid": made[number], "created_ms": start_ms + (number >> 10), "exp_s": end_s, "exp_signed_s": end_s,
            "newest_exp_s": end_s})
        last = link.execute("SELECT last_number FROM store").fetchone()[0]
        insert(link, "entries (number, kind, id, kid, below, before_s, end_s, at_ms, scopes, exp_s)", (
            (last + 1 + number, "token", sid, "", 0, 0, end_s, now_ms, "", 0)
            for number, sid in enumerate(made)))
        link.execute("UPDATE store SET last_number = ?, tokens_end_s = max(tokens_end_s, ?)", (last + count, end_s))


def add_live_tokens(path, count, client_id):
    """Like the newest one that the application has."""
    now_ms = int(time.time() * 1000)
    end_s = now_ms // 1000 + HOUR_S
    start_ms = now_ms - count // 1024 - 1000
    with opened(path) as link:
        made = list(sids(count, start_ms))
        like = f"WHERE client_id = x'{uuid.UUID(client_id).hex}' ORDER BY token_sid DESC"
        copies(link, "tokens", like, count, lambda number: {
            "token_sid": made[number], "created_ms": start_ms + (number >> 10), "exp_s": end_s, "exp_signed_s": end_s,
            "newest_exp_s": end_s})


def add_applications(path, count, like):
    """Each with a secret, as like, a client id."""
    like = f"WHERE client_id = x'{uuid.UUID(like).hex}'"
    start_ms = int(time.time() * 1000) - count // 1024 - 1000
    with opened(path) as link:
        made, secrets = list(sids(count, start_ms)), list(sids(count, start_ms))
        copies(link, "applications", like, count, lambda number: {"client_id": made[number]})
        copies(link, "application_secrets", like, count, lambda number: {
            "secret_id": secrets[number], "client_id": made[number], "digest": os.urandom(32)})


@contextlib.contextmanager
def private_redis(folder):
    """Its URL."""
    folder.mkdir()
    path = pathlib.Path(folder, "redis.sock")
    process = subprocess.Popen(
        ["redis-server", "--port", "0", "--unixsocket", path, "--save", "", "--appendonly", "no", "--dir", folder],
        stdout=subprocess.DEVNULL)
    try:
        while not path.exists():
            time.sleep(0.01)
        yield f"unix:{path}"
    finally:
        process.terminate()
        process.wait()
