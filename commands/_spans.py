"""Lengths of time and steps of a ladder, as officials say them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rectiflow.engine.workflow import Clock, Span, Step, Workflow

__all__ = ["ladder", "length"]

_UNITS: Mapping[str, str] = {"workdays": "个工作日", "days": "日", "workhours": "个工作小时", "hours": "小时"}
_ACTS: Mapping[str, str] = {"remind": "提醒", "call": "电话催办", "propose": "提请"}


def length(workflow: Workflow, clock: Clock) -> str:
    """Return how long a deadline is: 5个工作日, or the field that says it."""
    from rectiflow.engine.workflow import FieldSpan

    within = clock.within
    if isinstance(within, FieldSpan):
        return f"按“{workflow.fields[within.field].title}”（{_UNITS[within.unit]}）"
    if within is None:
        return f"到“{workflow.fields[clock.until].title}”" if clock.until else ""
    return _said(within)


def ladder(workflow: Workflow, clock: Clock) -> str:
    """Return the steps of a deadline in their order."""
    return "；".join(_step(workflow, step) for step in clock.steps)


def _step(workflow: Workflow, step: Step) -> str:
    asked = workflow.requests[step.request].title if step.request else ""
    again = f"，以后每{_said(step.every)}" if step.every else ""
    widening = "、渐疏" if step.every and step.widen else ""
    return f"{_when(step.at)}{_ACTS[step.act]}{asked}{again}{widening}"


def _when(at: Span) -> str:
    if at.amount == 0:
        return "当天"
    return f"{'提前' if at.amount < 0 else '逾期'}{_said(at)}"


def _said(span: Span) -> str:
    return f"{abs(span.amount)}{_UNITS[span.unit]}"
