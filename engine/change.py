"""A decision in the making: one place where fields, clocks, timers, messages and the event of a change come together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from msgspec.structs import replace

from . import telling
from .clocks import Timekeeper, main_clock, verify_clock
from .days import told_on
from .decision import CallTask, Crossing, Decision, EventDraft, IncidentDraft, MessageDraft, Timer
from .hands import day_of, is_late
from .moments import local_day
from .privacy import pupil_warnings
from .roles import people
from .stimulus import Attachment, Hand
from .ticket import ClockRun, Document, Plain, Request, Snapshot, Taken, Ticket, TimerKey
from .values import persistent
from .visibility import unit_roles
from .vocabulary import ON_DUTY
from .workflow import Workflow

__all__ = ["MARKED_FIELDS", "Change"]

#: What reports count by: a change of it is said in the event's public part.
MARKED_FIELDS = ("responsible_unit", "responsible_person", "inspecting_unit", "category", "source", "found_on", "funds")


class Change:
    """Collects what one stimulus changes, then answers the Decision."""

    def __init__(self, snapshot: Snapshot, ticket: Ticket, hand: Hand | None, now: datetime) -> None:
        self.snapshot = snapshot
        self.workflow: Workflow = snapshot.workflow
        self.before = ticket
        self._ticket = ticket
        self._pending: dict[
            str, Any
        ] = {}  #: attributes not yet put into the ticket: it is made anew once, not each time
        self._standing = dict(ticket.marks)
        self.hand = hand
        self.now = now
        self.today = local_day(now)
        self.on = day_of(hand, now) if hand else self.today
        self.marks: dict[str, Plain] = {}
        self.warnings: list[str] = []
        self.evidence: tuple[Attachment, ...] = ()
        self.crossed: tuple[Crossing, ...] = ()
        self.fired: TimerKey | None = None
        self._runs: dict[tuple[str, int], ClockRun] = {}
        self._current: dict[str, ClockRun] = dict(snapshot.clocks)
        self._messages: list[MessageDraft] = []  #: of several to one person the last is kept
        self._beside: list[MessageDraft] = []  #: kept all
        self._requests: dict[int, Request] = {}
        self._documents: dict[int, Document] = {}
        self._calls: list[CallTask] = []
        self._ended: list[str] = []
        self._incidents: list[IncidentDraft] = []

    # the ticket -------------------------------------------------------------------------------------------------

    @property
    def ticket(self) -> Ticket:
        """The ticket as it now stands."""
        if self._pending:
            self._ticket = replace(self._ticket, **self._pending)
            self._pending = {}
        return self._ticket

    def set(self, **changes: Any) -> None:
        """Replace attributes of the ticket."""
        self._pending.update(changes)

    def keep(self, values: Mapping[str, Plain]) -> None:
        """Put values on record; reasons and proposals stay with the event."""
        self.warnings += pupil_warnings(values.values())
        lasting = persistent(values)
        if not lasting:
            return
        fields = {**self.ticket.fields, **lasting}
        self.set(
            fields={k: v for k, v in fields.items() if v is not None}, restricted=_restricted(self.workflow, fields)
        )
        for name in MARKED_FIELDS:
            if name in lasting:
                self.mark(name, lasting[name])
        if "responsible_person" in lasting:
            self._look_at_person()

    def _look_at_person(self) -> None:
        """Warn of a responsible person from another unit: allowed, but mostly a slip."""
        directory = self.snapshot.directory
        person, unit = self.ticket.fields.get("responsible_person"), self.ticket.fields.get("responsible_unit")
        if person and unit and unit not in {post.unit for post in directory.posts_of(person, self.today)}:
            name = directory.person_name(person)
            self.warnings.append(f"整改责任人{name}不是{directory.unit_name(unit)}的人员，请核对")

    def mark(self, name: str, value: Plain) -> None:
        """Set a milestone or count; what changed is said in the event."""
        if self._standing.get(name) != value:
            self.marks[name] = self._standing[name] = value
            self._pending["marks"] = self._standing

    def count(self, name: str) -> None:
        """Raise a count by one."""
        self.mark(name, int(self._standing.get(name) or 0) + 1)

    def attach(self, evidence: tuple[Attachment, ...]) -> None:
        """Count and carry the files that came with an action."""
        if evidence:
            self.evidence = evidence
            self.mark("evidence", int(self.ticket.marks.get("evidence") or 0) + len(evidence))

    def take(self, trigger: str, place: str, *, second: str | None = None) -> None:
        """Remember who took a trigger, for the separation of duties; a second inspector took it as well."""
        if self.hand is None:
            return
        entries = [Taken(self.hand.actor, place, self.hand.clerk)]
        if second is not None:
            entries.append(Taken(second, "", self.hand.clerk))
        before = self.ticket.taken.get(trigger, ())
        fresh = tuple(e for e in entries if e not in before)
        if fresh:
            self.set(taken={**self.ticket.taken, trigger: (*before, *fresh)})

    def enter(self, state: str, trigger: str, source: str | None, *, anew: bool = True) -> None:
        """Move to a state: clocks start, pause, go on and end; milestones follow. `anew`: see `Timekeeper.advance`."""
        self.set(state=state, since=self.on)
        for run in self.timekeeper().advance(self._current, source, state, trigger, self.ticket.fields, anew=anew):
            self.put_clock(run)
        self._milestones(state)

    def list_at(self, level: str | None) -> None:
        """Put the ticket under listed supervision, or take it out (None); its clocks begin and end with it."""
        risen = level is not None and self.ticket.listed is not None
        self.keep({"listed_level": level})
        self.set(listed=level)
        self.mark("listed", level)
        for run in self.timekeeper().supervise(self._current, self.ticket.state, self.ticket.fields, anew=risen):
            self.put_clock(run)

    def timekeeper(self) -> Timekeeper:
        """Return the clock arithmetic for this change."""
        return Timekeeper(workflow=self.workflow, calendar=self.snapshot.calendar, on=self.on, now=self.now)

    # clocks -----------------------------------------------------------------------------------------------------

    def clock(self, name: str) -> ClockRun | None:
        """Return the latest run of a clock as it stands in this change."""
        return self._current.get(name)

    def runs(self) -> tuple[ClockRun, ...]:
        """Return the latest run of every clock as it stands in this change."""
        return tuple(self._current.values())

    def put_clock(self, run: ClockRun) -> None:
        """Record a changed run; an older run that was still live ends."""
        older = self._current.get(run.clock)
        if older is not None and older.run != run.run and older.live:
            self._runs[older.clock, older.run] = self.timekeeper().halt(older, "met")
        self._runs[run.clock, run.run] = run
        self._current[run.clock] = run
        if run.provisional and run.due_on:
            self.warnings.append(f"{run.due_on.year} 年放假调休安排尚未录入，时限 {run.due_on} 为暂定")

    def halt_clocks(self) -> None:
        """End every live run: the ticket needs no time kept any more."""
        for run in [r for r in self._current.values() if r.live]:
            self.put_clock(self.timekeeper().halt(run))

    # what follows -----------------------------------------------------------------------------------------------

    def people(self, roles: Iterable[str], ticket: Ticket | None = None) -> tuple[str, ...]:
        """Return the holders of roles as the ticket now stands, or as another state of it says.

        In the holidays who is on duty at the school hears of it beside the school's own people.
        """
        fields, directory, named = (ticket or self.ticket).fields, self.snapshot.directory, tuple(roles)
        found = people(self.workflow, named, fields, directory, self.today)
        if self.snapshot.calendar.in_term(self.today) or not set(named) & set(unit_roles(self.workflow)):
            return found
        on_duty = directory.holders(ON_DUTY, fields.get("responsible_unit"), self.today)
        return tuple(dict.fromkeys((*found, *(on_duty if fields.get("responsible_unit") else ()))))

    def need(self, role: str, what: str) -> None:
        """Report it when nobody holds the role that is to act next."""
        if not self.people((role,)):
            title = self.workflow.roles[role].title
            self.incident("nobody", f"“{what}”无人办理：{title}岗位空缺或未配置，请补人员后再催办")

    def tell(
        self,
        recipients: Iterable[str],
        template: str,
        key: str,
        *,
        urgent: bool = False,
        each: bool = False,
        **said: Plain,
    ) -> None:
        """Write a message to each person but those who are acting; `each`: one that stands beside others to him."""
        acting = {self.hand.actor, self.hand.clerk} if self.hand else set[str]()
        directory = self.snapshot.directory
        known = {**telling.parameters(self.workflow, self.ticket, directory), **self._said(), **said}
        written = telling.drafts(
            (p for p in recipients if p not in acting),
            template,
            key,
            told_on(known, self.now),
            directory=directory,
            ticket=self.ticket,
            today=self.today,
            restricted=self.ticket.restricted,
            urgent=urgent,
        )
        if each:
            self._beside += written
        else:
            self._messages += written

    def unsay(self, key: str) -> None:
        """Take back what this change was about to tell under a key."""
        self._messages = [m for m in self._messages if not m.key.startswith(f"{key}:")]

    def call(self, clock: str, role: str, callee: str | None = None) -> None:
        """Open a telephone task for a role: somebody is to be called, the responsible person where nobody is named."""
        callee = callee or self.ticket.fields.get("responsible_person")
        self._calls.append(CallTask(clock=clock, role=role, callee=callee, opened_at=self.now))

    def end_call(self, clock: str) -> None:
        """The call that the clock asked for was made."""
        self._ended.append(clock)

    def request(self, request: Request) -> None:
        """Record a new or changed request."""
        self._requests[request.ordinal] = request

    def requests(self) -> tuple[Request, ...]:
        """Return all requests as they stand in this change."""
        known = {r.ordinal: r for r in self.snapshot.requests}
        return tuple({**known, **self._requests}.values())

    def document(self, document: Document) -> None:
        """Record a new or changed paper."""
        self._documents[document.ordinal] = document

    def documents(self) -> tuple[Document, ...]:
        """Return all papers as they stand in this change."""
        known = {d.ordinal: d for d in self.snapshot.documents}
        return tuple({**known, **self._documents}.values())

    def incident(self, kind: str, message: str) -> None:
        """Report something the machine cannot do alone."""
        self._incidents.append(IncidentDraft(key=f"{kind}:{self.ticket.state}", kind=kind, message=message))

    # the answer -------------------------------------------------------------------------------------------------

    def decision(
        self,
        kind: str,
        trigger: str,
        *,
        place: str = "",
        public: Mapping[str, Plain] | None = None,
        private: Mapping[str, Plain] | None = None,
    ) -> Decision:
        """Close the change with its event."""
        self._count_hand()
        event = self._event(kind, trigger, place, public or {}, private or {})
        runs = tuple(r for r in self._runs.values() if r != self.snapshot.clocks.get(r.clock))
        arm, disarm = self._timers(runs)
        return Decision(
            ticket=replace(self.ticket, rev=self.before.rev + 1, seq=self.before.seq + 1),
            events=(event,),
            clocks=runs,
            arm=arm,
            disarm=disarm,
            fired=self.fired,
            crossed=self.crossed,
            messages=(*{m.recipient: m for m in self._messages}.values(), *self._beside),
            requests=tuple(self._requests.values()),
            documents=tuple(self._documents.values()),
            calls=tuple(self._calls),
            end_calls=tuple(dict.fromkeys((*self._ended, *(r.clock for r in runs if r.status != "running")))),
            evidence=self.evidence,
            incidents=tuple(self._incidents),
            warnings=tuple(dict.fromkeys(self.warnings)),
        )

    def _event(
        self, kind: str, trigger: str, place: str, public: Mapping[str, Plain], private: Mapping[str, Plain]
    ) -> EventDraft:
        hand = self.hand
        said = {"note": hand.note, "account": hand.account} if hand else {}
        changed = {"marks": dict(self.marks), **public}
        return EventDraft(
            kind=kind,
            trigger=trigger,
            from_state=self.before.state if self.before.seq else None,
            to_state=self.ticket.state,
            actor=hand.actor if hand else None,
            in_place_of=place or None,
            entered_by=hand.clerk if hand else None,
            via=hand.via if hand else "machine",
            happened_on=self.on,
            recorded_at=self.now,
            late=hand is not None and is_late(hand, self.now),
            public={k: v for k, v in changed.items() if v not in (None, {}, [])},
            private={k: v for k, v in {**said, **private}.items() if v not in (None, "", {}, [])},
        )

    def _timers(self, runs: tuple[ClockRun, ...]) -> tuple[tuple[Timer, ...], tuple[TimerKey, ...]]:
        arm: list[Timer] = []
        disarm: list[TimerKey] = []
        for run in runs:
            stored = self.snapshot.clocks.get(run.clock)
            before = stored if stored is not None and stored.run == run.run else None
            was = before.armed if before else None
            if was is not None and was not in (run.armed, self.fired):
                disarm.append(was)
            if (
                run.armed is not None
                and run.next_at is not None
                and (run.armed, run.next_at) != (was, before and before.next_at)
            ):
                arm.append(Timer(key=run.armed, at=run.next_at))
        return tuple(arm), tuple(disarm)

    def _said(self) -> dict[str, Plain]:
        if self.hand is None:
            return {}
        directory = self.snapshot.directory
        unit = directory.unit_name(directory.unit_of(self.hand.actor, self.today))
        return {
            "actor": directory.person_name(self.hand.actor),
            "actor_unit": unit or None,
            "note": self.hand.note or None,
        }

    def _count_hand(self) -> None:
        if self.hand is not None and self.hand.clerk != self.hand.actor:
            self.count("on_behalf")
        if self.hand is not None and is_late(self.hand, self.now):
            self.count("late_entries")

    def _milestones(self, state: str) -> None:
        self.mark("state", state)
        main, verify = main_clock(self.workflow), verify_clock(self.workflow)
        run = self._current.get(main.id) if main else None
        if run is not None:
            self.mark("due_on", run.due_on.isoformat() if run.due_on else None)
            self.mark("original_due_on", run.original_due_on.isoformat() if run.original_due_on else None)
            self.mark("applied_on", self._applied(run, state))
        check = self._current.get(verify.id) if verify else None
        self.mark("verify_due_on", check.due_on.isoformat() if check and check.live and check.due_on else None)
        if check is not None and check.due_on and check.ended_on and check.ended_on > check.due_on:
            self.mark("verify_late", value=True)

    def _applied(self, run: ClockRun, state: str) -> str | None:
        """Return the day it was handed in; where nobody applied (自查自改), the day it began to wait."""
        if run.handed_in_on is not None:
            return run.handed_in_on.isoformat()
        before = self.ticket.marks.get("applied_on")
        if state in self.workflow.clocks[run.clock].paused_in:
            return before or self.on.isoformat()
        return before if self.workflow.states[state].stage in ("verified", "closed") else None


def _restricted(workflow: Workflow, fields: Mapping[str, Plain]) -> bool:
    for name, catalogue in workflow.catalogues.items():
        item = catalogue.items.get(fields.get(name) or "")
        if item is not None and item.restricted:
            return True
    return False
