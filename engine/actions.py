"""What a person can do with a ticket now, and why the rest cannot be done."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from msgspec import Struct

from .acting import transition_reasons
from .correcting import amend_reasons, void_reasons
from .errors import Reason
from .hands import role_reasons
from .moments import local_day
from .requesting import ask_reasons
from .stimulus import Act, Amend, Hand, Void
from .ticket import Snapshot

__all__ = ["Action", "actions"]


class Action(Struct, frozen=True, kw_only=True):
    """One thing that could be done: allowed, or refused with every reason.

    `kind` is act, request, amend or void; `asks` are the fields to give with it, `wants` those that must be on record
    and are not yet.
    """

    kind: str
    trigger: str
    title: str
    asks: tuple[str, ...] = ()
    wants: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()

    @property
    def allowed(self) -> bool:
        """Whether nothing speaks against it but data still to be given."""
        return not self.reasons


def actions(snapshot: Snapshot, person: str, now: datetime) -> tuple[Action, ...]:
    """List every action of the ticket's state for a person, in the author's order."""
    return (
        *_transitions(snapshot, person, now),
        *_requests(snapshot, person, now),
        *_corrections(snapshot, person, now),
    )


def _transitions(snapshot: Snapshot, person: str, now: datetime) -> Iterator[Action]:
    ticket, hand = snapshot.case, Hand(actor=person)
    for trigger, found in snapshot.workflow.by_state.get(ticket.state, {}).items():
        judged = [(t, transition_reasons(snapshot, t, Act(trigger=trigger, hand=hand), now, {})[1]) for t in found]
        meant = [(t, reasons) for t, reasons in judged if not any(r.code == "guard_false" for r in reasons)]
        for t, reasons in meant or judged:
            wants = tuple(n for n in t.require if ticket.fields.get(n) in (None, "", []))
            yield Action(kind="act", trigger=trigger, title=t.title, asks=t.ask, wants=wants, reasons=tuple(reasons))


def _requests(snapshot: Snapshot, person: str, now: datetime) -> Iterator[Action]:
    if snapshot.workflow.states[snapshot.case.state].final is not None:
        return
    for kind in snapshot.workflow.requests.values():
        _, reasons = role_reasons(snapshot, snapshot.workflow, kind.by, Hand(actor=person), now)
        level = max(kind.levels, key=list(kind.levels).index) if kind.levels else None
        reasons += ask_reasons(snapshot, kind, level, local_day(now))
        wants = tuple(n for n in kind.require if snapshot.case.fields.get(n) in (None, "", []))
        asks = (*kind.ask, *(("level",) if kind.levels else ()))
        yield Action(kind="request", trigger=kind.id, title=kind.title, asks=asks, wants=wants, reasons=tuple(reasons))


def _corrections(snapshot: Snapshot, person: str, now: datetime) -> Iterator[Action]:
    hand = Hand(actor=person)
    _, reasons = amend_reasons(snapshot, Amend(hand=hand, data={}, reason=""), now)
    yield Action(kind="amend", trigger="amend", title="更正", asks=("reason",), reasons=tuple(reasons))
    _, reasons = void_reasons(snapshot, Void(hand=hand, reason=""), now)
    yield Action(kind="void", trigger="void", title="作废", asks=("reason",), reasons=tuple(reasons))
