"""What was measured, as text: lines while it runs, bench/results.md at the end."""

import math
import os
import platform
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from bench.engine.postgres import PATIENCE_S
from bench.engine.queries import leaves
from config.embedded.memory import megabytes

if TYPE_CHECKING:
    from bench.engine.__main__ import Measured, Outcome

RESULTS = Path(__file__).resolve().parents[1] / "results.md"
NAMES = {"clickhouse": "ClickHouse", "postgres": "PostgreSQL"}


def line(measured: "Measured") -> str:
    """One tree, for the terminal."""
    told = [f"{system} {measured.median(system):.0f}" for system in measured.ms]
    ratios = [f"{measured.ratio(system):.2f} of {NAMES[system]}" for system in measured.ms if system != "sito"]
    ways = ", ".join(measured.ways.values())
    return f"  {measured.tree.name:52} {measured.count:9,}  {', '.join(told)} ms; {', '.join(ratios)}  {ways}"


def geometric(values: Iterable[float]) -> float:
    logarithms = [math.log(value) for value in values]
    return math.exp(sum(logarithms) / len(logarithms))


def given_up(measured: "Measured", system: str) -> bool:
    """Whether it was not waited for."""
    return system == "postgres" and measured.median(system) >= PATIENCE_S * 1000


def percentile(values: list[float], percent: int) -> float:
    """The smallest value that so many percent do not exceed."""
    return sorted(values)[math.ceil(len(values) * percent / 100) - 1]


def machine() -> str:
    info = Path("/proc/cpuinfo")
    model = next(
        (row.partition(":")[2].strip() for row in info.read_text().splitlines() if row.startswith("model name")), ""
    ) if info.exists() else ""  # fmt: skip
    return f"{os.cpu_count()} cores{f' ({model})' if model else ''}, {megabytes() / 1024:.0f} GB, {platform.system()}"


def write(outcome: "Outcome", path: Path = RESULTS) -> Path:
    path.write_text("\n".join([*_head(outcome), *_table(outcome), *_further(outcome), ""]))
    return path


def _head(outcome: "Outcome") -> list[str]:
    size = outcome.size
    systems = [f"DuckDB {version('duckdb')}", f"PostgreSQL {outcome.versions['postgres']}"]
    if "clickhouse" in outcome.versions:
        systems.append(f"ClickHouse {outcome.versions['clickhouse']} (chdb {version('chdb')})")
    told = [
        "# Sito beside ClickHouse and PostgreSQL",
        "",
        "Written by `make bench`; how it is measured: docs/bench.md.",
        "",
        f"- {datetime.now(UTC).date()}; {machine()}; {', '.join(systems)}",
        f"- {size.contacts:,} contacts, {size.activities:,} activities, {size.visits:,} visits, {size.orders:,} orders",
        f"- milliseconds: medians of {outcome.runs} runs in turns (PostgreSQL: {len(outcome.trees[0].ms['postgres'])})",
    ]
    beyond = outcome.sizes["sito"]["beyond"]
    if beyond:
        told.append("- **the mirror does not have all rows: they were read from PostgreSQL**")
    return [*told, ""]


def _table(outcome: "Outcome") -> list[str]:
    others = [system for system in ("clickhouse", "postgres") if system in outcome.trees[0].ms]
    heads = [NAMES[system] for system in others]
    rows = [
        f"| criteria | contacts | Sito | {' | '.join(heads)} | {' | '.join(f'÷ {head}' for head in heads)} | as |",
        f"|---|--:|--:|{'--:|' * 2 * len(others)}---|",
    ]
    for one in outcome.trees:
        times = " | ".join(f"{'over ' * given_up(one, system)}{one.median(system):.0f}" for system in others)
        ratios = " | ".join(f"{'under ' * given_up(one, system)}{one.ratio(system):.2f}" for system in others)
        ways = ", ".join(one.ways.values())
        rows.append(f"| {one.tree.name} | {one.count:,} | {one.median('sito'):.0f} | {times} | {ratios} | {ways} |")
    means = " | ".join(f"**{geometric(one.ratio(system) for one in outcome.trees):.3f}**" for system in others)
    worst = " | ".join(f"{max(one.ratio(system) for one in outcome.trees):.2f}" for system in others)
    blank = " |" * len(others)
    rows.append(f"| **geometric mean of ratios** | | |{blank} {means} | |")
    rows.append(f"| worst | | |{blank} {worst} | |")
    eights = [one for one in outcome.trees if len(leaves(one.tree.root)) >= 8]
    if eights:
        mixed = " | ".join(f"{geometric(one.ratio(system) for one in eights):.2f}" for system in others)
        rows.append(f"| of the mixes of eight | | |{blank} {mixed} | |")
    return [*rows, "", f"“as”: the ways in which {' and '.join(heads)} answered fastest.", ""]


def _further(outcome: "Outcome") -> list[str]:
    changed = outcome.edits
    middle, most = percentile(changed, 50), percentile(changed, 95)
    spread = f"median {middle:.0f} ms, p95 {most:.0f} ms, longest {max(changed):.0f} ms"
    rows = [
        "## While a tree of eight criteria is edited",
        "",
        f"One criterion changed, the others as before, {len(changed)} times: {spread}.",
        "",
        "## First count of a fresh process",
        "",
        *(f"- {name}: {percentile(times, 50):.0f} ms" for name, times in outcome.cold.items()),
        "",
        "## Memory and disk",
        "",
        f"- Sito's process at its peak, all of the above: {outcome.peak:,} MB",
        f"- Sito's tables with their indexes {_mb(outcome.sizes['sito']['tables'])}",
        f"- Sito's mirror {_mb(outcome.sizes['sito']['mirror'])}",
        *(f"- {NAMES[name]} {_mb(sizes['tables'])}" for name, sizes in outcome.sizes.items() if name in NAMES),
    ]
    loaded = {name: parts for name, parts in outcome.loading.items() if parts}
    if loaded:
        rows += ["", "## Loading", ""]
        for name, parts in loaded.items():
            told = ", ".join(f"{part} {seconds:.0f} s" for part, seconds in parts.items())
            rows.append(f"- {NAMES.get(name, 'Sito')}: {told}")
    return rows


def _mb(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
