"""Recorded histories of one object, and whether they are linearizable: whether each operation can be given one moment
between its start and its end so that, in the order of those moments, every answer is what the sequential rules say.

The search is Wing and Gong's, with the memory of Lowe: a pair (operations done, state) is tried once."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    start: int  # nanoseconds of the monotonic clock
    end: int
    kind: str
    argument: object
    answer: object


def is_linearizable(history, state, apply):
    """apply(state, operation) gives the state behind it, or None where that answer cannot be. States are hashable."""
    history = sorted(history, key=lambda one: one.start)
    everything = (1 << len(history)) - 1
    tried, waiting = set(), [(0, state)]
    while waiting:
        done, state = waiting.pop()
        if done == everything:
            return True
        if (done, state) in tried:
            continue
        tried.add((done, state))
        left = [(number, one) for number, one in enumerate(history) if not done >> number & 1]
        first_end = min(one.end for _, one in left)
        for number, one in left:
            if one.start > first_end:
                break  # another had ended before it began
            after = apply(state, one)
            if after is not None:
                waiting.append((done | 1 << number, after))
    return False


REVOKED = "revoked"


def apply_to_token(state, operation):
    """A token: its scopes (a frozenset) or REVOKED. What was signed bounds what one JWT shows, so an introspection's
    argument is what that JWT carries."""
    kind, argument, answer = operation.kind, operation.argument, operation.answer
    if kind == "introspect":
        shown = None if state == REVOKED else argument & state
        return state if answer == shown else None
    if kind == "patch":
        if answer == 409:
            return state if state == REVOKED else None
        return argument if answer == 200 and state != REVOKED else None
    assert kind == "revoke", kind
    return REVOKED
