"""The one function that decides; everything else carries."""

from __future__ import annotations

from datetime import datetime

from .acting import act
from .calling import called
from .carrying import carry
from .correcting import amend, void
from .decision import Decision, Refusal
from .firing import fire
from .handing_over import hand_over
from .opening import enter, report
from .papering import take_step
from .remarking import remark
from .requesting import ask, rule
from .sequence import follow, join
from .signing import sign_off
from .stimulus import (
    Act,
    Amend,
    Ask,
    Called,
    Carry,
    Fire,
    Handover,
    Import,
    PaperStep,
    Reached,
    Remark,
    Report,
    Rule,
    SignOff,
    Stimulus,
    Undo,
    Unreached,
    Void,
)
from .ticket import Snapshot
from .undoing import undo
from .unreached import reached, unreached
from .workflow import Workflow

__all__ = ["decide"]


def decide(workflow: Workflow, snapshot: Snapshot, stimulus: Stimulus, now: datetime) -> Decision | Refusal:
    """Decide what a stimulus does to a ticket. Pure: no I/O, no clock, no environment.

    Args:
        workflow: the definition, of the version the ticket is on.
        snapshot: the ticket with its clocks, requests, papers, organisation and calendar.
        stimulus: what a person, a timer or an import wants.
        now: the instant of recording, aware.

    Returns:
        a Decision to carry out in one transaction, or a Refusal with every reason.

    Raises:
        ValueError: `now` is naive, or the snapshot is of another workflow.
    """
    if now.tzinfo is None:
        raise ValueError("now must be aware")
    if workflow is not snapshot.workflow:
        raise ValueError("the snapshot is bound to another workflow")
    match stimulus:
        case Act():
            return act(snapshot, stimulus, now)
        case Called():
            return called(snapshot, stimulus, now)
        case Unreached():
            return unreached(snapshot, stimulus, now)
        case Reached():
            return reached(snapshot, stimulus, now)
        case Remark():
            return remark(snapshot, stimulus, now)
        case Fire():
            return fire(snapshot, stimulus, now)
        case Report():
            return _report(snapshot, stimulus, now)
        case Ask():
            return ask(snapshot, stimulus, now)
        case Rule():
            return rule(snapshot, stimulus, now)
        case SignOff():
            return sign_off(snapshot, stimulus, now)
        case PaperStep():
            return take_step(snapshot, stimulus, now)
        case Amend():
            return amend(snapshot, stimulus, now)
        case Void():
            return void(snapshot, stimulus, now)
        case Undo():
            return undo(snapshot, stimulus, now)
        case Handover():
            return hand_over(snapshot, stimulus, now)
        case Carry():
            return carry(snapshot, stimulus, now)
        case Import():
            return enter(snapshot, stimulus, now)


def _report(snapshot: Snapshot, stimulus: Report, now: datetime) -> Decision | Refusal:
    """Decide on a report, and on what is done about it at once; both or neither."""
    first = report(snapshot, stimulus, now)
    if stimulus.then is None or isinstance(first, Refusal):
        return first
    second = act(follow(snapshot, first), stimulus.then, now)
    return second if isinstance(second, Refusal) else join(first, second)
