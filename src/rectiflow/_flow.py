"""The facade: load → decide → apply, in one hop."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, MessageDraft, Refusal
from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import Conflict, InputUnusable, NotFound, RectiflowError, Refused, WorkplaceError
from rectiflow.engine.firing import OBSOLETE
from rectiflow.engine.stimulus import Act, Amend, Ask, Attachment, Fire, Hand, Report, Rule, Stimulus, Void
from rectiflow.engine.telling import with_sms
from rectiflow.engine.ticket import Snapshot, Ticket
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import definitions, organisation, schema
from rectiflow.storage.bell import Bell
from rectiflow.storage.connect import engine_beside, make_engine
from rectiflow.storage.evidence import EvidenceStore
from rectiflow.storage.reorganising import Reorganisation, Reorganising
from rectiflow.storage.store import Beside, Claim, ClaimLost, DueTimer, KeyTaken, Store

from ._clock import Clock, SystemClock
from ._library import Library, calendar_for, load_library
from ._reading import Reading

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from ._sweep import Swept

__all__ = ["Answer", "ClockWrong", "Outcome", "Rectiflow", "decided_on"]

LEASE = timedelta(minutes=2)  #: long enough for a slow batch: what is left of it is renewed at half
TRIES = 6  #: how often a change is decided anew when somebody else was faster
MOST_SKEW = timedelta(seconds=30)


class ClockWrong(WorkplaceError):
    """This machine's clock differs from the database's."""


class Outcome(Struct, frozen=True):
    """What came of a stimulus: the ticket as stored, and the decision that was carried out."""

    ticket: Ticket
    decision: Decision


class Answer(NamedTuple):
    """A decision on a loaded ticket, and the claim it is carried out under, if any."""

    snapshot: Snapshot
    decision: Decision
    claim: Claim | None = None


class Rectiflow(Reading):
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
        self.also_sms = False  #: urgent messages go out by short message as well
        self.borrowed = False  #: the store works on a host's own engine
        self.posts_seen: tuple[int, date] | None = None  #: the revision and day for which posts were looked after
        self.contact = ""  #: the Safety Section's telephone, named in messages
        self.lease = LEASE  #: how long a claimed timer is held before another worker may take it
        self.owner = f"{os.getpid()}-{secrets.token_hex(4)}"
        self.bell = Bell(store.link, self.owner) if store.engine.dialect.name == "postgresql" else None
        self.joining = threading.local()  #: `session`: the host's, while this thread has joined it
        self.owed: list[DueTimer] = []  #: claimed when the database failed, to be given back once it answers
        self._listeners: list[Callable[[Outcome], None]] = []

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

        Raises:
            WorkplaceError: the database or its schema cannot be used; SchemaTooNew when it is a newer one.
            WorkflowInvalid: a definition has problems.
        """
        if (url is None) == (engine is None):
            raise ValueError("give either url or engine")
        opened = engine_beside(engine) if engine is not None else make_engine(url or "")
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
        **data: Any,
    ) -> Ticket:
        """Make a request (延期, 挂牌 …), by its id or Chinese title.

        Raises:
            Refused: with every reason.
        """
        return self.handle(number, Ask(kind=kind, hand=self.hand(by, on=on, note=note), data=data, level=level)).ticket

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
        **data: Any,
    ) -> Ticket:
        """Approve or reject the pending request with that ordinal.

        Raises:
            Refused: with every reason.
        """
        rule = Rule(ordinal=ordinal, approve=approve, hand=self.hand(by, on=on, note=note), data=data, reason=reason)
        return self.handle(number, rule).ticket

    def sign_off(self, number: str, ordinal: int, *, by: str, on: date | None = None, note: str = "") -> Ticket:
        """Sign the drafted paper with that ordinal, for all hazards on it; its number is taken now.

        Raises:
            Refused: with every reason. NotFound: no such hazard, or no such paper on it.
        """
        from rectiflow.engine.papers import Order

        from ._papers import take_step

        papers = {d.ordinal: d.id for d in self.snapshot(number).documents}
        if ordinal not in papers:
            raise NotFound(f"隐患 {number} 没有第 {ordinal} 件文书。")
        taken = take_step(self, "sign", papers[ordinal], Order(hand=self.hand(by, on=on, note=note)))
        return next(t for t in taken.tickets if t.number == number)

    def amend(self, number: str, *, by: str, reason: str, **data: Any) -> Ticket:
        """Correct what is on record; the old values stay in the history.

        Raises:
            Refused: with every reason.
        """
        return self.handle(number, Amend(hand=self.hand(by), data=data, reason=reason)).ticket

    def void(self, number: str, *, by: str, reason: str) -> Ticket:
        """Void a ticket that should not have been; it is never deleted.

        Raises:
            Refused: with every reason.
        """
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

    # the one way of everything ----------------------------------------------------------------------------------

    def handle(self, number: str, stimulus: Stimulus, *, expect_version: int | None = None) -> Outcome:
        """Decide on a stimulus and carry it out; decided anew when somebody else was faster.

        Raises:
            Refused: with every reason. Conflict: see `do`. NotFound: no such ticket.
        """
        for _ in range(TRIES):
            snapshot, decision, _claim = self.decided(number, stimulus, expect_version=expect_version)
            try:
                ticket = self._apply(decision, snapshot)
            except Conflict:
                if expect_version is not None or self._host() is not None:
                    raise
                continue
            return self._done(ticket, decision)
        raise Conflict(number)

    def decided(self, number: str, stimulus: Stimulus, *, expect_version: int | None = None) -> Answer:
        """Decide on a stimulus without carrying anything out.

        Raises:
            Refused: with every reason. NotFound: no such ticket. Conflict: it is not at the version expected.
        """
        loaded = self._load(number)
        if expect_version is not None and loaded.ticket.rev != expect_version:
            raise Conflict(loaded.ticket.number)
        snapshot, now = self._snapshot(loaded), self._time_of(loaded)
        return Answer(snapshot, decided_on(snapshot, self._by_id(snapshot.workflow, stimulus), now))

    def create(self, workflow: str, stimulus: Stimulus) -> Outcome:
        """Decide on a new ticket and carry it out; a host key in use answers with its first ticket.

        Raises:
            Refused: with every reason. NotFound: no such workflow.
        """
        chosen = self.library.newest(workflow)
        key = getattr(stimulus, "key", None)
        first = self.store.by_key(self.district, key) if key else None
        if first is not None:
            return self._again(first)
        self.keep_definition(chosen)
        decision = decided_on(self.blank(chosen), stimulus, self.now())
        try:
            return self._done(self._apply(decision, None), decision)
        except KeyTaken:
            return self._again(self.store.by_key(self.district, key or "") or "")

    def create_all(self, decisions: Sequence[Decision]) -> list[Ticket]:
        """Carry out decisions on several new tickets in one transaction: all or none.

        Raises:
            KeyTaken: a host key is in use.
        """
        for workflow in {d.ticket.workflow for d in decisions}:
            self.keep_definition(self.library.newest(workflow))
        return self.carry_all(decisions)

    def carry_all(self, decisions: Sequence[Decision], beside: Beside | None = None) -> list[Ticket]:
        """Carry out decisions on several tickets in one transaction, with what goes beside them: all or none.

        They are written in the order of their numbers, so that two such changes never wait for each other in a circle.

        Raises:
            Conflict: one of the tickets has changed since it was loaded. KeyTaken: a host key is in use.
        """
        ordered = sorted(decisions, key=lambda d: d.ticket.number)
        outgoing = [replace(d, messages=self._outgoing(d.messages, self.directory())) for d in ordered]
        prefix = self.directory().district.prefix
        stored = self.store.apply_all(outgoing, prefix=prefix, beside=beside or Beside())
        for ticket, decision in zip(stored, outgoing, strict=True):
            self._done(ticket, decision)
        return stored

    def reorganise(self, what: Reorganisation, directory: Directory, *, by: str | None = None) -> list[Ticket]:
        """Change the organisation with all that follows from it on tickets, in one transaction: all or nothing.

        Args:
            directory: the organisation it was decided from.
            by: id of the person who does it; None: the machine.

        Raises:
            Conflict: the organisation or a ticket has changed since.
        """
        store = Reorganising(self.store.engine)
        told = replace(what, messages=self._outgoing(what.messages, directory))
        code, now = directory.district, self.now()
        stored = store.reorganise(code.code, told, revision=directory.revision, prefix=code.prefix, by=by, now=now)
        self.refresh()
        for ticket, decision in zip(stored, what.decisions, strict=True):
            self._done(ticket, decision)
        if what.messages:
            self.ring()
        return stored

    def change_all(self, decisions: Sequence[Decision]) -> list[Ticket]:
        """Carry out decisions on several known tickets in one transaction: all or none.

        Raises:
            Conflict: one of them has changed since it was decided on.
        """
        stored = self.store.apply_all(decisions, prefix=self.directory().district.prefix)
        for ticket, decision in zip(stored, decisions, strict=True):
            self._done(ticket, decision)
        return stored

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

    def preview(self, number: str, stimulus: Stimulus) -> Decision | Refusal:
        """Decide without carrying anything out."""
        snapshot = self._snapshot(self._load(number))
        return decide(snapshot.workflow, snapshot, self._by_id(snapshot.workflow, stimulus), self.now())

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
        self._listeners.append(listener)

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

    def fire(self, timer: DueTimer) -> Outcome | None:
        """Decide on a claimed timer and carry it out; None when its run or version is gone and it was dropped.

        Raises:
            ClaimLost: the lease ran out and somebody else may have it.
            Conflict: somebody else kept being faster.
        """
        for _ in range(TRIES):
            answer = self.answer(timer)
            if answer is None:
                return None
            done = self.carry_each([answer])[0]
            if not isinstance(done, Conflict):
                if isinstance(done, ClaimLost):
                    raise done
                return done
        raise Conflict(timer.number)

    def answer(self, timer: DueTimer) -> Answer | None:
        """Decide on a claimed timer; None when its run or version is gone and it was dropped.

        Raises:
            Refused: it cannot be carried out, and why.
        """
        loaded = self.store.load(timer.number)
        snapshot, now = self._snapshot(loaded), self._time_of(loaded)
        decision = decide(snapshot.workflow, snapshot, Fire(key=timer.key), now)
        if isinstance(decision, Decision):
            return Answer(snapshot, decision, Claim(owner=self.owner, now=now))
        if any(r.code != OBSOLETE for r in decision.reasons):
            raise Refused(decision.number, decision.action, decision.reasons)
        self.store.drop_timer(timer)
        return None

    def carry_each(self, answers: Sequence[Answer]) -> list[Outcome | Conflict | ClaimLost]:
        """Carry out decisions of different tickets with one commit; each is done, or comes too late by itself."""
        orders = [(*self._ready(a.decision, a.snapshot), a.claim) for a in answers]
        stored = self.store.apply_each([(decision, claim, prefix) for decision, prefix, claim in orders])
        return [
            self._done(ticket, order[0]) if isinstance(ticket, Ticket) else ticket
            for ticket, order in zip(stored, orders, strict=True)
        ]

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

    # telling ----------------------------------------------------------------------------------------------------

    def enqueue(self, messages: Sequence[MessageDraft]) -> None:
        """Put messages that belong to no ticket into the outbox."""
        self.store.enqueue(self.district, messages, now=self.now())
        self.ring()

    def ring(self) -> None:
        """Have workers look at once for what was just committed; on SQLite there is none to tell."""
        if self.bell is not None:
            self.bell.ring()

    # inside -----------------------------------------------------------------------------------------------------

    def _apply(self, decision: Decision, snapshot: Snapshot | None, claim: Claim | None = None) -> Ticket:
        ready, prefix = self._ready(decision, snapshot)
        return self.store.apply(ready, prefix=prefix, claim=claim)

    def _ready(self, decision: Decision, snapshot: Snapshot | None) -> tuple[Decision, str]:
        """Return a decision as it is stored, and the prefix of its district's numbers."""
        ticket = decision.ticket
        if snapshot is not None and ticket.workflow != snapshot.workflow.id:
            self.keep_definition(self.library.newest(ticket.workflow))
        directory = self.directory(ticket.district)
        messages = self._outgoing(decision.messages, directory)
        changed = messages is not decision.messages
        return replace(decision, messages=messages) if changed else decision, directory.district.prefix

    def _outgoing(self, messages: Sequence[MessageDraft], directory: Directory) -> tuple[MessageDraft, ...]:
        if not messages or not (self.also_sms or self.contact):
            return messages if isinstance(messages, tuple) else tuple(messages)
        named = tuple(replace(m, params={**m.params, "contact": self.contact or None}) for m in messages)
        return with_sms(named, directory) if self.also_sms else named

    def _done(self, ticket: Ticket, decision: Decision) -> Outcome:
        outcome, session = Outcome(ticket, decision), self._host()
        if session is None:
            self.announce(outcome)
        elif self._listeners or (self.bell is not None and self._is_due(decision)):
            from ._join import tell_later

            tell_later(self, session, outcome)
        return outcome

    def announce(self, outcome: Outcome) -> None:
        """Tell of a committed change: the workers, when something of it is due already, and the listeners."""
        if self.bell is not None and self._is_due(outcome.decision):
            self.bell.ring()
        for listener in self._listeners:
            listener(outcome)

    def _is_due(self, decision: Decision) -> bool:
        return bool(decision.messages) or any(t.at <= self.now() for t in decision.arm)

    def _host(self) -> Session | None:
        return getattr(self.joining, "session", None)

    def _joined(self, session: Session | None) -> AbstractContextManager[None]:
        return nullcontext() if session is None else self.join(session)

    def _again(self, number: str) -> Outcome:
        ticket = self.ticket(number)
        return Outcome(ticket, Decision(ticket=ticket, events=()))

    def keep_definition(self, workflow: Workflow) -> None:
        """Store a definition as it is, before the first ticket begins on it."""
        key = (self.district, workflow.id, workflow.version)
        if key in self.library.kept:
            return
        used = {c.id for c in workflow.catalogues.values()}
        kept = definitions.StoredDefinition(
            workflow=workflow.id,
            version=workflow.version,
            digest=workflow.digest,
            text=workflow.text,
            catalogues={k: t for k, t in self.library.catalogues.items() if k in used},
        )
        definitions.keep_definition(self.store.engine, self.district, kept, now=self.now())
        self.library.kept.add(key)

    def _by_id(self, workflow: Workflow, stimulus: Stimulus) -> Stimulus:
        """Let people say actions, requests and fields by their Chinese titles."""
        if isinstance(stimulus, Act):
            trigger = by_title(workflow.triggers, stimulus.trigger)
            return replace(stimulus, trigger=trigger, data=self._merged(self.named(workflow, stimulus.data)))
        if isinstance(stimulus, Ask):
            titles = {k: v.title for k, v in workflow.requests.items()}
            return replace(stimulus, kind=by_title(titles, stimulus.kind), data=self.named(workflow, stimulus.data))
        if isinstance(stimulus, Rule | Amend):
            return replace(stimulus, data=self.named(workflow, stimulus.data))
        return stimulus

    def _merged(self, data: dict[str, Any]) -> dict[str, Any]:
        """Let the number a ticket is merged into be written short, and be that of an open ticket."""
        wanted = data.get("merged_into")
        if not wanted:
            return data
        other = self.ticket(self.find(str(wanted)))
        if other.marks.get("outcome"):
            raise InputUnusable(f"{other.number} 已办结，不能并入；请写明一条在办的隐患。")
        return {**data, "merged_into": other.number}

    def named(self, workflow: Workflow, data: Mapping[str, Any]) -> dict[str, Any]:
        """Return data by field id, where some fields were said by their Chinese title."""
        return {by_title(workflow.titles, name): value for name, value in data.items()}


def by_title(titles: Mapping[str, str], text: str) -> str:
    """Return the id that a title, its unique beginning or end, or the id itself stands for; else the text as it is."""
    if text in titles:
        return text
    exact = [k for k, title in titles.items() if title == text]
    begun = exact or [k for k, title in titles.items() if text and title.startswith(text)]
    found = begun or [k for k, title in titles.items() if text and title.endswith(text)]
    return found[0] if len(found) == 1 else text


def decided_on(snapshot: Snapshot, stimulus: Stimulus, now: datetime) -> Decision:
    decision = decide(snapshot.workflow, snapshot, stimulus, now)
    if isinstance(decision, Refusal):
        raise Refused(decision.number, decision.action, decision.reasons)
    return decision


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
