"""Fixtures of all suites. Options: --long runs the long forms (scripts/check --long); --steps and --seed are the
reference model's (integration/test_model.py)."""

import contextlib
import pathlib
import sys

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).parent / "support"))

import canary  # noqa: E402
from bed_seed import SEED  # noqa: E402
from forge import Forger  # noqa: E402
from testbed import Testbed  # noqa: E402

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
