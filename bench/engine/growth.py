"""`python -m bench.engine.growth [CONTACTS …]`: the same questions of ever larger shops, into bench/growth.md.

Every contact has the same number of activities, visits and orders at all sizes, so time that grows as the contacts do
is linear. One size is there at a time: its rows are removed when it has been measured.
"""

import argparse
import math
import shutil
import statistics
from dataclasses import dataclass
from pathlib import Path

from bench.engine import queries, report
from bench.engine.data import Size, generated, home
from bench.engine.trees import TREES
from bench.engine.workers import Worker
from config.embedded.environment import provide
from config.embedded.folders import Folders

GROWTH = Path(__file__).resolve().parents[1] / "growth.md"
CONTACTS = (100_000, 300_000, 1_000_000, 3_000_000, 10_000_000)
ASKED = (
    "lead score over 20",
    "opened in 90 days",
    "50 page views in a year",
    "3 views of /cennik in 30 days",
    "last visit from search, in 30 days",
    "spent over 500 in 6 months",
    "champions",
    "lead score and city, or a category",
    "eight: a campaign's audience",
    "eight: any and all mixed",
)


@dataclass
class Grown:
    """One size: the median milliseconds of each question, and the peak memory of the process in MB."""

    size: Size
    ms: dict[str, float]
    peak: int
    mirror: int


def measure(size: Size, *, runs: int) -> Grown:
    folder = generated(size, home() / f"growth-{size}")
    trees = {tree.name: queries.criteria(tree.root) for tree in TREES if tree.name in ASKED}
    with Worker("bench.engine.sito") as loading:
        loading.ask("load", folder=str(folder))
    with Worker("bench.engine.sito") as sito:  # anew: loading needs memory that counting does not
        sito.ask("enter")
        times: dict[str, list[float]] = {name: [] for name in trees}
        for _ in range(runs):
            for name, tree in trees.items():
                times[name].append(sito.ask("count", tree=tree)["ms"])
        grown = Grown(
            size,
            {name: statistics.median(ms) for name, ms in times.items()},
            sito.ask("peak"),
            sito.ask("sizes")["mirror"],
        )
    shutil.rmtree(folder)
    return grown


def write(sizes: list[Grown], *, runs: int) -> None:
    heads = [f"{grown.size.contacts:,}" for grown in sizes]
    rows = [
        "# How Sito's calculations grow",
        "",
        f"Written by `make bench-growth` (docs/bench.md): medians of {runs} runs in milliseconds, by contacts.",
        f"{report.machine()}. A power of 1 is linear growth from the smallest size to the largest; less is better.",
        "",
        f"| criteria | {' | '.join(heads)} | power |",
        f"|---|{'--:|' * len(sizes)}--:|",
    ]
    for name in sizes[0].ms:
        times = " | ".join(f"{grown.ms[name]:.0f}" for grown in sizes)
        rows.append(f"| {name} | {times} | {power(sizes, name)} |")
    for told, numbers in (
        ("activities", [f"{grown.size.activities:,}" for grown in sizes]),
        ("orders", [f"{grown.size.orders:,}" for grown in sizes]),
        ("peak memory of the process, MB", [f"{grown.peak:,}" for grown in sizes]),
        ("the mirror's files, MB", [f"{grown.mirror / 1e6:,.0f}" for grown in sizes]),
    ):
        rows.append(f"| *{told}* | {' | '.join(numbers)} | |")
    GROWTH.write_text("\n".join([*rows, ""]))


def power(sizes: list[Grown], name: str) -> str:
    """The exponent of growth: time ∝ contacts to this power."""
    first, last = sizes[0], sizes[-1]
    if first.size.contacts == last.size.contacts:
        return ""
    return f"{math.log(last.ms[name] / first.ms[name]) / math.log(last.size.contacts / first.size.contacts):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine.growth")
    parser.add_argument("contacts", type=int, nargs="*", default=CONTACTS)
    parser.add_argument("--activities", type=float, default=5, help="of each contact")
    parser.add_argument("--orders", type=float, default=0.5, help="of each contact")
    parser.add_argument("--runs", type=int, default=5)
    given = parser.parse_args()
    services = provide(Folders.from_environment())
    sizes: list[Grown] = []
    try:
        for contacts in given.contacts:
            size = Size(contacts, int(contacts * given.activities), int(contacts * given.orders))
            sizes.append(measure(size, runs=given.runs))
            print(sizes[-1], flush=True)
            write(sizes, runs=given.runs)
    finally:
        for service in services:
            service.leave()


if __name__ == "__main__":
    main()
