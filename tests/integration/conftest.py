"""What the tests with faults share: a server that has them, and where their random numbers begin."""

import contextlib
import random

import pytest

from faults import Faults
from node import Node, redis_of


@pytest.fixture
def seed(request):
    """--seed=N repeats a run."""
    number = request.config.getoption("--seed")
    number = number if number is not None else random.SystemRandom().getrandbits(32)
    print(f"seed {number}")
    return number


@pytest.fixture
def faulty(own_bed):
    """Makes a testbed whose server runs with the library of faults, with its Redis or without: node, faults."""
    with contextlib.ExitStack() as ends:

        def make(settings=(), with_redis=True, starts=True):
            bed = own_bed(settings)
            bed.stop()
            if with_redis:
                ends.enter_context(redis_of(bed))
            faults = Faults(bed)
            node = Node(bed, settings, **faults.variables)
            ends.callback(lambda: node.is_running and node.kill())
            return (node.start() if starts else node), faults

        yield make
