"""Behind nginx as a trusted proxy (9700-4.13-a, THREATS-71): guesses are counted by the address it forwards, and what
it lets through of a request with two readings never becomes part of somebody else's."""

import os
import shutil
import socket
import subprocess

import pytest

from test_framing import AMBIGUOUS, CHUNKED, CHUNKS, HIDDEN
from testbed import Client, Testbed, eventually, free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
CONFIG = """
daemon off; master_process off; pid {dir}/pid; error_log {dir}/error.log;
events {{ worker_connections 256; }}
http {{
    access_log off;
    client_body_temp_path {dir}/body; proxy_temp_path {dir}/proxy; fastcgi_temp_path {dir}/fastcgi;
    uwsgi_temp_path {dir}/uwsgi; scgi_temp_path {dir}/scgi;
    upstream scopemint {{ server 127.0.0.1:{upstream}; keepalive 1; }}
    server {{
        listen 127.0.0.1:{port};
        underscores_in_headers on; ignore_invalid_headers off;
        location / {{
            proxy_pass http://scopemint;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
            proxy_request_buffering off;
            proxy_next_upstream off;
        }}
    }}
}}
"""

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (scripts/deps --test)")


def answers(port):
    with socket.socket() as link:
        return link.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="module")
def pair(tmp_path_factory):
    """A testbed that trusts 127.0.0.1 alone, and `bed.port` is nginx's; `bed.direct` is its own."""
    folder = tmp_path_factory.mktemp("proxy")
    bed = Testbed(folder / "bed", ["server.trusted_proxies=[127.0.0.1]"]).start()
    bed.direct, bed.port = bed.port, free_port()
    path = folder / "nginx.conf"
    path.write_text(CONFIG.format(dir=folder, port=bed.port, upstream=bed.direct))
    process = subprocess.Popen([NGINX, "-p", str(folder), "-c", str(path), "-e", str(folder / "error.log")],
                               stderr=subprocess.DEVNULL)
    try:
        assert eventually(lambda: answers(bed.port)), (folder / "error.log").read_text()
        yield bed
    finally:
        process.terminate()
        process.wait(10)
        bed.stop()


def wrong(bed):
    return Client(bed.app.client_id, "sm_cs_" + os.urandom(30).hex())


def test_9700_4_13_a_guesses_are_counted_by_the_forwarded_address(pair):
    guesser, other = pair.addresses.fresh(), pair.addresses.fresh()
    statuses = [pair.token(wrong(pair), source=guesser).status for _ in range(12)]
    assert statuses[0] == 401 and statuses[-1] == 429, statuses
    assert pair.token(pair.app, source=guesser).status == 429
    assert pair.token(pair.app, source=other).status == 200
    assert pair.token(pair.app).status == 200  # the proxy's own address


def test_9700_4_13_a_what_a_client_says_of_itself_does_not_count(pair):
    """nginx puts the address it saw behind whatever the client sent."""
    guesser = pair.addresses.fresh()

    def guess(number):
        return pair.post("/oauth/token", {"grant_type": "client_credentials"}, wrong(pair), source=guesser,
                         headers=[("X-Forwarded-For", f"192.0.2.{number}, 127.0.0.1")]).status

    assert [guess(number) for number in range(12)][-1] == 429
    assert pair.token(pair.app, source="127.9.9.9").status == 200


@pytest.mark.parametrize("case", {**AMBIGUOUS, **CHUNKS}, ids=lambda value: "THREATS-71-THREATS-72-" + value)
def test_nobody_gets_the_answer_of_another(pair, case):
    """nginx keeps one connection to the server: what a bad request left on it would be read with the next."""
    data = AMBIGUOUS.get(case) or CHUNKED + CHUNKS[case]
    with socket.create_connection(("127.0.0.1", pair.port), 5) as link:
        link.sendall(data + HIDDEN.replace(b"/hidden", b"/oauth/hidden"))
        victims = [pair.get("/oauth/jwks") for _ in range(2)]
    assert [victim.status for victim in victims] == [200, 200]
    assert all(b'"keys"' in victim.body for victim in victims)
