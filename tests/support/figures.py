#!/usr/bin/python3
"""The table of what the proofs have counted, from the JUnit files of pytest (the fixture figures, conftest.py).

    figures.py RESULT.xml..."""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


def shown(value):
    return f"{int(value):,}" if value.isdigit() else value


def rows(path):
    """Proof, what it counted, seconds, how often it was wrong: a proof ends with the first time."""
    for case in ElementTree.parse(path).iter("testcase"):
        counts = [f"{shown(item.get('value'))} {item.get('name')}" for item in case.iter("property")]
        if counts:
            is_wrong = case.find("failure") is not None or case.find("error") is not None
            yield case.get("name"), ", ".join(counts), round(float(case.get("time"))), "yes" if is_wrong else 0


def main(*paths):
    for path in map(pathlib.Path, paths):
        found = list(rows(path)) if path.exists() else []
        if found:
            print(f"\n| {path.stem} | counted | seconds | wrong |\n| --- | --- | --: | --: |")
            for row in found:
                print("| " + " | ".join(map(str, row)) + " |")


if __name__ == "__main__":
    main(*sys.argv[1:])
