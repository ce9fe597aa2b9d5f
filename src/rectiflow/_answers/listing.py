"""What came in, as it is listed, looked at and done with by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from rectiflow._views import seen
from rectiflow.engine.errors import InputUnusable, Refused
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Incoming

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Incoming", "done_by_hand", "letter", "letters", "letters_waiting", "original"]


def letters(
    flow: Rectiflow, *, by: str | None = None, status: str | None = None, number: str | None = None, limit: int = 0
) -> list[Incoming]:
    """Return what came in, newest first; `limit` 0 returns everything.

    Args:
        by: who looks; of a restricted hazard that this person may not see, only the number is told.
    """
    found = incoming.incoming(flow.store.engine, flow.district, status=status, number=number, limit=limit)
    return [one if by is None or _may_see(flow, one, by) else _hushed(one) for one in found]


def letters_waiting(flow: Rectiflow) -> int:
    """Return how many wait for a person."""
    return incoming.waiting_count(flow.store.engine, flow.district)


def letter(flow: Rectiflow, key: str, *, by: str | None = None) -> Incoming:
    """Return what came in by the beginning of its id.

    Raises:
        NotFound: nothing of that id, or more than one.
        Refused: it is about a restricted hazard, and `by` is neither granted nor involved.
    """
    found = incoming.one_incoming(flow.store.engine, flow.district, key)
    if by is not None and found.number is not None:
        seen(flow, found.number, by)
    return found


def original(flow: Rectiflow, found: Incoming) -> bytes:
    """Return the bytes of a mail as it came in.

    Raises:
        InputUnusable: they were not kept, or are missing.
    """
    if found.raw is None or flow.evidence is None:
        raise InputUnusable("这封来信没有留存原信。")
    return b"".join(map(flow.evidence.get, found.raw.split()))


def done_by_hand(flow: Rectiflow, key: str, *, by: str, note: str = "") -> Incoming:
    """Say that a person has seen to it; what had become of it before stays in the words.

    Raises:
        NotFound, Refused: see `letter`.
    """
    found = letter(flow, key, by=by)
    name = flow.directory().person_name(by)
    said = "；".join(filter(None, (found.outcome, f"{name}已处理{'：' if note else ''}{note}")))
    incoming.settle(flow.store.engine, flow.district, found.id, status="done", outcome=said)
    return letter(flow, found.id)


def _may_see(flow: Rectiflow, one: Incoming, by: str) -> bool:
    if one.number is None:
        return True
    try:
        seen(flow, one.number, by)
    except Refused:
        return False
    return True


def _hushed(one: Incoming) -> Incoming:
    return replace(one, sender="", person=None, subject="", words="", raw=None, outcome="属受限类别，无权查看")
