#!/usr/bin/python3
"""What is measured when, and the table of bars at the end. See README.md; options as scripts/bench describes them."""

import argparse
import pathlib
import sys
import tempfile
import time

import floods
import instructions
import limits
import peers
import scale
import size
import stale
import streams
import tail
import where
from load import running, say
from report import show_bars


def step(begin, what):
    say(f"{time.monotonic() - begin:4.0f} s: {what}")


def run_bars(folder, options):
    begin = time.monotonic()
    bars = []
    with running(folder, "bed") as bed:
        step(begin, "the three kinds of request beside the HTTP library alone")
        bars += limits.run(bed, folder, options.rounds, options.seconds)
        step(begin, "a million tokens and revocations, a hundred thousand applications")
        with size.large_server(folder) as large:
            bars += scale.run(bed, large, folder, options.rounds, options.seconds)
            step(begin, "memory and starts")
            bars += size.run(bed, large, folder)
    step(begin, "revocations")
    bars += stale.run(folder)
    step(begin, "threads")
    tail.run_threads(folder, options.rounds, options.seconds)
    step(begin, "the slowest answers")
    bars += tail.run_tail(folder, options.rounds, options.seconds)
    step(begin, "done")
    show_bars(bars)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=2)
    for name in ("instructions", "peers", "floods", "feed"):
        parser.add_argument(f"--{name}", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="scopemint-bench") as folder:
        folder = pathlib.Path(folder)
        if options.instructions:
            instructions.run(folder)
            where.run(folder)
        if options.peers:
            peers.run(folder, options.rounds, options.seconds)
        if options.floods:
            floods.run(folder, options.rounds, options.seconds)
        if options.feed:
            streams.run(folder)
        if not (options.instructions or options.peers or options.floods or options.feed):
            run_bars(folder, options)


if __name__ == "__main__":
    sys.exit(main())
