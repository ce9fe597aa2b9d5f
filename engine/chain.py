"""The hash chain of a ticket's history.

An event hashes a canonical, versioned encoding of the previous hash, its sequence, ticket, kind, trigger, ids and times,
its public part, and the salted digest of its private part. Names, telephone numbers and free text are private: erasing
them leaves the chain whole, and the salt keeps short texts from being guessed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from hashlib import sha256

from msgspec import Struct
from msgspec.json import Encoder
from msgspec.structs import replace

from .decision import EventDraft
from .ticket import Plain, Ticket

__all__ = ["ENCODING", "ChainBreak", "Event", "check_chain", "check_standing", "event_hash", "private_digest", "seal"]

_encode = Encoder(order="deterministic").encode
ENCODING = 1  #: version of the canonical encoding


class Event(Struct, frozen=True, kw_only=True):
    """One line of the history (办理记录) as it is kept. `private` is None once it was erased."""

    district: str
    number: str
    seq: int
    encoding: int
    kind: str
    trigger: str
    from_state: str | None
    to_state: str
    actor: str | None
    in_place_of: str | None
    entered_by: str | None
    via: str
    happened_on: date
    recorded_at: datetime
    late: bool
    public: Mapping[str, Plain]
    private_digest: str
    previous: str
    hash: str
    private: Mapping[str, Plain] | None = None
    salt: str | None = None


class ChainBreak(Struct, frozen=True, kw_only=True):
    """A place where a history is not what was written."""

    number: str
    seq: int
    message: str


def seal(draft: EventDraft, *, district: str, number: str, seq: int, previous: str, salt: str) -> Event:
    """Number, salt and chain an event; `previous` is "" for the first of a ticket."""
    digest = private_digest(draft.private, salt)
    unsealed = Event(
        district=district,
        number=number,
        seq=seq,
        encoding=ENCODING,
        kind=draft.kind,
        trigger=draft.trigger,
        from_state=draft.from_state,
        to_state=draft.to_state,
        actor=draft.actor,
        in_place_of=draft.in_place_of,
        entered_by=draft.entered_by,
        via=draft.via,
        happened_on=draft.happened_on,
        recorded_at=draft.recorded_at,
        late=draft.late,
        public=draft.public,
        private_digest=digest,
        previous=previous,
        hash="",
        private=draft.private,
        salt=salt,
    )
    return _with_hash(unsealed)


def private_digest(private: Mapping[str, Plain], salt: str) -> str:
    """Return the salted SHA-256 of a private part, in hex."""
    return sha256(salt.encode() + b"\n" + canonical(private)).hexdigest()


def event_hash(event: Event) -> str:
    """Return the hash an event must have.

    Raises:
        ValueError: the encoding is not known to this version.
    """
    if event.encoding != ENCODING:
        raise ValueError(f"办理记录的编码版本 {event.encoding} 本版本不认识，请升级。")
    parts = [
        event.encoding,
        event.previous,
        event.district,
        event.number,
        event.seq,
        event.kind,
        event.trigger,
        event.from_state,
        event.to_state,
        event.actor,
        event.in_place_of,
        event.entered_by,
        event.via,
        event.happened_on.isoformat(),
        event.recorded_at.astimezone(UTC).isoformat(timespec="microseconds"),
        event.late,
        event.public,
        event.private_digest,
    ]
    return sha256(canonical(parts)).hexdigest()


def check_chain(number: str, events: Iterable[Event], head: str | None = None) -> tuple[ChainBreak, ...]:
    """Check one ticket's history, in order; `head` is the hash the ticket itself remembers."""
    breaks: list[ChainBreak] = []
    previous, expected = "", 1
    for event in events:
        breaks += [ChainBreak(number=number, seq=event.seq, message=m) for m in _faults(event, expected, previous)]
        previous, expected = event.hash, event.seq + 1
    if head is not None and previous != head:
        breaks.append(ChainBreak(number=number, seq=expected - 1, message="末条记录与隐患登记的不一致，可能有记录被删"))
    return tuple(breaks)


def check_standing(ticket: Ticket | None, events: Iterable[Event]) -> tuple[ChainBreak, ...]:
    """Check that a ticket's state and milestones are what its history, taken together, left behind."""
    marks: dict[str, Plain] = {}
    state, seq = "", 0
    for event in events:
        marks |= event.public.get("marks") or {}
        state, seq = event.to_state, event.seq
    if ticket is None or ticket.seq != seq:  # read at another moment: the hash of the last line is compared elsewhere
        return ()
    if ticket.state == state and _said(ticket.marks) == _said(marks):
        return ()
    return (ChainBreak(number=ticket.number, seq=seq, message="隐患登记的环节或日期与办理记录不符，被改动过"),)


def _said(marks: Mapping[str, Plain]) -> dict[str, Plain]:
    return {k: v for k, v in marks.items() if v is not None}


def canonical(value: Plain) -> bytes:
    """Write JSON the one way that hashes are taken of: UTF-8, sorted keys, no spaces, no escapes."""
    return _encode(value)


def _faults(event: Event, expected: int, previous: str) -> list[str]:
    faults: list[str] = []
    if event.seq != expected:
        faults.append(f"缺第 {expected} 条记录")
    if event.previous != previous:
        faults.append("与上一条记录不衔接")
    if event_hash(event) != event.hash:
        faults.append("内容与校验值不符，被改动过")
    if event.private is not None and private_digest(event.private, event.salt or "") != event.private_digest:
        faults.append("人员与文字部分与校验值不符，被改动过")
    return faults


def _with_hash(event: Event) -> Event:
    return replace(event, hash=event_hash(event))
