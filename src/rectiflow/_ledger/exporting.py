"""The ledger goes out: the standard columns, one row a hazard, fit to be filled in and read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

from rectiflow._views import is_overdue
from rectiflow.engine.carrying import MARK
from rectiflow.engine.chain import Event
from rectiflow.engine.roles import people
from rectiflow.engine.ticket import Plain, Ticket
from rectiflow.engine.visibility import masked_phone, may_see
from rectiflow.engine.vocabulary import VIAS
from rectiflow.engine.workflow import Workflow
from rectiflow.storage import queries
from rectiflow.storage.queries import TicketFilter

from .columns import MASKED, TELLING, shown
from .filling import Offers
from .record import deeds_of, record_of

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["export_ledger"]

_DATES = ("found_on", "due_on", "completed_on", "verified_on", "closed_on")
#: Columns in which an empty cell of a .csv would be read as “as above”, as in a table with merged cells.
_CARRIED = ("unit", "inspecting_unit", "inspectors", "method")
_NOTHING = "—"
_CHUNK = 500  #: hazards whose histories are read at a time


def export_ledger(
    flow: Rectiflow,
    path: Path | str,
    *,
    wanted: TicketFilter | None = None,
    by: str | None = None,
    title: str | None = None,
) -> int:
    """Write the ledger of the chosen hazards as .xlsx or .csv; return how many rows it has.

    At the right end stand the columns in which a person says what is to be done with a row; a workbook offers there what
    `by` could do. What was entered by mistake (作废) is left out. A restricted hazard keeps its row, but not its description and other
    free text, unless `by` may see it; telephone numbers are masked unless `by` keeps the ledger.

    Args:
        wanted: which hazards; all by default.
        by: id or name of the person who exports; without one nothing restricted is shown and nothing can be filled in.
        title: the line above the table.

    Raises:
        FileUnwritable: the ending is unknown, or the file cannot be written.
        NotFound, Ambiguous: no such person.
    """
    from rectiflow.reports import COLUMNS, FILL_COLUMNS, write_ledger

    chosen = wanted or TicketFilter()
    tickets = [t for t in flow.tickets(chosen) if t.marks.get("outcome") != "void"]
    person = flow.directory().find_person(by).id if by else ""
    reader = _Reader(flow, person, flow.today(), fill=Path(path).suffix.lower() == ".csv")
    name = title or f"{flow.directory().district.name}校园安全隐患排查整改台账"
    columns = (*COLUMNS, *(FILL_COLUMNS if person else ()))
    rows, filters = reader.rows(tickets), _filters(flow, chosen)
    return write_ledger(rows, path, title=name, cutoff=flow.now(), filters_text=filters, columns=columns)


@dataclass(frozen=True)
class _Reader:
    """For whom the ledger is written, and on which day; `fill` marks cells that must not be blank."""

    flow: Rectiflow
    person: str
    today: date
    fill: bool

    def rows(self, tickets: Sequence[Ticket]) -> Iterator[Mapping[str, object]]:
        """Yield a row per hazard."""
        engine, district = self.flow.store.engine, self.flow.district
        offers = Offers(self.flow, self.person) if self.person and not self.fill else None
        for at in range(0, len(tickets), _CHUNK):
            some = tickets[at : at + _CHUNK]
            histories = queries.histories_of(engine, district, [t.number for t in some])
            for ticket in some:
                yield self._row(ticket, histories.get(ticket.number, [])) | self._filled(ticket, offers)

    def _filled(self, ticket: Ticket, offers: Offers | None) -> dict[str, object]:
        """Return what is offered in the cells to be filled in; a .csv has no lists."""
        if offers is None:
            return {}
        from rectiflow.reports import Pick

        return {"action": Pick(offers.titles(ticket)), "via": Pick(tuple(VIAS.values())[1:])}

    def _row(self, ticket: Ticket, events: Sequence[Event]) -> dict[str, object]:
        directory, workflow = self.flow.directory(), self.flow.words_of(ticket)
        record = record_of(ticket, deeds_of(events, directory))
        if not may_see(workflow, ticket, directory, self.person, self.today):
            record = {c: v for c, v in record.items() if c not in TELLING} | {"description": MASKED}
        row: dict[str, object] = dict.fromkeys(_CARRIED if self.fill else (), _NOTHING)
        row |= {c: shown(c, v, workflow, directory) for c, v in record.items()}
        row |= {c: date.fromisoformat(record[c]) for c in _DATES if c in record}
        row |= {"funds": Decimal(record["funds"])} if "funds" in record else {}
        extended = int(ticket.marks.get("extended") or 0)
        return row | {
            "number": ticket.number,
            "phone": self._phone(workflow, record),
            "overdue": is_overdue(workflow, ticket, self.today),
            "extended": f"延期{extended}次" if extended else None,
            "state": workflow.states[ticket.state].title,
            "carried": f"结转到{ticket.marks[MARK]}年" if ticket.marks.get(MARK) else None,
            "rev": ticket.rev,
        }

    def _phone(self, workflow: Workflow, record: Mapping[str, Plain]) -> str | None:
        directory = self.flow.directory()
        person = directory.persons.get(record.get("responsible_person") or "")
        phone = person.phone if person else None
        keeps = self.person in people(workflow, workflow.keepers, {}, directory, self.today)
        return phone if keeps else masked_phone(phone)


def _filters(flow: Rectiflow, wanted: TicketFilter) -> str:
    """Say in words what was selected."""
    directory, workflows = flow.directory(), flow.library.latest.values()
    items = {k: i for w in workflows for c in w.catalogues.values() for k, i in c.items.items()}
    states = {k: s.title for w in workflows for k, s in w.states.items()}
    parts = {
        "单位": [directory.unit_name(u) for u in sorted(wanted.units)],
        "类别": [items[c].title if c in items else c for c in sorted(wanted.categories)],
        "环节": [states.get(s, s) for s in sorted(wanted.states)],
        "流程": [w.title for w in workflows if w.id in wanted.workflows],
    }
    said = [f"{name}：{'、'.join(values)}" for name, values in parts.items() if values]
    flags = {
        "未办结": wanted.open is True,
        "已办结": wanted.open is False,
        "逾期": wanted.overdue_on is not None,
        "未定时限": wanted.undated,
        "挂牌督办": wanted.listed,
        "不含受限类别": not wanted.restricted,
    }
    said += [name for name, on in flags.items() if on]
    said += [f"{wanted.due_by}前到期"] if wanted.due_by else []
    return "；".join(said)
