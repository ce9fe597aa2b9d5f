"""What can happen to a ticket: people, timers, replies and imports are the same kind of thing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field

from .ticket import Document, Snapshot, TimerKey

__all__ = [
    "Act",
    "Amend",
    "Ask",
    "Attachment",
    "Called",
    "Carry",
    "Fire",
    "Hand",
    "Handover",
    "Import",
    "PaperStep",
    "Reached",
    "Remark",
    "Report",
    "Rule",
    "SignOff",
    "Stimulus",
    "Undo",
    "Unreached",
    "Void",
]


class Hand(Struct, frozen=True, kw_only=True):
    """By whom and how: the person who acts (意见人), who enters it (经办人), the means, and the day it happened.

    via: self 本人, phone 电话, wechat 微信, sms 短信, mail 邮件, paper 纸质, in-person 当面.
    `on` None means today. `entered_by` None means the actor. `account` is the system account at the keyboard.
    """

    actor: str
    entered_by: str | None = None
    via: str = "self"
    on: date | None = None
    note: str = ""
    account: str = ""

    @property
    def clerk(self) -> str:
        """The person who enters it."""
        return self.entered_by or self.actor


class Attachment(Struct, frozen=True, kw_only=True):
    """A file already kept by the evidence store, named by its SHA-256."""

    sha256: str
    name: str
    size: int  #: bytes
    media_type: str = "application/octet-stream"


class Report(Struct, frozen=True, kw_only=True):
    """A hazard is reported (上报). `then` is taken at once, in the same change: put right on the spot, or merged."""

    hand: Hand
    data: Mapping[str, Any]
    evidence: tuple[Attachment, ...] = ()
    key: str | None = None
    then: Act | None = None


class Act(Struct, frozen=True, kw_only=True):
    """A person takes a transition of the workflow. `into` names the workflow of a reclassification."""

    trigger: str
    hand: Hand
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    evidence: tuple[Attachment, ...] = ()
    into: str | None = None


class Called(Struct, frozen=True, kw_only=True):
    """A telephone call that a clock asked for was made; the hand's note says what came of it."""

    clock: str
    hand: Hand
    reached: bool = True
    person: str = ""  #: who was to be called, where that is known


class Remark(Struct, frozen=True, kw_only=True):
    """Somebody says something about a hazard, or hands in a picture of it (补充材料); the hand's note is what is said."""

    hand: Hand
    evidence: tuple[Attachment, ...] = ()


class Unreached(Struct, frozen=True, kw_only=True):
    """A message about a hazard reached nobody: the person has no address that works. `message` is its key."""

    person: str
    why: str
    message: str = ""


class Reached(Struct, frozen=True, kw_only=True):
    """A message for which a person was to be called has been sent after all; `clock` is that of the call."""

    person: str
    message: str
    clock: str


class Fire(Struct, frozen=True, kw_only=True):
    """A timer that was armed has come due."""

    key: TimerKey


class Ask(Struct, frozen=True, kw_only=True):
    """A request is made (申请)."""

    kind: str
    hand: Hand
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    level: str | None = None


class Rule(Struct, frozen=True, kw_only=True):
    """A pending request is approved or rejected (审批)."""

    ordinal: int
    approve: bool
    hand: Hand
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reason: str = ""


class SignOff(Struct, frozen=True, kw_only=True):
    """A drafted paper is signed by a named leader (签发)."""

    ordinal: int
    hand: Hand


class PaperStep(Struct, frozen=True, kw_only=True):
    """A paper over one or more hazards goes a step further, as it touches one of them.

    `document` is the paper as it is after the step, `act` the transition that the step carries for this hazard, `data`
    what a draft puts on record with it.
    """

    step: str  #: draft | sign | serve | acknowledge | reply | verify | void
    document: Document
    hand: Hand
    act: Act | None = None
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])


class Amend(Struct, frozen=True, kw_only=True):
    """Something on record is corrected (更正); the old value stays in the history."""

    hand: Hand
    data: Mapping[str, Any]
    reason: str


class Void(Struct, frozen=True, kw_only=True):
    """A ticket that should not have been is voided (作废), never deleted."""

    hand: Hand
    reason: str


class Undo(Struct, frozen=True, kw_only=True):
    """The last action is taken back (撤销). `before` is how the ticket stood; the rest says what was done since.

    `sent` counts the messages about it that have left.
    """

    hand: Hand
    before: Snapshot
    seq: int
    kind: str
    trigger: str
    actor: str | None
    entered_by: str | None
    recorded_at: datetime
    sent: int


class Handover(Struct, frozen=True, kw_only=True):
    """What is open goes to who follows, on a post or as a unit (交接); where it stands and its dates stay.

    `person` is who is responsible from now on; None: nobody until `post` is filled. `unit` is the unit that takes over;
    None: the same as before. `since` is the first day of who follows. `hand` None is the machine, on a day that was
    entered before.
    """

    hand: Hand | None
    person: str | None
    since: date
    unit: str | None = None
    post: str | None = None
    reason: str = ""


class Carry(Struct, frozen=True, kw_only=True):
    """An open hazard goes over into the ledger of another year (结转); its number stays."""

    hand: Hand
    year: int


class Import(Struct, frozen=True, kw_only=True):
    """A row of an existing ledger enters as a stated fact (存量) at the stage its dates prove.

    `proof`: reported, rectifying, pending, verified or closed; the dates are as stated in the ledger. `failed` says that
    a re-inspection found it not put right, on `failed_on` if a day is stated. `stated` keeps what the row says beyond
    the fields (who re-inspected, who struck it off …) with the event's private part.
    """

    hand: Hand
    data: Mapping[str, Any]
    proof: str
    key: str
    assigned_on: date | None = None
    handed_in_on: date | None = None
    passed_on: date | None = None
    closed_on: date | None = None
    failed: bool = False
    failed_on: date | None = None
    listed: str | None = None
    stated: Mapping[str, Any] = field(default_factory=dict[str, Any])


Stimulus = (
    Report
    | Act
    | Called
    | Remark
    | Fire
    | Ask
    | Rule
    | SignOff
    | PaperStep
    | Amend
    | Void
    | Undo
    | Unreached
    | Reached
    | Import
    | Handover
    | Carry
)
