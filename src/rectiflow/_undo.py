"""Taking back the last action (撤销): kept with every action at the command line, undone within the hour."""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec.structs import replace

from rectiflow._sheet import event_title
from rectiflow.engine.decide import decide
from rectiflow.engine.decision import Decision, Refusal
from rectiflow.engine.errors import Conflict, Reason, Refused
from rectiflow.engine.moments import ZONE
from rectiflow.engine.stimulus import Undo
from rectiflow.engine.ticket import Snapshot
from rectiflow.storage import undo as kept
from rectiflow.storage.store import AlreadyTold, Beside

if TYPE_CHECKING:
    from rectiflow._flow import Rectiflow

__all__ = ["keep", "take_back"]

#: Why nothing is kept to go back to, by what was recorded last.
_NOTHING = {
    "undone": "上一步就是撤销，不能再撤销；要改回去请重新办理",
    "remarked": "上一步是补充说明，留在办理记录里，不能撤销；说错了的请再补一条说明",
    "reported": "上一步是上报，没有可撤销的操作；报错了的请更正（ticket amend）或作废（ticket void）",
    "papered": "上一步是文书的办理，没有可撤销的操作；请用 notice void 作废或另拟更正通知",
}


def keep(flow: Rectiflow, before: Snapshot) -> None:
    """Keep how a hazard stood before an action that has just been carried out."""
    kept.keep_before(flow.store.engine, before)


def take_back(
    flow: Rectiflow, number: str, *, by: str, account: str = "", dry_run: bool = False
) -> tuple[Snapshot, Decision]:
    """Take back the last action of a hazard; return how it stood until now, and the decision.

    Raises:
        Refused: with every reason. NotFound: no such hazard. Conflict: somebody else was faster.
    """
    snapshot = flow.snapshot(number)
    before = _before(flow, snapshot)
    line = flow.history(number)[-1]
    stimulus = Undo(
        hand=flow.hand(by, account=account),
        before=before,
        seq=line.seq,
        kind=line.kind,
        trigger=line.trigger,
        actor=line.actor,
        entered_by=line.entered_by,
        recorded_at=line.recorded_at,
        sent=kept.messages_sent(flow.store.engine, flow.district, number, line.seq),
    )
    answer = decide(snapshot.workflow, snapshot, stimulus, flow.now())
    if isinstance(answer, Refusal):
        raise Refused(answer.number, answer.action, answer.reasons)
    if not dry_run:
        try:
            flow.carry_all(
                [answer], Beside(district=flow.district, unsaid=(number, line.seq, _why(flow, snapshot, by)))
            )
        except AlreadyTold:
            told = Reason(code="told", message="提醒消息刚刚发出，不能撤销；请用更正、撤回交办等操作，并说明理由")
            raise Refused(number, "撤销", [told]) from None
    return snapshot, answer


def _why(flow: Rectiflow, snapshot: Snapshot, by: str) -> str:
    """Return what stands with the messages about an action that is taken back: who did, when, and what it was."""
    what = event_title(snapshot.workflow, flow.history(snapshot.case.number)[-1])
    return f"{flow.directory().person_name(by)} {flow.now().astimezone(ZONE):%Y-%m-%d %H:%M} 撤销了{what}"


def _before(flow: Rectiflow, snapshot: Snapshot) -> Snapshot:
    """Return how the hazard stood before its last action.

    Raises:
        Refused: nothing is kept: it was not the last thing done here, or not at the command line.
    """
    number = snapshot.case.number
    found = kept.read_before(flow.store.engine, flow.district, number)
    if found is None:
        last = flow.history(number)[-1]
        said = _NOTHING.get(last.kind, "上一步不是在这里办的，没有可撤销的操作")
        raise Refused(number, "撤销", [Reason(code="not_undoable", message=said)])
    ticket, clocks, requests, documents = found
    try:
        workflow = flow.workflow_of(ticket)
    except LookupError:
        raise Conflict(number) from None
    return replace(snapshot, workflow=workflow, ticket=ticket, clocks=clocks, requests=requests, documents=documents)
