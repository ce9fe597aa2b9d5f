"""A paper over hazards of one unit is drafted (拟稿): what must be known of each before a leader is asked to sign it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec.structs import replace

from .decision import Refusal
from .errors import Reason
from .paper import Item, Order, Plan, reason_at, refuse, title_of
from .papers import (
    apart_reasons,
    carry_out,
    demand_reasons,
    on_record_of,
)
from .stimulus import PaperStep
from .ticket import Document, Snapshot
from .vocabulary import PAPERS
from .workflow import Workflow

__all__ = ["draft", "refused_anyway"]

_BY_APPROVAL = ("supervision_letter", "listing_notice", "verification_opinion", "correction_notice")


def draft(
    kind: str, paper_id: str, snapshots: Sequence[Snapshot], order: Order, on: date, *, inspection: str | None = None
) -> Plan | Refusal:
    """Plan the draft of a paper over hazards of one unit; what it demands is put on record with it."""
    again = _opinion_again(kind, snapshots)
    reasons = [*([] if again else _kind_reasons(kind)), *_same_unit(snapshots), *apart_reasons(snapshots)]
    for snapshot in snapshots:
        reasons += _fit_reasons(kind, snapshot, order.of(snapshot.case.number))
    if reasons:
        return refuse(kind, "draft", reasons)
    first = snapshots[0]
    paper = Document(
        id=paper_id,
        kind=kind,
        unit=first.fields.get("responsible_unit"),
        signer=_signer(kind, first),
        drafted_on=on,
        drafted_by=order.hand.actor,
        inspection=inspection,
        corrects=again,
        ordinal=0,
    )
    paper = replace(paper, request=_request_of(kind, snapshots))
    return Plan(step="draft", paper=paper, parts=_parts(paper, snapshots, order), told=_signers(paper))


def refused_anyway(kind: str, snapshots: Sequence[Snapshot], order: Order, on: date, now: datetime) -> list[Reason]:
    """Return what the hazards themselves have against a draft that is refused as a whole: all reasons in one answer."""
    if kind not in PAPERS:
        return []
    paper = Document(kind=kind, unit=None, drafted_on=on, drafted_by=order.hand.actor, ordinal=0)
    answer = carry_out(Plan(step="draft", paper=paper, parts=_parts(paper, snapshots, order)), now) if snapshots else ()
    return list(answer.reasons) if isinstance(answer, Refusal) else []


def _parts(paper: Document, snapshots: Sequence[Snapshot], order: Order) -> tuple[tuple[Snapshot, PaperStep], ...]:
    return tuple(
        (
            s,
            PaperStep(
                step="draft", document=on_record_of(paper, s, place), hand=order.hand, data=order.of(s.case.number)
            ),
        )
        for place, s in enumerate(snapshots, start=1)
    )


def _signers(paper: Document) -> tuple[str, ...]:
    return (paper.signer,) if paper.signer else ()


def _request_of(kind: str, snapshots: Sequence[Snapshot]) -> int | None:
    """Return the request an extension form of one hazard is about, so that the form goes when the request does."""
    if kind != "extension_form" or len(snapshots) != 1:
        return None
    asked = [r for r in snapshots[0].requests if _extends(snapshots[0].workflow, r.kind)]
    return asked[-1].ordinal if asked else None


def _kind_reasons(kind: str) -> list[Reason]:
    if kind not in PAPERS:
        return [
            Reason(
                code="paper_unknown", subject=kind, message=f"没有“{kind}”这种文书，有：{'、'.join(PAPERS.values())}"
            )
        ]
    if kind in _BY_APPROVAL:
        how = {
            "verification_opinion": "复查时自动拟稿（notice verify）",
            "correction_notice": "更正已发文书上的内容时自动拟稿（ticket amend）",
        }.get(kind, "申请批准后自动拟稿（request new）")
        return [Reason(code="paper_unknown", subject=kind, message=f"{PAPERS[kind]}{how}，不单独拟稿")]
    return []


def _opinion_again(kind: str, snapshots: Sequence[Snapshot]) -> str | None:
    """Return the notice of the opinions that were voided and are now drawn up anew; None when it is not that."""
    if kind != "verification_opinion" or not snapshots:
        return None
    last = [[d for d in s.documents if d.kind == kind][-1:] for s in snapshots]
    notices = {d.corrects for docs in last for d in docs if d.status in ("void", "withdrawn")}
    whole = all(docs and docs[0].status in ("void", "withdrawn") for docs in last)
    return notices.pop() if whole and len(notices) == 1 else None


def _same_unit(snapshots: Sequence[Snapshot]) -> list[Reason]:
    if not snapshots:
        return [Reason(code="no_items", message="没有写明是哪几条隐患")]
    by_unit: dict[str | None, list[str]] = {}
    for s in snapshots:
        by_unit.setdefault(s.fields.get("responsible_unit"), []).append(s.case.number)
    directory = snapshots[0].directory
    if len(by_unit) > 1:
        each = "；".join(f"{directory.unit_name(u) or '责任单位未定'}：{'、'.join(n)}" for u, n in by_unit.items())
        return [Reason(code="two_units", message=f"一件文书只发给一个单位，请分开拟稿（{each}）")]
    if None in by_unit:
        return [
            Reason(code="field_missing", subject="responsible_unit", message="责任单位未定，先写明责任单位（更正）")
        ]
    return []


def _fit_reasons(kind: str, snapshot: Snapshot, data: Mapping[str, Any]) -> list[Reason]:
    workflow, ticket = snapshot.workflow, snapshot.case
    state = workflow.states[ticket.state]
    papers = (Item(snapshot=snapshot, paper=d) for d in snapshot.documents if d.kind == kind)
    live = [i.paper for i in papers if (i.paper.issued or i.paper.status == "draft") and not i.off]
    reasons = [reason_at(ticket.number, "on_paper", f"已在{title_of(d)}（{d.id}）上") for d in live]
    if state.final is not None and kind != "verification_opinion":
        return [*reasons, reason_at(ticket.number, "closed", f"已办结（{state.title}）")]
    if kind == "rectification_notice":
        reasons += demand_reasons(kind, snapshot, data)
    if kind == "extension_form" and not any(_extends(workflow, r.kind) for r in snapshot.requests):
        reasons.append(reason_at(ticket.number, "no_request", "还没有延期申请，先提出（request new … 延期）"))
    if kind == "closeout_form" and state.stage != "verified":
        reasons.append(reason_at(ticket.number, "wrong_state", f"当前环节“{state.title}”，复查合格后才办销号审批"))
    return reasons


def _signer(kind: str, snapshot: Snapshot) -> str | None:
    """Return the role that signs: for an extension who decides on it, else as the definition says."""
    if kind == "extension_form":
        requests = [r for r in snapshot.requests if _extends(snapshot.workflow, r.kind)]
        decided = snapshot.workflow.requests[requests[-1].kind].decider(None) if requests else None
        if decided in snapshot.workflow.roles:
            return decided
    return snapshot.workflow.signer(kind)


def _extends(workflow: Workflow, kind: str) -> bool:
    return kind in workflow.requests and workflow.requests[kind].effect == "extend"
