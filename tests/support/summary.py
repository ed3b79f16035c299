#!/usr/bin/python3
"""Sums up a test run: JUnit files (pytest, meson) and the steps of scripts/test. The last line is the result.

    summary.py STEPS.tsv RESULT.xml...     STEPS.tsv: name, "passed" or "failed", seconds"""

import pathlib
import sys
import xml.etree.ElementTree as ElementTree


SHOWN = 40


def outcome(case):
    if case.find("failure") is not None or case.find("error") is not None:
        return "failed"
    return "skipped" if case.find("skipped") is not None else "passed"


def name_of(suite, case):
    return f"{suite.get('name')}: {case.get('classname') or ''} {case.get('name')}".replace("  ", " ")


def main(steps_path, *paths):
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    failures = []
    for line in pathlib.Path(steps_path).read_text().splitlines():
        name, result, seconds = line.split("\t")
        counts[result] += 1
        print(f"{result:>7}  {int(seconds):4d} s  {name}")
        if result == "failed":
            failures.append(name)
    for path in paths:
        if not pathlib.Path(path).exists():
            continue
        for suite in ElementTree.parse(path).iter("testsuite"):
            for case in suite.findall("testcase"):
                result = outcome(case)
                counts[result] += 1
                if result == "failed":
                    failures.append(name_of(suite, case))
    for name in failures[:SHOWN]:
        print(f"failed: {name}")
    if len(failures) > SHOWN:
        print(f"and {len(failures) - SHOWN} more")
    skipped = f", {counts['skipped']} skipped" if counts["skipped"] else ""
    print(f"{counts['passed']} passed, {counts['failed']} failed{skipped}")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
