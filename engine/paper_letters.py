"""What is told of a paper (文书), once to everybody concerned, and when nobody need be told any more."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from .days import told_on
from .decision import Decision
from .gathering import Letter, gather, item_line, notice_letter
from .moments import local_day
from .overtaken import handed_in
from .paper import ADDRESSED, Item, Plan, title_of
from .stimulus import PaperStep
from .ticket import Plain
from .values import as_date
from .vocabulary import LEVELS, PAPER_STEPS

__all__ = ["Told", "no_longer", "paper_named", "told_of", "told_once"]

_KEY = re.compile(r"(?:[^:]+:)?paper:(?P<paper>[^:]+):(?P<step>[a-z]+):\d+:.+")


class Told(NamedTuple):
    """What a message tells of a paper: the step that was taken with it."""

    paper: str
    step: str


def told_of(key: str) -> Told | None:
    """Return what a message tells of a paper, from the message's key; None for every other message."""
    found = _KEY.fullmatch(key)
    return Told(found["paper"], found["step"]) if found else None


def paper_named(key: str, steps: Collection[str] = tuple(PAPER_STEPS)) -> str | None:
    """Return the paper of which a message tells one of some steps, by the message's key; None for every other message."""
    told = told_of(key)
    return told.paper if told is not None and told.step in steps else None


def no_longer(step: str, items: Sequence[Item]) -> str | None:
    """Say in words why nobody need be told any more that a step was taken with a paper; None while somebody need.

    What a draft and a signature ask for is the next step; what is served is worth telling until its last item is handed in.
    """
    if not items:
        return None
    paper = items[0].paper
    if step in (*_ASKS, "serve") and paper.status in ("withdrawn", "void"):
        return f"{title_of(paper)}已撤稿或作废，不再通知"
    if step in _ASKS and paper.status != _ASKS[step]:
        return f"{title_of(paper)}已办到下一步，不用再办"
    if step == "serve" and all(i.off or handed_in(i.snapshot) for i in items):
        return f"{title_of(paper)}上的隐患都已提交、办结或撤下，不再通知送达"
    return None


_ASKS: Mapping[str, str] = {
    "draft": "draft",
    "sign": "signed",
}  #: step → how the paper stands while the next one is asked


def told_once(plan: Plan, decisions: Sequence[Decision], now: datetime) -> list[Decision]:
    """Let everybody concerned hear of the paper once, not of each hazard on it."""
    snapshots, hand = [s for s, _ in plan.parts], plan.parts[0][1].hand
    params: dict[str, Plain] = {
        "paper": title_of(plan.paper),
        "action": f"{title_of(plan.paper)}{PAPER_STEPS[plan.step]}",
        "reason": plan.paper.reason or None,
        "next_step": _next_step(plan),
        **(_pressing(plan, now) if plan.template == "supervision_served" else {}),
    }
    letter = Letter(
        key=f"paper:{plan.paper.id}:{plan.step}:{decisions[0].ticket.rev}",
        template=plan.template,
        params=params,
        persons=plan.persons,
        urgent=plan.urgent,
    )
    if plan.step == "verify":
        params["lines"] = "\n".join(_verdict(p, d) for (_, p), d in zip(plan.parts, decisions, strict=True))
    if plan.step == "serve" and len(plan.parts) > 1:  # so that an answer can name single ones
        lines = (item_line(p.document.place, s.fields, s.case.number) for s, p in plan.parts)
        params["lines"] = "\n".join(lines)
    told = notice_letter(snapshots, letter, plan.told, hand, local_day(now))
    return gather(decisions, told, snapshots[0].directory, hand)


def _next_step(plan: Plan) -> str | None:
    """Say what is left to the unit; a supervision paper asks for a signature only where a hazard still waits for one."""
    if plan.step != "serve" or plan.paper.kind == "rectification_notice":
        return _NEXT.get(plan.step)
    waiting = any(s.workflow.states[s.case.state].stage == "assigned" for s, _ in plan.parts)
    return "先签收还没有签收的隐患" if waiting and plan.paper.kind in ADDRESSED else None


def _pressing(plan: Plan, now: datetime) -> dict[str, Plain]:
    """Return what a supervision paper presses with: the level of a listing, and how long the latest item is overdue."""
    first = min((day for s, _ in plan.parts if (day := as_date(s.fields.get("due_on")))), default=None)
    level = LEVELS.get(plan.paper.level or "") if plan.paper.kind == "listing_notice" else None
    return {"level": level, **told_on({"ends": first.isoformat() if first else None}, now)}


def _verdict(part: PaperStep, decision: Decision) -> str:
    """Write the opinion on one item as a line of a list."""
    line = item_line(part.document.place, decision.ticket.fields)
    if decision.ticket.marks.get("passed_on"):
        return f"{line}：合格"
    reason = (part.act.data.get("reason") if part.act else None) or "未整改到位"
    return f"{line}：不合格，{reason}"


_NEXT: Mapping[str, str] = {
    "draft": "签发",
    "sign": "送达责任单位",
    "serve": "签收，逐项整改，按时限提交整改报告",
    "reply": "逐项复查",
}  #: after the others nothing is left to the reader of the message
