"""Rows: a decision becomes the rows of its tables.

A row is a mapping of column to plain value: dates and instants as text, JSON columns as the values themselves.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import Struct, field
from msgspec.structs import replace

from rectiflow.engine.chain import Event, seal
from rectiflow.engine.decision import CallTask, Crossing, Decision, EventDraft, IncidentDraft, MessageDraft
from rectiflow.engine.stimulus import Attachment
from rectiflow.engine.ticket import ClockRun, Document, Request, Ticket, TimerKey
from rectiflow.engine.visiting import Visit

from .types import instant_text, storable

__all__ = ["Row", "Rows", "incident_row", "message_row", "rows_of", "standing_rows", "text_row", "token", "visit_rows"]

Row = dict[str, Any]
_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


class Rows(Struct, kw_only=True):
    """Everything one decision writes: what is done with which rows, in this order; nothing that is empty."""

    ticket: Row
    created: bool
    fired: TimerKey | None = None
    lists: dict[str, list[Row]] = field(default_factory=dict[str, list[Row]])


def visit_rows(visit: Visit, numbers: Sequence[str]) -> tuple[Row, list[Row]]:
    """Turn a visit into its row and those of its findings; `numbers` are the tickets in the findings' order."""
    district, key = visit.district, visit.number
    row = {
        "district": district,
        "number": key,
        "unit": visit.unit,
        "visited_on": visit.on.isoformat(),
        "method": visit.method,
        "inspectors": list(visit.inspectors),
        "partners": list(visit.partners),
        "findings": len(visit.findings),
        "signed_by": visit.signed_by,
        "note": storable(visit.note) or "",
        "entered_by": visit.hand.clerk,
        "via": visit.hand.via,
        "entered_at": instant_text(visit.entered_at),
        "late": visit.late,
        "host_key": storable(visit.key),
    }
    findings = [
        {
            "district": district,
            "inspection": key,
            "place": f.place,
            "ticket": number,
            "outcome": f.outcome,
            "linked_to": f.linked_to,
        }
        for f, number in zip(visit.findings, numbers, strict=True)
    ]
    return row, findings


def text_row(district: str, document: str, body: Any) -> Row:
    """Turn what a paper said when it was signed into its row."""
    return {"district": district, "document": document, "body": body}


def token() -> str:
    """Return a short random id that a person can read out: no 0, 1, I, L, O."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(8))


def rows_of(decision: Decision, number: str, paper_numbers: Mapping[int, str]) -> tuple[Ticket, Rows]:
    """Turn a decision into rows; return the ticket as it is then stored, with its number and chain head."""
    before = decision.ticket
    sealed = list(_seal(decision.events, before, number))
    ticket = replace(before, number=number, head=sealed[-1].hash)
    at = decision.events[-1].recorded_at
    home = {"district": ticket.district, "number": number}
    documents, items = _document_rows(home, decision.documents, paper_numbers)
    lists = {
        "event": [_event_row(e) for e in sealed],
        "private": [{**home, "seq": e.seq, "salt": e.salt, "body": e.private} for e in sealed],
        "clock": [_clock_row(home, run) for run in decision.clocks],
        "disarmed": [{**home, **k._asdict()} for k in decision.disarm],
        "armed": [_timer_row(home, t.key, t.at, "armed", None) for t in decision.arm],
        "crossed": [_crossed_row(home, c, at) for c in decision.crossed if c.key != decision.fired],
        "request": [_request_row(home, q) for q in decision.requests],
        "document": documents,
        "document_item": items,
        "ended": [{**home, "clock": c, "ended_at": instant_text(at)} for c in decision.end_calls],
        "task": [_call_row(home, ticket.seq, c) for c in decision.calls],
        "message": [message_row(ticket.district, number, ticket.seq, m, at) for m in decision.messages],
        "evidence": [_evidence_row(home, ticket.seq, e) for e in {e.sha256: e for e in decision.evidence}.values()],
        "incident": [incident_row(ticket.district, number, i, at) for i in decision.incidents],
    }
    rows = Rows(
        ticket=_ticket_row(ticket),
        created=ticket.rev == 1,
        fired=decision.fired,
        lists={name: found for name, found in lists.items() if found},
    )
    return ticket, rows


def _call_row(home: Row, seq: int, call: CallTask) -> Row:
    return {
        **home,
        "kind": "call",
        "seq": seq,
        "clock": call.clock,
        "role": call.role,
        "callee": call.callee,
        "status": "open",
        "opened_at": instant_text(call.opened_at),
        "ended_at": None,
    }


def _evidence_row(home: Row, seq: int, e: Attachment) -> Row:
    return {**home, "seq": seq, "sha256": e.sha256, "name": e.name, "size": e.size, "media_type": e.media_type}


def message_row(district: str, number: str | None, seq: int, message: MessageDraft, at: datetime) -> Row:
    """Turn a message into its outbox row; the number joins its parameters here."""
    return {
        "district": district,
        "key": f"{number}:{message.key}" if number else message.key,
        "number": number,
        "seq": seq,
        "recipient": message.recipient,
        "channel": message.channel,
        "template": message.template,
        "template_version": 0,
        "params": {**message.params, "number": number},
        "urgent": message.urgent,
        "status": "held" if message.held else "waiting",
        "created_at": instant_text(at),
        "due_at": instant_text(at),
        "attempts": 0,
        "owner": None,
        "lease_until": None,
        "rendered_channel": None,
        "rendered_to": None,
        "rendered_subject": None,
        "rendered_id": None,
        "rendered_body": None,
        "sent_at": None,
        "detail": None,
        "returned_at": None,
    }


def incident_row(district: str, number: str | None, incident: IncidentDraft, at: datetime) -> Row:
    """Turn an incident into its row."""
    return {
        "district": district,
        "id": token(),
        "key": f"{number or ''}:{incident.key}",
        "kind": incident.kind,
        "number": number,
        "message": incident.message,
        "status": "open",
        "opened_at": instant_text(at),
        "closed_at": None,
        "closed_by": None,
    }


def _seal(events: Iterable[EventDraft], ticket: Ticket, number: str) -> Iterator[Event]:
    drafts = tuple(events)
    previous, seq = ticket.head, ticket.seq - len(drafts)
    for draft in drafts:
        seq += 1
        event = seal(
            draft, district=ticket.district, number=number, seq=seq, previous=previous, salt=secrets.token_hex(16)
        )
        previous = event.hash
        yield event


def _ticket_row(t: Ticket) -> Row:
    return {
        "district": t.district,
        "number": t.number,
        "workflow": t.workflow,
        "version": t.version,
        "state": t.state,
        "rev": t.rev,
        "seq": t.seq,
        "head": t.head,
        "fields": t.fields,
        "taken": t.taken,
        "marks": t.marks,
        "since_on": t.since.isoformat(),
        "opened_at": instant_text(t.opened_at),
        "severity": t.severity,
        "listed": t.listed,
        "restricted": t.restricted,
        "host_key": storable(t.key),
        "is_open": not t.marks.get("outcome"),
        "unit": t.fields.get("responsible_unit"),
        "inspecting_unit": t.fields.get("inspecting_unit"),
        "category": t.fields.get("category"),
        "due_on": t.marks.get("due_on"),
    }


def _event_row(e: Event) -> Row:
    return {
        "district": e.district,
        "number": e.number,
        "seq": e.seq,
        "encoding": e.encoding,
        "kind": e.kind,
        "trigger": e.trigger,
        "from_state": e.from_state,
        "to_state": e.to_state,
        "actor": e.actor,
        "in_place_of": e.in_place_of,
        "entered_by": e.entered_by,
        "via": e.via,
        "happened_on": e.happened_on.isoformat(),
        "recorded_at": instant_text(e.recorded_at),
        "late": e.late,
        "public": e.public,
        "private_digest": e.private_digest,
        "previous": e.previous,
        "hash": e.hash,
    }


def _clock_row(home: Row, r: ClockRun) -> Row:
    return {
        **home,
        "clock": r.clock,
        "run": r.run,
        "status": r.status,
        "started_at": instant_text(r.started_at),
        "due_on": _day(r.due_on),
        "due_at": _moment(r.due_at),
        "version": r.version,
        "original_due_on": _day(r.original_due_on),
        "budget": r.budget,
        "consumed": r.consumed,
        "running_since": _moment(r.running_since),
        "edition": r.edition,
        "provisional": r.provisional,
        "handed_in_on": _day(r.handed_in_on),
        "ended_on": _day(r.ended_on),
        "fired": r.fired,
        "next_step": r.next_step,
        "next_occurrence": r.next_occurrence,
        "next_at": _moment(r.next_at),
    }


def _timer_row(home: Row, key: TimerKey, due_at: datetime, status: str, fired_at: datetime | None) -> Row:
    return {
        **home,
        **key._asdict(),
        "status": status,
        "due_at": instant_text(due_at),
        "fired_at": _moment(fired_at),
        "owner": None,
        "lease_until": None,
        "attempts": 0,
        "error": None,
    }


def _crossed_row(home: Row, crossing: Crossing, at: datetime) -> Row:
    return _timer_row(home, crossing.key, crossing.nominal_at, crossing.how, at)


def _request_row(home: Row, r: Request) -> Row:
    return {
        **home,
        "ordinal": r.ordinal,
        "kind": r.kind,
        "status": r.status,
        "level": r.level,
        "asked_by": r.asked_by,
        "asked_on": r.asked_on.isoformat(),
        "decided_by": r.decided_by,
        "decided_on": _day(r.decided_on),
        "data": r.data,
        "reason": r.reason,
    }


def _document_rows(home: Row, documents: Iterable[Document], numbers: Mapping[int, str]) -> tuple[list[Row], list[Row]]:
    """Return the rows of papers, and those of the ticket's place on each."""
    papers: list[Row] = []
    items: list[Row] = []
    for d in documents:
        key = d.id or f"{home['number']}-{d.ordinal}"
        papers.append(
            {
                "district": home["district"],
                "id": key,
                "kind": d.kind,
                "unit": d.unit,
                "status": d.status,
                "level": d.level,
                "signer": d.signer,
                "request": d.request,
                "drafted_on": d.drafted_on.isoformat(),
                "number": d.number or numbers.get(d.ordinal),
                "signed_by": d.signed_by,
                "signed_on": _day(d.signed_on),
                "drafted_by": d.drafted_by,
                "served_on": _day(d.served_on),
                "served_by": d.served_by,
                "served_via": d.served_via,
                "acknowledged_on": _day(d.acknowledged_on),
                "acknowledged_by": d.acknowledged_by,
                "inspection": d.inspection,
                "corrects": d.corrects,
                "reason": d.reason,
            }
        )
        items.append({**home, "ordinal": d.ordinal, "document": key, "place": d.place})
    return papers, items


def standing_rows(
    ticket: Ticket, clocks: Iterable[ClockRun], requests: Iterable[Request], documents: Iterable[Document]
) -> dict[str, Any]:
    """Turn how a ticket stands into plain rows, to be read back by `decode`."""
    home = {"district": ticket.district, "number": ticket.number}
    papers = tuple(documents)
    items = zip(_document_rows(home, papers, {})[0], papers, strict=True)
    return {
        "ticket": _ticket_row(ticket),
        "clocks": [_clock_row(home, run) for run in clocks],
        "requests": [_request_row(home, request) for request in requests],
        "documents": [{**row, "ordinal": d.ordinal, "place": d.place} for row, d in items],
    }


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _moment(moment: datetime | None) -> str | None:
    return instant_text(moment) if moment else None
