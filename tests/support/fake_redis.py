"""A Redis that can be told to misbehave: as much of the real one as the server's link asks for, on a unix socket, with a
thread for each connection. What a case does with the answers is a function of the test's."""

import contextlib
import pathlib
import socket
import threading


class Closed(Exception):
    """The other side has gone."""


class Link:
    """One connection: reads commands, and sends whatever it is told to."""

    def __init__(self, sock):
        self.sock, self.buffer, self.commands = sock, b"", 0

    def send(self, data):
        try:
            self.sock.sendall(data)
        except OSError as error:
            raise Closed from error

    def more(self):
        try:
            data = self.sock.recv(65536)
        except OSError as error:
            raise Closed from error
        if not data:
            raise Closed
        self.buffer += data

    def line(self):
        while b"\r\n" not in self.buffer:
            self.more()
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def command(self):
        count = int(self.line()[1:])
        words = []
        for _ in range(count):
            length = int(self.line()[1:])
            while len(self.buffer) < length + 2:
                self.more()
            words.append(self.buffer[:length])
            self.buffer = self.buffer[length + 2:]
        self.commands += 1
        return words


def bulk(text):
    return b"$-1\r\n" if text is None else b"$%d\r\n%s\r\n" % (len(text), text)


class FakeRedis:
    def __init__(self, path):
        self.path = pathlib.Path(path)
        self.keys, self.epochs, self.feed = {}, {}, []
        self.behave = truthfully
        self.hits = 0  # connections and answers that a case had its way with
        self.links = set()
        self.lock = threading.Lock()
        self.listener = None

    def start(self):
        self.path.unlink(missing_ok=True)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(str(self.path))
        self.listener.listen(16)
        threading.Thread(target=self.accept, daemon=True).start()
        return self

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.path.unlink(missing_ok=True)
        self.drop()

    def drop(self):
        """Ends all connections."""
        for link in list(self.links):
            with contextlib.suppress(OSError):
                link.sock.shutdown(socket.SHUT_RDWR)

    def turn(self, behave):
        """From now on, on new connections."""
        self.behave, self.hits = behave, 0
        self.drop()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Link(sock),), daemon=True).start()

    def serve(self, link):
        self.links.add(link)
        behave = self.behave
        with contextlib.suppress(Closed), link.sock:
            while True:
                command = link.command()
                with self.lock:
                    truth = self.answer(command)
                try:
                    self.hits += behave(link, command, truth) is not None
                except Closed:
                    self.hits += 1
                    raise
        self.links.discard(link)

    def answer(self, command):
        """As Redis would."""
        verb, *rest = command
        verb = verb.upper()
        if verb == b"SET":
            old = self.keys.get(rest[0])
            if b"XX" in rest and old is None:
                return bulk(None)
            self.keys[rest[0]] = rest[1]
            return bulk(old) if b"GET" in rest else b"+OK\r\n"
        if verb == b"GET":
            return bulk(self.keys.get(rest[0]))
        if verb == b"DEL":
            for key in rest:
                self.keys.pop(key, None)
                if key.endswith(b":feed"):
                    self.feed.clear()
            return b":1\r\n"
        if verb in (b"HSET", b"HDEL"):
            return b":1\r\n"
        if verb == b"XADD":
            self.feed.append(rest[4])
            return bulk(rest[4])
        if verb == b"XREVRANGE":
            last = self.feed[-1:]
            return b"*%d\r\n" % len(last) + b"".join(
                b"*2\r\n" + bulk(place) + b"*2\r\n" + bulk(b"feed") + bulk(b"x") for place in last)
        return b"+OK\r\n"


# ---- what a case does with one answer: None when it was the right one ----

def truthfully(link, command, truth):
    link.send(truth)


def saying(text):
    """That in place of every answer."""
    def behave(link, command, truth):
        link.send(text)
        return True
    return behave


def from_command(verb, other):
    """Right until that command comes."""
    def behave(link, command, truth):
        if command[0].upper() != verb:
            return truthfully(link, command, truth)
        return other(link, command, truth)
    return behave


def closing(link, command, truth):
    link.sock.close()
    raise Closed


def half_closing(link, command, truth):
    link.send(truth)
    with contextlib.suppress(OSError):
        link.sock.shutdown(socket.SHUT_WR)
    return True


def truncating(link, command, truth):
    link.send(truth[:len(truth) // 2])
    with contextlib.suppress(OSError):
        link.sock.shutdown(socket.SHUT_WR)
    return True


def in_pieces(link, command, truth):
    for byte in truth:
        link.send(bytes([byte]))
    return True


def silent(link, command, truth):
    return True
