"""What a driver returns becomes records again: tickets with what belongs to them, and events."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from operator import attrgetter
from typing import Any, TypeVar

from msgspec import Struct, convert
from msgspec.json import Decoder
from msgspec.structs import replace

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

CLOCK_COLUMNS = ClockRun.__struct_fields__
REQUEST_COLUMNS = Request.__struct_fields__
DOCUMENT_COLUMNS = Document.__struct_fields__  #: of a paper; the last two are its place among the ticket's
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


T = TypeVar("T")
_MOMENTS = ("started_at", "due_at", "running_since", "next_at")
_ORDINAL = attrgetter("ordinal")
_PLAIN = Decoder(Mapping[str, Any])
_TAKEN = Decoder(Mapping[str, tuple[Taken, ...]])
_RUNS = Decoder(tuple[ClockRun, ...], strict=False)
_REQUESTS = Decoder(tuple[Request, ...], strict=False)
_DOCUMENTS = Decoder(tuple[Document, ...], strict=False)


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
        fields=_read(_PLAIN, fields),
        taken=_read(_TAKEN, taken),
        marks=_read(_PLAIN, marks),
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
    runs = _read(_RUNS, clocks or "[]")
    asked = _read(_REQUESTS, requests or "[]")
    return Loaded(
        ticket=ticket,
        clocks={r.clock: _in_utc(r) for r in runs},
        requests=asked if len(asked) < 2 else tuple(sorted(asked, key=_ORDINAL)),
        documents=_read(_DOCUMENTS, documents or "[]"),
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


def read_clock(values: Any) -> ClockRun:
    """Read a run of a clock from its columns in the order of CLOCK_COLUMNS."""
    return _in_utc(convert(values, ClockRun, strict=False))


def read_request(values: Any) -> Request:
    """Read a request from its columns in the order of REQUEST_COLUMNS."""
    return convert(values, Request, strict=False)


def read_document(values: Any) -> Document:
    """Read a paper from its columns in the order of DOCUMENT_COLUMNS."""
    return convert(values, Document, strict=False)


def _read(decoder: Decoder[T], value: Any) -> T:
    """Read a JSON column as the record it holds: text, or what the driver has made of it already."""
    return decoder.decode(value) if isinstance(value, str) else convert(value, decoder.type, strict=False)


def _in_utc(run: ClockRun) -> ClockRun:
    """Keep instants in UTC; a PostgreSQL session may speak another zone."""
    if run.started_at.tzinfo is UTC:
        return run
    moments = {n: read_instant(m) for n in _MOMENTS if (m := getattr(run, n)) is not None}
    return replace(run, **moments)


def _read_day(value: Any) -> date | None:
    if value is None or isinstance(value, date):
        return value
    return date.fromisoformat(value)
