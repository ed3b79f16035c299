"""RFC 8707: resource indicators, and with them the audiences of tokens (RFC 9068 section 3)."""

import pytest

from forge import claims

API, OTHER, THIRD = "https://api.testbed.example", "https://other.testbed.example", "https://third.testbed.example/x"


def ask(bed, *resources, client=None):
    form = [("grant_type", "client_credentials"), *(("resource", value) for value in resources)]
    return bed.post("/oauth/token", form, client or bed.seeded("many"))


def audience(reply):
    assert reply.status == 200, reply.body
    return claims(reply.json["access_token"])["aud"]


def test_9068_3_b_without_resource_all_the_applications_audiences(bed):
    assert audience(ask(bed)) == [API, OTHER, THIRD]
    assert audience(ask(bed, client=bed.app)) == [bed.issuer, API]
    assert audience(ask(bed, client=bed.seeded("brief"))) == API


def test_9068_3_a_8707_2_2_b_a_resource_narrows(bed):
    for resource in (API, OTHER, THIRD):
        assert audience(ask(bed, resource)) == resource


def test_8707_2_c_several_resources(bed):
    assert audience(ask(bed, API, OTHER)) == [API, OTHER]
    assert set(audience(ask(bed, THIRD, API))) == {API, THIRD}
    assert audience(ask(bed, API, API)) == API


@pytest.mark.parametrize("resource", [
    pytest.param("/relative", id="8707-2-a-relative"), pytest.param("api.testbed.example", id="8707-2-a-no-scheme"),
    pytest.param(API + "#x", id="8707-2-a-fragment"), pytest.param("", id="8707-2-a-empty"),
    pytest.param("https://elsewhere.example", id="8707-2-b"),
    pytest.param(API + "x", id="8707-2-d-suffix"), pytest.param(API + "/", id="8707-2-d-slash"),
    pytest.param("https://api.testbed.example.evil.example", id="8707-2-d-host"),
    pytest.param("https://API.testbed.example", id="8707-2-d-case"),
    pytest.param("https://third.testbed.example/xy", id="8707-2-d-path"),
    pytest.param("https://third.testbed.example", id="8707-2-d-prefix"),
    pytest.param(API + "\x00", id="8707-2-a-nul"), pytest.param("https://" + "a" * 5000, id="8707-2-a-long"),
])
def test_what_is_not_an_audience_is_refused(bed, resource):
    if resource == "":
        assert audience(ask(bed, "")) == audience(ask(bed))  # an empty parameter is an absent one, RFC 6749 3.1
        return
    for resources in ((resource,), (API, resource), (resource, API)):
        reply = ask(bed, *resources)
        assert (reply.status, reply.error) == (400, "invalid_target"), resources


def test_8707_2_2_a_F_25_after_a_refusal_the_corrected_request_goes_through(bed):
    assert ask(bed, "https://elsewhere.example").error == "invalid_target"
    assert audience(ask(bed, API)) == API


def test_7662_2_k_each_server_sees_only_what_is_for_it(bed):
    narrowed = ask(bed, OTHER).json["access_token"]
    assert not bed.is_active(narrowed)
    assert bed.is_active(narrowed, bed.seeded("other_server"))
