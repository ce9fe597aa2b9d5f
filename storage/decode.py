"""What a driver returns becomes records again: tickets with what belongs to them, and events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct

from rectiflow.engine.chain import Event
from rectiflow.engine.ticket import ClockRun, Document, Request, Taken, Ticket

from .types import read_instant

__all__ = [
    "CLOCK_COLUMNS",
    "DOCUMENT_COLUMNS",
    "REQUEST_COLUMNS",
    "TICKET_COLUMNS",
    "Loaded",
    "decode_event",
    "decode_loaded",
    "read_clock",
    "read_document",
    "read_request",
    "read_ticket",
]

CLOCK_COLUMNS = (
    "clock",
    "run",
    "status",
    "started_at",
    "due_on",
    "due_at",
    "version",
    "original_due_on",
    "budget",
    "consumed",
    "running_since",
    "edition",
    "provisional",
    "handed_in_on",
    "ended_on",
    "fired",
    "next_step",
    "next_occurrence",
    "next_at",
)
REQUEST_COLUMNS = (
    "ordinal",
    "kind",
    "status",
    "level",
    "asked_by",
    "asked_on",
    "decided_by",
    "decided_on",
    "data",
    "reason",
)
DOCUMENT_COLUMNS = (
    "id",
    "kind",
    "unit",
    "status",
    "level",
    "signer",
    "request",
    "drafted_on",
    "number",
    "signed_by",
    "signed_on",
    "drafted_by",
    "served_on",
    "served_by",
    "served_via",
    "acknowledged_on",
    "acknowledged_by",
    "inspection",
    "corrects",
    "reason",
)
DOCUMENT_DAYS = ("drafted_on", "signed_on", "served_on", "acknowledged_on")
TICKET_COLUMNS = (
    "district",
    "number",
    "workflow",
    "version",
    "state",
    "rev",
    "seq",
    "head",
    "fields",
    "taken",
    "marks",
    "since_on",
    "opened_at",
    "severity",
    "listed",
    "restricted",
    "host_key",
)


class Loaded(Struct, frozen=True, kw_only=True):
    """A ticket as it is stored, with what a snapshot needs of it."""

    ticket: Ticket
    clocks: Mapping[str, ClockRun]
    requests: tuple[Request, ...]
    documents: tuple[Document, ...]
    revision: int  #: of the district's organisation
    read_at: datetime | None  #: the database's own time, where it has one


def read_ticket(columns: Sequence[Any]) -> Ticket:
    """Read a ticket from its columns in the order of TICKET_COLUMNS."""
    district, number, workflow, version, state, rev, seq, head, fields, taken, marks, *rest = columns
    since_on, opened_at, severity, listed, restricted, host_key = rest
    return Ticket(
        district=district,
        number=number,
        workflow=workflow,
        version=version,
        state=state,
        rev=rev,
        seq=seq,
        head=head,
        fields=_plain(fields),
        taken={k: tuple(Taken(*t) for t in v) for k, v in _plain(taken).items()},
        marks=_plain(marks),
        since=_read_day(since_on) or date.min,
        opened_at=read_instant(opened_at),
        severity=severity,
        listed=listed,
        restricted=bool(restricted),
        key=host_key,
    )


def decode_loaded(columns: Sequence[Any]) -> Loaded:
    """Read the one row that `load` selects: ticket columns, clocks, requests, documents, revision, time."""
    ticket = read_ticket(columns[: len(TICKET_COLUMNS)])
    clocks, requests, documents, revision, read_at = columns[len(TICKET_COLUMNS) :]
    runs = [read_clock(c) for c in _plain(clocks) or ()]
    return Loaded(
        ticket=ticket,
        clocks={r.clock: r for r in runs},
        requests=tuple(sorted((read_request(r) for r in _plain(requests) or ()), key=lambda r: r.ordinal)),
        documents=tuple(read_document(d) for d in _plain(documents) or ()),
        revision=int(revision or 0),
        read_at=read_instant(read_at) if read_at else None,
    )


def decode_event(row: Mapping[str, Any]) -> Event:
    """Read an event with its private part from a row of both tables."""
    return Event(
        district=row["district"],
        number=row["number"],
        seq=row["seq"],
        encoding=row["encoding"],
        kind=row["kind"],
        trigger=row["trigger"],
        from_state=row["from_state"],
        to_state=row["to_state"],
        actor=row["actor"],
        in_place_of=row["in_place_of"],
        entered_by=row["entered_by"],
        via=row["via"],
        happened_on=row["happened_on"],
        recorded_at=row["recorded_at"],
        late=bool(row["late"]),
        public=row["public"],
        private_digest=row["private_digest"],
        previous=row["previous"],
        hash=row["hash"],
        private=row.get("body"),
        salt=row.get("salt"),
    )


def read_clock(values: Sequence[Any]) -> ClockRun:
    """Read a run of a clock from its columns in the order of CLOCK_COLUMNS."""
    clock, run, status, started_at, due_on, due_at, version, original_due_on, budget, consumed, *rest = values
    running_since, edition, provisional, handed_in_on, ended_on, fired, next_step, next_occurrence, next_at = rest
    return ClockRun(
        clock=clock,
        run=run,
        status=status,
        started_at=read_instant(started_at),
        due_on=_read_day(due_on),
        due_at=_read_moment(due_at),
        version=version,
        original_due_on=_read_day(original_due_on),
        budget=budget,
        consumed=consumed,
        running_since=_read_moment(running_since),
        edition=edition,
        provisional=bool(provisional),
        handed_in_on=_read_day(handed_in_on),
        ended_on=_read_day(ended_on),
        fired=_plain(fired),
        next_step=next_step,
        next_occurrence=next_occurrence,
        next_at=_read_moment(next_at),
    )


def read_request(values: Sequence[Any]) -> Request:
    """Read a request from its columns in the order of REQUEST_COLUMNS."""
    c = dict(zip(REQUEST_COLUMNS, values, strict=True))
    c["asked_on"], c["decided_on"] = _read_day(c["asked_on"]), _read_day(c["decided_on"])
    return Request(**{**c, "data": _plain(c["data"])})


def read_document(values: Sequence[Any]) -> Document:
    """Read a paper from its columns in the order of DOCUMENT_COLUMNS, then ordinal and place."""
    c = dict(zip((*DOCUMENT_COLUMNS, "ordinal", "place"), values, strict=True))
    days: dict[str, Any] = {name: _read_day(c[name]) for name in DOCUMENT_DAYS}
    return Document(**{**c, **days})


def _plain(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _read_day(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(value)


def _read_moment(value: Any) -> datetime | None:
    return None if value is None else read_instant(value)
