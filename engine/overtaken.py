"""What has overtaken a message: what it asks for is done, or nobody asks for it any more; and who has to do with a hazard.

A message that only tells what has happened is never overtaken: 复查合格, 销号, 申请批复, 摘牌.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime

from msgspec import Struct, field

from .clocks import main_clock
from .outpaced import Beside, StepKey, outpaced, step_of
from .roles import ISSUER, LISTER, people
from .ticket import ClockRun, Request, Snapshot
from .visibility import unit_roles
from .vocabulary import ACCEPTOR, ON_DUTY, VOIDED
from .workflow import State

__all__ = ["GIVING", "Asked", "answered", "concerned", "handed_in", "overtaken"]

GIVING = frozenset({"assigned", "reassigned"})  #: occasions on which somebody is given work
_ONCE = frozenset({*GIVING, "submitted", "returned"})  #: of these the last one counts
_REQUEST = re.compile(r"[^:]+:request(?P<ordinal>\d+):.+")


class Asked(Struct, frozen=True, kw_only=True):
    """A message as it stands in the outbox.

    `occasion` is what it was told on, also where its words say no more than a number; `later` are the occasions of what was
    told of the hazard after it; `beside` are the messages about the hazard that the person was sent or that are to go, by
    key: looked at where it tells a step of a ladder; `unheard` says of what takes an assignment back
    that the recipient never heard of that.
    """

    key: str  #: begins with the number of the hazard
    recipient: str
    occasion: str
    at: datetime  #: when it was written
    later: Sequence[str] = ()
    beside: Mapping[str, Beside] = field(default_factory=dict[str, Beside])
    unheard: bool = False


def overtaken(snapshot: Snapshot, asked: Asked, today: date, *, paused: bool = True) -> str | None:
    """Say in words why a message need not be sent any more; None while it need.

    Args:
        paused: a deadline that rests is a reason not to remind of it.
    """
    over, step = _over(snapshot, asked, today, paused=paused), step_of(asked.key)
    if over is not None or step is None:
        return over
    own = asked.beside.get(asked.key)  # taken into another message, it has its own occasion still
    return outpaced(snapshot, step, asked.recipient, own.occasion if own else asked.occasion, asked.beside, today)


def _over(snapshot: Snapshot, asked: Asked, today: date, *, paused: bool) -> str | None:
    step, request = step_of(asked.key), _REQUEST.fullmatch(asked.key)
    if step is not None:
        return _run_over(snapshot.clocks, step, paused=paused)
    if request is not None:
        return _decided(snapshot.requests, int(request["ordinal"]))
    if asked.occasion in GIVING and GIVING.intersection(asked.later):
        return "隐患已重新交办，不再按原来的通知"
    if asked.occasion in _ONCE and asked.occasion in asked.later:
        return "后来另有同样的通知，以后来的为准"
    judge = _JUDGES.get(asked.occasion)
    return judge(snapshot, asked, today) if judge is not None else None


def answered(snapshot: Snapshot, asked: Asked, today: date) -> str | None:
    """Say why nobody need be told otherwise of what a message did not tell; None while somebody need.

    That is when it is overtaken, but not when a later step of its ladder is told: that may not arrive either; and an
    assignment that was signed for has arrived, by whatever way.
    """
    over = _over(snapshot, asked, today, paused=False)
    if over is not None or asked.occasion not in _SIGNED_FOR or _state(snapshot).stage == "assigned":
        return over
    return "隐患已签收"


def concerned(snapshot: Snapshot, today: date) -> frozenset[str]:
    """Return who has to do with a hazard today by what they hold: every role of its workflow, and who is on duty."""
    workflow, fields, directory = snapshot.workflow, snapshot.fields, snapshot.directory
    found = people(workflow, (*workflow.roles, ISSUER, LISTER, ACCEPTOR), fields, directory, today)
    unit = fields.get("responsible_unit")
    return frozenset((*found, *(directory.holders(ON_DUTY, unit, today) if unit else ())))


_SIGNED_FOR = frozenset({*GIVING, "paper_served"})


def _run_over(clocks: Mapping[str, ClockRun], step: StepKey, *, paused: bool) -> str | None:
    """Judge a step of a ladder by its clock: it was written under that run and that version of it."""
    run = clocks.get(step.clock)
    if run is None:
        return None
    if run.run != step.run or not run.live or (paused and run.status == "paused"):
        return "隐患已办到下一环节，不再提醒"
    return "时限已变更，不再按原时限提醒" if run.version != step.version else None


def _decided(requests: Sequence[Request], ordinal: int) -> str | None:
    pending = any(r.ordinal == ordinal and r.status == "pending" for r in requests)
    return None if pending else "申请已批复或已撤回，不用再审批"


def _given(snapshot: Snapshot, asked: Asked, today: date) -> str | None:
    """Judge an assignment: it is worth telling until the work is handed in; that it was given to others, until the end."""
    state = _state(snapshot)
    if state.final is not None:
        return f"隐患{state.title}，不再通知交办"
    if asked.occasion == "reassigned" and asked.recipient not in concerned(snapshot, today):
        return None
    if state.stage == "reported":
        return "交办已撤回或退回，不再通知"
    return f"隐患已到“{state.title}”环节，不再通知交办" if handed_in(snapshot) else None


def _submitted(snapshot: Snapshot, _asked: Asked, _today: date) -> str | None:
    state = _state(snapshot)
    waits = handed_in(snapshot) and state.stage == "rectifying"
    return None if waits else f"隐患已到“{state.title}”环节，不用再复查"


def _returned(snapshot: Snapshot, _asked: Asked, _today: date) -> str | None:
    state = _state(snapshot)
    return None if state.stage == "reported" else f"隐患已到“{state.title}”环节，不用再通知退回"


def _recalled(snapshot: Snapshot, asked: Asked, today: date) -> str | None:
    """Judge what was taken back: who has been given the same hazard again would read that as taken back.

    Who never heard that it was given learns nothing from its end.
    """
    state = _state(snapshot)
    if state.stage != "reported" and state.final in (None, "rectified"):
        own = people(snapshot.workflow, unit_roles(snapshot.workflow), snapshot.fields, snapshot.directory, today)
        if asked.recipient in own:
            return "隐患已重新交办本单位，不再通知撤回"
    return "交办没有发出就已撤回，不用再通知撤回" if asked.unheard else None


def _controlled(snapshot: Snapshot, asked: Asked, today: date) -> str | None:
    """Judge what asks the unit to secure a major hazard first; whom it only informs it still does."""
    own = people(snapshot.workflow, unit_roles(snapshot.workflow), snapshot.fields, snapshot.directory, today)
    done = "control" in snapshot.case.taken and not snapshot.workflow.leaving(snapshot.case.state, "control")
    return "已先行管控，不用再通知" if done and asked.recipient in own else None


def _state(snapshot: Snapshot) -> State:
    state = snapshot.case.state
    return VOIDED if state == VOIDED.id else snapshot.workflow.states[state]


def handed_in(snapshot: Snapshot) -> bool:
    """Tell whether the work waits to be judged, or has passed."""
    state, main = _state(snapshot), main_clock(snapshot.workflow)
    return (
        state.final is not None
        or state.stage in ("verified", "closed")
        or (main is not None and state.id in main.paused_in)
    )


_JUDGES: Mapping[str, Callable[[Snapshot, Asked, date], str | None]] = {
    "assigned": _given,
    "reassigned": _given,
    "submitted": _submitted,
    "returned": _returned,
    "recalled": _recalled,
    "control_first": _controlled,
}
