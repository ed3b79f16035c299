"""Every requirement in README.md's matrix is named where the matrix says, or its row says why it is not."""

import pathlib
import re

import pytest

from testbed import ROOT

README = pathlib.Path(__file__).with_name("README.md")
ROWS = re.findall(r"^\| ((?:\d{4}|F|THREATS)-\S+) \| (.+) \|$", README.read_text(), re.MULTILINE)


def is_named(requirement, text):
    """As it is, or as a function's name writes it."""
    name = requirement.replace("-", "_").replace(".", "_")
    return re.search(rf"{re.escape(requirement)}(?![\w.])|{name}(?![a-zA-Z0-9])", text) is not None


@pytest.mark.parametrize("requirement, where", ROWS, ids=[row[0] for row in ROWS])
def test_is_covered(requirement, where):
    paths = re.findall(r"`([^`]+)`", where)
    assert paths or where.startswith("not here: "), where
    for path in paths:
        assert is_named(requirement, (ROOT / "tests" / path).read_text()), path


def test_no_requirement_is_listed_twice():
    names = [requirement for requirement, _ in ROWS]
    assert len(names) == len(set(names)) > 150
