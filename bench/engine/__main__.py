"""`python -m bench.engine CONTACTS ACTIVITIES ORDERS`: make, load, compare, measure, write bench/results.md.

Runs alternate, so that whatever else the machine does hits all alike; medians and their ratios are told, never judged.
"""

import argparse
import contextlib
import importlib.util
import statistics
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from bench.engine import queries, report
from bench.engine.data import Size, generated
from bench.engine.queries import Tree
from bench.engine.trees import TREES, edits
from bench.engine.workers import FailedError, Worker
from config.embedded.environment import provide
from config.embedded.folders import Folders

NO_CHDB = (
    "chdb (ClickHouse in process) is not installed: Sito is compared with PostgreSQL only. `make bench` installs it."
)
COLD = ("eight: a campaign's audience", "3 views of /cennik in 30 days")


@dataclass
class Systems:
    sito: Worker
    postgres: Worker
    clickhouse: Worker | None


@dataclass
class Measured:
    """One tree: milliseconds of every run by system, and which of the others' queries were the fastest."""

    tree: Tree
    count: int
    ways: dict[str, str] = field(default_factory=dict)
    ms: dict[str, list[float]] = field(default_factory=dict)
    nodes: list[Any] = field(default_factory=list)

    def median(self, system: str) -> float:
        return statistics.median(self.ms[system])

    def ratio(self, system: str) -> float:
        """Sito's time in that system's."""
        return self.median("sito") / self.median(system)


@dataclass
class Outcome:
    size: Size
    trees: list[Measured]
    edits: list[float]
    cold: dict[str, list[float]]
    peak: int
    versions: dict[str, str]
    sizes: dict[str, dict[str, int]]
    loading: dict[str, dict[str, float]]
    runs: int


@contextlib.contextmanager
def started(folder: str) -> Iterator[Systems]:
    with contextlib.ExitStack() as stack:
        there = importlib.util.find_spec("chdb") is not None
        if not there:
            print(NO_CHDB, file=sys.stderr)
        yield Systems(
            stack.enter_context(Worker("bench.engine.sito")),
            stack.enter_context(Worker("bench.engine.postgres")),
            stack.enter_context(Worker("bench.engine.clickhouse", folder)) if there else None,
        )


def load(systems: Systems, folder: str) -> dict[str, dict[str, float]]:
    """Seconds of each part of loading, of those systems that had to."""
    taken = {"sito": systems.sito.ask("load", folder=folder), "postgres": systems.postgres.ask("load", folder=folder)}
    if systems.clickhouse:
        taken["clickhouse"] = systems.clickhouse.ask("load")
    for system, parts in taken.items():
        told = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in parts.items())
        print(f"  {system}: {told or 'there already'}", flush=True)
    return taken


# --- the same numbers ------------------------------------------------------------------------------------------
def ways_of(systems: Systems, tree: Tree) -> list[tuple[str, Worker, dict[str, str]]]:
    """The others, and the queries that each may be asked."""
    ways = [("postgres", systems.postgres, queries.postgres(tree))]
    if systems.clickhouse:
        ways.insert(0, ("clickhouse", systems.clickhouse, queries.clickhouse(tree)))
    return ways


def agree(systems: Systems, tree: Tree) -> tuple[int, list[str]]:
    """What Sito counts, and what others count otherwise, in words. Every way they have is tried, as far as it ends."""
    counted = systems.sito.ask("count", tree=queries.criteria(tree.root))["count"]
    others = {}
    for name, worker, ways in ways_of(systems, tree):
        for way, query in ways.items():
            others[f"{report.NAMES[name]} ({way})"] = worker.ask("count", query=query)["count"]
    wrong = [f"{name} {number:,}" for name, number in others.items() if number not in (counted, None)]
    return counted, [f"{tree.name}: Sito {counted:,}, {', '.join(wrong)}"] if wrong else []


# --- how long --------------------------------------------------------------------------------------------------
def measure(systems: Systems, tree: Tree, count: int, *, runs: int) -> Measured:
    """Runs in turns; PostgreSQL, which takes long, in every third."""
    result = Measured(tree, count)
    asked = {"sito": (systems.sito, {"tree": queries.criteria(tree.root)})}
    for name, worker, ways in ways_of(systems, tree):
        result.ways[name] = quickest(worker, ways, tries=3 if name == "clickhouse" else 1)
        asked[name] = (worker, {"query": ways[result.ways[name]]})
    for run in range(runs):
        for system, (worker, given) in asked.items():
            if system == "postgres" and run % 3:
                continue
            answer = worker.ask("count", **given)
            result.ms.setdefault(system, []).append(answer["ms"])
            if system == "sito":
                result.nodes = answer["nodes"]
    return result


def quickest(worker: Worker, ways: dict[str, str], *, tries: int) -> str:
    """The way that it answers fastest, by the best of some tries."""
    if len(ways) == 1:
        return next(iter(ways))
    best = {way: min(worker.ask("count", query=query)["ms"] for _ in range(tries)) for way, query in ways.items()}
    return min(best, key=lambda way: best[way])


def edited(sito: Worker) -> list[float]:
    """Milliseconds of each count while one criterion after another is changed; all are checked against fresh ones."""
    trees = [queries.criteria(node) for node in edits()]
    answers = [sito.ask("recount", tree=tree) for tree in trees]
    for tree, answer in zip(trees, answers, strict=True):
        fresh = sito.ask("count", tree=tree)["count"]
        if answer["count"] != fresh:
            raise SystemExit(f"While editing Sito counted {answer['count']:,}, afresh {fresh:,}: {tree}")
    return [answer["ms"] for answer in answers[1:]]


def cold(tree: Tree, *, times: int = 3) -> list[float]:
    """Milliseconds of the first count of fresh processes: their code is loaded, nothing has been read."""
    first = []
    for _ in range(times):
        with Worker("bench.engine.sito") as sito:
            sito.ask("enter")
            first.append(sito.ask("count", tree=queries.criteria(tree.root))["ms"])
    return first


def outcome(size: Size, *, runs: int) -> Outcome:
    """Everything. Ends the program if two systems count otherwise."""
    folder = str(made(size))
    with started(folder) as systems:
        print("Loading …", flush=True)
        loading = load(systems, folder)
        trees = list(compared(systems, runs=runs))
        changed = edited(systems.sito)
        named = {"sito": systems.sito, "postgres": systems.postgres, "clickhouse": systems.clickhouse}
        sizes = {name: worker.ask("sizes") for name, worker in named.items() if worker}
        others = {name: worker.ask("version") for name, worker in named.items() if worker and name != "sito"}
        peak = systems.sito.ask("peak")
    first = {tree.name: cold(tree) for tree in TREES if tree.name in COLD}
    return Outcome(size, trees, changed, first, peak, others, sizes, loading, runs)


def made(size: Size) -> Any:
    print(f"{size.contacts:,} contacts, {size.activities:,} activities, {size.orders:,} orders", flush=True)
    began = time.perf_counter()
    folder = generated(size)
    print(f"  rows in {folder} ({time.perf_counter() - began:.0f} s)", flush=True)
    return folder


def compared(systems: Systems, *, runs: int) -> Iterator[Measured]:
    trouble: list[str] = []
    counts: dict[str, int] = {}
    for tree in TREES:
        try:
            counts[tree.name], wrong = agree(systems, tree)
        except FailedError as error:
            wrong = [f"{tree.name}: {str(error).strip().splitlines()[-1]}"]
        trouble += wrong
    if trouble:
        raise SystemExit("They don't agree:\n  " + "\n  ".join(trouble))
    print(f"All agree on {len(counts)} counts. Measuring …", flush=True)
    for tree in TREES:
        result = measure(systems, tree, counts[tree.name], runs=runs)
        print(report.line(result), flush=True)
        yield result


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench.engine")
    parser.add_argument("contacts", type=int)
    parser.add_argument("activities", type=int)
    parser.add_argument("orders", type=int)
    parser.add_argument("--runs", type=int, default=7)
    given = parser.parse_args()
    services = provide(Folders.from_environment())
    try:
        result = outcome(Size(given.contacts, given.activities, given.orders), runs=given.runs)
        print(f"Written: {report.write(result)}")
    finally:
        for service in services:
            service.leave()


if __name__ == "__main__":
    main()
