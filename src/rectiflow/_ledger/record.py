"""A hazard on record as a ledger would say it: ids, ISO dates and plain text by column."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.chain import Event
from rectiflow.engine.change import MARKED_FIELDS
from rectiflow.engine.directory import Directory
from rectiflow.engine.ticket import Plain, Ticket
from rectiflow.engine.values import persistent

from .columns import FIELDS

__all__ = ["Deeds", "deeds_of", "given_in", "record_at", "record_of", "stated_in"]


class Deeds(Struct, frozen=True, kw_only=True):
    """Who did what a ledger names: the last re-inspection and the close-out, as text."""

    verifier: str | None = None
    closer: str | None = None


def deeds_of(events: Iterable[Event], directory: Directory) -> Deeds:
    """Read from a history who re-inspected last and who struck it off; from an older ledger, whom that named."""
    verifier = closer = None
    for event in events:
        marks: Mapping[str, Plain] = event.public.get("marks") or {}
        stated = stated_in(event)
        if event.kind == "imported":
            verifier, closer = stated.get("verifier"), stated.get("closer")
            continue
        if marks.get("passed_on") or marks.get("failed_on"):
            verifier = "、".join(_inspectors(event, directory))
        if "closed_on" in marks:
            closer = directory.person_name(event.actor) if marks["closed_on"] else None
    return Deeds(verifier=verifier, closer=closer)


def stated_in(event: Event) -> dict[str, Plain]:
    """Return what a ledger row said beyond the fields when it was taken over; nothing for other events."""
    return _private(event, "stated")


def given_in(event: Event) -> dict[str, Plain]:
    """Return the values that were given with an event; nothing once they were erased."""
    return _private(event, "data")


def record_of(ticket: Ticket, deeds: Deeds) -> dict[str, Plain]:
    """Return what a ledger would say of a hazard now, by column; what it does not say is left out."""
    fields, marks = ticket.fields, ticket.marks
    said: dict[str, Plain] = {column: fields.get(name) for column, name in FIELDS.items()}
    said["unit"] = fields.get("hazard_unit") or fields.get("responsible_unit")
    said["due_on"] = marks.get("due_on") or fields.get("due_on")
    said["severity"] = ticket.severity
    said["listed_level"] = ticket.listed or (marks.get("listed_ever") if marks.get("closed_on") else None)
    said |= dict(_checked(ticket, deeds))
    if marks.get("outcome") == "rectified":
        said |= {"closed_on": marks.get("closed_on"), "closer": deeds.closer}
    return {column: value for column, value in said.items() if value is not None and value != ""}


def record_at(ticket: Ticket, events: Sequence[Event], since: int, directory: Directory) -> dict[str, Plain]:
    """Return what a ledger said of a hazard before its last `since` changes.

    What cannot be told from the history (its private part was erased) is taken to have been as it is.
    """
    now = record_of(ticket, deeds_of(events, directory))
    if not since:
        return now
    kept = events[: len(events) - since]
    then, told = (record_of(_folded(ticket, some), deeds_of(some, directory)) for some in (kept, events))
    known = {c for c in {*now, *told, *then} if told.get(c) == now.get(c)}
    return {c: v for c, v in now.items() if c not in known} | {c: v for c, v in then.items() if c in known}


def _folded(ticket: Ticket, events: Sequence[Event]) -> Ticket:
    """Return a ticket as a part of its history left it, as far as a ledger speaks of it."""
    fields: dict[str, Plain] = {}
    marks: dict[str, Plain] = {}
    for event in events:
        fields |= _kept(event)
        changed: Mapping[str, Plain] = event.public.get("marks") or {}
        marks |= changed
        fields |= {name: changed[name] for name in MARKED_FIELDS if name in changed}
    listed, severity = marks.get("listed"), marks.get("severity") or ticket.severity
    return replace(ticket, fields=fields, marks=marks, listed=listed, severity=severity)


def _kept(event: Event) -> dict[str, Plain]:
    """Return the values an event put on record; what was only asked for, or not approved, is none."""
    if event.kind == "amended":
        return _private(event, "after")
    proposed = event.kind == "asked" or (event.kind == "ruled" and event.public.get("verdict") != "approved")
    return {} if proposed else persistent(given_in(event))


def _checked(ticket: Ticket, deeds: Deeds) -> Iterator[tuple[str, Plain]]:
    """Yield completion and re-inspection as they stand: one that failed is over once it is applied for anew."""
    marks = ticket.marks
    failed = bool(marks.get("failures")) and not marks.get("applied_on") and not marks.get("reopened")
    passed = marks.get("passed_on")
    if passed or failed or marks.get("applied_on"):
        yield "completed_on", ticket.fields.get("completed_on") or marks.get("applied_on")
    if passed or failed:
        yield "verified_on", passed or marks.get("failed_on")
        yield "verdict", "pass" if passed else "fail"
        yield "verifier", deeds.verifier


def _inspectors(event: Event, directory: Directory) -> Iterator[str]:
    second = given_in(event).get("second_inspector")
    yield directory.person_name(event.actor)
    if second:
        yield directory.person_name(second)


def _private(event: Event, part: str) -> dict[str, Plain]:
    found: dict[str, Plain] | None = (event.private or {}).get(part)
    return dict(found or {})
