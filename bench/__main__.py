"""Measure side by side in one run: `make bench`, or `make bench QUICK=1` with fewer rounds and 100,000 stored.

Every side of a comparison takes its turn in every round, in shuffled order; a ratio is the median of the rounds' ratios.
"""

from __future__ import annotations

import argparse
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

from . import outbox, postgres, sweep
from .lifecycle import by_hand, open_flow, rate, record, through_the_api
from .many import BATCH, in_bulk, threads
from .peer import Peer, PeerFailed
from .table import Line, facts, line, missing, show, write

OUT = Path(__file__).parent / "out"
PEERS = {  # name of the peer → what the line is called, goal
    "naive": ("naive SQLModel session + transitions", "≥ 8"),
    "spiff": ("SpiffWorkflow, state saved after each task", "≥ 3"),
    "django_fsm": ("django-fsm-2, the same rows", "≥ 5"),
    "viewflow_fsm": ("viewflow.fsm, the same rows", "≥ 5"),
    "dbos": ("DBOS, five steps, SQLite on WAL", "≥ 4"),
}
FEWEST = 5  #: rounds of a full run
Rates = Mapping[str, list[float]]


def main() -> None:
    """Measure everything, print the table, write bench/out."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, 100,000 stored instead of 1,000,000")
    parser.add_argument("--only", choices=("lifecycle", "sweep", "postgres", "outbox"), help="one part alone")
    given = parser.parse_args()
    rounds, seconds = (3, 0.5) if given.quick else (7, 2.0)
    stored = 100_000 if given.quick else 1_000_000
    began, lines = time.perf_counter(), list[Line]()
    if given.only in (None, "lifecycle"):
        lines += lifecycles(rounds, seconds)
    if given.only in (None, "postgres"):
        lines += postgres.lines(rounds, seconds, quick=given.quick)
    if given.only in (None, "sweep"):
        lines += sweeps(stored, rounds)
    if given.only in (None, "outbox"):
        lines += outbox.lines(max(rounds, FEWEST), quick=given.quick)
    machine = facts()
    show(lines, machine)
    for path in write(lines, machine, OUT):
        print(f"written to bench/out/{path.name}")
    print(f"{time.perf_counter() - began:.0f} s")


def lifecycles(rounds: int, seconds: float) -> list[Line]:
    """Compare whole lives on SQLite: by hand, by others, by several threads, many to a commit."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sides, peers = _sides(folder, stack), dict[str, str]()
        for name in PEERS:
            peer = Peer(name)
            why = started(peer, stack)
            if why is None:
                sides[name] = peer.run
            else:
                peers[name] = why
        rates = measured(sides, rounds, seconds)
    return list(_lifecycle_lines(rates, peers))


def started(peer: Peer, stack: ExitStack, *arguments: str) -> str | None:
    """Make a peer ready and start it; return why it cannot be measured, if so."""
    print(f"\rpreparing {peer.name:<40}", end="", file=sys.stderr, flush=True)
    why = peer.prepare()
    if why is not None:
        return why
    try:
        peer.start(*arguments)
        stack.callback(peer.close)
        peer.run(0.2)  # the first answer waits for its start
    except PeerFailed as exc:
        return str(exc)
    return None


def measured(sides: Mapping[str, Callable[[float], float]], rounds: int, seconds: float) -> dict[str, list[float]]:
    """Let every side take its turn in every round, in shuffled order; return the rates of each."""
    rates: dict[str, list[float]] = {name: [] for name in sides}
    for count in range(1, rounds + 1):
        order = list(sides)
        random.shuffle(order)
        for name in order:
            rates[name].append(sides[name](seconds))
            print(f"\rround {count} of {rounds}: {name:<24}", end="", file=sys.stderr, flush=True)
    print("\r" + " " * 60 + "\r", end="", file=sys.stderr)
    return rates


def _sides(folder: Path, stack: ExitStack) -> dict[str, Callable[[float], float]]:
    sides: dict[str, Callable[[float], float]] = {}
    for mode in ("FULL", "NORMAL"):
        flow = open_flow(f"sqlite:///{folder / f'engine-{mode}.db'}", synchronous=mode)
        stack.callback(flow.close)
        commits, load = record(flow), flow.store.statements.load.sql
        hand = folder / f"hand-{mode}.db"
        open_flow(f"sqlite:///{hand}").close()
        sides[f"ours {mode}"] = _rated(lambda flow=flow: through_the_api(flow))  # type: ignore[misc]
        sides[f"hand {mode}"] = _rated(by_hand(hand, commits, load, synchronous=mode))
        if mode == "FULL":
            bulk = folder / "hand-bulk.db"
            open_flow(f"sqlite:///{bulk}").close()
            many = by_hand(bulk, commits, load, together=BATCH)
            sides["hand, 50 to a commit"] = lambda seconds, many=many: BATCH * rate(many, seconds=seconds)  # type: ignore[misc]
    shared = open_flow(f"sqlite:///{folder / 'threads.db'}")
    stack.callback(shared.close)
    sides["8 threads"] = lambda seconds: threads(shared, 8, seconds)
    sides["8 threads, alone"] = lambda seconds: threads(shared, 8, seconds, together=False)
    sides["50 to a commit"] = lambda seconds: in_bulk(shared, seconds)
    return sides


def _rated(once: Callable[[], None]) -> Callable[[float], float]:
    return lambda seconds: rate(once, seconds=seconds)


def _lifecycle_lines(rates: Rates, absent: Mapping[str, str]) -> Iterator[Line]:
    def against(name: str, goal: str, ours: str, theirs: str, limit: str | None = None) -> Line:
        ratios = _ratios(rates, ours, theirs)
        medians = (statistics.median(rates[side]) for side in (ours, theirs))
        best = (
            statistics.median(_ratios(rates, limit, "hand FULL" if theirs == "ours FULL" else theirs))
            if limit
            else None
        )
        return line(name, goal, ratios, "{:.0f} : {:.0f}/s".format(*medians), limit=best)

    yield against("hand-written sqlite3, FULL", "≥ 0.70", "ours FULL", "hand FULL")
    yield against("hand-written sqlite3, NORMAL", "≥ 0.55", "ours NORMAL", "hand NORMAL")
    for name, (title, goal) in PEERS.items():
        yield (
            missing(title, goal, absent[name])
            if name in absent
            else against(title, goal, "ours FULL", name, "hand FULL")
        )
    yield against("8 threads, group commit, against without", "≥ 1.3", "8 threads", "8 threads, alone")
    yield against("50 to a commit, against one each", "≥ 3", "50 to a commit", "ours FULL", "hand, 50 to a commit")


def _ratios(rates: Rates, one: str, other: str) -> list[float]:
    return [a / b for a, b in zip(rates[one], rates[other], strict=True)]


def sweeps(stored: int, rounds: int) -> list[Line]:
    """Compare sweeps of 10,000 due among few and among many stored; one after the other on the same file."""
    few, many = stored // 10, stored
    with tempfile.TemporaryDirectory() as folder:
        files = {n: sweep.fill(Path(folder) / f"{n}.db", n) for n in (few, many)}
        spent: dict[tuple[int, str], list[float]] = {(n, s): [] for n in files for s in ("ours", "raw")}
        for count in range(1 if rounds < FEWEST else FEWEST):
            for key in random.sample(list(spent), len(spent)):
                n, side = key
                copy = Path(shutil.copy(files[n].file, Path(folder) / "sweep.db"))
                filled = sweep.placed(files[n], copy)
                sweep.due_again(filled, seed=count)
                spent[key].append((sweep.swept if side == "ours" else sweep.raw_batch)(filled))
                for suffix in ("", "-wal", "-shm"):
                    Path(f"{copy}{suffix}").unlink(missing_ok=True)
        idle, scans = sweep.idle(files[many]), sweep.scans(files[many])
        due = sweep.DUE // 4 if rounds < FEWEST else sweep.DUE
        first, last = _memory(files[many], Path(folder), due)
    ours, raw = spent[many, "ours"], spent[many, "raw"]
    slow = [(a / b) / (c / d) for a, b, c, d in zip(ours, spent[few, "ours"], raw, spent[few, "raw"], strict=True)]
    speed = f"{sweep.DUE / statistics.median(ours):.0f} : {sweep.DUE / statistics.median(raw):.0f}/s"
    return [
        line(
            f"sweep, 10,000 due of {many:,}, against raw SQL",
            "≥ 0.5",
            [b / a for a, b in zip(ours, raw, strict=True)],
            speed,
        ),
        line(f"slow-down of the sweep from {few:,} to {many:,}", "≤ 1.2", slow),
        line("statements of a sweep that scan a table", "< 1", [len(scans)], "; ".join(scans) or "index search only"),
        line(f"idle sweep of {many:,}", "< 1 ms", [idle], "ms"),
        line(f"memory of a worker with {many:,} open", "< 200 MB", [last], f"{first:.0f} MB after the first sweep"),
        line(f"the same, after {3 * due:,} more fired, against the first sweep", "≤ 1.1", [last / first]),
    ]


def _memory(filled: sweep.Filled, folder: Path, due: int) -> tuple[float, float]:
    """Measure in a process of its own, which has done nothing else."""
    program = (
        "import sys, pickle; from pathlib import Path; from bench import sweep;"
        "print(*sweep.memory_of(pickle.loads(Path(sys.argv[1]).read_bytes()), int(sys.argv[2])))"
    )
    import pickle

    said = folder / "filled.pickle"
    said.write_bytes(pickle.dumps(filled))
    done = subprocess.run([sys.executable, "-c", program, said, str(due)], capture_output=True, text=True, check=True)
    first, last = map(float, done.stdout.split())
    return first, last


if __name__ == "__main__":
    main()
