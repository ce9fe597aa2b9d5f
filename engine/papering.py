"""A paper over one or more hazards (文书) goes a step further: what that does to one of them.

Whether the step fits the paper as a whole is looked at in `papers`; here it is decided for one hazard, like everything.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from msgspec.structs import replace

from .acting import act
from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .giving import drafting_reasons
from .hands import day_of, hand_reasons, role_reasons
from .moments import local_day
from .requesting import paper_reasons
from .roles import assigning_roles, people
from .stimulus import Hand, PaperStep
from .ticket import Document, Snapshot
from .values import take
from .visibility import unit_roles
from .vocabulary import PAPER_STEPS, PAPERS
from .workflow import Transition, Workflow

__all__ = ["carried", "drafting_roles", "take_step"]


def take_step(snapshot: Snapshot, stimulus: PaperStep, now: datetime) -> Decision | Refusal:
    """Decide on a step of a paper for one of its hazards; with `act` it carries a transition of the flow."""
    said = {"document": stimulus.document.id, "step": stimulus.step}
    if stimulus.act is not None:
        answer = act(snapshot, stimulus.act, now)
        if isinstance(answer, Refusal):
            return answer
        line = replace(answer.events[-1], public={**answer.events[-1].public, **said})
        documents = (*answer.documents, stimulus.document)
        return replace(answer, documents=documents, events=(*answer.events[:-1], line))
    return _papered(snapshot, stimulus, now, said)


def carried(workflow: Workflow, state: str, kind: str) -> Transition | None:
    """Return the transition from a state that a kind of paper carries."""
    leaving = (t for ts in workflow.by_state.get(state, {}).values() for t in ts)
    return next((t for t in leaving if t.paper == kind), None)


def drafting_roles(workflow: Workflow) -> tuple[str, ...]:
    """Return the roles that may draft, serve and void papers: who hands hazards over, and who keeps the ledger."""
    return tuple(dict.fromkeys((*assigning_roles(workflow), *workflow.keepers)))


def _papered(snapshot: Snapshot, stimulus: PaperStep, now: datetime, said: dict[str, str]) -> Decision | Refusal:
    workflow, paper = snapshot.workflow, stimulus.document
    title = f"{PAPERS.get(paper.kind, paper.kind)}{PAPER_STEPS[stimulus.step]}"
    values, reasons = take(
        workflow, stimulus.data, snapshot.directory, local_day(now), snapshot.fields.get("responsible_unit")
    )
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *reasons]
    standing, more = role_reasons(snapshot, workflow, _roles(workflow, stimulus), stimulus.hand, now)
    if stimulus.step == "sign":
        more = [_signer_reason(snapshot, r, paper, stimulus.hand, now) for r in more] + paper_reasons(stimulus.hand)
    reasons += more
    if stimulus.step in ("draft", "sign"):
        carrying = carried(workflow, snapshot.case.state, paper.kind)
        reasons += drafting_reasons(snapshot, carrying, values, day_of(stimulus.hand, now), title)
    if reasons:
        return Refusal(number=snapshot.case.number, action=title, reasons=tuple(dict.fromkeys(reasons)))
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    change.keep({k: v for k, v in values.items() if v is not None})
    change.document(paper)
    place = standing.in_place_of if standing else ""
    private = {"data": {k: v for k, v in values.items() if v is not None}, "reason": paper.reason}
    return change.decision("papered", stimulus.step, place=place, public={**said, "paper": paper.kind}, private=private)


def _signer_reason(snapshot: Snapshot, reason: Reason, paper: Document, hand: Hand, now: datetime) -> Reason:
    """Say who signs instead, and how what was signed by hand is entered."""
    roles = (paper.signer,) if paper.signer else ()
    found = people(snapshot.workflow, roles, snapshot.fields, snapshot.directory, local_day(now))
    if reason.code != "role_missing" or not found:
        return reason
    names = "、".join(snapshot.directory.person_name(p) for p in found)
    me = snapshot.directory.person_name(hand.actor)
    how = f"已在纸上签了的，写 --for {snapshot.directory.person_name(found[0])} --via 纸质"
    return replace(reason, message=f"{me}不是文书签发人，由 {names} 签发；{how}")


def _roles(workflow: Workflow, stimulus: PaperStep) -> Iterable[str]:
    if stimulus.step == "sign":
        return (stimulus.document.signer,) if stimulus.document.signer else ()
    if stimulus.step in ("acknowledge", "reply"):
        return unit_roles(workflow)
    if stimulus.step == "void" and stimulus.document.signer:
        return (*drafting_roles(workflow), stimulus.document.signer)
    return drafting_roles(workflow)
