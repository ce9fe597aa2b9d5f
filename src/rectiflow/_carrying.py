"""Load → decide → apply: the one way every change goes, for people, timers, replies and imports alike."""

from __future__ import annotations

import os
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.calendar import WorkCalendar
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, MessageDraft, Refusal
from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import Conflict, InputUnusable, Refused
from rectiflow.engine.firing import OBSOLETE
from rectiflow.engine.stimulus import Act, Amend, Ask, Fire, Rule, Stimulus
from rectiflow.engine.telling import with_sms
from rectiflow.engine.ticket import Snapshot, Ticket
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import definitions
from rectiflow.storage.bell import Bell
from rectiflow.storage.reorganising import Reorganisation, Reorganising
from rectiflow.storage.store import Beside, Claim, ClaimLost, DueTimer, KeyTaken, Store

from ._clock import Clock
from ._library import Library
from ._reading import Reading

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

__all__ = ["Answer", "Carrying", "Outcome", "by_title", "decided_on"]

TRIES = 6  #: how often a change is decided anew when somebody else was faster


class Outcome(Struct, frozen=True):
    """What came of a stimulus: the ticket as stored, and the decision that was carried out."""

    ticket: Ticket
    decision: Decision


class Answer(NamedTuple):
    """A decision on a loaded ticket, and the claim it is carried out under, if any."""

    snapshot: Snapshot
    decision: Decision
    claim: Claim | None = None


class Carrying(Reading):
    """Decides on what happens and carries it out: ticket, event, clocks, timers and messages in one transaction, or nothing."""

    def __init__(self, store: Store, library: Library, *, district: str, clock: Clock, calendar: WorkCalendar) -> None:
        super().__init__(store, library, district=district, clock=clock, calendar=calendar)
        self.holding = False  #: what is not urgent is held for each person's digest of the day
        self.also_sms = False  #: urgent messages go out by short message as well
        self.contact = ""  #: the Safety Section's telephone, named in messages
        self.owner = f"{district}/{os.getpid()}-{secrets.token_hex(4)}"  #: whose claims and whose beats these are
        self.bell = Bell(store.link, self.owner) if store.engine.dialect.name == "postgresql" else None
        self.joining = threading.local()  #: `session`: the host's, while this thread has joined it
        self.listeners: list[Callable[[Outcome], None]] = []

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

    def preview(self, number: str, stimulus: Stimulus) -> Decision | Refusal:
        """Decide without carrying anything out."""
        snapshot = self._snapshot(self._load(number))
        return decide(snapshot.workflow, snapshot, self._by_id(snapshot.workflow, stimulus), self.now())

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

    # telling ----------------------------------------------------------------------------------------------------

    def enqueue(self, messages: Sequence[MessageDraft], *, number: str | None = None) -> None:
        """Put messages that no decision made into the outbox: about a hazard, or about none."""
        self.store.enqueue(self.district, messages, now=self.now(), number=number)
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
        if self.holding:
            messages = tuple(m if m.urgent or m.channel else replace(m, held=True) for m in messages)
        if not messages or not (self.also_sms or self.contact):
            return messages if isinstance(messages, tuple) else tuple(messages)
        named = tuple(replace(m, params={**m.params, "contact": self.contact or None}) for m in messages)
        return with_sms(named, directory) if self.also_sms else named

    def _done(self, ticket: Ticket, decision: Decision) -> Outcome:
        outcome, session = Outcome(ticket, decision), self._host()
        if session is None:
            self.announce(outcome)
        elif self.listeners or (self.bell is not None and self._is_due(decision)):
            from ._join import tell_later

            tell_later(self, session, outcome)
        return outcome

    def announce(self, outcome: Outcome) -> None:
        """Tell of a committed change: the workers, when something of it is due already, and the listeners."""
        if self.bell is not None and self._is_due(outcome.decision):
            self.bell.ring()
        for listener in self.listeners:
            listener(outcome)

    def _is_due(self, decision: Decision) -> bool:
        return bool(decision.messages) or any(t.at <= self.now() for t in decision.arm)

    def _host(self) -> Session | None:
        return getattr(self.joining, "session", None)

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
