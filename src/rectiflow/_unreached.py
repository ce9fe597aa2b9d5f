"""Somebody whom no message reaches is called: the call task of a hazard, opened where one is due, and ended by itself."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING

from rectiflow._reasons import TOGETHER
from rectiflow.engine.errors import Conflict, NotFound, Refused
from rectiflow.engine.stimulus import Reached, Unreached
from rectiflow.engine.telling import other_copy
from rectiflow.storage import incoming, outbox, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["call_off", "let_call"]

_ON_ITS_WAY = ("sent", "waiting", "held")


def let_call(flow: Rectiflow, key: str, number: str | None, person: str, why: str) -> None:
    """Open a call to somebody whom a message did not reach, about each hazard that it tells of.

    Nothing where it is about none, no call is due, one is open already, or the same words go by another way.

    Args:
        key: of the message.
    """
    from rectiflow._desk import waiting_calls

    if _goes_otherwise(flow, key):
        return
    for about in _about(flow, key, number):
        with suppress(Refused, NotFound, Conflict):  # nobody is to be called about it: the incident says enough
            if not waiting_calls(flow, about):
                flow.handle(about, Unreached(person=person, why=why, message=key))


def call_off(flow: Rectiflow, key: str, number: str | None, person: str) -> None:
    """End the call that was opened for a message, now that the message, or its other copy, has been sent after all.

    Whoever else was not reached meanwhile is called then: there is one call about a hazard at a time.

    Args:
        key: of the message.
    """
    for about in _about(flow, key, number):
        _call_off(flow, key, about, person)


def _call_off(flow: Rectiflow, key: str, number: str, person: str) -> None:
    calls = queries.open_tasks(flow.store.engine, flow.district, number=number)
    told = {e.seq: e.public.get("message") for e in flow.history(number) if e.kind == "unreached"} if calls else {}
    for call in calls:
        if told.get(call["seq"]) in (key, other_copy(key)):
            with suppress(Refused, NotFound, Conflict):  # it is over already
                flow.handle(number, Reached(person=person, message=key, clock=call["clock"]))
            _next(flow, number, call["opened_at"])


def _next(flow: Rectiflow, number: str, since: datetime) -> None:
    """Have called whom another message did not reach while the call was open."""
    for row in queries.messages(flow.store.engine, flow.district, status="dead", number=number):
        if row["due_at"] >= since:  # when it was given up
            let_call(flow, row["key"], number, row["recipient"], row["detail"] or "")


def _about(flow: Rectiflow, key: str, number: str | None) -> list[str]:
    """Return the hazards a message is about: its own, or those of the steps that it tells together."""
    if number is not None or not key.startswith(TOGETHER):
        return [number] if number else []
    taken = incoming.taken_in(flow.store.engine, flow.district, key)
    return list(dict.fromkeys(row.number for row in taken if row.number))


def _goes_otherwise(flow: Rectiflow, key: str) -> bool:
    """Tell whether the other one of a mail and its short message has gone, or still may."""
    other = outbox.standing_of(flow.store.engine, flow.district, other_copy(key))
    return other is not None and other.status in _ON_ITS_WAY
