"""A change of the organisation with all that follows from it: posts, tickets, messages, incidents in one transaction."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from msgspec import Struct
from sqlalchemy import Connection, update

from rectiflow.engine.decision import Decision, IncidentDraft, MessageDraft
from rectiflow.engine.directory import Changes
from rectiflow.engine.errors import Conflict
from rectiflow.engine.ticket import Ticket

from .connect import writing
from .organisation import write_changes
from .rows import incident_row, message_row
from .store import Store
from .tables import table

__all__ = ["ORGANISATION", "Reorganisation", "Reorganising"]

ORGANISATION = "单位和人员"  #: what a Conflict names when the organisation has changed meanwhile


class Reorganisation(Struct, frozen=True, kw_only=True):
    """What is carried out together. `settled` are the keys of incidents that are over with it."""

    changes: Changes
    decisions: tuple[Decision, ...] = ()
    messages: tuple[MessageDraft, ...] = ()
    incidents: tuple[IncidentDraft, ...] = ()
    settled: tuple[str, ...] = ()


class Reorganising(Store):
    """A store that carries decisions out in the transaction that changes the organisation."""

    def reorganise(
        self, district: str, what: Reorganisation, *, revision: int, prefix: str, by: str | None, now: datetime
    ) -> list[Ticket]:
        """Carry everything out, or nothing; return the tickets as they are then stored.

        Args:
            revision: the organisation's, from which it was decided.
            by: who closes what is settled; None: the machine.

        Raises:
            Conflict: the organisation or a ticket has changed since; nothing is written.
            WorkplaceError: an account would belong to two persons; nothing is written.
        """
        with writing(self.engine) as connection:
            if write_changes(connection, district, what.changes) != revision + 1:
                raise Conflict(ORGANISATION)
            driver: Any = connection.connection.driver_connection
            cursor = driver.cursor()  # of the same transaction
            stored = [self._apply(cursor, d, prefix, None, {}, None) for d in what.decisions]
            message, incident = self.statements.once["message"], self.statements.once["incident"]
            for m in what.messages:
                cursor.execute(message.sql, message.values(message_row(district, None, 0, m, now)))
            for i in what.incidents:
                cursor.execute(incident.sql, incident.values(incident_row(district, None, i, now)))
            _settle(connection, district, what.settled, by, now)
            return stored


def _settle(connection: Connection, district: str, keys: Iterable[str], by: str | None, now: datetime) -> None:
    i = table("incident")
    for key in keys:
        is_open = (i.c.district == district, i.c.key == f":{key}", i.c.status == "open")
        connection.execute(update(i).where(*is_open).values(status="closed", closed_at=now, closed_by=by))
