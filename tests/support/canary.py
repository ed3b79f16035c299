"""After a suite: no secret and no token may be found anywhere the server writes (P5, 7662-4-e, THREATS-55 to 58)."""

import base64
import contextlib
import pathlib
import random
import re

# What rightly holds secrets: the testbed's own notes for the tests.
NOTES = {"testbed.json", "secrets.json", "more.json"}
SHORTEST = 12
TOKENS = 4_000  # looked for; the long forms make some hundred thousand, and each is looked for in all that was written
TOKEN = 64  # bytes: clients' secrets are shorter
SID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # an id is never a secret


def is_open(text, published):
    """What a test may have sent as a token or a secret though it is none: a key's id, the beginning of a JWT, or a
    head of the audit log, which is written to the server's log for everybody to keep."""
    header = text.split(".")[0]
    if header.startswith("eyJ"):
        with contextlib.suppress(ValueError):
            is_head = b"audit-head+jwt" in base64.urlsafe_b64decode(header + "=" * (-len(header) % 4))
            return is_head or "." not in text
        return "." not in text
    return text in published


def needles(bed):
    """The secrets the testbed has seen; of a JWT also its signature alone, which is what makes it one."""
    published = bed.get("/oauth/jwks").body.decode()
    found = set()
    for secret in bed.seen.secrets:
        if is_open(secret, published):
            continue
        if len(secret) >= SHORTEST and not SID.fullmatch(secret):
            found.add(secret.encode())
        parts = secret.split(".")
        if len(parts) == 3 and len(parts[2]) >= 40:
            found.add(parts[2].encode())
    return found


def places(bed):
    """(name, content) of everything the server wrote or shows."""
    for path in sorted(bed.state.rglob("*")):
        if path.is_file() and path.name not in NOTES and "keys" not in path.relative_to(bed.state).parts:
            yield str(path.relative_to(bed.state)), path.read_bytes()
    for name in ("cmdline", "environ"):
        with contextlib.suppress(PermissionError):  # a server that may not be dumped shows them to root alone
            yield name, pathlib.Path(f"/proc/{bed.pid}/{name}").read_bytes()
    yield "metrics", bed.get("/metrics", admin=True).body
    if bed.facts["redis_socket"]:
        bed.redis("SAVE")
        yield "Redis", (bed.state / "dump.rdb").read_bytes()
    yield "error answers", b"\n".join(bed.seen.error_bodies)


def leaks(bed):
    """Where which secret (its first characters) was found."""
    found = needles(bed)
    wanted = [needle for needle in found if len(needle) < TOKEN]
    tokens = [needle for needle in found if len(needle) >= TOKEN]
    wanted += random.sample(tokens, min(TOKENS, len(tokens)))
    return [
        f"{name}: {needle[:16].decode(errors='replace')}..."
        for name, content in places(bed) for needle in wanted if needle in content]
