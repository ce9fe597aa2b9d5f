"""One lifecycle: create and five transitions, each its own durable commit, through the public API and by hand.

The engine's side runs with roles, guards, separation of duties, clocks, messages and the hash chain on. The other side is
what nobody can beat: the very statements one lifecycle wrote, replayed on a bare sqlite3 connection with the rows already
made, one commit each, after reading the ticket first.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.directory import District, Holding, Person, Post, Unit
from rectiflow.engine.moments import at_hour
from rectiflow.engine.stimulus import Attachment
from rectiflow.storage import organisation, schema
from rectiflow.storage.connect import make_engine

__all__ = ["STEPS", "NoFiles", "Statement", "by_hand", "listening", "open_flow", "record", "through_the_api"]

MONDAY = date(2024, 9, 2)
STEPS = 6  #: commits of one lifecycle
_PEOPLE = (
    ("p1", "section", "股长", {"safety_section", "lead_section"}, "head"),
    ("p2", "section", "干事", {"verifier"}, "inspector"),
    ("p3", "school", "校长", {"principal"}, "principal"),
    ("p4", "school", "副校长", {"safety_officer"}, "officer"),
)
Statement = tuple[str, Sequence[Any]]


def open_flow(url: str, *, synchronous: str = "FULL") -> Rectiflow:
    """Open an engine on a new database with four people; `synchronous` is SQLite's, for this thread."""
    engine = make_engine(url)
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
    flow = Rectiflow.open(engine=engine, clock=SetClock(at_hour(MONDAY, 9)), evidence=NoFiles())
    if engine.dialect.name == "sqlite":
        flow.store.link.run(f"PRAGMA synchronous={synchronous}")
    return flow


class NoFiles:
    """Evidence that is named and not kept: files are not what is compared."""

    def put(self, name: str, content: bytes) -> Attachment:
        """Name a file."""
        return Attachment(sha256="0a" * 32, name=name, size=len(content), media_type="image/png")

    def get(self, sha: str) -> bytes:
        """Return nothing."""
        return b""


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


@contextmanager
def listening(flow: Rectiflow) -> Generator[list[list[Statement]]]:
    """Give the list into which the statements of each commit go while the block runs."""
    commits: list[list[Statement]] = []
    link = flow.store.link
    original = link.transaction

    @contextmanager
    def heard() -> Generator[Any]:
        with original() as cursor:
            commits.append([])
            yield _Listening(cursor, commits[-1])

    link.transaction = heard  # type: ignore[method-assign]
    try:
        yield commits
    finally:
        link.transaction = original  # type: ignore[method-assign]


def record(flow: Rectiflow) -> list[list[Statement]]:
    """Live through one lifecycle and return the statements of each of its commits."""
    with listening(flow) as commits:
        through_the_api(flow)
    if len(commits) != STEPS:
        raise RuntimeError(f"a lifecycle took {len(commits)} commits instead of {STEPS}")
    return commits


def by_hand(
    file: Path, commits: Sequence[Sequence[Statement]], load: str, *, synchronous: str = "FULL", together: int = 1
) -> Callable[[], None]:
    """Return a function that writes more lifecycles with bare sqlite3: the same rows, each under a number of its own.

    Args:
        together: how many, each commit for all of them.
    """
    connection = sqlite3.connect(file, isolation_level=None)
    for pragma in ("journal_mode=WAL", f"synchronous={synchronous}", "foreign_keys=ON", "recursive_triggers=ON"):
        connection.execute(f"PRAGMA {pragma}")
    number = next(v for _, values in commits[0] for v in values if isinstance(v, str) and v.startswith("BENCH-"))
    count = 0

    def once() -> None:
        nonlocal count
        names = [f"HAND-2024-{count + place:06d}" for place in range(together)]
        count += together
        for index, commit in enumerate(commits):
            for own in names if index else ():
                connection.execute(load, [own]).fetchone()
            connection.execute("BEGIN IMMEDIATE")
            for own in names:
                for sql, rows in groupby(commit, key=itemgetter(0)):
                    own_rows = [[v.replace(number, own) if isinstance(v, str) else v for v in row] for _, row in rows]
                    connection.executemany(sql, own_rows)
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

    def executemany(self, sql: str, rows: Sequence[Sequence[Any]]) -> Any:
        """Run a statement for several rows and remember each."""
        self._said.extend((sql, list(values)) for values in rows)
        return self._cursor.executemany(sql, rows)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cursor, name)
