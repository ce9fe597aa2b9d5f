"""A drafted paper is signed by a named leader; its number is taken at signing."""

from __future__ import annotations

from datetime import datetime

from msgspec.structs import replace

from .change import Change
from .decision import Decision, Refusal
from .errors import Reason
from .hands import day_of, hand_reasons, role_reasons
from .requesting import paper_reasons
from .stimulus import SignOff
from .ticket import Snapshot

__all__ = ["sign_off"]


def sign_off(snapshot: Snapshot, stimulus: SignOff, now: datetime) -> Decision | Refusal:
    """Decide whether a draft may be signed by this leader; the store gives the number."""
    paper = next((d for d in snapshot.documents if d.ordinal == stimulus.ordinal), None)
    if paper is None:
        return _refuse(snapshot, [Reason(code="document_unknown", message=f"没有第 {stimulus.ordinal} 件文书")])
    reasons = [*hand_reasons(snapshot, stimulus.hand, now), *paper_reasons(stimulus.hand)]
    if paper.request is None:
        message = "这件文书须整件签发（notice sign-off 文书编号）"
        reasons.append(Reason(code="paper_whole", message=message))
    if day_of(stimulus.hand, now) < paper.drafted_on:
        message = f"签发日期 {day_of(stimulus.hand, now)} 早于拟稿日期 {paper.drafted_on}"
        reasons.append(Reason(code="too_early", subject="on", message=message))
    if paper.status != "draft":
        reasons.append(Reason(code="document_done", message="文书不是拟稿，不能签发"))
    roles = (paper.signer,) if paper.signer else ()
    standing, more = role_reasons(snapshot, snapshot.workflow, roles, stimulus.hand, now)
    reasons += more
    if reasons:
        return _refuse(snapshot, reasons)
    change = Change(snapshot, snapshot.case, stimulus.hand, now)
    change.document(replace(paper, status="signed", signed_by=stimulus.hand.actor, signed_on=change.on))
    return change.decision(
        "signed", paper.kind, place=standing.in_place_of if standing else "", public={"document": paper.ordinal}
    )


def _refuse(snapshot: Snapshot, reasons: list[Reason]) -> Refusal:
    return Refusal(number=snapshot.case.number, action="签发", reasons=tuple(reasons))
