"""A paper over one or more hazards (文书): its items, what somebody orders with it, and a planned step."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from msgspec import Struct, field

from .correction_notice import taken_off
from .decision import Refusal
from .errors import Reason
from .stimulus import Attachment, Hand, PaperStep
from .ticket import Document, Snapshot
from .vocabulary import PAPER_STEPS, PAPERS
from .workflow import State

__all__ = ["ADDRESSED", "Item", "Order", "Plan", "items_of", "paper_id", "reason_at", "refuse", "title_of"]

#: papers a unit has to follow → the occasion by which it is told that they are served
ADDRESSED: Mapping[str, str] = {
    "rectification_notice": "paper_served",
    "supervision_letter": "supervision_served",
    "listing_notice": "supervision_served",
}


class Item(Struct, frozen=True, kw_only=True):
    """One hazard on a paper."""

    snapshot: Snapshot
    paper: Document

    @property
    def number(self) -> str:
        """The hazard's number."""
        return self.snapshot.case.number

    @property
    def state(self) -> State:
        """The state its hazard is in."""
        return self.snapshot.workflow.states[self.snapshot.case.state]

    @property
    def over(self) -> bool:
        """Whether its hazard has ended."""
        return self.state.final is not None

    @property
    def off(self) -> bool:
        """Whether it is off this notice: recalled or returned since, given to another unit, or on a later notice."""
        s = self.snapshot
        return taken_off(s.workflow, s.case, s.directory, s.documents, self.paper)

    def name(self) -> str:
        """Say which item is meant."""
        return f"第 {self.paper.place} 项（{self.number}）"


class Order(Struct, frozen=True, kw_only=True):
    """What somebody wants of a paper: `data` for every item, `each` and `evidence` for single hazards by number.

    `items` are the numbers a reply or re-inspection speaks of (none: all that can be meant); `failed` those not put right.
    """

    hand: Hand
    data: Mapping[str, Any] = field(default_factory=dict[str, Any])
    each: Mapping[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]])
    evidence: Mapping[str, tuple[Attachment, ...]] = field(default_factory=dict[str, tuple[Attachment, ...]])
    items: tuple[str, ...] = ()
    failed: tuple[str, ...] = ()
    reason: str = ""

    def of(self, number: str) -> dict[str, Any]:
        """Return what is given for one hazard."""
        return {**self.data, **self.each.get(number, {})}


class Plan(Struct, frozen=True, kw_only=True):
    """What a step is for each hazard, with the paper as it is then; `told` are the roles that learn of it."""

    step: str
    paper: Document
    parts: tuple[tuple[Snapshot, PaperStep], ...]
    told: tuple[str, ...] = ()
    persons: tuple[str, ...] = ()  #: told beside the roles
    template: str = "paper_waiting"
    urgent: bool = False


def title_of(paper: Document) -> str:
    """Say what a paper is called: its number, or its kind while it is a draft."""
    return paper.number or PAPERS.get(paper.kind, paper.kind)


def paper_id(prefix: str, year: int, serial: int) -> str:
    """Return the id by which people speak of a paper, also while it is a draft: LZH-W2024-0012 (文)."""
    return f"{prefix}-W{year}-{serial:04d}"


def items_of(snapshots: Iterable[Snapshot], paper: str) -> tuple[Item, ...]:
    """Return the items of a paper in their order on it."""
    found = [Item(snapshot=s, paper=d) for s in snapshots for d in s.documents if d.id == paper]
    return tuple(sorted(found, key=lambda i: i.paper.place))


def reason_at(where: str, code: str, message: str) -> Reason:
    """Give a reason that names the hazard or item it is about."""
    return Reason(code=code, subject=where, message=f"{where}{message}")


def refuse(kind: str, name: str, reasons: Sequence[Reason]) -> Refusal:
    """Refuse a step of a paper of a kind, each reason once."""
    title = "" if name in ("reply", "verify", "close") else PAPERS.get(kind, kind)  # of the hazards, not of the paper
    action = f"{title}{PAPER_STEPS[name]}"
    return Refusal(number="", action=action, reasons=tuple(dict.fromkeys(reasons)))
