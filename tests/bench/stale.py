"""Answers that are still "active" after the 200 of a revocation, on the same node, while others introspect."""

import socket
import subprocess
import time
import urllib.parse

from load import BOTH_CORES, running
from report import Bar
from scale import issue_many
from tail import rate_command, requests_file
from testbed import FORM

RATE, REVOCATIONS, LOOKERS = 1000, 1000, 8


class Link:
    """A kept connection on which a request is sent now and its answer read later."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def send(self, path, client, token):
        body = f"token={urllib.parse.quote(token)}"
        self.socket.sendall((f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: {client.basic}\r\n"
                             f"Content-Type: {FORM}\r\nContent-Length: {len(body)}\r\n\r\n{body}").encode())

    def answer(self):
        data = b""
        while b"\r\n\r\n" not in data:
            data += self.socket.recv(65536)
        head, body = data.split(b"\r\n\r\n", 1)
        if not head.startswith(b"HTTP/1.1 200"):
            raise RuntimeError(head)
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        while len(body) < length:
            body += self.socket.recv(65536)
        return body

    def close(self):
        self.socket.close()


def look(lookers, bed, token):
    """What all of them, at once, are told."""
    for link in lookers:
        link.send("/oauth/introspect", bed.resource_server, token)
    return [b'"active":true' in link.answer() for link in lookers]


def count_stale(bed):
    lookers, revoker = [Link(bed.port) for _ in range(LOOKERS)], Link(bed.port)
    stale, answers, times = 0, 0, []
    for token in issue_many(bed, REVOCATIONS):
        if not all(look(lookers, bed, token)):
            raise RuntimeError("inactive before it was revoked")
        revoker.send("/oauth/revoke", bed.app, token)
        revoker.answer()
        begin = time.perf_counter()
        seen = look(lookers, bed, token)
        times.append(time.perf_counter() - begin)
        stale, answers = stale + sum(seen), answers + len(seen)
    for link in (*lookers, revoker):
        link.close()
    return stale, answers, sorted(times)[len(times) * 99 // 100] * 1e6


def run(folder):
    with running(folder, "stale", ["server.threads=2"], cores=BOTH_CORES) as bed:
        file = requests_file(bed, issue_many(bed, RATE), folder / "requests")
        background = subprocess.Popen(rate_command(bed.port, RATE, 600, file), stdout=subprocess.DEVNULL)
        try:
            stale, answers, p99_us = count_stale(bed)
            if background.poll() is not None:
                raise RuntimeError("the introspections beside ended early")
        finally:
            background.kill()
            background.wait()
    figure = f"{stale} of {answers:,} (p99 of {LOOKERS} at once: {p99_us:.0f} µs)"
    return [Bar("stale answers after the 200 of a revocation, at 1,000 introspections/s", figure, "0", stale == 0)]
