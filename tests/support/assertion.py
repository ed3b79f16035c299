"""Clients that prove themselves by a key (private_key_jwt, RFC 7523): their keys, made anew for each run, and the
assertions they sign. jwcrypto signs whatever it can; the rest is put together by forge."""

import json
import time
import uuid

from jwcrypto import jwk, jws

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEFAULT = object()


def _key(kid, alg):
    kinds = {"ES256": {"kty": "EC", "crv": "P-256"}, "EdDSA": {"kty": "OKP", "crv": "Ed25519"}}
    return jwk.JWK.generate(**kinds.get(alg, {"kty": "RSA", "size": 2048}), kid=kid, alg=alg, use="sig")


# One of each algorithm, by its name; and one that nobody registered.
KEYS = {alg: _key(alg.lower(), alg) for alg in ("ES256", "EdDSA", "RS256", "PS256")}
STRANGER = _key("es256", "ES256")
SINGLE = _key("only", "RS256")


def key_set(*keys):
    """As it is registered: public parts alone."""
    return {"keys": [json.loads(key.export_public()) for key in keys]}


def claims_of(bed, client, **changes):
    """Good ones for the token endpoint; a change to None leaves a claim out."""
    now = int(time.time())
    claims = {"iss": client.client_id, "sub": client.client_id, "aud": bed.issuer, "iat": now, "exp": now + 60,
              "jti": str(uuid.uuid4()), **changes}
    return {name: value for name, value in claims.items() if value is not None}


def sign(claims, key=KEYS["ES256"], header=None):
    """Truly signed, under a header of which each member may be changed or, by None, left out."""
    head = {"alg": key["alg"], "kid": key["kid"], "typ": "JWT", **(header or {})}
    token = jws.JWS(claims if isinstance(claims, (bytes, str)) else json.dumps(claims))
    token.add_signature(key, None, json.dumps({name: value for name, value in head.items() if value is not None}))
    return token.serialize(compact=True)


def form(assertion, **more):
    return {"client_assertion_type": TYPE, "client_assertion": assertion, **more}


def fresh(bed, client, key=KEYS["ES256"], **more):
    """What goes into a form, with an assertion never used before."""
    return form(sign(claims_of(bed, client), key), **more)
