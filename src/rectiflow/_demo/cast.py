"""Who acts in the demonstration: the posts' holders, found as the engine finds them."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Sequence
from datetime import date, timedelta
from typing import Any

from rectiflow._clock import SetClock
from rectiflow._flow import Rectiflow
from rectiflow.engine.errors import Refused
from rectiflow.engine.moments import at_hour, local_day
from rectiflow.engine.roles import people
from rectiflow.engine.stimulus import Attachment
from rectiflow.engine.ticket import Ticket
from rectiflow.engine.vocabulary import ACCEPTOR

__all__ = ["Cast", "dice"]


def dice(*parts: object) -> int:
    """Throw a die that always falls the same way for the same parts: 0 to 99."""
    return zlib.crc32(":".join(map(str, parts)).encode()) % 100


class Cast:
    """The people of the district at work; every act goes through the engine like anybody's."""

    def __init__(self, flow: Rectiflow, clock: SetClock) -> None:
        self.flow = flow
        self.clock = clock
        self.refusals: list[str] = []

    @property
    def today(self) -> date:
        """The virtual day."""
        return local_day(self.clock.now())

    def at(self, day: date, hour: int) -> None:
        """Put the clock to five past an hour of a day."""
        self.clock.set(at_hour(day, hour) + timedelta(minutes=5))

    def later(self, minutes: int = 7) -> None:
        """Let some minutes pass."""
        self.clock.forward(minutes=minutes)

    def workdays(self, start: date, end: date) -> int:
        """Count the working days from one day to another."""
        return self.flow.calendar.between(start, end)

    def who(self, ticket: Ticket, *roles: str) -> str | None:
        """Return who of the roles would act: the first holder who is not away."""
        found = self.all(ticket, *roles)
        directory = self.flow.directory()
        return next((p for p in found if not directory.deputies(p, self.today)), found[0] if found else None)

    def all(self, ticket: Ticket, *roles: str) -> tuple[str, ...]:
        """Return every holder of the roles."""
        workflow = self.flow.workflow_of(ticket)
        return people(workflow, roles, ticket.fields, self.flow.directory(), self.today)

    def post(self, role: str, unit: str | None = None) -> str:
        """Return the first holder of a role in a unit, or in the district."""
        return self.flow.directory().holders(role, unit, self.today)[0]

    def other(self, ticket: Ticket, first: str) -> str:
        """Return a second inspector who took no part: of the level that listed, else another verifier."""
        took = {p for entries in ticket.taken.values() for e in entries for p in (e.actor, e.entered_by)}
        directory = self.flow.directory()
        level = self.all(ticket, ACCEPTOR) if ticket.listed else ()
        candidates = (*level, *self.all(ticket, "verifier"), *directory.holders("verifier", None, self.today))
        return next(p for p in candidates if p not in {first, *took} and not directory.deputies(p, self.today))

    def rectifier(self, ticket: Ticket) -> str | None:
        """Return who is to rectify: as on record, else before the assignment the unit's safety officer or its head."""
        if ticket.state != "reported":
            return self.who(ticket, "rectifier")
        unit, holders = ticket.fields.get("responsible_unit"), self.flow.directory().holders
        candidates: Sequence[str] = (
            *holders("safety_officer", unit, self.today),
            *holders("principal", unit, self.today),
        )
        return ticket.fields.get("responsible_person") or next(iter(candidates), None)

    def photograph(self, ticket: Ticket) -> Attachment:
        """Return a picture taken after the work, kept as evidence."""
        assert self.flow.evidence is not None
        return self.flow.evidence.put(f"{ticket.number}整改后.png", _picture(ticket.number))

    def picture(self, seed: str) -> bytes:
        """Return a small picture, always the same for a seed."""
        return _picture(seed)

    def do(self, ticket: Ticket, trigger: str, by: str, **given: Any) -> Ticket:
        """Take an action; a refusal is noted and leaves the ticket as it is."""
        return self.attempt(ticket, lambda: self.flow.do(ticket.number, trigger, by=by, **given))

    def attempt(self, ticket: Ticket, step: Callable[[], Ticket]) -> Ticket:
        """Do something that may be refused; a refusal is noted and leaves the ticket as it is."""
        try:
            return step()
        except Refused as exc:
            self.refusals.append(f"{self.today} {exc}")
            return ticket

    def by_telephone(self, trigger: str) -> dict[str, Any]:
        """Say that the Safety Section enters what a school said on the telephone."""
        clerk = self.flow.directory().holders("safety_section", None, self.today)[-1]
        return {"via": "phone", "entered_by": clerk, "note": f"来电说明（{trigger}）"}


def _picture(seed: str) -> bytes:
    """Draw a small PNG, one colour per ticket."""
    width, height = 96, 64
    red, green, blue = (80 + dice(seed, c) for c in "rgb")
    row = b"\0" + bytes((red, green, blue)) * width
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(row * height)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
