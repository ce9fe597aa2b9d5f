"""What waits for a person today: by the person's posts, everything for those who keep the ledger."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._answers.listing import OPEN, letters
from rectiflow._desk import CallView, call_views, request_views
from rectiflow._identity import keeps_all
from rectiflow._incidents import incidents
from rectiflow._messages import outbox, returned
from rectiflow._papers import paper_lines
from rectiflow._views import find_open, is_overdue, turn_of
from rectiflow.engine.clocks import main_clock
from rectiflow.engine.inspecting import turn_roles
from rectiflow.engine.moments import hours_left, local_day
from rectiflow.engine.roles import people, standing
from rectiflow.engine.ticket import ClockRun, Ticket
from rectiflow.engine.values import as_date
from rectiflow.engine.workflow import Workflow
from rectiflow.storage.queries import TicketFilter

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["Section", "Today", "TodayItem", "today"]

WEEK_DAYS = 7  #: how far `week` looks ahead, in natural days


class TodayItem(Struct, frozen=True, kw_only=True):
    """One thing that waits. `ordinal` is that of a request or paper, `key` that of a paper, message or incident.

    `days` counts natural days: left until the date (negative: past it) where there is one, else waited since.
    """

    section: str
    number: str | None
    title: str
    unit: str = ""
    state: str = ""
    turn: tuple[str, ...] = ()
    others: tuple[str, ...] = ()  #: of a step that is an office's and not this person's: whose it is
    since: date | None = None
    due_on: date | None = None
    hours: int | None = None  #: left, where it is due within a day
    days: int | None = None
    ordinal: int | None = None
    key: str = ""
    detail: str = ""
    call: CallView | None = None


class Section(Struct, frozen=True, kw_only=True):
    """A heading with what waits under it."""

    id: str
    title: str
    items: tuple[TodayItem, ...]


class Today(Struct, frozen=True, kw_only=True):
    """All that waits: `everything` tells whether it is the whole district's, `until` how far ahead it looks."""

    day: date
    until: date
    person: str
    everything: bool
    sections: tuple[Section, ...]


class _Reader(Struct, frozen=True):
    """Whose view it is."""

    flow: Rectiflow
    person: str
    day: date
    everything: bool
    below: frozenset[str]  #: units the person's posts look after

    def concerned(self, workflow: Workflow, ticket: Ticket, section: str) -> bool:
        """Tell whether the person could do something here, or looks after the unit whose date it is."""
        looked_after = section in ("overdue", "due") and ticket.fields.get("responsible_unit") in self.below
        if self.everything or looked_after:
            return True
        found = workflow.by_state.get(ticket.state, {}).values()
        taking = (r for ts in found for t in ts for r in t.by)
        roles = dict.fromkeys((*turn_roles(workflow, ticket), *taking))
        directory = self.flow.directory()
        return standing(workflow, roles, ticket.fields, directory, self.person, self.day) is not None


def today(flow: Rectiflow, *, by: str, week: bool = False) -> Today:
    """List what is due, overdue, and waits for somebody, oldest first.

    Args:
        week: look seven days ahead instead of at today's dates alone.
    """
    day = flow.today()
    until = day + timedelta(days=WEEK_DAYS) if week else day
    everything = keeps_all(flow, by)
    posts = flow.directory().posts_of(by, day)
    below = frozenset(u for p in posts for u in flow.directory().below(p.unit))
    reader = _Reader(flow, by, day, everything, below)
    items = [*_tickets(reader, until), *_requests(reader), *_papers(reader), *_calls(reader)]
    if everything:
        items += [*_undelivered(flow), *_letters(flow, by), *_incidents(flow)]
    return Today(
        day=day,
        until=until,
        person=flow.directory().person_name(by),
        everything=everything,
        sections=tuple(_sections(flow, items, week=week)),
    )


def _tickets(reader: _Reader, until: date) -> Iterator[TodayItem]:
    flow = reader.flow
    due = find_open(flow, TicketFilter(due_by=until), reader.person)
    waiting = find_open(flow, TicketFilter(states=_waiting_states(flow)), reader.person)
    for ticket in {t.number: t for t in (*due, *waiting)}.values():
        workflow = flow.words_of(ticket)
        section = _section(workflow, ticket, reader.day, until)
        if section and reader.concerned(workflow, ticket, section):
            yield _item(reader, workflow, ticket, section)


def _section(workflow: Workflow, ticket: Ticket, day: date, until: date) -> str:
    main, due_on = main_clock(workflow), as_date(ticket.marks.get("due_on"))
    if is_overdue(workflow, ticket, day):
        return "overdue"
    running = main is not None and ticket.state in main.runs_in
    if running and due_on is not None and due_on <= until:
        return "due"
    state = workflow.states[ticket.state]
    return "" if running and state.stage == "rectifying" else f"state:{state.title}"


def _item(reader: _Reader, workflow: Workflow, ticket: Ticket, section: str) -> TodayItem:
    main = section in ("overdue", "due")
    run = None if main else _state_due(reader, workflow, ticket)
    due_on = as_date(ticket.marks.get("due_on")) if main else run.due_on if run is not None else None
    days = (due_on - reader.day).days if due_on else (reader.day - ticket.since).days
    return TodayItem(
        section=section,
        number=ticket.number,
        title=ticket.fields.get("description") or "",
        unit=reader.flow.directory().unit_name(ticket.fields.get("responsible_unit")),
        state=workflow.states[ticket.state].title,
        turn=turn_of(reader.flow, workflow, ticket),
        others=() if main else _others(reader, workflow, ticket),
        since=ticket.since,
        due_on=due_on,
        hours=hours_left(run.due_at, reader.flow.now()) if run is not None else None,
        days=days,
    )


def _others(reader: _Reader, workflow: Workflow, ticket: Ticket) -> tuple[str, ...]:
    """Return whose turn it is where that is neither this person's nor the responsible unit's own, which goes without saying."""
    directory, unit = reader.flow.directory(), ticket.fields.get("responsible_unit")
    turn = people(workflow, turn_roles(workflow, ticket), ticket.fields, directory, reader.day)
    theirs = any(post.unit == unit for p in turn for post in directory.posts_of(p, reader.day))
    return () if theirs or reader.person in turn else tuple(map(directory.person_name, turn))


def _state_due(reader: _Reader, workflow: Workflow, ticket: Ticket) -> ClockRun | None:
    """Return the clock by which the step at hand is to be taken: the one that ends first."""
    clocks, main = reader.flow.store.load(ticket.number).clocks, main_clock(workflow)
    runs = (clocks.get(c.id) for c in workflow.clocks.values() if c is not main and ticket.state in c.runs_in)
    dated = [(r.due_at, r) for r in runs if r is not None and r.live and r.due_at is not None]
    return min(dated, key=lambda d: d[0])[1] if dated else None


def _requests(reader: _Reader) -> Iterator[TodayItem]:
    for request in request_views(reader.flow, by=reader.person):
        if reader.everything or request.mine:
            due_on = request.due_on
            yield TodayItem(
                section="decide",
                number=request.number,
                ordinal=request.ordinal,
                title=f"{request.title}{f'（{request.level}）' if request.level else ''} {request.description}",
                unit=request.unit,
                turn=request.deciders,
                since=request.asked_on,
                due_on=due_on,
                days=(due_on - reader.day).days if due_on else (reader.day - request.asked_on).days,
            )


def _papers(reader: _Reader) -> Iterator[TodayItem]:
    """Yield drafts to sign, and what was signed and is still to be served: a line for each paper, not for each hazard."""
    for paper in paper_lines(reader.flow, by=reader.person, statuses=("draft", "signed")):
        draft = paper.status == "draft"
        serves = not draft and paper.kind == "rectification_notice"
        since = paper.drafted_on if draft else paper.signed_on or paper.drafted_on
        if (draft and (reader.everything or paper.mine)) or (serves and reader.everything):
            yield TodayItem(
                section="sign_off" if draft else "serve",
                number=None,
                key=paper.id,
                title=f"{paper.number or paper.title}（{len(paper.items)} 项）",
                unit=paper.unit,
                turn=paper.signers if draft else (),
                since=since,
                days=(reader.day - since).days,
            )


def _calls(reader: _Reader) -> Iterator[TodayItem]:
    for call in call_views(reader.flow, by=reader.person):
        if reader.everything or call.mine:
            since, count = local_day(call.since), len(call.numbers)
            several = f"（{count} 条）" if count > 1 else ""
            yield TodayItem(
                section="call",
                number=call.numbers[0],
                title=f"{call.cause if call.undelivered else call.clock}{several} {call.descriptions[0]}",
                unit=call.unit,
                turn=(call.callee,) if call.callee else (),
                since=since,
                days=(reader.day - since).days,
                detail=call.phone or "",
                call=call,
            )


def _undelivered(flow: Rectiflow) -> Iterator[TodayItem]:
    for message in (*outbox(flow, status="dead"), *returned(flow)):
        to = f"（{message.to}）" if message.to else ""
        yield TodayItem(
            section="returned" if message.status == "returned" else "undelivered",
            number=message.number,
            title=f"{message.recipient}{to}：{message.occasion}",
            turn=(message.recipient,),
            since=local_day(message.created_at),
            key=message.id,
            detail=message.detail,
        )


def _letters(flow: Rectiflow, by: str) -> Iterator[TodayItem]:
    """Yield what came in, as this person may see it: of a restricted hazard at most that there is something."""
    for letter in letters(flow, by=by, status=OPEN):
        sender = flow.directory().person_name(letter.person) if letter.person else letter.sender
        unseen = letter.status == "unseen"
        words = " ".join(letter.words.split())
        about = "" if letter.number else f"{sender}{f'“{letter.subject}”' if letter.subject else ''}："
        yield TodayItem(
            section="unseen" if unseen else "letter",
            number=letter.number,
            title=f"{sender}：{words}" if unseen and words else f"{about}{letter.outcome or letter.subject}",
            turn=(sender,) if sender else (),
            since=local_day(letter.received_at),
            key=letter.id,
        )


def _incidents(flow: Rectiflow) -> Iterator[TodayItem]:
    for incident in incidents(flow):
        yield TodayItem(
            section="incident",
            number=incident.number,
            title=incident.message,
            since=local_day(incident.opened_at),
            key=incident.id,
        )


def _sections(flow: Rectiflow, items: Iterable[TodayItem], *, week: bool) -> Iterator[Section]:
    found: dict[str, list[TodayItem]] = {}
    for item in items:
        found.setdefault(item.section, []).append(item)
    for key, title in _titles(flow, week=week).items():
        if key in found:
            ordered = sorted(found[key], key=lambda i: (i.due_on or i.since or date.max, i.number or ""))
            yield Section(id=key, title=title, items=tuple(ordered))


def _titles(flow: Rectiflow, *, week: bool) -> Mapping[str, str]:
    states = {f"state:{s.title}": s.title for w in flow.library.latest.values() for s in w.states.values()}
    return {
        "overdue": "逾期未整改",
        "due": f"{WEEK_DAYS} 日内到期" if week else "今日到期",
        **states,
        "decide": "待审批",
        "sign_off": "待签发",
        "serve": "待送达",
        "call": "待打电话",
        "undelivered": "未送达",
        "returned": "退回",
        "letter": "来信待处理",
        "unseen": "学校来信未看",
        "incident": "待处理事项",
    }


def _waiting_states(flow: Rectiflow) -> frozenset[str]:
    """Return the states in which a ticket waits for a step of somebody's, not for the work itself."""
    return frozenset(
        s.id
        for w in flow.library.latest.values()
        for s in w.states.values()
        if s.final is None and not (s.stage == "rectifying" and s.id in _running(w))
    )


def _running(workflow: Workflow) -> frozenset[str]:
    main = main_clock(workflow)
    return frozenset(main.runs_in) if main else frozenset()
