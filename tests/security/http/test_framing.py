"""Requests that two readers could read in two ways, over real sockets: each is answered once, by a refusal, and the
connection ends, so that nothing behind it is ever taken for a request (F-40, THREATS-71 to 73). HTTP/2 is not
spoken."""

import datetime
import json
import re
import socket
import ssl

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from testbed import FORM, Testbed, eventually, free_port

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
GET = b"GET /oauth/jwks HTTP/1.1\r\n"
POST = b"POST /oauth/introspect HTTP/1.1\r\nHost: x\r\n"
HOST = b"Host: x\r\n"
CHUNKED = POST + b"Transfer-Encoding: chunked\r\n\r\n"

AMBIGUOUS = {
    # two lengths, and lengths that are no plain numbers
    "two-lengths": POST + b"Content-Length: 0\r\nContent-Length: %d\r\n\r\n" % len(HIDDEN),
    "two-lengths-turned": POST + b"Content-Length: %d\r\nContent-Length: 0\r\n\r\n" % len(HIDDEN),
    "same-length-twice": POST + b"Content-Length: 0\r\nContent-Length: 0\r\n\r\n",
    "length-list": POST + b"Content-Length: 0, 0\r\n\r\n",
    "length-plus": POST + b"Content-Length: +0\r\n\r\n",
    "length-minus": POST + b"Content-Length: -1\r\n\r\n",
    "length-hex": POST + b"Content-Length: 0x10\r\n\r\n",
    "length-leading-zero": POST + b"Content-Length: 00\r\n\r\n",
    "length-inner-blank": POST + b"Content-Length: 1 0\r\n\r\n",
    "length-empty": POST + b"Content-Length:\r\n\r\n",
    "length-fraction": POST + b"Content-Length: 0.0\r\n\r\n",
    "length-exponent": POST + b"Content-Length: 0e9\r\n\r\n",
    "length-vertical-tab": POST + b"Content-Length: \x0b0\r\n\r\n",
    "length-name-blank": POST + b"Content-Length : 0\r\n\r\n",
    "length-name-tab": POST + b"Content-Length\t: 0\r\n\r\n",
    "length-name-nul": POST + b"Content-Length\x00: 0\r\n\r\n",
    # a length and a coding, and codings beside chunked
    "length-and-chunked": POST + b"Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "chunked-and-length": POST + b"Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
    "coding-identity": POST + b"Transfer-Encoding: identity\r\n\r\n",
    "coding-unknown": POST + b"Transfer-Encoding: xchunked\r\n\r\n",
    "coding-list": POST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    "coding-not-last": POST + b"Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
    "coding-twice": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "coding-twice-second-unknown": POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n0\r\n\r\n",
    "coding-quoted": POST + b'Transfer-Encoding: "chunked"\r\n\r\n0\r\n\r\n',
    "coding-parameter": POST + b"Transfer-Encoding: chunked;q=1\r\n\r\n0\r\n\r\n",
    "coding-vertical-tab": POST + b"Transfer-Encoding: \x0bchunked\r\n\r\n0\r\n\r\n",
    "coding-empty": POST + b"Transfer-Encoding:\r\n\r\n",
    "coding-folded": POST + b"Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n",
    "coding-name-blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
    "coding-1.0": b"POST /oauth/introspect HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    # lines
    "bare-lf-request": b"GET /oauth/jwks HTTP/1.1\n" + HOST + b"\r\n",
    "bare-lf-field": GET + b"Host: x\n\r\n",
    "bare-lf-end": GET + b"Host: x\r\nA: b\n\n",
    "bare-cr": GET + b"Host: x\rA: b\r\n\r\n",
    "double-cr": GET + b"Host: x\r\r\n\r\n",
    "folded": GET + HOST + b"A: b\r\n c\r\n\r\n",
    "folded-tab": GET + HOST + b"A: b\r\n\tc\r\n\r\n",
    "folded-first": GET + b" A: b\r\n" + HOST + b"\r\n",
    "nul-in-value": GET + HOST + b"A: b\x00c\r\n\r\n",
    "control-in-value": GET + HOST + b"A: b\x01c\r\n\r\n",
    "no-colon": GET + HOST + b"Abc\r\n\r\n",
    "no-name": GET + HOST + b": b\r\n\r\n",
    "name-with-slash": GET + HOST + b"A/b: c\r\n\r\n",
    "name-not-ascii": GET + HOST + b"A\xc3\xa9: c\r\n\r\n",
    # the request line and Host
    "version-2": b"GET /oauth/jwks HTTP/2.0\r\n" + HOST + b"\r\n",
    "version-1.2": b"GET /oauth/jwks HTTP/1.2\r\n" + HOST + b"\r\n",
    "version-lower": b"GET /oauth/jwks http/1.1\r\n" + HOST + b"\r\n",
    "version-absent": b"GET /oauth/jwks\r\n" + HOST + b"\r\n",
    "two-blanks": b"GET  /oauth/jwks HTTP/1.1\r\n" + HOST + b"\r\n",
    "tab-for-blank": b"GET\t/oauth/jwks\tHTTP/1.1\r\n" + HOST + b"\r\n",
    "blank-behind": b"GET /oauth/jwks HTTP/1.1 \r\n" + HOST + b"\r\n",
    "blank-before": b" GET /oauth/jwks HTTP/1.1\r\n" + HOST + b"\r\n",
    "absolute-target": b"GET http://other/oauth/jwks HTTP/1.1\r\n" + HOST + b"\r\n",
    "asterisk-target": b"GET * HTTP/1.1\r\n" + HOST + b"\r\n",
    "fragment-target": b"GET /oauth/jwks#x HTTP/1.1\r\n" + HOST + b"\r\n",
    "bytes-in-target": b"GET /oauth/\xff HTTP/1.1\r\n" + HOST + b"\r\n",
    "host-absent": GET + b"\r\n",
    "host-twice": GET + HOST + HOST + b"\r\n",
    "host-two-kinds": GET + HOST + b"HOST: y\r\n\r\n",
    "host-empty": GET + b"Host:\r\n\r\n",
    "host-with-path": GET + b"Host: x/y\r\n\r\n",
    "host-list": GET + b"Host: x, y\r\n\r\n",
    "upgrade": GET + HOST + b"Connection: Upgrade\r\nUpgrade: h2c\r\n\r\n",
}

SIZES = [f"{power + more:x}" for power in (2**31, 2**32, 2**63, 2**64) for more in (-1, 0, 1)]
CHUNKS = {f"size-{size}": f"{size}\r\nabc".encode() for size in SIZES} | {
    "leading-zeros": b"0000000000000000000000003\r\nabc\r\n0\r\n\r\n",
    "extension": b"3;a=b\r\nabc\r\n0\r\n\r\n",
    "extension-with-lf": b"3;a=b\nabc\r\n0\r\n\r\n",
    "negative": b"-3\r\nabc\r\n0\r\n\r\n",
    "prefixed": b"0x3\r\nabc\r\n0\r\n\r\n",
    "trailer": b"3\r\nabc\r\n0\r\nContent-Length: 34\r\n\r\n",
    "longer-than-said": b"3\r\nabcd\r\n0\r\n\r\n",
    "plain": b"3\r\nabc\r\n0\r\n\r\n",
}


def certificate(folder):
    """A self-signed one for loopback; the listener's entry that names its files."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "testbed")])
    now = datetime.datetime.utcnow()
    made = (x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
            .serial_number(x509.random_serial_number()).not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1)).sign(key, hashes.SHA256()))
    folder.mkdir()
    (folder / "cert.pem").write_bytes(made.public_bytes(serialization.Encoding.PEM))
    (folder / "key.pem").write_bytes(key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    (folder / "key.pem").chmod(0o600)
    return f"{{certificate: {folder}/cert.pem, key: {folder}/key.pem}}"


@pytest.fixture(scope="module")
def loud(tmp_path_factory):
    """A testbed that writes the access log, with a second listener that speaks TLS."""
    folder = tmp_path_factory.mktemp("loud")
    port, tls_port = free_port(), free_port()
    tls = f"{{address: 127.0.0.1:{tls_port}, tls: {certificate(folder / 'tls')}}}"
    bed = Testbed(folder / "bed", ["server.access_log=true", f"server.listen=[127.0.0.1:{port}, {tls}]"], port=port)
    bed.tls_port = tls_port
    yield bed.start()
    bed.stop()


def lines_about(bed, text):
    return [json.loads(line) for line in bed.log().splitlines() if '"event":"request"' in line and text in line]


# ---- one answer, and the end ----


def only_answer(bed, data):
    """Sends data and a request hidden behind it; the status of the one answer, after which the server closes."""
    answer = bed.raw(data + HIDDEN, shut=False)
    head, _, rest = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 "), answer[:80]
    assert not re.search(rb"HTTP/1\.1 \d", rest)
    assert b"\r\nconnection: close" in head.lower()
    return int(head.split(b" ")[1])


@pytest.mark.parametrize("case", AMBIGUOUS, ids=lambda value: "THREATS-71-F-21-" + value)
def test_what_reads_in_two_ways_is_refused(loud, case):
    assert only_answer(loud, AMBIGUOUS[case]) == 400


@pytest.mark.parametrize("case", CHUNKS, ids=lambda value: "THREATS-72-" + value)
def test_chunked_bodies_are_not_taken(loud, case):
    answer = loud.raw(CHUNKED + CHUNKS[case])
    assert answer.count(b"HTTP/1.1 ") <= 1
    assert not answer or answer.split(b" ")[1] in (b"400", b"411", b"413"), answer[:60]
    if case == "plain":
        assert only_answer(loud, CHUNKED + CHUNKS[case]) == 411


@pytest.mark.parametrize("field", ["Authorization", "Content-Type", "Host"], ids=lambda value: "THREATS-73-" + value)
@pytest.mark.parametrize("form", ["doubled", "other-case", "folded", "folded-empty", "three-times"])
def test_fields_that_came_twice_or_folded(loud, field, form):
    value = {"Authorization": loud.app.basic, "Content-Type": FORM, "Host": "x"}[field]
    written = {
        "doubled": f"{field}: {value}\r\n{field}: {value}\r\n",
        "other-case": f"{field}: {value}\r\n{field.upper()}: other\r\n",
        "folded": f"{field}: {value}\r\n {value}\r\n",
        "folded-empty": f"{field}:\r\n\t{value}\r\n",
        "three-times": f"{field}: {value}\r\n" * 3,
    }[form]
    others = "".join(f"{name}: {text}\r\n" for name, text in
                     (("Authorization", loud.app.basic), ("Content-Type", FORM), ("Host", "x")) if name != field)
    body = "grant_type=client_credentials"
    assert only_answer(loud, f"POST /oauth/token HTTP/1.1\r\n{others}{written}Content-Length: {len(body)}\r\n\r\n{body}"
                       .encode()) == 400


def test_THREATS_71_nothing_hidden_was_ever_a_request(loud):
    """After all of the above: the access log has no line of it."""
    assert loud.get("/seen").status == 404
    assert eventually(lambda: lines_about(loud, '"path":"/seen"'))
    assert not lines_about(loud, '"path":"/hidden"')


# ---- HTTP/2 ----


def tls_connection(bed, protocols):
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(protocols)
    return context.wrap_socket(socket.create_connection(("127.0.0.1", bed.tls_port), 5))


def test_THREATS_67_THREATS_68_no_HTTP2_by_ALPN(loud):
    with pytest.raises(ssl.SSLError):
        tls_connection(loud, ["h2"]).close()
    with tls_connection(loud, ["h2", "http/1.1"]) as link:
        assert link.selected_alpn_protocol() == "http/1.1"
        link.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
        answer = link.recv(65536)
        assert not answer or answer.startswith(b"HTTP/1.1 400 ")
    with tls_connection(loud, ["http/1.1"]) as link:
        link.sendall(GET + HOST + b"\r\n")
        assert link.recv(65536).startswith(b"HTTP/1.1 200 ")


# ---- the access log ----


def test_THREATS_70_the_access_log_has_room_for_anything(loud):
    """F-20: as long as heads may be, and longer; whatever is written is one line of JSON."""
    for size in (255, 256, 257, 8000, 15_000, 16_384, 65_536):
        for head in (b"GET /" + b"%22\\" * (size // 4) + b" HTTP/1.1\r\n" + HOST,
                     GET + HOST + b"User-Agent: " + b"\xff" * size + b"\r\n",
                     GET + HOST + b"X-Request-Id: " + b"a" * size + b"\r\n"):
            loud.raw(head + b"Connection: close\r\n\r\n")
    assert loud.get("/behind-the-long-ones").status == 404
    assert eventually(lambda: lines_about(loud, '"path":"/behind-the-long-ones"'))
    lines = [line for line in loud.log().splitlines() if '"event":"request"' in line]
    assert all(json.loads(line) and len(line) < 4096 for line in lines)
    assert any(json.loads(line).get("path_cut") for line in lines)


def test_THREATS_70_clients_that_leave_at_every_byte_with_the_log_on(loud):
    body = b"grant_type=client_credentials"
    whole = (f"POST /oauth/token HTTP/1.1\r\nHost: x\r\nContent-Type: {FORM}\r\nAuthorization: {loud.app.basic}\r\n"
             f"Content-Length: {len(body)}\r\n\r\n").encode() + body
    for size in range(1, len(whole) + 1):
        with socket.create_connection(("127.0.0.1", loud.port)) as link:
            if size % 2:
                link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            link.sendall(whole[:size])
    assert loud.is_active(loud.issue())
