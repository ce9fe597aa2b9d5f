"""Whether a finding looks like a hazard already on record: suggested to a person, never decided by the machine."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable

from msgspec import Struct

from .ticket import Plain, Ticket

__all__ = ["LIKE", "Likely", "likely", "likeness"]

LIKE = 0.5  #: from here on a description is worth a look; 1 is the same text
_SAME_PLACE, _OTHER_PLACE = 0.15, -0.15  #: what the place adds or takes where both state one


class Likely(Struct, frozen=True, kw_only=True):
    """A hazard that a finding may repeat, and how alike they are (0 to 1)."""

    number: str
    open: bool
    description: str
    score: float


def likely(description: str, place: str, tickets: Iterable[Ticket], *, most: int = 3) -> tuple[Likely, ...]:
    """Return the hazards of the same unit that a finding may repeat, the likeliest first, open ones before closed.

    Only hazards that were real are compared: not what was unfounded, merged or voided.
    """
    found = (_compared(description, place, t) for t in tickets if t.marks.get("outcome") in (None, "rectified"))
    worth = [c for c in found if c.score >= LIKE]
    return tuple(sorted(worth, key=lambda c: (not c.open, -c.score, c.number))[:most])


def likeness(one: str, other: str) -> float:
    """Compare two texts by their pairs of neighbouring characters: twice the shared ones over all (Dice, 1945)."""
    first, second = _pairs(one), _pairs(other)
    if not first or not second:
        return float(_plain(one) == _plain(other) != "")
    return 2 * len(first & second) / (len(first) + len(second))


def _compared(description: str, place: str, ticket: Ticket) -> Likely:
    there: Plain = ticket.fields.get("place") or ""
    score = likeness(description, ticket.fields.get("description") or "")
    if place and there:
        score += _SAME_PLACE if _plain(place) == _plain(there) else _OTHER_PLACE
    return Likely(
        number=ticket.number,
        open=not ticket.marks.get("outcome"),
        description=ticket.fields.get("description") or "",
        score=max(0.0, min(1.0, score)),
    )


def _plain(text: str) -> str:
    return "".join(c for c in unicodedata.normalize("NFKC", text).lower() if c.isalnum())


def _pairs(text: str) -> set[str]:
    plain = _plain(text)
    return {plain[i : i + 2] for i in range(len(plain) - 1)}
