"""An event stream of GET /oauth/revocations over a plain socket: the events as they come, and how they are framed."""

import json
import re
import select
import socket
import struct
import time
from dataclasses import dataclass


@dataclass
class Event:
    name: str  # "" for a comment
    id: str
    data: object
    text: str
    at: float

    @property
    def number(self):
        return int(self.id.rsplit(".", 1)[1])


class Stream:
    """path: with its query. Reads the head at once; events on demand."""

    def __init__(self, bed, client=None, bearer=None, path="/oauth/revocations", last=None, source=None, version="1.1",
                 buffer=None):
        self.link = socket.socket()
        if buffer:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffer)
        if source:
            self.link.bind((source, 0))
        self.link.settimeout(10)
        self.link.connect(("127.0.0.1", bed.port))
        authorization = f"Bearer {bearer}" if bearer else (client or bed.resource_server).basic
        fields = [f"GET {path} HTTP/{version}", "Host: localhost", f"Authorization: {authorization}",
                  "Accept: text/event-stream"]
        if last is not None:
            fields.append(f"Last-Event-ID: {last}")
        self.link.sendall(("\r\n".join(fields) + "\r\n\r\n").encode())
        self.raw = b""
        self.text = b""
        self.chunked = version == "1.1"
        self.closed = False      # the server has closed
        self.ended = False       # with the last chunk
        self.head = self._read_head()
        self.status = int(self.head.split(None, 2)[1])

    def _receive(self, timeout_s):
        ready, _, _ = select.select([self.link], [], [], max(0, timeout_s))
        if not ready:
            return False
        try:
            data = self.link.recv(65536)
        except ConnectionError:
            data = b""
        self.closed = data == b""
        self.raw += data
        return not self.closed

    def _read_head(self):
        deadline = time.monotonic() + 10
        while b"\r\n\r\n" not in self.raw:
            if not self._receive(deadline - time.monotonic()):
                raise ConnectionError(f"no head: {self.raw!r}")
        head, self.raw = self.raw.split(b"\r\n\r\n", 1)
        return head.decode()

    def header(self, name):
        found = re.search(rf"^{name}: (.*)$", self.head, re.M | re.I)
        return found[1].strip() if found else None

    def _unwrap(self):
        """Whole chunks alone."""
        if not self.chunked:
            self.text, self.raw = self.text + self.raw, b""
            return
        while b"\r\n" in self.raw and not self.ended:
            size, rest = self.raw.split(b"\r\n", 1)
            length = int(size, 16)
            if len(rest) < length + 2:
                return
            assert rest[length:length + 2] == b"\r\n"
            self.ended = length == 0
            self.text += rest[:length]
            self.raw = rest[length + 2:]

    def next(self, timeout_s=5, comments=False):
        """The next event; None when none came in time, or the stream is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            self._unwrap()
            while b"\n\n" in self.text:
                block, self.text = self.text.split(b"\n\n", 1)
                event = self._parse(block.decode())
                if event.name or comments:
                    return event
            if self.closed or self.ended or not self._receive(deadline - time.monotonic()):
                self._unwrap()
                if b"\n\n" not in self.text:
                    return None

    @staticmethod
    def _parse(block):
        fields = {"event": "", "id": "", "data": "null"}
        for line in block.split("\n"):
            name, _, value = line.partition(": ")
            assert name in ("event", "id", "data", "retry", "", ":"), block
            if name in fields:
                fields[name] = value
        return Event(fields["event"], fields["id"], json.loads(fields["data"]), block, time.monotonic())

    def until(self, name, timeout_s=10):
        """The events up to one of that name, which is the last."""
        events = []
        deadline = time.monotonic() + timeout_s
        while True:
            event = self.next(deadline - time.monotonic())
            assert event is not None, f"no {name}; came: {[e.name for e in events]}"
            events.append(event)
            if event.name == name:
                return events

    def is_over(self, timeout_s=5):
        """Whether the server ends it in time, whatever comes before."""
        deadline = time.monotonic() + timeout_s
        while not self.closed and not self.ended and time.monotonic() < deadline:
            self.next(deadline - time.monotonic())
        return self.closed or self.ended

    def close(self, reset=True):
        """By a reset, so that the server knows at once."""
        if reset and self.link.fileno() >= 0:
            self.link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.link.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
