"""P2 and P3 where it hurts most: the server is killed at a chosen call, and with it goes all that was not synced to the
disk, as when the power fails. After the restart everything that was answered stands."""

import random

import pytest

from faults import CLIENT, FOR_EVER, KILL_AFTER, KILL_BEFORE, KILL_TORN, PRETEND, REDIS, STORE, SYNC, WAL, WRITE
from ledger import Ledger

STEPS = 400
POINTS = {
    "before_the_commit_is_written": (WRITE, WAL, KILL_BEFORE),
    "with_half_of_a_page_written": (WRITE, WAL, KILL_TORN),
    "after_a_page_is_written": (WRITE, WAL, KILL_AFTER),
    "before_the_sync_of_the_commit": (SYNC, WAL, KILL_BEFORE),
    "after_the_sync_of_the_commit": (SYNC, WAL, KILL_AFTER),
    "before_Redis_is_told": (WRITE, REDIS, KILL_BEFORE),
    "with_half_of_it_told_to_Redis": (WRITE, REDIS, KILL_TORN),
    "after_Redis_is_told": (WRITE, REDIS, KILL_AFTER),
    "before_the_answer": (WRITE, CLIENT, KILL_BEFORE),
    "with_half_of_the_answer": (WRITE, CLIENT, KILL_TORN),
    "after_the_answer": (WRITE, CLIENT, KILL_AFTER),
}
# While the log goes back into the database, which takes some hundred requests to come to.
CHECKPOINT_POINTS = {
    "before_a_page_goes_back": (WRITE, STORE, KILL_BEFORE),
    "with_half_of_a_page_back": (WRITE, STORE, KILL_TORN),
    "before_the_sync_of_the_database": (SYNC, STORE, KILL_BEFORE),
    "after_the_sync_of_the_database": (SYNC, STORE, KILL_AFTER),
}


def crash(node, faults, ledger, point, after, keeps_unsynced, index=0):
    """Works until the server is dead, starts it again, and looks."""
    faults.keep_unsynced(keeps_unsynced)
    faults.rule(*point, after=after, index=index)
    while node.is_running:
        ledger.walk_together(STEPS)
    assert node.wait() == -9
    assert faults.fired(index) == 1
    faults.end(index)
    node.start()
    ledger.check()


def rounds_of(node, faults, seed, points, rounds, after_max, figures):
    numbers = random.Random(seed)
    ledger = Ledger(node.bed, seed)
    for _ in range(rounds):
        for point in points.values():
            crash(node, faults, ledger, point, numbers.randint(1, after_max), numbers.random() < 0.3)
    assert node.stop() == 0
    figures(crashes=rounds * len(points), **ledger.counts())


def test_F_02_P2_P3_killed_at_each_point_of_a_change(faulty, is_long, seed, figures):
    node, faults = faulty()
    rounds_of(node, faults, seed, POINTS, 30 if is_long else 2, 40, figures)


def test_F_02_P3_killed_while_the_log_goes_back_into_the_database(faulty, is_long, seed, figures):
    node, faults = faulty()
    rounds_of(node, faults, seed, CHECKPOINT_POINTS, 20 if is_long else 1, 20, figures)


def test_F_02_P2_P3_killed_at_random(faulty, is_long, seed, figures):
    node, faults = faulty()
    numbers = random.Random(seed)
    ledger = Ledger(node.bed, seed)
    rounds = 400 if is_long else 15
    for _ in range(rounds):
        action = numbers.choice([KILL_BEFORE, KILL_AFTER])
        crash(node, faults, ledger, (WRITE | SYNC, WAL | STORE | REDIS | CLIENT, action), numbers.randint(1, 400),
              numbers.random() < 0.3)
    assert node.stop() == 0
    figures(crashes=rounds, **ledger.counts())


@pytest.mark.parametrize("point", ["before_the_commit_is_written", "after_the_sync_of_the_commit"])
def test_F_01_P3_killed_again_while_it_starts(faulty, seed, point):
    """What the start itself writes may be cut off as well, time after time."""
    node, faults = faulty()
    ledger = Ledger(node.bed, seed)
    crash(node, faults, ledger, POINTS[point], 30, False)
    ledger.walk_together(20)
    node.kill()
    for after in range(1, 6):
        faults.rule(WRITE | SYNC, WAL | STORE, KILL_BEFORE, after=after)
        node.launch()
        while node.is_running and not node.is_ready():
            pass
        node.kill()
    faults.end()
    node.start()
    ledger.check()
    assert node.stop() == 0


def test_a_disk_that_lies_is_seen(faulty, seed):
    """The proof of the proofs above: a log that is never synced loses what was answered, and the ledger tells."""
    node, faults = faulty()
    ledger = Ledger(node.bed, seed)
    faults.rule(SYNC, WAL, PRETEND, times=FOR_EVER)
    ledger.walk(20)
    with pytest.raises(AssertionError):
        crash(node, faults, ledger, POINTS["before_the_answer"], 5, False, index=1)
