"""A correction notice (更正通知): drafted by itself where a paper that is out says what is no longer so."""

from __future__ import annotations

from collections.abc import Sequence

from .change import Change
from .directory import Directory
from .ticket import Document, Plain, Ticket
from .workflow import Workflow

__all__ = ["correct", "take_off", "taken_off"]

_NOTICE = "rectification_notice"
_SERVED = ("served", "acknowledged")


def taken_off(
    workflow: Workflow, ticket: Ticket, directory: Directory, documents: Sequence[Document], paper: Document
) -> bool:
    """Tell whether a hazard is off a notice that was served.

    It is when it was recalled or returned, went to another unit, or stands on a later notice that was served.
    """
    if paper.kind != _NOTICE or paper.status not in _SERVED:
        return False
    state, unit = workflow.states.get(ticket.state), ticket.fields.get("responsible_unit")
    if state is None or state.final is not None:
        return False
    later = any(d.kind == _NOTICE and d.status in _SERVED and d.ordinal > paper.ordinal for d in documents)
    return later or state.stage == "reported" or unit not in (paper.unit, directory.present(paper.unit))


def correct(change: Change) -> int | None:
    """Draft a correction of the notice that is out, if any; return its ordinal.

    One that is still a draft takes up further corrections.
    """
    said = [d for d in change.documents() if d.kind == _NOTICE and d.issued]
    return _draft(change, said[-1]) if said else None


def take_off(change: Change) -> int | None:
    """Draft a correction where this change takes the hazard off a notice that was served; return its ordinal.

    A notice that follows says by itself that it takes the place of the one before.
    """
    before, notices = change.snapshot, [d for d in change.documents() if d.kind == _NOTICE]
    off = [
        d
        for d in notices
        if taken_off(change.workflow, change.ticket, before.directory, change.documents(), d)
        and not taken_off(before.workflow, before.case, before.directory, before.documents, d)
    ]
    return _draft(change, off[-1]) if off else None


def _draft(change: Change, paper: Document) -> int:
    waiting = [d for d in change.documents() if d.corrects == paper.id and d.status == "draft"]
    corrections = [d for d in waiting if d.kind == "correction_notice"]
    if corrections:
        return corrections[-1].ordinal
    signer = change.workflow.signer("correction_notice")
    ordinal = 1 + max(d.ordinal for d in change.documents())
    change.document(
        Document(
            kind="correction_notice",
            unit=paper.unit,
            signer=signer,
            drafted_on=change.on,
            drafted_by=change.hand.actor if change.hand else None,
            corrects=paper.id,
            ordinal=ordinal,
            place=paper.place,
        )
    )
    told = change.people((signer,) if signer else ())
    said_of: dict[str, Plain] = {"paper": "更正通知", "action": "更正通知拟稿", "count": 1, "next_step": "签发"}
    change.tell(told, "paper_waiting", f"correction{ordinal}", urgent=False, **said_of)
    return ordinal
