"""The facade: a database is opened, people act, time passes, hosts join in."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.errors import NotFound, RectiflowError, WorkplaceError
from rectiflow.engine.stimulus import Act, Amend, Ask, Attachment, Hand, Report, Rule, Stimulus, Void
from rectiflow.engine.ticket import Ticket
from rectiflow.storage import organisation, schema
from rectiflow.storage.connect import POOLED, engine_beside, make_engine
from rectiflow.storage.evidence import EvidenceStore
from rectiflow.storage.store import DueTimer, Store

from ._carrying import Answer, Carrying, Outcome
from ._clock import Clock, SystemClock
from ._library import Library, calendar_for, load_library

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from ._sweep import Swept

__all__ = ["Answer", "ClockWrong", "Outcome", "Rectiflow"]

LEASE = timedelta(minutes=2)  #: long enough for a slow batch: what is left of it is renewed at half
MOST_SKEW = timedelta(seconds=30)


class ClockWrong(WorkplaceError):
    """This machine's clock differs from the database's."""


class Rectiflow(Carrying):
    """Drives hazards from report to close-out on one database.

    Open it with `Rectiflow.open(url)`; it is safe to share between threads. Every change is one transaction: ticket,
    event, clocks, timers and messages together, or nothing.
    """

    def __init__(
        self,
        store: Store,
        library: Library,
        *,
        district: str,
        clock: Clock,
        calendar: WorkCalendar,
        evidence: EvidenceStore | None = None,
    ) -> None:
        super().__init__(store, library, district=district, clock=clock, calendar=calendar)
        self.evidence = evidence
        self.borrowed = False  #: the store works on a host's own engine
        self.posts_seen: tuple[int, date] | None = None  #: the revision and day for which posts were looked after
        self.lease = LEASE  #: how long a claimed timer is held before another worker may take it
        self.owed: list[DueTimer] = []  #: claimed when the database failed, to be given back once it answers

    @classmethod
    def open(
        cls,
        url: str | None = None,
        *,
        engine: Engine | None = None,
        district: str | None = None,
        clock: Clock | None = None,
        workflows: Path | None = None,
        calendar: Path | None = None,
        evidence: EvidenceStore | None = None,
        create: bool = True,
        guarded: bool = True,
        pooled: int = POOLED,
    ) -> Self:
        """Open a database, made ready when it is new.

        Args:
            url: `sqlite:///file`, or `postgresql://user@host/name`.
            engine: a host's own SQLAlchemy engine instead of `url`; its metadata and connections are left as they are.
            district: the division code to work for; may be left out when the database holds one only.
            clock: tells the time; the system's clock by default.
            workflows: a folder of definitions (`*.yaml`, with `catalogues/`) over the built-in ones.
            calendar: a YAML file with the district's own days.
            evidence: keeps files; without it actions cannot carry any.
            create: bring the schema to this version; False refuses a database that is not.
            guarded: refuse a database whose append-only triggers are gone; False lets an audit look at it.
            pooled: connections to PostgreSQL that stay open between uses, for `url`; each thread has one of its own besides.

        Raises:
            WorkplaceError: the database or its schema cannot be used; SchemaTooNew when it is a newer one.
            WorkflowInvalid: a definition has problems.
        """
        if (url is None) == (engine is None):
            raise ValueError("give either url or engine")
        opened = engine_beside(engine) if engine is not None else make_engine(url or "", pooled=pooled)
        try:
            if create:
                schema.migrate(opened)
            schema.check_schema(opened, guarded=guarded)
            flow = cls(
                Store(opened),
                load_library(workflows),
                district=_choose_district(opened, district),
                clock=clock or SystemClock(),
                calendar=calendar_for("cn-workdays", calendar),
                evidence=evidence,
            )
            flow.borrowed = opened is engine
            flow.check_clock()
        except BaseException:
            if opened is not engine:
                opened.dispose()
            raise
        return flow

    def close(self) -> None:
        """Give the connections back; the object cannot be used afterwards. A host's engine stays open."""
        self.store.close()
        if not self.borrowed:
            self.store.engine.dispose()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    # people act -------------------------------------------------------------------------------------------------

    def report(
        self,
        workflow: str,
        *,
        by: str,
        key: str | None = None,
        evidence: Sequence[Attachment] = (),
        entered_by: str | None = None,
        via: str = "self",
        on: date | None = None,
        note: str = "",
        session: Session | None = None,
        **data: Any,
    ) -> Ticket:
        """Put a hazard on record. `unit` may be said for `responsible_unit`.

        Args:
            workflow: id or Chinese title of the workflow.
            by: id or name of the person who reports.
            key: a host's own key; a repeat returns the first ticket unchanged.
            evidence: files already put into the evidence store.
            entered_by, via, on, note: by whose hand, by what means, when it happened, and why so.
            session: a host's own, whose transaction this joins (see `join`).
            data: the workflow's fields by id.

        Raises:
            Refused: with every reason. NotFound: no such workflow or person. JoinError: see `join`.
        """
        hand = self.hand(by, entered_by=entered_by, via=via, on=on, note=note)
        if "unit" in data:
            data["responsible_unit"] = data.pop("unit")
        with self._joined(session):
            return self.create(workflow, Report(hand=hand, data=data, evidence=tuple(evidence), key=key)).ticket

    def do(
        self,
        number: str,
        trigger: str,
        *,
        by: str,
        entered_by: str | None = None,
        via: str = "self",
        on: date | None = None,
        note: str = "",
        evidence: Sequence[Attachment] = (),
        into: str | None = None,
        expect_version: int | None = None,
        session: Session | None = None,
        **data: Any,
    ) -> Ticket:
        """Take a transition of the workflow, by its id or Chinese title.

        Args:
            session: a host's own, whose transaction this joins (see `join`).

        Raises:
            Refused: with every reason. NotFound: no such ticket or person. JoinError: see `join`.
            Conflict: `expect_version` is no longer the ticket's, or somebody else kept being faster.
        """
        hand = self.hand(by, entered_by=entered_by, via=via, on=on, note=note)
        act = Act(trigger=trigger, hand=hand, data=data, evidence=tuple(evidence), into=into)
        with self._joined(session):
            return self.handle(number, act, expect_version=expect_version).ticket

    def ask(
        self,
        number: str,
        kind: str,
        *,
        by: str,
        level: str | None = None,
        on: date | None = None,
        note: str = "",
        session: Session | None = None,
        **data: Any,
    ) -> Ticket:
        """Make a request (延期, 挂牌 …), by its id or Chinese title.

        Raises:
            Refused: with every reason.
        """
        ask = Ask(kind=kind, hand=self.hand(by, on=on, note=note), data=data, level=level)
        with self._joined(session):
            return self.handle(number, ask).ticket

    def rule(
        self,
        number: str,
        ordinal: int,
        *,
        by: str,
        approve: bool,
        reason: str = "",
        on: date | None = None,
        note: str = "",
        session: Session | None = None,
        **data: Any,
    ) -> Ticket:
        """Approve or reject the pending request with that ordinal.

        Raises:
            Refused: with every reason.
        """
        rule = Rule(ordinal=ordinal, approve=approve, hand=self.hand(by, on=on, note=note), data=data, reason=reason)
        with self._joined(session):
            return self.handle(number, rule).ticket

    def sign_off(self, number: str, ordinal: int, *, by: str, on: date | None = None, note: str = "") -> Ticket:
        """Sign the drafted paper with that ordinal, for all hazards on it; its number is taken now.

        Raises:
            Refused: with every reason. NotFound: no such hazard, or no such paper on it.
        """
        from rectiflow.engine.paper import Order

        from ._papers import take_step

        papers = {d.ordinal: d.id for d in self.snapshot(number).documents}
        if ordinal not in papers:
            raise NotFound(f"隐患 {number} 没有第 {ordinal} 件文书。")
        taken = take_step(self, "sign", papers[ordinal], Order(hand=self.hand(by, on=on, note=note)))
        return next(t for t in taken.tickets if t.number == number)

    def amend(self, number: str, *, by: str, reason: str, session: Session | None = None, **data: Any) -> Ticket:
        """Correct what is on record; the old values stay in the history.

        Raises:
            Refused: with every reason.
        """
        with self._joined(session):
            return self.handle(number, Amend(hand=self.hand(by), data=data, reason=reason)).ticket

    def void(self, number: str, *, by: str, reason: str, session: Session | None = None) -> Ticket:
        """Void a ticket that should not have been; it is never deleted.

        Raises:
            Refused: with every reason.
        """
        with self._joined(session):
            return self.handle(number, Void(hand=self.hand(by), reason=reason)).ticket

    def hand(
        self,
        by: str,
        *,
        entered_by: str | None = None,
        via: str = "self",
        on: date | None = None,
        note: str = "",
        account: str = "",
    ) -> Hand:
        """Say by whom, by whose hand, by what means and when.

        Raises:
            NotFound, Ambiguous: no such person, or a name that fits several.
        """
        directory = self.directory()
        clerk = directory.find_person(entered_by).id if entered_by else None
        return Hand(actor=directory.find_person(by).id, entered_by=clerk, via=via, on=on, note=note, account=account)

    def handle_each(self, orders: Iterable[tuple[str, Stimulus]]) -> Iterator[Outcome | RectiflowError]:
        """Decide on many stimuli and carry them out, some to a commit; each is answered in turn, done or refused."""
        from ._bulk import handle_each

        return handle_each(self, orders)

    def report_all(self, workflow: str, reports: Sequence[Report]) -> list[Ticket]:
        """Put many hazards on record in one commit: all or none; see `report`.

        Raises:
            Refused: the first that cannot be, with every reason. NotFound: no such workflow.
        """
        from ._bulk import report_all

        return report_all(self, workflow, reports)

    def begin(self, session: Session) -> None:
        """Begin a host's SQLAlchemy session so that `join`, or `session=`, can write within its transaction.

        Raises:
            JoinError: the session has written already, or works on another database.
        """
        from ._join import begin

        begin(self, session)

    def join(self, session: Session) -> AbstractContextManager[None]:
        """Write everything inside the block within a host's transaction: with the host's rows, or not at all.

        The host commits; listeners hear of it then. A `Conflict` is not tried again.

        Raises:
            JoinError: the session works on another database, or on SQLite was not begun by `begin`.
        """
        from ._join import joined

        return joined(self, session)

    def on_done(self, listener: Callable[[Outcome], None]) -> None:
        """Have a function called after every committed change; what it raises reaches the caller of the change."""
        self.listeners.append(listener)

    # time -------------------------------------------------------------------------------------------------------

    def tick(self, *, limit: int = 200, going: Callable[[], bool] = lambda: True) -> Swept:
        """Fire what is due, until nothing is; a ticket that fails never stops the others. Posts are looked after first.

        Args:
            limit: timers claimed at a time.
            going: asked before each timer; when it says no, what was claimed and not begun is given back at once.
        """
        from ._persons import keep_posts
        from ._sweep import sweep

        keep_posts(self)
        return sweep(self, limit=limit, going=going)

    def check_clock(self) -> None:
        """Refuse to work with a clock that differs from the database's.

        Raises:
            ClockWrong: more than 30 seconds apart, however long the database took to answer.
        """
        if isinstance(self.clock, SystemClock):
            asked, theirs, ours = self.clock.now(), self.store.now(), self.clock.now()
            if theirs is not None and not asked - MOST_SKEW <= theirs <= ours + MOST_SKEW:
                raise ClockWrong(
                    f"本机时间 {ours:%H:%M:%S} 与数据库时间 {theirs:%H:%M:%S}（UTC）相差超过 30 秒，请先校准本机时钟。"
                )

    def _joined(self, session: Session | None) -> AbstractContextManager[None]:
        return nullcontext() if session is None else self.join(session)


def _choose_district(engine: Engine, wanted: str | None) -> str:
    known = organisation.districts(engine)
    if wanted is not None:
        return wanted
    if len(known) == 1:
        return next(iter(known))
    names = "、".join(f"{d.name}（{code}）" for code, (d, _) in known.items())
    return "" if not known else _several(names)


def _several(names: str) -> str:
    raise WorkplaceError(f"数据库里有几个区：{names}，请用 district 写明是哪一个。")
