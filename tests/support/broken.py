"""What breaks, for the tests of faults: a driver that loses its server, a disk that is full, a clock that is in the way.

And what these tests do with an office meanwhile, and how they look at it afterwards.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import psycopg
from sqlalchemy import Engine, event

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow._outbox import DirectoryContacts, StoreOutbox
from rectiflow._workplace import Workplace
from rectiflow.engine.errors import WorkplaceError
from rectiflow.notifiers import DispatchReport, TemplateSet, builtin_templates, dispatch_once
from rectiflow.storage import queries
from rectiflow.storage.connect import make_engine
from rectiflow.storage.tables import METADATA

from .herd import LineChannel
from .stores import rows, scalar

KEEPER = "安全股股长"  #: who calls the command line
Keep = Callable[[Rectiflow], Rectiflow]  #: what the fixture ``kept`` is: it closes what it is given after the test
Step = tuple[str, str, int, int, str, int]  #: number, clock, run, version, step, occurrence


class Cli(Protocol):
    """What the fixture ``cli`` is: one call of ``rectiflow`` in a workplace."""

    def __call__(self, place: Workplace, *words: str, now: str = "2024-09-02T10:00") -> tuple[int, str]:
        """Run it in this process, through the console entry; return the exit code and all that was said."""
        ...


# PostgreSQL: a driver that loses its server -----------------------------------------------------------------------


@dataclass
class Plan:
    """Which statement of all connections fails, counted from 0 since it was armed, and whether the server has done it."""

    at: int | None = None
    done: bool = False  #: the server has done it, only its answer is lost
    seen: int = 0
    struck: list[str] = field(default_factory=list[str])

    def arm(self, at: int, *, done: bool) -> None:
        """Let the statement of that number fail."""
        self.at, self.done, self.seen, self.struck = at, done, 0, []

    def disarm(self) -> None:
        """Let everything work again."""
        self.at = None

    def strikes(self, said: object) -> bool:
        """Count a statement; tell whether it is the one."""
        if self.at is None:
            return False
        self.seen += 1
        if self.seen - 1 != self.at:
            return False
        self.struck.append(str(said))
        return True


def faulty_engine(url: str, plan: Plan) -> Engine:
    """Make an engine whose driver fails as planned: the connection breaks before or after the server has done it."""

    class Cursor(psycopg.Cursor[Any]):
        def execute(self, query: Any, *arguments: Any, **options: Any) -> Any:
            return _struck(
                plan, self.connection, query, lambda: super(Cursor, self).execute(query, *arguments, **options)
            )

    class Connection(psycopg.Connection[Any]):
        def commit(self) -> None:
            _struck(plan, self, "COMMIT", super().commit)

    engine = make_engine(url)

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        return Connection.connect(*arguments, cursor_factory=Cursor, **options)

    return engine


def _struck(plan: Plan, connection: psycopg.Connection[Any], said: object, work: Callable[[], Any]) -> Any:
    if not plan.strikes(said):
        return work()
    if plan.done:
        work()
    connection.close()
    raise psycopg.OperationalError("server closed the connection unexpectedly")


# SQLite: a full disk ----------------------------------------------------------------------------------------------


def limit_pages(flow: Rectiflow, more: int) -> None:
    """Let this thread's connection grow the file by so many pages only."""
    with flow.store.link.alone() as cursor:
        pages = cursor.execute("PRAGMA page_count").fetchone()[0]
        cursor.execute(f"PRAGMA max_page_count = {pages + more}")


@contextmanager
def full_disk(flow: Rectiflow, more: int = 0) -> Generator[None]:
    """Have the disk full for this thread, but for so many pages; afterwards there is room again."""
    limit_pages(flow, more)
    try:
        yield
    finally:
        with flow.store.link.alone() as cursor:
            cursor.execute("PRAGMA max_page_count = 1000000")


# time -------------------------------------------------------------------------------------------------------------


class BusyClock(SetClock):
    """A clock that something happens by: what is `waiting` is done once, when the time is asked for the n-th time."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self._left = 0
        self._waiting: Callable[[], object] | None = None

    def after(self, asked: int, happens: Callable[[], object]) -> None:
        """Have something happen when the time is asked for the next time but `asked`."""
        self._left, self._waiting = asked, happens

    def now(self) -> datetime:
        """Return the instant it was set to, once what was to happen has."""
        if self._waiting is not None:
            self._left -= 1
            if self._left < 0:
                happens, self._waiting = self._waiting, None
                happens()
        return super().now()


class RunningClock(SetClock):
    """A clock that moves on a little whenever it is asked."""

    def __init__(self, moment: datetime) -> None:
        super().__init__(moment)
        self.each: dict[str, float] = {}  #: by how much, as `forward` takes it

    def now(self) -> datetime:
        """Return the present instant, and let time pass."""
        self.forward(**self.each)
        return super().now()


# acting -----------------------------------------------------------------------------------------------------------


def forward(*flows: Rectiflow, **span: float) -> None:
    """Move the clocks of offices on."""
    for flow in flows:
        assert isinstance(flow.clock, SetClock)
        flow.clock.forward(**span)


_templates = cache(lambda: TemplateSet.load([builtin_templates()]))


def deliver(flow: Rectiflow, sent: Path, *, limit: int = 8) -> DispatchReport:
    """Hand over one batch of what waits, a line each."""
    outbox, contacts = StoreOutbox(flow.store, flow.owner, flow.now), DirectoryContacts(flow.directory)
    return dispatch_once(
        outbox, contacts, _templates(), [LineChannel(sent)], owner=flow.owner, now=flow.now, limit=limit
    )


def complaint(work: Callable[[], object]) -> str | None:
    """Do something; return what is said where the database cannot be used."""
    try:
        work()
    except WorkplaceError as exc:
        return str(exc)
    return None


# looking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What is on record, without what depends on when exactly somebody looked."""

    states: dict[str, tuple[str, int]]
    taken: Counter[Step]
    behind: Counter[Step]
    messages: dict[str, str]


def standing(flow: Rectiflow) -> Standing:
    """Return what is on record of a district, having seen that all of it is whole and every step was taken once."""
    engine, district = flow.store.engine, flow.district
    assert [b for *_, breaks in flow.audit() for b in breaks] == []
    assert queries.stuck_tickets(engine, district) == []
    found = Standing(
        states={t.number: (t.state, t.rev) for t in flow.tickets()},
        taken=steps_taken(flow),
        behind=steps_behind(flow),
        messages={m["key"]: f"{m['recipient']} {m['template']}" for m in queries.messages(engine, district)},
    )
    assert max(found.taken.values(), default=1) == 1
    assert found.behind == found.taken
    return found


def steps_taken(flow: Rectiflow) -> Counter[Step]:
    """Count the steps that were taken, as the history says; none of them before its instant."""
    taken = Counter[Step]()
    for number, events in queries.histories(flow.store.engine, flow.district):
        for e in events:
            if e.kind == "timer":
                for step, occurrence, at in e.public["steps"]:
                    assert datetime.fromisoformat(at) <= e.recorded_at, (number, e.trigger, step)
                    taken[number, e.trigger, e.public["run"], e.public["version"], step, occurrence] += 1
    return taken


def steps_behind(flow: Rectiflow) -> Counter[Step]:
    """Count the steps that are behind, as the timers say."""
    behind = "SELECT * FROM rectiflow_timer WHERE district = :d AND status IN ('fired', 'crossed')"
    found = rows(flow.store.engine, behind, d=flow.district)
    return Counter((r["number"], r["clock"], r["run"], r["version"], r["step"], r["occurrence"]) for r in found)


def claimed(engine: Engine) -> int:
    """Count the timers that somebody holds."""
    return int(scalar(engine, "SELECT count(*) FROM rectiflow_timer WHERE owner IS NOT NULL"))


def everything(engine: Engine, district: str | None = None) -> dict[str, list[str]]:
    """Return every row of a database, or of one district."""
    where = "" if district is None else " WHERE district = :d"
    names = [n for n in METADATA.tables if district is None or "district" in METADATA.tables[n].c]
    return {n: sorted(map(str, rows(engine, f"SELECT * FROM {n}{where}", d=district))) for n in names}  # noqa: S608
