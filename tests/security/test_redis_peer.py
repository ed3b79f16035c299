"""A Redis that lies, stalls and breaks off (incident 76, F-13): every answer stays right, and fast."""

import pathlib
import socket
import tempfile
import threading
import time

import pytest

from testbed import Testbed

REPLIES = {
    "huge-multi-bulk": b"*2147483647\r\n", "over-multi-bulk": b"*9223372036854775807\r\n", "negative-multi-bulk": b"*-7\r\n",
    "huge-bulk": b"$2147483647\r\nx", "negative-bulk": b"$-9\r\n", "truncated-bulk": b"$100\r\nabc",
    "moved": b"-MOVED 3999 127.0.0.1:1\r\n", "loading": b"-LOADING Redis is loading the dataset in memory\r\n",
    "noauth": b"-NOAUTH Authentication required.\r\n", "readonly": b"-READONLY You can't write\r\n",
    "oom": b"-OOM command not allowed when used memory > 'maxmemory'.\r\n", "wrong-type": b":7\r\n", "status": b"+OK\r\n",
    "nil": b"$-1\r\n", "empty-array": b"*0\r\n", "nested": b"*1\r\n" * 64 + b":1\r\n", "not-redis": b"HTTP/1.1 400 no\r\n\r\n",
    "zeros": bytes(4096), "many": b"+OK\r\n" * 100_000, "push": b">2\r\n+x\r\n+y\r\n", "format": b"-%s%n%b%s%n\r\n",
    "silent": None, "half-closed": b"",
}


class FakeRedis:
    """Answers everything with the same bytes; None: with nothing; b"": by closing its side."""

    def __init__(self, path, reply):
        self.reply = reply
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen(64)
        self.links = []
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            self.links.append(link)
            threading.Thread(target=self.serve, args=(link,), daemon=True).start()

    def serve(self, link):
        try:
            while link.recv(65536):
                if self.reply == b"":
                    link.shutdown(socket.SHUT_WR)
                elif self.reply is not None:
                    link.sendall(self.reply)
        except OSError:
            pass

    def close(self):
        self.listener.close()
        for link in self.links:
            link.close()


@pytest.fixture(scope="module")
def lying(tmp_path_factory):
    """One server whose Redis is replaced under it, one liar after the other."""
    folder = pathlib.Path(tempfile.mkdtemp(prefix="scopemint"))
    path = folder / "redis.sock"
    bed = Testbed(tmp_path_factory.mktemp("lying"), ["redis.poll_ms=50"], redis_url=f"unix:{path}").start()
    yield bed, path
    bed.stop()
    path.unlink(missing_ok=True)
    folder.rmdir()


@pytest.mark.parametrize("kind", REPLIES, ids=lambda value: "THREATS-76-F-13-" + value)
def test_answers_stay_right(lying, kind):
    bed, path = lying
    path.unlink(missing_ok=True)
    fake = FakeRedis(str(path), REPLIES[kind])
    try:
        end = time.monotonic() + 0.7
        while time.monotonic() < end:
            begin = time.monotonic()
            token = bed.issue()
            assert bed.is_active(token)
            assert bed.revoke(token).status == 200
            assert bed.introspect(token) == {"active": False}
            assert time.monotonic() - begin < 2
        ready = bed.get("/readyz", admin=True)
        assert ready.status == 200, ready.body
        assert bed.get("/livez", admin=True).status == 200
    finally:
        fake.close()
