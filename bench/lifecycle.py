"""One lifecycle: create and five transitions, each its own durable commit, through the public API and by hand.

The engine's side runs with roles, guards, separation of duties, clocks, messages and the hash chain on. The other side is
what nobody can beat: the very statements one lifecycle wrote, replayed on a bare sqlite3 connection with the rows already
made, one commit each, after reading the ticket first.
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.directory import District, Holding, Person, Post, Unit
from rectiflow.engine.moments import at_hour
from rectiflow.storage import organisation, schema
from rectiflow.storage.connect import make_engine
from rectiflow.storage.evidence import FolderEvidence

__all__ = ["STEPS", "by_hand", "open_flow", "record", "through_the_api"]

MONDAY = date(2024, 9, 2)
STEPS = 6  #: commits of one lifecycle
_PEOPLE = (
    ("p1", "section", "股长", {"safety_section", "lead_section"}, "head"),
    ("p2", "section", "干事", {"verifier"}, "inspector"),
    ("p3", "school", "校长", {"principal"}, "principal"),
    ("p4", "school", "副校长", {"safety_officer"}, "officer"),
)
Statement = tuple[str, Sequence[Any]]


def open_flow(file: Path) -> Rectiflow:
    """Open an engine on a new SQLite file (WAL, synchronous=FULL) with four people."""
    engine = make_engine(f"sqlite:///{file}")
    schema.migrate(engine)
    district = District(code="990000", prefix="BENCH", name="测试区")
    organisation.add_district(engine, district, rehearsal=True)
    organisation.write_organisation(
        engine,
        district.code,
        units=[Unit(id="section", name="安全股", kind="section"), Unit(id="school", name="第一小学", kind="school")],
        posts=[Post(id=k, unit=u, title=t, roles=frozenset(r)) for k, u, t, r, _ in _PEOPLE],
        persons=[Person(id=p, name=p, email=f"{p}@example.com") for *_, p in _PEOPLE],
        holdings=[Holding(post=k, person=p) for k, *_, p in _PEOPLE],
    )
    return Rectiflow.open(
        engine=engine, clock=SetClock(at_hour(MONDAY, 9)), evidence=FolderEvidence(file.parent / "evidence")
    )


def through_the_api(flow: Rectiflow) -> None:
    """Take one hazard from report to close-out."""
    assert flow.evidence is not None
    photo = flow.evidence.put("整改后.png", b"a photograph")
    ticket = flow.report(
        "hazard",
        by="inspector",
        unit="school",
        source="bureau",
        found_on=MONDAY,
        category="fire",
        description="安全出口上锁",
    )
    due, done = (MONDAY + timedelta(days=14)).isoformat(), MONDAY.isoformat()
    flow.do(ticket.number, "assign", by="head", responsible_person="officer", due_on=due)
    flow.do(ticket.number, "sign", by="principal")
    flow.do(ticket.number, "submit", by="officer", measures="已拆除门锁", completed_on=done, evidence=[photo])
    flow.do(ticket.number, "pass", by="inspector")
    flow.do(ticket.number, "close", by="head")


def record(flow: Rectiflow) -> list[list[Statement]]:
    """Live through one lifecycle and return the statements of each of its commits."""
    commits: list[list[Statement]] = []
    link = flow.store.link
    original = link.transaction

    @contextmanager
    def listening() -> Generator[Any]:
        with original() as cursor:
            commits.append([])
            yield _Listening(cursor, commits[-1])

    link.transaction = listening  # type: ignore[method-assign]
    try:
        through_the_api(flow)
    finally:
        link.transaction = original  # type: ignore[method-assign]
    if len(commits) != STEPS:
        raise RuntimeError(f"a lifecycle took {len(commits)} commits instead of {STEPS}")
    return commits


def by_hand(file: Path, commits: Sequence[Sequence[Statement]], load: str) -> Callable[[], None]:
    """Return a function that writes one more lifecycle with bare sqlite3: the same rows, under a number of its own."""
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    number = next(v for _, values in commits[0] for v in values if isinstance(v, str) and v.startswith("BENCH-"))
    count = 0

    def once() -> None:
        nonlocal count
        count += 1
        own = f"HAND-2024-{count:06d}"
        for index, commit in enumerate(commits):
            if index:
                connection.execute(load, [own]).fetchone()
            connection.execute("BEGIN IMMEDIATE")
            for sql, values in commit:
                connection.execute(sql, [v.replace(number, own) if isinstance(v, str) else v for v in values])
            connection.execute("COMMIT")

    return once


def rate(once: Callable[[], None], *, seconds: float) -> float:
    """Return how many times a second something can be done, over about so many seconds."""
    done, began = 0, time.perf_counter()
    while (spent := time.perf_counter() - began) < seconds:
        once()
        done += 1
    return done / spent


class _Listening:
    """A cursor that remembers what it was told."""

    def __init__(self, cursor: Any, said: list[Statement]) -> None:
        self._cursor, self._said = cursor, said

    def execute(self, sql: str, values: Sequence[Any] = ()) -> Any:
        """Run a statement and remember it."""
        self._said.append((sql, list(values)))
        return self._cursor.execute(sql, values)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)


def dump(rows: Sequence[dict[str, Any]], file: Path) -> None:
    """Write the results."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(json.dumps(rows, ensure_ascii=False, indent=2) + "\n", "utf-8")
