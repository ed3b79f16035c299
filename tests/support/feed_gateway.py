"""A gateway that verifies JWTs by itself and stays exact: what ended since they were signed comes from
GET /oauth/revocations as it happens, and what that cannot decide is asked of introspection.

An example to start from, and what the suites hold the feed to (integration/test_gateway.py). It needs jwcrypto and
nothing else. Gateway.check() is called for each request; Gateway.follow() runs in a thread of its own."""

import base64
import http.client
import json
import threading
import time
import urllib.parse
from dataclasses import dataclass, field

from jwcrypto import jwk, jws

SUBJECT = {"application": "client_id", "partner": "partner_sid", "user": "user_sid", "key": "kid"}


@dataclass
class Known:
    """What the feed has told. Entries are forgotten when nothing they speak of can be alive any more."""

    feed_position: str = "0"
    tables_version: str = ""
    revoked: dict = field(default_factory=dict)   # token_sid: entry
    narrowed: dict = field(default_factory=dict)  # likewise
    ends: list = field(default_factory=list)      # entries that end many tokens

    def apply(self, entry):
        if entry["kind"] in ("revoked", "narrowed"):
            getattr(self, entry["kind"])[entry["token_sid"]] = entry
        else:
            self.ends.append(entry)

    def forget(self, now_s):
        self.ends = [entry for entry in self.ends if entry["until"] > now_s]
        for tokens in (self.revoked, self.narrowed):
            for sid in [sid for sid, entry in tokens.items() if entry["until"] <= now_s]:
                del tokens[sid]


def matches(entry, claims):
    """True, False, or None: only introspection can tell."""
    if claims["epoch"] >= entry["below"] or claims["iat"] >= entry.get("issued_before", float("inf")):
        return False
    if entry["kind"] == "partner_tree":
        return True if claims["partner_sid"] == entry["partner_sid"] else None
    if entry["kind"] != "selector":
        name = SUBJECT[entry["kind"]]
        return claims.get(name) == entry[name]
    others = [name for name in SUBJECT.values() if name in entry and claims.get(name) != entry[name]]
    below = others == ["partner_sid"] and entry.get("descendants")
    if others and not below:
        return False
    if "scopes" in entry and not set(entry["scopes"]) & set(claims["scope"].split()):
        return False
    return None if below or entry.get("over_ceiling") else True


class Gateway:
    def __init__(self, server, issuer, audience, client_id, client_secret, heartbeat_s=15):
        self.server, self.issuer, self.audience = server, issuer, audience
        pair = f"{client_id}:{client_secret}".encode()
        self.authorization = "Basic " + base64.b64encode(pair).decode()
        self.silence_s = 2 * heartbeat_s
        self.lock = threading.Lock()
        self.known = Known()
        self.heard_at = -float("inf")  # when all there is was last known
        self.vouched = {}              # jti: (tables_version, number, scope), what introspection said
        self.keys = {}
        self.stopping = threading.Event()
        self.asked = 0                 # of introspection, for the curious

    # ---- the feed ----

    def follow(self):
        while not self.stopping.is_set():
            try:
                self._follow_once()
            except (OSError, http.client.HTTPException, ValueError):
                pass
            self.stopping.wait(0.2)

    def _follow_once(self):
        link = http.client.HTTPConnection(self.server, timeout=self.silence_s)
        try:
            link.request("GET", "/oauth/revocations", headers={
                "Authorization": self.authorization, "Accept": "text/event-stream",
                "Last-Event-ID": self.known.feed_position})
            answer = link.getresponse()
            if answer.status != 200:
                return
            fields, is_current = {}, False
            while not self.stopping.is_set() and (line := answer.readline()):
                name, _, value = line.decode().rstrip("\n").partition(": ")
                if name:
                    fields[name] = value
                    continue
                with self.lock:
                    self._take(fields)
                    is_current = is_current or fields.get("event") == "current"
                    if is_current:  # until then something may be missing
                        self.heard_at = time.monotonic()
                fields = {}
        finally:
            link.close()

    def _take(self, fields):
        event, data = fields.get("event"), json.loads(fields.get("data", "null"))
        if event == "reset":
            self.known = Known()
            self.vouched.clear()
        elif event == "tables":
            self.known.tables_version = data["tables_version"]
        elif event and event != "current":
            self.known.apply(data)
            self.known.forget(time.time() - 60)
        if "id" in fields:
            self.known.feed_position = fields["id"]

    # ---- a request ----

    def check(self, token):
        """The scopes that the token is good for now; None: refuse the request."""
        claims = self._verify(token)
        if claims is None:
            return None
        with self.lock:
            if time.monotonic() - self.heard_at > self.silence_s:
                return None  # nobody knows what has ended meanwhile
            verdict, scope = self._judge(claims)
            version, number = self.known.tables_version, int(self.known.feed_position.rsplit(".", 1)[-1])
        if verdict is None:
            return self._ask(token, claims["jti"], version, number)
        return scope if verdict else None

    def _judge(self, claims):
        sid = claims["jti"].split(".")[0]
        answers = [(matches(entry, claims), entry["number"]) for entry in self.known.ends]
        if sid in self.known.revoked or any(answer is True for answer, _ in answers):
            return False, None
        version, number, scope = self.vouched.get(claims["jti"], (None, 0, None))
        doubts = [at for answer, at in answers if answer is None]
        if sid in self.known.narrowed:
            doubts.append(self.known.narrowed[sid]["number"])
        if version != self.known.tables_version or any(at > number for at in doubts):
            return None, None
        return True, scope

    def _ask(self, token, jti, version, number):
        """By a server that has heard of what the feed told, else its 503 is a refusal."""
        self.asked += 1
        form = urllib.parse.urlencode({"token": token, "min_sequence": number})
        answer = self._request("POST", "/oauth/introspect", form)
        if answer is None or not answer["active"]:
            return None
        with self.lock:
            self.vouched[jti] = (version, number, answer["scope"])
        return answer["scope"]

    def _verify(self, token):
        """RFC 9068 4: signature by a key of the server's, type, issuer, audience, time."""
        try:
            signed = jws.JWS()
            signed.deserialize(token)
            head = json.loads(base64.urlsafe_b64decode(token.split(".")[0] + "=="))
            if head["kid"] not in self.keys:
                self._fetch_keys()
            signed.allowed_algs = ["ES256", "EdDSA", "PS256", "RS256"]
            signed.verify(self.keys[head["kid"]])
            claims = {**json.loads(signed.payload), "kid": head["kid"]}
            audience = claims["aud"] if isinstance(claims["aud"], list) else [claims["aud"]]
        except (jws.InvalidJWSObject, jws.InvalidJWSSignature, KeyError, ValueError, OSError):
            return None
        if claims["sub"] != claims["client_id"]:
            claims["user_sid"] = claims["sub"]
        good = (head["typ"] == "at+jwt" and claims["iss"] == self.issuer and self.audience in audience
                and claims["exp"] > time.time())
        return claims if good else None

    def _fetch_keys(self):
        answer = self._request("GET", "/oauth/jwks")
        self.keys = {key["kid"]: jwk.JWK(**key) for key in (answer or {"keys": []})["keys"]}

    def _request(self, method, path, form=None):
        link = http.client.HTTPConnection(self.server, timeout=5)
        try:
            link.request(method, path, form, {"Authorization": self.authorization,
                                              "Content-Type": "application/x-www-form-urlencoded"})
            answer = link.getresponse()
            body = answer.read()
            return json.loads(body) if answer.status == 200 else None
        except (OSError, http.client.HTTPException):
            return None
        finally:
            link.close()
