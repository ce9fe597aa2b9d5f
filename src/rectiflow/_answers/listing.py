"""What came in, as it is listed, looked at and done with by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rectiflow.engine.errors import InputUnusable
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Incoming

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Incoming", "done_by_hand", "letter", "letters", "letters_waiting", "original"]


def letters(flow: Rectiflow, *, status: str | None = None, number: str | None = None, limit: int = 0) -> list[Incoming]:
    """Return what came in, newest first; `limit` 0 returns everything."""
    return incoming.incoming(flow.store.engine, flow.district, status=status, number=number, limit=limit)


def letters_waiting(flow: Rectiflow) -> int:
    """Return how many wait for a person."""
    return incoming.waiting_count(flow.store.engine, flow.district)


def letter(flow: Rectiflow, key: str) -> Incoming:
    """Return what came in by the beginning of its id.

    Raises:
        NotFound: nothing of that id, or more than one.
    """
    return incoming.one_incoming(flow.store.engine, flow.district, key)


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
        NotFound: nothing of that id, or more than one.
    """
    found = letter(flow, key)
    name = flow.directory().person_name(by)
    said = "；".join(filter(None, (found.outcome, f"{name}已处理{'：' if note else ''}{note}")))
    incoming.settle(flow.store.engine, flow.district, found.id, status="done", outcome=said)
    return letter(flow, found.id)
