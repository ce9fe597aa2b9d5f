"""Something said about a hazard, or a picture handed in (补充材料): it goes on record, and nothing else changes."""

from __future__ import annotations

from datetime import datetime

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import day_of, hand_reasons
from .roles import standing
from .stimulus import Remark
from .ticket import Snapshot
from .visibility import involved

__all__ = ["remark"]

MAX_WORDS = 5_000  #: characters of one remark


def remark(snapshot: Snapshot, stimulus: Remark, now: datetime) -> Decision | Refusal:
    """Decide whether this person may say something on record: who has to do with the hazard, and who keeps it.

    State, deadlines and timers stay as they are, also of a hazard that is over.
    """
    hand = stimulus.hand
    reasons = [*hand_reasons(snapshot, hand, now), *_standing(snapshot, stimulus, now)]
    if not hand.note.strip() and not stimulus.evidence:
        reasons.append(Reason(code="remark_empty", subject="note", message="请写明说明，或附上材料"))
    if len(hand.note) > MAX_WORDS:
        reasons.append(Reason(code="note_long", subject="note", message=f"说明超过 {MAX_WORDS} 字，请精简或作为附件"))
    if reasons:
        return Refusal(number=snapshot.case.number, action="补充说明", reasons=tuple(reasons))
    change = Change(snapshot, snapshot.case, hand, now)
    change.attach(stimulus.evidence)
    return change.decision("remarked", "remark")


def _standing(snapshot: Snapshot, stimulus: Remark, now: datetime) -> list[Reason]:
    """A stranger to the hazard says nothing on its record."""
    workflow, directory, person = snapshot.workflow, snapshot.directory, stimulus.hand.actor
    if person not in directory.persons:
        return []  # said already
    day = day_of(stimulus.hand, now)
    concerned = involved(workflow, snapshot.case, directory, day, snapshot.requests)
    if person in concerned or any(person in directory.deputies(p, day) for p in concerned):
        return []
    if standing(workflow, workflow.keepers, snapshot.fields, directory, person, day) is not None:
        return []
    name = directory.person_name(person)
    return [Reason(code="role_missing", subject=person, message=f"{name}与这条隐患无关，不能补充说明")]
