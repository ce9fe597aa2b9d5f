"""What is told at once: assignment and return, a major hazard, the day a time limit ends, listing.

Everything else waits for each person's digest of the day.
"""

from __future__ import annotations

from .clocks import main_clock
from .ladder import Rung
from .workflow import HOURLY, Clock, RequestKind, Span, State, Transition, Workflow

__all__ = ["of_request", "of_rung", "of_transition"]


def of_transition(workflow: Workflow, transition: Transition, source: State) -> bool:
    """Tell whether a step of the work is told at once."""
    main, target = main_clock(workflow), workflow.states[transition.target or ""]
    waiting = main.paused_in if main else ()  # for somebody to look at what was rectified
    given = target.stage == "assigned"
    taken_back = target.stage == "reported" and source.stage in ("assigned", "rectifying")
    returned = target.stage == "rectifying" and target.id not in waiting
    returned = returned and (source.id in waiting or source.stage in ("verified", "closed"))
    danger = workflow.severity == "major" and target.stage == "reported"  # until it is made safe
    return given or taken_back or returned or danger


def of_rung(workflow: Workflow, clock: Clock, rung: Rung) -> bool:
    """Tell whether a step of a ladder is told at once: on the day itself, and of a major hazard; its repeats are not."""
    hourly = isinstance(clock.within, Span) and clock.within.unit in HOURLY
    return hourly or (rung.occurrence == 0 and (rung.step.at.amount == 0 or workflow.severity == "major"))


def of_request(workflow: Workflow, kind: RequestKind) -> bool:
    """Tell whether who decides learns of a request at once: of a listing, and of a major hazard."""
    return kind.effect in ("list", "delist") or workflow.severity == "major"
