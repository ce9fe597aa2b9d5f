"""What `decide` answers: a Decision that the store carries out in one transaction, or a Refusal with every reason."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime

from msgspec import Struct, field

from .errors import Reason
from .stimulus import Attachment
from .ticket import ClockRun, Document, Plain, Request, Ticket, TimerKey

__all__ = [
    "CallTask",
    "Crossing",
    "Decision",
    "EventDraft",
    "IncidentDraft",
    "MessageDraft",
    "Refusal",
    "Timer",
]


class EventDraft(Struct, frozen=True, kw_only=True):
    """One line of the history before the store numbers, salts and chains it.

    `public` may be hashed as it is (ids, codes, dates); names, numbers and free text belong into `private`.
    """

    #: reported | acted | timer | asked | ruled | signed | amended | voided | imported | reclassified | papered | undone
    #: | handed_over | carried | called | unreached | reached
    kind: str
    trigger: str
    from_state: str | None
    to_state: str
    actor: str | None
    in_place_of: str | None = None
    entered_by: str | None
    via: str
    happened_on: date
    recorded_at: datetime
    late: bool = False
    public: Mapping[str, Plain] = field(default_factory=dict[str, Plain])
    private: Mapping[str, Plain] = field(default_factory=dict[str, Plain])


class Timer(Struct, frozen=True, kw_only=True):
    """A timer to arm; re-arming the same key moves its instant in place."""

    key: TimerKey
    at: datetime


class Crossing(Struct, frozen=True, kw_only=True):
    """A ladder step left behind: `how` is fired, or crossed (recorded only, when it was overtaken or imported)."""

    key: TimerKey
    nominal_at: datetime
    how: str = "fired"


class MessageDraft(Struct, frozen=True, kw_only=True):
    """One message to one person, frozen when it is written; the store adds the number and makes `key` unique."""

    key: str
    recipient: str
    template: str
    params: Mapping[str, Plain]
    urgent: bool = False
    channel: str | None = None  #: None: chosen at sending
    held: bool = False  #: kept for the recipient's digest of the day


class CallTask(Struct, frozen=True, kw_only=True):
    """A telephone call to make (电话催办): one open per ticket and clock."""

    clock: str
    role: str
    callee: str | None
    opened_at: datetime


class IncidentDraft(Struct, frozen=True, kw_only=True):
    """What the machine could not do alone; one open per key."""

    key: str
    kind: str
    message: str


class Decision(Struct, frozen=True, kw_only=True):
    """A change of one ticket, complete: what is not named here does not change."""

    ticket: Ticket
    events: tuple[EventDraft, ...]
    clocks: tuple[ClockRun, ...] = ()
    arm: tuple[Timer, ...] = ()
    disarm: tuple[TimerKey, ...] = ()  #: armed timers that go; never one that is fired or armed anew here
    fired: TimerKey | None = None  #: the claimed timer this decision answers
    crossed: tuple[Crossing, ...] = ()
    messages: tuple[MessageDraft, ...] = ()
    requests: tuple[Request, ...] = ()
    documents: tuple[Document, ...] = ()
    calls: tuple[CallTask, ...] = ()
    end_calls: tuple[str, ...] = ()  #: clocks whose open call tasks are done
    evidence: tuple[Attachment, ...] = ()
    incidents: tuple[IncidentDraft, ...] = ()
    warnings: tuple[str, ...] = ()  #: what the person should know although it was done


class Refusal(Struct, frozen=True, kw_only=True):
    """Nothing changes, and why."""

    number: str
    action: str  #: Chinese title of what was tried
    reasons: tuple[Reason, ...]
