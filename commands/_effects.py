"""What a decision does, put into words: where the hazard goes, whose turn it is, which deadlines move, who is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rectiflow.engine.decision import Decision
    from rectiflow.engine.ticket import ClockRun

    from ._context import Session
    from ._doing import Done

__all__ = ["as_record", "effects", "headline", "told_together"]


def headline(made: Session, result: Done) -> str:
    """Return one line: the number, what was done, from where to where."""
    ticket, decision = result.ticket, result.decision
    workflow = result.workflow
    if not decision.events:
        return f"{ticket.number}  已有，没有重复登记（{workflow.states[ticket.state].title}）"
    before, here = result.before, workflow.states[ticket.state].title
    head = f"{ticket.number or '（新编号）'}  {result.action}"
    if before is None:
        return f"{head}：{here}"
    there = before.workflow.states[before.case.state].title
    return f"{head}：{there} → {here}" if before.case.state != ticket.state else f"{head}（{here}）"


def effects(made: Session, result: Done) -> Iterator[tuple[str, str]]:
    """Yield what follows from a decision, each with a label of two characters."""
    decision, ticket = result.decision, result.ticket
    from rectiflow._views import turn_of
    from rectiflow.engine.hands import role_title
    from rectiflow.engine.inspecting import turn_roles

    workflow = result.workflow
    unit = ticket.fields.get("responsible_unit")
    if result.before is None and decision.events and unit:
        yield "单位", made.flow.directory().unit_name(unit)
    roles = turn_roles(workflow, ticket)
    if roles and decision.events and (result.before is None or result.before.case.state != ticket.state):
        titles = "、".join(role_title(workflow, r) for r in roles)
        yield "轮到", f"{'、'.join(turn_of(made.flow, workflow, ticket)) or '（岗位空缺）'}（{titles}）"
    for text in _corrected(made, result):
        yield "更正", text
    for _, text in _deadlines(result):
        yield "时限", text
    for occasion, names in _told(made, decision).items():
        yield "提醒", f"{occasion} → {'、'.join(names)}"
    yield from _requests(result)
    yield from _papers(made, result)
    for incident in decision.incidents:
        yield "待办", incident.message


def as_record(made: Session, result: Done) -> dict[str, Any]:
    """Return what a decision does as JSON shows it."""
    from rectiflow._views import turn_of

    decision, ticket = result.decision, result.ticket
    workflow = result.workflow
    return {
        "number": ticket.number or None,
        "state": ticket.state,
        "state_title": workflow.states[ticket.state].title,
        "turn": turn_of(made.flow, workflow, ticket),
        "deadlines": [
            {"clock": run.clock, "status": run.status, "due_on": run.due_on, "change": text}
            for run, text in _deadlines(result)
        ],
        "messages": [{"occasion": occasion, "recipients": names} for occasion, names in _told(made, decision).items()],
        "requests": [{"ordinal": r.ordinal, "kind": r.kind, "status": r.status} for r in decision.requests],
        "papers": [{"ordinal": d.ordinal, "kind": d.kind, "status": d.status} for d in decision.documents],
        "warnings": decision.warnings,
    }


def _corrected(made: Session, result: Done) -> Iterator[str]:
    """Yield what is on record otherwise than before, where something was corrected."""
    from rectiflow.engine.values import show

    workflow, directory = result.workflow, made.flow.directory()
    for event in result.decision.events:
        before = event.private.get("before", {})
        for name, value in event.private.get("after", {}).items():
            was, now = (show(workflow, name, v, directory) for v in (before.get(name), value))
            yield f"{workflow.fields[name].title}：{was} → {now}"


def _deadlines(result: Done) -> Iterator[tuple[ClockRun, str]]:
    before, decision = result.before, result.decision
    titles = {k: c.title for k, c in result.workflow.clocks.items()}
    known: Mapping[str, ClockRun] = before.clocks if before is not None else {}
    if before is not None:
        titles = {**{k: c.title for k, c in before.workflow.clocks.items()}, **titles}
    latest = {r.clock: r for r in sorted(decision.clocks, key=lambda r: r.run)}
    for run in latest.values():
        text = _moved(titles.get(run.clock, run.clock), known.get(run.clock), run)
        if text:
            yield run, text


def _moved(title: str, was: ClockRun | None, run: ClockRun) -> str:
    """Say how a deadline changes; "" when a person need not know."""
    from rectiflow.engine.moments import due_text

    if not run.live:
        ended = "撤销" if run.due_on is None else "办结" if run.status == "met" else "停止"
        return f"{title} {ended}{_missed(was, run)}" if was is not None and was.live and was.due_on else ""
    if run.due_on is None:
        return f"{title} 未定"
    until = due_text(run.due_on, run.due_at)
    if was is None or was.run != run.run or not was.live:
        return f"{title} {until}{'（暂定）' if run.provisional else ''}"
    if (was.due_on, was.due_at) != (run.due_on, run.due_at):
        return f"{title} {due_text(was.due_on, was.due_at) if was.due_on else '未定'} 改为 {until}"
    if was.status != run.status:
        return f"{title} {until} 不变，{'暂停提醒' if run.status == 'paused' else '继续提醒'}"
    return ""


def _missed(was: ClockRun, run: ClockRun) -> str:
    """Say from which date a clock that is stopped would have been late, and by how much."""
    from rectiflow.engine.moments import due_text

    if run.status == "met" or was.due_on is None or run.ended_on is None:
        return ""
    days = (run.ended_on - was.due_on).days
    return f"（原为 {due_text(was.due_on, was.due_at)}{f'，已逾期 {days} 天' if days > 0 else ''}）"


def _told(made: Session, decision: Decision) -> dict[str, list[str]]:
    from rectiflow._views import occasion

    directory, found = made.flow.directory(), dict[str, list[str]]()
    for message in decision.messages:
        found.setdefault(occasion(message.template), []).append(directory.person_name(message.recipient))
    return {what: list(dict.fromkeys(names)) for what, names in found.items()}


def told_together(made: Session, decisions: Iterable[Decision]) -> list[str]:
    """Say for several decisions who would be told of what, and how often where that is more than once."""
    found: dict[str, Counter[str]] = {}
    for decision in decisions:
        for what, names in _told(made, decision).items():
            found.setdefault(what, Counter()).update(names)
    return [
        f"{what} → {'、'.join(f'{name}（{n} 条）' if n > 1 else name for name, n in counted.items())}"
        for what, counted in found.items()
    ]


def _requests(result: Done) -> Iterator[tuple[str, str]]:
    from rectiflow._desk import REQUEST_STATUS

    workflow = result.before.workflow if result.before is not None else result.workflow
    for request in result.decision.requests:
        kind = workflow.requests.get(request.kind)
        title = kind.title if kind else request.kind
        yield "申请", f"第 {request.ordinal} 件 {title}：{REQUEST_STATUS.get(request.status, request.status)}"


def _papers(made: Session, result: Done) -> Iterator[tuple[str, str]]:
    from rectiflow._desk import PAPER_STATUS
    from rectiflow.engine.vocabulary import PAPERS

    signed = any(d.status == "signed" for d in result.decision.documents) and not result.dry
    stored = {d.ordinal: d.number for d in made.flow.snapshot(result.number).documents} if signed else {}
    for paper in result.decision.documents:
        title, number = PAPERS.get(paper.kind, paper.kind), stored.get(paper.ordinal)
        taken = f" {number}" if paper.status == "signed" and number else ""
        yield "文书", f"第 {paper.ordinal} 件 {title}：{PAPER_STATUS.get(paper.status, paper.status)}{taken}"
