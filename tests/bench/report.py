"""Bars, and whether they are met; tables as the README shows them."""

from dataclasses import dataclass

from load import median


@dataclass(frozen=True)
class Bar:
    what: str
    figure: str
    bar: str
    met: bool


def at_least(what, value, bar, note="", unit=""):
    return Bar(what, f"{value:.2f}{unit}{note}", f"≥ {bar:g}{unit}", value >= bar)


def at_most(what, value, bar, unit, note=""):
    return Bar(what, f"{value:.3g} {unit}{note}", f"≤ {bar:g} {unit}", value <= bar)


def table(head, rows):
    """The first column is text, the others are figures."""
    lines = ["| " + " | ".join(head) + " |", "| --- |" + " --: |" * (len(head) - 1)]
    lines += ["| " + " | ".join(str(cell) for cell in row) + " |" for row in rows]
    print("\n".join(lines) + "\n", flush=True)


def show_samples(samples):
    """samples: (what, who) -> samples."""
    table(["what", "who", "CPU µs/request", "requests/s", "p50 µs", "p99 µs", "load's cores"],
          [[what, who, f"{median(row, 'cpu_us'):.1f}", f"{median(row, 'per_s'):,.0f}", f"{median(row, 'p50_us'):.0f}",
            f"{median(row, 'p99_us'):.0f}", f"{median(row, 'load_cores'):.2f}"]
           for (what, who), row in samples.items()])


def show_bars(bars):
    table(["what", "figure", "bar", "met"],
          [[bar.what, bar.figure, bar.bar, "yes" if bar.met else "no"] for bar in bars])
