"""What lists show of hazards, as plain records already in words; and what a person may see at all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from msgspec import Struct
from msgspec.structs import replace

from rectiflow.engine.clocks import main_clock
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import InputUnusable, NotFound, Reason, Refused
from rectiflow.engine.inspecting import turn_roles
from rectiflow.engine.moments import ZONE, end_of, local_day
from rectiflow.engine.roles import people
from rectiflow.engine.stimulus import Attachment, Report
from rectiflow.engine.ticket import Plain, Snapshot, Ticket
from rectiflow.engine.values import as_date, show
from rectiflow.engine.visibility import may_see
from rectiflow.engine.vocabulary import LEVELS
from rectiflow.engine.workflow import Workflow
from rectiflow.storage.queries import TicketFilter

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = [
    "Listing",
    "TicketLine",
    "attach",
    "find_open",
    "is_overdue",
    "line",
    "listing",
    "moment",
    "occasion",
    "pages",
    "preview_report",
    "seen",
    "ticket_filter",
    "turn_of",
]

_PAGE = 200  #: tickets read at a time


class TicketLine(Struct, frozen=True, kw_only=True):
    """One hazard in a list; `days_left` is negative past the date, `overdue` only while it is not handed in."""

    number: str
    workflow: str
    state: str
    state_title: str
    stage: str
    unit: str
    category: str
    place: str
    description: str
    severity: str
    listed: str | None
    restricted: bool
    found_on: date | None
    since: date
    due_on: date | None
    days_left: int | None
    overdue: bool
    turn: tuple[str, ...]


class Listing(Struct, frozen=True, kw_only=True):
    """A page of hazards; `hidden` counts restricted ones left out, `after` is the cursor of the next page, if any.

    `more` counts those beyond the limit where the list stands in an order of its own, which has no cursor.
    """

    lines: tuple[TicketLine, ...]
    hidden: int = 0
    after: str | None = None
    more: int = 0


def ticket_filter(
    flow: Rectiflow,
    *,
    unit: str | None = None,
    category: str | None = None,
    states: Sequence[str] = (),
    only_open: bool = False,
    overdue: bool = False,
    listed: bool = False,
    undated: bool = False,
    due_by: date | None = None,
) -> TicketFilter:
    """Return the filter for what people name by Chinese titles: a unit with all under it, a category with its parts.

    Raises:
        NotFound, Ambiguous: a unit, category or state of that name does not exist, or several do.
    """
    directory = flow.directory()
    return TicketFilter(
        units=directory.below(directory.find_unit(unit).id) if unit else frozenset(),
        categories=_category(flow, category) if category else frozenset(),
        states=frozenset(s for text in states for s in _states(flow, text)),
        open=True if only_open else None,
        overdue_on=flow.today() if overdue else None,
        undated=undated,
        listed=listed,
        due_by=due_by,
    )


def listing(
    flow: Rectiflow,
    wanted: TicketFilter,
    *,
    by: str,
    keep: Callable[[Ticket], bool] | None = None,
    search: str = "",
    after: str = "",
    limit: int | None = None,
) -> Listing:
    """List hazards in the order of their numbers, restricted ones only to who may see them.

    Args:
        keep: tells which of those the filter finds are wanted; None for all.
        search: a text that number, unit, place or description must contain.
        after: the cursor of the page before.
        limit: how many at most; None for all.
    """
    lines: list[TicketLine] = []
    hidden = 0
    for ticket in filter(keep, pages(flow, wanted, after)):
        if not _visible(flow, ticket, by):
            hidden += 1
            continue
        found = line(flow, ticket)
        if search and not _contains(found, search):
            continue
        if limit is not None and len(lines) == limit:
            return Listing(lines=tuple(lines), hidden=hidden, after=lines[-1].number if lines else after)
        lines.append(found)
    return Listing(lines=tuple(lines), hidden=hidden)


def line(flow: Rectiflow, ticket: Ticket) -> TicketLine:
    """Put one hazard into a line of a list."""
    workflow, directory, fields, today = flow.words_of(ticket), flow.directory(), ticket.fields, flow.today()
    state, due_on = workflow.states[ticket.state], as_date(ticket.marks.get("due_on"))
    return TicketLine(
        number=ticket.number,
        workflow=workflow.title,
        state=state.id,
        state_title=state.title,
        stage=state.stage,
        unit=directory.unit_name(fields.get("responsible_unit")),
        category=_said(workflow, "category", fields.get("category"), flow),
        place=_said(workflow, "place", fields.get("place"), flow),
        description=fields.get("description") or "",
        severity=ticket.severity,
        listed=LEVELS.get(ticket.listed or ""),
        restricted=ticket.restricted,
        found_on=as_date(fields.get("found_on")),
        since=ticket.since,
        due_on=due_on,
        days_left=(due_on - today).days if due_on else None,
        overdue=is_overdue(workflow, ticket, today),
        turn=turn_of(flow, workflow, ticket),
    )


def is_overdue(workflow: Workflow, ticket: Ticket, today: date) -> bool:
    """Tell whether the rectification is past its date and not handed in; waiting for the verifier is no delay."""
    main, due_on = main_clock(workflow), as_date(ticket.marks.get("due_on"))
    return main is not None and due_on is not None and due_on < today and ticket.state in main.runs_in


def turn_of(flow: Rectiflow, workflow: Workflow, ticket: Ticket) -> tuple[str, ...]:
    """Return the names of those whose turn it is."""
    directory = flow.directory()
    holders = people(workflow, turn_roles(workflow, ticket), ticket.fields, directory, flow.today())
    return tuple(directory.person_name(p) for p in holders)


def seen(flow: Rectiflow, number: str, by: str) -> Snapshot:
    """Return what is to be decided or shown of a hazard.

    Raises:
        NotFound: there is no such number.
        Refused: it is restricted, and `by` is neither granted nor involved.
    """
    snapshot = flow.snapshot(number)
    if not may_see(snapshot.workflow, snapshot.case, snapshot.directory, by, flow.today(), snapshot.requests):
        reason = Reason(code="restricted", message="属受限类别，只给经办的人和有“查看受限类别”权限的人看")
        raise Refused(snapshot.case.number, "查看", [reason])
    return snapshot


def preview_report(flow: Rectiflow, workflow: Workflow, stimulus: Report) -> Decision | Refusal:
    """Decide on a new hazard without carrying anything out."""
    return decide(workflow, flow.blank(workflow), stimulus, flow.now())


def attach(flow: Rectiflow, files: Iterable[Path], *, keep: bool) -> tuple[Attachment, ...]:
    """Put files into the evidence store; or (not `keep`) only say how they would be named.

    Raises:
        InputUnusable: a file is missing, empty or too large, or nothing keeps files here.
    """
    from rectiflow.storage.evidence import FolderEvidence

    paths = list(files)
    if not keep or isinstance(flow.evidence, FolderEvidence):
        with TemporaryDirectory() as folder:
            store = (
                flow.evidence if keep and isinstance(flow.evidence, FolderEvidence) else FolderEvidence(Path(folder))
            )
            return tuple(store.put_file(p) for p in paths)
    if flow.evidence is None and paths:
        raise InputUnusable("这里没有设置存放佐证材料的地方，请检查设置 evidence。")
    return tuple(flow.evidence.put(p.name, p.read_bytes()) for p in paths) if flow.evidence else ()


def occasion(template: str) -> str:
    """Return the Chinese name of what a message template is for."""
    from rectiflow.notifiers import OCCASIONS

    return OCCASIONS.get(template, template)


def moment(text: str) -> datetime:
    """Read an instant; a day alone means its end, so that everything of that day is in.

    Raises:
        InputUnusable: it is no time.
    """
    text = text.strip()
    try:
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text):
            year, month, day = map(int, text.split("-"))
            return end_of(date(year, month, day))
        found = datetime.fromisoformat(text)
    except ValueError as exc:
        raise InputUnusable(f"“{text}”不是时间，请写成 2024-12-02 或 2024-12-02T18:00。") from exc
    return found if found.tzinfo else found.replace(tzinfo=ZONE)


def find_open(flow: Rectiflow, wanted: TicketFilter, by: str) -> Iterator[Ticket]:
    """Yield the open hazards of a filter that a person may see."""
    for ticket in pages(flow, replace(wanted, open=True), ""):
        if _visible(flow, ticket, by):
            yield ticket


def pages(flow: Rectiflow, wanted: TicketFilter, after: str = "") -> Iterator[Ticket]:
    """Yield the hazards of a filter in the order of their numbers, read page by page."""
    while True:
        found = flow.tickets(wanted, after=after, limit=_PAGE)
        yield from found
        if len(found) < _PAGE:
            return
        after = found[-1].number


def _visible(flow: Rectiflow, ticket: Ticket, by: str) -> bool:
    if not ticket.restricted:
        return True
    workflow, directory, today = flow.words_of(ticket), flow.directory(), local_day(flow.now())
    if may_see(workflow, ticket, directory, by, today):
        return True
    return may_see(workflow, ticket, directory, by, today, flow.store.load(ticket.number).requests)


def _said(workflow: Workflow, name: str, value: Plain, flow: Rectiflow) -> str:
    return show(workflow, name, value, flow.directory()) if value else ""


def _contains(found: TicketLine, text: str) -> bool:
    where = (found.number, found.unit, found.place, found.description, found.category)
    return any(text.casefold() in part.casefold() for part in where)


def _category(flow: Rectiflow, text: str) -> frozenset[str]:
    catalogues = [w.catalogues["category"] for w in flow.library.latest.values() if "category" in w.catalogues]
    for catalogue in catalogues:
        item = catalogue.find(text)
        if item is not None:
            return frozenset(i for i in catalogue.items if i == item.id or catalogue.items[i].parent == item.id)
    tops = dict.fromkeys(i.title for c in catalogues for i in c.items.values() if i.parent is None)
    raise NotFound(f"没有类别“{text}”，可用：{'、'.join(tops)}。")


def _states(flow: Rectiflow, text: str) -> frozenset[str]:
    """Return workflow/state: one id may have other titles in other workflows."""
    states = [(f"{w.id}/{s.id}", s) for w in flow.library.latest.values() for s in w.states.values()]
    found = frozenset(key for key, s in states if text in (s.id, s.title))
    found = found or frozenset(key for key, s in states if s.title.startswith(text))
    if not found:
        titles = "、".join(dict.fromkeys(s.title for _, s in states))
        raise NotFound(f"没有环节“{text}”，可用：{titles}。")
    return found
