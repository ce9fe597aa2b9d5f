"""A sweep of due timers among many stored ones, against the same statements replayed as a raw SQL batch.

One hazard is lived through the API; its rows are copied under other numbers, some of them with a timer that is due. The
raw side is what nobody can beat: it selects the due timers, reads each ticket, and writes the very rows the engine wrote for one.
"""

from __future__ import annotations

import random
import sqlite3
import time
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from msgspec import Struct
from msgspec.structs import replace

from rectiflow._bulk import TO_A_COMMIT
from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow

from .lifecycle import MONDAY, Statement, listening, open_flow

__all__ = ["DUE", "Filled", "due_again", "fill", "idle", "memory_of", "placed", "raw_batch", "scans", "swept"]

DUE = 10_000
CHUNK = 20_000  #: rows to an insert
_TABLES = ("ticket", "clock", "timer")


class Filled(Struct, frozen=True):
    """A database full of open hazards: how many, and what one firing writes."""

    file: Path
    stored: int
    written: Sequence[Statement]  #: of one timer that fired, with `number` for every other one's
    number: str
    load: str
    now: datetime


def fill(file: Path, stored: int) -> Filled:
    """Make a database with so many open hazards, each with a deadline three weeks away."""
    flow = open_flow(f"sqlite:///{file}", synchronous="OFF")
    first, second = (_assigned(flow) for _ in range(2))
    clock = flow.clock
    assert isinstance(clock, SetClock)
    clock.forward(days=30)
    with listening(flow) as commits:
        due = flow.store.claim_timers(owner=flow.owner, now=flow.now(), lease=flow.lease, limit=9)
        one = next(t for t in due if t.number == first)
        flow.fire(one)
    written = commits[-1]
    flow.store.link.run("UPDATE rectiflow_timer SET owner = NULL, lease_until = NULL")
    now, load = flow.now(), flow.store.statements.load.sql
    flow.close()
    with sqlite3.connect(file, isolation_level=None) as connection:
        for pragma in ("synchronous=OFF", "foreign_keys=OFF", "cache_size=-200000"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("DELETE FROM rectiflow_timer WHERE clock <> 'rectify' OR number <> ?", [second])
        connection.execute("UPDATE rectiflow_timer SET due_at = ?", [_text(now + timedelta(days=9999))])
        for table in _TABLES:
            _copy(connection, table, second, stored)
        connection.execute("ANALYZE")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    return Filled(file=file, stored=stored, written=written, number=first, load=load, now=now)


def placed(filled: Filled, file: Path) -> Filled:
    """Return the same in a copy of its file."""
    return replace(filled, file=file)


def due_again(filled: Filled, *, count: int = DUE, seed: int = 1) -> None:
    """Let so many timers, scattered over the table, be due; all others lie far ahead."""
    chosen = random.Random(seed).sample(range(filled.stored), count)
    with sqlite3.connect(filled.file, isolation_level=None) as connection:
        connection.execute("BEGIN IMMEDIATE")
        past = _text(filled.now - timedelta(hours=1))
        connection.executemany(
            "UPDATE rectiflow_timer SET due_at = ? WHERE number = ? AND status = 'armed'",
            [(past, _number(n)) for n in chosen],
        )
        connection.execute("COMMIT")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def swept(filled: Filled) -> float:
    """Sweep what is due with the engine; return the seconds."""
    flow = Rectiflow.open(f"sqlite:///{filled.file}", clock=SetClock(filled.now), create=False)
    flow.store.link.run("PRAGMA synchronous=FULL")
    began = time.perf_counter()
    done = _sweep(flow)
    spent = time.perf_counter() - began
    flow.close()
    if done != DUE:
        raise RuntimeError(f"{done} fired instead of {DUE}")
    return spent


def raw_batch(filled: Filled) -> float:
    """Do the same by hand: the due timers by the index, each ticket read, the same rows written; return the seconds."""
    connection = sqlite3.connect(filled.file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    began, done, now = time.perf_counter(), 0, _text(filled.now)
    wanted = "SELECT number FROM rectiflow_timer WHERE status = 'armed' AND due_at <= ? ORDER BY due_at LIMIT ?"
    while due := connection.execute(wanted, [now, TO_A_COMMIT]).fetchall():
        for (number,) in due:
            connection.execute(filled.load, [number]).fetchone()
        connection.execute("BEGIN IMMEDIATE")
        for (number,) in due:
            for sql, values in filled.written:
                own = [v.replace(filled.number, number) if isinstance(v, str) else v for v in values]
                connection.execute(sql, own)
            connection.execute(
                "UPDATE rectiflow_timer SET status = 'fired' WHERE number = ? AND due_at <= ?", [number, now]
            )
        connection.execute("COMMIT")
        done += len(due)
    spent = time.perf_counter() - began
    connection.close()
    return spent


def idle(filled: Filled, *, times: int = 200) -> float:
    """Return the milliseconds of a claim that finds nothing due."""
    flow = Rectiflow.open(f"sqlite:///{filled.file}", clock=SetClock(filled.now - timedelta(days=999)), create=False)
    _sweep(flow)
    began = time.perf_counter()
    for _ in range(times):
        _sweep(flow)
    spent = time.perf_counter() - began
    flow.close()
    return spent / times * 1000


def scans(filled: Filled) -> list[str]:
    """Return which of the full tables the statements of a sweep would read from end to end; none, if all search."""
    flow = Rectiflow.open(f"sqlite:///{filled.file}", clock=SetClock(filled.now), create=False)
    statements = flow.store.statements
    hot = [*statements.claim_timers.values(), *statements.claim_messages.values(), statements.fire, statements.load]
    plans = [
        row[3]
        for statement in hot
        for row in flow.store.link.rows(f"EXPLAIN QUERY PLAN {statement.sql}", [None] * len(statement.names))
    ]
    flow.close()
    full = tuple(f"SCAN rectiflow_{table}" for table in _TABLES)
    return [said for said in plans if said.startswith(full)]


def memory_of(filled: Filled, due: int) -> tuple[float, float]:
    """Return the megabytes this process needs after the first sweep of a full database, and after three more of `due`."""
    due_again(filled, count=due, seed=1)
    flow = Rectiflow.open(f"sqlite:///{filled.file}", clock=SetClock(filled.now), create=False)
    _sweep(flow)
    first = _most_resident()
    for seed in range(2, 5):
        due_again(filled, count=due, seed=seed)
        _sweep(flow)
    last = _most_resident()
    flow.close()
    return first, last


def _most_resident() -> float:
    """Return the most memory this program has had, in megabytes; `getrusage` would count what ran before it."""
    said = Path("/proc/self/status").read_text("utf-8").splitlines()
    return next(int(t.split()[1]) for t in said if t.startswith("VmHWM")) / 1024


def _sweep(flow: Rectiflow) -> int:
    from rectiflow._sweep import sweep

    return sweep(flow).fired


def _assigned(flow: Rectiflow) -> str:
    found: dict[str, Any] = {"source": "bureau", "found_on": MONDAY, "category": "fire", "description": "安全出口上锁"}
    number = flow.report("hazard", by="inspector", unit="school", **found).number
    due = (MONDAY + timedelta(days=21)).isoformat()
    flow.do(number, "assign", by="head", responsible_person="officer", due_on=due)
    flow.do(number, "sign", by="principal")
    return number


def _copy(connection: sqlite3.Connection, table: str, number: str, stored: int) -> None:
    """Copy the rows of one hazard under the numbers of all others."""
    rows = connection.execute(f"SELECT * FROM rectiflow_{table} WHERE number = ?", [number])  # noqa: S608 our own names
    names = [d[0] for d in rows.description]
    found, at = rows.fetchall(), names.index("number")
    connection.execute(f"DELETE FROM rectiflow_{table}")  # noqa: S608
    insert = f"INSERT INTO rectiflow_{table} VALUES ({','.join('?' * len(names))})"  # noqa: S608
    for numbers in _chunks(range(stored)):
        connection.execute("BEGIN")
        connection.executemany(insert, (_under(row, at, n) for n in numbers for row in found))
        connection.execute("COMMIT")


def _under(row: tuple[Any, ...], at: int, n: int) -> tuple[Any, ...]:
    return (*row[:at], _number(n), *row[at + 1 :])


def _number(n: int) -> str:
    return f"FULL-2024-{n:07d}"


def _chunks(numbers: range) -> Iterator[range]:
    return (numbers[k : k + CHUNK] for k in range(0, len(numbers), CHUNK))


def _text(moment: datetime) -> str:
    from rectiflow.storage.types import instant_text

    return str(instant_text(moment))
