"""What suites of access control share."""

import pytest

from access_control import SEED, World


@pytest.fixture(scope="module")
def seeded_world(module_bed):
    return World(module_bed(seed=SEED))


@pytest.fixture
def world(seeded_world):
    """The lists of partners that a test has set are gone when it ends."""
    yield seeded_world
    seeded_world.clear()
