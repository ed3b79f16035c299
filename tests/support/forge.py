"""JWTs nobody issued: taken apart, put together again with any header, claims and key. What is signed with the
testbed's own key is genuine but for what the test changed."""

import base64
import json
import secrets

from cryptography.hazmat.primitives import hashes, hmac, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def compact(value):
    """A JSON object as text; bytes and text stay as they are, for what no JSON writer would write."""
    if isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return value.encode()
    return json.dumps(value, separators=(",", ":")).encode()


def header(token):
    return json.loads(unb64(token.split(".")[0]))


def claims(token):
    return json.loads(unb64(token.split(".")[1]))


def jti(token):
    return claims(token)["jti"]


def token_sid(token):
    return jti(token).split(".")[0]


def sign_with(key, data):
    """The signature an honest signer with this key makes: raw r and s for EC, as RFC 7518 3.4 says."""
    if isinstance(key, ec.EllipticCurvePrivateKey):
        size = (key.curve.key_size + 7) // 8
        r, s = decode_dss_signature(key.sign(data, ec.ECDSA(hashes.SHA256())))
        return r.to_bytes(size, "big") + s.to_bytes(size, "big")
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(data)
    if isinstance(key, rsa.RSAPrivateKey):
        return key.sign(data, padding.PKCS1v15(), hashes.SHA256())
    raise TypeError(key)


def hs256(secret, data):
    mac = hmac.HMAC(secret, hashes.SHA256())
    mac.update(data)
    return mac.finalize()


def assemble(head, payload, signer):
    """signer: bytes -> signature bytes."""
    signing_input = f"{b64(compact(head))}.{b64(compact(payload))}"
    return f"{signing_input}.{b64(signer(signing_input.encode()))}"


def fresh_jti():
    """Of a token nobody issued; the time in front is one of long ago."""
    return f"0190a000-0000-7000-8000-{secrets.token_hex(6)}.1"


class Forger:
    """Signs with the testbed's active key."""

    def __init__(self, bed):
        self.bed = bed
        self.sample = bed.issue(bed.app, scope="calls.read")
        self.kid = header(self.sample)["kid"]
        self.jwk = next(key for key in bed.get("/oauth/jwks").json["keys"] if key["kid"] == self.kid)
        self.key = self._private_key()

    def _private_key(self):
        for path in sorted(self.bed.keys.rglob("*")):
            if not path.is_file():
                continue
            try:
                key = serialization.load_pem_private_key(path.read_bytes(), None)
            except ValueError:
                continue
            if isinstance(key, ec.EllipticCurvePrivateKey):
                if b64(key.public_key().public_numbers().x.to_bytes(32, "big")) == self.jwk.get("x"):
                    return key
        raise AssertionError("no private key of the testbed belongs to the token's kid")

    def public_bytes(self, form):
        encodings = {
            "pem": (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo),
            "der": (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo),
            "point": (serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint),
        }
        return self.key.public_key().public_bytes(*encodings[form])

    def epoch(self):
        """Of what is issued now."""
        return claims(self.bed.issue(self.bed.app, scope="calls.read"))["epoch"]

    def make_many(self, count):
        """As many with the epoch of now, made as they are taken."""
        epoch = self.epoch()
        return (self.make(epoch=epoch) for _ in range(count))

    def make(self, head=None, payload=None, drop=(), sign=None, epoch=None):
        """The sample with changes, an id of its own and the epoch of now, as if it had been issued now. head and payload:
        members to change, or the whole as text or bytes."""
        def changed(original, change):
            if isinstance(change, (str, bytes)):
                return change
            result = {**original, **(change or {})}
            return {name: value for name, value in result.items() if name not in drop}

        fresh = {**claims(self.sample), "jti": fresh_jti(), "epoch": self.epoch() if epoch is None else epoch}
        token = assemble(
            changed(header(self.sample), head), changed(fresh, payload),
            sign or (lambda data: sign_with(self.key, data)))
        self.bed.seen.secrets.add(token)
        return token
