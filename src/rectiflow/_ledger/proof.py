"""Which stage the columns of a ledger row prove a hazard to be in."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from datetime import date

from msgspec import Struct

__all__ = ["Proof", "day_of", "deadline", "prove"]


class Proof(Struct, frozen=True, kw_only=True):
    """The stage a row proves, with the dates it states; fields as in the `Import` stimulus."""

    proof: str
    assigned_on: date | None = None
    handed_in_on: date | None = None
    passed_on: date | None = None
    closed_on: date | None = None
    failed: bool = False
    failed_on: date | None = None


def prove(values: Mapping[str, object], columns: Container[str], warn: Callable[[str], None]) -> Proof:
    """Tell the stage: the furthest one that a date of the row proves, never further than it says.

    Struck off: closed. A failed re-inspection: being rectified. A day of passing: verified. A day of completion: waiting
    for re-inspection. A deadline and a responsible unit: being rectified, assigned on the day it was found. Else
    reported.

    Args:
        values: the row as read, by column id.
        columns: ids of the columns the table has.
        warn: is told what cannot be concluded from the row.
    """
    found, done, checked, closed = (day_of(values, k) for k in ("found_on", "completed_on", "verified_on", "closed_on"))
    verdict = values.get("verdict")
    if closed:
        return Proof(proof="closed", assigned_on=found, handed_in_on=done, passed_on=checked, closed_on=closed)
    if verdict == "fail":
        return Proof(proof="rectifying", assigned_on=found, failed=True, failed_on=checked)
    if checked and (verdict == "pass" or "verdict" not in columns):
        return Proof(proof="verified", assigned_on=found, handed_in_on=done, passed_on=checked)
    if checked:
        warn("有复查时间而没有复查结论，没有按复查合格录入")
    elif verdict == "pass":
        warn("有复查合格的结论而没有复查时间，没有按复查合格录入")
    if done:
        return Proof(proof="pending", assigned_on=found, handed_in_on=done)
    return _unfinished(values, columns, warn)


def deadline(values: Mapping[str, object]) -> date | None:
    """Return the deadline: the one stated, or for 立行立改 the day the hazard was found."""
    return day_of(values, "found_on") if values.get("immediate") else day_of(values, "due_on")


def day_of(values: Mapping[str, object], key: str) -> date | None:
    """Return a date of the row."""
    value = values.get(key)
    return value if isinstance(value, date) else None


def _unfinished(values: Mapping[str, object], columns: Container[str], warn: Callable[[str], None]) -> Proof:
    answerable = values.get("responsible_unit") or "responsible_unit" not in columns
    if answerable and deadline(values):
        return Proof(proof="rectifying", assigned_on=day_of(values, "found_on"))
    if values.get("responsible_unit"):
        warn("没有整改时限，按待交办录入，请定出时限后交办")
    elif deadline(values):
        warn("没有整改责任单位，按待交办录入")
    return Proof(proof="reported")
