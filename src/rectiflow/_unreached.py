"""Somebody whom no message reaches is called: the call task of a hazard, opened where one is due."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from rectiflow.engine.errors import Conflict, NotFound, Refused
from rectiflow.engine.stimulus import Unreached
from rectiflow.engine.telling import other_copy
from rectiflow.storage import outbox

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["let_call"]

_ON_ITS_WAY = ("sent", "waiting", "held")


def let_call(flow: Rectiflow, key: str, number: str | None, person: str, why: str) -> None:
    """Open a call to somebody whom a message did not reach.

    Nothing where it is about no hazard, no call is due, one is open already, or the same words go by another way.

    Args:
        key: of the message.
    """
    from rectiflow._desk import waiting_calls

    if number is None or waiting_calls(flow, number) or _goes_otherwise(flow, key):
        return
    with suppress(Refused, NotFound, Conflict):  # nobody is to be called about it: the incident says enough
        flow.handle(number, Unreached(person=person, why=why))


def _goes_otherwise(flow: Rectiflow, key: str) -> bool:
    """Tell whether the other one of a mail and its short message has gone, or still may."""
    other = outbox.standing_of(flow.store.engine, flow.district, other_copy(key))
    return other is not None and other.status in _ON_ITS_WAY
