"""What came in, on record: kept before it is understood, and what became of it noted last."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.notifiers.plaintext import shorten
from rectiflow.storage import incoming
from rectiflow.storage.incoming import Incoming

if TYPE_CHECKING:
    from rectiflow._workplace import Workplace

__all__ = ["Received", "identity", "kept_bytes", "once", "received", "settled"]

ID_DIGITS = 16  #: hexadecimal ones that name what came in; people write the first few


class Received(Struct, frozen=True, kw_only=True):
    """What became of something that came in; `again` says that it had been handed in before."""

    id: str
    kind: str
    status: str
    outcome: str
    number: str | None = None
    again: bool = False


def identity(what: bytes, who: str) -> str:
    """Return the id of something that somebody sent; the same thing has the same."""
    return hashlib.sha256(who.encode() + b"\0" + what).hexdigest()[:ID_DIGITS]


def kept_bytes(place: Workplace, name: str, raw: bytes) -> str | None:
    """Keep the bytes that came in, in pieces where they are more than the store takes; return the names of these."""
    from rectiflow.storage.evidence import MOST_BYTES

    if place.flow.evidence is None or not raw:
        return None
    pieces = (raw[at : at + MOST_BYTES] for at in range(0, len(raw), MOST_BYTES))
    return " ".join(place.flow.evidence.put(name, piece).sha256 for piece in pieces)


def once(place: Workplace, row: Incoming, work: Callable[[], Incoming]) -> Received:
    """Keep what came in, then do what it asks for and note what became of it; what was noted before is not done again."""
    flow = place.flow
    if not incoming.keep(flow.store.engine, flow.district, row):
        known = incoming.one_incoming(flow.store.engine, flow.district, row.id)
        if known.outcome:
            return received(known, again=True)
    done = work()
    incoming.settle(
        flow.store.engine, flow.district, row.id, status=done.status, outcome=shorten(done.outcome, 1_000),
        number=done.number, person=done.person, kind=done.kind,
    )  # fmt: skip
    return received(done)


def settled(row: Incoming, status: str, outcome: str, *, number: str | None = None) -> Incoming:
    """Return the row with what became of it."""
    return replace(row, status=status, outcome=outcome, number=number or row.number)


def received(row: Incoming, *, again: bool = False) -> Received:
    """Return what became of something that came in."""
    return Received(id=row.id, kind=row.kind, status=row.status, outcome=row.outcome, number=row.number, again=again)
