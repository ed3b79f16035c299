"""RFC 6749: the token endpoint. Test names carry the ids of the requirements they hold the server to."""

import base64
import re
import time

import pytest

from forge import claims, jti
from testbed import FORM, Client, basic, eventually

GRANT = {"grant_type": "client_credentials"}
PRINTABLE = re.compile(r"^[\x20-\x21\x23-\x5b\x5d-\x7e]*$")


def assert_refused(reply, status, error):
    assert (reply.status, reply.error) == (status, error), reply.body
    assert "access_token" not in reply.json


# ---- client authentication ----


@pytest.mark.parametrize("extra", [
    pytest.param({"client_secret": "SECRET"}, id="6749-2.3-a-secret"),
    pytest.param({"client_assertion": "e30.e30.AA", "client_assertion_type":
                  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}, id="6749-2.3-a-assertion"),
])
def test_two_ways_of_authentication_are_refused(bed, extra):
    form = {**GRANT, **{name: bed.app.client_secret if value == "SECRET" else value
                        for name, value in extra.items()}}
    assert_refused(bed.post("/oauth/token", form, bed.app), 400, "invalid_request")


def test_6749_2_3_1_a_basic_gives_a_token(bed):
    assert bed.token(bed.app).status == 200


def every_byte_encoded(text):
    return "".join(f"%{byte:02X}" for byte in text.encode())


def test_6749_2_3_1_b_basic_is_form_urlencoded(bed, address):
    pair = f"{every_byte_encoded(bed.app.client_id)}:{every_byte_encoded(bed.app.client_secret)}"
    header = "Basic " + base64.b64encode(pair.encode()).decode()
    assert bed.post("/oauth/token", GRANT, authorization=header).status == 200
    broken = "Basic " + base64.b64encode(f"{bed.app.client_id}:%zz".encode()).decode()
    assert_refused(bed.post("/oauth/token", GRANT, authorization=broken, source=address), 401, "invalid_client")


@pytest.mark.parametrize("value", [
    "Basic", "Basic ", "Basic !!!!", "Basic " + base64.b64encode(b"no colon").decode(),
    "Basic " + base64.b64encode(b":").decode(), "Basic " + base64.b64encode(b"\x00:\xff").decode(),
    "Digest username=x", "Negotiate AAAA",
])
def test_6749_2_3_1_b_broken_basic(bed, address, value):
    reply = bed.post("/oauth/token", GRANT, authorization=value, source=address)
    assert_refused(reply, 401, "invalid_client")


def test_6749_2_3_1_c_credentials_in_the_query(bed, address):
    query = f"?client_id={bed.app.client_id}&client_secret={bed.app.client_secret}"
    reply = bed.post("/oauth/token" + query, GRANT, source=address)
    assert reply.status in (400, 401) and "access_token" not in reply.json


def test_6749_2_3_1_d_guessing_is_slowed_down(own_bed):
    bed = own_bed(["throttle.failures_per_client_address_per_minute=10",
                   "throttle.failures_per_address_per_minute=30"])
    here, elsewhere = bed.addresses.fresh(), bed.addresses.fresh()
    wrong = Client(bed.app.client_id, "sm_cs_wrong")
    replies = [bed.token(wrong, source=here) for _ in range(50)]
    assert [reply.status for reply in replies[:10]] == [401] * 10
    assert {reply.status for reply in replies[12:]} == {429}
    assert all(int(reply.header("Retry-After")) > 0 for reply in replies if reply.status == 429)
    # over the limit even with the right secret; other addresses and other clients go on
    assert bed.token(bed.app, source=here).status == 429
    assert bed.token(bed.app, source=elsewhere).status == 200
    assert bed.token(bed.admin, source=here).status == 200
    # what all clients from one address may do together
    for number in range(40):
        bed.token(Client(f"0190a000-0000-7000-8000-{number:012d}", "x"), source=here)
    assert bed.token(bed.admin, source=here).status == 429
    assert bed.token(bed.admin, source=elsewhere).status == 200


def test_6749_2_3_1_d_the_right_secret_works_again_after_the_window(own_bed, is_long):
    if not is_long:
        pytest.skip("waits a minute: scripts/check --long")
    bed = own_bed()
    here = bed.addresses.fresh()
    for _ in range(12):
        bed.token(Client(bed.app.client_id, "sm_cs_wrong"), source=here)
    assert bed.token(bed.app, source=here).status == 429
    assert eventually(lambda: bed.token(bed.app, source=here).status == 200, timeout_s=130, step_s=5)


def test_6749_2_3_1_e_the_registered_method_is_enforced(bed, address):
    def in_body(client):
        return {**GRANT, "client_id": client.client_id, "client_secret": client.client_secret}

    post = bed.seeded("post")
    assert_refused(bed.post("/oauth/token", in_body(bed.app), source=address), 401, "invalid_client")
    assert_refused(bed.post("/oauth/token", GRANT, post, source=address), 401, "invalid_client")
    assert bed.post("/oauth/token", in_body(post)).status == 200


def test_6749_2_3_1_e_a_wrong_method_is_no_failure(bed, address):
    form = {**GRANT, "client_id": bed.app.client_id, "client_secret": bed.app.client_secret}
    replies = {bed.post("/oauth/token", form, source=address).status for _ in range(30)}
    assert replies == {401}
    assert bed.token(bed.app, source=address).status == 200


def test_6749_3_2_1_a_only_a_client_id(bed, address):
    reply = bed.post("/oauth/token", {**GRANT, "client_id": bed.app.client_id}, source=address)
    assert_refused(reply, 401, "invalid_client")


def test_6749_5_2_b_wrong_secret_is_challenged(bed, address):
    reply = bed.token(Client(bed.app.client_id, "wrong"), source=address)
    assert_refused(reply, 401, "invalid_client")
    assert re.match(r"Basic realm=", reply.header("WWW-Authenticate"))


def without_request_id(reply):
    body = reply.json
    body.pop("request_id", None)
    headers = sorted((name.lower(), value) for name, value in reply.headers
                     if name.lower() not in ("date", "x-request-id", "request-id", "content-length"))
    return reply.status, body, headers


def test_6749_5_2_h_unknown_client_looks_like_a_wrong_secret(bed, address):
    known = bed.token(Client(bed.app.client_id, bed.resource_server.client_secret), source=address)
    unknown = bed.token(Client("0190a000-0000-7000-8000-000000000000", bed.app.client_secret), source=address)
    nonsense = bed.token(Client("who?", "sm_cs_"), source=address)
    suspended = bed.token(Client(bed.seeded("suspended").client_id, "sm_cs_"), source=address)
    assert without_request_id(known) == without_request_id(unknown) == without_request_id(nonsense)
    assert without_request_id(known) == without_request_id(suspended)


def test_9700_4_15_a_THREATS_34_suspended_application_or_partner_gets_nothing(bed, address):
    for ref in ("suspended", "of_suspended"):
        assert_refused(bed.token(bed.seeded(ref), source=address), 401, "invalid_client")


# ---- the request ----


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE", "PATCH"])
def test_6749_3_2_b_only_post(bed, method):
    path = f"/oauth/token?grant_type=client_credentials&client_id={bed.app.client_id}"
    reply = bed.request(method, path, headers=[("Authorization", bed.app.basic)])
    assert reply.status == 405
    assert "POST" in reply.header("Allow")
    assert b"access_token" not in reply.body


def test_6749_3_2_c_an_empty_scope_is_an_absent_one(bed):
    empty, absent = bed.token(bed.app, scope=""), bed.token(bed.app)
    assert empty.status == absent.status == 200
    assert empty.json["scope"] == absent.json["scope"]


def test_6749_3_2_d_unknown_parameters_are_ignored(bed):
    assert bed.token(bed.app, foo="bar").status == 200


@pytest.mark.parametrize("name, value", [
    pytest.param("grant_type", "client_credentials", id="6749-3.2-e-grant_type"),
    pytest.param("scope", "calls.read", id="6749-3.2-e-scope"),
    pytest.param("client_id", "CLIENT", id="6749-3.2-e-client_id"),
    pytest.param("name", "x", id="6749-3.2-e-name"),
    pytest.param("access_token_ttl", "60", id="6749-3.2-e-access_token_ttl"),
])
def test_repeated_parameters_are_refused(bed, name, value):
    value = bed.app.client_id if value == "CLIENT" else value
    form = list(GRANT.items()) if name != "grant_type" else []
    reply = bed.post("/oauth/token", [*form, (name, value), (name, value)], bed.app)
    assert_refused(reply, 400, "invalid_request")


@pytest.mark.parametrize("body", [
    pytest.param(b"grant_type=%zz", id="6749-B-a-percent"),
    pytest.param(b"grant_type=client_credentials&scope=%", id="6749-B-a-percent-end"),
    pytest.param(b"grant_type=client_credentials&scope=%4", id="6749-B-a-percent-cut"),
    pytest.param(b"grant_type", id="6749-B-a-no-equals"),
    pytest.param(b"=client_credentials", id="6749-B-a-no-name"),
    pytest.param(b"grant_type=client_credentials&" + b"n" * 5000 + b"=1", id="6749-B-a-long-name"),
    pytest.param(b"grant_type=client_credentials&" + b"&".join(b"p%d=1" % n for n in range(500)),
                 id="6749-B-a-many"),
    pytest.param(b"grant_type=client_credentials&scope=" + b"a" * 60000, id="6749-B-a-long-value"),
    pytest.param(b"grant_type=client_credentials&scope=" + b"a" * 1_000_000, id="6749-B-a-1MB"),
    pytest.param(b"grant_type=client_credentials\x00", id="6749-B-a-nul"),
    pytest.param(b"\xff\xfe\xfd", id="6749-B-a-bytes"),
    pytest.param(b"&&&&", id="6749-B-a-ampersands"),
    pytest.param(b"", id="6749-B-a-empty"),
])
def test_broken_bodies(bed, body):
    try:
        reply = bed.post("/oauth/token", body, bed.app)
    except (BrokenPipeError, ConnectionResetError):
        assert len(body) > 65536  # refused while it was still being sent
        return
    assert reply.status in (400, 413)
    assert bed.token(bed.app).status == 200


@pytest.mark.parametrize("media_type", [
    pytest.param("application/json", id="6749-4.x-a-json"),
    pytest.param("multipart/form-data; boundary=x", id="6749-4.x-a-multipart"),
    pytest.param("text/plain", id="6749-4.x-a-text"),
    pytest.param("application/x-www-form-urlencodedx", id="6749-4.x-a-suffix"),
    pytest.param("", id="6749-4.x-a-empty"),
    pytest.param("application/json, application/x-www-form-urlencoded", id="F-24"),
])
def test_other_media_types_are_refused(bed, media_type):
    reply = bed.post("/oauth/token", GRANT, bed.app, headers=[("Content-Type", media_type)])
    assert reply.status in (400, 415) and reply.error == "invalid_request"


@pytest.mark.parametrize("media_type", [f"{FORM};charset=UTF-8", f"{FORM} ; charset=utf-8", FORM.upper()])
def test_6749_4_x_a_parameters_of_the_media_type_are_tolerated(bed, media_type):
    assert bed.post("/oauth/token", GRANT, bed.app, headers=[("Content-Type", media_type)]).status == 200


def test_6749_5_2_a_missing_grant_type(bed):
    assert_refused(bed.post("/oauth/token", {"scope": "calls.read"}, bed.app), 400, "invalid_request")


@pytest.mark.parametrize("grant", [
    pytest.param("foo", id="6749-5.2-c"),
    pytest.param("password", id="9700-2.4-a"),
    pytest.param("Client_Credentials", id="6749-5.2-c-case"),
])
def test_unknown_grants(bed, grant):
    form = {"grant_type": grant, "username": "u", "password": "p"}
    assert_refused(bed.post("/oauth/token", form, bed.app), 400, "unsupported_grant_type")


def test_6749_5_2_d_a_grant_the_client_is_not_registered_for(bed):
    assert_refused(bed.token(bed.seeded("no_grant")), 400, "unauthorized_client")


def test_6749_4_4_a_F_23_public_clients_get_nothing(bed, address):
    public = bed.seeded("public")
    reply = bed.post("/oauth/token", {**GRANT, "client_id": public.client_id}, source=address)
    assert (reply.status, reply.error) in ((400, "unauthorized_client"), (401, "invalid_client"))


# ---- scope ----


def test_6749_3_3_a_5_2_f_what_may_not_be_granted_is_refused(bed):
    """The strict policy: all that is asked, or invalid_scope naming the first that is not grantable."""
    reply = bed.token(bed.app, scope="calls.read scopemint.introspect")
    assert_refused(reply, 400, "invalid_scope")
    assert "scopemint.introspect" in reply.json["error_description"]
    assert "application" in reply.json["error_description"]
    narrow = bed.token(bed.seeded("of_narrow"), scope="calls.read calls.update")
    assert_refused(narrow, 400, "invalid_scope")
    assert "calls.update" in narrow.json["error_description"]
    assert "partner" in narrow.json["error_description"]
    granted = bed.token(bed.app, scope="calls.read sms.create")
    assert granted.json["scope"] == "calls.read sms.create"


def test_6749_3_3_b_the_default_scope_is_what_is_declared_and_grantable(bed):
    assert bed.token(bed.resource_server).json["scope"] == "calls.read"
    declared = bed.token(bed.app).json["scope"].split(" ")
    assert "calls.manage" in declared and "scopemint.introspect" not in declared
    # declared are calls.manage and sms.read; the partner holds calls.read alone
    assert_refused(bed.token(bed.seeded("of_narrow")), 400, "invalid_scope")


@pytest.mark.parametrize("scope", [
    b"%22", b"calls.read%5C", b"calls.read%09sms.read", b"calls.read%00", b"calls.read%7F", b"calls.r%C3%A9ad",
    b"%FF", b"calls.read%0Asms.read", b"calls.read%0D", b"*", b"calls.*", b"a" * 65, b"+".join([b"x"] * 5000),
], ids=lambda value: "6749-3.3-c-" + value[:16].decode())
def test_junk_in_scope(bed, scope):
    assert_refused(bed.post("/oauth/token", b"grant_type=client_credentials&scope=" + scope, bed.app),
                   400, "invalid_scope")


@pytest.mark.parametrize("scope", ["CALLS.READ", "Calls.read", "calls.Read"])
def test_6749_3_3_d_case_matters(bed, scope):
    assert_refused(bed.token(bed.app, scope=scope), 400, "invalid_scope")


def test_6749_3_3_e_order_and_repetition_mean_nothing(bed):
    one = bed.token(bed.app, scope="sms.read calls.read calls.read")
    other = bed.token(bed.app, scope="calls.read sms.read")
    assert one.json["scope"] == other.json["scope"] == "calls.read sms.read"


@pytest.mark.parametrize("name", [b"scope[]", b"scope%5B0%5D", b"scope%5B%5D", b"SCOPE", b"scopes"],
                         ids=lambda value: "F-18-" + value.decode())
def test_scope_under_another_name_is_no_scope(bed, name):
    body = b"grant_type=client_credentials&" + name + b"=scopemint.introspect"
    assert bed.post("/oauth/token", body, bed.app).json["scope"] == bed.token(bed.app).json["scope"]


# ---- the answer ----


def test_6749_4_4_2_a_5_1_the_answer(bed):
    reply = bed.token(bed.app, scope="calls.read")
    answer = reply.json
    assert reply.status == 200
    assert reply.header("Content-Type").split(";")[0] == "application/json"  # 6749-5.1-a
    reply.body.decode("utf-8")
    assert reply.header("Cache-Control") == "no-store"  # 6749-5.1-b
    assert reply.header("Pragma") == "no-cache"
    assert answer["token_type"] == "Bearer"  # 6749-5.1-c
    assert "refresh_token" not in answer  # 6749-4.4.3-a
    signed = claims(answer["access_token"])
    assert type(answer["expires_in"]) is int  # 6749-5.1-d
    assert answer["expires_in"] == signed["exp"] - signed["iat"] > 0
    assert answer["scope"] == signed["scope"]


@pytest.mark.parametrize("wish, seconds", [("1", 60), ("60", 60), ("300", 300), ("3600", 3600), ("999999", 3600)])
@pytest.mark.parametrize("name", ["access_token_ttl", "access_token_expires_in"])
def test_the_life_asked_for_is_clamped(bed, name, wish, seconds):
    assert bed.token(bed.app, **{name: wish}).json["expires_in"] == seconds


@pytest.mark.parametrize("form", [
    {"access_token_ttl": "0"}, {"access_token_ttl": "-5"}, {"access_token_ttl": "1.5"}, {"access_token_ttl": "x"},
    {"access_token_ttl": "+60"}, {"access_token_ttl": " 60"}, {"access_token_ttl": "0x40"},
    {"access_token_ttl": "60", "access_token_expires_in": "60"},
])
def test_a_life_that_is_no_positive_integer(bed, form):
    assert_refused(bed.token(bed.app, **form), 400, "invalid_request")


@pytest.mark.parametrize("wish", [str(2**31), str(2**53), str(2**63), str(2**64), "9" * 40])
def test_THREATS_28_a_huge_life_never_passes_the_maximum(bed, wish):
    reply = bed.token(bed.app, access_token_ttl=wish)
    assert reply.status == 400 or reply.json["expires_in"] == 3600


def test_9700_4_9_a_lives_are_short_and_by_application(bed):
    assert bed.token(bed.app).json["expires_in"] == 900
    brief = bed.token(bed.seeded("brief")).json
    assert brief["expires_in"] == 120
    assert claims(brief["access_token"])["aud"] == "https://api.testbed.example"


@pytest.mark.parametrize("form, client", [
    pytest.param({}, True, id="6749-5.1-e-400"), pytest.param(GRANT, False, id="6749-5.1-e-401"),
])
def test_errors_are_not_cached_and_explain_themselves(bed, address, form, client):
    reply = bed.post("/oauth/token", form, bed.app if client else None, source=address)
    assert reply.status >= 400
    assert reply.header("Cache-Control") == "no-store"
    answer = reply.json
    assert answer["request_id"]
    assert answer["error_uri"].startswith(bed.issuer + "/")
    page = bed.get(answer["error_uri"][len(bed.issuer):])
    assert page.status == 200 and page.header("Content-Type").startswith("text/")


@pytest.mark.parametrize("value", ["\"'\\<script>", "a\r\nSet-Cookie: x=1", "é\u2028\U0001f600", "%s%n%b", "\x00\x01"],
                         ids=lambda value: "6749-5.2-g-" + ascii(value[:8]))
@pytest.mark.parametrize("name", ["grant_type", "scope", "resource", "access_token_ttl", "client_id"])
def test_parameters_stuffed_with_odd_bytes(bed, name, value):
    form = {**GRANT, name: value}
    reply = bed.post("/oauth/token", form, bed.app)
    assert reply.status in (400, 401)
    assert PRINTABLE.match(reply.json["error_description"]), reply.body
    assert reply.header("Set-Cookie") is None


def test_6749_10_10_a_9068_5_a_every_jti_is_another(bed, is_long):
    count = 20_000 if is_long else 500
    link = bed.connect()
    seen = {jti(bed.post("/oauth/token", {**GRANT, "scope": "calls.read"}, bed.app, connection=link)
                .json["access_token"]) for _ in range(count)}
    link.close()
    assert len(seen) == count


def test_6749_3_2_a_7662_2_a_clear_text_outside_loopback_is_refused(own_bed):
    bed = own_bed()
    bed.stop()
    everywhere = ["--set", f"server.listen=0.0.0.0:{bed.port}"]
    assert bed.scopemint("check-config", *everywhere).returncode != 0  # nobody could speak to it
    bed.settings = [everywhere[1], "server.trusted_proxies=192.0.2.0/24"]
    bed.start()
    for path, form in (("/oauth/token", GRANT), ("/oauth/introspect", {"token": "x"})):
        reply = bed.post(path, form, bed.app)
        assert reply.status == 403, reply.body
        assert b"access_token" not in reply.body and reply.header("Location") is None
    bed.stop()
    bed.settings = [everywhere[1], "server.trusted_proxies=127.0.0.0/8"]
    bed.start()
    assert bed.token(bed.app).status == 200


def test_9700_4_13_a_forwarded_headers_of_untrusted_peers_mean_nothing(bed, address):
    wrong = Client(bed.app.client_id, "wrong")
    for number in range(12):
        bed.post("/oauth/token", GRANT, wrong, source=address,
                 headers=[("X-Forwarded-For", f"192.0.2.{number}"), ("X-Forwarded-Proto", "https")])
    reply = bed.post("/oauth/token", GRANT, wrong, source=address, headers=[("X-Forwarded-For", "192.0.2.99")])
    assert reply.status == 429
    spoofed = bed.post("/oauth/token", GRANT, bed.app,
                       headers=[("X-Forwarded-Host", "evil.example"), ("X-Forwarded-Proto", "https"),
                                ("Forwarded", "host=evil.example")])
    assert claims(spoofed.json["access_token"])["iss"] == bed.issuer


def test_F_27_missing_authentication_is_invalid_client(bed, address):
    assert_refused(bed.post("/oauth/token", GRANT, source=address), 401, "invalid_client")


def test_F_19_nothing_of_one_client_reaches_the_next_on_its_connection(bed):
    link = bed.connect()
    for _ in range(20):
        first = bed.post("/oauth/token", {**GRANT, "scope": "sms.read"}, bed.app, connection=link).json
        second = bed.post("/oauth/token", GRANT, bed.sub_partner, connection=link)
        assert claims(second.json["access_token"])["client_id"] == bed.sub_partner.client_id
        for mine in (first["access_token"], bed.app.client_id, jti(first["access_token"])):
            assert mine.encode() not in second.body
        assert "sms.read" not in second.json["scope"].split(" ")
        assert bed.post("/oauth/token", GRANT, connection=link, headers=[]).status == 401
    link.close()


def test_THREATS_36_THREATS_39_parameters_of_other_grants_change_nothing(bed):
    plain = bed.token(bed.app, scope="calls.read").json["scope"]
    for name in ("code", "refresh_token", "subject_token", "assertion", "username", "code_verifier", "audience"):
        assert bed.token(bed.app, scope="calls.read", **{name: "x"}).json["scope"] == plain


def test_tokens_carry_their_name_nowhere(bed):
    """`name` labels the token in lists; it is no claim."""
    token = bed.issue(bed.app, name="batch job 7")
    assert "name" not in claims(token)
    assert time.time() - claims(token)["iat"] < 5


def test_names_that_are_too_long_or_not_text(bed):
    assert bed.token(bed.app, name="x" * 100_0).status == 400
    assert bed.post("/oauth/token", b"grant_type=client_credentials&name=%FF", bed.app).status == 400


def test_basic_helper_is_what_the_rfc_says():
    assert basic("a b", "c:d") == "Basic " + base64.b64encode(b"a+b:c%3Ad").decode()
