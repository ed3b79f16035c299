"""A running testbed (scripts/testbed) and the few verbs the suites need.

Testbed starts one on free ports in a folder of its own and stops it by SIGTERM. Every answer it gets and every
secret it sends passes through `seen`, so that at the end a suite can look for them in logs, files and Redis
(canary.py)."""

import base64
import contextlib
import http.client
import json
import os
import pathlib
import random
import re
import signal
import socket
import sqlite3
import subprocess
import time
import urllib.parse
from dataclasses import dataclass, field

ROOT = pathlib.Path(__file__).resolve().parents[2]
FORM = "application/x-www-form-urlencoded"
START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 30


def binary():
    """The program under test, as scripts/testbed finds it."""
    return os.environ.get("SCOPEMINT_BIN", str(ROOT / "build/src/app/scopemint"))


def environment(**more):
    """What the program runs with. It knows all variables of its own, and SCOPEMINT_BIN is none."""
    variables = {name: value for name, value in os.environ.items() if name != "SCOPEMINT_BIN"}
    return {"LSAN_OPTIONS": f"suppressions={ROOT}/tests/support/lsan.supp:print_suppressions=0", **variables, **more}


@dataclass(frozen=True)
class Client:
    """An application as a client: what it authenticates with."""

    client_id: str
    client_secret: str = ""

    @property
    def basic(self):
        return basic(self.client_id, self.client_secret)


def basic(user, password):
    """The value of an Authorization header, RFC 6749 2.3.1."""
    pair = f"{urllib.parse.quote_plus(user)}:{urllib.parse.quote_plus(password)}"
    return "Basic " + base64.b64encode(pair.encode()).decode()


@dataclass
class Reply:
    status: int
    headers: list
    body: bytes

    def header(self, name):
        """The one value of a header, None when absent; a repeated one is joined by commas."""
        values = [value for key, value in self.headers if key.lower() == name.lower()]
        return ", ".join(values) if values else None

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def error(self):
        return self.json.get("error")


@dataclass
class Seen:
    """What the canary looks for, and where besides files it may have leaked."""

    secrets: set = field(default_factory=set)
    error_bodies: list = field(default_factory=list)

    def note_reply(self, reply):
        for value in re.findall(rb'"(?:access_token|client_secret)"\s*:\s*"([^"]+)"', reply.body):
            self.secrets.add(value.decode())
        if reply.status >= 400:
            self.error_bodies.append(reply.body)

    def note_form(self, form):
        for name, value in form:
            if name in ("token", "client_secret") and isinstance(value, str):
                self.secrets.add(value)


def free_port():
    """A port N such that N and N+1 are free just now, and below those that Linux hands out to whoever connects."""
    while True:
        port = random.randrange(10_000, 32_000, 2)
        with socket.socket() as first, socket.socket() as second, contextlib.suppress(OSError):
            first.bind(("127.0.0.1", port))
            second.bind(("127.0.0.1", port + 1))
            return port


class Addresses:
    """Loopback addresses nobody used before: guesses are counted by address."""

    def __init__(self):
        self.last = 256

    def fresh(self):
        self.last += 1
        return f"127.{self.last >> 16 & 255}.{self.last >> 8 & 255}.{self.last & 255}"


class Testbed:
    __test__ = False

    def __init__(self, state, settings=(), seed=None, port=None, environment=None, redis_url=None):
        self.state = pathlib.Path(state)
        self.port = port or free_port()
        self.settings = list(settings)
        self.seed = seed
        self.environment = environment or {}
        self.redis_url = redis_url
        self.seen = Seen()
        self.addresses = Addresses()
        self.process = None
        self.started_at = None

    # ---- its life ----

    def launch(self):
        """Starts the script without waiting for the server."""
        command = [str(ROOT / "scripts" / "testbed"), "--state", str(self.state), "--port", str(self.port)]
        if self.redis_url:
            command += ["--redis-url", self.redis_url]
        for setting in self.settings:
            command += ["--set", setting]
        if self.seed is not None:
            self.state.mkdir(parents=True, exist_ok=True)
            path = self.state / "more.json"
            path.write_text(json.dumps(self.seed))
            command += ["--seed", str(path)]
        self.process = subprocess.Popen(
            command, env=environment(SCOPEMINT_BIN=binary(), **self.environment), stderr=subprocess.PIPE, text=True,
            start_new_session=True)
        return self

    def start(self):
        self.launch()
        path = self.state / "testbed.json"
        deadline = time.monotonic() + START_TIMEOUT_S
        while not path.exists():
            if self.process.poll() is not None:
                raise RuntimeError(f"testbed ended: {self.process.stderr.read()}")
            if time.monotonic() > deadline:
                self.process.terminate()
                raise RuntimeError("testbed was not ready in time")
            time.sleep(0.01)
        self.describe(json.loads(path.read_text()))
        return self

    def describe(self, facts):
        self.facts = facts
        self.issuer = facts["base_url"]
        self.admin_port = int(facts["admin_url"].rsplit(":", 1)[1])
        self.audience = facts["resource_server"]["audience"]
        self.partner_sid = facts["partner_sid"]
        self.pid = facts["pid"]
        self.keys = pathlib.Path(facts["keys"])
        self.config = pathlib.Path(facts["conf"]) / "scopemint.yaml"
        for name in ("admin", "app", "resource_server", "sub_partner"):
            entry = facts[name]
            setattr(self, name, Client(entry["client_id"], entry["client_secret"]))
        for application in facts["seeded"]["applications"].values():
            self.seen.secrets.add(application.get("client_secret") or "")
        self.seen.secrets.add(self.admin.client_secret)

    def partner_sids(self):
        """Of the seeded partners, by ref; `root` is the one that was there before."""
        partners = self.facts["seeded"]["partners"]
        return {**{ref: entry["partner_sid"] for ref, entry in partners.items()}, "root": self.partner_sid}

    def seeded(self, ref):
        entry = self.facts["seeded"]["applications"][ref]
        return Client(entry["client_id"], entry.get("client_secret") or "")

    def stop(self):
        """SIGTERM; what the script ended with. The testbed ends with the server's status."""
        if self.process is None:
            return 0
        process, self.process = self.process, None
        process.send_signal(signal.SIGTERM)
        try:
            _, errors = process.communicate(timeout=STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise RuntimeError(f"testbed did not stop; its log: {self.log()[-2000:]}") from None
        if process.returncode != 0:
            raise RuntimeError(f"testbed ended with {process.returncode}: {errors}\n{self.log()[-4000:]}")
        return process.returncode

    def restart(self):
        self.stop()
        return self.start()

    def kill(self):
        """kill -9 of the server; the testbed notices, stops its Redis and ends with 1."""
        os.kill(self.pid, signal.SIGKILL)
        process, self.process = self.process, None
        process.communicate(timeout=STOP_TIMEOUT_S)
        return process.returncode

    def reload(self):
        os.kill(self.pid, signal.SIGHUP)

    def scopemint(self, *arguments, later_s=0):
        """A command of the same binary on this testbed's configuration; later_s moves its clock forward."""
        command = [binary(), *arguments, "--config", str(self.config)]
        variables = environment()
        if later_s:
            command = ["faketime", "-f", f"+{later_s}s", *command]
            variables["ASAN_OPTIONS"] = "verify_asan_link_order=0:detect_leaks=0"
        return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False, env=variables)

    def log(self):
        return (self.state / "server.log").read_text(errors="replace")

    # ---- requests ----

    def connect(self, source=None, timeout=20, admin=False):
        port = self.admin_port if admin else self.port
        return http.client.HTTPConnection(
            "127.0.0.1", port, timeout=timeout, source_address=(source, 0) if source else None)

    def request(self, method, path, body=None, headers=(), source=None, admin=False, connection=None):
        """One request. headers: pairs, sent as they are, repeated names and all."""
        link = connection or self.connect(source, admin=admin)
        try:
            link.putrequest(method, path, skip_accept_encoding=True)
            for name, value in headers:
                link.putheader(name, value)
            if body is not None:
                link.putheader("Content-Length", str(len(body)))
            link.endheaders(body)
            response = link.getresponse()
            reply = Reply(response.status, response.getheaders(), response.read())
        finally:
            if connection is None:
                link.close()
        self.seen.note_reply(reply)
        return reply

    def post(self, path, form, client=None, bearer=None, authorization=None, headers=(), **more):
        """A form POST. form: dict, pairs, or bytes as they are."""
        if isinstance(form, bytes):
            body = form
        else:
            pairs = list(form.items()) if isinstance(form, dict) else list(form)
            self.seen.note_form(pairs)
            body = urllib.parse.urlencode(pairs).encode()
        fields = list(headers)
        if not any(name.lower() == "content-type" for name, _ in fields):
            fields.append(("Content-Type", FORM))
        if client is not None:
            self.seen.secrets.add(client.client_secret)
            authorization = client.basic
        if bearer is not None:
            self.seen.secrets.add(bearer)
            authorization = f"Bearer {bearer}"
        if authorization is not None:
            fields.append(("Authorization", authorization))
        return self.request("POST", path, body, fields, **more)

    def get(self, path, headers=(), **more):
        return self.request("GET", path, None, headers, **more)

    def raw(self, data, source=None, timeout=5, shut=True):
        """Bytes as they are; everything that comes back until the server closes or is silent."""
        with socket.create_connection(
                ("127.0.0.1", self.port), timeout, (source, 0) if source else None) as link:
            answer = b""
            try:
                link.sendall(data)
                if shut:
                    link.shutdown(socket.SHUT_WR)
                while chunk := link.recv(65536):
                    answer += chunk
            except (TimeoutError, ConnectionError, OSError):
                pass
            return answer

    # ---- the main verbs ----

    def token(self, client, source=None, **form):
        return self.post("/oauth/token", {"grant_type": "client_credentials", **form}, client, source=source)

    def issue(self, client=None, **form):
        reply = self.token(client or self.app, **form)
        assert reply.status == 200, reply.body
        return reply.json["access_token"]

    def introspection(self, token, caller=None, **form):
        return self.post("/oauth/introspect", {"token": token, **form}, caller or self.resource_server)

    def introspect(self, token, caller=None, **form):
        reply = self.introspection(token, caller, **form)
        assert reply.status == 200, reply.body
        return reply.json

    def is_active(self, token, caller=None):
        return self.introspect(token, caller)["active"]

    def revoke(self, token, client=None, **form):
        return self.post("/oauth/revoke", {"token": token, **form}, client or self.app)

    # ---- Redis and the store ----

    def offline(self, sql, *values):
        """Stops the server, runs one statement on its store, starts it again; the rows."""
        self.stop()
        with contextlib.closing(sqlite3.connect(self.facts["store"])) as link, link:
            rows = link.execute(sql, values).fetchall()
        self.start()
        return rows

    def redis(self, *arguments):
        result = subprocess.run(
            ["redis-cli", "-s", self.facts["redis_socket"], *arguments],
            capture_output=True, text=True, check=True, timeout=10)
        return result.stdout.strip()

    @property
    def is_sanitized(self):
        """Under AddressSanitizer freed memory is kept back, so its amount says nothing."""
        return b"libasan" in pathlib.Path(binary()).read_bytes()

    def rss_kib(self):
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])


def eventually(condition, timeout_s=5.0, step_s=0.01):
    """Waits for a condition with a deadline; the last value."""
    deadline = time.monotonic() + timeout_s
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(step_s)
