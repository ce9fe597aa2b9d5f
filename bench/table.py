"""What a run of the benchmark says: one line for each comparison, as text, as JSON and as a picture."""

from __future__ import annotations

import json
import platform
import sqlite3
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import asdict

__all__ = ["Line", "facts", "line", "missing", "show", "write"]


class Line(Struct, frozen=True, kw_only=True):
    """One comparison: the median ratio of its rounds against a goal; `met` is None where there is no goal or no peer."""

    name: str
    goal: str  #: ≥ 0.70, ≤ 1.2, < 1 ms, or "—" where it is only reported
    ratio: float | None
    met: bool | None
    limit: float | None = None  #: what hand-written SQL without any engine reaches in the same place
    detail: str = ""


def line(name: str, goal: str, ratios: Sequence[float], detail: str = "", *, limit: float | None = None) -> Line:
    """Make a line of the ratios of several rounds."""
    ratio = statistics.median(ratios)
    spread = f"{min(ratios):.2f}–{max(ratios):.2f}" if len(ratios) > 1 else ""
    said = "，".join(filter(None, (spread, detail)))
    return Line(name=name, goal=goal, ratio=round(ratio, 3), met=_met(goal, ratio), limit=_rounded(limit), detail=said)


def _rounded(limit: float | None) -> float | None:
    return None if limit is None else round(limit, 3)


def missing(name: str, goal: str, why: str) -> Line:
    """Name a peer that could not be measured."""
    return Line(name=name, goal=goal, ratio=None, met=None, detail=f"not measured: {why}")


def facts() -> dict[str, Any]:
    """Return what machine and versions it was."""
    import os

    cpu = next(
        (t.split(":", 1)[1].strip() for t in _lines("/proc/cpuinfo") if t.startswith("model name")), platform.machine()
    )
    return {
        "system": f"{platform.system()} {platform.release()}",
        "cpu": cpu,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
    }


def show(lines: Sequence[Line], machine: dict[str, Any]) -> None:
    """Print the table."""
    print(" · ".join(f"{k} {v}" for k, v in machine.items()))
    width = max(len(x.name) for x in lines)
    print(f"{'':<{width}}  {'goal':>9}  {'ratio':>9}  {'by hand':>9}")
    for x in lines:
        said = {True: "met", False: "NOT met", None: ""}[x.met]
        ratio = "—" if x.ratio is None else f"{x.ratio:.2f}"
        limit = "" if x.limit is None else f"{x.limit:.2f}"
        print(f"{x.name:<{width}}  {x.goal:>9}  {ratio:>9}  {limit:>9}  {said:<7}  {x.detail}")


def write(lines: Sequence[Line], machine: dict[str, Any], folder: Path) -> list[Path]:
    """Write bench.json and a picture of the ratios against their goals."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(x), "machine": machine} for x in lines]
    data, picture = folder / "bench.json", folder / "bench.svg"
    data.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", "utf-8")
    _draw(lines, machine, picture)
    return [data, picture]


def _met(goal: str, value: float) -> bool | None:
    sign, _, bound = goal.partition(" ")
    if not bound:
        return None
    limit = float(bound.split()[0])
    return value >= limit if sign == "≥" else value <= limit if sign == "≤" else value < limit


def _draw(lines: Sequence[Line], machine: dict[str, Any], file: Path) -> None:
    """Draw how far each comparison is from its goal: 1 is the goal, to the right is better."""
    import matplotlib as mpl

    mpl.use("svg")
    from matplotlib import pyplot as plt

    drawn = [(x, reached) for x in lines if (reached := _reached(x)) is not None]
    figure, axes = plt.subplots(figsize=(9, 0.42 * len(drawn) + 1.4), layout="constrained")
    for place, (x, reached) in enumerate(reversed(drawn)):
        axes.barh(place, reached, color="#3a7d44" if x.met else "#b5482f", height=0.6)
        axes.text(reached, place, f" {x.ratio:.2f} ({x.goal})".replace("≥", ">=").replace("≤", "<="), va="center")
    axes.set_yticks(range(len(drawn)), [x.name for x, _ in reversed(drawn)])
    axes.axvline(1, color="#444", linewidth=1)
    axes.set_xscale("log")
    axes.set_xlabel("how far the goal (1) is reached; to the right is better")
    axes.set_title(f"{machine['cpu']}, {machine['cores']} cores, Python {machine['python']}", fontsize=9)
    axes.margins(x=0.25)
    figure.savefig(file)
    plt.close(figure)


def _reached(x: Line) -> float | None:
    sign, _, bound = x.goal.partition(" ")
    if not bound or not x.ratio:
        return None
    limit = float(bound.split()[0])
    return x.ratio / limit if sign == "≥" else limit / x.ratio


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text("utf-8").splitlines()
    except OSError:
        return []
