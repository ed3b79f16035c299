"""A small HTTP/1.1 client on asyncio for tests that need many connections at a time: one kept connection each."""

import asyncio
import json
import urllib.parse


class Link:
    def __init__(self, port):
        self.port = port
        self.reader = self.writer = None

    async def open(self):
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", self.port)
        return self

    def close(self):
        if self.writer is not None:
            self.writer.close()
        self.reader = self.writer = None

    async def request(self, method, path, authorization, body=b"", content_type="application/json"):
        """Status, header fields by lower-case name, body."""
        head = (f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: {authorization}\r\n"
                f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n")
        self.writer.write(head.encode() + body)
        lines = (await self.reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        body = await self.reader.readexactly(int(fields.get("content-length", 0)))
        return int(lines[0].split()[1]), fields, body

    async def form(self, path, authorization, **fields):
        status, _, body = await self.request("POST", path, authorization, urllib.parse.urlencode(fields).encode(),
                                             "application/x-www-form-urlencoded")
        return status, json.loads(body) if body else None

    async def json(self, method, path, bearer, value=None):
        status, _, body = await self.request(method, path, f"Bearer {bearer}",
                                             b"" if value is None else json.dumps(value).encode())
        return status, json.loads(body) if body else None
