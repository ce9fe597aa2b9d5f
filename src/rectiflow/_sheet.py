"""One hazard whole (一患一档): where it stands, its history in words, what was told to whom, what can be done."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING

from msgspec import Struct

from rectiflow._desk import PaperView, RequestView, paper_view, request_view
from rectiflow._messages import STATUS_TITLES, status_of
from rectiflow._views import TicketLine, line, occasion, seen
from rectiflow.engine.actions import Action
from rectiflow.engine.chain import Event
from rectiflow.engine.hands import role_title
from rectiflow.engine.inspecting import turn_roles
from rectiflow.engine.moments import hours_left
from rectiflow.engine.ticket import ClockRun, Plain, Snapshot
from rectiflow.engine.values import show
from rectiflow.engine.vocabulary import LEVELS, PAPER_STEPS, PAPERS, VIAS
from rectiflow.engine.workflow import Step, Workflow
from rectiflow.storage import queries

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["ActionView", "ClockView", "EventView", "Sheet", "Told", "event_title", "events", "sheet"]

_TITLES = {
    "reported": "上报",
    "imported": "期初建账",
    "amended": "更正",
    "voided": "作废",
    "reclassified": "改判",
    "undone": "撤销",
    "handed_over": "交接",
    "remarked": "补充说明",
    "unreached": "消息联系不上，转电话通知",
    "reached": "消息已发出，不用再打电话",
}
_REACHING = ("unreached", "reached", "called")
_VERDICTS = {"approved": "批准", "rejected": "不批准"}


class ClockView(Struct, frozen=True, kw_only=True):
    """One deadline that is alive; `days_left` counts natural days and is negative past the date."""

    id: str
    title: str
    status: str
    due_on: date | None
    due_at: datetime | None
    days_left: int | None
    hours_left: int | None  #: where it ends within a day
    original_due_on: date | None
    provisional: bool


class EventView(Struct, frozen=True, kw_only=True):
    """One line of the history (办理记录): whose statement, by whose hand, by what means, when, and what.

    `details` are titles and texts; they are empty once the private part was erased.
    """

    seq: int
    kind: str
    title: str
    from_state: str
    to_state: str
    actor: str
    in_place_of: str
    entered_by: str
    via: str
    happened_on: date
    recorded_at: datetime
    late: bool
    on_behalf: bool
    account: str  #: of the operating system, at whose keyboard it was entered
    own_account: bool  #: whether that account is the one of who entered it
    files: tuple[str, ...]  #: names of the files handed in with it
    details: tuple[tuple[str, str], ...]


class Told(Struct, frozen=True, kw_only=True):
    """One reminder: when it was written, about what, to whom, and whether it arrived."""

    at: datetime
    seq: int
    occasion: str
    recipient: str
    status: str
    status_title: str


class ActionView(Struct, frozen=True, kw_only=True):
    """One thing a person could do: `needs` are the titles of what has to be given with it."""

    kind: str
    trigger: str
    title: str
    allowed: bool
    needs: tuple[str, ...]
    reasons: tuple[str, ...]


class Sheet(Struct, frozen=True, kw_only=True):
    """A hazard on one page."""

    line: TicketLine
    role: str  #: title of the role whose turn it is
    fields: tuple[tuple[str, str], ...]
    clocks: tuple[ClockView, ...]
    requests: tuple[RequestView, ...]
    papers: tuple[PaperView, ...]
    events: tuple[EventView, ...]
    files: tuple[str, ...]  #: names of the files handed in, each content once however often it came
    told: tuple[Told, ...]  #: newest first
    actions: tuple[ActionView, ...]


def sheet(flow: Rectiflow, number: str, *, by: str) -> Sheet:
    """Return a hazard whole, as a person may see it.

    Raises:
        NotFound: there is no such number. Refused: it is restricted and the person is not involved.
    """
    snapshot = seen(flow, number, by)
    ticket, workflow, directory = snapshot.case, snapshot.workflow, snapshot.directory
    told = _told(flow, ticket.number)
    return Sheet(
        line=line(flow, ticket),
        role="、".join(role_title(workflow, r) for r in turn_roles(workflow, ticket)),
        fields=tuple(
            (workflow.fields[k].title, show(workflow, k, v, directory))
            for k, v in ticket.fields.items()
            if k in workflow.fields
        ),
        clocks=tuple(_clocks(flow, snapshot)),
        requests=tuple(request_view(flow, snapshot, r, by) for r in snapshot.requests),
        papers=tuple(paper_view(flow, snapshot, d, by) for d in snapshot.documents),
        events=tuple(_events(flow, snapshot, told)),
        files=_files(flow, ticket.number),
        told=told,
        actions=tuple(_action(workflow, a) for a in flow.actions(ticket.number, by=by)),
    )


def events(flow: Rectiflow, number: str, *, by: str) -> tuple[EventView, ...]:
    """Return a hazard's history in order, in words.

    Raises:
        NotFound: there is no such number. Refused: it is restricted and the person is not involved.
    """
    snapshot = seen(flow, number, by)
    return tuple(_events(flow, snapshot, _told(flow, snapshot.case.number)))


def _files(flow: Rectiflow, number: str) -> tuple[str, ...]:
    rows = queries.evidence_of(flow.store.engine, flow.district, number)
    return tuple({r["sha256"]: r["name"] for r in rows}.values())


def _clocks(flow: Rectiflow, snapshot: Snapshot) -> Iterator[ClockView]:
    today = flow.today()
    for run in snapshot.clocks.values():
        clock = snapshot.workflow.clocks.get(run.clock)
        if run.live:
            yield _clock(run, clock.title if clock else run.clock, today, flow.now())


def _clock(run: ClockRun, title: str, today: date, now: datetime) -> ClockView:
    return ClockView(
        id=run.clock,
        title=title,
        status=run.status,
        due_on=run.due_on,
        due_at=run.due_at,
        days_left=(run.due_on - today).days if run.due_on else None,
        hours_left=hours_left(run.due_at, now),
        original_due_on=run.original_due_on,
        provisional=run.provisional,
    )


def _told(flow: Rectiflow, number: str) -> tuple[Told, ...]:
    directory = flow.directory()
    rows = queries.messages(flow.store.engine, flow.district, number=number)
    return tuple(
        Told(
            at=r["created_at"],
            seq=r["seq"],
            occasion=occasion(r["template"]),
            recipient=directory.person_name(r["recipient"]),
            status=status_of(r),
            status_title=STATUS_TITLES.get(status_of(r)) or status_of(r),
        )
        for r in rows
    )


def _action(workflow: Workflow, action: Action) -> ActionView:
    titles = {**{k: f.title for k, f in workflow.fields.items()}, "level": "级别"}
    needs = dict.fromkeys((*action.asks, *action.wants))
    return ActionView(
        kind=action.kind,
        trigger=action.trigger,
        title=action.title,
        allowed=action.allowed,
        needs=tuple(titles.get(n, n) for n in needs),
        reasons=tuple(dict.fromkeys(r.message for r in action.reasons)),
    )


def _events(flow: Rectiflow, snapshot: Snapshot, told: Iterable[Told]) -> Iterator[EventView]:
    number = snapshot.case.number
    files: dict[int, list[str]] = {}
    for row in queries.evidence_of(flow.store.engine, snapshot.case.district, number):
        files.setdefault(row["seq"], []).append(row["name"])
    notices: dict[int, dict[str, list[str]]] = {}
    for message in told:
        notices.setdefault(message.seq, {}).setdefault(message.occasion, []).append(message.recipient)
    was = here = snapshot.workflow
    for event in flow.history(number):
        changed = event.public.get("marks", {}).get("workflow")  # the first line says it, and every change of workflow
        here = _named(snapshot, changed) if changed else here
        was = here if event.from_state is None else was
        yield _event(snapshot, (was, here), event, files.get(event.seq, ()), notices.get(event.seq, {}))
        was = here


def _named(snapshot: Snapshot, workflow: str) -> Workflow:
    """Return a workflow by id: a ticket may have changed into another since."""
    return snapshot.workflow if workflow == snapshot.workflow.id else snapshot.library.get(workflow, snapshot.workflow)


def _event(
    snapshot: Snapshot,
    workflows: tuple[Workflow, Workflow],
    event: Event,
    files: Iterable[str],
    notices: Mapping[str, list[str]],
) -> EventView:
    was, workflow = workflows
    directory, private = snapshot.directory, event.private or {}
    account, clerk = str(private.get("account") or ""), directory.persons.get(event.entered_by or "")
    moved = event.from_state is not None and (event.from_state != event.to_state or was is not workflow)
    whom = directory.person_name(str(event.public.get("person") or "")) if event.kind in _REACHING else ""
    details = [*([("对象", whom)] if whom else []), *_details(snapshot, workflow, private)]
    details += [("佐证材料", "、".join(files))] if files else []
    paper = event.public.get("document")
    details += [("文书", paper)] if isinstance(paper, str) else []
    details += (
        [("提醒", "；".join(f"{what}→{'、'.join(dict.fromkeys(who))}" for what, who in notices.items()))]
        if notices
        else []
    )
    return EventView(
        seq=event.seq,
        kind=event.kind,
        title=event_title(workflow, event),
        from_state=_state(was, event.from_state) if moved else "",
        to_state=_state(workflow, event.to_state) if moved or event.from_state is None else "",
        actor=directory.person_name(event.actor) or "系统",
        in_place_of=directory.person_name(event.in_place_of),
        entered_by=directory.person_name(event.entered_by),
        via=VIAS.get(event.via, "自动"),
        happened_on=event.happened_on,
        recorded_at=event.recorded_at,
        late=event.late,
        on_behalf=event.entered_by is not None and event.entered_by != event.actor,
        account=account,
        own_account=bool(clerk and clerk.account == account),
        files=tuple(files),
        details=tuple(details),
    )


def _state(workflow: Workflow, state: str | None) -> str:
    found = workflow.states.get(state or "")
    return found.title if found else state or ""


def event_title(workflow: Workflow, event: Event) -> str:
    """Say in a few words what happened."""
    if event.kind == "acted":
        return workflow.triggers.get(event.trigger, event.trigger)
    if event.kind in ("asked", "ruled"):
        kind = workflow.requests.get(event.trigger)
        level = LEVELS.get(event.public.get("level") or "")
        verb = "申请" if event.kind == "asked" else _VERDICTS.get(str(event.public.get("verdict")), "审批")
        return f"{verb}{kind.title if kind else event.trigger}" + (f"（{level}）" if level else "")
    if event.kind == "papered":
        kind_of, step = str(event.public.get("paper")), PAPER_STEPS.get(event.trigger, event.trigger)
        return f"{PAPERS.get(kind_of, kind_of)}{step}"
    if event.kind == "signed":
        return f"签发{PAPERS.get(event.trigger, event.trigger)}"
    if event.kind == "timer":
        return _timer_title(workflow, event)
    if event.kind == "called":
        clock = workflow.clocks.get(event.trigger)
        reached = "" if event.public.get("reached") else "（未接通）"
        return f"电话催办{reached}：{clock.title if clock else event.trigger}"
    if event.kind == "carried":
        return f"结转到 {event.public.get('year')} 年"
    return _TITLES.get(event.kind, event.kind)


def _timer_title(workflow: Workflow, event: Event) -> str:
    clock = workflow.clocks.get(event.trigger)
    if clock is None:
        return event.trigger
    found = (clock.steps[i] for s in event.public.get("steps", ()) if (i := clock.step(str(s[0]))) >= 0)
    acts = dict.fromkeys(_step(workflow, step) for step in found)
    return f"{clock.title}：{'、'.join(acts)}" if acts else clock.title


def _step(workflow: Workflow, step: Step) -> str:
    if step.act == "call":
        return "电话催办"
    if step.act == "propose":
        kind = workflow.requests.get(step.request or "")
        return f"建议{LEVELS.get(step.level or '', '')}{kind.title if kind else step.request}"
    return "催办" if step.at.amount > 0 else "提醒"


def _details(snapshot: Snapshot, workflow: Workflow, private: Mapping[str, Plain]) -> Iterator[tuple[str, str]]:
    def said(name: str, value: Plain) -> str:
        return show(workflow, name, value, snapshot.directory)

    for name, value in private.get("data", {}).items():
        if value not in (None, "", []) and name in workflow.fields:
            yield workflow.fields[name].title, said(name, value)
    before = private.get("before", {})
    for name, value in private.get("after", {}).items():
        title = workflow.fields[name].title if name in workflow.fields else name
        yield title, f"{said(name, before.get(name))} → {said(name, value)}"
    for name, title in (("reason", "理由"), ("note", "说明")):
        if private.get(name):
            yield title, str(private[name])
