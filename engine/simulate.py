"""A world in memory: decisions carried out one after another under a virtual clock, as the store would, with no store.

What is proved of `decide` here holds for the product: the same function decides, and a world is stricter than a store
(a step that would fire twice, or a change made from an old state, raises instead of being passed over).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from .calendar import WorkCalendar
from .chain import Event, seal
from .decide import decide
from .decision import CallTask, Crossing, Decision, IncidentDraft, MessageDraft, Refusal
from .directory import Directory
from .firing import OBSOLETE
from .moments import local_day
from .stimulus import Act, Amend, Ask, Attachment, Fire, Hand, Import, Report, Rule, SignOff, Stimulus, Void
from .ticket import ClockRun, Document, Request, Snapshot, Ticket, TimerKey
from .workflow import Workflow

__all__ = ["Case", "Done", "World"]


class Case(Struct):
    """Everything kept of one ticket, in the order it came."""

    ticket: Ticket
    clocks: dict[str, ClockRun] = field(default_factory=dict[str, ClockRun])  #: the latest run of each
    runs: dict[tuple[str, int], ClockRun] = field(default_factory=dict[tuple[str, int], ClockRun])
    timers: dict[TimerKey, datetime] = field(default_factory=dict[TimerKey, datetime])  #: armed
    behind: set[TimerKey] = field(default_factory=set[TimerKey])  #: fired or crossed, never again
    requests: dict[int, Request] = field(default_factory=dict[int, Request])
    documents: dict[int, Document] = field(default_factory=dict[int, Document])
    events: list[Event] = field(default_factory=list[Event])
    messages: dict[str, MessageDraft] = field(default_factory=dict[str, MessageDraft])  #: by key
    crossings: list[Crossing] = field(default_factory=list[Crossing])
    calls: dict[str, CallTask] = field(default_factory=dict[str, CallTask])  #: open telephone calls, by clock
    incidents: dict[str, IncidentDraft] = field(default_factory=dict[str, IncidentDraft])
    evidence: list[Attachment] = field(default_factory=list[Attachment])


class Done(Struct, frozen=True):
    """One decision that was carried out, and when."""

    at: datetime
    number: str
    decision: Decision


class World:
    """A district without a database: people act at `now`, time goes on with `advance_to` or stands still in between."""

    def __init__(
        self, workflows: Mapping[str, Workflow], directory: Directory, calendar: WorkCalendar, now: datetime
    ) -> None:
        self.workflows = workflows
        self.directory = directory
        self.calendar = calendar
        self.now = now
        self.cases: dict[str, Case] = {}
        self.log: list[Done] = []
        self._papers: dict[tuple[str, int], int] = {}

    # people act -------------------------------------------------------------------------------------------------

    def report(
        self, workflow: str, by: str | Hand, *, evidence: Sequence[Attachment] = (), key: str | None = None, **data: Any
    ) -> Decision | Refusal:
        """Put a hazard on record; the decision's ticket has its number."""
        return self.begin(workflow, Report(hand=_hand(by), data=data, evidence=tuple(evidence), key=key))

    def act(
        self,
        number: str,
        trigger: str,
        by: str | Hand,
        *,
        evidence: Sequence[Attachment] = (),
        into: str | None = None,
        **data: Any,
    ) -> Decision | Refusal:
        """Take a transition."""
        act = Act(trigger=trigger, hand=_hand(by), data=data, evidence=tuple(evidence), into=into)
        return self.handle(number, act)

    def ask(
        self, number: str, kind: str, by: str | Hand, *, level: str | None = None, **data: Any
    ) -> Decision | Refusal:
        """Make a request."""
        return self.handle(number, Ask(kind=kind, hand=_hand(by), data=data, level=level))

    def rule(
        self, number: str, ordinal: int, by: str | Hand, *, approve: bool = True, reason: str = "", **data: Any
    ) -> Decision | Refusal:
        """Approve or reject a request."""
        return self.handle(number, Rule(ordinal=ordinal, approve=approve, hand=_hand(by), data=data, reason=reason))

    def sign_off(self, number: str, ordinal: int, by: str | Hand) -> Decision | Refusal:
        """Sign a drafted paper; its number is taken now."""
        return self.handle(number, SignOff(ordinal=ordinal, hand=_hand(by)))

    def amend(self, number: str, by: str | Hand, *, reason: str, **data: Any) -> Decision | Refusal:
        """Correct what is on record."""
        return self.handle(number, Amend(hand=_hand(by), data=data, reason=reason))

    def void(self, number: str, by: str | Hand, *, reason: str) -> Decision | Refusal:
        """Void a ticket."""
        return self.handle(number, Void(hand=_hand(by), reason=reason))

    def bring_in(self, workflow: str, row: Import) -> Decision | Refusal:
        """Take over a row of an older ledger."""
        return self.begin(workflow, row)

    # the one way of everything ----------------------------------------------------------------------------------

    def begin(self, workflow: str, stimulus: Report | Import) -> Decision | Refusal:
        """Decide on a new ticket and carry it out."""
        answer = decide(self.workflows[workflow], self._blank(self.workflows[workflow]), stimulus, self.now)
        return answer if isinstance(answer, Refusal) else self.carry_out(answer, self._number())

    def handle(self, number: str, stimulus: Stimulus) -> Decision | Refusal:
        """Decide on whatever happens to a ticket and carry it out."""
        snapshot = self.snapshot(number)
        answer = decide(snapshot.workflow, snapshot, stimulus, self.now)
        return answer if isinstance(answer, Refusal) else self.carry_out(answer, number)

    def snapshot(self, number: str) -> Snapshot:
        """Return what a decision about a ticket sees."""
        case = self.cases[number]
        return replace(
            self._blank(self.workflows[case.ticket.workflow]),
            ticket=case.ticket,
            clocks=dict(case.clocks),
            requests=tuple(case.requests.values()),
            documents=tuple(case.documents.values()),
        )

    def carry_out(self, decision: Decision, number: str) -> Decision:
        """Carry out a decision about a ticket; return it with the ticket as it is then kept.

        Raises:
            ValueError: it was made from an older state of the ticket, or a step would fire twice.
        """
        case = self.cases.get(number) or Case(replace(decision.ticket, rev=0, seq=0, head=""))
        if decision.ticket.rev != case.ticket.rev + 1:
            raise ValueError(f"{number}: a decision from revision {decision.ticket.rev - 1} at {case.ticket.rev}")
        decision = replace(decision, documents=tuple(self._numbered(d) for d in decision.documents))
        self._keep_events(case, decision, number)
        self._keep_time(case, decision)
        _keep_rest(case, decision)
        self.cases[number] = case
        done = replace(decision, ticket=case.ticket)
        self.log.append(Done(self.now, number, done))
        return done

    # time -------------------------------------------------------------------------------------------------------

    def advance_to(self, moment: datetime) -> None:
        """Let time go on to a moment, firing each armed timer at its own instant.

        Raises:
            ValueError: the moment lies in the past.
        """
        self._forward(moment)
        while (due := self._earliest(moment)) is not None:
            at, number, key = due
            self.now = max(self.now, at)
            self._fire(number, key)
        self.now = moment

    def sleep_until(self, moment: datetime) -> None:
        """Let time go on with nobody looking (downtime), then fire all that has come due, in order.

        Raises:
            ValueError: the moment lies in the past.
        """
        self._forward(moment)
        self.now = moment
        self.advance_to(moment)

    # inside -----------------------------------------------------------------------------------------------------

    def _blank(self, workflow: Workflow) -> Snapshot:
        return Snapshot(
            workflow=workflow,
            ticket=None,
            clocks={},
            requests=(),
            documents=(),
            directory=self.directory,
            calendar=self.calendar,
            library=self.workflows,
        )

    def _forward(self, moment: datetime) -> None:
        if moment < self.now:
            raise ValueError(f"time does not run backwards: {moment} lies before {self.now}")

    def _earliest(self, moment: datetime) -> tuple[datetime, str, TimerKey] | None:
        return min(((at, n, k) for n, k, at in self._armed() if at <= moment), default=None)

    def _armed(self) -> Iterator[tuple[str, TimerKey, datetime]]:
        for number, case in self.cases.items():
            for key, at in case.timers.items():
                yield number, key, at

    def _fire(self, number: str, key: TimerKey) -> None:
        answer = self.handle(number, Fire(key=key))
        if isinstance(answer, Refusal):
            if any(r.code != OBSOLETE for r in answer.reasons):
                raise ValueError(f"{number}: timer {key} was refused: {answer.reasons}")
            del self.cases[number].timers[key]

    def _keep_events(self, case: Case, decision: Decision, number: str) -> None:
        head = case.ticket.head
        for seq, draft in enumerate(decision.events, start=case.ticket.seq + 1):
            salt = sha256(f"{number}:{seq}".encode()).hexdigest()[:32]
            event = seal(draft, district=decision.ticket.district, number=number, seq=seq, previous=head, salt=salt)
            case.events.append(event)
            head = event.hash
        case.ticket = replace(decision.ticket, number=number, head=head)

    def _keep_time(self, case: Case, decision: Decision) -> None:
        crossed = [c.key for c in decision.crossed]
        again = [k for k in (*crossed, *(t.key for t in decision.arm)) if k in case.behind]
        if again or len(set(crossed)) != len(crossed):
            raise ValueError(f"{case.ticket.number}: steps {again or crossed} would fire twice")
        if decision.fired is not None and case.timers.pop(decision.fired, None) is None:
            raise ValueError(f"{case.ticket.number}: {decision.fired} was not armed")
        case.behind.update(crossed)
        case.crossings += decision.crossed
        for key in decision.disarm:
            case.timers.pop(key)
        case.timers |= {t.key: t.at for t in decision.arm}
        for run in decision.clocks:
            case.runs[run.clock, run.run] = run
            if run.run >= (case.clocks[run.clock].run if run.clock in case.clocks else 0):
                case.clocks[run.clock] = run

    def _number(self) -> str:
        return f"{self.directory.district.prefix}-{local_day(self.now).year}-{len(self.cases) + 1:06d}"

    def _numbered(self, paper: Document) -> Document:
        if paper.status != "signed" or paper.number is not None or paper.signed_on is None:
            return paper
        series = (paper.kind, paper.signed_on.year)
        self._papers[series] = self._papers.get(series, 0) + 1
        return replace(paper, number=f"{paper.kind}〔{series[1]}〕{self._papers[series]}号")


def _keep_rest(case: Case, decision: Decision) -> None:
    case.requests |= {r.ordinal: r for r in decision.requests}
    case.documents |= {d.ordinal: d for d in decision.documents}
    case.evidence += decision.evidence
    for message in decision.messages:
        case.messages.setdefault(message.key, message)
    for clock in decision.end_calls:
        case.calls.pop(clock, None)
    for call in decision.calls:
        case.calls.setdefault(call.clock, call)
    for incident in decision.incidents:
        case.incidents.setdefault(incident.key, incident)


def _hand(by: str | Hand) -> Hand:
    return by if isinstance(by, Hand) else Hand(actor=by)
