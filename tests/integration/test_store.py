"""A store that cannot be written (incident 24, P4): honest 503s, right introspection, and back again without a restart."""

import resource

import pytest

from testbed import eventually


@pytest.fixture
def full(own_bed):
    """Every write of the server to a file fails, as on a full disk; the returned function ends that."""
    bed = own_bed()
    tokens = [bed.issue() for _ in range(3)]
    bed.revoke(tokens[0])
    before = resource.prlimit(bed.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bed.pid, resource.RLIMIT_FSIZE, (512, before[1]))
    return bed, tokens, lambda: resource.prlimit(bed.pid, resource.RLIMIT_FSIZE, before)


def assert_unavailable(reply):
    assert (reply.status, reply.error) == (503, "temporarily_unavailable"), reply.body
    assert int(reply.header("Retry-After")) > 0


def test_7009_2_2_1_a_7662_4_g_THREATS_24_a_store_that_cannot_be_written(full):
    bed, (dead, alive, other), mend = full
    for _ in range(3):
        assert_unavailable(bed.revoke(alive))
        assert_unavailable(bed.token(bed.app))
    assert bed.is_active(alive)  # refused means not done
    assert bed.introspect(dead) == {"active": False}
    assert eventually(lambda: bed.get("/readyz", admin=True).status == 503)
    assert bed.get("/livez", admin=True).status == 200

    mend()
    assert eventually(lambda: bed.revoke(alive).status == 200)
    assert bed.introspect(alive) == {"active": False}
    assert bed.is_active(other) and bed.is_active(bed.issue())
    assert eventually(lambda: bed.get("/readyz", admin=True).status == 200)
    bed.restart()
    assert bed.introspect(alive) == {"active": False} and bed.introspect(dead) == {"active": False}
    assert bed.is_active(other)
