"""What passes from one person to another with a post: hazards, requests to decide, papers to sign, calls to make."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import TYPE_CHECKING

from msgspec import Struct, field

from rectiflow._views import is_overdue, pages
from rectiflow.engine.directory import Directory, Post
from rectiflow.engine.hands import role_title
from rectiflow.engine.inspecting import turn_roles
from rectiflow.engine.roles import holders
from rectiflow.engine.ticket import Snapshot, Ticket
from rectiflow.engine.values import as_date
from rectiflow.engine.visibility import may_see
from rectiflow.engine.vocabulary import PAPERS
from rectiflow.engine.workflow import Role, Workflow
from rectiflow.storage import queries
from rectiflow.storage.queries import TicketFilter

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["KINDS", "Change", "Passing", "counted", "days_left", "open_tickets", "passing"]

KINDS: Mapping[str, str] = {"ticket": "隐患", "request": "待审批", "paper": "待签发", "call": "待打电话"}
NAMED = "整改责任人"
_MASKED = "（限制类，只给有权限的人看）"


class Passing(Struct, frozen=True, kw_only=True):
    """One thing that passes: `role` says as what, `renamed` whether the hazard names another person from now on.

    `days_left` is that of a hazard still to be rectified, negative when it is overdue.
    """

    kind: str  #: ticket | request | paper | call
    number: str
    title: str
    unit: str
    state: str
    role: str
    due_on: date | None = None
    days_left: int | None = None
    ordinal: int | None = None
    renamed: bool = False


class Change(Struct, frozen=True, kw_only=True):
    """The organisation before and after, the day that is looked at, and by whom."""

    flow: Rectiflow
    before: Directory
    after: Directory
    day: date
    viewer: str | None
    persons: frozenset[str]  #: who loses something
    posts: tuple[Post, ...] = ()
    renamed: frozenset[str] = field(default_factory=frozenset[str])  #: hazards that name somebody else afterwards

    def role(self, workflow: Workflow, roles: Iterable[str], ticket: Ticket) -> str | None:
        """Return the first of the roles that changes hands on a ticket; None when none does."""
        return next((r for r in roles if self._passes(workflow, r, ticket)), None)

    def _passes(self, workflow: Workflow, role: str, ticket: Ticket) -> bool:
        had = set(holders(workflow, role, ticket.fields, self.before, self.day))
        has = set(holders(workflow, role, ticket.fields, self.after, self.day))
        return bool(had & self.persons) if self.before is self.after else had != has


def passing(change: Change) -> tuple[Passing, ...]:
    """List what passes: hazards by number, then requests, papers and calls, oldest first."""
    return (*_tickets(change), *_requests(change), *_papers(change), *_calls(change))


def open_tickets(flow: Rectiflow, units: frozenset[str] = frozenset()) -> Iterator[Ticket]:
    """Yield the open hazards of units (none given: of the district)."""
    yield from pages(flow, TicketFilter(units=units, open=True))


def days_left(workflow: Workflow, ticket: Ticket, due_on: date | None, today: date) -> int | None:
    """Return how many days a hazard has; None without a date, and once past it when the work was handed in."""
    days = (due_on - today).days if due_on is not None else None
    return days if days is not None and (days >= 0 or is_overdue(workflow, ticket, today)) else None


def counted(found: Iterable[Passing]) -> str:
    """Say in words how many of each kind pass."""
    kinds = [p.kind for p in found]
    said = {"ticket": "在办隐患", **{k: v for k, v in KINDS.items() if k != "ticket"}}
    words = [
        f"{title} {kinds.count(kind)} {'条' if kind == 'ticket' else '件'}"
        for kind, title in said.items()
        if kind in kinds
    ]
    return "，".join(words) or "没有在办事项"


def _tickets(change: Change) -> Iterator[Passing]:
    for ticket in open_tickets(change.flow, _units(change)):
        workflow = change.flow.workflow_of(ticket)
        renamed = ticket.number in change.renamed
        role = change.role(workflow, (*turn_roles(workflow, ticket), *_answering(workflow, change.posts)), ticket)
        if renamed or role is not None:
            yield _passing(
                change,
                workflow,
                ticket,
                kind="ticket",
                title=_described(change, workflow, ticket),
                role=NAMED if renamed else role_title(workflow, role or ""),
                due_on=as_date(ticket.marks.get("due_on")),
                renamed=renamed,
            )


def _requests(change: Change) -> Iterator[Passing]:
    flow = change.flow
    for row in queries.pending_requests(flow.store.engine, flow.district):
        snapshot = flow.snapshot(row["number"])
        kind = snapshot.workflow.requests.get(row["kind"])
        decider = kind.decider(row["level"]) if kind is not None else None
        if kind is not None and decider is not None and change.role(snapshot.workflow, (decider,), snapshot.case):
            run = snapshot.clocks.get(f"decide_{kind.id}")
            due_on = run.due_on if run is not None and run.live else None
            yield _of_snapshot(change, snapshot, "request", kind.title, decider, due_on=due_on, ordinal=row["ordinal"])


def _papers(change: Change) -> Iterator[Passing]:
    flow = change.flow
    for row in queries.documents(flow.store.engine, flow.district, status="draft"):
        snapshot = flow.snapshot(row["ticket"])
        if row["signer"] and change.role(snapshot.workflow, (row["signer"],), snapshot.case):
            title = PAPERS.get(row["kind"], row["kind"])
            yield _of_snapshot(change, snapshot, "paper", title, row["signer"], ordinal=row["ordinal"])


def _calls(change: Change) -> Iterator[Passing]:
    flow = change.flow
    for row in queries.open_tasks(flow.store.engine, flow.district):
        snapshot = flow.snapshot(row["number"])
        if change.role(snapshot.workflow, (row["role"],), snapshot.case):
            clock = snapshot.workflow.clocks.get(row["clock"])
            yield _of_snapshot(change, snapshot, "call", clock.title if clock else row["clock"], row["role"])


def _of_snapshot(
    change: Change,
    snapshot: Snapshot,
    kind: str,
    title: str,
    role: str,
    *,
    due_on: date | None = None,
    ordinal: int | None = None,
) -> Passing:
    workflow, ticket = snapshot.workflow, snapshot.case
    said = f"{title} {_described(change, workflow, ticket)}"
    return _passing(
        change, workflow, ticket, kind=kind, title=said, role=role_title(workflow, role), due_on=due_on, ordinal=ordinal
    )


def _passing(
    change: Change,
    workflow: Workflow,
    ticket: Ticket,
    *,
    kind: str,
    title: str,
    role: str,
    due_on: date | None,
    ordinal: int | None = None,
    renamed: bool = False,
) -> Passing:
    return Passing(
        kind=kind,
        number=ticket.number,
        title=title,
        unit=change.after.unit_name(ticket.fields.get("responsible_unit")),
        state=workflow.states[ticket.state].title,
        role=role,
        due_on=due_on,
        days_left=days_left(workflow, ticket, due_on, change.flow.today()) if kind == "ticket" else None,
        ordinal=ordinal,
        renamed=renamed,
    )


def _described(change: Change, workflow: Workflow, ticket: Ticket) -> str:
    """Return what a hazard is about, as far as who looks at the list may know."""
    if not may_see(workflow, ticket, change.before, change.viewer or "", change.flow.today()):
        return _MASKED
    return str(ticket.fields.get("description") or "")


def _units(change: Change) -> frozenset[str]:
    """Return the units outside which nothing can change hands; empty when it may be anywhere in the district."""
    held = frozenset(r for p in change.posts for r in p.roles)
    roles = [r for w in change.flow.library.latest.values() for r in w.roles.values() if r.id in held]
    local = bool(change.posts) and all(_is_local(r) for r in roles)
    return frozenset(p.unit for p in change.posts) if local else frozenset()


def _answering(workflow: Workflow, posts: Iterable[Post]) -> tuple[str, ...]:
    """Return the roles of the posts that answer for all hazards of their unit, whoever's turn it is."""
    held = frozenset(r for p in posts for r in p.roles)
    return tuple(r.id for r in workflow.roles.values() if r.id in held and _is_local(r))


def _is_local(role: Role) -> bool:
    return role.of == ("responsible_unit",) and role.up is None
