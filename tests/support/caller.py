"""A caller of /core/v2: a token, and how it is sent."""

import json


class Caller:
    """What a suite says about its endpoints stands in a class of its own on top of this."""

    def __init__(self, bed, token):
        self.bed = bed
        self.token = token
        bed.seen.secrets.add(token)

    def send(self, method, path, body=None, **headers):
        """Bytes go as they are, anything else as JSON; if_match="x" is the field If-Match."""
        fields = [("Authorization", f"Bearer {self.token}")]
        fields += [(name.replace("_", "-"), value) for name, value in headers.items()]
        if body is not None and not isinstance(body, bytes):
            fields.append(("Content-Type", "application/json"))
            body = json.dumps(body).encode()
        return self.bed.request(method, path, body, fields)
