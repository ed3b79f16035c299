"""What the peers share: their one client, and a few requests to set them up."""

import base64
import json
import socket
import time
import urllib.error
import urllib.parse
import urllib.request

CLIENT, SECRET = "bench", "a-secret-of-the-benchmark-alone"
DEADLINE_S = 20


class Unavailable(Exception):
    """The peer cannot be had or set up here; why."""


def basic():
    return "Basic " + base64.b64encode(f"{CLIENT}:{SECRET}".encode()).decode()


def form(fields):
    return urllib.parse.urlencode(fields)


def send(request):
    """The answer; its body as JSON where there is one."""
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:
            body = answer.read()
            return answer, json.loads(body) if body else None
    except urllib.error.HTTPError as error:
        raise Unavailable(f"{request.full_url}: {error.code} {error.read()[:300]}") from None
    except (OSError, ValueError) as error:
        raise Unavailable(f"{request.full_url}: {error}") from None


def ask(url, path, fields):
    """A form, as the client."""
    return send(urllib.request.Request(url + path, form(fields).encode(), {"Authorization": basic()}))[1]


def wait_for_port(port, process, log):
    deadline = time.monotonic() + DEADLINE_S
    while process.poll() is None and time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    raise Unavailable(f"it does not start: {log.read_text()[-500:]}")
