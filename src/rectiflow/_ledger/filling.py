"""What a reader of the ledger could do with each hazard: what is offered in the column 操作."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from rectiflow.engine.actions import actions
from rectiflow.engine.errors import NotFound
from rectiflow.engine.ticket import Request, Ticket
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Offers"]


class Offers:
    """Tells by hazard what a person may do, from the list alone: no hazard is loaded one by one.

    What hangs on more than the list knows is told when it is tried.
    """

    def __init__(self, flow: Rectiflow, person: str) -> None:
        self.flow, self.person, self.now = flow, person, flow.now()
        self._pending: dict[str, list[Request]] = {}
        for row in queries.pending_requests(flow.store.engine, flow.district):
            self._pending.setdefault(row["number"], []).append(_request(row))

    def titles(self, ticket: Ticket) -> tuple[str, ...]:
        """Return the titles of what the person may do, in the flow's order."""
        try:
            blank = self.flow.blank(self.flow.workflow_of(ticket))
        except NotFound:  # the database has lost its definition, as the doctor says: nothing can be done with it
            return ()
        snapshot = replace(blank, ticket=ticket, requests=tuple(self._pending.get(ticket.number, ())))
        return _once(a.title for a in actions(snapshot, self.person, self.now) if a.allowed)


def _once(titles: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(titles))


def _request(row: Mapping[str, Any]) -> Request:
    names = ("ordinal", "kind", "status", "level", "asked_by", "asked_on")
    return Request(**{name: row[name] for name in names})
