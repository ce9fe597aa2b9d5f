"""Which signed paper goes with a message beside the one that it serves: the one that it speaks of."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime

from msgspec import Struct

from .clocks import main_clock
from .correction_notice import taken_off
from .outpaced import step_of
from .ticket import Document, Plain, Request, Snapshot
from .values import as_date

__all__ = ["KINDS", "Told", "spoken_of"]

_NOTICE, _EXTENSION, _CLOSEOUT = "rectification_notice", "extension_form", "closeout_form"

#: Occasion → the kinds of paper it speaks of. A 交办 is told by the notice itself (`paper_served`) or has none; the result
#: of a re-inspection goes with the opinion when that is served.
KINDS: Mapping[str, tuple[str, ...]] = {
    "reassigned": (_NOTICE,),
    "due_soon": (_NOTICE,),
    "reminder": (_NOTICE,),
    "urge": (_NOTICE,),
    "call_task": (_NOTICE,),
    "listed": ("listing_notice",),
    "request_decided": (_EXTENSION, "supervision_letter"),
    "closed": (_CLOSEOUT,),
    "paper_closed": (_CLOSEOUT,),
}
_ON_THE_DAY = ("due_soon", "reminder")  #: nothing new before it, and after it there is 催办

_RULED = re.compile(r"[^:]+:ruled(?P<request>\d+):.+")


class Told(Struct, frozen=True, kw_only=True):
    """A message as it was written: its key in the outbox, what it is about, its parameters."""

    key: str
    number: str | None  #: of the hazard; of a paper's first
    occasion: str
    params: Mapping[str, Plain]
    at: datetime  #: when it was written


def spoken_of(told: Told, snapshot: Snapshot) -> Document | None:
    """Return the signed paper that a message about a hazard speaks of; the latest where there are several.

    A notice goes with what is told of its deadline on the day it ends, with the first 催办 and the first call after it,
    and with a 改派 in the unit it was served to: whoever is told has to do with it anew. Its repeats go without.
    """
    kinds = KINDS.get(told.occasion, ())
    meant = [d for d in snapshot.documents if d.kind in kinds and d.issued and _meant(told, snapshot, d)]
    return max(meant, key=lambda d: d.ordinal, default=None)


def _meant(told: Told, snapshot: Snapshot, paper: Document) -> bool:
    if paper.kind == _NOTICE:
        return _demanding(snapshot, paper) and (told.occasion == "reassigned" or _first_told(told, snapshot))
    if paper.kind == _CLOSEOUT:  # a reopened hazard has that of an earlier closing too
        passed_on = as_date(snapshot.case.marks.get("passed_on"))
        return passed_on is None or paper.drafted_on >= passed_on
    ruled = _RULED.fullmatch(told.key)
    ordinal = int(ruled["request"]) if ruled else 0
    return any(r.ordinal == ordinal and _answers(snapshot, paper, r) for r in snapshot.requests)


def _demanding(snapshot: Snapshot, notice: Document) -> bool:
    """Tell whether a notice was served and the hazard still stands on it."""
    off = taken_off(snapshot.workflow, snapshot.case, snapshot.directory, snapshot.documents, notice)
    return notice.served_on is not None and not off


def _first_told(told: Told, snapshot: Snapshot) -> bool:
    step = step_of(told.key)
    if step is None or step.occurrence:
        return False
    if told.occasion not in _ON_THE_DAY:
        return True
    main = main_clock(snapshot.workflow)
    return main is not None and step.clock == main.id and told.params.get("days_left") == 0


def _answers(snapshot: Snapshot, paper: Document, request: Request) -> bool:
    """Tell whether a paper is about a request; an extension form over several hazards names none of theirs."""
    if paper.request is not None or paper.kind != _EXTENSION:
        return paper.request == request.ordinal
    kind = snapshot.workflow.requests.get(request.kind)
    return kind is not None and kind.effect == "extend" and paper.drafted_on >= request.asked_on
