"""How a change of the organisation is made: decided from one revision, tried again when somebody else was faster."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, TypeVar

from msgspec.structs import replace

from rectiflow._identity import keeps_all
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, IncidentDraft, Refusal
from rectiflow.engine.directory import Directory
from rectiflow.engine.errors import Conflict, Reason, Refused
from rectiflow.engine.posts import HEAD, Vacancy, post_name
from rectiflow.engine.stimulus import Hand, Handover
from rectiflow.storage.reorganising import ORGANISATION

if TYPE_CHECKING:
    from datetime import date

    from rectiflow._flow import Rectiflow

__all__ = ["decided", "hand_of", "keeper_reasons", "retried", "vacancy_key", "vacant"]

_T = TypeVar("_T")
_TRIES = 6


def retried(attempt: Callable[[], _T]) -> _T:
    """Make an attempt anew when somebody else was faster.

    Raises:
        Conflict: somebody else kept being faster.
    """
    for _ in range(_TRIES):
        try:
            return attempt()
        except Conflict:
            continue
    raise Conflict(ORGANISATION)


def hand_of(flow: Rectiflow, by: str | None, account: str) -> Hand | None:
    """Say by whose hand: the machine's for who does not keep the ledger, which a rehearsal allows."""
    return Hand(actor=by, account=account) if by is not None and keeps_all(flow, by) else None


def decided(flow: Rectiflow, number: str, stimulus: Handover, after: Directory) -> Decision:
    """Decide on one ticket under the organisation as it will be.

    Raises:
        Refused: with every reason.
    """
    snapshot = replace(flow.snapshot(number), directory=after)
    answer = decide(snapshot.workflow, snapshot, stimulus, flow.now())
    if isinstance(answer, Refusal):
        raise Refused(answer.number, answer.action, answer.reasons)
    return answer


def keeper_reasons(flow: Rectiflow, after: Directory, day: date) -> list[Reason]:
    """Refuse a change that would leave nobody to keep the ledger: nobody could mend it any more."""
    if not _kept(flow, flow.directory(), flow.today()) or _kept(flow, after, day):
        return []
    message = "这样一来安全股就没有人了，谁也不能再管台账和人员；请先写明接任的人"
    return [Reason(code="no_keeper", subject="new", message=message)]


def vacancy_key(post: str) -> str:
    """Return the key of the incident that a post stands empty."""
    return f"post:{post}"


def vacant(directory: Directory, found: Iterable[Vacancy]) -> tuple[IncidentDraft, ...]:
    """Return an incident for each post that stands empty: since when, who should fill it, and how."""
    return tuple(
        IncidentDraft(
            key=vacancy_key(v.post.id),
            kind="nobody",
            message=f"{post_name(directory, v.post)}岗位自 {v.since} 起空缺，请{v.filler}补人员{_meanwhile(v)}；"
            f"人到岗后用 rectiflow person handover 原任 新任 --from 日期 登记，本事项自动结束",
        )
        for v in found
    )


def _meanwhile(vacancy: Vacancy) -> str:
    return "" if HEAD in vacancy.post.roles else "，其间原整改责任人名下的隐患由单位主要负责人办理"


def _kept(flow: Rectiflow, directory: Directory, day: date) -> bool:
    keeping = (w.roles[r] for w in flow.library.latest.values() for r in w.keepers)
    return any(directory.holders(r.id, None, day) for r in keeping if not r.of and r.holder_field is None)
