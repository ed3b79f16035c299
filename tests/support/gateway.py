"""A gateway that verifies tokens itself and reads Redis, as the README tells its author to. It looks at what was
revoked alone: signature, issuer, audience and end are somebody else's."""

import contextlib
import json
import socket

REFUSE, ASK, ACCEPT = "refuse", "ask introspection", "accept"
KNOWN = {"number", "below", "end", "before", "client_id", "partner_sid", "descendants", "user_sid", "kid", "scope",
         "over_ceiling"}
SID_LENGTH = 36


class RedisError(Exception):
    pass


class Redis:
    """As much of a client as a gateway needs. address: a path, or host and port."""

    def __init__(self, address, user=None, password=None, database=0):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.link = socket.socket(family)
        self.link.settimeout(2)
        self.link.connect(address)
        self.stream = self.link.makefile("rb")
        if password:
            self.ask("AUTH", *([user] if user else []), password)
        if database:
            self.ask("SELECT", str(database))

    def send(self, *words):
        parts = [f"*{len(words)}\r\n".encode()]
        for word in words:
            data = word.encode()
            parts += [b"$%d\r\n" % len(data), data, b"\r\n"]
        self.link.sendall(b"".join(parts))

    def reply(self):
        line = self.stream.readline()
        if not line.endswith(b"\r\n"):
            raise ConnectionError("Redis has left")
        kind, rest = line[:1], line[1:-2]
        if kind == b"-":
            raise RedisError(rest.decode())
        if kind == b"+":
            return rest.decode()
        if kind == b":":
            return int(rest)
        length = int(rest)
        if length < 0:
            return None
        if kind == b"*":
            return [self.reply() for _ in range(length)]
        return self.stream.read(length + 2)[:-2].decode()

    def ask(self, *words):
        self.send(*words)
        return self.reply()

    def at_once(self, *commands):
        """All of them as of one moment."""
        for words in [("MULTI",), *commands, ("EXEC",)]:
            self.send(*words)
        for _ in range(len(commands) + 1):
            self.reply()
        return self.reply()

    def close(self):
        self.stream.close()
        self.link.close()


def pairs(flat):
    return dict(zip(flat[::2], flat[1::2]))


def by_epochs(fields, claims, kid):
    own = {f"application:{claims['client_id']}", f"partner:{claims['partner_sid']}",
           f"partner_tree:{claims['partner_sid']}", f"user:{claims['sub']}", f"key:{kid}"}
    verdict = ACCEPT
    for field, below in fields.items():
        subject, _, before = field.partition("@")
        if claims["epoch"] >= int(below) or (before and claims["iat"] >= int(before)):
            continue
        if subject in own:
            return REFUSE
        if subject.startswith("partner_tree:"):
            verdict = ASK
    return verdict


def by_selector(selector, claims, kid):
    if claims["epoch"] >= selector["below"] or claims["iat"] >= selector.get("before", claims["iat"] + 1):
        return ACCEPT
    own = {"client_id": claims["client_id"], "user_sid": claims["sub"], "kid": kid}
    if any(selector.get(name, value) != value for name, value in own.items()):
        return ACCEPT
    if "scope" in selector and not set(selector["scope"].split()) & set(claims["scope"].split()):
        return ACCEPT
    is_own = selector.get("partner_sid", claims["partner_sid"]) == claims["partner_sid"]
    if not is_own and "descendants" not in selector:
        return ACCEPT
    if not is_own or "over_ceiling" in selector or set(selector) - KNOWN:
        return ASK
    return REFUSE


def decide(redis, claims, kid):
    """redis: a Redis; claims and kid: of a token that was verified."""
    sid = claims["jti"].split(".")[0]
    with contextlib.suppress(OSError, RedisError, ValueError):
        feed_id, revoked, narrowed, epochs, selectors = redis.at_once(
            ("GET", "scopemint:v1:feed_id"), ("EXISTS", f"scopemint:v1:revoked:{sid}"),
            ("EXISTS", f"scopemint:v1:narrowed:{sid}"), ("HGETALL", "scopemint:v1:epochs"),
            ("HGETALL", "scopemint:v1:selectors"))
        if feed_id is None or len(feed_id) != SID_LENGTH:
            return ASK
        if revoked:
            return REFUSE
        if narrowed:
            return ASK
        verdicts = {by_epochs(pairs(epochs), claims, kid)}
        verdicts |= {by_selector(json.loads(text), claims, kid) for text in pairs(selectors).values()}
        return next(verdict for verdict in (REFUSE, ASK, ACCEPT) if verdict in verdicts)
    return ASK
