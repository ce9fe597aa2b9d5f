"""Somebody whom no message reaches is called: the call task of a hazard, opened where one is due, and ended by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any

from rectiflow._together import TOGETHER
from rectiflow.engine.errors import Conflict, NotFound, Refused
from rectiflow.engine.stimulus import Reached, Unreached
from rectiflow.engine.telling import other_copy
from rectiflow.storage import digests, outbox, queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["call_off", "called_about", "let_call", "told_steps"]

_ON_ITS_WAY = ("sent", "waiting", "held")


def let_call(
    flow: Rectiflow, key: str, number: str | None, person: str, why: str, *, within: str | None = None
) -> None:
    """Open a call to somebody whom a message did not reach.

    Nothing where it is about no hazard, no call is due, one is open already, or the same words go by another way.

    Args:
        key: of the message.
        within: the key of the list in which it was told.
    """
    from rectiflow._desk import waiting_calls

    if number is None or waiting_calls(flow, number) or _goes_otherwise(flow, within or key):
        return
    with suppress(Refused, NotFound, Conflict):  # nobody is to be called about it: the incident says enough
        flow.handle(number, Unreached(person=person, why=why, message=key))


def told_steps(flow: Rectiflow, key: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Return the messages of the steps that a message tells together; [] for every other message."""
    if not key.startswith(TOGETHER):
        return []
    return digests.parts(flow.store.engine, flow.district, digests.taken_keys(params))


def called_about(flow: Rectiflow, key: str, number: str) -> bool:
    """Tell whether a call was opened before for a message, or its other copy, whatever became of that call."""
    about = {e.public.get("message") for e in flow.history(number) if e.kind == "unreached"}
    return bool(about & {key, other_copy(key)})


def call_off(flow: Rectiflow, key: str, number: str | None, person: str) -> None:
    """End the call that was opened for a message, now that the message, or its other copy, has been sent after all.

    Whoever else was not reached meanwhile is called then: there is one call about a hazard at a time.

    Args:
        key: of the message.
    """
    calls = queries.open_tasks(flow.store.engine, flow.district, number=number) if number else []
    if number is None or not calls:
        return
    about = {e.seq: e.public.get("message") for e in flow.history(number) if e.kind == "unreached"}
    for call in calls:
        if about.get(call["seq"]) in (key, other_copy(key)):
            with suppress(Refused, NotFound, Conflict):  # it is over already
                flow.handle(number, Reached(person=person, message=key, clock=call["clock"]))
            _next(flow, number, call["opened_at"])


def _next(flow: Rectiflow, number: str, since: datetime) -> None:
    """Have called whom another message did not reach while the call was open."""
    for row in queries.messages(flow.store.engine, flow.district, status="dead", number=number):
        if row["due_at"] >= since:  # when it was given up
            let_call(flow, row["key"], number, row["recipient"], row["detail"] or "")


def _goes_otherwise(flow: Rectiflow, key: str) -> bool:
    """Tell whether the other one of a mail and its short message has gone, or still may."""
    other = outbox.standing_of(flow.store.engine, flow.district, other_copy(key))
    return other is not None and other.status in _ON_ITS_WAY
