"""Fixtures of all suites. Options: --long runs the long forms (scripts/check --long); --steps and --seed are the
reference model's (integration/test_model.py)."""

import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import assertion  # noqa: E402
import canary  # noqa: E402
from forge import Forger  # noqa: E402
from testbed import Testbed  # noqa: E402

# Applications beside those of the testbed, each for one question.
CLIENT = {"type": "confidential", "status": "active", "partner": "root", "grant_types": ["client_credentials"],
          "token_endpoint_auth_method": "client_secret_basic"}
BY_KEY = {"token_endpoint_auth_method": "private_key_jwt", "scopes": ["calls.read"]}
SEED = {
    "partners": [
        {"ref": "suspended_partner", "parent": "root", "name": "Suspended", "login": "suspended",
         "status": "suspended", "available_scopes": "default"},
        {"ref": "narrow_partner", "parent": "root", "name": "Narrow", "login": "narrow", "status": "active",
         "available_scopes": ["calls.read"]},
    ],
    "applications": [
        {**CLIENT, "ref": "post", "name": "Secret in the body", "scopes": ["calls.read"],
         "token_endpoint_auth_method": "client_secret_post"},
        {**CLIENT, "ref": "public", "name": "Public", "type": "public", "scopes": ["calls.read"],
         "token_endpoint_auth_method": "none", "grant_types": []},
        {**CLIENT, "ref": "no_grant", "name": "Without a grant", "scopes": ["calls.read"], "grant_types": []},
        {**CLIENT, "ref": "suspended", "name": "Suspended", "scopes": ["calls.read"], "status": "suspended"},
        {**CLIENT, "ref": "of_suspended", "name": "Of a suspended partner", "scopes": ["calls.read"],
         "partner": "suspended_partner"},
        {**CLIENT, "ref": "of_narrow", "name": "Wants more than its partner has",
         "scopes": ["calls.manage", "sms.read"], "partner": "narrow_partner"},
        {**CLIENT, "ref": "other_server", "name": "Another resource server", "scopes": ["calls.read"],
         "introspection": True, "audiences": ["https://other.testbed.example"]},
        {**CLIENT, "ref": "sub_server", "name": "Resource server of the sub-partner", "scopes": ["calls.read"],
         "introspection": True, "audiences": ["https://api.testbed.example"], "partner": "sub"},
        {**CLIENT, "ref": "many", "name": "With several audiences", "scopes": ["calls.read"],
         "audiences": ["https://api.testbed.example", "https://other.testbed.example",
                       "https://third.testbed.example/x"]},
        {**CLIENT, "ref": "brief", "name": "With a short life", "scopes": ["calls.read"], "access_token_ttl": 120,
         "audiences": ["https://api.testbed.example"]},
        {**CLIENT, "ref": "legacy", "name": "For an old library", "scopes": ["calls.read"],
         "audiences": ["https://legacy.testbed.example"]},
        {**CLIENT, **BY_KEY, "ref": "by_key", "name": "With a key for each algorithm", "introspection": True,
         "jwks": assertion.key_set(*assertion.KEYS.values()), "audiences": ["https://api.testbed.example"]},
        {**CLIENT, **BY_KEY, "ref": "by_endpoint", "name": "As Authlib addresses its assertions",
         "jwks": assertion.key_set(assertion.SINGLE), "token_endpoint_auth_audience": "token_endpoint"},
        {**CLIENT, **BY_KEY, "ref": "by_key_suspended", "name": "Suspended, with a key", "status": "suspended",
         "jwks": assertion.key_set(*assertion.KEYS.values())},
    ],
}
# One suite presents more unknown tokens than any honest resource server does.
SETTINGS = ['tokens.jwt_type={"https://legacy.testbed.example": JWT}', "throttle.unknown_tokens_per_second=1000000"]


def pytest_addoption(parser):
    parser.addoption("--long", action="store_true", help="run the long forms too")
    parser.addoption("--steps", type=int, help="steps of the reference model")
    parser.addoption("--seed", type=int, help="where its random numbers begin")


@pytest.fixture(scope="session")
def is_long(request):
    return request.config.getoption("--long")


@pytest.fixture
def figures(record_property):
    """Notes what a proof has counted, by name; a number, or a word in place of one. support/figures.py makes the table."""
    def note(**counts):
        for name, count in counts.items():
            record_property(name.replace("_", " "), count)
            print(f"{name.replace('_', ' ')}: {count}")

    return note


@pytest.fixture(scope="session")
def bed(tmp_path_factory):
    """The testbed most tests share. What it wrote is searched for secrets when they are done."""
    testbed = Testbed(tmp_path_factory.mktemp("bed"), SETTINGS, SEED).start()
    yield testbed
    found = canary.leaks(testbed)
    testbed.stop()
    assert not found, found


@contextlib.contextmanager
def testbeds(folder):
    """Makes testbeds in it; stops those still running."""
    made = []

    def make(settings=(), seed=None, **more):
        testbed = Testbed(folder / f"bed{len(made)}", settings, seed, **more)
        made.append(testbed)
        return testbed.start()

    yield make
    for testbed in made:
        testbed.stop()


@pytest.fixture
def own_bed(tmp_path):
    """Makes testbeds of a test's own."""
    with testbeds(tmp_path) as make:
        yield make


@pytest.fixture(scope="module")
def module_bed(tmp_path_factory):
    """Makes testbeds that the tests of a file share."""
    with testbeds(tmp_path_factory.mktemp("module")) as make:
        yield make


@pytest.fixture
def address(bed):
    """An address from which nobody has guessed yet."""
    return bed.addresses.fresh()


@pytest.fixture(scope="session")
def forger(bed):
    return Forger(bed)
