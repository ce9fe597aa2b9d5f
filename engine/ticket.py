"""The ticket on record, and the snapshot of it that a decision is made from."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct, field

if TYPE_CHECKING:
    from .calendar import WorkCalendar
    from .directory import Directory
    from .workflow import Workflow

__all__ = ["ClockRun", "Document", "Plain", "Request", "Snapshot", "Taken", "Ticket", "TimerKey"]

Plain = Any  #: what JSON holds: str, int, bool, None, lists and mappings of them; dates are ISO strings


class Taken(NamedTuple):
    """Who took a trigger: the person who acted, whom that person stood in for (""), and who entered it."""

    actor: str
    in_place_of: str
    entered_by: str


_NOTHING: Mapping[str, Plain] = {}


class Ticket(Struct, frozen=True, kw_only=True):
    """One hazard (隐患) on its way. `number` is "" until the store gives one; `rev` 0 is not stored yet."""

    district: str
    number: str
    workflow: str
    version: int
    state: str
    rev: int = 0
    seq: int = 0  #: events so far
    head: str = ""  #: hash of the last event
    fields: Mapping[str, Plain] = field(default_factory=dict[str, Plain])
    taken: Mapping[str, tuple[Taken, ...]] = field(default_factory=dict[str, tuple[Taken, ...]])
    marks: Mapping[str, Plain] = field(
        default_factory=dict[str, Plain]
    )  #: milestones and counts; changes go into events
    since: date  #: the day the present state was entered, as stated
    opened_at: datetime
    severity: str = "general"
    listed: str | None = None
    restricted: bool = False
    key: str | None = None


class TimerKey(NamedTuple):
    """What makes a ladder step fire once: this step of this version of this run of this clock."""

    clock: str
    run: int
    version: int
    step: str
    occurrence: int


class ClockRun(Struct, frozen=True, kw_only=True, array_like=True):
    """One run of a clock. Day clocks hold days in `budget` and `consumed`, hour clocks seconds.

    `fired` counts per step the occurrences already behind; `next_*` is what is armed, if anything.
    """

    clock: str
    run: int
    status: str  #: running | paused | met | stopped
    started_at: datetime
    due_on: date | None = None
    due_at: datetime | None = None
    version: int = 1
    original_due_on: date | None = None
    budget: int | None = None
    consumed: int = 0
    running_since: datetime | None = None
    edition: str = ""
    provisional: bool = False
    handed_in_on: date | None = None
    ended_on: date | None = None
    fired: Mapping[str, int] = field(default_factory=dict[str, int])
    next_step: str | None = None
    next_occurrence: int = 0
    next_at: datetime | None = None

    @property
    def live(self) -> bool:
        """Whether the run has not ended."""
        return self.status in ("running", "paused")

    @property
    def armed(self) -> TimerKey | None:
        """The timer that waits for this run."""
        if self.next_step is None or self.next_at is None:
            return None
        return TimerKey(self.clock, self.run, self.version, self.next_step, self.next_occurrence)


class Request(Struct, frozen=True, kw_only=True, array_like=True):
    """Something asked for on a ticket; `ordinal` counts the requests of the ticket from 1."""

    ordinal: int
    kind: str
    status: str  #: pending | approved | rejected | withdrawn
    level: str | None = None
    asked_by: str | None = None  #: None: proposed by a timer
    asked_on: date
    decided_by: str | None = None
    decided_on: date | None = None
    data: Mapping[str, Plain] = field(default_factory=dict[str, Plain])
    reason: str = ""


class Document(Struct, frozen=True, kw_only=True, array_like=True):
    """A paper over one or more tickets (文书); the store gives `id`, signing gives `number`.

    status: draft 拟稿 | signed 签发 | served 送达 | acknowledged 签收 | withdrawn 撤稿 | void 作废.
    A paper over several tickets is the same in each of them but for `ordinal` and `place`.
    """

    id: str = ""
    kind: str
    unit: str | None
    status: str = "draft"
    level: str | None = None
    signer: str | None = None  #: the role that signs
    request: int | None = None
    drafted_on: date
    drafted_by: str | None = None
    number: str | None = None
    signed_by: str | None = None
    signed_on: date | None = None
    served_on: date | None = None
    served_by: str | None = None
    served_via: str | None = None
    acknowledged_on: date | None = None
    acknowledged_by: str | None = None
    inspection: str | None = None  #: number of the visit it follows from
    corrects: str | None = None  #: id of the paper that a correction notice corrects, or an opinion is about
    reason: str = ""  #: why it was voided
    ordinal: int  #: counts the papers of its ticket from 1
    place: int = 1  #: of the ticket on the paper, from 1

    @property
    def issued(self) -> bool:
        """Whether it is out: signed, and neither withdrawn nor voided."""
        return self.status in ("signed", "served", "acknowledged")


class Snapshot(Struct, frozen=True, kw_only=True):
    """All a decision sees. `ticket` is None for a report. Never the whole history."""

    workflow: Workflow
    ticket: Ticket | None
    clocks: Mapping[str, ClockRun]  #: the latest run of each clock
    requests: tuple[Request, ...]
    documents: tuple[Document, ...]
    directory: Directory
    calendar: WorkCalendar
    library: Mapping[str, Workflow]  #: latest version of every workflow, for changes between them

    @property
    def fields(self) -> Mapping[str, Plain]:
        """What is on record; nothing while there is no ticket."""
        return self.ticket.fields if self.ticket is not None else _NOTHING

    @property
    def case(self) -> Ticket:
        """The ticket, where there must be one."""
        if self.ticket is None:
            raise ValueError("this stimulus needs a ticket")
        return self.ticket
