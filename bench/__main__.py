"""Measure, side by side in one run: `make bench`. Prints a table of ratios and writes bench/out/bench.json."""

from __future__ import annotations

import platform
import random
import sqlite3
import statistics
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path

from .lifecycle import by_hand, dump, open_flow, rate, record, through_the_api

ROUNDS, SECONDS = 7, 2.0
OUT = Path(__file__).parent / "out" / "bench.json"
GOAL = 0.70  #: of hand-written sqlite3 at synchronous=FULL; stretched from the measured limit of a bare prototype, 0.73


def main() -> None:
    """Run the rounds, shuffled, and print what came of them."""
    with tempfile.TemporaryDirectory() as folder:
        flow = open_flow(Path(folder) / "engine.db")
        commits = record(flow)
        hand_file = Path(folder) / "hand.db"
        open_flow(hand_file).close()
        sides = {
            "engine": lambda: through_the_api(flow),
            "hand": by_hand(hand_file, commits, flow.store.statements.load.sql),
        }
        rounds = [_round(sides) for _ in range(ROUNDS)]
        flow.close()
    ratios = [r["engine"] / r["hand"] for r in rounds]
    ratio = statistics.median(ratios)
    facts = {
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
        "cores": 2,
    }
    for name in ("engine", "hand"):
        rates = [r[name] for r in rounds]
        print(f"{name:>8}: {statistics.median(rates):7.1f} lifecycles/s  ({min(rates):.1f} to {max(rates):.1f})")
    print(
        f"   ratio: {ratio:.2f}  ({min(ratios):.2f} to {max(ratios):.2f}), goal {GOAL:.2f}, {ROUNDS} rounds of {SECONDS} s"
    )
    row = {"name": "lifecycle, SQLite FULL, against hand-written sqlite3", "goal": GOAL, "ratio": round(ratio, 3)}
    dump([{**row, "met": ratio >= GOAL, "machine": facts}], OUT)
    print(f"written to {OUT.relative_to(Path.cwd())}" if OUT.is_relative_to(Path.cwd()) else "")


def _round(sides: Mapping[str, Callable[[], None]]) -> dict[str, float]:
    names = list(sides)
    random.shuffle(names)
    return {n: rate(sides[n], seconds=SECONDS) for n in names}


if __name__ == "__main__":
    main()
